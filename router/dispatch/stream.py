"""An answer that streams: loaded for, waited for, interrupted and gone on with, and heard by all who asked the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager
from typing import TypeAlias

from msgspec.structs import replace

import router
from router.dispatch.fleet import Fleet
from router.dispatch.pieces import Reader
from router.dispatch.schedule import Interrupted, Place
from router.ledger import Journey, Ledger
from router.types import Call, Delta, Request, Route, Task, Timing

Make: TypeAlias = Callable[[Route], Call]
Item: TypeAlias = "Delta | Timing"
Clock: TypeAlias = Callable[[], float]


class Answer:
    """One answer in the making, from its first turn to its last; `begun` is when that first one came.

    Its prompt is read in pieces, so that no keystroke is answered beside all of it; the engine's cache keeps them.
    What was interrupted goes on where it stopped. What a schema binds begins anew instead, for no engine goes on with
    half of it; so it is heard when it is whole.
    """

    def __init__(self, fleet: Fleet, place: Place, reader: Reader, clock: Clock, ledger: Ledger) -> None:
        self.begun = 0.0
        self.works: list[int] = []  # what the ledger calls its stints
        self._fleet, self._place, self._clock, self._ledger = fleet, place, clock, ledger
        self._call, self._reader = reader.call, reader
        self._said: list[Item] = []
        self._bound: list[Item] = []
        self._failure: router.SwitchyardError | None = None
        self._news = asyncio.Event()
        self._listeners = 0
        self._stopped = False
        self.task = asyncio.get_running_loop().create_task(self._make())

    async def heard(self) -> AsyncGenerator[Item, None]:
        """All of it. The model stops when the last who listens leaves. Raises RuntimeFailure, Superseded."""
        self._listeners += 1
        at = 0
        try:
            while at < len(self._said) or not self.task.done():
                if at == len(self._said):
                    await self._news.wait()
                else:
                    yield self._said[at]
                    at += 1
        finally:
            self._listeners -= 1
            if not self._listeners:
                self.stop()
        if self._failure is not None:
            raise self._failure
        if self.task.done() and not self.task.cancelled():
            self.task.result()  # an error of our own is not a silence

    def stop(self) -> None:
        """Nobody wants it any more."""
        self._stopped = True
        self.task.cancel()

    async def _make(self) -> None:
        try:
            while not await self._stint():
                pass
        except router.SwitchyardError as failure:
            self._failure = failure
        finally:
            if self._stopped and self._failure is None:
                self._failure = router.Superseded("It was given up.")
            self._fleet.schedule.leave(self._place)
            self._news.set()

    async def _stint(self) -> bool:
        """Answer for one turn; whether that was the last."""
        try:
            working = self._ledger.working(self._call.route.runtime)
            async with self._fleet.schedule.stint(self._place), working as work:
                self.works.append(work)
                self.begun = self.begun or self._clock()
                if not self._said:
                    await self._read()
                async with aclosing(self._fleet.generate(self._rest(), watched=False)) as stream:
                    async for item in stream:
                        self._fleet.schedule.spoke(self._place)
                        self._hear(item)
        except Interrupted:
            self._bound.clear()
            return self._stopped
        self._say(*self._bound)
        return True

    async def _read(self) -> None:
        """Have the prompt read, but for its last piece."""
        schedule, reader = self._fleet.schedule, self._reader
        while piece := reader.piece(schedule.rested()):
            async with aclosing(self._fleet.generate(piece, watched=False)) as stream:
                async for item in stream:
                    if isinstance(item, Timing):
                        reader.heard(piece, item)
            schedule.spoke(self._place)

    def _rest(self) -> Call:
        """What is still to be asked; about a token comes with each stretch."""
        begun = "".join(item.text for item in self._said if isinstance(item, Delta))
        return replace(self._call, begun=begun, max_tokens=max(1, self._call.max_tokens - len(self._said)))

    def _hear(self, item: Item) -> None:
        if isinstance(item, Timing):
            item = self._reader.account(item)
        if self._call.schema:
            self._bound.append(item)
        elif isinstance(item, Timing):
            self._say(replace(item, answer_tokens=max(item.answer_tokens, len(self._said))))
        else:
            self._say(item)

    def _say(self, *items: Item) -> None:
        self._said += items
        self._news.set()
        self._news = asyncio.Event()


class Streams:
    """The answers that stream now."""

    def __init__(self, clock: Clock, ledger: Ledger) -> None:
        self._clock, self._ledger = clock, ledger
        self._answers: dict[Place, Answer] = {}
        self._paces: dict[str, float] = {}

    async def ask(self, fleet: Fleet, task: Task, journey: Journey, key: str, make: Make) -> AsyncGenerator[Item, None]:
        """What the task's model says to the call that `make` makes for its route. Raises RuntimeFailure, Superseded."""
        call = await _called(fleet, task, make)
        route = journey.route = call.route
        answer = self._answer(fleet, task, journey.request, key, call)
        try:
            async with aclosing(answer.heard()) as stream:
                async for item in stream:
                    journey.first = journey.first or self._clock()
                    if isinstance(item, Timing):
                        journey.timing, journey.outcome = item, "shown"
                    yield item
        except router.RuntimeFailure as failure:
            fleet.missed(route, failure)
            raise
        finally:
            journey.begun, journey.works = answer.begun, answer.works
            fleet.restore()

    def _answer(self, fleet: Fleet, task: Task, request: Request, key: str, call: Call) -> Answer:
        """A new one, or the one that somebody else waits for already."""
        place = fleet.schedule.enter(
            task.lane, key, call.route, same=call, resumes=not call.schema, consent=request.consent
        )
        place = place.twin or place
        if place not in self._answers:
            self._answers[place] = Answer(fleet, place, Reader(call, self._paces), self._clock, self._ledger)
            self._answers[place].task.add_done_callback(lambda task: self._answers.pop(place))
        return self._answers[place]

    def stop(self) -> None:
        """Give all of them up."""
        for answer in list(self._answers.values()):
            answer.stop()


async def _called(fleet: Fleet, task: Task, make: Make) -> Call:
    """The call for the task's route; for a wider one, if it is too long for that. Raises RuntimeFailure, TooLong."""
    call = make(await fleet.routed(task))
    wide = await fleet.routed(task, await fleet.tokens(call))
    return call if wide == call.route else make(wide)


@contextmanager
def accounted(ledger: Ledger, journey: Journey, clock: Clock) -> Iterator[None]:
    """However a journey ends, the ledger gets its line."""
    try:
        yield
    except router.Superseded:
        journey.outcome = "superseded"
        raise
    except router.SwitchyardError as failure:
        journey.outcome, journey.why = "failed", type(failure).__name__
        raise
    except (asyncio.CancelledError, GeneratorExit):
        journey.outcome = "cancelled"
        raise
    finally:
        ledger.close(journey, clock())
