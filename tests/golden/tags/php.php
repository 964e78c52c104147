<?php
declare(strict_types=1);

namespace Example\Yard;

use Example\Rails\Track;
use Example\Signals\{Lamp, Bell as Ring};
use function Example\weigh;
require_once 'lib/switch.php';

/** How many wagons a track holds. */
const CAPACITY = 40;
define('TARE', 12.5);

/**
 * One wagon.
 */
#[Serializable]
abstract class Wagon extends Car implements \Countable
{
    use Loads;

    public const UNIT = 't';
    private static int $count = 0;
    protected string $größe = "𝒳", $name;

    public function __construct(private float $load, ?Track $track = null)
    {
        $this->name = 'wagon';
        $local = 3;
    }

    // What the axles bear.
    public function total(): float
    {
        return max($this->load, weigh($this)) + self::tare() + static::UNIT;
    }

    abstract protected function accept(
        Visitor $visitor,
        int $depth = 1,
    ): mixed;

    public static function tare(): float { return TARE; }
}

interface Load { public function weight(): float; }

trait Loads { public function load(): void {} }

enum Direction: string
{
    case Left = 'left';
    case Right = 'right';
}

# Sort them.
function sort(array $wagons, callable $by): array
{
    $lighter = fn(Wagon $a) => $by($a) < CAPACITY;
    return array_filter($wagons, $lighter) ?: [new Lamp()];
}
