"""How likely each name is to be needed next, by what is known in this place and what the names at the cursor say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from heapq import nlargest
from math import exp, log1p, sqrt
from operator import mul

from router.context.gathering.focus import Focus, names, parts
from router.context.gathering.ground import Ground
from router.context.gathering.weights import AT_CURSOR, BIAS, SOURCES
from router.types import Piece

_WANTED = 200  # names that lines are looked for


def expected(
    ground: Ground,
    about: Focus,
    telling: Mapping[str, float],
    pieces: Iterable[Piece],
    shown: Collection[str],
    without: Collection[str] = (),
) -> dict[str, float]:
    """The probability of each name that is not shown; `telling` are the names at the cursor that tell most."""
    by = AT_CURSOR[ground.kind]
    always = ground.odds if "files" not in without else lambda _: BIAS[ground.kind]
    odds: dict[str, float] = {}
    if "files" not in without:
        odds = {name: always(name) for name in ground.likely if name not in shown}
    if "similar" not in without:
        for name, said in speaking(ground, about, telling).items():
            if name not in shown:
                odds[name] = odds.get(name, 0.0) or always(name)
                odds[name] += sum(map(mul, by, said))
    for (source, name), worth in _brought(pieces, shown).items():
        odds[name] = (odds.get(name, 0.0) or always(name)) + SOURCES[source] * worth
    words, weight = about.parts, by[-1]
    for name in odds:
        if like := alike(name, words):
            odds[name] += weight * like
    return {name: 1 / (1 + exp(-it)) for name, it in odds.items()}


def speaking(ground: Ground, about: Focus, telling: Mapping[str, float]) -> dict[str, tuple[float, ...]]:
    """What the names at the cursor say of others, in the order of `weights.NOW` but for the last of these."""
    most: dict[str, float] = {}
    total: dict[str, float] = {}
    after: dict[str, float] = {}
    last = _last(about)
    for name, weight in telling.items():
        near = about.tight[name]
        for other, (share, next_) in ground.beside(name).items():
            much = share * near
            total[other] = total.get(other, 0.0) + share * weight
            if much > most.get(other, 0.0):
                most[other] = much
            if name in last and next_ > after.get(other, 0.0):
                after[other] = next_
    return {name: (much, much * much, log1p(total[name]), sqrt(after.get(name, 0.0))) for name, much in most.items()}


def _last(about: Focus) -> Collection[str]:
    """The names of the last line above the cursor that says any."""
    for row in range(about.row - 1, max(-1, about.row - 6), -1):
        if about.sheet.names[row]:
            return about.sheet.names[row]
    return ()


def _brought(pieces: Iterable[Piece], shown: Collection[str]) -> dict[tuple[str, str], float]:
    """The most that a source's pieces make of each name."""
    best: dict[tuple[str, str], float] = {}
    for piece in pieces:
        source, worth = piece.source, piece.worth
        if SOURCES[source]:
            for name in names(piece.text, piece.path):
                if name not in shown and worth > best.get((source, name), 0.0):
                    best[source, name] = worth
    return best


def filling(ground: Ground, about: Focus, likely: Mapping[str, float]) -> Iterator[Piece]:
    """Lines that say likely names, in the files that are looked into."""
    wanted = nlargest(_WANTED, likely, key=lambda name: (likely[name], name))
    patch = about.sheet.patch if about.sheet.lines is ground.own.lines else None
    seen: set[int] = set()
    for name in wanted:
        for piece, row in ground.lines(name):
            if id(piece) not in seen:
                seen.add(id(piece))
                if patch is None or piece.path != ground.path or row < patch.first:
                    yield piece
                elif row > patch.last:  # it stands elsewhere now; in between it is another
                    yield Piece(piece.source, piece.path, piece.text, about.sheet.line(row + patch.down)[0], 0.0)


def alike(name: str, words: Mapping[str, float]) -> float:
    """How much of a name's words are said around the cursor."""
    made = parts(name)
    return sum([words.get(part, 0.0) for part in made]) / len(made) if made else 0.0
