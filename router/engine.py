"""Router.ask: a request's whole journey, from a snapshot to what may be shown."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from importlib.resources import files

from msgspec.structs import replace

import router
from router import answers, completion, runtimes, tasks
from router.cache import Cache
from router.config import Config
from router.context import privacy, window
from router.context.syntax import LARGEST, Clock, Syntax
from router.fleet import Fleet, Tell
from router.models.plan import Survey
from router.schedule import Scheduler, Ticket
from router.types import (
    Answer,
    Call,
    Change,
    Delta,
    Document,
    Insertion,
    Outcome,
    Request,
    Route,
    Runtime,
    Task,
    Timing,
    Turn,
)

RESTED = 1.0  # seconds without a request after which a longer evaluation is least felt
_IDLE = 0.01  # seconds after an edit at which the tree is brought up to date, off the keystroke's way


class Open:
    """What is kept of one open document between requests."""

    def __init__(self, document: Document, clock: Clock) -> None:
        self.syntax = Syntax(document.language, document.text, clock)
        self.window: window.Window | None = None
        self.asked = float("-inf")
        self.latest: Request | None = None
        self.refresh: asyncio.TimerHandle | None = None


class Journey:
    """How one request fares: from here on it is what the ledger will say of it."""

    def __init__(self, request: Request, route: Route | None, began: float) -> None:
        self.request, self.route, self.began = request, route, began
        self.first = 0.0
        self.timing: Timing | None = None
        self.outcome: Outcome = "cached"

    def turn(self, now: float) -> Turn:
        """The line of the ledger, at the clock's `now`."""
        timing = self.timing or Timing()
        return Turn(
            task=self.request.task,
            engine=self.route.runtime if self.route else "",
            model=self.route.model if self.route else "",
            outcome=self.outcome,
            total_ms=(now - self.began) * 1000,
            first_ms=(self.first - self.began) * 1000 if self.first else 0.0,
            prompt_tokens=timing.prompt_tokens,
            reused_tokens=timing.reused_tokens,
            answer_tokens=timing.answer_tokens,
        )


class Router:
    """Gives each request to the engine that fits it.

    `tell` hears what the user may want to know of the engines; `engines` are those of the settings, unless given.
    """

    def __init__(
        self,
        config: Config,
        tell: Tell = lambda status: None,
        clock: Clock = time.monotonic,
        engines: Mapping[str, Runtime] | None = None,
    ) -> None:
        self.config = config
        self.tasks = tasks.table(_prompts())
        self.turns: deque[Turn] = deque(maxlen=1000)
        self.tally: Counter[str] = Counter()
        self._tell, self._clock = tell, clock
        self._fleet = Fleet(config, tell, clock, runtimes.build(config) if engines is None else engines)
        self._schedule = Scheduler()
        self._cache = Cache()
        self._open: dict[str, Open] = {}

    # What is open

    def opened(self, document: Document) -> None:
        """A document was opened; its first parse follows when the loop is idle."""
        self._open[document.path] = Open(document, self._clock)
        self._refresh_soon(self._open[document.path])

    def edited(self, document: Document, changes: Sequence[Change]) -> None:
        """`changes`, in order, made the text what it is in `document`; costs no parse."""
        kept = self._open.get(document.path)
        if kept is None:
            self.opened(document)
        else:
            kept.syntax.edited(changes, document.text)
            self._refresh_soon(kept)

    def closed(self, path: str) -> None:
        """A document was closed: whatever runs for it is stopped, whatever is kept of it is dropped."""
        self._schedule.supersede(path)
        self._cache.forget(path)
        kept = self._open.pop(path, None)
        if kept and kept.refresh:
            kept.refresh.cancel()

    def accepted(self, path: str, text: str) -> None:
        """The user took a suggestion."""
        self.tally["accepted"] += 1

    def _refresh_soon(self, kept: Open) -> None:
        """Bring the document's tree up to date once the loop is idle, slice by slice."""

        def refresh() -> None:
            kept.refresh = None if kept.syntax.refresh() else loop.call_later(_IDLE, refresh)

        loop = asyncio.get_running_loop()
        if kept.refresh is None:
            kept.refresh = loop.call_later(_IDLE, refresh)

    # The journey

    async def ask(self, request: Request) -> AsyncGenerator[Delta | Answer, None]:
        """What may be shown at the request's cursor, best first; nothing is silence.

        Raises Superseded when a newer request for the same document came, and BadTask for a task that there is not.
        An engine's failure is told, not raised.
        """
        task = self._task(request)
        document, at = request.document, request.span.start
        self._schedule.supersede(document.path)
        if not self._admitted(document):
            return
        began = self._clock()
        shown: list[str] = []
        for rest in self._cache.continued(document, at):
            if insertion := answers.place(document.text, at, rest):
                shown.append(insertion.text)
                yield insertion
        if shown and not request.manual:
            self._note(Journey(request, None, began))
            return
        insertion = await self._complete(task, request, began)
        if insertion and insertion.text not in shown:
            self._cache.suggested(document, at, insertion.text)
            yield insertion

    def _task(self, request: Request) -> Task:
        if request.task not in self.tasks:
            raise router.BadTask(f"There is no task {request.task!r}; there are {', '.join(self.tasks)}.")
        task = self.tasks[request.task]
        return replace(task, max_tokens=min(task.max_tokens, self.config.complete.max_tokens))

    async def _complete(self, task: Task, request: Request, began: float) -> Insertion | None:
        """What the engine suggests, through every filter; None when there is nothing to show."""
        kept = self._kept(request.document)
        kept.latest = request
        runtime, route = await self._fleet.engine()
        if runtime is None or route is None:
            return None
        if kept.latest is not request:
            raise router.Superseded("A newer request took its place.")
        journey = Journey(request, route, began)
        try:
            call = self._call(task, request, route)
            said = self._cache.answers.get(call)
            if said is None:
                journey.outcome = "silent"
                async with self._schedule.turn(task.lane, request.document.path) as ticket:
                    said = await self._say(journey, runtime, call, ticket)
                self._cache.answers.put(call, said)
            insertion = answers.insertion(request.document.text, request.span.start, said)
            if insertion and journey.outcome == "silent":
                journey.outcome = "shown"
            return insertion
        except router.RuntimeFailure as failure:
            journey.outcome = "failed"
            self._fleet.failed(runtime, failure)
            return None
        except router.Superseded:
            journey.outcome = "superseded"
            raise
        except (asyncio.CancelledError, GeneratorExit):
            journey.outcome = "cancelled"
            raise
        finally:
            self._note(journey)

    async def _say(self, journey: Journey, runtime: Runtime, call: Call, ticket: Ticket) -> str:
        """What the engine says until its first block is whole. Raises RuntimeFailure, Superseded."""
        said = ""
        async with aclosing(ticket.follow(runtime.generate(call))) as stream:
            async for item in stream:
                if isinstance(item, Timing):
                    journey.timing = item
                    continue  # to the stream's end, so that the connection can be used again
                journey.first = journey.first or self._clock()
                said += item.text
                if "\n" in item.text and (enough := self._enough(journey.request, said)) is not None:
                    return said[:enough]
        if journey.timing is None:
            raise router.Incomplete(f"{runtime.name} broke off in the middle of an answer; it will be asked again.")
        if journey.timing.ended == "limit":
            said = said[: said.rfind("\n") + 1]
        enough = self._enough(journey.request, said + "\n")
        return said if enough is None else said[:enough]

    def _call(self, task: Task, request: Request, route: Route) -> Call:
        kept = self._kept(request.document)
        now = self._clock()
        rested, kept.asked = now - kept.asked >= RESTED, now
        call, kept.window = completion.call(task, request, route, kept.window, rested)
        return call

    def _enough(self, request: Request, said: str) -> int | None:
        syntax = self._kept(request.document).syntax
        return completion.enough(request, said, syntax, self.config.complete.max_lines)

    def _kept(self, document: Document) -> Open:
        """What is kept of a document; of one that nobody opened, from now on."""
        if document.path not in self._open:
            self._open[document.path] = Open(document, self._clock)
        return self._open[document.path]

    def _admitted(self, document: Document) -> bool:
        """Whether this document may be shown to an engine at all; says so where it may not."""
        pattern = privacy.excluded(document.path, self.config.privacy.exclude)
        self._fleet.exclude(f"This file is kept out of every prompt (by {pattern})." if pattern else "")
        return not pattern and len(document.text) <= LARGEST and "\0" not in document.text

    def _note(self, journey: Journey) -> None:
        self.turns.append(journey.turn(self._clock()))
        self.tally[journey.outcome] += 1

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
        """Take new settings; engines are given back and found anew only if theirs have changed."""
        before, self.config = self.config, config
        if before.runtime == config.runtime:
            return
        await self._fleet.aclose()
        self._fleet = Fleet(config, self._tell, self._clock, runtimes.build(config))
        self._cache = Cache()
        await self.start()

    async def aclose(self) -> None:
        """Stop what runs and give the engines back."""
        for path in list(self._open):
            self.closed(path)
        await self._fleet.aclose()


def _prompts() -> dict[str, str]:
    """The files of prompts/ by the names of their tasks."""
    found = (file for file in files("prompts").iterdir() if file.name.endswith(".md"))
    return {file.name.removesuffix(".md"): file.read_text(encoding="utf-8") for file in found}
