"""Whose turn it is: which jobs start, wait, make room, are dropped or share one answer, and which model is loaded next.

Runtimes are first in, first out, and never say no; priorities, replacement and pre-emption are ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from functools import reduce
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from router.types import Lane

State: TypeAlias = Literal["waiting", "running", "leaving"]

_RANK: dict[Lane, int] = {"typing": 0, "attended": 1, "background": 2}


class Job(Struct, frozen=True):
    """One request for a model; a higher `number` came later. `key` says what it is about: a document, mostly.

    `model` answers it, `slots` requests at once (without a model it needs no accelerator: `echo`). `same`: jobs in
    which it is equal, and not None, have the same answer. A job that is `leaving` was told to make room, and its
    stream is being closed. `resumes`: it can go on where it was interrupted. `spared`: it has been kept waiting for
    so long that no keystroke holds it back for now. `load`: it only wants its model in memory. `brief`: it is work
    ahead of the next keystroke, so it need not wait until typing has been quiet.

    `ready`: its model is loaded. If not, `unloads` are the models that its load would push out, and `evicts` tells
    whether the one that completes is among them, which takes `consent`.
    """

    number: int
    lane: Lane
    key: str = ""
    model: str = ""
    slots: int = 1
    same: Hashable = None
    state: State = "waiting"
    resumes: bool = True
    spared: bool = False
    load: bool = False
    brief: bool = False
    ready: bool = True
    unloads: tuple[str, ...] = ()
    evicts: bool = False
    consent: bool = False


class Decision(Struct, frozen=True):
    """The numbers of the jobs to start now, of those to drop, of those to hold back until they are started again, and
    of those to refuse for want of consent; `join`: a job and the older one whose answer is its own, too; `load`: the
    job whose model is loaded next."""

    start: tuple[int, ...] = ()
    drop: tuple[int, ...] = ()
    hold: tuple[int, ...] = ()
    refuse: tuple[int, ...] = ()
    join: tuple[tuple[int, int], ...] = ()
    load: int | None = None


def decide(jobs: Sequence[Job], *, quiet: bool = True, loading: bool = False) -> Decision:
    """What happens next. `quiet`: no key has been typed for a while; `loading`: a model is being loaded now.

    - Equal jobs run once: the later ones share the answer of the first, which counts as the most urgent of them.
    - The newest keystroke per document wins, and the newest background job per key: older ones are dropped.
    - Typing is served first, then what somebody waits for, then the background; each in the order of arrival.
    - No more run on one model than it has slots.
    - While a keystroke is being answered, no attended answer that could be resumed runs; it goes on right after.
      One that can't be resumed runs to its end. None is dropped.
    - One that has been kept waiting for too long is served even before typing, for a moment.
    - The background runs while nobody types or waits for an answer, and begins only when typing has been quiet, but
      for what is brief.
    - A job whose model is not loaded has no turn. One model is loaded at a time, for the first in order, and none is
      unloaded under somebody's answer.
    - What would push the model that completes out of memory is refused unless it carries consent.
    """
    merged, join, newest = _merged(jobs)
    ordered = sorted(merged, key=lambda job: (_RANK[job.lane], job.number))
    dropped = _stale(ordered, newest)
    alive = [job for job in ordered if job.number not in dropped and job.state != "leaving"]
    refused = {job.number for job in alive if job.evicts and not (job.consent or job.ready)}
    alive = [job for job in alive if job.number not in refused]
    load = None if loading else _next_load(alive, quiet)
    leaving = load.unloads if load else ()
    turns = {job.number for job in _turns(alive, leaving, quiet)}
    return Decision(
        start=tuple(job.number for job in alive if job.number in turns and job.state == "waiting"),
        drop=tuple(sorted(dropped)),
        hold=tuple(job.number for job in alive if job.number not in turns and job.state == "running"),
        refuse=tuple(sorted(refused)),
        join=join,
        load=load.number if load else None,
    )


def joined(first: Job, other: Job) -> Job:
    """`first`, whose answer is the other's, too: as urgent as the more urgent of them."""
    lane = min(first.lane, other.lane, key=_RANK.__getitem__)
    return replace(first, lane=lane, consent=first.consent or other.consent)


def _merged(jobs: Sequence[Job]) -> tuple[list[Job], tuple[tuple[int, int], ...], dict[int, int]]:
    """The jobs with the equal ones as one, who joins whom, and when each was last asked for."""
    groups: dict[Hashable, list[Job]] = {}
    for job in sorted(jobs, key=lambda job: job.number):
        groups.setdefault(job.number if job.same is None else (job.same,), []).append(job)
    merged, join, newest = [], [], {}
    for first, *others in groups.values():
        join += [(job.number, first.number) for job in others]
        merged.append(reduce(joined, others, first))
        newest[first.number] = max((job.number for job in others), default=first.number)
    return merged, tuple(join), newest


def _stale(jobs: Sequence[Job], asked: dict[int, int]) -> set[int]:
    """Those in whose place a newer one has come."""
    replaced = [job for job in jobs if job.lane != "attended"]
    newest: dict[tuple[Lane, str], int] = {}
    for job in replaced:
        newest[job.lane, job.key] = max(newest.get((job.lane, job.key), 0), asked[job.number])
    return {job.number for job in replaced if newest[job.lane, job.key] != asked[job.number]}


def _turns(alive: Sequence[Job], leaving: Sequence[str], quiet: bool) -> list[Job]:
    """Who has a turn: those that go on, and those that begin, on none of the models that are about to leave."""
    able = [job for job in alive if job.state == "running" or (job.ready and job.model not in leaving)]
    turns = [job for job in able if job.load or (job.state == "running" and _stays(job))]
    taken = Counter(job.model for job in turns if not job.load)

    def serve(jobs: Sequence[Job]) -> None:
        """Those that run already first, so that none is interrupted for its equal."""
        for job in sorted(jobs, key=lambda job: job.state == "waiting"):
            if job not in turns and taken[job.model] < job.slots:
                taken[job.model] += 1
                turns.append(job)

    attended = [job for job in able if job.lane == "attended"]
    typed = any(job.lane == "typing" and job.model and not job.load for job in able)
    begun = {it.model for it in attended if it.state == "running" and (it.spared or _stays(it) or not typed)}
    serve([job for job in attended if job.spared and (job.state == "running" or job.model not in begun)])
    serve([job for job in able if job.lane == "typing"])
    answered = any(job.lane == "typing" and job.model and not job.load for job in turns)
    serve([job for job in attended if not (answered and job.model)])
    if all(job.lane == "background" for job in alive):
        serve([job for job in able if quiet or job.brief or job.state == "running"])
    return turns


def _stays(job: Job) -> bool:
    """Whether nobody may interrupt it: a keystroke's answer, and an attended one that could not go on."""
    return job.lane == "typing" or (job.lane == "attended" and not (job.resumes and job.model))


def _next_load(alive: Sequence[Job], quiet: bool) -> Job | None:
    idle = quiet and all(job.lane == "background" for job in alive)
    for job in alive:
        wanted = not job.ready and job.state == "waiting" and (idle or job.lane != "background")
        if wanted and not any(other.model in job.unloads and _needs(other, job) for other in alive):
            return job
    return None


def _needs(other: Job, job: Job) -> bool:
    """Whether `other` must have its answer before `job` may have its model unloaded."""
    if other.load or other.lane == "background":
        return False
    if other.lane == "typing":
        return not job.consent
    return other.state == "running" or (other.ready and other.number < job.number)
