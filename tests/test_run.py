"""Typing on while the engine speaks: `‸` is the cursor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

import router
from router.config import Config
from router.engine import Router
from router.runtimes.scripted import Script, Scripted
from router.types import Call, Delta, Insertion, Request, Timing
from tests.fixture import complete
from tests.test_engine import run


async def settled() -> None:
    """Until everything that can happen by itself has happened."""
    for _ in range(20):
        await asyncio.sleep(0)


class Paced(Scripted):
    """Says what it is given to say, stretch by stretch; an empty stretch is the end."""

    def __init__(self, family: str) -> None:
        super().__init__(Script(family=family))
        self.stretches: asyncio.Queue[str] = asyncio.Queue()

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        self.heard.append(call)
        try:
            while stretch := await self.stretches.get():
                yield Delta(stretch)
        except (GeneratorExit, asyncio.CancelledError):
            self.left.set()
            raise
        yield Timing()

    async def say(self, *stretches: str) -> None:
        """Say so much, and come back when it is said."""
        for stretch in stretches:
            self.stretches.put_nowait(stretch)
            await settled()


class Typist:
    """Asks at one picture after the other; what was asked before goes on until it is answered or dropped."""

    def __init__(self, family: str = "plain") -> None:
        self.engine = Paced(family)
        self.router = Router(Config(), engines={"scripted": self.engine})
        self._version = 0

    async def ask(self, picture: str) -> asyncio.Future[list[str]]:
        self._version += 1
        asked = asyncio.ensure_future(self._texts(complete(picture, version=self._version)))
        await settled()
        return asked

    async def _texts(self, request: Request) -> list[str]:
        return [item.text async for item in self.router.ask(request) if isinstance(item, Insertion)]


def test_typing_what_is_being_said_goes_on_with_it() -> None:
    async def story() -> None:
        it = Typist()
        await it.router.start()
        first = await it.ask("x = ‸\n")
        await it.engine.say("foo(")
        second = await it.ask("x = fo‸\n")
        with pytest.raises(router.Superseded):
            await first
        await it.engine.say("a)", "")
        assert await second == ["o(a)"]
        assert len(it.engine.heard) == 1
        await it.router.aclose()

    run(story())


def test_also_through_a_cancellation_and_a_bracket_that_the_editor_closes() -> None:
    async def story() -> None:
        it = Typist()
        await it.router.start()
        first = await it.ask("x = foo‸\n")
        await it.engine.say("(a")
        first.cancel()
        second = await it.ask("x = foo(‸)\n")
        await it.engine.say(", b)", "")
        assert await second == ["a, b)"]
        assert len(it.engine.heard) == 1
        await it.router.aclose()

    run(story())


def test_the_ledger_and_the_cache_know_what_the_last_one_saw() -> None:
    async def story() -> None:
        it = Typist()
        await it.router.start()
        first = await it.ask("x = ‸\n")
        await it.engine.say("foo(")
        second = await it.ask("x = f‸\n")
        await it.engine.say("a)", "")
        assert await second == ["oo(a)"]
        assert await (await it.ask("x = foo‸\n")) == ["(a)"]
        assert [turn.outcome for turn in it.router.ledger.turns] == ["superseded", "shown", "cached"]
        assert first.done()
        await it.router.aclose()

    run(story())


@pytest.mark.parametrize("now", ["x = b‸\n", "x = foo‸\n", "y‸\n", "x = f‸\nz\n"])
def test_typing_something_else_begins_anew(now: str) -> None:
    async def story() -> None:
        it = Typist()
        await it.router.start()
        first = await it.ask("x = ‸\n")
        await it.engine.say("fo")
        second = await it.ask(now)
        with pytest.raises(router.Superseded):
            await first
        assert it.engine.left.is_set()
        assert len(it.engine.heard) == 2
        second.cancel()
        await it.router.aclose()

    run(story())


def test_an_answer_that_nobody_goes_on_with_stops() -> None:
    async def story() -> None:
        it = Typist()
        await it.router.start()
        first = await it.ask("x = ‸\n")
        await it.engine.say("foo(")
        first.cancel()
        await it.engine.left.wait()
        await it.router.aclose()

    run(story())


def test_an_answer_that_is_known_already_stops_the_one_in_the_making() -> None:
    async def story() -> None:
        it = Typist(family="qwen")
        await it.router.start()
        silent = await it.ask("x = ‸\n")
        await it.engine.say("")
        assert await silent == []
        other = await it.ask("y = ‸\n")
        await it.engine.say("foo(")
        assert await (await it.ask("x = ‸\n")) == []
        with pytest.raises(router.Superseded):
            await other
        assert it.engine.left.is_set()
        await it.router.aclose()

    run(story())
