"""Continues what was just typed as the same words go on elsewhere in the text, with a probability; pure.

The context of the cursor (the typed part of its line, the line above it) is looked up in the file and in pieces
of others. Every place found votes for how it goes on, the longer its match the sooner it is heard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*|[^\w\s]|\s+")
CLOSERS = frozenset(")]}>\"'`;,: \t")
VOTERS = 48  # places that one look-up may bring: the nearest are heard, the rest is more of the same
LINE = 160  # code points of a line that may be suggested
REACH = 400  # code points of left context that are compared
FILE = 1_000_000  # code points of the open file that are searched on either side, and of all pieces together
THRESHOLD = 0.5


class Place(msgspec.Struct, frozen=True):
    """Where the cursor stands: `head` is the typed part of its line, behind the `indent`; `rest` what follows in it.

    `above` is the nearest line above that says something, `gap` the blank lines between; `below` the next line
    that says something. All line ends are line feeds here.
    """

    indent: str
    head: str
    rest: str
    above: str
    gap: int
    upper: str
    below: str


class Match(msgspec.Struct, frozen=True):
    """A place like the cursor's: in `text` at `at`, with `reach` code points of the same left context."""

    text: str
    at: int
    reach: int
    tail: str
    distance: int
    anchored: int


class Suggestion(msgspec.Struct, frozen=True):
    """What may stand at the cursor, and how probably it is what will be typed (to the end of its last line)."""

    text: str
    probability: float


def stages(before: str, after: str, pieces: Sequence[str] = ()) -> Iterator[Suggestion | None]:
    """Look the cursor up in one text after the other, the nearest first; what is yielded last is the answer.

    `before` and `after` are the open file around the cursor, `pieces` stretches of others, most relevant last.
    Every step is bounded, so that whoever shares a thread with this can go on between two of them.
    """
    before, after = _feeds(before[-FILE:]), _feeds(after[:FILE])
    upper = before[: before.rfind("\n") + 1]
    spot = place(before, upper, after)
    found = matches(upper, spot)
    yield None
    below = after.find("\n") + 1
    found += matches(after[below:], spot, nearest_last=False) if below else []
    yield None
    left = FILE
    for piece in reversed(pieces):
        found += matches(_feeds(piece[:left]), spot, nearest_last=False)
        left -= len(piece)
        yield None
        if left <= 0:
            break
    yield choose(found, spot)


def _feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def place(before: str, upper: str, after: str) -> Place:
    """The cursor's place; `upper` is `before` without the cursor's line."""
    line = before[len(upper) :]
    head = line.lstrip(" \t")
    said = upper.rstrip(" \t\n")
    start = said.rfind("\n") + 1
    rest, _, following = after.partition("\n")
    return Place(
        line[: len(line) - len(head)],
        head,
        rest,
        said[start:],
        max(0, upper.count("\n", len(said)) - 1),
        said[:start],
        next((one.strip() for one in following[:2000].split("\n") if one.strip()), ""),
    )


def matches(text: str, spot: Place, nearest_last: bool = True) -> list[Match]:
    """The places in `text` that are like the cursor's; the end of the text is the nearest if `nearest_last`."""
    found: dict[int, Match] = {}
    for needle, follows in _needles(spot):
        for hit in _hits(text, needle, nearest_last):
            at = _entry(text, hit + len(needle), spot) if follows else hit + len(needle)
            if at is None or at in found or not _starts_a_word(text, hit, needle):
                continue
            match = _match(text, at, spot, nearest_last)
            if match:
                found[at] = match
    return list(found.values())


def _needles(spot: Place) -> Iterator[tuple[str, bool]]:
    """What is looked up, the longest first; True: it ends the line above, and the cursor's line must follow."""
    if spot.above:
        starts = [one.start() for one in TOKEN.finditer(spot.above) if not one[0].isspace()]
        for start in dict.fromkeys((starts[0], starts[-min(4, len(starts))], starts[-min(2, len(starts))])):
            yield spot.above[start:][-200:] + "\n" * (spot.gap + 1), True
    starts = [one.start() for one in TOKEN.finditer(spot.head) if not one[0].isspace()]
    depths = [depth for depth in (len(starts), 8, 5, 4, 3, 2, 1) if 0 < depth <= len(starts)]
    for depth in dict.fromkeys(depths):
        needle = spot.head[starts[-depth] :][-200:]
        if len(needle) > 2 or (depth == len(starts) and len(needle) > 1):
            yield needle, False


def _hits(text: str, needle: str, nearest_last: bool) -> Iterator[int]:
    hit = len(text) if nearest_last else -1
    for _ in range(VOTERS):
        hit = text.rfind(needle, 0, hit + len(needle) - 1) if nearest_last else text.find(needle, hit + 1)
        if hit < 0:
            return
        yield hit


def _starts_a_word(text: str, hit: int, needle: str) -> bool:
    return (
        hit == 0
        or not (needle[0].isalnum() or needle[0] == "_")
        or not (text[hit - 1].isalnum() or text[hit - 1] == "_")
    )


def _entry(text: str, start: int, spot: Place) -> int | None:
    """Behind the typed part of the line that starts at `start`, if that line starts like the cursor's."""
    first = start
    while first < len(text) and text[first] in " \t":
        first += 1
    return first + len(spot.head) if text.startswith(spot.head, first) else None


def _match(text: str, at: int, spot: Place, nearest_last: bool) -> Match | None:
    end = text.find("\n", at, at + LINE)
    tail = text[at : end if end >= 0 else at + LINE + 1].rstrip()
    if not tail.strip() or len(tail) > LINE:
        return None
    start = text.rfind("\n", 0, at) + 1
    line = text[start:at]
    head = line.lstrip(" \t")
    same = _common(head, spot.head)
    reach, anchored = same, 0
    if head == spot.head:
        anchored = 1
        above = _above(text, start)
        indent = line[: len(line) - len(head)]
        if _turn(indent, above) == _turn(spot.indent, spot.above):
            common = _common(above.strip(), spot.above.strip())
            reach += 1 + common
            anchored = 2
        elif not spot.head:
            return None
    return Match(text, at, reach, tail, len(text) - at if nearest_last else at, anchored)


def _above(text: str, start: int) -> str:
    """The nearest line above `start` that says something."""
    end = start - 1
    while end > 0:
        begin = text.rfind("\n", 0, end) + 1
        if text[begin:end].strip():
            return text[begin:end]
        end = begin - 1
    return ""


def _turn(indent: str, above: str) -> int:
    """Whether a line stands deeper (1), as deep (0) or less deep (-1) than the one above it."""
    upper = len(above) - len(above.lstrip(" \t"))
    return (len(indent) > upper) - (len(indent) < upper)


def _common(one: str, other: str) -> int:
    """How many code points at the end of both are the same."""
    limit = min(len(one), len(other), REACH)
    if limit and one[-limit:] == other[-limit:]:
        return limit
    count = 0
    while count < limit and one[-1 - count] == other[-1 - count]:
        count += 1
    return count


def choose(found: Sequence[Match], spot: Place) -> Suggestion | None:
    """The most probable continuation to the end of the line: PPM's method C, whose symbol is the rest of a line."""
    ranked = sorted(found, key=lambda match: (-match.reach, match.distance))
    worth: dict[str, float] = {}
    mass = 1.0
    for order in dict.fromkeys(match.reach for match in ranked):
        votes = [match.tail for match in ranked if match.reach >= order]
        kinds = len(set(votes))
        escape = kinds / (len(votes) + kinds)
        for tail in votes:
            worth[tail] = worth.get(tail, 0.0) + mass * (1 - escape) / len(votes)
        mass *= escape
        if mass < 0.02:
            break
    for tail, probability in sorted(worth.items(), key=lambda item: -item[1]):
        fitted = fit(tail, spot)
        if fitted:
            return Suggestion(fitted, min(probability, 1.0))
    return None


def fit(tail: str, spot: Place) -> str:
    """`tail` without what already stands behind the cursor; empty when it would only repeat or break."""
    rest = spot.rest.strip()
    if rest and not tail.endswith(rest) and not CLOSERS.issuperset(rest):
        return ""
    tail = tail[: len(tail) - len(rest)] if rest and tail.endswith(rest) else tail
    whole = (spot.head + tail + rest).strip()
    return "" if not tail.strip() or whole == spot.below or whole == spot.above.strip() else tail
