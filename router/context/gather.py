"""What else a prompt should show: every source asked, and the best of what they bring packed into the budget."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from router.context import expected, sources
from router.context.focus import focus
from router.context.pack import Count, pack
from router.context.sheet import NAME
from router.context.similar import files, similar
from router.context.view import View
from router.types import Piece, Request

Source = Callable[[Request, View], Iterable[Piece]]
SOURCES: dict[str, Source] = {
    "similar": similar,
    "enclosing": sources.enclosing,
    "imports": sources.imports,
    "definitions": sources.definitions,
    "members": sources.members,
    "overrides": sources.overrides,
    "edits": sources.edits,
    "visited": sources.visited,
    "diff": sources.diff,
    "diagnostics": sources.diagnostics,
}


def by_characters(text: str) -> float:
    """Tokens, at four characters a token."""
    return len(text) / 4


def pieces(
    request: Request,
    view: View,
    shown: str,
    budget: int,
    kept: Sequence[Piece] = (),
    without: Collection[str] = (),
    count: Count = by_characters,
) -> list[Piece]:
    """The pieces to show beside `shown` (what the local window says), in at most `budget` tokens.

    `kept` are those of last time, which keep their place while they stay relevant; `without` names sources that are
    not asked. `count` tells the tokens of a text.
    """
    found, speaking = gathered(request, view, shown, without)
    likely = expected.expected(speaking)
    about, path = focus(request), request.document.path
    sheets = {path: about.sheet} | {other: view.page(other).sheet for other in files(request, view)}
    found += expected.filling(likely, sheets)
    return pack(found, likely, budget, shown, count, kept)


def gathered(
    request: Request, view: View, shown: str, without: Collection[str] = ()
) -> tuple[list[Piece], dict[str, dict[str, float]]]:
    """All that the sources bring, and what it says of names."""
    found = [piece for name, source in SOURCES.items() if name not in without for piece in source(request, view)]
    pages = [view.page(other) for other in files(request, view)]
    importing = sources.importing(request, view)
    return found, expected.evidence(found, pages, focus(request), view, set(NAME.findall(shown)), importing)
