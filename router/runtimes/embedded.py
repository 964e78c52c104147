"""llama.cpp from a wheel, in a child process: started on demand, restarted after a crash, ended with its parent."""

from __future__ import annotations

import asyncio
import math
import os
import stat
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import msgspec

from router import Incomplete, ModelMissing, RuntimeFailure, Unreachable, config
from router.models import downloads, families, gguf
from router.runtimes import child
from router.types import Call, Delta, Model, Route, Timing

SMALL = 100_000_000  # parameters; below it a second thread costs more than it brings (measured: half the speed)
FITTING = 1.5e9  # parameters; the size at which completion is good and still quick without a GPU
LONGEST_PAUSE = 30.0  # seconds between two starts of an engine that crashes each time


class Found(msgspec.Struct, frozen=True):
    """A model and the file that it is in."""

    model: Model
    path: Path


class Embedded:
    """A Runtime over at most one child process; `places` are folders laid out as Ollama's models are."""

    name = "embedded"

    def __init__(self, settings: config.Embedded, places: Sequence[Path] | None = None) -> None:
        self._settings = settings
        self._places = downloads.roots() if places is None else tuple(places)
        self._headers: dict[tuple[str, int, int], gguf.Header | None] = {}
        self._found: dict[str, Found] = {}
        self._child: child.Child | None = None
        self._starting: tuple[str, asyncio.Task[child.Child]] | None = None
        self._crashes = 0
        self._started = 0.0

    async def models(self) -> list[Model]:
        """The file that the settings name, else what Ollama has downloaded; the likeliest for completion first."""
        if said := await asyncio.to_thread(child.lacking):
            raise Unreachable(said)
        listed = await asyncio.to_thread(self._look)
        if not listed:
            raise ModelMissing(
                "No GGUF file was found; name one in runtime.embedded.gguf, or run `ollama pull qwen2.5-coder:1.5b`."
            )
        self._found = {it.model.name: it for it in listed}
        running = self._child.model if self._child and self._child.alive else ""
        return [msgspec.structs.replace(it.model, loaded=it.model.name == running) for it in listed]

    def _look(self) -> list[Found]:
        if self._settings.gguf:
            return [self._named(Path(os.path.expanduser(self._settings.gguf)))]
        found = (self._inspect(name, path) for name, path in downloads.found(self._places))
        return sorted((it for it in found if it is not None), key=_fitness)

    def _named(self, path: Path) -> Found:
        """The user's own choice: its marks count even if its name and header say nothing of filling in."""
        try:
            header = self._header(path)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise ModelMissing(f"{path} cannot be read; correct runtime.embedded.gguf.") from error
        if header is None:
            raise ModelMissing(f"{path} is not a whole GGUF file; correct runtime.embedded.gguf.")
        family = families.of(path.stem) or header.family or header.marks
        return Found(self._model(path.stem, path, header, family), path)

    def _inspect(self, name: str, path: Path) -> Found | None:
        try:
            header = self._header(path)
        except OSError:
            return None
        if header is None:
            return None
        return Found(self._model(name, path, header, families.of(name) or header.family), path)

    def _header(self, path: Path) -> gguf.Header | None:
        """The header, read once per version of the file; None: it is not GGUF. A pipe would be read for ever."""
        now = path.stat()
        if not stat.S_ISREG(now.st_mode):
            return None
        key = (str(path), now.st_mtime_ns, now.st_size)
        if key not in self._headers:
            with path.open("rb") as stream:
                try:
                    self._headers[key] = gguf.read(stream)
                except gguf.NotGGUF:
                    self._headers[key] = None
        return self._headers[key]

    def _model(self, name: str, path: Path, header: gguf.Header, family: str) -> Model:
        window = min(header.window or self._settings.window, self._settings.window)
        size = path.stat().st_size
        return Model(self.name, name, family=family, parameters=header.parameters, size=size, window=window)

    async def ready(self, route: Route) -> bool:
        """Whether the child is up and holds the route's model."""
        return self._child is not None and self._child.alive and self._child.model == route.model

    async def load(self, route: Route) -> None:
        """Start the child; callers for one model share one start, and none of them can cancel it."""
        if await self.ready(route):
            return
        if self._starting is None or self._starting[0] != route.model or self._starting[1].done():
            task = asyncio.get_running_loop().create_task(self._start(route.model, after=self._starting))
            task.add_done_callback(_heard)
            self._starting = (route.model, task)
        await asyncio.shield(self._starting[1])

    async def unload(self, route: Route) -> None:
        """End the child that holds the route's model."""
        if self._child is not None and self._child.model == route.model:
            ended, self._child = self._child, None
            await ended.end()

    async def count(self, route: Route, text: str) -> int:
        return -1

    async def _start(self, name: str, after: tuple[str, asyncio.Task[child.Child]] | None) -> child.Child:
        if after is not None and not after[1].done():
            await asyncio.wait([after[1]])
        await asyncio.sleep(self._pause())
        if self._child is not None:
            self._crashes += not self._child.alive
            await self._child.end()
            self._child = None
        found = await self._find(name)
        self._started = time.monotonic()
        try:
            self._child = await child.start(name, str(found.path), self._threads(found.model), found.model.window)
        except RuntimeFailure:
            self._crashes += 1
            raise
        return self._child

    async def _find(self, name: str) -> Found:
        if name not in self._found:
            await self.models()
        if name not in self._found:
            raise ModelMissing(
                f"There is no GGUF file for {name}; correct models.complete, or name it in runtime.embedded.gguf."
            )
        return self._found[name]

    def _pause(self) -> float:
        """Seconds until the next start may be made: 1, 2, 4 ... 30 after the last one, as it keeps crashing."""
        crashed = self._crashes + (self._child is not None and not self._child.alive)
        wanted = min(LONGEST_PAUSE, 2.0 ** (crashed - 1)) if crashed else 0.0
        return max(0.0, self._started + wanted - time.monotonic())

    def _threads(self, model: Model) -> int:
        if self._settings.threads:
            return self._settings.threads
        return 1 if model.parameters < SMALL else physical_cores()

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        """Stream one answer; starts the child if need be, unless it has just crashed."""
        if not await self.ready(call.route):
            if pause := self._pause():
                raise Unreachable(f"The embedded engine stopped; it is started again in {math.ceil(pause)} s.")
            await self.load(call.route)
        running = self._child
        if running is None:
            raise Unreachable("The embedded engine was closed; ask again.")
        try:
            async with aclosing(running.engine.generate(call)) as stretches:
                async for stretch in stretches:
                    yield stretch
            self._crashes = 0
        except (Unreachable, Incomplete) as error:
            if not await running.died(within=0.25):
                raise
            raise Incomplete("The embedded engine stopped while it answered; it is started again.") from error

    async def aclose(self) -> None:
        """End the child, and a start that is under way."""
        starting, self._starting = self._starting, None
        if starting is not None and not starting[1].done():
            starting[1].cancel()
            await asyncio.wait([starting[1]])
        ending, self._child = self._child, None
        if ending is not None:
            await ending.end()


def build(settings: config.Config) -> Embedded:
    """The engine that these settings describe."""
    return Embedded(settings.runtime.embedded)


def _heard(task: asyncio.Task[child.Child]) -> None:
    """A start that nobody waits for any more may fail without asyncio complaining of it."""
    if not task.cancelled():
        task.exception()


def _fitness(found: Found) -> tuple[bool, float]:
    parameters = max(1, found.model.parameters)
    return not found.model.family, abs(math.log(parameters / FITTING))


def physical_cores() -> int:
    """The cores that we may run on, a core with two threads counted once; Linux says which those are."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    siblings = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    cores = set()
    for cpu in os.sched_getaffinity(0):
        try:
            cores.add(Path(siblings.format(cpu)).read_text(encoding="ascii").strip())
        except OSError:
            cores.add(str(cpu))
    return max(1, len(cores))
