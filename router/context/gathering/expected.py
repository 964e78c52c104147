"""How likely each name is to be needed next, by what is known in this place and what the names at the cursor say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from heapq import nlargest
from math import exp, log1p, sqrt
from operator import mul

from msgspec import structs

from router.context.gathering.focus import Focus, names
from router.context.gathering.ground import Ground
from router.context.gathering.weights import AT_CURSOR, BIAS, SOURCES
from router.types import Piece

_WANTED, _SHARE = 120, 5  # names that lines are looked for, and tokens for which there is one more


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
    for part, near in about.parts.items():
        much = by[-1] * near
        for name, share in ground.worded.get(part, ()):
            if name in odds:
                odds[name] += much * share
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


def filling(ground: Ground, about: Focus, likely: Mapping[str, float], budget: int) -> list[Piece]:
    """Lines that say likely names, in the files that are looked into; for more tokens more are thought of."""
    wanted = nlargest(max(_WANTED, budget // _SHARE), likely, key=likely.__getitem__)
    chosen = {id(line): line for name in wanted for line in ground.lines(name)}
    patch = about.sheet.patch if about.sheet.lines is ground.own.lines else None
    found: list[Piece] = []
    for line in chosen.values():
        if patch is None or line.piece.path != ground.path or line.row < patch.first:
            found.append(line.piece)
        elif line.row > patch.last:  # it stands elsewhere now; in between it is another
            start = about.sheet.line(line.row + patch.down)[0]
            found.append(structs.replace(line.piece, start=start))
    return found
