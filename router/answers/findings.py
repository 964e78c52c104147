"""What a model said of some code -> claims that can be proved, a second look's verdict, or a refusal; all total."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache

from router.answers.thinking import without
from router.reviewing.rules import code, rules
from router.reviewing.types import Claim
from router.types import Refusal

MOST = 64  # claims of one answer that are looked at; who says more is guessing
_LONGEST = 400_000  # code points of an answer
_QUOTE, _MESSAGE, _FIX, _SYMBOLS = 4_000, 2_000, 8_000, 12  # code points; names
_BEGIN = re.compile(r"[{\[]")
_NONE = re.compile(
    r"\W*(?:none|no|nothing|null|nil|n/?a|never|false|unknown|not (?:found|possible|a bug)"
    r"|no (?:input|bug|fault|such|failing)\b.*|correct|yes|true|bug|any(?: input)?"
    r"|(?:it|this|the \w+) (?:is|looks|works) (?:correct|fine|ok|right|as intended).*)?\W*",
    re.I | re.S,
)
_SHORTEST = 4  # code points of a failing input that says anything
NOT_JSON = "The model's answer is not the JSON that was asked for."
NO_FINDINGS = "The model's answer has no list of findings that can be read."


@cache
def schema() -> str:
    """The JSON schema of a review's answer."""
    text = {"type": "string"}
    item = {
        "type": "object",
        "properties": {
            "quote": text,
            "line": {"type": "integer"},
            "rule": {"type": "string", "enum": list(rules())},
            "message": text,
            "symbols": {"type": "array", "items": text},
            "fails": text,
            "fix": text,
        },
        "required": ["quote", "line", "rule", "message", "symbols", "fails"],
        "additionalProperties": False,
    }
    return _object({"findings": {"type": "array", "items": item}})


@cache
def verdict_schema() -> str:
    """The JSON schema of a second look's answer."""
    return _object({"fails": {"type": "string"}})


def _object(properties: dict[str, object]) -> str:
    return json.dumps(
        {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    )


def claims(text: str) -> tuple[Claim, ...] | Refusal:
    """What a review's answer claims; an empty list is an answer, too."""
    for value in _values(text):
        items = value.get("findings", [value] if "quote" in value else None) if isinstance(value, dict) else value
        if isinstance(items, list):
            found = [claim for item in items[:MOST] if (claim := _claim(item)) is not None]
            return tuple(found) if found or not items else Refusal(NO_FINDINGS)
    return Refusal(NOT_JSON)


def verdict(text: str) -> str:
    """The input or the state that a second look names; empty: it names none, or cannot be read."""
    for value in _values(text):
        if isinstance(value, dict):
            said = _text(value.get("fails"), _MESSAGE)
            return "" if len(said) < _SHORTEST or _NONE.fullmatch(said) else said
    return ""


def _values(text: str) -> Iterator[object]:
    """What stands in a text as JSON, from the outside in; a few places are tried."""
    text = without(text[:_LONGEST])
    decoder = json.JSONDecoder()
    for _, found in zip(range(8), _BEGIN.finditer(text), strict=False):
        try:
            yield decoder.raw_decode(text, found.start())[0]
        except (ValueError, RecursionError):
            continue


def _claim(item: object) -> Claim | None:
    if not isinstance(item, dict):
        return None
    quote, message = item.get("quote"), _text(item.get("message") or item.get("claim"), _MESSAGE)
    if not isinstance(quote, str) or not quote.strip() or not message or len(quote) > _QUOTE:
        return None
    fix, symbols = item.get("fix"), item.get("symbols")
    return Claim(
        quote=quote,
        rule=code(_text(item.get("rule"), 100)),
        message=message,
        symbols=tuple(it[:200] for it in symbols if isinstance(it, str))[:_SYMBOLS]
        if isinstance(symbols, list)
        else (),
        fails=_text(item.get("fails"), _MESSAGE),
        fix=fix if isinstance(fix, str) and fix.strip() and len(fix) <= _FIX else None,
        line=_line(item.get("line")),
        path=_text(item.get("path") or item.get("file"), 500),
    )


def _text(value: object, longest: int) -> str:
    return value.strip()[:longest] if isinstance(value, str) else ""


def _line(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 9:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9 else 0
