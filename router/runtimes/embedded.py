"""llama.cpp from a wheel, a child process for each model: started on demand, restarted after a crash, ended with us."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import msgspec

from router import Incomplete, ModelMissing, RuntimeFailure, Unreachable, config
from router.models import downloads
from router.models.types import Model
from router.runtimes import child
from router.runtimes.embedded_files import NAME, Files, Found
from router.types import Call, Delta, Route, Timing

SMALL = 100_000_000  # parameters; below it a second thread costs more than it brings (measured: half the speed)
LONGEST_PAUSE = 30.0  # seconds between two starts of an engine that crashes each time
NONE = "No GGUF file was found; name one in runtime.embedded.gguf, or run `ollama pull qwen2.5-coder:1.5b`."
UNSAID = 4096  # tokens of window where neither the route nor the model says


class Place:
    """What runs, or ran, one model; `crashes` in a row, `started` by the monotonic clock."""

    def __init__(self) -> None:
        self.child: child.Child | None = None
        self.starting: asyncio.Task[None] | None = None
        self.leaving: asyncio.TimerHandle | None = None
        self.crashes = 0
        self.started = 0.0
        self.busy = 0

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.alive

    def pause(self) -> float:
        """Seconds until the next start may be made: 1, 2, 4 ... 30 after the last one, as it keeps crashing."""
        crashed = self.crashes + (self.child is not None and not self.child.alive)
        wanted = min(LONGEST_PAUSE, 2.0 ** (crashed - 1)) if crashed else 0.0
        return max(0.0, self.started + wanted - time.monotonic())

    def stay(self) -> None:
        """It is used: it does not leave now."""
        if self.leaving is not None:
            self.leaving.cancel()
            self.leaving = None


class Embedded:
    """A Runtime over a child process per model; `places` are folders laid out as Ollama's models are, `own` is that of
    the weights that come with Switchyard."""

    name = NAME

    def __init__(
        self, settings: config.Embedded, places: Sequence[Path] | None = None, own: Path | None = None
    ) -> None:
        self._settings = settings
        self._files = Files(settings.gguf, downloads.roots() if places is None else tuple(places), own)
        self._unfit: dict[str, str] = {}
        self._found: dict[str, Found] = {}
        self._places: dict[str, Place] = {}
        self._turn = asyncio.Lock()  # one start at a time: two would each take the memory that is free for both
        self._ends: set[asyncio.Task[None]] = set()

    async def models(self) -> list[Model]:
        """The file that the settings name; else what Ollama has downloaded, the likeliest for completion first, and
        what came with Switchyard, unless that could not be loaded before."""
        if said := await asyncio.to_thread(child.lacking):
            raise Unreachable(said)
        listed = [it for it in await asyncio.to_thread(self._files.look) if it.model.name not in self._unfit]
        if not listed:
            raise ModelMissing(self._files.fault or next(iter(self._unfit.values()), NONE))
        self._found = {it.model.name: it for it in listed}
        running = {name: it.child.held for name, it in self._places.items() if it.child is not None and it.child.alive}
        return [
            msgspec.structs.replace(it.model, loaded=it.model.name in running, held=running.get(it.model.name, 0))
            for it in listed
        ]

    def _place(self, route: Route) -> Place:
        return self._places.setdefault(route.model, Place())

    async def ready(self, route: Route) -> bool:
        """Whether a child is up that holds the route's model, with the window and the slots of the route."""
        running = self._place(route).child
        return running is not None and running.alive and self._suits(running.options, route)

    def _suits(self, running: child.Options, route: Route) -> bool:
        found = self._found.get(route.model)
        asked = self._options(route, found.model).window if found is not None and route.window else running.window
        return (running.window, running.slots) == (asked, max(1, route.slots))

    async def load(self, route: Route) -> None:
        """Start the child; callers for one model share one start, and none of them can cancel it."""
        place = self._place(route)
        if await self.ready(route):
            return
        if place.starting is None or place.starting.done():
            place.starting = asyncio.get_running_loop().create_task(self._start(route, place))
            place.starting.add_done_callback(_heard)
        await asyncio.shield(place.starting)

    async def _start(self, route: Route, place: Place) -> None:
        await asyncio.sleep(place.pause())
        async with self._turn:
            if place.child is not None:
                place.crashes += not place.child.alive
                await self._leave(place)
            found = await self._find(route.model)
            place.started = time.monotonic()
            try:
                if said := await asyncio.to_thread(found.fault):
                    raise ModelMissing(said)
                place.child = await child.start(route.model, str(found.path), self._options(route, found.model))
            except RuntimeFailure as failure:
                place.crashes += 1
                if found.own:  # nobody has asked for it: it is not tried again, and `echo` completes
                    self._unfit[route.model] = str(failure)
                raise

    def _options(self, route: Route, model: Model) -> child.Options:
        """The window that the route asks for, within what the model was trained for and the settings allow."""
        window = min(route.window or model.window or UNSAID, model.window or self._settings.window)
        return child.Options(self._threads(model), min(window, self._settings.window), max(1, route.slots))

    async def _find(self, name: str) -> Found:
        if name not in self._found:
            await self.models()
        if name not in self._found:
            raise ModelMissing(
                f"There is no GGUF file for {name}; correct models.complete, or name it in runtime.embedded.gguf."
            )
        return self._found[name]

    async def unload(self, route: Route) -> None:
        """End the child that holds the route's model, and a start of it that is under way."""
        place = self._place(route)
        if place.starting is not None and not place.starting.done():
            place.starting.cancel()
            await asyncio.wait([place.starting])
        await self._leave(place)

    async def _leave(self, place: Place) -> None:
        place.stay()
        ending, place.child = place.child, None
        if ending is not None:
            await ending.end()

    def _threads(self, model: Model) -> int:
        if self._settings.threads:
            return self._settings.threads
        return 1 if model.parameters < SMALL else physical_cores()

    async def count(self, route: Route, text: str) -> int:
        """How many tokens the model makes of a text; -1 while it is not loaded."""
        running = self._place(route).child
        return await running.engine.count(route, text) if running is not None and running.alive else -1

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        """Stream one answer; starts the child if need be, unless it has just crashed."""
        place = self._place(call.route)
        if not await self.ready(call.route):
            if pause := place.pause():
                raise Unreachable(f"The embedded engine stopped; it is started again in {math.ceil(pause)} s.")
            await self.load(call.route)
        running = place.child
        if running is None:
            raise Unreachable("The embedded engine was closed; ask again.")
        place.stay()
        place.busy += 1
        try:
            async with aclosing(running.engine.generate(call)) as stretches:
                async for stretch in stretches:
                    yield stretch
            place.crashes = 0
        except (Unreachable, Incomplete) as error:
            if not await running.died(within=0.25):
                raise
            raise Incomplete("The embedded engine stopped while it answered; it is started again.") from error
        finally:
            place.busy -= 1
            self._keep(place, call.route.keep)

    def _keep(self, place: Place, seconds: int) -> None:
        """Give the memory back after so many seconds without a question (-1: never)."""
        if seconds >= 0 and not place.busy and place.child is not None:
            place.stay()
            place.leaving = asyncio.get_running_loop().call_later(seconds, self._idle, place)

    def _idle(self, place: Place) -> None:
        if place.busy or not place.alive:  # one that died is left for the pause before its next start to see
            return
        ending = asyncio.get_running_loop().create_task(self._leave(place))
        self._ends.add(ending)
        ending.add_done_callback(self._ends.discard)

    async def aclose(self) -> None:
        """End the children, and the starts that are under way."""
        places, self._places = list(self._places.values()), {}
        starting = [it.starting for it in places if it.starting is not None and not it.starting.done()]
        for task in starting:
            task.cancel()
        for waited in (starting, list(self._ends)):
            if waited:
                await asyncio.wait(waited)
        await asyncio.gather(*map(self._leave, places))


def build(settings: config.Config) -> Embedded:
    """The engine that these settings describe."""
    return Embedded(settings.runtime.embedded)


def _heard(task: asyncio.Task[None]) -> None:
    """A start that nobody waits for any more may fail without asyncio complaining of it."""
    if not task.cancelled():
        task.exception()


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
