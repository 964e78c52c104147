"""Pieces and a budget -> the pieces that fit, in an order that stays as it is while they are relevant."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heapreplace

from router.context.gathering.focus import names
from router.types import Piece

Count = Callable[[str], float]
STAY = 1.5  # times what a new piece is worth: so much does a kept one count, or the prompt changes at each line
_TELLING = 8  # code points of a line of several that is not said twice; a shorter one is `self,` or a bracket
_PARTS = 2  # of a path: with three, a quarter of the budget goes into paths
_LEAST, _OPENING = 6, 12  # code points that a piece and another file cost beside their own
_NOTHING = 1e-9  # of worth; what is left of a sum of which all was taken
_MISSES = 30  # pieces that do not fit any more, after which no other is tried


def named(path: str) -> str:
    """A path as a prompt says it: its last parts, which are what tells files apart."""
    return "/".join(path.replace("\\", "/").rsplit("/", _PARTS)[-_PARTS:])


def header(path: str) -> str:
    """What stands before the lines of a file, as far as its cost goes."""
    return f"# {named(path)}\n"


class _Packing:
    """What is chosen so far: the lines that it says, the files that it is of, and what each piece would still add."""

    def __init__(self, pieces: Sequence[Piece], likely: Mapping[str, float], shown: str) -> None:
        self.pieces, self.likely = pieces, likely
        self.said = [[name for name in names(it.text, it.path) if name in likely] for it in pieces]
        self.worth = [sum([likely[name] for name in said]) for said in self.said]
        self.saying: dict[str, list[int]] = {}
        for number, said in enumerate(self.said):
            for name in said:
                self.saying.setdefault(name, []).append(number)
        self.lines = {row.strip() for row in shown.split("\n")}
        self.paths: set[str] = set()
        self.chosen: list[int] = []

    def take(self, number: int, lines: Iterable[str]) -> None:
        """Show a piece: its names are worth nothing more in any other."""
        self.chosen.append(number)
        self.lines.update(lines)
        self.paths.add(self.pieces[number].path)
        for name in self.said[number]:
            worth = self.likely[name]
            for other in self.saying.pop(name, ()):
                self.worth[other] -= worth


def pack(
    pieces: Sequence[Piece],
    likely: Mapping[str, float],
    budget: float,
    shown: str,
    count: Count,
    kept: Sequence[Piece] = (),
) -> list[Piece]:
    """The pieces of most worth per token that fit into `budget` tokens and repeat neither `shown` nor each other."""
    packing = _Packing(pieces, likely, shown)
    order = {(it.path, it.text): place for place, it in enumerate(kept)}
    _choose(packing, budget, count, order.keys())
    found = _ordered([pieces[number] for number in packing.chosen], order)
    while found and cost(found, count) > budget:
        found.pop()
    return found


def cost(pieces: Iterable[Piece], count: Count) -> float:
    """The tokens of pieces in their order, with a path wherever the file is another one."""
    total, path = 0.0, ""
    for piece in pieces:
        total += count(piece.text + "\n") + (count(header(piece.path)) if piece.path != path else 0)
        path = piece.path
    return total


def _ordered(chosen: list[Piece], order: Mapping[tuple[str, str], int]) -> list[Piece]:
    """What was there in its order, then what is new, by file: that of most worth first."""
    old = [it for it in chosen if (it.path, it.text) in order]
    new = [it for it in chosen if (it.path, it.text) not in order]
    first = {it.path: place for place, it in reversed(list(enumerate(new)))}
    old.sort(key=lambda it: order[it.path, it.text])
    return old + sorted(new, key=lambda it: (first[it.path], it.start))


def _choose(packing: _Packing, budget: float, count: Count, stays: Collection[tuple[str, str]]) -> None:
    """Take what is worth most per token, again and again; what a piece is worth only falls, so few are asked anew."""
    pieces, worth, paths = packing.pieces, packing.worth, packing.paths
    sizes = [len(it.text) + _LEAST for it in pieces]
    stay = [STAY if stays and (it.path, it.text) in stays else 1.0 for it in pieces]
    heap = [(-stay[at] * much / (sizes[at] + _OPENING), at) for at, much in enumerate(worth) if much > 0]
    heapify(heap)
    misses = 0
    while heap and misses < _MISSES:
        number = heap[0][1]
        path, much = pieces[number].path, worth[number]
        ratio = -stay[number] * much / (sizes[number] + (0 if path in paths else _OPENING))
        if much <= _NOTHING:
            heappop(heap)
            continue
        heapreplace(heap, (ratio, number))
        if heap[0][1] != number:
            continue
        heappop(heap)
        lines = telling(pieces[number].text)
        if not lines or not packing.lines.isdisjoint(lines):
            continue
        price = count(pieces[number].text + "\n") + (0 if path in paths else count(header(path)))
        if price > budget:
            misses += 1
            continue
        budget -= price
        packing.take(number, lines)


def telling(text: str) -> list[str]:
    """The lines of a text that are said once, without the blanks around them."""
    rows = [row.strip() for row in text.split("\n")]
    return [row for row in rows if len(row) >= _TELLING] if len(rows) > 1 else rows
