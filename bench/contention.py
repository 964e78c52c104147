"""Two models on the real llama.cpp: completions of the small one while the large one refactors, straight and scheduled.

Each model has a child process, as the product starts it; the weights are random. A completion is asked for every
300 ms, at a text that has grown by a character.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path

from bench import table
from router import config
from router.dispatch.fleet import Planned
from router.engine import Router
from router.models.types import Survey
from router.runtimes.embedded import Embedded
from router.types import Call, Document, Request, Route, Span

COUNT, WARM = 40, 4
EVERY = 0.3  # seconds
ANSWER = 12  # tokens of a completion
SMALL = {"WIDTH": 256, "LAYERS": 4, "HIDDEN": 768}
LARGE = {"WIDTH": 1024, "LAYERS": 8, "HIDDEN": 3072, "HEADS": 16, "KV_HEADS": 4}
SOURCE = "".join(f"value_{number} = compute({number})\n" for number in range(60))


class Yard:
    """Both engines, and a router over them."""

    def __init__(self, folder: Path) -> None:
        self.engines = {
            name: Embedded(config.Embedded(gguf=str(_written(folder, name)))) for name in ("small", "large")
        }
        self.routes: dict[str, Route] = {}
        settings = config.Config(ledger=config.Ledger(keep=False))
        self.router = Router(settings, engines=self.engines, planner=self._planned)
        self.said = 0

    async def _planned(self, surveys: Sequence[Survey], settings: config.Config) -> Planned:
        for name, survey in zip(self.engines, surveys, strict=True):
            (model,) = survey.models
            self.routes[name] = Route(name, model.name, "qwen" if name == "small" else "", 4096)
        return Planned({"complete": self.routes["small"], "refactor": self.routes["large"]})

    async def refactor(self, straight: bool) -> None:
        """One after the other, until it is cancelled; `said` counts the stretches."""
        document = Document("/home/ada/job.txt", "plaintext", 1, "")
        while True:
            call = Call(self.routes["large"], f"{time.monotonic()}\n{SOURCE}", max_tokens=600)
            if straight:
                stream = self.engines["large"].generate(call)
            else:
                stream = self.router.stream(Request("refactor", document, Span(0, 0)), "", partial(_made, call))
            async with aclosing(stream):
                async for _ in stream:
                    self.said += 1

    async def complete(self, number: int, straight: bool) -> float:
        """Seconds to a completion's end."""
        call = Call(self.routes["small"], SOURCE + "x" * number, max_tokens=ANSWER)
        began = time.perf_counter()
        if straight:
            await _heard(self.engines["small"], call)
        else:
            async with self.router._fleet.schedule.turn("typing", "document", call.route):
                await _heard(self.engines["small"], call)
        return time.perf_counter() - began

    async def typed(self, straight: bool, busy: bool) -> tuple[list[float], float]:
        """The seconds of each completion, and what the large model said per second meanwhile."""
        task = asyncio.get_running_loop().create_task(self.refactor(straight)) if busy else None
        await asyncio.sleep(2.0 if busy else 0.0)  # the prompt is read
        self.said, began, waits = 0, time.perf_counter(), []
        for number in range(WARM + COUNT):
            waits.append(await self.complete(number, straight))
            await asyncio.sleep(max(0.0, EVERY - waits[-1]))
        rate = self.said / (time.perf_counter() - began)
        if task:
            task.cancel()
            await asyncio.wait([task])
        return waits[WARM:], rate


def _made(call: Call, route: Route) -> Call:
    return call


async def _heard(engine: Embedded, call: Call) -> None:
    async with aclosing(engine.generate(call)) as stream:
        async for _ in stream:
            pass


def _written(folder: Path, name: str) -> Path:
    random_gguf = importlib.import_module("tests.engine.random_gguf")
    for size, value in (SMALL if name == "small" else LARGE).items():
        setattr(random_gguf, size, value)
    written: Path = random_gguf.write(folder / f"{name}.gguf", name)
    return written


@asynccontextmanager
async def _yard() -> AsyncIterator[Yard]:
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder:
        yard = Yard(Path(folder))
        try:
            await yard.router.start()
            await yard.engines["large"].load(yard.routes["large"])
            yield yard
        finally:
            await yard.router.aclose()


async def measure() -> table.Table:
    """Straight and scheduled, idle and beside a refactoring."""
    rows: list[tuple[table.Cell, ...]] = []
    async with _yard() as yard:
        await yard.typed(straight=True, busy=False)
        for name, straight in (("straight to the engine", True), ("Switchyard", False)):
            quiet, _ = await yard.typed(straight, busy=False)
            busy, rate = await yard.typed(straight, busy=True)
            share = [table.percentile(times, at) * 1000 for at in (0.5, 0.95) for times in (quiet, busy)]
            rows.append((name, share[0], share[1], share[1] / share[0], share[2], share[3], share[3] / share[2], rate))
    return table.Table(
        f"A completion every {EVERY * 1000:.0f} ms while a larger model answers, on llama.cpp; {COUNT} of each, ms",
        ("client", "p50 idle", "p50 beside", "x idle", "p95 idle", "p95 beside", "x idle", "refactoring, words/s"),
        tuple(rows),
        (
            "The completion's own prompt is cached but for a character, as while typing. Aim: p95 at most 1.25 x idle.",
            table.load(),
        ),
    )


def main(arguments: Sequence[str]) -> int:
    return table.main(arguments, __doc__, lambda: [asyncio.run(measure())])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
