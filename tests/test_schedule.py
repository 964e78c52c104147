"""The queue, carried out: turns that wait, make room, are superseded or shared, with a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest

from router import Superseded, WouldEvict
from router.dispatch.loads import Alone, Loads, Moves
from router.dispatch.schedule import LONG, SPARED, Interrupted, Place, Scheduler
from router.runtimes.scripted import Scripted
from router.types import Lane, Route
from tests.test_engine import run
from tests.test_run import settled

SMALL, LARGE, REVIEWER = Route("scripted", "small"), Route("scripted", "large"), Route("scripted", "reviewer")


class Queue:
    """A schedule over models that are all loaded, and the jobs that work in it, by name; `now` is its clock."""

    def __init__(self, quiet: float = 0.0, held: Sequence[Route] = (SMALL, LARGE, REVIEWER)) -> None:
        self.now = 0.0
        self.loads = Loads({"scripted": Scripted()}, lambda: self.now, self.moves)
        self.schedule = Scheduler(self.loads, lambda: self.now, quiet)
        self.held = held
        self.order: list[str] = []
        self.places: dict[str, Place] = {}
        self.started: dict[str, asyncio.Event] = {}
        self.ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def moves(self, route: Route, loaded: Sequence[Route]) -> Moves:
        """Only the large and the small model have no room beside each other."""
        there = [it for it in loaded if {it.model, route.model} == {"small", "large"}]
        return Alone((route,), tuple(there), 40.0, gap=40.0 if SMALL in there else 0.0)

    async def job(self, name: str, lane: Lane, route: Route = SMALL, key: str = "", resumes: bool = True) -> Place:
        """A job that works until it is told that it is `done`, in as many turns as it takes."""
        for held in self.held:
            await self.loads.seen(held)
        self.held = ()
        place = self.places[name] = self.schedule.enter(lane, key or name, route, resumes=resumes)
        self.started[name], self.ends[name] = asyncio.Event(), asyncio.Event()
        self.tasks[name] = asyncio.get_running_loop().create_task(self._work(name, place))
        await settled()
        return place

    async def _work(self, name: str, place: Place) -> None:
        try:
            while not self.ends[name].is_set():
                with suppress(Interrupted):
                    async with self.schedule.stint(place):
                        self.order.append(name)
                        self.started[name].set()
                        await self.ends[name].wait()
        finally:
            self.schedule.leave(place)

    async def done(self, name: str) -> None:
        self.ends[name].set()
        await settled()

    def runs(self) -> set[str]:
        return {name for name, place in self.places.items() if place.job.state == "running"}

    async def close(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        assert not self.schedule._places
        assert self.schedule._alarm is None


def test_turns_are_taken_in_the_order_of_arrival() -> None:
    async def story() -> None:
        it = Queue()
        for name in "abc":
            await it.job(name, "attended")
        for name in "abc":
            assert it.runs() == {name}
            await it.done(name)
        assert it.order == ["a", "b", "c"]
        await it.close()

    run(story())


def test_an_answer_makes_room_for_a_keystroke_and_goes_on_after() -> None:
    async def story() -> None:
        it = Queue()
        await it.job("refactor", "attended", LARGE)
        await it.job("key", "typing")
        assert it.runs() == {"key"}
        await it.done("key")
        assert it.runs() == {"refactor"}
        assert it.order == ["refactor", "key", "refactor"]
        await it.close()

    run(story())


def test_what_cannot_be_resumed_is_not_interrupted() -> None:
    async def story() -> None:
        it = Queue()
        await it.job("review of changes", "attended", LARGE, resumes=False)
        await it.job("key", "typing")
        assert it.runs() == {"review of changes", "key"}
        await it.close()

    run(story())


def test_a_keystroke_that_needs_no_model_disturbs_nobody() -> None:
    async def story() -> None:
        it = Queue()
        await it.job("refactor", "attended", LARGE)
        await it.job("key", "typing", Route("echo", "echo"))
        assert it.runs() == {"refactor", "key"}
        await it.close()

    run(story())


def test_a_newer_keystroke_supersedes_one_that_waits_and_one_that_is_answered() -> None:
    async def story() -> None:
        it = Queue()
        await it.job("other", "typing", key="b.py")
        await it.job("first", "typing", key="a.py")
        await it.job("second", "typing", key="a.py")
        with pytest.raises(Superseded):
            await it.tasks["first"]
        await it.done("other")
        assert it.runs() == {"second"}
        await it.job("third", "typing", key="a.py")
        with pytest.raises(Superseded):
            await it.tasks["second"]
        assert it.runs() == {"third"}
        await it.close()

    run(story())


def test_a_review_is_parked_until_typing_has_been_quiet() -> None:
    async def story() -> None:
        it = Queue(quiet=0.01)
        await it.job("key", "typing")
        await it.job("review", "background", REVIEWER)
        await it.done("key")
        assert it.runs() == set()
        it.now = 0.02
        await it.started["review"].wait()  # the schedule wakes up by itself
        assert it.runs() == {"review"}
        await it.job("next key", "typing")
        assert it.runs() == {"next key"}
        await it.done("next key")
        assert it.runs() == set()
        await it.close()

    run(story())


def test_a_newer_review_of_the_same_document_supersedes_the_parked_one() -> None:
    async def story() -> None:
        it = Queue()
        await it.job("question", "attended")
        await it.job("older", "background", REVIEWER, key="a.py")
        await it.job("newer", "background", REVIEWER, key="a.py")
        with pytest.raises(Superseded):
            await it.tasks["older"]
        await it.done("question")
        assert it.runs() == {"newer"}
        await it.close()

    run(story())


def test_who_has_been_kept_waiting_for_long_is_left_alone_for_a_while_and_until_it_has_spoken() -> None:
    async def story() -> None:
        it = Queue()
        place = await it.job("refactor", "attended", LARGE)
        await it.job("key", "typing", key="a.py")
        it.now = LONG + 0.1
        await it.job("second key", "typing", key="a.py")
        assert it.runs() == {"refactor", "second key"}
        it.now += SPARED + 0.1
        await it.job("third key", "typing", key="a.py")
        assert it.runs() == {"refactor", "third key"}
        it.schedule.spoke(place)
        assert it.runs() == {"third key"}
        await it.job("fourth key", "typing", key="a.py")
        assert it.runs() == {"fourth key"}
        await it.close()

    run(story())


def test_what_was_interrupted_in_vain_is_not_interrupted_again_before_it_has_said_a_word() -> None:
    async def story() -> None:
        it = Queue()
        place = await it.job("refactor", "attended", LARGE)
        await it.job("key", "typing")
        assert it.runs() == {"key"}
        await it.done("key")
        await it.job("second key", "typing")
        assert it.runs() == {"refactor", "second key"}
        it.schedule.spoke(place)
        await settled()
        assert it.runs() == {"second key"}
        await it.close()

    run(story())


def test_equal_jobs_have_one_place_and_the_more_urgent_of_their_lanes() -> None:
    async def story() -> None:
        it = Queue(quiet=60.0)
        it.schedule.typed()
        first = it.schedule.enter("background", "a.py", REVIEWER, same="review of a.py")
        await it.loads.seen(REVIEWER)
        assert first.job.state == "waiting"
        second = it.schedule.enter("attended", "by hand", REVIEWER, same="review of a.py")
        assert second.twin is first
        assert (first.job.lane, first.job.state) == ("attended", "running")
        it.schedule.leave(first)
        await it.close()

    run(story())


def test_a_job_waits_for_its_model_without_holding_anybody_back() -> None:
    async def story() -> None:
        it = Queue(held=(SMALL,))
        it.loads.plan = lambda route, loaded: Alone((route,))
        engine = it.loads._engines["scripted"]
        loading, may_load = asyncio.Event(), asyncio.Event()

        async def load(route: Route) -> None:
            loading.set()
            await may_load.wait()

        async def ready(route: Route) -> bool:
            return route == SMALL or may_load.is_set()

        engine.load, engine.ready = load, ready  # type: ignore[method-assign]
        await it.job("refactor", "attended", LARGE)
        await it.job("explain", "attended", SMALL)
        assert loading.is_set()
        assert it.runs() == {"explain"}
        may_load.set()
        await settled()
        assert it.runs() == {"refactor", "explain"}
        await it.close()

    run(story())


def test_what_would_push_out_the_model_that_completes_is_refused_with_the_way_out() -> None:
    async def story() -> None:
        it = Queue(held=(SMALL,))
        await it.job("refactor", "attended", LARGE)
        with pytest.raises(WouldEvict, match="about 40 s; ask again with consent"):
            await it.tasks["refactor"]
        await it.close()

    run(story())


def test_a_cancelled_wait_leaves_no_job_behind() -> None:
    async def story() -> None:
        it = Queue()
        await it.job("a", "attended")
        await it.job("b", "attended")
        it.tasks["b"].cancel()
        await settled()
        assert list(it.schedule._places.values()) == [it.places["a"]]
        await it.close()

    run(story())
