"""What the code around the cursor is about: its names, and how much each of them counts."""

from __future__ import annotations

import re
from functools import lru_cache
from math import exp, log

from msgspec import Struct, structs

from router.context.gathering.sheet import LARGEST, Sheet, amended, said, sheet
from router.context.gathering.view import View, spoken
from router.types import Request

ABOVE, BELOW = 40, 15  # lines that count at all
_TIGHT, _WIDE = 4.0, 12.0  # lines in which a name counts a third as much, at the cursor and in what surrounds it
_HEADER = 0.6  # of a name in the header of what the cursor is in, however far above
_MANY = 256  # files; more are not counted
_KEPT = 16  # documents whose last whole sheet is remembered
_WHOLE: dict[str, Sheet] = {}
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_a-zA-Z]+")


class Focus(Struct, frozen=True):
    """`tight` and `wide` tell how near a name is said, from 0 to 1; `headers` are the lines that the cursor is within.

    `parts` are the words that names are made of, weighed like `wide`.
    """

    sheet: Sheet
    row: int
    headers: tuple[int, ...]
    tight: dict[str, float]
    wide: dict[str, float]
    parts: dict[str, float]


def focus(request: Request) -> Focus:
    """What a request is about."""
    document = request.document
    return _focus(document.path, document.text, request.span.start)


def edited(path: str, text: str) -> Sheet:
    """The sheet of a document that is worked on: only the lines that are others than before are read again."""
    language, before = spoken(path), _WHOLE.get(path)
    if before is not None and len(text) <= LARGEST:
        found = before if before.text == text else amended(before, text, language)
        if found is not None:
            return found
    found = sheet(text, language)
    if path not in _WHOLE and len(_WHOLE) >= _KEPT:
        _WHOLE.clear()
    _WHOLE[path] = found
    return found


def whole(request: Request) -> Focus:
    """The same, with the whole document read again: what changes from here on is told by what it is now."""
    document = request.document
    _WHOLE[document.path] = found = sheet(document.text, spoken(document.path))
    return structs.replace(focus(request), sheet=found)


@lru_cache(8)
def _focus(path: str, text: str, at: int) -> Focus:
    page = edited(path, text)
    row = page.at(at)
    headers = tuple(_headers(page, row))
    tight = _weighed(page, row, 12, 4, _TIGHT, 1.0)
    for header in headers:
        for name in page.names[header]:
            tight[name] = max(tight.get(name, 0.0), _HEADER)
    wide = _weighed(page, row, ABOVE, BELOW, _WIDE, 1.5)
    words: dict[str, float] = {}
    for name, weight in (*wide.items(), *((name, _HEADER) for header in headers for name in page.names[header])):
        for part in parts(name):
            words[part] = max(words.get(part, 0.0), weight)
    return Focus(page, row, headers, tight, wide, words)


def _weighed(page: Sheet, row: int, above: int, below: int, reach: float, after: float) -> dict[str, float]:
    """The names of the lines around one, by their distance; what stands below counts as if it were further away."""
    found: dict[str, float] = {}
    for other in range(max(0, row - above), min(len(page.names), row + below + 1)):
        weight = exp(-(row - other if other <= row else (other - row) * after) / reach)
        for name in page.names[other]:
            if weight > found.get(name, 0.0):
                found[name] = weight
    return found


def _headers(page: Sheet, row: int) -> list[int]:
    """The lines above that are indented less than all between them and the cursor: what the cursor is within."""
    found: list[int] = []
    least = _indent(page, row)
    if least == 0 and page.line(row)[1]:
        return found
    for above in range(row - 1, -1, -1):
        start, code = page.line(above)
        indent = start - page.starts[above]
        if code and (indent < least or (not found and least == 0 and not page.line(row)[1])):
            if page.names[above]:
                found.append(above)
            least = indent
            if indent == 0:
                break
    return found


def _indent(page: Sheet, row: int) -> int:
    start, code = page.line(row)
    return start - page.starts[row] if code else len(page.text[page.starts[row] :].partition("\n")[0])


@lru_cache(1 << 15)
def parts(name: str) -> tuple[str, ...]:
    """The words that a name is made of: `parse_HTTPHead` -> parse, http, head."""
    return tuple({part.lower(): None for part in _PART.findall(name) if len(part) > 2})


def rarity(view: View, name: str) -> float:
    """How much it tells that a name is said: more, the fewer files say it."""
    return log(1 + _MANY / (view.spread(name) + 0.5))


def names(text: str, path: str) -> tuple[str, ...]:
    """The names that a piece of a file says."""
    return said(text, spoken(path))
