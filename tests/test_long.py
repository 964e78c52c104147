"""A request that is too long for its model goes to a wider one, or is refused with the number; nothing is cut."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import pytest

from router import TooLong
from router.config import Config, Ledger
from router.dispatch.fleet import Planned
from router.engine import Router
from router.models.types import Survey
from router.runtimes.scripted import Cue, Scripted
from router.types import Call, Delta, Request, Route, Span, Task
from tests.fixture import document

NARROW, WIDE = Route("scripted", "narrow", window=1000), Route("scripted", "wide", window=4000)


def wide(task: Task, tokens: int) -> Route:
    if tokens > WIDE.window:
        raise TooLong(f"This needs {tokens:,} tokens.")
    return NARROW if tokens <= NARROW.window else WIDE


def asked(characters: int) -> tuple[list[Call], list[str]]:
    """The calls that a prompt of so many characters makes, and how the ledger tells of it. The engine counts."""

    async def planner(surveys: Sequence[Survey], config: Config) -> Planned:
        return Planned({"refactor": NARROW}, wide=wide)

    async def story() -> tuple[list[Call], list[str]]:
        engine = Scripted([Cue(say=("done",))])
        router = Router(Config(ledger=Ledger(keep=False)), engines={"scripted": engine}, planner=planner)
        await router.start()
        request = Request("refactor", document("x = 1\n"), Span(0, 0))
        try:
            async with aclosing(router.stream(request, "job", lambda route: Call(route, "x" * characters))) as stream:
                assert "".join([it.text async for it in stream if isinstance(it, Delta)]) == "done"
        finally:
            await router.aclose()
            outcomes.extend(f"{turn.outcome} {turn.why}".strip() for turn in router.ledger.turns)
        return engine.heard, outcomes

    outcomes: list[str] = []
    try:
        return asyncio.run(story())
    except TooLong:
        assert outcomes == ["failed TooLong"]
        raise


def test_what_fits_goes_to_the_tasks_own_model() -> None:
    calls, outcomes = asked(3000)
    assert {call.route for call in calls} == {NARROW}
    assert outcomes == ["shown"]


def test_what_is_longer_goes_to_a_wider_one_whole() -> None:
    calls, _ = asked(9000)
    assert {call.route for call in calls} == {WIDE}
    assert len(calls[-1].prompt) == 9000


def test_what_fits_nowhere_is_refused_with_the_number_and_no_engine_hears_of_it() -> None:
    with pytest.raises(TooLong, match="5,000 tokens"):
        asked(20_000)


def test_who_asks_before_the_first_plan_is_made_waits_for_it() -> None:
    async def story() -> list[Call]:
        engine, ready = Scripted([Cue(say=("done",))]), asyncio.Event()

        async def planner(surveys: Sequence[Survey], config: Config) -> Planned:
            await ready.wait()
            return Planned({"refactor": NARROW})

        router = Router(Config(ledger=Ledger(keep=False)), engines={"scripted": engine}, planner=planner)
        start = asyncio.create_task(router.start())
        await asyncio.sleep(0)
        request = Request("refactor", document("x = 1\n"), Span(0, 0))

        async def ask() -> None:
            async with aclosing(router.stream(request, "job", lambda route: Call(route, "x"))) as stream:
                async for _ in stream:
                    pass

        asked = asyncio.create_task(ask())
        await asyncio.sleep(0)
        ready.set()
        await asyncio.gather(start, asked)
        await router.aclose()
        return engine.heard

    assert [call.route for call in asyncio.run(story())] == [NARROW]
