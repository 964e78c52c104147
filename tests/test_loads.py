"""What is in memory: moves carried out in order, what others push out, and what is refused, with the way out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

import router
from router.dispatch.loads import AGAIN, LONGEST, Alone, Loads, Moves
from router.dispatch.schedule import Scheduler
from router.runtimes.scripted import Scripted
from router.types import Route
from tests.test_engine import run
from tests.test_run import settled

A, B, C = (Route("scripted", name) for name in "abc")


class Memory(Scripted):
    """Models that are loaded one second after the other, in a loop that waits for nothing; `most` loaded at once."""

    def __init__(self) -> None:
        super().__init__()
        self.held: list[Route] = []
        self.did: list[str] = []
        self.loading = self.most = 0
        self.fails: set[str] = set()

    async def ready(self, route: Route) -> bool:
        return route in self.held

    async def load(self, route: Route) -> None:
        self.loading += 1
        self.most = max(self.most, self.loading)
        self.did.append(f"+{route.model}")
        await asyncio.sleep(0)
        self.loading -= 1
        if route.model in self.fails:
            raise router.OutOfMemory("It does not fit.")
        self.held.append(route)

    async def unload(self, route: Route) -> None:
        self.did.append(f"-{route.model}")
        self.held.remove(route)


def two_have_room(route: Route, loaded: Sequence[Route]) -> Moves:
    """The one that was loaded first makes room for a third."""
    return Alone((route,), tuple(loaded[: len(loaded) - 1]))


def test_moves_are_carried_out_in_their_order_and_what_is_there_stays() -> None:
    async def story() -> None:
        engine = Memory()
        loads = Loads({"scripted": engine}, lambda: 0.0, lambda route, held: Alone((B, A), (A,) if A in held else ()))
        engine.held = [A]
        await loads.seen(A)
        loading = loads.begin(B)
        assert not loads.holds(A)
        await loading
        assert engine.did == ["-a", "+b", "+a"]
        assert loads.holds(A)
        assert loads.holds(B)
        await loads.begin(C)  # the plan does not name it; it is loaded all the same
        assert engine.did[-1] == "+c"

    run(story())


@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.booleans()), max_size=12))
def test_one_model_is_loaded_at_a_time_and_who_waits_gets_it_whoever_else_leaves(
    asks: list[tuple[Route, bool]],
) -> None:
    async def story() -> None:
        engine = Memory()
        loads = Loads({"scripted": engine}, lambda: 0.0, two_have_room)
        schedule = Scheduler(loads, lambda: 0.0)
        waiting = []
        for route, leaves in asks:
            task = asyncio.get_running_loop().create_task(schedule.bring(route))
            await asyncio.sleep(0)
            if leaves:
                task.cancel()
            else:
                waiting.append(task)
        await asyncio.gather(*waiting)
        await settled()
        assert engine.most <= 1
        assert len(engine.held) <= 2
        await loads.aclose()

    run(story())


def test_a_failure_is_heard_by_all_who_waited_and_the_next_is_loaded() -> None:
    async def story() -> None:
        engine = Memory()
        engine.fails = {"a"}
        schedule = Scheduler(Loads({"scripted": engine}, lambda: 0.0), lambda: 0.0)
        asked = [schedule.bring(route) for route in (A, A, B)]
        first, second, third = await asyncio.gather(*asked, return_exceptions=True)
        assert isinstance(first, router.OutOfMemory)
        assert isinstance(second, router.OutOfMemory)
        assert third is None
        assert engine.did == ["+a", "+b"]

    run(story())


def test_what_leaves_by_its_own_keep_alive_was_not_pushed_out() -> None:
    async def story() -> None:
        engine = Memory()
        loads = Loads({"scripted": engine}, lambda: 0.0)
        for keep, pushed in ((300, False), (-1, True)):
            route = Route("scripted", f"kept {keep}", keep=keep)
            engine.held = [route]
            assert await loads.seen(route)
            engine.held = []
            assert not await loads.seen(route)
            assert loads.pushed_out(route) == pushed

    run(story())


def test_what_leaves_with_its_engine_was_not_pushed_out() -> None:
    async def story() -> None:
        engine = Memory()
        loads = Loads({"scripted": engine}, lambda: 0.0)
        route = Route("scripted", "a", keep=-1)
        engine.held = [route]
        assert await loads.seen(route)
        loads.lost("another")
        assert loads.holds(route)
        loads.lost("scripted")
        engine.held = []
        assert not await loads.seen(route)
        assert not loads.pushed_out(route)

    run(story())


def test_the_wait_before_a_model_that_is_pushed_out_again_and_again_doubles_up_to_a_limit() -> None:
    async def story() -> None:
        now, pauses = 0.0, []
        engine = Memory()
        loads = Loads({"scripted": engine}, lambda: now)
        for _ in range(12):
            engine.held = [A]
            await loads.seen(A)
            engine.held = []
            await loads.seen(A)
            began = now
            while not loads.rested(A):
                now += 1.0
            pauses.append(now - began)
        assert pauses[:4] == [0.0, AGAIN, 2 * AGAIN, 4 * AGAIN]
        assert pauses[-1] == LONGEST

    run(story())


@pytest.mark.parametrize(
    ("moves", "swap", "kind", "words"),
    [
        (Alone(gap=40.0), "ask", router.WouldEvict, "for about 40 s; ask again with consent"),
        (Alone(gap=40.0, stranded=True), "ask", router.WouldEvict, "until it is done; ask again with consent"),
        (Alone(gap=40.0), "never", router.Refused, "machine.swap is never"),
    ],
)
def test_a_refusal_says_for_how_long_and_what_to_do(moves: Moves, swap: str, kind: type[Exception], words: str) -> None:
    loads = Loads({}, lambda: 0.0, lambda route, held: moves, swap)  # type: ignore[arg-type]
    error = loads.refusal(A)
    assert type(error) is kind
    assert words in str(error)


class Lingering(Memory):
    """Says that a model is there until it has gone, which takes a while; asked whether it is, it thinks it over."""

    def __init__(self) -> None:
        super().__init__()
        self.leaving, self.gone = asyncio.Event(), asyncio.Event()

    async def ready(self, route: Route) -> bool:
        await asyncio.sleep(0)
        return await super().ready(route)

    async def unload(self, route: Route) -> None:
        self.leaving.set()
        await self.gone.wait()
        await super().unload(route)


def test_a_model_that_is_about_to_leave_is_not_there_any_more_whatever_its_engine_says() -> None:
    async def story() -> None:
        engine = Lingering()
        engine.held = [A]
        loads = Loads({"scripted": engine}, lambda: 0.0, lambda route, held: Alone((B, A), (A,) if A in held else ()))
        assert await loads.seen(A)
        loading = loads.begin(B)
        await engine.leaving.wait()
        assert not await loads.seen(A)
        assert not loads.holds(A)
        assert not loads.pushed_out(A)
        engine.gone.set()
        await loads.over()
        assert loading.done()
        assert await loads.seen(A)

    run(story())


def test_two_who_see_the_same_loss_count_it_once() -> None:
    async def story() -> None:
        engine = Lingering()
        engine.held = [A]
        loads = Loads({"scripted": engine}, lambda: 0.0)
        assert await loads.seen(A)
        engine.held = []
        assert not any(await asyncio.gather(loads.seen(A), loads.seen(A)))
        assert loads.pushed_out(A)
        assert loads.rested(A)

    run(story())


def test_what_was_deleted_need_not_leave() -> None:
    class Deleted(Memory):
        async def unload(self, route: Route) -> None:
            raise router.ModelMissing("There is no such model.")

    async def story() -> None:
        engine = Deleted()
        engine.held = [A]
        loads = Loads({"scripted": engine}, lambda: 0.0, lambda route, held: Alone((B,), (A,)))
        await loads.seen(A)
        await loads.begin(B)
        assert loads.holds(B)

    run(story())
