"""Chooses where the demonstration types: a few lines, well apart, that are much like others of the same file."""

from __future__ import annotations

import re
from collections import Counter

from msgspec import Struct

_LINE = re.compile(r"[^\r\n]+")
_WORD = re.compile(r"\w+|[^\w\s]")
_COMMENT = re.compile(r"#|//|/\*|\*|--|;|%|\"\"\"|'''|<!--")
_PAUSE = re.compile(r"\w+[^\w\s]*\s*")
_SHORTEST, _LONGEST = 16, 90  # code points of a line that shows well
_RUN = 4  # words
_LOOKED_AT = 20_000  # lines; more would make the wait longer and the choice no better


class Place(Struct, frozen=True):
    """One line without its indentation: `text` stands at `start`, in code points, and is typed once more."""

    start: int
    text: str


def choose(text: str, count: int) -> list[Place]:
    """Up to `count` places, in the order of the file; none when it holds nothing to type."""
    lines = [_place(found.start(), found[0]) for _, found in zip(range(_LOOKED_AT), _LINE.finditer(text), strict=False)]
    good = [place for place in lines if _shows_well(place.text)] or [place for place in lines if len(place.text) > 3]
    good = [place for place in good if place.text.replace("\t", " ").isprintable()]
    if not good:
        return []
    times = Counter(place.text for place in lines)  # a line that stands there twice would prove little
    good = [place for place in good if times[place.text] == 1] or good
    known = Counter(run for place in lines for run in _runs(place.text))
    stretch = -(-len(good) // count)
    groups = [good[index : index + stretch] for index in range(0, len(good), stretch)]
    return [max(group, key=lambda place: _familiarity(place.text, known)) for group in groups]


def pauses(text: str, count: int) -> list[int]:
    """Up to `count` offsets into a line, between its words, where somebody who types it might stop."""
    ends = [found.end() for found in _PAUSE.finditer(text) if found.end() < len(text)]
    step = max(1, -(-len(ends) // count))
    return ends[step - 1 :: step][:count]


def _place(start: int, line: str) -> Place:
    text = line.strip()
    return Place(start + line.find(text), text)


def _shows_well(text: str) -> bool:
    return _SHORTEST <= len(text) <= _LONGEST and len(_WORD.findall(text)) > 3 and not _COMMENT.match(text)


def _runs(text: str) -> list[tuple[str, ...]]:
    words = _WORD.findall(text[: _LONGEST * 4])
    return [tuple(words[index : index + _RUN]) for index in range(len(words) - _RUN + 1)]


def _familiarity(text: str, known: Counter[tuple[str, ...]]) -> float:
    """The share of a line's runs of words that other lines have too; a longer line breaks a tie."""
    runs = _runs(text)
    own = Counter(runs)
    share = sum(known[run] > own[run] for run in runs) / max(1, len(runs))
    return share + len(text) / 1000
