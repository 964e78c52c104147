"""Offsets as lines and columns, and the text of a diff as it was before. Pure."""

from __future__ import annotations

from router.context import lines
from router.reviewing.diff import FileDiff
from router.reviewing.types import Place
from router.types import Span


def place(text: str, span: Span) -> Place:
    """Where a stretch stands; any of the three line ends ends a line."""
    (line, column), (end_line, end_column) = (lines.place(text, at) for at in (span.start, span.end))
    return Place(line, column, end_line, end_column)


def before(diff: FileDiff, text: str) -> str:
    """What a text was before a diff that fits it."""
    rows = text.split("\n")
    for hunk in reversed(diff.hunks):
        first = hunk.start - 1 if hunk.count else hunk.start
        old = [it[1:] for it in hunk.text.split("\n")[1:-1] if not it.startswith(("+", "\\"))]
        rows[first : first + hunk.count] = old
    return "\n".join(rows)
