"""Router.ask: a request's whole journey, from a snapshot to what may be shown."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from importlib.resources import files

import router
from router import answers, runtimes, tasks
from router.cache import Cache
from router.config import Config
from router.context import privacy, window
from router.context.syntax import LARGEST, Clock, Syntax
from router.fleet import Fleet, Tell
from router.models import families
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
    Status,
    Task,
    Timing,
    Turn,
)

RESTED = 1.0  # seconds without a request after which a longer evaluation is least felt
_PLAIN_REACH = 400_000  # code points of the open file that an engine without a window sees
_IDLE = 0.01  # seconds after an edit at which the tree is brought up to date, off the keystroke's way


class Open:
    """What is kept of one open document between requests."""

    def __init__(self, document: Document, clock: Clock) -> None:
        self.syntax = Syntax(document.language, document.text, clock)
        self.window: window.Window | None = None
        self.asked = float("-inf")
        self.refresh: asyncio.TimerHandle | None = None


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
        elif len(changes) == 1:
            kept.syntax.edited(changes[0], document.text)
            self._refresh_soon(kept)
        elif changes:
            kept.syntax = Syntax(document.language, document.text, self._clock)
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
        def refresh() -> None:
            kept.refresh = None
            kept.syntax.refresh()

        if kept.refresh is None:
            kept.refresh = asyncio.get_running_loop().call_later(_IDLE, refresh)

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
            self._note(request, None, "cached", began)
            return
        insertion = await self._complete(task, request, began)
        if insertion and insertion.text not in shown:
            self._cache.suggested(document, at, insertion.text)
            yield insertion

    def _task(self, request: Request) -> Task:
        if request.task not in self.tasks:
            raise router.BadTask(f"There is no task {request.task!r}; there are {', '.join(self.tasks)}.")
        return self.tasks[request.task]

    async def _complete(self, task: Task, request: Request, began: float) -> Insertion | None:
        """What the engine suggests, through every filter; None when there is nothing to show."""
        runtime, route = await self._fleet.engine()
        if runtime is None or route is None:
            return None
        call = self._call(task, request, route)
        said = self._cache.answers.get(call)
        outcome: Outcome = "silent" if said is None else "cached"
        try:
            if said is None:
                async with self._schedule.turn(task.lane, request.document.path) as ticket:
                    said = await self._say(request, runtime, call, ticket)
                self._cache.answers.put(call, said)
            insertion = answers.insertion(request.document.text, request.span.start, said)
            outcome = "shown" if insertion and outcome == "silent" else outcome
        except router.RuntimeFailure as failure:
            insertion, outcome = None, "failed"
            self._fleet.failed(runtime, failure)
        except router.Superseded:
            outcome = "superseded"
            raise
        except (asyncio.CancelledError, GeneratorExit):
            outcome = "cancelled"
            raise
        finally:
            self._note(request, route, outcome, began)
        return insertion

    async def _say(self, request: Request, runtime: Runtime, call: Call, ticket: Ticket) -> str:
        """What the engine says until its first block is whole. Raises RuntimeFailure, Superseded."""
        said, timing = "", None
        async with aclosing(ticket.follow(runtime.generate(call))) as stream:
            async for item in stream:
                if isinstance(item, Timing):
                    timing = item
                    continue  # to the stream's end, so that the connection can be used again
                said += item.text
                if "\n" in item.text and (enough := self._enough(request, said)) is not None:
                    return said[:enough]
        if timing is None:
            raise router.Incomplete(f"{runtime.name} broke off in the middle of an answer; it will be asked again.")
        if timing.ended == "limit":
            said = said[: said.rfind("\n") + 1]
        enough = self._enough(request, said + "\n")
        return said if enough is None else said[:enough]

    def _enough(self, request: Request, said: str) -> int | None:
        """How much of what was said so far is enough, or None: let it go on."""
        text, at = request.document.text, request.span.start
        kept = self._open.get(request.document.path)
        whole = kept.syntax.whole(at, said) if kept else None
        if whole is not None:
            return whole
        balanced = answers.balanced(text[max(0, at - 4000) : at], text[at : at + 4000], said)
        if len(balanced) < len(said.rstrip()):
            return len(balanced)
        lines = said.split("\n")
        if len(lines) > self.config.complete.max_lines:
            return len("\n".join(lines[: self.config.complete.max_lines]))
        return None

    def _call(self, task: Task, request: Request, route: Route) -> Call:
        """The call for a completion: everything in it has passed the gate."""
        text, at = request.document.text, request.span.start
        limit = min(task.max_tokens, self.config.complete.max_tokens)
        family = families.table()[route.family]
        kept = self._open.setdefault(request.document.path, Open(request.document, self._clock))
        now = self._clock()
        rested, kept.asked = now - kept.asked >= RESTED, now
        if route.family == families.PLAIN:
            before, after = text[max(0, at - _PLAIN_REACH) : at], text[at : at + _PLAIN_REACH]
            return Call(route, privacy.clean(before), privacy.clean(after), max_tokens=limit)
        kept.window = window.slide(kept.window, text, at, rested=rested)
        parts = (kept.window.prefix, kept.window.suffix, kept.window.middle)
        return Call(route, family.prompt(*map(privacy.clean, parts)), max_tokens=limit, stop=family.stop)

    def _admitted(self, document: Document) -> bool:
        """Whether this document may be shown to an engine at all; says so where it may not."""
        pattern = privacy.excluded(document.path, self.config.privacy.exclude)
        if pattern:
            self._fleet.say(Status("excluded", f"This file is kept out of every prompt (by {pattern})."))
        return not pattern and len(document.text) <= LARGEST and "\0" not in document.text

    def _note(self, request: Request, route: Route | None, outcome: Outcome, began: float) -> None:
        turn = Turn(
            task=request.task,
            engine=route.runtime if route else "",
            model=route.model if route else "",
            outcome=outcome,
            total_ms=(self._clock() - began) * 1000,
        )
        self.turns.append(turn)
        self.tally[outcome] += 1

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
