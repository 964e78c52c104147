"""Whose turn it is: `decide` says so purely, `Scheduler` carries it out and asks again on every exit.

Runtimes are first in, first out, and never say no; priorities, replacement and pre-emption are ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

import msgspec

from router import Superseded
from router.types import Lane

_RANK: dict[Lane, int] = {"typing": 0, "attended": 1, "background": 2}

Item = TypeVar("Item")


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


class Ticket:
    """A job's place in the queue; once started, `follow` iterates a stream until the job is dropped."""

    def __init__(self) -> None:
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._step: asyncio.Future[Any] | None = None
        self.dropped = False

    def drop(self) -> None:
        """Take the turn away, whether it has begun or not."""
        self.dropped = True
        if not self.started.done():
            self.started.set_exception(Superseded("A newer request took its place."))
        if self._step is not None:
            self._step.cancel()

    async def follow(self, stream: AsyncGenerator[Item, None]) -> AsyncGenerator[Item, None]:
        """The items of a stream, which is closed when the turn ends, however it ends. Raises Superseded."""
        async with aclosing(stream):
            while True:
                if self.dropped:
                    raise Superseded("A newer request took its place.")
                step = self._step = asyncio.ensure_future(_next(stream))
                try:
                    items = await step
                except asyncio.CancelledError:
                    if self.dropped and step.cancelled():
                        raise Superseded("A newer request took its place.") from None
                    raise
                finally:
                    self._step = None
                if not items:
                    return
                yield items[0]


async def _next(stream: AsyncGenerator[Item, None]) -> tuple[Item, ...]:
    """The next item as a tuple of one; an empty tuple at the end."""
    async for item in stream:
        return (item,)
    return ()


class Scheduler:
    """Carries out what `decide` says, for one engine with `slots` places."""

    def __init__(self, slots: int = 1) -> None:
        self.slots = slots
        self._jobs: dict[int, tuple[Job, Ticket]] = {}
        self._last = 0

    @asynccontextmanager
    async def turn(self, lane: Lane, key: str) -> AsyncIterator[Ticket]:
        """Wait for a turn; the turn lasts as long as the context. Raises Superseded, in the wait or in `follow`."""
        self._last += 1
        job, ticket = Job(self._last, lane, key), Ticket()
        self._jobs[job.number] = job, ticket
        try:
            self._settle()
            await ticket.started
            yield ticket
        finally:
            self._jobs.pop(job.number, None)
            self._settle()

    def supersede(self, key: str | None) -> None:
        """Drop the typing jobs about `key`, or about anything: nobody waits for their answers any more."""
        for number, (job, ticket) in list(self._jobs.items()):
            if job.lane == "typing" and key in (None, job.key):
                del self._jobs[number]
                ticket.drop()

    def _settle(self) -> None:
        decision = decide([job for job, _ in self._jobs.values()], self.slots)
        for number in decision.drop:
            _, ticket = self._jobs.pop(number)
            ticket.drop()
        for number in decision.start:
            job, ticket = self._jobs[number]
            self._jobs[number] = msgspec.structs.replace(job, running=True), ticket
            if not ticket.started.done():
                ticket.started.set_result(None)
