"""Whose turn it is: `decide` says so purely, `Scheduler` carries it out and asks again on every exit.

Runtimes are first in, first out, and never say no; priorities, replacement and pre-emption are ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import msgspec
from msgspec.structs import replace

from router import Superseded
from router.types import Lane

_RANK: dict[Lane, int] = {"typing": 0, "attended": 1, "background": 2}


class Job(msgspec.Struct, frozen=True):
    """One request for an engine; a higher `number` came later. `key` says what it is about: a document, mostly."""

    number: int
    lane: Lane
    key: str
    running: bool = False


class Decision(msgspec.Struct, frozen=True):
    """The numbers of the jobs to start now and of those to drop."""

    start: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()


def decide(jobs: Sequence[Job], slots: int) -> Decision:
    """Which jobs start and which are dropped, where `slots` may run at once.

    - The newest keystroke per document wins: older ones are dropped, waiting or running.
    - Typing is served first, then what somebody waits for, then the background; each in the order of arrival.
    - Background work waits while anybody types, and gives its slot to whoever types or waits.
    - What somebody waits for is never dropped.
    """
    newest = {job.key: job.number for job in sorted(jobs, key=_number) if job.lane == "typing"}
    stale = [job for job in jobs if job.lane == "typing" and newest[job.key] != job.number]
    alive = [job for job in jobs if job not in stale]
    running = [job for job in alive if job.running]
    waiting = sorted((job for job in alive if not job.running), key=lambda job: (_RANK[job.lane], job.number))
    evicted: list[Job] = []
    started: list[Job] = []
    for job in waiting:
        if job.lane == "background" and any(other.lane == "typing" for other in alive):
            continue
        if len(running) + len(started) >= slots:
            victim = max((job for job in running if job.lane == "background"), key=_number, default=None)
            if victim is None or job.lane == "background":
                continue
            running.remove(victim)
            evicted.append(victim)
        started.append(job)
    return Decision(tuple(map(_number, started)), tuple(map(_number, (*stale, *evicted))))


def _number(job: Job) -> int:
    return job.number


class Place:
    """A job's place in the queue; it belongs to the task that waits for it, and that has it once it has `begun`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.current_task()

    def drop(self) -> None:
        """Take the turn away: a wait for it ends with Superseded, work that has begun is cancelled."""
        if not self.begun.done():
            self.begun.set_exception(Superseded("A newer request took its place."))
        elif self._task is not None:
            self._task.cancel()


class Scheduler:
    """Carries out what `decide` says, for one engine with `slots` places."""

    def __init__(self, slots: int = 1) -> None:
        self.slots = slots
        self._places: dict[int, Place] = {}
        self._last = 0

    @asynccontextmanager
    async def turn(self, lane: Lane, key: str) -> AsyncIterator[None]:
        """Wait for a turn, which lasts as long as the context; the task inside may be cancelled. Raises Superseded."""
        self._last += 1
        number = self._last
        place = self._places[number] = Place(Job(number, lane, key))
        try:
            self._settle()
            await place.begun
            yield
        finally:
            self._places.pop(number, None)
            self._settle()

    def _settle(self) -> None:
        decision = decide([place.job for place in self._places.values()], self.slots)
        for number in decision.drop:
            self._places.pop(number).drop()
        for number in decision.start:
            place = self._places[number]
            place.job = replace(place.job, running=True)
            if not place.begun.done():
                place.begun.set_result(None)
