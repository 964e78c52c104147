"""Which findings are shown, and in which order: the gravest first, each once, no more than a reader bears. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from router.reviewing.rules import GRAVITY, OTHER
from router.types import Finding, Span


def ranked(findings: Sequence[Finding]) -> list[Finding]:
    """Gravest first; of two that are alike in that, the one that says for what it fails, and offers a fix."""
    return sorted(findings, key=_key)


def _key(it: Finding) -> tuple[int, bool, bool, bool, str, int]:
    return -GRAVITY[it.severity], it.rule == OTHER, not it.fails, not it.fix, it.path, it.span.start


def once(findings: Sequence[Finding]) -> list[Finding]:
    """Of those that speak of the same place, the first: two rules for one fault are one finding."""
    kept: list[Finding] = []
    for it in findings:
        if not any(_same(it, other) for other in kept):
            kept.append(it)
    return kept


def _same(one: Finding, other: Finding) -> bool:
    if one.path != other.path:
        return False
    if one.rule == other.rule:
        return _overlap(one.span, other.span) > 0 or (one.quote == other.quote and one.message == other.message)
    shorter = min(one.span.end - one.span.start, other.span.end - other.span.start)
    return _overlap(one.span, other.span) * 2 > shorter


def _overlap(one: Span, other: Span) -> int:
    return min(one.end, other.end) - max(one.start, other.start)


def capped(findings: Sequence[Finding], most: int) -> list[Finding]:
    """At most so many per file; they are ranked already."""
    counts: dict[str, int] = {}
    kept: list[Finding] = []
    for it in findings:
        counts[it.path] = counts.get(it.path, 0) + 1
        if counts[it.path] <= most:
            kept.append(it)
    return kept
