"""Step 4, `probe`: how long random weights of each size take to a line, which decides what size is trained."""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from msgspec import structs

from bench import table
from bench.tiny import export, model
from bench.tiny.engine import Llama, Said

PROMPT, ANSWER, WARM = 512, 12, 8  # tokens: of a cold prompt, of a line, of what is new in a warm one
ROUNDS = 7
PEAK, REACHED = 7.9e14, 0.25  # FLOP/s of a GPU in bf16, measured on an H200, and the share that small models reach


def paces(file: Path, vocabulary: int, threads: int) -> dict[str, float]:
    """Milliseconds, the median of some rounds."""
    dice = random.Random(1)
    cold: list[Said] = []
    warm: list[Said] = []
    spent = {"cold": 0.0, "warm": 0.0}
    with Llama(file, threads=threads) as engine:
        for _ in range(ROUNDS):
            prompt = [dice.randrange(300, vocabulary) for _ in range(PROMPT)]
            before = engine.spent()
            cold.append(engine.ask(prompt, ANSWER, line=False))
            between = engine.spent()
            warm.append(engine.ask(prompt[:-WARM] + prompt[:WARM], ANSWER, warm=True, line=False))
            spent["cold"] += between - before
            spent["warm"] += engine.spent() - between
    return {
        "load": engine.load * 1000,
        "cold": statistics.median(it.ms for it in cold),
        "warm": statistics.median(it.ms for it in warm),
        "cold, processor": spent["cold"] * 1000 / ROUNDS,
        "warm, processor": spent["warm"] * 1000 / ROUNDS,
    }


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.tiny probe", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/tiny"))
    parser.add_argument("--shapes", nargs="*", choices=model.SHAPES, default=list(model.SHAPES))
    parser.add_argument("--kinds", nargs="*", default=["q8_0", "q4_0"])
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--vocabulary", type=int, default=16_384)
    parser.add_argument("--json", action="store_true")
    flags = parser.parse_args(arguments)
    tokenizer = flags.folder / f"tokenizer{flags.vocabulary}.json"
    vocabulary = len(json.loads(tokenizer.read_text(encoding="utf-8"))["model"]["vocab"])
    found: list[tuple[table.Cell, ...]] = []
    with tempfile.TemporaryDirectory(prefix="switchyard-probe-") as folder:
        for name in flags.shapes:
            shape = structs.replace(model.SHAPES[name], vocabulary=vocabulary)
            weights = model.made(shape)
            speed = PEAK * REACHED / (6 * shape.parameters()) / 1e6
            for kind in flags.kinds:
                file = Path(folder) / f"switchyard-{name}-{kind}.gguf"
                export.write(file, shape, weights, tokenizer, kind)
                for threads in flags.threads:
                    said = paces(file, vocabulary, threads)
                    size = file.stat().st_size / 1e6
                    found.append((name, kind, threads, shape.parameters() / 1e6, size, *said.values(), speed))
    columns = ("shape", "kind", "threads", "million", "MB", "load ms", "cold ms", "warm ms", "cold, processor")
    notes = (
        f"Cold: {PROMPT} tokens read and {ANSWER} written; aim 500 ms. Warm: {WARM} read; aim 150 ms.",
        "Processor: its milliseconds, all threads together: what one thread would take on a quiet machine.",
        f"Learning: million tokens a second of a GPU, reckoned at {REACHED:.0%} of {PEAK:.1e} FLOP/s.",
        table.load(),
    )
    title = "Random weights through the product's llama.cpp"
    table.show([table.Table(title, (*columns, "warm, processor", "learning"), tuple(found), notes)], flags.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
