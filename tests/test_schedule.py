"""Whose turn it is: the policy as invariants, and the scheduler that carries it out."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import Superseded
from router.schedule import Decision, Job, Scheduler, decide

_LANES = st.sampled_from(["typing", "attended", "background"])


@st.composite
def _queues(draw: st.DrawFn) -> tuple[list[Job], int]:
    slots = draw(st.integers(1, 3))
    places = draw(st.lists(st.tuples(_LANES, st.sampled_from("ab"), st.booleans()), max_size=8))
    jobs = []
    for number, (lane, key, running) in enumerate(places):
        jobs.append(Job(number, lane, key, running and sum(job.running for job in jobs) < slots))
    return jobs, slots


def _after(jobs: list[Job], decision: Decision) -> list[Job]:
    alive = [job for job in jobs if job.number not in decision.drop]
    return [Job(job.number, job.lane, job.key, job.running or job.number in decision.start) for job in alive]


@given(_queues())
def test_no_more_run_than_there_are_slots(queue: tuple[list[Job], int]) -> None:
    jobs, slots = queue
    assert sum(job.running for job in _after(jobs, decide(jobs, slots))) <= slots


@given(_queues())
def test_of_the_keystrokes_in_a_document_only_the_newest_stays(queue: tuple[list[Job], int]) -> None:
    jobs, slots = queue
    typing = [job for job in _after(jobs, decide(jobs, slots)) if job.lane == "typing"]
    assert len({job.key for job in typing}) == len(typing)
    for job in typing:
        assert job.number == max(other.number for other in jobs if other.lane == "typing" and other.key == job.key)


@given(_queues())
def test_what_somebody_waits_for_is_never_dropped(queue: tuple[list[Job], int]) -> None:
    jobs, slots = queue
    dropped = set(decide(jobs, slots).drop)
    assert not dropped & {job.number for job in jobs if job.lane == "attended"}


@given(_queues())
def test_the_background_starts_only_while_nobody_types(queue: tuple[list[Job], int]) -> None:
    jobs, slots = queue
    decision = decide(jobs, slots)
    started = [job for job in jobs if job.number in decision.start]
    if any(job.lane == "typing" for job in _after(jobs, decision)):
        assert all(job.lane != "background" for job in started)


@given(_queues())
def test_no_slot_is_idle_while_typing_waits_or_the_background_holds_it(queue: tuple[list[Job], int]) -> None:
    jobs, slots = queue
    after = _after(jobs, decide(jobs, slots))
    if any(job.lane == "typing" and not job.running for job in after):
        assert sum(job.running for job in after) == slots
        assert all(job.lane != "background" for job in after if job.running)


@given(_queues())
def test_a_decision_carried_out_leaves_nothing_to_decide(queue: tuple[list[Job], int]) -> None:
    jobs, slots = queue
    assert decide(_after(jobs, decide(jobs, slots)), slots) == Decision()


def test_a_waiting_turn_starts_when_the_one_before_it_ends() -> None:
    async def story() -> list[str]:
        schedule, order = Scheduler(), []

        async def one(name: str) -> None:
            async with schedule.turn("attended", name):
                order.append(name)
                await asyncio.sleep(0)

        await asyncio.gather(*map(one, "abc"))
        return order

    assert asyncio.run(story()) == ["a", "b", "c"]


def test_a_turn_that_waits_is_superseded_too() -> None:
    async def story() -> None:
        schedule = Scheduler()
        async with schedule.turn("attended", "other"):
            older = asyncio.ensure_future(_enter(schedule))
            await asyncio.sleep(0)
            newer = asyncio.ensure_future(_enter(schedule))
            with pytest.raises(Superseded):
                await older
        await newer

    asyncio.run(story())


def test_a_cancelled_wait_leaves_no_job_behind() -> None:
    async def story() -> None:
        schedule = Scheduler()
        async with schedule.turn("attended", "a"):
            waiting = asyncio.ensure_future(_enter(schedule))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        assert not schedule._places

    asyncio.run(story())


def test_work_that_has_begun_is_cancelled_when_a_newer_keystroke_comes() -> None:
    async def story() -> None:
        schedule, begun = Scheduler(), asyncio.Event()

        async def work() -> None:
            async with schedule.turn("typing", "document"):
                begun.set()
                await asyncio.Event().wait()

        older = asyncio.ensure_future(work())
        await begun.wait()
        await _enter(schedule)
        with pytest.raises(asyncio.CancelledError):
            await older
        assert not schedule._places

    asyncio.run(story())


async def _enter(schedule: Scheduler) -> None:
    async with schedule.turn("typing", "document"):
        pass
