"""What stays as it is while somebody types at one place: the files that are looked into, and what they say of names.

It is made when the cursor comes to a place, and serves until it leaves it, or one of the files becomes another.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import nlargest
from math import exp, log1p
from operator import mul

from msgspec import Struct

from router.context.gathering.focus import ABOVE, BELOW, Focus, parts
from router.context.gathering.sheet import Sheet
from router.context.gathering.view import View
from router.context.gathering.weights import BIAS, WEIGHTS
from router.types import Piece

PLACE = 20  # lines that the cursor may move within a place
LONGEST = 200  # code points of a line
_LIKELY = 400  # names that are thought of without a reason at the cursor
_ROWS = 8  # of one file, in which a name's lines are looked for
_LINES = 3  # of one name
_PLACES, _EACH = 48, 12  # where a name's neighbours are looked for: in all files, and in one
_BEFORE, _AFTER, _NEXT = 3, 6, 3  # lines around a name in which others are beside it, and those that come next
_BESIDE = 48  # names beside one


class Line(Struct, frozen=True, gc=False):
    """A line of a file as a piece, and its row."""

    piece: Piece
    row: int


class Ground:
    """One place of a document. `files` are other files, and how much they have to do with it; `kind` is one of
    `weights.WEIGHTS`. `likely` are the names to think of at all, the likeliest first; `worded` are those that are made
    of a word, and the share that it is of them."""

    def __init__(self, view: View, path: str, about: Focus, kind: str, files: Mapping[str, float]) -> None:
        self.path, self.row, self.kind, self.files, self.own = path, about.row, kind, files, about.sheet
        self._view = view
        self._texts = {other: view.text(other) for other in files}
        self.sheets = {path: about.sheet} | {other: view.page(other).sheet for other in files}
        most = max(files.values(), default=0.0) or 1.0
        self._shares = [(self.sheets[other].lines, (worth + 0.2) / most) for other, worth in files.items()]
        self._imported = frozenset(here for one in view.imports(path) for _, here in one.names)
        names = {name for other in files for name in view.page(other).common}
        names.update(about.sheet.lines)
        self._widest = log1p(max(map(view.spread, names), default=0)) or 1.0
        self._odds: dict[str, float] = {}
        self.worded: dict[str, list[tuple[str, float]]] = {}
        self._beside: dict[str, dict[str, tuple[float, float]]] = {}
        self._rows: dict[tuple[str, int], tuple[float, Line]] = {}
        self._lines: dict[str, list[Line]] = {}
        self.likely = nlargest(_LIKELY, sorted(names), key=self.odds)

    def holds(self, view: View, about: Focus, kind: str) -> bool:
        """Whether the cursor is still here, and all texts are the same but for lines around it."""
        near = abs(about.row - self.row) <= PLACE and kind == self.kind
        same = about.sheet.lines is self.own.lines or about.sheet.text == self.own.text
        return near and same and all(view.text(other) is text for other, text in self._texts.items())

    def odds(self, name: str) -> float:
        """The logarithm of the odds that a name is needed, by what is known of it anywhere in this place."""
        found = self._odds.get(name)
        if found is None:
            found = self._odds[name] = BIAS[self.kind] + sum(map(mul, WEIGHTS[self.kind], self.facts(name)))
            made = parts(name)
            for part in made:
                self.worded.setdefault(part, []).append((name, 1 / len(made)))
        return found

    def facts(self, name: str) -> tuple[float, ...]:
        """What is known of a name, in the order of `weights.ALWAYS`."""
        spread = log1p(self._view.spread(name)) / self._widest
        files = log1p(sum([share for lines, share in self._shares if name in lines]))
        imported, rows = float(name in self._imported), self.own.lines.get(name)
        if not rows:
            return (spread, files, imported, 0.0, 0.0, 0.0)
        away = min([abs(row - self.row) for row in rows])
        return (spread, files, imported, log1p(len(rows)), exp(-away / 80), exp(-away / 300))

    def beside(self, name: str) -> Mapping[str, tuple[float, float]]:
        """The names that stand around this one elsewhere: in which share of the places, and next after it."""
        found = self._beside.get(name)
        if found is None:
            found = self._beside[name] = self._around(name)
        return found

    def _around(self, name: str) -> dict[str, tuple[float, float]]:
        near: dict[str, int] = {}
        after: dict[str, int] = {}
        count = 0
        for path, sheet in self.sheets.items():
            low, high = (self.row - ABOVE, self.row + BELOW) if path == self.path else (0, -1)
            for row in sheet.lines.get(name, ())[:_EACH]:
                if count < _PLACES and not low <= row <= high:
                    count += 1
                    for other in {it for said in sheet.names[max(0, row - _BEFORE) : row + _AFTER + 1] for it in said}:
                        near[other] = near.get(other, 0) + 1
                    for other in {it for said in sheet.names[row + 1 : row + _NEXT + 1] for it in said}:
                        after[other] = after.get(other, 0) + 1
        most = nlargest(_BESIDE, near, key=lambda other: (near[other], other))
        return {other: (near[other] / (count + 2), after.get(other, 0) / (count + 2)) for other in most}

    def lines(self, name: str) -> list[Line]:
        """The lines that say a name along with others that are likely."""
        found = self._lines.get(name)
        if found is None:
            rated = [
                (self._rated(path, sheet, row), path, row)
                for path, sheet in self.sheets.items()
                for row in sheet.lines.get(name, ())[:_ROWS]
            ]
            best = nlargest(_LINES, rated)
            found = self._lines[name] = [self._rows[path, row][1] for worth, path, row in best if worth > 0]
        return found

    def _rated(self, path: str, sheet: Sheet, row: int) -> float:
        """What a line is worth for its length."""
        found = self._rows.get((path, row))
        if found is None:
            start, line = sheet.line(row)
            said = sheet.names[row]
            worth = sum([exp(self.odds(name)) for name in said]) / (len(line) + 6) if len(line) <= LONGEST else 0.0
            found = self._rows[path, row] = (worth, Line(Piece("files", path, line, start, 0.0), row))
        return found[0]
