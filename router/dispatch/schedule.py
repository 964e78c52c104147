"""Carries out what `policy.decide` says, and asks it again whenever something comes, goes, is loaded or is due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from functools import partial

from msgspec.structs import replace

from router import Superseded, SwitchyardError
from router.dispatch.loads import Loads, evicts, named
from router.dispatch.policy import Decision, Job, decide, joined
from router.types import Lane, Route

# An answer that keystrokes have kept waiting for `LONG` seconds in sum is left alone until it has run for `SPARED` and
# got on: a twentieth of the keystrokes feel it, which a 95th percentile does not. One that was interrupted before that
# is left alone until it has got on: a slow model would else begin at each pause and never get anywhere.
LONG, SPARED = 20.0, 1.0
_STALE = "A newer request took its place."


class Interrupted(SwitchyardError):
    """It made room for a keystroke's answer, and is to wait for its next turn; never shown to anybody."""


class Place:
    """A job's place in the queue, from its first turn to its last; `route` is None where no model is needed."""

    def __init__(self, job: Job, route: Route | None, now: float) -> None:
        self.job, self.route = job, route
        self.twin: Place | None = None
        self.spoke = False  # whether it has got on in this turn: said a word, or read a piece of its prompt
        self._vain = False  # whether it was interrupted before it had
        self._since, self._waited = now, 0.0
        self._spared: float | None = None
        self._why: BaseException | None = None
        self._task: asyncio.Task[object] | None = None
        self._begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def waits(self, now: float) -> bool:
        """It is to have a turn; whether that is another one than the first. Raises what took the place away."""
        self.check()
        self._task = asyncio.current_task()
        if self.job.state != "leaving":
            return False
        self.job = replace(self.job, state="waiting")
        self._since, self._begun = now, asyncio.get_running_loop().create_future()
        return True

    async def begun(self) -> None:
        """Its turn has come. Raises what took the place away."""
        await self._begun
        self.check()

    def check(self) -> None:
        """Raises what took the place, or only this turn, away."""
        if self._why is not None:
            why, self._why = self._why, None
            raise why

    def starts(self, now: float) -> None:
        """Its turn has come."""
        self._waited += now - self._since
        self._spared, self.spoke = None, False
        if self._waited >= LONG:
            self._waited, self._spared = 0.0, now
        self.job = replace(self.job, state="running")
        self._wake()

    def stops(self, why: BaseException) -> None:
        """Its turn is over, or will not come; who works in it is cancelled, and hears why."""
        running, self._why = self.job.state == "running", why
        self._vain = running and not self.spoke
        self.job = replace(self.job, state="leaving")
        self._wake()
        if running and self._task is not None:
            self._task.cancel()

    def ends(self) -> None:
        """Its turn was used."""
        self.job = replace(self.job, state="leaving")

    def loaded(self, now: float) -> None:
        """Only from now on is it a keystroke's fault that it waits."""
        self._since = now

    def spared(self, now: float) -> bool:
        """Whether it has waited for so long, or so much in vain, that no keystroke interrupts it."""
        if self.job.state == "waiting":
            return self._waited + now - self._since >= LONG
        if self._vain and not self.spoke:
            return True
        return self._spared is not None and (now - self._spared < SPARED or not self.spoke)

    def due(self, now: float) -> float:
        """In how many seconds it begins, or ceases, to be spared; not positive: not in the time to come."""
        if self.job.state == "waiting":
            return self._since + LONG - self._waited - now
        return self._spared + SPARED - now if self._spared is not None else 0.0

    def _wake(self) -> None:
        if not self._begun.done():
            self._begun.set_result(None)


class Scheduler:
    """The queue for one machine; background work begins after `quiet` seconds without a key."""

    def __init__(self, loads: Loads, clock: Callable[[], float], quiet: float = 0.0) -> None:
        self.quiet = quiet
        self._loads, self._clock = loads, clock
        self._places: dict[int, Place] = {}
        self._last = 0
        self._typed = float("-inf")
        self._alarm: asyncio.TimerHandle | None = None

    def typed(self) -> None:
        """A key was typed."""
        self._typed = self._clock()

    def rested(self) -> float:
        """Seconds since the last key."""
        return self._clock() - self._typed

    @asynccontextmanager
    async def turn(
        self, lane: Lane, key: str, route: Route | None = None, *, brief: bool = False
    ) -> AsyncIterator[None]:
        """The one turn of a job that is not resumed, while the context lasts. Raises Superseded, and in the background
        Interrupted."""
        place = self.enter(lane, key, route, resumes=False, brief=brief)
        try:
            async with self.stint(place):
                yield
        finally:
            self.leave(place)

    async def bring(self, route: Route) -> None:
        """Wait until the route's model is in memory. Raises RuntimeFailure."""
        place = self.enter("typing", f"load {self._last}", route, resumes=False, load=True)
        try:
            async with self.stint(place):
                return
        finally:
            self.leave(place)

    def enter(
        self,
        lane: Lane,
        key: str,
        route: Route | None = None,
        *,
        same: Hashable = None,
        resumes: bool = True,
        load: bool = False,
        brief: bool = False,
        consent: bool = False,
    ) -> Place:
        """A place in the queue, to be left in the end; with a `twin` it is that one's place that counts."""
        self._last += 1
        slots = route.slots if route else 1
        job = Job(self._last, lane, key, named(route), slots, same, resumes=resumes, load=load, consent=consent)
        job = replace(job, brief=brief)
        place = self._places[self._last] = Place(job, route, self._clock())
        if lane == "typing" and not load:
            self.typed()
        self._settle()
        return place

    @asynccontextmanager
    async def stint(self, place: Place) -> AsyncIterator[None]:
        """Wait for a turn, which lasts as long as the context; the task inside is cancelled if it is taken away.

        Raises Interrupted when it is to wait for another turn, and when there will be none, why: Superseded, or the
        RuntimeFailure that kept its model from being loaded.
        """
        try:
            if place.waits(self._clock()):
                self._settle()
            await place.begun()
            yield
        except asyncio.CancelledError:
            place.check()
            raise
        finally:
            place.ends()

    def spoke(self, place: Place) -> None:
        """The job has got on: now it can make room, if it did not before."""
        if not place.spoke:
            place.spoke = True
            self._settle()

    def leave(self, place: Place) -> None:
        """The job is done, or given up."""
        self._places.pop(place.job.number, None)
        self._settle()

    def _settle(self) -> None:
        """Decide, and carry it out."""
        now = self._clock()
        jobs = [self._job(place, now) for place in self._places.values()]
        decision = decide(jobs, quiet=self._quiet(now) <= 0, loading=self._loads.busy)
        self._share(decision)
        for number in decision.drop:
            self._places.pop(number).stops(Superseded(_STALE))
        for number in decision.refuse:
            place = self._places.pop(number)
            place.stops(self._loads.refusal(_route(place)))
        for number in decision.hold:
            self._places[number].stops(Interrupted("It makes room for a keystroke."))
        for number in decision.start:
            self._places[number].starts(now)
        if decision.load is not None:
            route = _route(self._places[decision.load])
            self._loads.begin(route).add_done_callback(partial(self._loaded, route))
        self._set_alarm(now)

    def _share(self, decision: Decision) -> None:
        """Who is equal to somebody older has no place of its own any more."""
        for number, first in decision.join:
            newer, older = self._places.pop(number), self._places[first]
            newer.twin, older.job = older, joined(older.job, newer.job)

    def _job(self, place: Place, now: float) -> Job:
        """The job as it stands now: whether its model is there, and whether it has waited for very long."""
        job, route = place.job, place.route
        if job.state != "waiting" or route is None or not job.model or self._loads.holds(route):
            return job if job.lane == "typing" else replace(job, spared=place.spared(now))
        moves = self._loads.moves(route)
        consent = self._loads.swap == "always" or (job.consent and self._loads.swap == "ask")
        unloads = tuple(map(named, moves.unload))
        return replace(job, ready=False, unloads=unloads, evicts=evicts(moves), consent=consent)

    def _loaded(self, route: Route, task: asyncio.Task[None]) -> None:
        """A load has ended: who waited for this model gets it, or hears why not."""
        failure = Superseded(_STALE) if task.cancelled() else task.exception()
        now = self._clock()
        for number, place in list(self._places.items()):
            if place.job.state == "waiting":
                place.loaded(now)
                if failure is not None and place.job.model == named(route):
                    self._places.pop(number).stops(failure)
        self._settle()

    def _quiet(self, now: float) -> float:
        """In how many seconds it will have been quiet for long enough."""
        return self._typed + self.quiet - now

    def _set_alarm(self, now: float) -> None:
        """Decide again when something is due that no coming and going tells of."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        places = [place for place in self._places.values() if place.job.lane != "typing"]
        times = [self._quiet(now) if place.job.lane == "background" else place.due(now) for place in places]
        if soonest := min((time for time in times if time > 0), default=0.0):
            self._alarm = asyncio.get_running_loop().call_later(soonest, self._settle)


def _route(place: Place) -> Route:
    assert place.route is not None, "only a job with a route has a model to load"
    return place.route
