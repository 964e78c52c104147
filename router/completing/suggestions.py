"""Inline completion, from a request to what may be shown at the cursor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from msgspec.structs import replace

import router
from router import echo
from router.answers.insertion import insertion, place
from router.completing import completion
from router.completing.cache import Cache
from router.completing.layout import Layout, Prepared
from router.completing.run import Run
from router.completing.warmth import Warmth
from router.config import Config
from router.context import privacy
from router.context.syntax import Clock
from router.dispatch.fleet import STAND_IN, Fleet
from router.dispatch.paces import shared
from router.dispatch.stream import accounted
from router.ledger import Journey, Ledger
from router.models import families
from router.models.modest import UNSURE, unsure
from router.types import Call, Delta, Insertion, Lane, Request, Route, Task, Timing
from router.workspace.desk import Desk, Open
from router.workspace.gate import Gate

OTHERS = 8  # documents beside the one at hand that `echo` looks through
NEAR = 4  # of them that nobody has open; with so many `python -m bench echo` measures it


class Suggestions:
    """Completions by the engines of one fleet, and what is remembered of them."""

    def __init__(
        self, config: Config, fleet: Fleet, desk: Desk, gate: Gate, ledger: Ledger, layout: Layout, clock: Clock
    ) -> None:
        self.config = config
        self._fleet, self._desk, self._gate, self._ledger = fleet, desk, gate, ledger
        self._layout, self._clock = layout, clock
        self._cache = Cache()
        self.warmth = Warmth(fleet, desk, layout, ledger, clock)

    async def ask(self, task: Task, request: Request) -> AsyncGenerator[Insertion, None]:
        """What may be shown, best first; nothing is silence. Raises Superseded. A failure is told, not raised."""
        document, at = request.document, request.span.start
        began = self._clock()
        self._ledger.looked(request)
        shown: list[str] = []
        for rest in self._cache.continued(document, at, without="echo" if self._fleet.alone else ""):
            if placed := place(document.text, at, rest):
                shown.append(placed.text)
                yield placed
        if shown and not request.manual:
            self.stop(document.path)
            self._ledger.close(Journey(request, None, began, shown[0]), self._clock())
            return
        if privacy.at_secret(document.text, at):
            return
        found = await self._complete(task, request, began)
        if found and found.text not in shown:
            yield found

    def stop(self, path: str) -> None:
        """Whatever is being said for a document is not wanted any more."""
        if run := self._desk.run(path):
            run.stop()

    def forget(self, path: str) -> None:
        """The document was closed."""
        self.stop(path)
        self._cache.forget(path)

    async def _complete(self, task: Task, request: Request, began: float) -> Insertion | None:
        """What the engine suggests, through every filter; None when there is nothing to show."""
        kept, fleet, cache = self._desk.kept(request.document), self._fleet, self._cache
        kept.latest = request
        runtime, route = await fleet.engine(request.document.language)
        if runtime is None or route is None:
            return None
        self._check(request, kept)
        journey = Journey(request, route, began)
        try:
            with accounted(self._ledger, journey, self._clock):
                ways = await self._ways(task, request, route, kept)
                self._check(request, kept)
                call = self._call(task, request, route, kept, ways)
                exactly = (call, completion.left(request, route))
                said = cache.answers.get(exactly)
                if said is not None:
                    self.stop(request.document.path)
                else:
                    journey.outcome = "silent"
                    said = await self._answer(task.lane, journey, call, kept)
                    if journey.why == UNSURE and fleet.stand_in:
                        said = await self._instead(task, journey, kept)
                    elif route.family != families.PLAIN:  # such a call holds whole documents, and is answered at once
                        cache.answers.put(exactly, said)
                return self._shown(journey, said, cache)
        except router.RuntimeFailure as failure:
            if isinstance(failure, router.PromptCut):
                kept.smaller()
            fleet.failed(runtime, failure)
            return None

    def _shown(self, journey: Journey, said: str, cache: Cache) -> Insertion | None:
        """What of an answer is shown; it is remembered, for the user may type it."""
        document, at = journey.request.document, journey.request.span.start
        marks = families.table()[journey.route.family].marks if journey.route else ()
        found = insertion(document.text, at, said, document.language, marks)
        if found and not privacy.hidden(found.text, document.text):
            journey.outcome = "shown" if journey.outcome == "silent" else journey.outcome
            journey.said = found.text
            cache.suggested(document, at, found.text, journey.route.runtime if journey.route else "")
            return found
        return None

    async def _answer(self, lane: Lane, journey: Journey, call: Call, kept: Open) -> str:
        """What the engine answers: the answer that is being made, if the user types on as it goes; else a new one."""
        request = journey.request
        run = kept.run
        if run is None or not run.takes_over(request):
            self.stop(request.document.path)
            run = kept.run = Run(request, lambda run: self._say(run, lane, call, kept))
        try:
            return await run.answer(request)
        finally:
            journey.begun, journey.first, journey.timing, journey.why = run.begun, run.first, run.timing, run.why
            journey.works = [run.work] if run.request is request else []

    async def _instead(self, task: Task, journey: Journey, kept: Open) -> str:
        """What `echo` says where a modest model is not sure. Raises RuntimeFailure, Superseded."""
        request = journey.request
        call = completion.plain(task, request, STAND_IN, self._others(request, kept))
        async with aclosing(self._fleet.generate(call)) as stream:
            found = [item async for item in stream]
        self._check(request, kept)
        said = "".join(item.text for item in found if isinstance(item, Delta))
        if said:
            journey.route = STAND_IN
            journey.timing = next((item for item in found if isinstance(item, Timing)), None)
        return said

    def _check(self, request: Request, kept: Open) -> None:
        """Raise Superseded if nobody waits for this any more."""
        if kept.latest is not request or kept.closed:
            raise router.Superseded("A newer request took its place, or the document was closed.")

    async def _say(self, run: Run, lane: Lane, call: Call, kept: Open) -> str:
        """What the engine says until its first block is whole. Raises RuntimeFailure, Superseded."""
        fleet, asked, path = self._fleet, run.request, run.request.document.path
        left = completion.left(asked, call.route)
        turn, working = fleet.schedule.turn(lane, path, call.route), self._ledger.working(call.route.runtime)
        async with turn, working as run.work, aclosing(fleet.generate(call)) as stream:
            run.begun = self._clock()
            async for item in stream:
                if isinstance(item, Timing):
                    run.timing = item
                    continue  # to the stream's end, so that the connection can be used again
                run.first = run.first or self._clock()
                new, left = run.hears(item.text.removeprefix(left)), ""
                if "\n" in item.text and (enough := self._enough(run.request, new, kept)) is not None:
                    return new[:enough]
        new = run.hears("")
        if unsure(call.route, asked, run.timing):
            run.why = UNSURE
            return ""
        if run.timing and run.timing.ended == "limit":
            new = new[: new.rfind("\n") + 1]
        enough = self._enough(run.request, new + "\n", kept) if "\n" in new else None
        return new if enough is None else new[:enough]

    def _call(self, task: Task, request: Request, route: Route, kept: Open, ways: completion.Ways) -> Call:
        self.warmth.asked(task, request, route)
        if route.family == families.PLAIN:
            return completion.plain(task, request, route, self._others(request, kept))
        return self._layout.call(task, request, route, kept, ways)

    async def _ways(self, task: Task, request: Request, route: Route, kept: Open) -> completion.Ways:
        """How the cursor's line may go on, as it does elsewhere, for a model that chooses from that.

        Elsewhere is in the open file alone where prompts may show no others.
        """
        if not families.table()[route.family].way:
            return ()
        if kept.run is not None and kept.run.goes_on(request):  # then no prompt is sent
            return ()
        alone = not self.config.context.workspace or not self.config.context.tokens
        call = completion.plain(task, request, route, () if alone else self._others(request, kept))
        found: tuple[echo.Suggestion, ...] = ()
        for step in echo.ways(call.prompt, call.suffix, call.context, completion.WAYS):
            found = step
            await asyncio.sleep(0)  # the loop gets its turn between one look-up and the next
        return tuple((it.text, it.probability) for it in found)

    async def prepared(self, task: Task, request: Request, route: Route, after: Request | None = None) -> Prepared:
        """What would be sent after a pause, with what is left out of it, and why.

        `after` is where the user has rested before; then `held` is what is read already if they type on from there.
        """
        kept = self._desk.kept(request.document)
        await self._layout.choose(task, request, route, kept)
        ways = await self._ways(task, request, route, kept)
        found = self._layout.explained(task, request, route, kept, ways)
        if after is not None:
            found = replace(found, held=await self._held(task, request, route, after, kept, ways))
        if route.family == families.PLAIN:
            return replace(found, call=completion.plain(task, request, route, self._others(request, kept)))
        return found

    async def _held(
        self, task: Task, request: Request, route: Route, after: Request, kept: Open, ways: completion.Ways
    ) -> float:
        """The share of a prompt that the one for a place at which the user has rested before begins with."""
        await self._layout.choose(task, after, route, kept)
        before = self._layout.ahead(task, after, route, kept)
        self._layout.take(before, kept)
        now = self._layout.prepared(task, request, route, kept, rested=False, ways=ways)
        return shared(before.call.prompt, now.call.prompt)

    def _others(self, request: Request, kept: Open) -> list[str]:
        """The texts of near files, and of the open documents beside this one, as far as they may be shown."""
        opened = [it.text for it in self._desk.beside(request.document) if not self._gate.reason(it)][-OTHERS:]
        return self._layout.near(request, kept, min(NEAR, OTHERS - len(opened))) + opened

    def _enough(self, request: Request, said: str, kept: Open) -> int | None:
        return completion.enough(request, said, kept.syntax, self.config.complete.max_lines)
