"""Pieces and a budget -> the pieces that fit, in an order that stays as it is while they are relevant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from heapq import heapify, heappop, heappush

from router.context.focus import names
from router.types import Piece

Count = Callable[[str], float]
STAY = 1.5  # times what a new piece is worth: so much does a kept one count, or the prompt changes at each line
_TELLING = 8  # code points of a line that is not said twice; a shorter one is a bracket or says nothing
_HEADER = 4  # code points beside a path in the comment before the lines of a file


def header(path: str) -> str:
    """What stands before the lines of a file, as far as its cost goes."""
    return "# " + path + "\n"


class _Packing:
    """What is chosen so far: the names and lines that it says, the files it is of and what it costs."""

    def __init__(self, pieces: Sequence[Piece], likely: Mapping[str, float]) -> None:
        self.pieces, self.likely = pieces, likely
        self.said = [[name for name in names(it.text, it.path) if name in likely] for it in pieces]
        self.names: set[str] = set()
        self.lines: set[str] = set()
        self.paths: set[str] = set()
        self.chosen: list[int] = []

    def worth(self, number: int) -> float:
        """What a piece would add."""
        return sum([self.likely[name] for name in self.said[number] if name not in self.names])


def pack(
    pieces: Sequence[Piece],
    likely: Mapping[str, float],
    budget: float,
    shown: str,
    count: Count,
    kept: Sequence[Piece] = (),
) -> list[Piece]:
    """The pieces of most worth per token that fit into `budget` tokens and repeat neither `shown` nor each other."""
    packing = _Packing(pieces, likely)
    packing.lines = set(telling(shown))
    stays = {(it.path, it.text) for it in kept}
    room = _chosen(packing, budget, count, stays)
    del room
    order = {(it.path, it.text): place for place, it in enumerate(kept)}
    found = [pieces[number] for number in packing.chosen]
    old = sorted((it for it in found if (it.path, it.text) in order), key=lambda it: order[it.path, it.text])
    new = [it for it in found if (it.path, it.text) not in order]
    first = {path: place for place, path in reversed(list(enumerate(it.path for it in new)))}
    new.sort(key=lambda it: (first[it.path], it.start))
    return old + new


def _chosen(packing: _Packing, budget: float, count: Count, stays: set[tuple[str, str]]) -> float:
    heap: list[tuple[float, int]] = []
    for number, piece in enumerate(packing.pieces):
        worth = packing.worth(number)
        if worth > 0:
            heap.append((-_ratio(packing, number, worth, piece, stays), number))
    heapify(heap)
    misses = 0
    while heap and misses < 60 and budget > 2:
        _, number = heappop(heap)
        piece = packing.pieces[number]
        worth = packing.worth(number)
        if worth <= 0:
            continue
        ratio = _ratio(packing, number, worth, piece, stays)
        if heap and ratio < -heap[0][0]:
            heappush(heap, (-ratio, number))
            continue
        lines = telling(piece.text)
        if not lines or any(line in packing.lines for line in lines):
            continue
        cost = count(piece.text + "\n") + (0 if piece.path in packing.paths else count(header(piece.path)))
        if cost > budget:
            misses += 1
            continue
        budget -= cost
        packing.chosen.append(number)
        packing.names.update(packing.said[number])
        packing.lines.update(lines)
        packing.paths.add(piece.path)
    return budget


def _ratio(packing: _Packing, number: int, worth: float, piece: Piece, stays: set[tuple[str, str]]) -> float:
    size = len(piece.text) + 6 + (0 if piece.path in packing.paths else 12)
    return (STAY if (piece.path, piece.text) in stays else 1.0) * worth / size


def telling(text: str) -> list[str]:
    """The lines of a text that are worth saying once, without the blanks around them."""
    return [line for row in text.split("\n") if len(line := row.strip()) >= _TELLING]
