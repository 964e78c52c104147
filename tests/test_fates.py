"""What became of a suggestion, in pictures: `‸` is the cursor."""

from __future__ import annotations

import pytest

from router.ledger.fates import Fates
from router.types import Fate
from tests.fixture import complete

SHOWN = "x = ‸\n"
PATH = "/home/ada/a.py"


def shown(text: str = "1 + 1", picture: str = SHOWN) -> Fates:
    fates = Fates()
    fates.shown(7, complete(picture), text)
    return fates


def settled(fates: Fates, picture: str) -> list[tuple[int, Fate]]:
    return [(it.number, it.fate) for it in fates.looked(complete(picture))]


@pytest.mark.parametrize(
    ("picture", "fate"),
    [
        ("x = ‸\n", ""),  # asked again at the same place
        ("x = 1‸\n", ""),  # typed into it
        ("x = 1 + ‸\n", ""),
        ("x = 1 + 1‸\n", "typed"),
        ("x = 2‸\n", "dismissed"),  # typed something else
        ("x =‸\n", "dismissed"),  # went back
        ("x = 1 + 1\n‸\n", "dismissed"),  # went elsewhere
        ("‸x = 1 + 1\n", "dismissed"),
        ("y = 1‸\n", "dismissed"),  # what stood before it has changed
    ],
)
def test_the_text_of_the_next_request_says_what_became_of_it(picture: str, fate: Fate) -> None:
    assert settled(shown(), picture) == ([(7, fate)] if fate else [])


def test_a_fate_is_said_once() -> None:
    fates = shown()
    assert settled(fates, "x = 2‸\n")
    assert not settled(fates, "x = 23‸\n")


def test_the_editors_word_outweighs_what_the_text_says() -> None:
    fates = shown()
    assert settled(fates, "x = 1 + 1‸\n") == [(7, "typed")]  # the text comes before the command that put it there
    (told,) = fates.said(PATH, "1 + 1", "accepted")
    assert (told.number, told.fate) == (7, "accepted")
    assert not settled(fates, "x = ‸\n")


def test_a_word_of_it_then_something_else_is_partly_accepted() -> None:
    fates = shown()
    (told,) = fates.said(PATH, "1 + 1", "partly accepted")
    assert told.fate == "partly accepted"
    assert not settled(fates, "x = 1 * 2‸\n")


def test_a_word_of_it_then_the_rest_is_accepted() -> None:
    fates = shown()
    fates.said(PATH, "1 + 1", "partly accepted")
    assert not settled(fates, "x = 1 ‸\n")
    assert [it.fate for it in fates.said(PATH, "+ 1", "accepted")] == ["accepted"]


def test_what_is_typed_through_is_one_suggestion() -> None:
    fates = shown()
    fates.shown(8, complete("x = 1 ‸\n"), "+ 1")
    assert [it.number for it in fates.said(PATH, "+ 1", "accepted")] == [7]
    assert not fates.closed(PATH)


def test_of_several_the_one_is_meant_whose_text_it_is() -> None:
    fates = shown("1 + 1")
    fates.shown(8, complete(SHOWN), "2 * 2")
    assert [it.number for it in fates.said(PATH, "1 + 1", "accepted")] == [7]
    assert [(it.number, it.fate) for it in fates.looked(complete("x = 1 + 1\n‸\n"))] == [(8, "dismissed")]


def test_of_equal_ones_the_latest_is_meant() -> None:
    fates = shown("1 + 1")
    fates.shown(8, complete("y = x\nx = ‸\n"), "1 + 1")
    assert [it.number for it in fates.said(PATH, "1 + 1", "accepted")] == [8]


def test_a_pop_ups_word_before_it_does_not_hide_it() -> None:
    assert [it.number for it in shown("(1)").said(PATH, "print(1)", "accepted")] == [7]


def test_what_closes_with_its_document_was_dismissed() -> None:
    assert [it.fate for it in shown().closed(PATH)] == ["dismissed"]
    assert not shown().closed("/home/ada/b.py")


@pytest.mark.parametrize(("path", "text"), [(PATH, "unheard of"), (PATH, ""), ("/elsewhere", "1 + 1"), ("", "")])
def test_an_editor_that_speaks_of_what_nobody_showed_is_not_believed(path: str, text: str) -> None:
    assert not shown().said(path, text, "accepted")


def test_only_the_last_few_of_a_document_are_followed() -> None:
    fates = Fates()
    for number in range(100):
        fates.shown(number, complete("x" * number + "‸"), "1")
    assert len(fates.closed(PATH)) < 10
