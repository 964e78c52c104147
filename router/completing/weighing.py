"""Says of every piece that was thought of what it is worth in a prompt, and why it is not in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from router.context.gathering import gather
from router.context.gathering.focus import names
from router.context.gathering.pack import telling
from router.context.gathering.view import View
from router.types import Piece, Request


class Weighed(Struct, frozen=True):
    """A piece, and how many names it adds that are likely to be needed, each counted by its probability.

    `why` says why it is left out; empty: it is shown.
    """

    piece: Piece
    worth: float
    why: str = ""


def weighed(request: Request, view: View, shown: str, packed: Sequence[Piece]) -> list[Weighed]:
    """The pieces that are shown, in their order, then the others, those of most worth first."""
    found, likely = gather.considered(request, view, shown)
    said: set[str] = set()
    result: list[Weighed] = []
    for piece in packed:
        new = [name for name in names(piece.text, piece.path) if name not in said]
        result.append(Weighed(piece, _worth(new, likely)))
        said.update(new)
    taken = {(it.path, it.text) for it in packed}
    window = {row.strip() for row in shown.split("\n")}
    lines = {row for piece in packed for row in telling(piece.text)}
    left = {(it.path, it.text): it for it in found if (it.path, it.text) not in taken}
    others = [_left(it, likely, said, window, lines) for it in left.values()]
    return result + sorted(others, key=lambda it: (-it.worth, it.piece.path, it.piece.start))


def _left(piece: Piece, likely: Mapping[str, float], said: set[str], window: set[str], lines: set[str]) -> Weighed:
    rows = telling(piece.text)
    worth = _worth([name for name in names(piece.text, piece.path) if name not in said], likely)
    if not window.isdisjoint(rows):
        return Weighed(piece, 0.0, "the open file's lines show it")
    if not rows or not lines.isdisjoint(rows):
        return Weighed(piece, 0.0, "another piece says it")
    return Weighed(piece, worth, "other pieces are worth more for their length" if worth else "it says no new name")


def _worth(said: Sequence[str], likely: Mapping[str, float]) -> float:
    return sum(likely.get(name, 0.0) for name in said)
