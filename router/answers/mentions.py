"""The places that a text names, `path:line`, `path`, "line 12": each is looked up, so that an invented one is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from msgspec import Struct

from router.answers.ground import Exists, Known
from router.answers.inert import spans
from router.context.tagging.language import languages
from router.types import Mention

_PATH = re.compile(
    r"(?<![\w./\\:@+-])(?P<path>(?:[A-Za-z]:[/\\])?/?(?:[\w.@+-]{1,64}[/\\]){0,24}[\w@+-][\w.@+-]{0,64}\.[A-Za-z]\w{0,9})"
    r"(?:(?::|\#L|\()(?P<line>\d{1,7})(?:[:,]\d{1,7})?\)?)?(?![\w(])"
)
_LINE = re.compile(r"\b[Ll]ines?[ \u00a0](?P<first>\d{1,7})(?:[ ]?(?:-|–|to|and)[ ]?(?P<last>\d{1,7}))?\b")
_BETWEEN = re.compile(r"[`*_]*[,;:]? ?(?:\(|at |on |in )?[`*_]*")  # between a path and "line 12" that belongs to it
_OF = re.compile(r"[`*_]* (?:of|in) (?:the file )?[`*_]*")  # between "line 12" and the path that it belongs to
_NONE = -1  # no line is named
_SHORT = frozenset({"c", "d", "go", "h", "m", "r", "s"})  # endings that attributes of objects have, too
_MOST = 64  # names of files that are looked up; a person reads no more of them
_FENCE = re.compile(r"`{3,}|~{3,}")


class Place(Struct, frozen=True):
    """A stretch of the text that names a file, or the lines from `first` to `last`, or both."""

    start: int
    end: int
    path: str = ""
    first: int = _NONE
    last: int = _NONE


def mentions(text: str, own: Known, exists: Exists) -> tuple[Mention, ...]:
    """The places named in inert Markdown, in order; lines without a file are those of the `own` one.

    A name that leads nowhere and is none of a file that we could know is no mention; nor is anything in a block of
    code.
    """
    found: list[Mention] = []
    known = lru_cache(_MOST)(exists)
    for start, line in _lines(text):
        code = sorted(spans(line)[0].items())
        for place in _places(line):
            begin = next((a for a, b in code if a < place.start < b), place.start)
            end = next((b for a, b in code if a < place.end < b), place.end)
            mention = _looked_up(place, own, known) if known.cache_info().misses < _MOST else None
            if mention is not None and (not found or start + begin >= found[-1].end):
                found.append(Mention(start + begin, start + end, *mention))
    return tuple(found)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines outside of fences, and where they begin."""
    at, fence = 0, ""
    for line in text.split("\n"):
        sign = _FENCE.match(line)
        if fence:
            fence = "" if line == fence else fence
        elif sign:
            fence = sign[0]
        else:
            yield at, line
        at += len(line) + 1


def _places(line: str) -> list[Place]:
    """What a line names, in order; "line 12" beside a path is one place with it."""
    paths = [Place(*it.span(), it["path"], *[int(it["line"] or _NONE)] * 2) for it in _PATH.finditer(line)]
    bare = [Place(*it.span(), "", int(it["first"]), int(it["last"] or it["first"])) for it in _LINE.finditer(line)]
    found: list[Place] = []
    for place in sorted((*paths, *bare), key=lambda place: place.start):
        before = found[-1] if found else None
        if before and bool(before.path) != bool(place.path) and _together(before, place, line):
            lines = place if before.path else before
            found[-1] = Place(before.start, place.end, before.path or place.path, lines.first, lines.last)
        else:
            found.append(place)
    return found


def _together(one: Place, other: Place, line: str) -> bool:
    if (one if one.path else other).first != _NONE:
        return False
    return (_BETWEEN if one.path else _OF).fullmatch(line, one.end, other.start) is not None


def _looked_up(place: Place, own: Known, known: Exists) -> tuple[str, int] | None:
    """The path and line of a real place; two empty ones for an invented one; None: who knows."""
    file = own if not place.path or _is(own, place.path) else known(place.path)
    if file is None:
        return ("", 0) if _is_file(place) else None
    if not file.path:
        return None
    fits = place.first == _NONE or 0 < place.first <= max(place.first, place.last) <= (file.lines or place.last)
    return (file.path, max(0, place.first)) if fits else ("", 0)


def _is(file: Known, name: str) -> bool:
    """Whether a name is that of the file: its last folders and its name."""
    return f"/{file.path}".replace("\\", "/").endswith("/" + name.replace("\\", "/").removeprefix("./").lstrip("/"))


def _is_file(place: Place) -> bool:
    """Whether what there is not can only have been meant as a file."""
    stem, _, ending = place.path.replace("\\", "/").rpartition("/")[2].rpartition(".")
    if f".{ending.lower()}" not in _endings():
        return False
    if place.first != _NONE or "/" in place.path or "\\" in place.path:
        return True
    return not (ending in _SHORT or stem in ("self", "this") or (stem[:1].isupper() and ending == "js"))


@cache
def _endings() -> frozenset[str]:
    return frozenset(ending for it in languages().values() for ending, _ in it.endings)
