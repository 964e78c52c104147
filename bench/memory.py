"""What models take in memory by llama.cpp's own log: our estimate of it beside Ollama's own prediction.

The models have the shapes of real ones, all their layers, and weights that are a hole in a file; llama.cpp lays them
out as for use and says what it would take. Ollama's prediction is written anew from its source.
"""

from __future__ import annotations

import importlib
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct, structs

from bench import table
from router.models import gguf, memory
from router.models.memory import Cache
from router.models.types import Model

Way: TypeAlias = tuple[int, int, int, Cache]

MIB = 1 << 20
# A window in tokens, slots, tokens computed at a time, the kind of cache: each model is loaded in all these ways.
WAYS: tuple[Way, ...] = ((4096, 1, 512, "f16"), (8192, 2, 512, "f16"), (16384, 4, 128, "q4_0"), (32768, 1, 512, "q8_0"))


class Load(Struct, frozen=True):
    """One model, loaded in one way; everything in bytes. `weights` are those of the log."""

    name: str
    way: Way
    weights: int
    log: int
    ours: int
    ollama: int


def loads(names: Sequence[str] = ()) -> list[Load]:
    """Every model in every way, as llama.cpp's log, we and Ollama have it."""
    shaped, engine_log = _tests("shaped_gguf"), _tests("engine_log")
    if not engine_log.THERE:
        raise SystemExit("llama.cpp is not here; `make install` brings it where there is a wheel.")
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder:
        files = {
            name: shaped.write(Path(folder) / f"{name}.gguf", shaped.REAL[name]) for name in names or list(shaped.REAL)
        }
        cases = [(name, way) for name in files for way in WAYS]
        logs = engine_log.all_said([engine_log.Case(str(files[name]), *way) for name, way in cases])
        return [_load(files[name], way, log) for (name, way), log in zip(cases, logs, strict=True)]


def _load(file: Path, way: Way, log: Any) -> Load:
    with file.open("rb") as stream:
        header = gguf.read(stream)
    window, slots, batch, cache = way
    model = Model("ollama", file.stem, size=header.size, shape=header.shape, window=header.window)
    need = memory.need(model, window, slots=slots, cache=cache, batch=batch, overhead=0)
    on_disk = structs.replace(model, size=file.stat().st_size)
    predicted = memory.ollama_predicts(on_disk, window, slots, batch)
    return Load(file.stem, way, log.weights, log.total, need.total, predicted)


def _tests(name: str) -> Any:
    return importlib.import_module(f"tests.engine.{name}")


def summary(found: Sequence[Load]) -> table.Table:
    """How far off each is, over all loads."""
    bare = [
        structs.replace(it, **{key: getattr(it, key) - it.weights for key in ("log", "ours", "ollama")}) for it in found
    ]
    rows = (
        ("Switchyard", *_errors(found, lambda it: it.ours)),
        ("Ollama's prediction", *_errors(found, lambda it: it.ollama)),
        ("Switchyard, without the weights", *_errors(bare, lambda it: it.ours)),
        ("Ollama's prediction, without the weights", *_errors(bare, lambda it: it.ollama)),
    )
    return table.Table(
        f"Error against llama.cpp's log: {len(found)} loads of {len({it.name for it in found})} models",
        ("estimate", "median %", "p95 %", "worst %", "worst MiB"),
        rows,
        (
            "Weights, keys and values, states and compute buffer together. Aim: median 1 %, worst 100 MiB.",
            "Ollama's is PredictServerVRAM of 0.33.0-rc2, written anew; it says of itself that it errs upward on",
            "purpose, and it is what decides which other model is unloaded.",
        ),
    )


def _errors(found: Sequence[Load], estimate: Callable[[Load], int]) -> tuple[float, float, float, float]:
    bytes_off = [abs(estimate(it) - it.log) for it in found]
    shares = [100 * off / it.log for off, it in zip(bytes_off, found, strict=True)]
    return statistics.median(shares), table.percentile(shares, 0.95), max(shares), max(bytes_off) / MIB


def each(found: Sequence[Load]) -> table.Table:
    """Every load."""
    rows = [
        (it.name, *it.way, it.log / MIB, (it.ours - it.log) / MIB, (it.ollama - it.log) / MIB, it.ollama / it.log)
        for it in found
    ]
    return table.Table(
        "Each load, in MiB",
        ("model", "window", "slots", "batch", "cache", "log", "ours off by", "Ollama off by", "Ollama x log"),
        tuple(rows),
    )


def measure() -> list[table.Table]:
    """All loads, in sum and one by one."""
    found = loads()
    return [summary(found), each(found)]


def main(arguments: Sequence[str]) -> int:
    return table.main(arguments, __doc__, measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
