"""What the user has typed into: `‸` is the cursor."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.completing.cache import Cache, Recent
from tests.fixture import at, document


def left(then: str, suggestion: str, now: str) -> list[str]:
    """What is left at `now` of a suggestion that was made at `then`."""
    cache = Cache()
    text, cursor = at(then)
    cache.suggested(document(text), cursor, suggestion, "a model")
    text, cursor = at(now)
    return cache.continued(document(text), cursor)


def test_typing_its_beginning_leaves_the_rest() -> None:
    assert left("x = ‸\n", "foo(bar)", "x = foo‸\n") == ["(bar)"]


def test_the_same_place_again_leaves_all_of_it() -> None:
    assert left("x = ‸\n", "foo", "x = ‸\n") == ["foo"]


def test_brackets_that_the_editor_closed_do_not_matter() -> None:
    assert left("x = ‸\n", "foo(bar)", "x = foo(‸)\n") == ["bar)"]


def test_typing_something_else_leaves_nothing() -> None:
    assert left("x = ‸\n", "foo", "x = g‸\n") == []


def test_having_typed_all_of_it_leaves_nothing() -> None:
    assert left("x = ‸\n", "foo", "x = foo‸\n") == []


def test_another_text_around_it_leaves_nothing() -> None:
    assert left("x = ‸\n", "foo", "y = f‸\n") == []
    assert left("x = ‸\nz", "foo", "x = f‸\nw") == []


def test_a_suggestion_for_an_empty_file_is_none_for_a_full_one() -> None:
    assert left("‸", "import os", "‸def f():\n    return 1\n") == []
    assert left("ret‸\nfoo()\nbar()\n", "urn x", "ret‸") == []


def test_what_one_engine_said_can_be_left_out() -> None:
    cache = Cache()
    text, cursor = at("x = ‸\n")
    cache.suggested(document(text), cursor, "one", "echo")
    cache.suggested(document(text), cursor, "two", "a model")
    assert cache.continued(document(text), cursor) == ["two", "one"]
    assert cache.continued(document(text), cursor, without="echo") == ["two"]


def test_the_latest_suggestion_comes_first_and_no_text_twice() -> None:
    cache = Cache()
    text, cursor = at("x = ‸\n")
    for suggestion in ("foo(a)", "fob", "foo(b)", "foo(a)"):
        cache.suggested(document(text), cursor, suggestion, "a model")
    text, cursor = at("x = fo‸\n")
    assert cache.continued(document(text), cursor) == ["o(a)", "o(b)", "b"]


def test_what_was_used_longest_ago_is_forgotten_first() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    assert recent.get("a") == 1
    recent.put("c", 3)
    assert [recent.get(key) for key in "abc"] == [1, None, 3]


@given(st.text(max_size=30), st.text(min_size=1, max_size=30), st.text(max_size=30), st.data())
def test_typed_through_is_what_the_suggestion_would_have_made(
    before: str, suggestion: str, after: str, data: st.DataObject
) -> None:
    typed = data.draw(st.integers(0, len(suggestion) - 1))
    cache = Cache()
    cache.suggested(document(before + after), len(before), suggestion, "a model")
    now = before + suggestion[:typed] + after
    (rest,) = cache.continued(document(now), len(before) + typed)
    assert now[: len(before) + typed] + rest + after == before + suggestion + after
