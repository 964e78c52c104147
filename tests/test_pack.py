"""Packing: what must hold for whatever the sources bring."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from router.context.gathering import gather
from router.context.gathering.pack import cost, header, pack
from router.types import Document, Piece, Request, Span
from tests.known import view

_NAMES = ("wagon", "track", "siding", "signal", "couple", "shunt", "brake", "points", "engine", "freight")
_LINES = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4).map(lambda said: f"{said[0]}({', '.join(said[1:])})")
_PIECES = st.lists(
    st.builds(
        lambda path, lines, start: Piece("similar", f"/w/{path}.py", "\n".join(lines), start, 1.0),
        st.sampled_from("abc"),
        st.lists(_LINES, min_size=1, max_size=3),
        st.integers(0, 500),
    ),
    max_size=25,
)
_LIKELY = st.dictionaries(st.sampled_from(_NAMES), st.floats(0.001, 0.9))


def tokens(pieces: list[Piece]) -> float:
    return cost(pieces, gather.by_characters)


def packed(
    pieces: list[Piece], likely: dict[str, float], budget: int, shown: str = "", kept: tuple[Piece, ...] = ()
) -> list[Piece]:
    return pack([*pieces, *kept], likely, budget, shown, gather.by_characters, kept)


@given(_PIECES, _LIKELY, st.integers(0, 120), _PIECES)
def test_the_budget_is_never_exceeded(
    pieces: list[Piece], likely: dict[str, float], budget: int, old: list[Piece]
) -> None:
    assert tokens(packed(pieces, likely, budget)) <= budget
    assert tokens(packed(pieces, likely, budget, kept=tuple(old))) <= budget


@given(_PIECES, _LIKELY, st.lists(_LINES, max_size=5))
def test_no_line_is_shown_twice(pieces: list[Piece], likely: dict[str, float], window: list[str]) -> None:
    found = packed(pieces, likely, 200, "\n".join(window))
    lines = [line for piece in found for line in set(piece.text.split("\n")) if len(line) >= 8]
    assert len(lines) == len(set(lines))
    assert not set(lines) & set(window)


@given(_PIECES, _LIKELY, st.integers(0, 120))
def test_it_is_the_same_each_time(pieces: list[Piece], likely: dict[str, float], budget: int) -> None:
    found = packed(pieces, likely, budget)
    assert found == packed(pieces, likely, budget)
    assert all(piece in pieces for piece in found)


@given(_PIECES, _LIKELY, st.integers(20, 120))
def test_what_was_packed_stays_as_it_is(pieces: list[Piece], likely: dict[str, float], budget: int) -> None:
    first = packed(pieces, likely, budget)
    assert packed(pieces, likely, budget, kept=tuple(first))[: len(first)] == first


@given(_PIECES, _PIECES, _LIKELY, st.integers(20, 120))
def test_what_is_kept_stands_first_and_in_its_order(
    before: list[Piece], after: list[Piece], likely: dict[str, float], budget: int
) -> None:
    kept = packed(before, likely, budget)
    said = [(it.path, it.text) for it in kept]
    now = [(it.path, it.text) for it in packed(after, likely, budget, kept=tuple(kept))]
    stayed = [it for it in now if it in said]
    assert stayed == [it for it in said if it in now]
    assert now[: len(stayed)] == stayed


def test_a_piece_goes_only_when_it_is_clearly_beaten() -> None:
    old = Piece("similar", "/w/a.py", "wagon(track)", 0, 1.0)
    better, best = (Piece("similar", "/w/a.py", text, 50, 1.0) for text in ("siding(brake)", "signal(shunt)"))
    likely = {"wagon": 0.1, "track": 0.1, "siding": 0.12, "brake": 0.12, "signal": 0.5, "shunt": 0.5}
    room = int(gather.by_characters(header("/w/a.py")) + 4)
    assert packed([better], likely, room, kept=(old,)) == [old]
    assert packed([best], likely, room, kept=(old,)) == [best]


def test_a_name_that_is_there_is_worth_nothing_more() -> None:
    one, same, other = (
        Piece("similar", "/w/a.py", text, at, 1.0) for at, text in enumerate(("wagon(1)", "wagon(22)", "brake(333)"))
    )
    assert packed([one, same, other], {"wagon": 0.9, "brake": 0.1}, 100) == [one, other]


@settings(max_examples=30)
@given(
    st.lists(_LINES, min_size=5, max_size=40), st.lists(_LINES, min_size=5, max_size=40), st.integers(0, 300), st.data()
)
def test_a_keystroke_does_not_reshuffle(own: list[str], other: list[str], budget: int, data: st.DataObject) -> None:
    text = "\n".join(own) + "\n"
    files = {"/w/own.py": text, "/w/other.py": "\n".join(other)}
    at = data.draw(st.integers(0, len(text)))

    def asked(text: str, at: int, kept: tuple[Piece, ...] = ()) -> list[Piece]:
        request = Request("complete", Document("/w/own.py", "python", 1, text), Span(at, at))
        return gather.pieces(request, view(files), own[0], budget, kept)

    first = asked(text, at)
    assert tokens(first) <= budget
    assert first == asked(text, at)
    again = asked(text[:at] + "x" + text[at:], at + 1, tuple(first))
    said = [(it.path, it.text) for it in first]
    stayed = [(it.path, it.text) for it in again if (it.path, it.text) in said]
    assert stayed == [it for it in said if it in stayed]
