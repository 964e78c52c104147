"""What the lines of the ledger say together: latency, acceptance, reuse, energy, by task and by day."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone, tzinfo

from msgspec import Struct

from router.models.modest import UNSURE
from router.types import Turn

MOST = 1e12  # milliseconds, or joules, of one turn: more is no measurement
DAY = 86400.0  # seconds
WARM = "warm"  # the task of the lines of what was read ahead of a keystroke: work, and nobody's answer


class Spread(Struct, frozen=True):
    """How `count` durations lie, in milliseconds; percentiles by the nearest rank. All zero: there were none."""

    count: int = 0
    p5: float = 0.0
    p25: float = 0.0
    p50: float = 0.0
    p75: float = 0.0
    p95: float = 0.0


class Taken(Struct, frozen=True):
    """What became of the suggestions that were shown; `open`: nobody knows yet, or ever."""

    accepted: int = 0
    partly: int = 0
    typed: int = 0
    dismissed: int = 0
    open: int = 0

    @property
    def shown(self) -> int:
        return self.settled + self.open

    @property
    def settled(self) -> int:
        return self.accepted + self.partly + self.typed + self.dismissed

    @property
    def rate(self) -> float | None:
        """The share of those that are settled that the user took, wholly or in part; None: there are none."""
        return (self.accepted + self.partly) / self.settled if self.settled else None


class Tokens(Struct, frozen=True):
    """`prompt` tokens in all, of which `reused` were known to the engine already; `answer` tokens.

    `known` of the prompt tokens were in turns whose engine says what it reused.
    """

    prompt: int = 0
    known: int = 0
    reused: int = 0
    answer: int = 0

    @property
    def reuse(self) -> float | None:
        """The share of the prompts that the engine's prefix cache spared; None: no engine said."""
        return self.reused / self.known if self.known else None


class Energy(Struct, frozen=True):
    """`joules` in `measured` turns, of `busy` turns in which a model worked, for `seconds` in all."""

    joules: float = 0.0
    measured: int = 0
    busy: int = 0
    seconds: float = 0.0


class Part(Struct, frozen=True):
    """Some of the turns: all of them, those of one task, of one day. Times are those of turns that a model answered;
    of `unsure` of them it was not sure enough."""

    name: str
    turns: int
    outcomes: Mapping[str, int]
    queued: Spread
    first: Spread
    total: Spread
    taken: Taken
    tokens: Tokens
    energy: Energy
    unsure: int = 0


class Report(Struct, frozen=True):
    """`tasks` by name, the busiest first; `days` in order, named 2026-11-23, those without a turn left out.

    `ahead` lines carry a time to come: a clock was wrong. They are not counted.
    """

    whole: Part
    tasks: tuple[Part, ...] = ()
    days: tuple[Part, ...] = ()
    ahead: int = 0

    @property
    def span(self) -> int:
        """Days from the first to the last, both counted; 0: there are none."""
        if not self.days:
            return 0
        return (date.fromisoformat(self.days[-1].name) - date.fromisoformat(self.days[0].name)).days + 1


def report(turns: Iterable[Turn], now: float, zone: tzinfo = timezone.utc, watts: float = 0.0) -> Report:
    """What these turns say, at `now` in seconds since 1970. A turn that nobody measured is taken to draw `watts`."""
    everything = list(turns)
    counted = [turn for turn in everything if 0 <= turn.at <= now + DAY]
    tasks = _by(counted, lambda turn: turn.task)
    days = _by(counted, lambda turn: _day(turn.at, zone))
    by_task = (part(name, some, watts) for name, some in tasks.items())
    return Report(
        part("all", counted, watts),
        tuple(sorted(by_task, key=lambda it: (-it.turns, it.name))),
        tuple(part(name, days[name], watts) for name in sorted(days)),
        len(everything) - len(counted),
    )


def part(name: str, turns: Sequence[Turn], watts: float = 0.0) -> Part:
    """What some turns say together."""
    answered = [turn for turn in turns if turn.outcome in ("shown", "silent") and turn.task != WARM]
    return Part(
        name=name,
        turns=len(turns),
        outcomes=dict(Counter(turn.outcome for turn in turns)),
        queued=spread([turn.queued_ms for turn in answered]),
        first=spread([turn.first_ms for turn in answered if turn.first_ms > 0]),
        total=spread([turn.total_ms for turn in answered]),
        taken=_taken(turns),
        tokens=_tokens(turns),
        energy=_energy(turns, watts),
        unsure=sum(turn.why == UNSURE for turn in turns),
    )


def spread(values: Iterable[float]) -> Spread:
    """How some durations lie; what is no duration (negative, not a number) is left out."""
    ordered = sorted(it for it in values if math.isfinite(it) and it >= 0)
    if not ordered:
        return Spread()

    def rank(percent: float) -> float:
        return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]

    return Spread(len(ordered), *map(rank, (5, 25, 50, 75, 95)))


def calendar(days: Sequence[Part]) -> list[tuple[str, Part | None]]:
    """Every day from the first to the last, at most the last 366 of them; None: nothing happened."""
    if not days:
        return []
    found = {it.name: it for it in days}
    last = date.fromisoformat(days[-1].name)
    first = max(date.fromisoformat(days[0].name), last - timedelta(days=365))
    names = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    return [(name, found.get(name)) for name in names]


def _by(turns: Iterable[Turn], key: Callable[[Turn], str]) -> dict[str, list[Turn]]:
    groups: defaultdict[str, list[Turn]] = defaultdict(list)
    for turn in turns:
        groups[key(turn)].append(turn)
    return groups


def _day(at: float, zone: tzinfo) -> str:
    return (datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=at)).astimezone(zone).date().isoformat()


def _taken(turns: Iterable[Turn]) -> Taken:
    fates = Counter(turn.fate for turn in turns if turn.outcome == "shown" or turn.fate)
    return Taken(fates["accepted"], fates["partly accepted"], fates["typed"], fates["dismissed"], fates[""])


def _tokens(turns: Iterable[Turn]) -> Tokens:
    prompt = known = reused = answer = 0
    for turn in turns:
        prompt += max(0, turn.prompt_tokens)
        answer += max(0, turn.answer_tokens)
        if turn.reused_tokens >= 0 and turn.prompt_tokens > 0:
            known += turn.prompt_tokens
            reused += min(turn.reused_tokens, turn.prompt_tokens)
    return Tokens(prompt, known, reused, answer)


def _energy(turns: Iterable[Turn], watts: float) -> Energy:
    joules, measured, busy, worked = 0.0, 0, 0, 0.0
    for turn in turns:
        seconds = _sound(turn.prefill_ms + turn.decode_ms) / 1000
        took = _sound(turn.joules) or watts * seconds
        busy += seconds > 0 or took > 0
        measured += took > 0
        joules, worked = joules + took, worked + seconds
    return Energy(joules, measured, busy, worked)


def _sound(value: float) -> float:
    return value if math.isfinite(value) and 0 < value < MOST else 0.0
