"""How likely each name is to be needed next, from what the sources bring: a logistic regression with fixed weights."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from math import exp, log1p

from router.context.gathering.focus import Focus, names, parts
from router.context.gathering.sheet import Sheet
from router.context.gathering.similar import LONGEST
from router.context.gathering.view import Page, View
from router.types import Piece

# Fitted to what stands between releases of packages.
BIAS = -8.0
WEIGHTS = {
    "similar": 0.17,
    "similar, in all": 0.25,
    "similar, of all": 0.45,
    "files": 2.0,
    "imported, among imports": 0.3,
    "imported, at the top": 0.6,
    "enclosing": 0.1,
    "imports": 0.6,
    "definitions": 0.15,
    "members": 0.6,
    "overrides": 0.1,
    "spread": 3.2,
    "words": 1.0,
    "here": 0.1,
    # What no history of releases tells of; by judgement.
    "edits": 1.0,
    "visited": 0.7,
    "diff": 0.7,
    "diagnostics": 3.0,
    "frames": 3.0,
    "callers": 2.0,
    "users": 2.0,
    "changed": 2.0,
    "docs": 1.0,
}
_LIKELY, _EACH = 200, 1  # names that lines are looked for, and lines of one name in one file


def evidence(
    pieces: Iterable[Piece], pages: Sequence[Page], about: Focus, view: View, shown: Collection[str], importing: bool
) -> dict[str, dict[str, float]]:
    """What speaks for each name that is not shown yet, by kind."""
    best: dict[str, dict[str, float]] = {}
    total: dict[str, float] = {}
    for piece in pieces:
        found, worth = best.setdefault(piece.source, {}), piece.worth
        for name in names(piece.text, piece.path):
            if name not in shown:
                if worth > found.get(name, 0.0):
                    found[name] = worth
                if piece.source == "similar":
                    total[name] = total.get(name, 0.0) + worth
    files: dict[str, float] = {}
    for page in pages:
        for name in page.common:
            if name not in shown:
                files[name] = files.get(name, 0.0) + 1 / len(pages)
    best["files"] = files
    best["here"] = {name: 1.0 for name in about.sheet.lines if name not in shown}
    every = {name: log1p(view.spread(name)) for found in best.values() for name in found}
    best["similar"] = {name: log1p(much) for name, much in best.get("similar", {}).items()}
    best["similar, in all"] = {name: log1p(much) for name, much in total.items()}
    best["similar, of all"] = {name: log1p(much / (1 + view.spread(name))) for name, much in total.items()}
    widest = max(every.values(), default=0.0) or 1.0
    if importing or not about.headers:
        kind = "imported, among imports" if importing else "imported, at the top"
        best[kind] = _imported(pages, shown)
    best["spread"] = {name: much / widest for name, much in every.items()}
    best["words"] = {name: like for name in every if (like := _alike(name, about.parts))}
    return best


def expected(speaking: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The probability of each name."""
    odds: dict[str, float] = {}
    for kind, found in speaking.items():
        weight = WEIGHTS[kind]
        for name, much in found.items():
            odds[name] = odds.get(name, BIAS) + weight * much
    return {name: 1 / (1 + exp(-it)) for name, it in odds.items()}


def filling(likely: Mapping[str, float], pages: Mapping[str, Sheet]) -> Iterator[Piece]:
    """Lines that say likely names, in the files that were looked into."""
    wanted = nlargest(_LIKELY, likely, key=lambda name: (likely[name], name))
    for path, page in pages.items():
        rows = {row for name in wanted if name in page.lines for row in page.lines[name][:_EACH]}
        for row in sorted(rows):
            start, line = page.line(row)
            if len(line) <= LONGEST:
                yield Piece("files", path, line, start, 0.0)


def _imported(pages: Sequence[Page], shown: Collection[str]) -> dict[str, float]:
    """Of the files that say a name, the share that import it."""
    found: dict[str, float] = {}
    for name in {name for page in pages for name in page.imported}:
        if name not in shown:
            saying = sum([name in page.sheet.lines for page in pages])
            found[name] = sum([name in page.imported for page in pages]) / (1 + saying)
    return found


def _alike(name: str, words: Mapping[str, float]) -> float:
    made = parts(name)
    return sum([words.get(part, 0.0) for part in made]) / len(made) if made else 0.0
