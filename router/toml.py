"""TOML texts that a person wrote: their values, and the line on which a key stands, which no decoder tells."""

from __future__ import annotations

import re

import msgspec

from router import BadConfig

_KEY = r"""(?:[\w-]+|"(?:\\.|[^"\\])*"|'[^']*')"""
_KEYS = re.compile(rf"\s*(\[\[?)?\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*(?(1)\]|=)")
# Strings over several lines and comments may hold what looks like keys; plain strings only keep the others apart.
_MASKED = re.compile(r"""\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#[^\n]*""", re.DOTALL)


def decode(name: str, text: str) -> dict[str, object]:
    """The values of a TOML text. Raises BadConfig, which names file and line."""
    try:
        values: dict[str, object] = msgspec.toml.decode(text)
    except RecursionError as error:
        raise BadConfig(f"{name}: this is nested too deep to be settings.") from error
    except ValueError as error:  # msgspec's own, and Python's for a number of thousands of digits
        at = re.search(r"\(at line (\d+)", str(error))
        line = at[1] if at else text.rstrip().count("\n") + 1
        if not isinstance(error, msgspec.DecodeError):
            raise BadConfig(f"{name}: a number has too many digits.") from error
        said = re.sub(r" \(at [^)]*\)$", "", str(error))
        raise BadConfig(f"{name}:{line}: this is not TOML: {said[:1].lower()}{said[1:]}.") from error
    return values


def value(text: str) -> object:
    """What `text` stands for as the right side of a TOML line, or the text itself."""
    try:
        found = decode("", f"it = {text}")
    except BadConfig:
        return text
    return found["it"] if len(found) == 1 else text


def lines(text: str) -> dict[tuple[str, ...], int]:
    """The line, from 1, on which each table and key first stands. What is inside a value has the value's line."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(_MASKED.sub(_blank, text).split("\n"), 1):
        if at := _KEYS.match(line):
            keys = tuple(map(_unquoted, re.findall(_KEY, at[2])))
            path = keys if at[1] else table + keys
            table = path if at[1] else table
            found.setdefault(path, number)
    return found


def _blank(found: re.Match[str]) -> str:
    text = found[0]
    return '""' + "\n" * text.count("\n") if text.startswith(('"""', "'''")) else text


def _unquoted(key: str) -> str:
    return str(value(key)) if key[0] in "\"'" else key
