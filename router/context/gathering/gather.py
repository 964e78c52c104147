"""What else a prompt should show: every source asked, and the best of what they bring packed into the budget."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from msgspec import structs

from router.context.gathering import expected, sources, tracing
from router.context.gathering.focus import focus
from router.context.gathering.pack import Count, pack
from router.context.gathering.sheet import NAME
from router.context.gathering.similar import grounded, telling
from router.context.gathering.view import View
from router.types import Piece, Request

Source = Callable[[Request, View], Iterable[Piece]]


def _later(_request: Request, _view: View) -> Iterable[Piece]:
    """Lines of the files that are looked into; which of them is known when the others have spoken (`filling`)."""
    return ()


SOURCES: dict[str, Source] = {
    "similar": _later,
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
    found, likely = considered(request, view, shown, without, budget)
    found += (it for it in kept if it.source not in without and _stands(it, request, view))
    return pack(found, likely, budget, shown, count, kept)


def prepare(request: Request, view: View) -> None:
    """Work out what `pieces` will need at this place, while nobody waits: it is kept in the view's memo."""
    considered(request, view, "")


def considered(
    request: Request, view: View, shown: str, without: Collection[str] = (), budget: int = 512
) -> tuple[list[Piece], dict[str, float]]:
    """All pieces that are thought of, and how likely each name is that is not shown."""
    about, ground = focus(request), grounded(request, view)
    found = gathered(request, view, without)
    said = set(NAME.findall(shown))
    likely = expected.expected(ground, about, telling(about, view), found, said, without)
    if not {"files", "similar"} <= set(without):
        lines = expected.filling(ground, about, likely, budget)
        found += (structs.replace(it, source="similar") for it in lines) if "files" in without else lines
    return found, likely


def gathered(request: Request, view: View, without: Collection[str] = ()) -> list[Piece]:
    """All that the sources bring that speak of lines; what lines of files speak for is known when all have spoken."""
    asked = (_ALWAYS | _ASKED.get(request.task, frozenset())) - frozenset(without)
    brought = (piece for name, source in SOURCES.items() if name in asked for piece in source(request, view))
    return [piece for piece in brought if piece.source not in _TOLD or _stands(piece, request, view)]


def _stands(piece: Piece, request: Request, view: View) -> bool:
    """Whether a piece still stands in its file; what an index tells of is taken at its word where no text is there."""
    text = request.document.text if piece.path == request.document.path else view.text(piece.path)
    return not text or text.startswith(piece.text, piece.start) or piece.text in text
