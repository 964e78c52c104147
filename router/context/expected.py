"""How likely each name is to be needed next, from what the sources bring: a logistic regression with fixed weights."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from math import exp, log1p

from router.context.focus import Focus, names, parts
from router.context.view import View
from router.types import Piece

# Fitted by tools of ours on what stands between releases of packages (docs/context.md says which).
BIAS = -7.0
WEIGHTS = {
    "similar": 0.9,
    "similar, in all": 0.2,
    "nearby": 1.2,
    "habits": 1.0,
    "enclosing": 0.5,
    "imports": 1.0,
    "definitions": 0.3,
    "members": 0.8,
    "overrides": 0.8,
    "edits": 1.0,
    "visited": 0.7,
    "diff": 0.7,
    "diagnostics": 2.0,
    "spread": 3.0,
    "words": 2.0,
    "here": 0.8,
}
_SUMMED = frozenset({"similar"})


def evidence(
    pieces: Iterable[Piece], about: Focus, view: View, shown: Collection[str]
) -> tuple[dict[str, dict[str, float]], dict[int, tuple[str, ...]]]:
    """What speaks for each name that is not shown yet, by kind; and the names of each piece, by its place."""
    best: dict[str, dict[str, float]] = {}
    total: dict[str, float] = {}
    said: dict[int, tuple[str, ...]] = {}
    for number, piece in enumerate(pieces):
        found = best.setdefault(piece.source, {})
        worth = piece.worth
        said[number] = new = tuple([name for name in names(piece.text, piece.path) if name not in shown])
        for name in new:
            if worth > found.get(name, 0.0):
                found[name] = worth
        if piece.source in _SUMMED:
            for name in new:
                total[name] = total.get(name, 0.0) + worth
    every = {name for found in best.values() for name in found}
    best["similar, in all"] = total
    best["spread"] = {name: log1p(view.spread(name)) / 5.55 for name in every}
    best["words"] = {name: _alike(name, about.parts) for name in every}
    best["here"] = {name: 1.0 for name in every if name in about.sheet.lines}
    return best, said


def expected(speaking: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The probability of each name."""
    odds: dict[str, float] = {}
    for kind, found in speaking.items():
        weight = WEIGHTS[kind]
        for name, much in found.items():
            odds[name] = odds.get(name, BIAS) + weight * log1p(much)
    return {name: 1 / (1 + exp(-it)) for name, it in odds.items()}


def _alike(name: str, words: Mapping[str, float]) -> float:
    made = parts(name)
    return sum([words.get(part, 0.0) for part in made]) / len(made) if made else 0.0
