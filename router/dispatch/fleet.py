"""The engines that are there: surveyed, planned with, their models loaded, their failures told and healed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

import router
from router.config import Config
from router.dispatch import loads
from router.dispatch.schedule import Scheduler
from router.models import families
from router.models.modest import modest, serves
from router.models.types import Survey
from router.runtimes.types import Runtime
from router.types import Call, Delta, Route, Status, Task, Timing

PATIENCE = 4.0  # seconds after which a keystroke may look again for a better engine; doubled by each failure in a row
LONGEST = 30.0
SILENT = 20.0  # seconds of waiting in a row, over all requests, after which an engine is taken to hang
_HUNG = "has said nothing for a long while; restart it, or take a smaller model with models.complete."
STAND_IN = Route("echo", "echo", families.PLAIN)

Tell: TypeAlias = Callable[[Status], None]
Wide: TypeAlias = "Callable[[Task, int], Route]"


class Planned(Struct, frozen=True):
    """What the plan says: a route per task, a sentence for each task that has none, what it takes to use a route.

    `wide` is the route for a task whose prompt has so many tokens; it raises TooLong where none is wide enough.
    """

    routes: Mapping[str, Route]
    regrets: Mapping[str, str] = {}
    moves: loads.Plan = loads.alone
    wide: Wide | None = None


Planner: TypeAlias = "Callable[[Sequence[Survey], Config], Awaitable[Planned]]"


class Fleet:
    """All engines that the settings allow; `tell` hears of each change of state once, never of each request.

    `routes` are the tasks that have one; `loads` is what is in memory, `schedule` whose turn it is. `heard` is told
    how each answer went; `estimate` says how many tokens a text is where the engine has no way to tell.
    """

    def __init__(
        self,
        config: Config,
        tell: Tell,
        clock: Callable[[], float],
        engines: Mapping[str, Runtime],
        planner: Planner,
        heard: Callable[[Call, Timing], object] = lambda call, timing: None,
        estimate: Callable[[Route, str], int] = lambda route, text: len(text) // 4,
    ) -> None:
        self.routes: dict[str, Route] = {}
        self.loads = loads.Loads(engines, clock, swap=config.machine.swap, tell=self._moved)
        self.schedule = Scheduler(self.loads, clock, config.schedule.quiet)
        self._config, self._tell, self._clock, self._planner = config, tell, clock, planner
        self._runtimes, self._heard, self._estimate = engines, heard, estimate
        self._wide: Wide | None = None
        self._regrets: Mapping[str, str] = {}
        self._status: Status | None = None
        self.excluded: dict[str, str] = {}  # the reasons that were told, by path
        self._surveyed = float("-inf")
        self._looked = asyncio.Event()
        self._patience = PATIENCE
        self._unheard = 0.0
        self._background: dict[str, asyncio.Task[None]] = {}
        self._closed = False

    @property
    def alone(self) -> bool:
        """Whether a model answers by itself, as far as is known: then nothing that `echo` said is shown any more."""
        route = self.route
        return route is not None and not (route.runtime == "echo" or modest(route)) and self.loads.holds(route)

    @property
    def stand_in(self) -> Runtime | None:
        """`echo`, if that is allowed."""
        return self._runtimes.get("echo")

    @property
    def route(self) -> Route | None:
        """The route of completion; None until the first survey is done, and where no engine can complete."""
        return self.routes.get("complete")

    async def routed(self, task: Task, tokens: int = 0) -> Route:
        """The route of a task, whose prompt has so many tokens; waits for the first plan, if that is being made.

        Raises ModelMissing with the way out, TooLong, Unreachable.
        """
        if self._surveyed > float("-inf"):
            await self._looked.wait()
        if task.name not in self.routes:
            sentence = f"No engine that is there has a model for {task.name}; `switchyard models` shows what there is."
            raise router.ModelMissing(self._regrets.get(task.name) or sentence)
        route = self._wide(task, tokens) if self._wide and tokens else self.routes[task.name]
        await self.loads.seen(route)
        return route

    async def completing(self, task: Task, language: str) -> Route:
        """The route of completion in a document of this language. Raises as `routed` does."""
        route = await self.routed(task)
        if not serves(route, language) and not self.stand_in:
            raise router.ModelMissing(f"{route.model} completes no {language}; set runtime.engine to auto.")
        return route if serves(route, language) else STAND_IN

    async def tokens(self, call: Call) -> int:
        """How many tokens a call's texts are: by the model's own tokenizer, where the engine offers it, else about."""
        texts = f"{call.system}{call.prompt}"
        counted = await self._runtimes[call.route.runtime].count(call.route, texts)
        return counted if counted >= 0 else self._estimate(call.route, texts)

    async def start(self) -> None:
        """Find the best engine and bring its model into memory. An engine's failure is told, not raised."""
        self._surveyed = self._clock()
        await self.loads.over()  # what is being loaded is neither free memory nor told of yet
        config = self._config
        try:
            found = await self._planner(await self.survey(), config)
        except router.BadConfig as error:
            found = Planned({}, {"complete": str(error)})
        if self._closed or config is not self._config:  # whoever gave other settings looks around for themselves
            self._looked.set()
            return
        self.routes, self._regrets, self.loads.plan = dict(found.routes), found.regrets, found.moves
        self._wide = found.wide
        self._looked.set()
        await asyncio.gather(*map(self._seen, self.routes.values()))
        if self.route:
            await self._load(self.route)
        else:
            self.say(Status("offline", self._regrets.get("complete", "")))

    async def configure(self, config: Config) -> None:
        """Take new settings for the same engines, and plan anew."""
        self._config, self.loads.swap, self.schedule.quiet = config, config.machine.swap, config.schedule.quiet
        await self.start()

    async def survey(self) -> list[Survey]:
        """What every engine says of itself, in the order of preference."""
        return list(await asyncio.gather(*map(_survey, self._runtimes.values())))

    async def engine(self, language: str) -> tuple[Runtime | None, Route | None]:
        """Who answers a keystroke in this language now: the route's engine if its model is loaded, else `echo`, if any.

        Waits for nothing but one quick question to the engine; what is slow goes on in the background.
        """
        route = self.route
        if route is None or route.runtime == "echo" or modest(route):
            self._look_again()
        if route is not None and serves(route, language):
            runtime = self._runtimes[route.runtime]
            try:
                if await self.loads.seen(route):
                    return runtime, route
                self.restore()
            except router.RuntimeFailure as failure:
                self._lost(runtime, failure)
        return self.stand_in, STAND_IN if self.stand_in else None

    def restore(self) -> None:
        """The model that completes comes back, if it is not there, as soon as nobody's answer would suffer."""
        route = self.route
        if route and not self.loads.holds(route) and self.loads.rested(route):
            self._spawn("load", self._load(route))

    def failed(self, runtime: Runtime, failure: router.RuntimeFailure) -> None:
        """An answer failed. What concerns that one answer only is not worth a word; else the engine is lost."""
        if not isinstance(failure, (router.Busy, router.Incomplete, router.PromptCut)):
            self._lost(runtime, failure)

    def missed(self, route: Route, failure: router.RuntimeFailure) -> None:
        """An answer other than a completion failed; who asked hears that. Completion is lost with its engine only."""
        if isinstance(failure, router.Unreachable) and self.route and self.route.runtime == route.runtime:
            self._lost(self._runtimes[route.runtime], failure)

    async def generate(self, call: Call, *, watched: bool = True) -> AsyncGenerator[Delta | Timing, None]:
        """What the engine says, to its end. Raises RuntimeFailure; an end without a Timing is one, too.

        `watched`: the wait for its first word tells whether the engine hangs.
        """
        runtime, began, heard, ended = self._runtimes[call.route.runtime], self._clock(), False, False
        try:
            async with aclosing(runtime.generate(call)) as stream:
                async for item in stream:
                    heard, ended = True, isinstance(item, Timing)
                    if isinstance(item, Timing):
                        self._heard(call, item)
                    yield item
        finally:
            if watched:
                self._waited(runtime, 0.0 if heard else self._clock() - began)
        if not ended:
            raise router.Incomplete(f"{runtime.name} broke off in the middle of an answer; it will be asked again.")

    def _waited(self, runtime: Runtime, seconds: float) -> None:
        """A request waited so long for a first word that did not come; 0: it came.

        Keystrokes supersede each other before one runs into a timeout; only together do they tell a hung engine.
        """
        self._unheard = self._unheard + seconds if seconds else 0.0
        if self._unheard > SILENT:
            self._unheard = 0.0
            self._lost(runtime, router.Unreachable(f"{runtime.name} {_HUNG}"))

    def _lost(self, runtime: Runtime, failure: router.RuntimeFailure) -> None:
        """An engine can't be used: say it once, look around again, and each time later."""
        self.routes.pop("complete", None)
        self.loads.lost(runtime.name)
        self.say(Status("offline", str(failure), runtime.name))
        self._look_again()
        self._patience = min(LONGEST, 2 * self._patience)

    def say(self, status: Status) -> None:
        """Tell of the engine's state, unless it is the one that was told last."""
        if status != self._status and not self._closed:
            self._status = status
            self._tell(status)

    def exclude(self, path: str, reason: str) -> None:
        """A document gets no request, for this reason; without one, the engine's own state counts for it again."""
        if reason != self.excluded.get(path, ""):
            self.excluded[path] = reason
            if status := Status("excluded", reason) if reason else self._status:
                self._tell(replace(status, path=path))

    async def aclose(self) -> None:
        """Stop what goes on in the background and give every engine back."""
        self._closed = True
        for task in list(self._background.values()):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._background.clear()
        await self.loads.aclose()
        for runtime in list(self._runtimes.values()):
            await runtime.aclose()

    async def _load(self, route: Route) -> None:
        runtime = self._runtimes[route.runtime]
        try:
            if not await self.loads.seen(route):
                await self.schedule.bring(route)
            self.say(Status("ready", route.why, route.runtime))
            self._patience = PATIENCE
        except router.Superseded:
            pass  # the engines are being given back
        except router.RuntimeFailure as failure:
            self._lost(runtime, failure)

    async def _seen(self, route: Route) -> None:
        with suppress(router.RuntimeFailure):
            await self.loads.seen(route)

    def _moved(self, route: Route, moves: loads.Moves | None) -> None:
        """A load begins, or has ended: then what counts is whether the model that completes is there."""
        if moves is None:
            if self.route and self.loads.holds(self.route):
                self.say(Status("ready", self.route.why, self.route.runtime))
            elif self.route and self.loads.holds(route):
                after = f"{route.model} is at work; {self.route.model} comes back when it is done."
                self.say(Status("loading", after, self.route.runtime))
            return
        why = f"Loading {route.model}"
        if self.loads.pushed_out(route):
            why = f"{route.model} left memory, by another program or a restart of its engine; loading it again"
        span = f", which takes about {moves.seconds:.0f} s" if moves.seconds >= 1 else ""
        self.say(Status("loading", f"{why}{span}.", route.runtime))

    def _look_again(self) -> None:
        if self._clock() - self._surveyed > self._patience:
            self._spawn("start", self.start())

    def _spawn(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Run something in the background, once at a time; no keystroke's cancellation reaches it."""
        running = self._background.get(name)
        if self._closed or (running is not None and not running.done()):
            work.close()
            return
        self._background[name] = asyncio.get_running_loop().create_task(work)


async def _survey(runtime: Runtime) -> Survey:
    try:
        return Survey(runtime.name, tuple(await runtime.models()))
    except router.SwitchyardError as failure:
        return Survey(runtime.name, error=str(failure))
