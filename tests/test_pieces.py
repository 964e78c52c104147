"""How a long prompt is read: in growing beginnings of itself, each short enough, none in vain."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.dispatch.pieces import FIRST, LEAST, PIECE, REST, Reader
from router.types import Call, Route, Timing

ROUTE = Route("scripted", "large")
LETTERS = 4  # per token
seconds = st.floats(0.0, 30.0)


def read(length: int, speed: float, rested: list[float], paces: dict[str, float], *, says: bool = True) -> list[Call]:
    """The pieces that an engine of so many tokens/s reads, which keeps what it has read."""
    reader, pieces = Reader(Call(ROUTE, "x" * length, stop=("\n",), schema="{}"), paces), list[Call]()
    for rest in rested:
        if (piece := reader.piece(rest)) is None:
            break
        tokens, before = len(piece.prompt) // LETTERS, reader.read // LETTERS
        pieces.append(piece)
        reader.heard(piece, Timing(tokens, before if says else -1, 1, prefill_ms=(tokens - before) / speed * 1000))
    return pieces


@given(st.integers(0, 50_000), st.floats(10, 20_000), st.lists(seconds, max_size=60), st.booleans())
def test_pieces_are_growing_beginnings_that_ask_for_one_token(
    length: int, speed: float, rested: list[float], says: bool
) -> None:
    before = 0
    for piece in read(length, speed, rested, {}, says=says):
        assert before + LEAST <= len(piece.prompt) < length
        assert piece == replace(piece, max_tokens=1, stop=(), schema="")
        before = len(piece.prompt)


@given(st.floats(100, 20_000), st.lists(seconds, min_size=3, max_size=60))
def test_a_piece_takes_no_longer_than_a_small_part_of_the_time_since_the_last_key(
    speed: float, rested: list[float]
) -> None:
    ends = [0, *(len(piece.prompt) for piece in read(1_000_000, speed, rested, {}))]
    for rest, start, end in list(zip(rested, ends, ends[1:], strict=False))[1:]:
        most = 1.1 * speed * LETTERS * max(PIECE, rest / REST)
        assert end - start <= max(LEAST, most)


def test_the_pace_is_known_the_next_time() -> None:
    paces: dict[str, float] = {}
    assert len(read(10_000, 1400, [0.0], paces)[0].prompt) == FIRST
    assert len(read(10_000, 1400, [0.0], paces)[0].prompt) == int(1400 * LETTERS * PIECE)


def test_who_has_not_typed_for_long_has_the_rest_read_at_once() -> None:
    paces: dict[str, float] = {}
    assert len(read(20_000, 1400, [0.0] * 9, paces)) == 9
    assert not read(20_000, 1400, [300.0], paces)
    assert not read(LEAST, 1400, [0.0], {})


def test_an_engine_that_does_not_tell_how_long_it_reads_gets_the_rest_at_once() -> None:
    reader, pieces = Reader(Call(ROUTE, "x" * 20_000), {}), 0
    while piece := reader.piece(0.0):
        reader.heard(piece, Timing(len(piece.prompt) // LETTERS, -1, 1))
        pieces += 1
    assert pieces == 2


def test_an_engine_that_keeps_nothing_gets_the_rest_at_once() -> None:
    for says in (0, -1):
        reader = Reader(Call(ROUTE, "x" * 20_000), {})
        count = 0
        while piece := reader.piece(0.0):
            count, tokens = count + 1, len(piece.prompt) // LETTERS
            reader.heard(piece, Timing(tokens, says, 1, prefill_ms=float(tokens)))
        assert 2 <= count <= 6


def test_the_account_of_an_answer_has_its_pieces_in_it() -> None:
    reader = Reader(Call(ROUTE, "x" * 4000), {})
    last = Timing(1000, 900, 5, prefill_ms=100.0)
    assert reader.account(last) == last
    for _ in range(2):
        piece = reader.piece(0.0)
        assert piece
        tokens = len(piece.prompt) // LETTERS
        reader.heard(piece, Timing(tokens, reader.read // LETTERS, 1, prefill_ms=50.0))
    assert reader.account(last) == replace(last, reused_tokens=0, prefill_ms=200.0)


def test_what_takes_no_model_is_asked_for_as_it_is() -> None:
    assert Reader(Call(Route("echo", "echo"), "x" * 20_000), {}).piece(0.0) is None
