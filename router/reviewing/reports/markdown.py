"""A review as inert Markdown: what a model or a file says is escaped, or stands in a fence it can't close. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.reviewing.reports.text import tally
from router.reviewing.rules import rules
from router.reviewing.types import Reported, Review

_SIGNS = re.compile(r"([\\`*_\[\]<>|#!~&$])")
_TICKS = re.compile(r"`+")
_CODED = re.compile(r"`([^`\n]+)`")
_ADDRESS = re.compile(r"(?i)\b(?:https?|ftp|mailto)(?=:)|\bwww(?=\.)|@")


def report(review: Review) -> str:
    """The whole of it."""
    parts = ["# Review"]
    if review.summary:
        parts.append("\n".join(["## What the change does", "", *map(_bullet, review.summary.splitlines())]))
    parts.append("## Findings" if review.reported else "No findings.")
    parts += ["\n\n".join(_finding(it)) for it in review.reported]
    if review.skipped:
        said = (
            f"- {code(it.path)}{f' ({code(it.name)})' if it.name else ''}: {escaped(it.why)}" for it in review.skipped
        )
        parts.append("\n".join(["## Not reviewed", "", *said]))
    return "\n\n".join([*parts, tally(review).replace(", see above", "")]) + "\n"


def _bullet(line: str) -> str:
    return f"- {spoken(line.removeprefix('- '))}"


def _finding(it: Reported) -> Iterator[str]:
    finding = it.finding
    yield f"### {escaped(rules()[finding.rule].title)}: {code(f'{it.path}:{it.place.line}')} ({finding.severity})"
    yield spoken(finding.message)
    yield fenced(finding.quote)
    if finding.fails:
        yield f"It fails for: {spoken(finding.fails)}"
    for change in finding.fix:
        yield f"A fix:\n\n{fenced(change.text)}"


def escaped(text: str) -> str:
    """Text that says what it says: nothing in it marks, links or shows anything."""
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    said = _SIGNS.sub(r"\\\1", text)
    return _ADDRESS.sub(lambda found: f"{found[0]}\u200b", said)


def spoken(text: str) -> str:
    """The same, in which what stands between backticks stays code."""
    parts = _CODED.split(" ".join(text.split()))
    return "".join(code(part) if at % 2 else _escaped(part) for at, part in enumerate(parts))


def code(text: str) -> str:
    """A name as code, whatever it holds."""
    said = " ".join(text.split())
    ticks = "`" * (1 + max(map(len, _TICKS.findall(said)), default=0))
    gap = " " if said.startswith("`") or said.endswith("`") else ""
    return f"{ticks}{gap}{said}{gap}{ticks}"


def fenced(text: str) -> str:
    """Lines of code, in a fence that is longer than any in them."""
    ticks = "`" * max(3, 1 + max(map(len, _TICKS.findall(text)), default=0))
    return f"{ticks}\n{text}\n{ticks}"
