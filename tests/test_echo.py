"""The engine without weights repeats what the text already says where it is probable, and is silent elsewhere.

In a picture `‸` is the cursor and `⟦ ⟧` what is said there.
"""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import echo
from router.echo import choice, places
from router.models.types import Model
from router.runtimes.echo import Echo
from router.types import Call, Delta, Route, Timing
from tests.fixture import at

ROUTE = Route("echo", "echo", family="plain")
OPEN = echo.Gate(0.0, 0.0, 0.0)
SHUT = echo.Gate(1.0, 1.0, 1.0)
LOOP = "for row in rows:\n    row.fold()\n    show(row)\n\n"
LINES = st.lists(st.sampled_from(["x = f(a)", "  if y:", "\t\treturn", "", ")", "'𝔘\ud800'", "é.é(é"]), max_size=12)
TEXTS = st.one_of(
    st.text(st.characters(codec=None), max_size=200),
    st.builds(str.join, st.sampled_from(["\n", "\r\n", "\r", "\u2028", "\f"]), LINES),
)


def answer(call: Call, gate: echo.Gate = echo.GATE) -> str:
    """What the engine says to a call; checks that a Timing comes last, and once."""

    async def listen() -> list[Delta | Timing]:
        return [event async for event in Echo(gate).generate(call)]

    *deltas, last = asyncio.run(listen())
    assert isinstance(last, Timing)
    return "".join(event.text for event in deltas if isinstance(event, Delta))


def said(picture: str, *context: str, gate: echo.Gate = echo.GATE, stop: tuple[str, ...] = ()) -> str:
    """The picture with what is said at its cursor."""
    text, cursor = at(picture)
    got = answer(Call(ROUTE, text[:cursor], text[cursor:], context=context, stop=stop), gate)
    return f"{text[:cursor]}⟦{got}⟧{text[cursor:]}"


PICTURES = {
    "inside a line": (
        "a = load(path, 'utf-8')\nb = load(path, 'utf-8')\nc = load(pa‸\n",
        "a = load(path, 'utf-8')\nb = load(path, 'utf-8')\nc = load(pa⟦th, 'utf-8')⟧\n",
    ),
    "a whole line": (
        "if not a:\n    raise Gone(key)\nif not a:\n    raise Gone(key)\nif not a:\n    ‸\n",
        "if not a:\n    raise Gone(key)\nif not a:\n    raise Gone(key)\nif not a:\n    ⟦raise Gone(key)⟧\n",
    ),
    "the names of here for those of there": (
        "if one is None:\n    one = make()\nif two is None:\n    two = make()\nif far is None:\n    ‸\n",
        "if one is None:\n    one = make()\nif two is None:\n    two = make()\nif far is None:\n    ⟦far = make()⟧\n",
    ),
    "a bracket that the editor has closed": (
        "a = load(path)\nb = load(path)\nc = load(‸)\n",
        "a = load(path)\nb = load(path)\nc = load(⟦path⟧)\n",
    ),
    "what stands between the cursor and the rest of its line": (
        "a = load(path, mode)\nb = load(path, mode)\nc = load(‸, mode)\n",
        "a = load(path, mode)\nb = load(path, mode)\nc = load(⟦path⟧, mode)\n",
    ),
    "no further than a bracket that the editor has closed": (
        "a = load(path).all\nb = load(path).all\nc = load(‸)\n",
        "a = load(path).all\nb = load(path).all\nc = load(⟦path⟧)\n",
    ),
    "nothing that repeats": ("alpha = 1\nbeta(2)\n‸\n", "alpha = 1\nbeta(2)\n⟦⟧\n"),
    "an empty file": ("‸", "⟦⟧"),
    "no repetition of the line below": (
        "a()\nstop()\na()\nstop()\na()\n‸\nstop()\n",
        "a()\nstop()\na()\nstop()\na()\n⟦⟧\nstop()\n",
    ),
    "no repetition of the line above": ("step()\nstep()\nstep()\n‸\n", "step()\nstep()\nstep()\n⟦⟧\n"),
    "no second copy of what follows in the line": (
        "a = load(path, mode)\nb = load(path, mode)\nc = load(path, ‸mode)\n",
        "a = load(path, mode)\nb = load(path, mode)\nc = load(path, ⟦⟧mode)\n",
    ),
}


@pytest.mark.parametrize("name", PICTURES)
def test_it_says(name: str) -> None:
    picture, shown = PICTURES[name]
    assert said(picture) == shown


def test_it_is_one_engine_that_is_always_ready() -> None:
    assert asyncio.run(Echo().models()) == [Model("echo", "echo", family="plain", loaded=True)]
    assert asyncio.run(Echo().ready(ROUTE))


def test_it_goes_on_to_the_end_of_a_block() -> None:
    assert said(f"{LOOP * 3}for row in rows:\n    ‸\n").endswith("    ⟦row.fold()\n    show(row)⟧\n")


def test_a_block_takes_the_indentation_of_its_place() -> None:
    nested = "for row in rows:\n    if row:\n        row.fold()\n\n"
    picture = f"def f():\n\tdone()\n\ndef g():\n\tfor row in rows:\n\t\t‸\n{''}"
    assert said(picture, nested * 3, gate=OPEN).endswith("\n\t\t⟦if row:\n\t\t\trow.fold()⟧\n")


def test_it_reads_other_files_too() -> None:
    assert said("c = load(pa‸\n", "a = load(path)\n", "b = load(path)\nd = load(path)\n") == "c = load(pa⟦th)⟧\n"


def test_what_it_says_ends_lines_as_the_file_does() -> None:
    picture = f"{LOOP * 3}for row in rows:\n    ‸\n".replace("\n", "\r\n")
    assert "⟦row.fold()\r\n    show(row)⟧" in said(picture)


def test_below_the_gate_it_is_silent() -> None:
    picture = PICTURES["inside a line"][0]
    text, cursor = at(picture)
    *_, sure = echo.stages(text[:cursor], text[cursor:], (), OPEN)
    assert sure is not None
    assert "⟦⟧" not in said(picture, gate=echo.Gate(inside=sure.probability))
    assert "⟦⟧" in said(picture, gate=echo.Gate(inside=sure.probability + 1e-9))


def test_a_stop_ends_what_it_says() -> None:
    assert "⟦row.fold()⟧" in said(f"{LOOP * 3}for row in rows:\n    ‸\n", stop=("\n",))


def test_a_limit_leaves_whole_lines() -> None:
    call = Call(ROUTE, f"{LOOP * 3}for row in rows:\n    ", "\n", max_tokens=4)
    assert answer(call) == "row.fold()"


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=3))
def test_any_text_gets_the_same_short_answer_twice(before: str, after: str, pieces: list[str]) -> None:
    call = Call(ROUTE, before, after, context=tuple(pieces))
    got = answer(call, OPEN)
    assert got == answer(call, OPEN)
    assert len(got) <= choice.BLOCK * (places.LINE + places.REACH)
    assert not got or got.strip()


@given(st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), unique=True, max_size=26), st.integers(0, 26))
def test_where_nothing_repeats_nothing_is_said(letters: list[str], cursor: int) -> None:
    text = "\n".join(f"{letter}{letter.upper()}" for letter in letters)
    assert answer(Call(ROUTE, text[:cursor], text[cursor:]), OPEN) == ""


@given(TEXTS, TEXTS)
def test_the_line_that_follows_is_never_repeated(before: str, after: str) -> None:
    got = answer(Call(ROUTE, before, f"\n{after}"), OPEN)
    line = places.feeds(before).rpartition("\n")[2].lstrip(" \t") + got
    following = [one.strip() for one in places.feeds(after[: places.AROUND[1]]).split("\n") if one.strip()]
    assert not got or line.strip() != (following or [""])[0]


@given(TEXTS, TEXTS)
def test_a_shut_gate_lets_nothing_through(before: str, after: str) -> None:
    assert answer(Call(ROUTE, before, after), SHUT) == ""


def ways(picture: str, most: int = 6) -> list[str]:
    text, cursor = at(picture)
    *_, found = echo.ways(text[:cursor], text[cursor:], [], most)
    return [it.text for it in found]


def test_whoever_chooses_is_told_each_way_to_go_on_once_the_likeliest_first() -> None:
    picture = "load(1)\nload(2)\nload(2)\nload(3)\nload(‸\n"
    assert ways(picture) == ["2)", "1)"]
    assert ways(picture, most=1) == ["2)"]
    assert ways("alpha = 1\nbeta(2)\n‸\n") == []


@given(TEXTS, TEXTS)
def test_the_likeliest_way_is_what_it_would_say_itself(before: str, after: str) -> None:
    *_, found = echo.ways(before, after, [], 6)
    *_, said = echo.stages(before, after, (), OPEN)
    assert [it.probability for it in found] == sorted((it.probability for it in found), reverse=True)
    assert len({it.text for it in found}) == len(found)
    assert (said is None) == (not found)
    likeliest = {it.text for it in found if it.probability == found[0].probability}
    assert said is None or said.text.splitlines()[0].rstrip() in likeliest
