"""What is done ahead of the next keystroke: while the user rests, pieces are chosen and their prompt is read."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

from msgspec.structs import replace

import router
from router.completing.layout import Layout, Prepared
from router.context import privacy
from router.context.syntax import Clock
from router.dispatch.fleet import Fleet
from router.dispatch.schedule import Interrupted
from router.dispatch.stream import accounted
from router.ledger import Journey, Ledger
from router.ledger.energy import here
from router.ledger.stats import WARM
from router.models import families
from router.models.modest import serves
from router.types import Request, Route, Task, Timing
from router.workspace.desk import Desk, Open

PAUSE = 0.25  # seconds after a request, in which nothing came, before pieces are chosen
SETTLED = 0.1  # seconds that the cursor has stood still; editors wait a while themselves before they tell
REST = 0.7  # seconds after a request before a prompt is read ahead; few who pause that long go on at once
LONGEST = 3.0  # seconds more; what takes long to read is begun after as long a rest, or each look around would cost it
LEAST = 400  # code points of a prompt that are new to the engine; what is less is read in no time


class Warmth:
    """One piece of work for each document, given up as soon as anything is typed there."""

    def __init__(self, fleet: Fleet, desk: Desk, layout: Layout, ledger: Ledger, clock: Clock) -> None:
        self._fleet, self._desk, self._layout = fleet, desk, layout
        self._ledger, self._clock = ledger, clock

    def asked(self, task: Task, request: Request, route: Route) -> None:
        """A request came: when nothing follows it, what may come next is made ready."""
        self._later(PAUSE, REST - PAUSE, task, request, route)

    def moved(self, task: Task, request: Request) -> None:
        """The cursor is elsewhere, and nothing is typed."""
        route, document = self._fleet.route, request.document
        if route is None or not serves(route, document.language):
            return
        if not privacy.at_secret(document.text, request.span.start):
            self._later(SETTLED, 0.0, task, request, route)

    def _later(self, pause: float, rest: float, task: Task, request: Request, route: Route) -> None:
        kept, loop = self._desk.kept(request.document), asyncio.get_running_loop()
        kept.stir()

        def begin() -> None:
            kept.ahead = loop.create_task(self._ahead(rest, task, request, route, kept))

        kept.later = loop.call_later(pause, begin)

    async def _ahead(self, rest: float, task: Task, request: Request, route: Route, kept: Open) -> None:
        rested = asyncio.get_running_loop().time() + rest
        await self._layout.choose(task, request, route, kept)
        await _until(rested)
        if self._wanted(route):
            found = self._layout.ahead(task, request, route, kept)
            await _until(rested + min(LONGEST, self._layout.seconds(found)))
            if self._fleet.route == route and self._fleet.loads.holds(route):
                await self._warm(found, request, kept)

    def _wanted(self, route: Route) -> bool:
        """Whether there is something to read, the user wants it, and nobody else pays: a gateway may count tokens."""
        config = self._layout.config
        if route.family == families.PLAIN:
            return False
        return config.context.ahead and (route.runtime != "openai" or here(config, route.runtime))

    async def _warm(self, found: Prepared, request: Request, kept: Open) -> None:
        """Have the engine read a prompt, and let the next keystroke go on from it."""
        if found.unread < LEAST:
            self._layout.take(found, kept)
            return
        route = found.call.route
        journey = Journey(replace(request, task=WARM), route, self._clock())
        journey.outcome = "silent"
        try:
            await self._read(found, journey, kept)
        except (Interrupted, router.Superseded):
            pass  # somebody types, or waits for an answer
        except router.RuntimeFailure as failure:
            if isinstance(failure, router.PromptCut):
                kept.smaller()

    async def _read(self, found: Prepared, journey: Journey, kept: Open) -> None:
        call = replace(found.call, max_tokens=1)
        async with self._fleet.schedule.turn("background", WARM, call.route, brief=True):
            self._layout.take(found, kept)
            journey.begun = self._clock()
            working, stream = self._ledger.working(call.route.runtime), self._fleet.generate(call, watched=False)
            with accounted(self._ledger, journey, self._clock):
                async with working as work, aclosing(stream):
                    journey.works = [work]
                    async for item in stream:
                        journey.first = journey.first or self._clock()
                        journey.timing = item if isinstance(item, Timing) else journey.timing


async def _until(time: float) -> None:
    await asyncio.sleep(max(0.0, time - asyncio.get_running_loop().time()))
