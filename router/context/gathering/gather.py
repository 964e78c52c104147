"""What else a prompt should show: every source asked, and the best of what they bring packed into the budget."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from router.context.gathering import expected, sources, tracing
from router.context.gathering.focus import focus
from router.context.gathering.pack import Count, pack
from router.context.gathering.sheet import NAME
from router.context.gathering.similar import files, similar
from router.context.gathering.view import View
from router.types import Piece, Request

Source = Callable[[Request, View], Iterable[Piece]]


def _later(_request: Request, _view: View) -> Iterable[Piece]:
    """Lines of the files that are looked into: which of them, is known when the others have spoken (`filling`)."""
    return ()


SOURCES: dict[str, Source] = {
    "similar": similar,
    "files": _later,
    "enclosing": sources.enclosing,
    "imports": sources.imports,
    "definitions": sources.definitions,
    "members": sources.members,
    "overrides": sources.overrides,
    "edits": sources.edits,
    "visited": sources.visited,
    "diff": sources.diff,
    "diagnostics": sources.diagnostics,
    "frames": tracing.frames,
    "callers": tracing.callers,
    "changed": tracing.changed,
    "users": tracing.users,
    "docs": tracing.docs,
}
_ALWAYS = frozenset(SOURCES) - {"frames", "callers", "changed", "users", "docs"}
_TOLD = frozenset({"changed", "definitions", "diagnostics", "members", "overrides"})  # by an index that may be late
_ASKED = {  # by task, beside those that every task asks
    "explain": frozenset({"frames", "callers"}),
    "fix": frozenset({"frames", "callers"}),
    "refactor": frozenset({"callers"}),
    "document": frozenset({"docs", "callers"}),
    "review": frozenset({"changed", "users"}),
    "review_changes": frozenset({"changed", "users"}),
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
    if "files" not in without:
        sheets = {path: about.sheet} | {other: view.page(other).sheet for other in files(request, view)}
        found += expected.filling(likely, sheets)
    found += (it for it in kept if it.source not in without and _stands(it, request, view))
    return pack(found, likely, budget, shown, count, kept)


def _stands(piece: Piece, request: Request, view: View) -> bool:
    """Whether a piece still stands in its file; what an index tells of is taken at its word where no text is there."""
    text = request.document.text if piece.path == request.document.path else view.text(piece.path)
    return not text or text.startswith(piece.text, piece.start) or piece.text in text


def gathered(
    request: Request, view: View, shown: str, without: Collection[str] = ()
) -> tuple[list[Piece], dict[str, dict[str, float]]]:
    """All that the sources bring, and what it says of names."""
    asked = (_ALWAYS | _ASKED.get(request.task, frozenset())) - frozenset(without)
    brought = (piece for name, source in SOURCES.items() if name in asked for piece in source(request, view))
    found = [piece for piece in brought if piece.source not in _TOLD or _stands(piece, request, view)]
    pages = [view.page(other) for other in files(request, view)] if "files" not in without else []
    importing = sources.importing(request, view)
    return found, expected.evidence(found, pages, focus(request), view, set(NAME.findall(shown)), importing)
