"""A review for programs: plain values, in an order that stays. Pure."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import asdict

from router.reviewing.types import Reported, Review


def report(review: Review) -> str:
    """The whole of it, in ASCII."""
    return json.dumps(plain(review), indent=2) + "\n"


def plain(review: Review) -> dict[str, Any]:
    """The same as plain values: lines and columns from 1, columns in code points."""
    return {
        "summary": review.summary,
        "findings": [_finding(it) for it in review.reported],
        "not_reviewed": [asdict(it) for it in review.skipped],
        "definitions": review.units,
        "known": review.known,
        "stages": dict(review.counts),
    }


def _finding(it: Reported) -> dict[str, Any]:
    finding = it.finding
    return {
        "path": it.path,
        **asdict(it.place),
        "severity": finding.severity,
        "rule": finding.rule,
        "message": finding.message,
        "fails": finding.fails,
        "quote": finding.quote,
        "fix": "".join(change.text for change in finding.fix) if finding.fix else None,
        "fingerprint": it.print,
    }
