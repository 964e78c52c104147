"""The window that a completion prompt shows: what changes from one keystroke to the next."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.context.window import Extent, Window, slide
from tests.fixture import at

SMALL = Extent(before=12, after=4, middle=8, characters=600)


def shown(picture: str, last: Window | None = None, rested: bool = True) -> Window:
    text, cursor = at(picture)
    return slide(last, text, cursor, SMALL, rested)


def test_the_current_line_stands_last() -> None:
    window = shown("a\nb‸\nc\n")
    assert (window.prefix, window.middle, window.suffix) == ("a\n", "b", "\nc\n")


def test_a_keystroke_adds_its_own_character_and_nothing_else() -> None:
    first = shown("a\nb‸\nc\n")
    second = shown("a\nbx‸\nc\n", first)
    assert (second.prefix, second.suffix) == (first.prefix, first.suffix)
    assert second.middle == first.middle + "x"


def test_a_new_line_too_while_the_user_types_on() -> None:
    first = shown("a\nb‸\nc\n")
    second = shown("a\nb\n  d‸\nc\n", first, rested=False)
    assert (second.prefix, second.suffix) == (first.prefix, first.suffix)
    assert second.middle == "b\n  d"


def test_after_many_lines_it_slides_when_the_user_rests() -> None:
    first = shown("a\n‸\nz\n")
    typed = "a\n" + "b\n" * 5 + "‸\nz\n"
    assert shown(typed, first, rested=False).prefix == "a\n"
    assert shown(typed, first, rested=True).middle == ""


def test_brackets_that_an_editor_closes_do_not_touch_the_suffix() -> None:
    first = shown("a\nf‸\nc\n")
    second = shown("a\nf(‸)\nc\n", first)
    assert second.suffix == first.suffix


def test_an_edit_above_the_window_moves_it_along() -> None:
    text = "".join(f"line {number}\n" for number in range(40))
    first = slide(None, text + "x", len(text) + 1, SMALL)
    assert first.start > 0
    second = slide(first, "new\n" + text + "xy", len(text) + 6, SMALL)
    assert second.prefix == first.prefix
    assert second.middle == "xy"


def test_when_the_cursor_leaves_the_window_follows() -> None:
    first = shown("a\nb\nc‸\nd\n")
    second = shown("a‸\nb\nc\nd\n", first, rested=False)
    assert (second.prefix, second.middle) == ("", "a")


def test_a_change_right_behind_the_cursor_is_seen_at_once() -> None:
    first = shown("a\nb‸\nc\nd\ne\n")
    second = shown("a\nbx‸\nz\nd\ne\n", first, rested=False)
    assert second.suffix == "\nz\nd\ne\n"


def test_a_very_long_line_is_shown_around_the_cursor_only() -> None:
    text, at = "x = [" + "1, " * 20_000 + "]", 30_000
    first = slide(None, text, at, SMALL)
    assert text[:at].endswith(first.prefix + first.middle)
    assert 0 < len(first.middle) <= SMALL.characters // 4 < len(first.prefix)
    assert len(first.prefix + first.middle + first.suffix) <= SMALL.characters


def test_and_grows_for_a_while_before_it_slides() -> None:
    text, at = "x = [" + "1, " * 20_000 + "]", 30_000
    first = slide(None, text, at, SMALL)
    second = slide(first, text[:at] + "2" + text[at:], at + 1, SMALL)
    assert (second.prefix, second.middle) == (first.prefix, first.middle + "2")


def test_a_carriage_return_alone_ends_a_line_too() -> None:
    window = shown("a\rb‸)\rc\r")
    assert (window.prefix, window.middle, window.suffix) == ("a\r", "b", "\rc\r")


def test_brackets_that_an_editor_closes_do_not_count_before_two_signs_that_end_a_line() -> None:
    assert shown("a\r\nf(‸)\r\nc\r\n").suffix == "\r\nc\r\n"


_LINE = st.one_of(st.text("ab (){}\t é𝒳", max_size=20), st.integers(100, 2_000).map("ab ".__mul__))
_LINES = st.builds(str.join, st.sampled_from(["\n", "\r", "\r\n"]), st.lists(_LINE, min_size=1, max_size=60))


@given(_LINES, st.data())
def test_a_window_is_always_true_to_the_text(text: str, data: st.DataObject) -> None:
    last = None
    for _ in range(4):
        cursor = data.draw(st.integers(0, len(text)))
        rested = data.draw(st.booleans())
        last = slide(last, text, cursor, SMALL, rested)
        assert text[last.start : cursor] == last.prefix + last.middle
        assert len(last.prefix) + len(last.middle) + len(last.suffix) <= SMALL.characters
        if rested:
            assert text[cursor:].lstrip(")]}>\"'`;,: \t").startswith(last.suffix.lstrip(")]}>\"'`;,: \t"))
        new = data.draw(st.text("ab\n()", max_size=3))
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + new + text[place + data.draw(st.integers(0, 2)) :]
