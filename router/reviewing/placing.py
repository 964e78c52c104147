"""Offsets as lines and columns, and the text of a diff as it was before. Pure."""

from __future__ import annotations

import re

from router.reviewing.diff import FileDiff
from router.reviewing.types import Place
from router.types import Span

_END = re.compile(r"\r\n|\n|\r")


def place(text: str, span: Span) -> Place:
    """Where a stretch stands; any of the three line ends ends a line."""
    (line, column), (end_line, end_column) = (_spot(text, at) for at in (span.start, span.end))
    return Place(line, column, end_line, end_column)


def _spot(text: str, at: int) -> tuple[int, int]:
    ends = [found.end() for found in _END.finditer(text, 0, at)]
    return len(ends) + 1, at - (ends[-1] if ends else 0) + 1


def before(diff: FileDiff, text: str) -> str:
    """What a text was before a diff that fits it."""
    lines = text.split("\n")
    for hunk in reversed(diff.hunks):
        first = hunk.start - 1 if hunk.count else hunk.start
        old = [it[1:] for it in hunk.text.split("\n")[1:-1] if not it.startswith(("+", "\\"))]
        lines[first : first + hunk.count] = old
    return "\n".join(lines)
