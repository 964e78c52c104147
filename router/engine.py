"""Router.ask: a request's whole journey, from a snapshot to what may be shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from msgspec.structs import replace

import router
from router import answers, completion, runtimes, tasks
from router.cache import Cache
from router.config import Config
from router.context import privacy
from router.context.syntax import Clock
from router.desk import Desk, Open
from router.fleet import Fleet, Planner, Tell
from router.ledger import Journey, Ledger, Note
from router.models import families
from router.paces import Paces
from router.planning import Planning
from router.run import Run
from router.stream import Make, Streams, accounted
from router.types import (
    LARGEST,
    Answer,
    Call,
    Change,
    Delta,
    Document,
    Insertion,
    Lane,
    Request,
    Route,
    Runtime,
    Survey,
    Task,
    Timing,
)

RESTED = 1.0  # seconds without a request after which a longer evaluation is least felt
LEAST_ROOM = 1 / 8  # of the engine's window, however often it calls a prompt too long
OTHERS = 8  # open documents beside the one at hand that `echo` looks through


class Router:
    """Gives each request to the engine that fits it; `engines` are those of the settings, unless given.

    `tell` hears what the user may want to know of them; `note`, in another thread, what is wrong with the ledger.
    """

    def __init__(
        self,
        config: Config,
        tell: Tell = lambda status: None,
        clock: Clock = time.monotonic,
        engines: Mapping[str, Runtime] | None = None,
        planner: Planner | None = None,
        note: Note = lambda sentence: None,
    ) -> None:
        self.config = config
        self.tasks = tasks.shipped()
        self.ledger = Ledger(config, note)
        self.paces = Paces()
        self._tell, self._clock = tell, clock
        self._planner = planner or Planning(self.paces, self.ledger.recent, note)
        self._fleet = self._manned(runtimes.build(config) if engines is None else engines)
        self._streams = Streams(clock, self.ledger)
        self._cache = Cache()
        self._desk = Desk(clock)

    # What is open

    def opened(self, document: Document) -> None:
        """A document was opened; its first parse follows when the loop is idle."""
        self._desk.opened(document)

    def edited(self, document: Document, changes: Sequence[Change]) -> None:
        """`changes`, in order, made the text what it is in `document`; costs no parse."""
        self._fleet.schedule.typed()
        self._desk.edited(document, changes)

    def closed(self, path: str) -> None:
        """A document was closed: whatever runs for it is stopped, whatever is kept of it is dropped."""
        self._stop(path)
        self.ledger.closed(path)
        self._cache.forget(path)
        self._desk.closed(path)

    # The journey

    async def ask(self, request: Request) -> AsyncGenerator[Delta | Answer, None]:
        """What may be shown at the request's cursor, best first; nothing is silence.

        Raises Superseded when a newer request for the same document came, and BadTask for a task that there is not.
        An engine's failure is told, not raised.
        """
        task = self._task(request)
        document, at = request.document, request.span.start
        if not self._admitted(document):
            self._stop(document.path)
            return
        began = self._clock()
        self.ledger.looked(request)
        shown: list[str] = []
        for rest in self._cache.continued(document, at, without="echo" if self._fleet.modelled else ""):
            if insertion := answers.place(document.text, at, rest):
                shown.append(insertion.text)
                yield insertion
        if shown and not request.manual:
            self._stop(document.path)
            self.ledger.close(Journey(request, None, began, shown[0]), self._clock())
            return
        insertion = await self._complete(task, request, began)
        if insertion and insertion.text not in shown:
            yield insertion

    def _task(self, request: Request) -> Task:
        if request.task not in self.tasks:
            raise router.BadTask(f"There is no task {request.task!r}; there are {', '.join(self.tasks)}.")
        task = self.tasks[request.task]
        if task.answer != "insertion" and not task.body:
            raise router.BadTask(f"{request.task} is planned for, and cannot be asked for yet.")
        most = self.config.complete.max_tokens
        return replace(task, max_tokens=min(task.max_tokens, most)) if task.answer == "insertion" else task

    async def _complete(self, task: Task, request: Request, began: float) -> Insertion | None:
        """What the engine suggests, through every filter; None when there is nothing to show."""
        kept, fleet, cache = self._desk.kept(request.document), self._fleet, self._cache
        kept.latest = request
        runtime, route = await fleet.engine()
        if runtime is None or route is None:
            return None
        if kept.latest is not request or kept.closed:
            raise router.Superseded("A newer request took its place, or the document was closed.")
        journey = Journey(request, route, began)
        try:
            with accounted(self.ledger, journey, self._clock):
                call = self._call(task, request, route, kept)
                said = cache.answers.get(call)
                if said is not None:
                    self._stop(request.document.path)
                else:
                    journey.outcome = "silent"
                    said = await self._answer(task.lane, journey, call, kept)
                    if route.family != families.PLAIN:  # such a call holds whole documents, and is answered at once
                        cache.answers.put(call, said)
                return self._shown(journey, said, cache)
        except router.RuntimeFailure as failure:
            if isinstance(failure, router.PromptCut):
                kept.room, kept.window = max(LEAST_ROOM, kept.room / 2), None
            fleet.failed(runtime, failure)
            return None

    async def stream(self, request: Request, key: str, make: Make) -> AsyncGenerator[Delta | Timing, None]:
        """What the model of the request's task says to the call that `make` makes for its route, then one Timing.

        Its model is loaded first. It waits for its turn in the task's lane; while a keystroke is answered it makes
        room, and goes on after. Who asks the same while it is being said hears it from the beginning. `key` says what
        it is about: of the background's jobs only the newest per key is kept. Closing it stops the model, if nobody
        else listens. Raises RuntimeFailure, among them WouldEvict, and Superseded; nothing is said of a file that is
        kept out of prompts.
        """
        task = self.tasks[request.task]
        if self._admitted(request.document):
            journey = Journey(request, None, self._clock())
            journey.outcome = "silent"
            with accounted(self.ledger, journey, self._clock):
                async with aclosing(self._streams.ask(self._fleet, task, journey, key, make)) as stream:
                    async for item in stream:
                        yield item

    def _shown(self, journey: Journey, said: str, cache: Cache) -> Insertion | None:
        """What of an answer is shown; it is remembered, for the user may type it."""
        document, at = journey.request.document, journey.request.span.start
        marks = families.table()[journey.route.family].marks if journey.route else ()
        insertion = answers.insertion(document.text, at, said, document.language, marks)
        if insertion:
            journey.outcome = "shown" if journey.outcome == "silent" else journey.outcome
            journey.said = insertion.text
            cache.suggested(document, at, insertion.text, journey.route.runtime if journey.route else "")
        return insertion

    async def _answer(self, lane: Lane, journey: Journey, call: Call, kept: Open) -> str:
        """What the engine answers: the answer that is being made, if the user types on as it goes; else a new one."""
        request = journey.request
        run = kept.run
        if run is None or not run.takes_over(request):
            self._stop(request.document.path)
            run = kept.run = Run(request, lambda run: self._say(run, lane, call, kept))
        try:
            return await run.answer(request)
        finally:
            journey.begun, journey.first, journey.timing = run.begun, run.first, run.timing
            journey.works = [run.work] if run.request is request else []

    async def _say(self, run: Run, lane: Lane, call: Call, kept: Open) -> str:
        """What the engine says until its first block is whole. Raises RuntimeFailure, Superseded."""
        fleet, path = self._fleet, run.request.document.path
        turn, working = fleet.schedule.turn(lane, path, call.route), self.ledger.working(call.route.runtime)
        async with turn, working as run.work, aclosing(fleet.generate(call)) as stream:
            run.begun = self._clock()
            async for item in stream:
                if isinstance(item, Timing):
                    run.timing = item
                    continue  # to the stream's end, so that the connection can be used again
                run.first = run.first or self._clock()
                new = run.hears(item.text)
                if "\n" in item.text and (enough := self._enough(run.request, new, kept)) is not None:
                    return new[:enough]
        new = run.hears("")
        if run.timing and run.timing.ended == "limit":
            new = new[: new.rfind("\n") + 1]
        enough = self._enough(run.request, new + "\n", kept) if "\n" in new else None
        return new if enough is None else new[:enough]

    def _stop(self, path: str) -> None:
        """Whatever is being said for a document is not wanted any more."""
        if run := self._desk.run(path):
            run.stop()

    def _call(self, task: Task, request: Request, route: Route, kept: Open) -> Call:
        now = self._clock()
        rested, kept.asked = now - kept.asked >= RESTED, now
        if route.family == families.PLAIN:
            return completion.plain(task, request, route, self._others(request.document))
        fits = completion.extent(route.window, task.max_tokens, self.paces.characters(task, route)).characters
        call, kept.window = completion.call(task, request, route, kept.window, rested, int(kept.room * fits))
        return call

    def _others(self, document: Document) -> list[Document]:
        """The open documents beside this one that may be shown."""
        return [other for other in self._desk.beside(document) if not self._excluded(other)][-OTHERS:]

    def _enough(self, request: Request, said: str, kept: Open) -> int | None:
        return completion.enough(request, said, kept.syntax, self.config.complete.max_lines)

    def _admitted(self, document: Document) -> bool:
        """Whether this document may be shown to an engine at all; says so where it may not."""
        pattern = self._excluded(document)
        self._fleet.exclude(f"This file is kept out of every prompt (by {pattern})." if pattern else "")
        return not pattern and len(document.text) <= LARGEST and "\0" not in document.text

    def _excluded(self, document: Document) -> str | None:
        patterns = self.config.privacy.exclude
        return privacy.excluded(document.path, patterns) or privacy.excluded(document.real, patterns)

    # The engines

    @property
    def route(self) -> Route | None:
        """The route in force for completion; None until the first survey is done, or when no engine can do it."""
        return self._fleet.route

    async def start(self) -> None:
        """Find the best engine and bring its model into memory. An engine's failure is told, not raised."""
        await self._fleet.start()

    async def survey(self) -> list[Survey]:
        """What every engine says of itself, in the order of preference."""
        return await self._fleet.survey()

    async def reconfigure(self, config: Config) -> None:
        """Take new settings; engines are given back and found anew only if theirs have changed.

        Raises BadConfig for settings that no engine can be made of; the engines then stay as they are.
        """
        old, engines = self.config, None if config.runtime == self.config.runtime else runtimes.build(config)
        self.config = config
        self.ledger.configure(config)
        if engines is None:
            if (config.models, config.machine, config.schedule) != (old.models, old.machine, old.schedule):
                await self._fleet.configure(config)
            return
        self._quieten()
        fleet, self._fleet = self._fleet, self._manned(engines)
        self._cache = Cache()
        await fleet.aclose()
        await self.start()

    def _manned(self, engines: Mapping[str, Runtime]) -> Fleet:
        return Fleet(self.config, self._tell, self._clock, engines, self._planner, self.paces.heard)

    def _quieten(self) -> None:
        """Whatever is being said stops."""
        self._streams.stop()
        for path in self._desk.paths():
            self._stop(path)

    async def aclose(self) -> None:
        """Stop what runs and give the engines back."""
        self._streams.stop()
        for path in self._desk.paths():
            self.closed(path)
        await self._fleet.aclose()
        await asyncio.to_thread(self.ledger.end)
