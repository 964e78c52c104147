"""Which models are in memory: brought there one at a time, in the plan's order, by nobody's request in particular."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol, TypeAlias

from msgspec import Struct

from router import ModelMissing, Refused, RuntimeFailure, WouldEvict
from router.config import Swap
from router.models.weights import weights
from router.runtimes.types import Runtime
from router.types import Route

AGAIN = 4.0  # seconds before a model that others push out is loaded the second time; doubled by each further time
LONGEST = 300.0
FORGOTTEN = 1800.0  # seconds without being pushed out, after which it counts as the first time


class Moves(Protocol):
    """What it takes to use a route: unload these, then load those, in this order, which takes so many `seconds`.

    For `gap` of them the model that completes is not there; `stranded`: nor is it after, beside the route's.
    """

    @property
    def unload(self) -> tuple[Route, ...]: ...
    @property
    def load(self) -> tuple[Route, ...]: ...
    @property
    def seconds(self) -> float: ...
    @property
    def gap(self) -> float: ...
    @property
    def stranded(self) -> bool: ...


class Alone(Struct, frozen=True):
    """Moves of a plan that leaves room to the engine."""

    load: tuple[Route, ...] = ()
    unload: tuple[Route, ...] = ()
    seconds: float = 0.0
    gap: float = 0.0
    stranded: bool = False


Plan: TypeAlias = Callable[[Route, Sequence[Route]], Moves]
Tell: TypeAlias = "Callable[[Route, Moves | None], None]"


def alone(route: Route, loaded: Sequence[Route]) -> Moves:
    """The moves where there is no plan: load it."""
    return Alone((route,))


def evicts(moves: Moves) -> bool:
    """Whether the model that completes is pushed out, for a while or for good."""
    return moves.gap > 0 or moves.stranded


class Loads:
    """The weights in memory, over all engines. `plan` says what it takes to bring others.

    `tell` hears of each load twice: with its moves when it begins, with None when it has ended.

    At most one load is under way. It belongs to a task of its own: callers share it, and none of them can cancel it,
    for Ollama gives a load up when its requester leaves (server/sched.go).
    """

    def __init__(
        self,
        engines: Mapping[str, Runtime],
        clock: Callable[[], float],
        plan: Plan = alone,
        swap: Swap = "ask",
        tell: Tell = lambda route, moves: None,
    ) -> None:
        self.plan, self.swap = plan, swap
        self._engines, self._clock, self._tell = engines, clock, tell
        self._held: dict[str, Route] = {}
        self._leaving: set[str] = set()  # engines say that these are there until they have gone
        self._evicted: dict[str, tuple[int, float]] = {}  # how often others pushed it out, and when
        self._task: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        """Whether a load is under way."""
        return self._task is not None and not self._task.done()

    def holds(self, route: Route) -> bool:
        """Whether the route's model is in memory, as far as is known."""
        return named(route) in self._held

    async def seen(self, route: Route) -> bool:
        """Whether the engine says that the route's model is in memory. Raises RuntimeFailure."""
        name, held = named(route), self.holds(route)
        ready = await self._engines[route.runtime].ready(route)
        if ready and name not in self._leaving:
            self._held[name] = route
        elif held and (gone := self._held.pop(name, None)) and gone.keep < 0:
            times, at = self._evicted.get(name, (0, 0.0))
            now = self._clock()
            self._evicted[name] = (times + 1 if now - at < FORGOTTEN else 1, now)
        return self.holds(route)

    def lost(self, engine: str) -> None:
        """An engine is gone, and what it held with it: nobody has pushed that out."""
        for name in [name for name, route in self._held.items() if route.runtime == engine]:
            del self._held[name]

    def pushed_out(self, route: Route) -> bool:
        """Whether somebody else has pushed the model out of memory lately, though it was to stay."""
        return not self.holds(route) and named(route) in self._evicted

    def rested(self, route: Route) -> bool:
        """Whether it may be loaded again: two programs that push out each other's models get nothing done."""
        times, at = self._evicted.get(named(route), (0, 0.0))
        return times < 2 or self._clock() - at >= min(LONGEST, AGAIN * 2.0 ** (times - 2))

    def moves(self, route: Route) -> Moves:
        """What it takes to bring the route's model into memory."""
        return self.plan(route, tuple(self._held.values()))

    def refusal(self, route: Route) -> RuntimeFailure:
        """Why a model is not loaded that would push out the one that completes, with the way out."""
        moves = self.moves(route)
        what = f"{route.model} would unload the model that completes"
        if self.swap == "never":
            return Refused(f"{what}, and machine.swap is never; take a smaller model, or set it to ask or always.")
        span = f" for about {moves.gap:.0f} s" if moves.gap and not moves.stranded else " until it is done"
        return WouldEvict(f"{what}{span}; ask again with consent, or set machine.swap to always.")

    def begin(self, route: Route) -> asyncio.Task[None]:
        """Carry out what the plan says; to be called only while none is `busy`."""
        moves = self.moves(route)
        self._leaving = set(map(named, moves.unload))
        for name in self._leaving:
            self._held.pop(name, None)
        self._tell(route, moves)
        self._task = asyncio.get_running_loop().create_task(self._carry_out(route, moves))
        return self._task

    async def _carry_out(self, route: Route, moves: Moves) -> None:
        try:
            await self._move(route, moves)
        finally:
            self._leaving = set()
            self._tell(route, None)

    async def _move(self, route: Route, moves: Moves) -> None:
        for gone in moves.unload:
            with suppress(ModelMissing):  # it was deleted meanwhile
                await self._engines[gone.runtime].unload(gone)
        for wanted in moves.load if named(route) in map(named, moves.load) else (*moves.load, route):
            runtime = self._engines[wanted.runtime]
            if not await runtime.ready(wanted):
                await runtime.load(wanted)
            self._leaving.discard(named(wanted))
            self._held[named(wanted)] = wanted

    async def over(self) -> None:
        """Wait until no load is under way."""
        while self._task is not None and not self._task.done():
            await asyncio.wait([self._task])

    async def aclose(self) -> None:
        """Give up what is being loaded."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])


def named(route: Route | None) -> str:
    """What tells a route's model from all others; empty for what needs none."""
    return "" if route is None or route.runtime == "echo" else "/".join(weights(route))
