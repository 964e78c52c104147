"""A review as SARIF 2.1.0 (OASIS, 2020): what code hosts and editors read. Pure."""

from __future__ import annotations

import json
import string
from typing import Any

from router.reviewing.rules import rules
from router.reviewing.types import Place, Reported, Review

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_KEPT = frozenset(string.ascii_letters + string.digits + "/-._~")  # of a path in a URI, by RFC 3986
_LEVELS = {"error": "error", "warning": "warning", "information": "note", "hint": "note"}


def report(review: Review) -> str:
    """The whole of it, in ASCII."""
    return json.dumps(log(review), indent=2) + "\n"


def log(review: Review) -> dict[str, Any]:
    """The same as plain values."""
    used = sorted({it.finding.rule for it in review.reported})
    driver = {"name": "Switchyard", "rules": [_rule(code) for code in used]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(it, used) for it in review.reported],
        "invocations": [{"executionSuccessful": not review.failure, "toolExecutionNotifications": _notes(review)}],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(code: str) -> dict[str, Any]:
    rule = rules()[code]
    return {
        "id": code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.says},
        "help": {"text": rule.page},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(it: Reported, used: list[str]) -> dict[str, Any]:
    finding = it.finding
    said = f"{finding.message} It fails for: {finding.fails}" if finding.fails else finding.message
    found: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": used.index(finding.rule),
        "level": _LEVELS[finding.severity],
        "message": {"text": _plain(said)},
        "locations": [{"physicalLocation": _location(it)}],
        "partialFingerprints": {"switchyard/v1": it.print},
    }
    if finding.fix:
        replacements = [
            {"deletedRegion": _region(it.place), "insertedContent": {"text": _plain(change.text)}}
            for change in finding.fix
        ]
        changes = [{"artifactLocation": _artifact(it.path), "replacements": replacements}]
        found["fixes"] = [{"description": {"text": f"Mend {finding.rule}."}, "artifactChanges": changes}]
    return found


def _location(it: Reported) -> dict[str, Any]:
    region = _region(it.place) | {"snippet": {"text": _plain(it.finding.quote)}}
    return {"artifactLocation": _artifact(it.path), "region": region}


def _artifact(path: str) -> dict[str, Any]:
    said = "".join(chr(it) if chr(it) in _KEPT else f"%{it:02X}" for it in path.encode("utf-8", "surrogateescape"))
    return {"uri": said, "uriBaseId": "%SRCROOT%"}


def _region(place: Place) -> dict[str, int]:
    return {
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    }


def _notes(review: Review) -> list[dict[str, Any]]:
    """What was not reviewed: nobody is to take silence for praise."""
    return [
        {
            "level": "note",
            "message": {"text": _plain(f"Not reviewed{f' ({it.name})' if it.name else ''}: {it.why}")},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(it.path)}}],
        }
        for it in review.skipped
    ]


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
