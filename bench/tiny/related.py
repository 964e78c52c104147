"""Which lines of a package's other files are shown before a place: those that share its rarest names."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from router.types import Piece

HEIGHT = 12  # lines of a piece
NEAR = 1_200  # code points before the place, and a third as many after it, whose names are looked for
_NAME = re.compile(r"[^\W\d]\w{3,}")
_COMMON = 0.15  # a name in more pieces than this share tells nothing


class Shelf:
    """A package cut into pieces of a few lines, found by their names."""

    def __init__(self, files: Iterable[tuple[str, str]]) -> None:
        self.pieces: list[Piece] = []
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for path, text in files:
            for piece in _cut(path, text):
                for name in set(_NAME.findall(piece.text)):
                    self._places[name].append(len(self.pieces))
                self.pieces.append(piece)

    def near(self, path: str, before: str, after: str, characters: int) -> list[Piece]:
        """Pieces of other files than `path`, the most alike last, of at most so many `characters`."""
        names = set(_NAME.findall(f"{before[-NEAR:]} {after[: NEAR // 3]}"))
        worth: Counter[int] = Counter()
        for name in sorted(names):
            places = self._places.get(name, ())
            if 0 < len(places) <= max(3, _COMMON * len(self.pieces)):
                for place in places:
                    worth[place] += round(1000 * math.log(1 + len(self.pieces) / len(places)))
        return self._chosen([place for place, _ in worth.most_common(40)], path, characters)

    def _chosen(self, places: Sequence[int], path: str, characters: int) -> list[Piece]:
        found: list[Piece] = []
        for piece in map(self.pieces.__getitem__, places):
            cost = len(piece.text) + len(piece.path)
            if piece.path != path and cost <= characters:
                found.append(piece)
                characters -= cost
        return found[::-1]


def _cut(path: str, text: str) -> Iterable[Piece]:
    lines = text.split("\n")
    start = 0
    for at in range(0, len(lines), HEIGHT):
        said = "\n".join(lines[at : at + HEIGHT])
        if len(said.strip()) > 40:
            yield Piece("related", path, said, start, 0.0)
        start += len(said) + 1
