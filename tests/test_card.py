"""The simulated accelerator: who is evicted, what blocks, what a load dies of, and what computing costs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import aclosing
from typing import Any

import pytest

from bench.card import BATCH, LETTERS, RECOVERY, Card, Weights, simulated
from bench.share import Share
from router.types import Call, Route, Timing

LOAD, PREFILL, DECODE = 2.0, 1000.0, 20.0
WEIGHTS = {name: Weights(name, size, size, LOAD, PREFILL, DECODE) for name, size in {"a": 3, "b": 4, "c": 5}.items()}
FOREVER = -1


def card(memory: float = 100.0) -> Card:
    return Card(memory, WEIGHTS, lambda call: "word" * 10)


def call(model: str, prompt: str = "x" * LETTERS, keep: int = FOREVER, most: int = 10, begun: str = "") -> Call:
    return Call(Route("ollama", model, keep=keep), prompt, max_tokens=most, begun=begun)


async def said(it: Card, question: Call) -> Timing:
    """Its account, once it has said all."""
    async with aclosing(it.generate(question)) as stream:
        *_, last = [item async for item in stream]
    assert isinstance(last, Timing)
    return last


def now() -> float:
    return asyncio.get_running_loop().time()


async def took(work: Awaitable[object]) -> float:
    began = now()
    await work
    return now() - began


async def later(seconds: float, work: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
    """What has been going on for a while."""
    task = asyncio.get_running_loop().create_task(work)
    await asyncio.sleep(seconds)
    return task


def test_a_load_takes_its_time_once() -> None:
    async def story() -> None:
        it = card()
        assert not await it.ready(Route("ollama", "a"))
        assert await took(it.load(Route("ollama", "a", keep=FOREVER))) == pytest.approx(LOAD)
        assert await took(it.load(Route("ollama", "a", keep=FOREVER))) == pytest.approx(0)
        assert await it.ready(Route("ollama", "a"))

    simulated(story())


def test_a_load_dies_with_the_request_that_it_is_for() -> None:
    async def story() -> None:
        it = card()
        task = await later(LOAD / 2, said(it, call("a")))
        task.cancel()
        await asyncio.sleep(2 * LOAD)
        assert not it.loaded

    simulated(story())


def test_while_one_model_is_loaded_no_other_load_begins_but_what_is_loaded_answers() -> None:
    async def story() -> None:
        it = card()
        await it.load(Route("ollama", "a", keep=FOREVER))
        await later(0, said(it, call("b")))
        third = await later(0, took(said(it, call("c"))))
        assert await took(said(it, call("a"))) < LOAD
        await third
        assert [began for began, _ in it.loads[1:]] == pytest.approx([LOAD, 2 * LOAD])

    simulated(story())


@pytest.mark.parametrize(
    ("keeps", "gone"),
    [((FOREVER, 300), "b"), ((300, FOREVER), "a"), ((300, 300), "a"), ((FOREVER, FOREVER), "a")],
)
def test_the_first_idle_one_by_keep_alive_and_then_by_name_is_evicted(keeps: tuple[int, int], gone: str) -> None:
    async def story() -> None:
        it = card(11.0)
        for name, keep in zip("ab", keeps, strict=True):
            await it.load(Route("ollama", name, keep=keep))
        it.memory = 10.5
        assert await took(it.load(Route("ollama", "c", keep=FOREVER))) >= LOAD + RECOVERY
        assert set(it.evictions) == {gone}

    simulated(story())


def test_an_eviction_waits_for_the_answer_under_way() -> None:
    async def story() -> None:
        it = card(6.0)
        await it.load(Route("ollama", "a", keep=FOREVER))
        await later(0.0, said(it, call("a")))
        assert await took(it.load(Route("ollama", "b", keep=FOREVER))) == pytest.approx(10 / DECODE + RECOVERY + LOAD)
        assert it.evictions == {"a": 1}
        assert set(it.loaded) == {"b"}

    simulated(story())


def test_a_model_leaves_when_it_was_idle_for_as_long_as_it_was_to_be_kept() -> None:
    async def story() -> None:
        it = card()
        await it.load(Route("ollama", "a", keep=5))
        await asyncio.sleep(4.9)
        assert it.loaded
        await asyncio.sleep(0.2)
        assert not it.loaded

    simulated(story())


def test_one_request_at_a_time_is_answered_by_a_model() -> None:
    async def story() -> None:
        it = card()
        await it.load(Route("ollama", "a", keep=FOREVER))
        alone = await took(said(it, call("a")))
        assert await took(asyncio.gather(*(said(it, call("a")) for _ in range(3)))) == pytest.approx(3 * alone)

    simulated(story())


def test_an_answer_costs_its_prompt_less_what_is_cached_and_its_tokens_after_the_first() -> None:
    async def story() -> None:
        it = card()
        await it.load(Route("ollama", "a", keep=FOREVER))
        prompt = "p" * 2 * BATCH * LETTERS
        assert await took(said(it, call("a", prompt))) == pytest.approx(2 * BATCH / PREFILL + 9 / DECODE)
        again = await said(it, call("a", prompt + "word" * 4, most=1))
        assert (again.reused_tokens, again.prompt_tokens) == (2 * BATCH + 3, 2 * BATCH + 4)
        assert again.prefill_ms == pytest.approx(1000 / DECODE)  # no batch is quicker than a token

    simulated(story())


def test_leaving_while_the_answer_comes_frees_the_model_at_once() -> None:
    async def story() -> None:
        it = card()
        await it.load(Route("ollama", "a", keep=FOREVER))
        async with aclosing(it.generate(call("a"))) as stream:
            async for _ in stream:
                break
        assert await took(said(it, call("a", most=1))) == pytest.approx(1 / DECODE)

    simulated(story())


@pytest.mark.parametrize(("left", "noticed"), [(0.3, 1.0), (1.2, 2.0)])
def test_leaving_before_is_noticed_at_the_next_second(left: float, noticed: float) -> None:
    async def story() -> None:
        it = card()
        await it.load(Route("ollama", "a", keep=FOREVER))
        task = await later(left, said(it, call("a", "p" * 5000 * LETTERS)))
        task.cancel()
        waited = left + await took(said(it, call("a", most=1)))
        assert noticed < waited < noticed + 3 / DECODE  # beside the batch under way

    simulated(story())


def test_what_computes_at_once_shares_the_speed_at_every_moment() -> None:
    async def story() -> None:
        it = Share()
        long = await later(1.0, took(it.work(3.0)))
        assert await took(it.work(0.5)) == pytest.approx(1.0)
        assert await long == pytest.approx(3.5)
        assert await took(it.work(0.5)) == pytest.approx(0.5)

    simulated(story())


def test_a_step_under_way_is_computed_to_its_end_though_nobody_waits() -> None:
    async def story() -> None:
        it = Share()
        (await later(0.5, it.work(1.0))).cancel()
        assert await took(it.work(1.0)) == pytest.approx(1.5)

    simulated(story())


def test_in_simulated_time_nothing_takes_time_but_waiting_for_it() -> None:
    async def story() -> tuple[float, str]:
        said = await asyncio.to_thread(lambda: "done")
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        await asyncio.sleep(3600)
        return now(), said

    assert simulated(story()) == (3600, "done")
