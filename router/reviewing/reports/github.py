"""A review as the lines that GitHub's runners make annotations of. Pure."""

from __future__ import annotations

from router.reviewing.reports.text import skipped
from router.reviewing.rules import rules
from router.reviewing.types import Reported, Review

_LEVELS = {"error": "error", "warning": "warning", "information": "notice", "hint": "notice"}


def report(review: Review) -> str:
    """A line for each finding, and one for each file that was not reviewed."""
    lines = [_line(it) for it in review.reported]
    lines += [f"::notice title=Not reviewed::{_said(skipped(it))}" for it in review.skipped]
    return "".join(f"{line}\n" for line in lines)


def _line(it: Reported) -> str:
    finding, place = it.finding, it.place
    parts = {"file": it.path, "line": str(place.line), "endLine": str(place.end_line)}
    if place.line == place.end_line:  # with lines that differ, columns are an error there
        parts |= {"col": str(place.column), "endColumn": str(place.end_column)}
    parts["title"] = rules()[finding.rule].title
    said = f"{finding.message} It fails for: {finding.fails}" if finding.fails else finding.message
    where = ",".join(f"{key}={_value(value)}" for key, value in parts.items())
    return f"::{_LEVELS[finding.severity]} {where}::{_said(said)}"


def _said(text: str) -> str:
    """As the runner reads it: `::` on a line of its own would be a command, so no line ends within it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: str) -> str:
    return _said(text).replace(":", "%3A").replace(",", "%2C")
