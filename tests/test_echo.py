"""The engine without weights repeats what the text already says where it is probable, and is silent elsewhere."""

from __future__ import annotations

import asyncio

from router.runtimes.echo import Echo
from router.types import Call, Delta, Model, Route, Timing
from tests.fixture import at

ROUTE = Route("echo", "echo", family="plain")


def said(picture: str, *context: str) -> str:
    """What the engine says at the picture's cursor."""
    text, cursor = at(picture)

    async def listen() -> list[Delta | Timing]:
        call = Call(ROUTE, text[:cursor], text[cursor:], context=context)
        return [event async for event in Echo().generate(call)]

    *deltas, timing = asyncio.run(listen())
    assert isinstance(timing, Timing)
    return "".join(delta.text for delta in deltas if isinstance(delta, Delta))


def test_it_is_one_engine_that_is_always_ready() -> None:
    assert asyncio.run(Echo().models()) == [Model("echo", "echo", family="plain", loaded=True)]
    assert asyncio.run(Echo().ready(ROUTE))


def test_it_goes_on_as_the_same_words_went_on_before() -> None:
    assert said("for x in y:\n    print(x)\nfor x in y:\n    print(x)\nfor x in y:\n    ‸") == "print(x)"


def test_it_says_nothing_when_nothing_repeats() -> None:
    assert said("alpha = 1\nbeta(2)\n‸") == ""
