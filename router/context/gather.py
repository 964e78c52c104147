"""What else a prompt should show: every source asked, and the best of what they bring packed into the budget."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from router.context import expected, sources
from router.context.focus import focus
from router.context.pack import Count, pack
from router.context.sheet import NAME
from router.context.similar import habits, nearby, similar
from router.context.view import View
from router.types import Piece, Request

Source = Callable[[Request, View], Iterable[Piece]]
SOURCES: dict[str, Source] = {
    "similar": similar,
    "nearby": nearby,
    "habits": habits,
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
    found = gathered(request, view, without)
    known = set(NAME.findall(shown))
    speaking, said = expected.evidence(found, focus(request), view, known)
    return pack(found, said, expected.expected(speaking), budget, shown, count, kept)


def gathered(request: Request, view: View, without: Collection[str] = ()) -> list[Piece]:
    """All that the sources bring."""
    return [piece for name, source in SOURCES.items() if name not in without for piece in source(request, view)]
