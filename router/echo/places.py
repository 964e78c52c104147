"""Where else a text reads as it does at the cursor: found by plain search, the longest context first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*|[^\w\s]|\s+")
WORD = re.compile(r"[^\W\d]\w*")
FILE = 500_000  # code points that are searched of the open file on either side, and of all pieces together
PIECES = 64
VOTERS = 48  # places that one look-up may bring: the nearest are heard, the rest is more of the same
NEEDLE = 64  # code points that are looked for; what lies before them is compared at every place
LINE = 160  # code points of a line that may be suggested
REACH = 400  # code points of a line that are compared
BLANKS = 20  # lines that are read on in search of one that says something
AROUND = (3000, 1500)  # code points before and after the cursor whose words count as known there


class Place(msgspec.Struct, frozen=True):
    """Where the cursor stands: `head` is the typed part of its line, behind the `indent`; `rest` what follows in it.

    `above` is the nearest line above that says something, with its indentation, `gap` the blank lines between;
    `below` the next line that says something, stripped; `known` the words around. All lines end with a line feed.
    """

    indent: str
    head: str
    rest: str
    above: str
    gap: int
    below: str
    known: frozenset[str]
    unit: str


class Match(msgspec.Struct, frozen=True):
    """A place like the cursor's, in `text` at `at`, with `reach` code points of the same left context.

    `tail` is how it goes on there to the end of its line, with the cursor's `names` for theirs. `settled`: its
    line starts as the cursor's does, and as deep. `below` tells whether the next line is the cursor's too.
    """

    text: str
    at: int
    tail: str
    reach: int
    distance: int
    indent: str
    names: dict[str, str]
    settled: bool
    below: bool


def everywhere(before: str, after: str, pieces: Sequence[str]) -> tuple[Place, Iterator[list[Match]]]:
    """The cursor's place, and the places like it in the open file and in the pieces, look-up by look-up."""
    before, after = feeds(before[-FILE:]), feeds(after[:FILE])
    upper = before[: before.rfind("\n") + 1]
    spot = place(before, upper, after)
    below = after[after.find("\n") + 1 :] if "\n" in after else ""
    texts = [(upper, True), (below, False), *((piece, False) for piece in _within(pieces))]
    return spot, chain.from_iterable(matches(text, spot, nearest_last) for text, nearest_last in texts)


def _within(pieces: Sequence[str]) -> Iterator[str]:
    left = FILE
    for piece in list(reversed(pieces))[:PIECES]:
        yield feeds(piece[: max(0, left)])
        left -= len(piece)


def feeds(text: str) -> str:
    """`text` with a line feed at the end of every line."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def place(before: str, upper: str, after: str) -> Place:
    """The cursor's place; `upper` is `before` without the cursor's line."""
    line = before[len(upper) :]
    head = line.lstrip(" \t")
    said = upper.rstrip()
    rest, _, following = after[: AROUND[1]].partition("\n")
    return Place(
        indent=line[: len(line) - len(head)],
        head=head[-REACH:],
        rest=rest,
        above=said[said.rfind("\n") + 1 :][-REACH:],
        gap=max(0, upper.count("\n", len(said)) - 1),
        below=_first_said(following),
        known=frozenset(WORD.findall(before[-AROUND[0] :]) + WORD.findall(following)),
        unit=unit(upper) or unit(following),
    )


def matches(text: str, spot: Place, nearest_last: bool) -> Iterator[list[Match]]:
    """The places in `text` like the cursor's, look-up by look-up; its end is the nearest if `nearest_last`."""
    seen: set[int] = set()
    for needle, ends_the_line_above in _needles(spot):
        found = []
        for hit in _hits(text, needle, nearest_last):
            after = hit + len(needle)
            at = _entry(text, after, spot) if ends_the_line_above else after
            if at is None or at in seen or _inside_a_word(text, hit):
                continue
            seen.add(at)
            match = _match(text, at, spot, len(text) - at if nearest_last else at)
            if match:
                found.append(match)
        yield found


def _needles(spot: Place) -> Iterator[tuple[str, bool]]:
    """What is looked up, the longest first; True: it ends the line above, and the cursor's line must follow."""
    starts = _starts(spot.above)
    for depth in dict.fromkeys((len(starts), min(4, len(starts)), min(2, len(starts)))) if starts else ():
        yield (spot.above[starts[-depth] :] + "\n" * (spot.gap + 1))[-NEEDLE:], True
    starts = _starts(spot.head)
    for depth in dict.fromkeys((len(starts), 8, 5, 4, 3, 2, 1)):
        needle = spot.head[starts[-depth] :][-NEEDLE:] if 0 < depth <= len(starts) else ""
        if needle:
            yield needle, False


def _starts(line: str) -> list[int]:
    return [token.start() for token in TOKEN.finditer(line) if not token[0].isspace()]


def _hits(text: str, needle: str, nearest_last: bool) -> Iterator[int]:
    hit = len(text) if nearest_last else -1
    for _ in range(VOTERS):
        hit = text.rfind(needle, 0, hit + len(needle) - 1) if nearest_last else text.find(needle, hit + 1)
        if hit < 0:
            return
        yield hit


def _inside_a_word(text: str, hit: int) -> bool:
    return hit > 0 and _wordy(text[hit]) and _wordy(text[hit - 1])


def _wordy(character: str) -> bool:
    return character == "_" or character.isalnum()


def _entry(text: str, start: int, spot: Place) -> int | None:
    """Behind the typed part of the line that starts at `start`, if that line starts like the cursor's."""
    first = start + len(_indent(text[start : start + REACH]))
    return first + len(spot.head) if text.startswith(spot.head, first) else None


def _match(text: str, at: int, spot: Place, distance: int) -> Match | None:
    tail = line_from(text, at)
    if not tail.strip():
        return None
    start = text.rfind("\n", max(0, at - REACH), at) + 1
    indent = _indent(text[start:at])
    head = text[start + len(indent) : at]
    reach, names = _common(head, spot.head), _renamed(head, spot.head, {})
    above = _above(text, start)
    settled = rename(head, names) == spot.head and _turn(indent, above) == _turn(spot.indent, spot.above)
    if not settled and not spot.head:
        return None
    if settled and head == spot.head:
        reach += 1 + _common(above.strip(), spot.above.strip())
        names = _renamed(above.strip(), spot.above.strip(), names)
    settled = settled and indent == spot.indent
    below = follows(text, at + len(tail), spot)
    return Match(text, at, rename(tail, names), reach, distance, indent, names, settled, below)


def follows(text: str, end: int, spot: Place) -> bool:
    """Whether the line that ends at `end` is followed by the line that follows the cursor's."""
    return bool(spot.below) and _first_said(text[end : end + REACH].partition("\n")[2]) == spot.below


def line_from(text: str, at: int) -> str:
    """What stands from `at` to the end of the line, or nothing when that is too long to be suggested."""
    end = text.find("\n", at, at + LINE + 1)
    tail = text[at : end if end >= 0 else at + LINE + 1].rstrip()
    return tail if len(tail) <= LINE else ""


def rename(text: str, names: dict[str, str]) -> str:
    """`text` with the names of here for those of there."""
    return WORD.sub(lambda word: names.get(word[0], word[0]), text) if names else text


def unit(text: str) -> str:
    """One step of a text's indentation: its first line that stands deeper by a tab, or by two blanks or more."""
    found = re.search(r"\n(\t| {2,8})\S", text[: 20 * REACH])
    return found[1] if found else ""


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _first_said(text: str) -> str:
    return next((line.strip() for line in text.split("\n", BLANKS)[:BLANKS] if line.strip()), "")


def _above(text: str, start: int) -> str:
    """The nearest line above the one that starts at `start` that says something, with its indentation."""
    lines = text[max(0, start - REACH) : max(0, start - 1)].rsplit("\n", BLANKS)
    return next((line for line in reversed(lines) if line.strip()), "")


def _turn(indent: str, above: str) -> int:
    """Whether a line stands deeper (1), as deep (0) or less deep (-1) than the one above it."""
    upper = len(_indent(above))
    return (len(indent) > upper) - (len(indent) < upper)


def _common(one: str, other: str) -> int:
    """How many code points at the end of both are the same."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle :] == other[len(other) - middle :]:
            low = middle
        else:
            high = middle - 1
    return low


def _renamed(theirs: str, ours: str, names: dict[str, str]) -> dict[str, str]:
    """`names`, and the words that differ between two lines, read from their ends while all else is the same."""
    if theirs == ours:
        return names
    names = dict(names)
    for their, our in zip(reversed(TOKEN.findall(theirs)), reversed(TOKEN.findall(ours)), strict=False):
        if WORD.match(their) and WORD.match(our):
            if names.setdefault(their, our) != our:
                break
        elif their != our:
            break
    return {their: our for their, our in names.items() if their != our}
