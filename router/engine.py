"""Router.ask: a request's whole journey, from a snapshot to what may be shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec.structs import replace

import router
from router import runtimes
from router.completing.layout import Layout, Prepared
from router.completing.suggestions import Suggestions
from router.config import Config
from router.context.gathering.view import Known, Spot
from router.context.syntax import Clock
from router.dispatch.fleet import Fleet, Planner, Tell
from router.dispatch.paces import Paces
from router.dispatch.planning import Planning
from router.dispatch.stream import Make, Streams, accounted
from router.jobs.asking import ANSWERS, Asking
from router.jobs.edited import Edits
from router.jobs.prompts import Prompts
from router.ledger import Journey, Ledger, Note
from router.models.types import Survey
from router.reviewing import memory
from router.reviewing.review import Reviewing
from router.runtimes.types import Runtime
from router.types import Answer, Change, Delta, Document, Piece, Request, Route, Span, Task, Timing
from router.workspace import noted
from router.workspace.desk import Desk
from router.workspace.gate import Gate, fit
from router.workspace.naming import Naming
from router.workspace.workspace import Workspace

if TYPE_CHECKING:
    from router.why import Why


class Router:
    """Gives each request to the engine that fits it; `engines` are those of the settings, unless given.

    `tell` hears what the user may want to know of them; `note`, in another thread, what is wrong with the ledger.
    `roots` are the folders of the workspace, whose ignore files count.
    """

    def __init__(
        self,
        config: Config,
        tell: Tell = lambda status: None,
        clock: Clock = time.monotonic,
        engines: Mapping[str, Runtime] | None = None,
        planner: Planner | None = None,
        note: Note = lambda sentence: None,
        roots: Sequence[str] = (),
    ) -> None:
        self.config = config
        self._prompts = Prompts(note)
        self.tasks = self._prompts.tasks()
        self.ledger = Ledger(config, note)
        self.paces = Paces()
        self._tell, self._clock = tell, clock
        self._planner = planner or Planning(self.paces, self.ledger.recent, note)
        self._fleet = self._manned(runtimes.build(config) if engines is None else engines)
        self._streams = Streams(clock, self.ledger)
        self._desk = Desk(clock)
        self._gate = Gate(config, roots, clock)
        self.workspace = Workspace(config, self._gate, self._desk, roots)
        self._layout = Layout(config, self.workspace, self.paces, clock)
        self._suggestions = self._suggesting()
        self.naming = Naming(roots, self._desk.documents, self.workspace.paths)
        self._asking = Asking(self.stream, self._routed, self._gate, self.paces, self.pieces, self.naming)
        self.reviews = Reviewing(
            self._asking, memory.here(), lambda: self.config.review, self._defines, self.naming.root
        )
        self._asking.review = self.reviews.ask
        self._asking.remembered = lambda it: self.ledger.close(Journey(it, None, self._clock()), self._clock())
        self._asking.edits = Edits(
            self._around,
            self._desk.document,
            self.workspace.shows,
            lambda: self.naming.roots,
            lambda: self.config.fix.check,
        )

    # What is open

    def opened(self, document: Document) -> None:
        """A document was opened; its first parse follows when the loop is idle."""
        self._gate.look(document)
        self._desk.opened(document)
        self.workspace.opened(document)

    def edited(self, document: Document, changes: Sequence[Change]) -> None:
        """`changes`, in order, made the text what it is in `document`; costs no parse."""
        self._fleet.schedule.typed()
        self._desk.edited(document, changes)
        self.workspace.edited(document, changes)

    def moved(self, document: Document, at: int) -> None:
        """The cursor of an open document is here and nothing is typed: its next prompt is read ahead."""
        self.workspace.trail.came(document.path, at)
        if self.config.complete.automatic and not self._gate.reason(document) and fit(document):
            request = Request("complete", document, Span(at, at))
            self._suggestions.warmth.moved(self._task(request), request)

    def closed(self, path: str) -> None:
        """A document was closed: whatever runs for it is stopped, whatever is kept of it is dropped."""
        self._suggestions.forget(path)
        self._fleet.excluded.pop(path, None)
        self.ledger.closed(path)
        self._desk.closed(path)
        self.workspace.closed(path)

    def entered(self, roots: Sequence[str]) -> None:
        """The workspace has these folders from now on."""
        self._gate.enter(roots)
        self.naming.roots = tuple(roots)
        self.workspace.over(roots)

    # The journey

    async def ask(self, request: Request) -> AsyncGenerator[Delta | Answer, None]:
        """Of a completion what may be shown at the cursor, best first; nothing is silence. Of any other task its
        answer, last, and before it what the model says, as it comes; where there is none, a Refusal says why.

        Raises Superseded when a newer request for the same document came, and BadTask for a task that there is not.
        An engine's failure is told, not raised.
        """
        task = self._task(request)
        if task.answer != "insertion":
            async with aclosing(self._asking.ask(task, await noted.worded(request, self.workspace))) as answer:
                async for item in answer:
                    yield item
            return
        if not await self._admitted(request.document):
            self._suggestions.stop(request.document.path)
            return
        async with aclosing(self._suggestions.ask(task, request)) as suggestions:
            async for suggestion in suggestions:
                yield suggestion

    def _task(self, request: Request) -> Task:
        if request.task != "complete":  # no keystroke looks on the disk
            self.tasks = self._prompts.tasks()
        if request.task not in self.tasks:
            raise router.BadTask(f"There is no task {request.task!r}; there are {', '.join(self.tasks)}.")
        task = self.tasks[request.task]
        if task.answer != "insertion" and not (task.body and task.answer in (*ANSWERS, "findings")):
            raise router.BadTask(f"{request.task} is planned for, and cannot be asked for yet.")
        most = self.config.complete.max_tokens
        return replace(task, max_tokens=min(task.max_tokens, most)) if task.answer == "insertion" else task

    async def pieces(self, request: Request, shown: str, budget: int, frames: Sequence[Spot] = ()) -> Sequence[Piece]:
        """What other files say that helps with a request, beside what is `shown`; in at most `budget` tokens.

        `frames` are those of a traceback, the innermost last; without any, those of the request's note.
        """
        if await self._gate.known(request.document):
            return ()
        frames = frames or await noted.frames(request.note, self.workspace)
        await self.workspace.fetch(request, [it.path for it in frames])
        return self.workspace.pieces(request, self.workspace.view(request, frames), shown, budget)

    async def choose(self, request: Request) -> None:
        """Choose what a completion's next prompt shows of other files, as is done while the user rests."""
        route = (await self._fleet.engine(request.document.language))[1]
        if route is not None and not await self._gate.known(request.document):
            await self._layout.choose(self._task(request), request, route, self._desk.kept(request.document))

    def _around(self, request: Request) -> Known:
        return self.workspace.view(request).index

    def _defines(self, request: Request, name: str) -> bool:
        return bool(self._around(request).defined(name))

    async def prepared(self, request: Request, after: Request | None = None) -> Prepared:
        """A completion's prompt as it would be sent after a pause, with what was left out of it, and why.

        Raises RuntimeFailure where no model completes, and SwitchyardError for a file that is kept out of prompts.
        """
        if why := await self._gate.known(request.document):
            raise router.SwitchyardError(f"This file is kept out of every prompt by {why}.")
        task = self._task(request)
        route = await self._fleet.completing(task, request.document.language)
        return await self._suggestions.prepared(task, request, route, after)

    async def why(self, request: Request, after: Request | None = None) -> Why:
        """The prompt of a request as it would be sent now, and why it is so; `after` is where the user was before.

        Raises SwitchyardError: nothing is sent, for the file is kept out of prompts or no model does the task.
        """
        from router import why

        if reason := await self._gate.known(request.document):
            raise router.SwitchyardError(f"This file is kept out of every prompt by {reason}.")
        task = self._task(request)
        if task.answer == "insertion":
            return why.of_completion(task, request, self.paces, await self.prepared(request, after))
        request = await noted.worded(request, self.workspace)
        return await why.of_job(task, request, self._asking, self.workspace, self.paces, self.pieces)

    async def slots(self, name: str) -> int:
        """How many requests of a task are answered at once; 1 where nobody answers any."""
        try:
            return (await self._routed(self.tasks[name])).slots
        except router.SwitchyardError:
            return 1

    async def kept_out(self, document: Document) -> str:
        """What keeps a document out of every prompt; empty: nothing does."""
        return await self._gate.known(document)

    async def _routed(self, task: Task) -> Route:
        return await self._fleet.routed(task)

    async def stream(self, request: Request, key: str, make: Make) -> AsyncGenerator[Delta | Timing, None]:
        """What the model of the request's task says to the call that `make` makes for its route, then one Timing.

        Its model is loaded first. It waits for its turn in the task's lane; while a keystroke is answered it makes
        room, and goes on after. Who asks the same while it is being said hears it from the beginning. `key` says what
        it is about: of the background's jobs only the newest per key is kept. Closing it stops the model, if nobody
        else listens. Raises RuntimeFailure, among them WouldEvict, and Superseded; nothing is said of a file that is
        kept out of prompts.
        """
        task = self.tasks[request.task]
        if await self._admitted(request.document):
            journey = Journey(request, None, self._clock())
            journey.outcome = "silent"
            with accounted(self.ledger, journey, self._clock):
                async with aclosing(self._streams.ask(self._fleet, task, journey, key, make)) as stream:
                    async for item in stream:
                        yield item

    async def _admitted(self, document: Document) -> bool:
        """Whether this document may be shown to an engine at all; says so where it may not."""
        why = await self._gate.known(document)
        self._fleet.exclude(document.path, f"This file is kept out of every prompt by {why}." if why else "")
        return not why and fit(document)

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
        self.config = self._gate.config = self._suggestions.config = self._layout.config = config
        self.workspace.configure(config)
        self.ledger.configure(config)
        if engines is None:
            if (config.models, config.machine, config.schedule) != (old.models, old.machine, old.schedule):
                await self._fleet.configure(config)
            return
        self._quieten()
        fleet, self._fleet = self._fleet, self._manned(engines)
        self._suggestions = self._suggesting()
        await fleet.aclose()
        await self.start()

    def _manned(self, engines: Mapping[str, Runtime]) -> Fleet:
        return Fleet(self.config, self._tell, self._clock, engines, self._planner, self.paces.heard, self.paces.tokens)

    def _suggesting(self) -> Suggestions:
        return Suggestions(self.config, self._fleet, self._desk, self._gate, self.ledger, self._layout, self._clock)

    def _quieten(self) -> None:
        """Whatever is being said stops."""
        self._streams.stop()
        for path in self._desk.paths():
            self._suggestions.stop(path)
        self._desk.stir()

    async def aclose(self) -> None:
        """Stop what runs and give the engines back."""
        self._streams.stop()
        for path in self._desk.paths():
            self.closed(path)
        await self.workspace.aclose()
        await self._gate.aclose()
        await self._fleet.aclose()
        self.reviews.memory.close()
        await asyncio.to_thread(self.ledger.end)
