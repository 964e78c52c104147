"""Which of the ways that a text goes on elsewhere is probable enough at the cursor: PPM, then a scale of seven signs.

PPM's method C (Moffat 1990), with the rest of a line as its symbol, blends the places by the length of their
context. What it believes is one of seven signs. How much each sign counts, and below what probability to be silent,
was chosen by `python -m bench.echo --fit` on 1,400 lines of Python at either kind of cursor; the program prints
which. `python -m bench.echo` measured on 250 and 250 lines of other packages: with the open file alone,
37 % of the lines got a suggestion inside the line, and 62 % of these were right to its end (95 %: 52 to 71);
22 % got a whole line, and 57 % of these were right (44 to 69). With nothing after the cursor, 22 % were shown and 65 %
right, 10 % and 56 %. Plain copy shows something everywhere: 26 % and 13 % of that was right.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from router.context.brackets import CLOSERS, PAIRS
from router.echo.places import TOKEN, WORD, Match, Place, follows, line_from, rename, unit

HEARD = 96  # matches that are weighed: those with the longest context
BLOCK = 12  # lines
PARTIAL = re.compile(r"[^\W\d]\w*$")
Scale: TypeAlias = "tuple[float, ...]"
# In the order of `signs`.
WHOLE: Scale = (-3.48, 0.42, 0.87, -0.85, 1.99, 0.58, 2.64, 0.24)
INSIDE: Scale = (-2.72, 0.21, 0.77, -0.8, 1.49, 1.24, 1.76, -0.06)


class Gate(msgspec.Struct, frozen=True):
    """The probabilities below which it is silent: of a whole line, of the rest of one, of all lines of a block."""

    whole: float = 0.17
    inside: float = 0.23
    block: float = 0.2


GATE = Gate()


class Suggestion(msgspec.Struct, frozen=True):
    """What may stand at the cursor, and how probably all of it is what will be typed."""

    text: str
    probability: float


class Way(msgspec.Struct, frozen=True):
    """One way to go on: what `belief` PPM has in it, and the places where it is gone, best first."""

    tail: str
    belief: float
    places: tuple[Match, ...]


def choose(found: Iterable[Match], spot: Place, gate: Gate = GATE) -> Suggestion | None:
    """The most probable way to go on, or None when none is probable enough; more lines than one when all are."""
    best = max(weighed(found, spot), key=lambda one: one[1], default=None)
    if best is None or best[1] < (gate.inside if spot.head else gate.whole):
        return None
    way, probability = best
    text = fit(way.tail, spot)
    if spot.head or spot.rest.strip():
        return Suggestion(text, probability)
    return _block(way, Suggestion(text, probability), spot, gate)


def ranked(found: Iterable[Match], spot: Place) -> tuple[Suggestion, ...]:
    """Every way that the line itself may go on, the most probable first, no text twice."""
    best: dict[str, float] = {}
    for way, probability in weighed(found, spot):
        text = fit(way.tail, spot).rstrip()
        best[text] = max(probability, best.get(text, 0.0))
    return tuple(Suggestion(*it) for it in sorted(best.items(), key=lambda it: -it[1]))


def weighed(found: Iterable[Match], spot: Place) -> Iterator[tuple[Way, float]]:
    """Every way to go on that fits, with its probability."""
    scale = INSIDE if spot.head else WHOLE
    for way in ways(found):
        if fit(way.tail, spot):
            total = sum(weight * sign for weight, sign in zip(scale, signs(way, spot), strict=True))
            yield way, 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def ways(found: Iterable[Match]) -> list[Way]:
    """The ways to go on, with PPM's belief in each: the places with the longest context have the first word."""
    heard = heapq.nsmallest(HEARD, found, key=lambda match: (-match.reach, match.distance))
    belief = dict.fromkeys((match.tail for match in heard), 0.0)
    mass = 1.0
    for order in dict.fromkeys(match.reach for match in heard):
        votes = [match.tail for match in heard if match.reach >= order]
        kinds = len(set(votes))
        for tail in votes:
            belief[tail] += mass / (len(votes) + kinds)
        mass *= kinds / (len(votes) + kinds)
        if mass < 0.02:
            break
    return [Way(tail, worth, tuple(match for match in heard if match.tail == tail)) for tail, worth in belief.items()]


def signs(way: Way, spot: Place) -> Scale:
    """What speaks for or against a way to go on: one, the length of the context, PPM's belief, the way's length,
    the share of its words that stand around the cursor, whether a place is as deep, whether the same line follows,
    and whether no line follows the cursor at all.
    """
    belief = min(max(way.belief, 0.005), 0.995)
    typed = PARTIAL.search(spot.head)
    words = WORD.findall((typed[0] if typed else "") + way.tail)
    known = sum(word in spot.known for word in words) / len(words) if words else 0.0
    return (
        1.0,
        math.log1p(max(match.reach for match in way.places)),
        math.log(belief / (1 - belief)),
        math.log1p(len(TOKEN.findall(way.tail))),
        known,
        float(any(match.settled for match in way.places)),
        float(any(match.below for match in way.places)),
        float(not spot.below),
    )


def fit(tail: str, spot: Place) -> str:
    """`tail` without what already stands behind the cursor; empty when it would only repeat or break."""
    rest = spot.rest.strip()
    if rest and tail.endswith(rest):
        tail = tail[: len(tail) - len(rest)]
    elif rest:
        tail = _closed_by(rest, tail) if CLOSERS.issuperset(rest) else ""
    line = (spot.head + tail + rest).strip()
    return tail if tail.strip() and line != spot.below and line != spot.above.strip() else ""


def _closed_by(rest: str, tail: str) -> str:
    """`tail` up to the bracket that an editor has already closed behind the cursor."""
    open_here: list[str] = []
    for number, character in enumerate(tail):
        if character in "([{":
            open_here.append(character)
        elif character in PAIRS and (not open_here or open_here.pop() != PAIRS[character]):
            return tail[:number] if rest.startswith(character) else ""
    return tail if not open_here else ""


def _block(way: Way, first: Suggestion, spot: Place, gate: Gate) -> Suggestion:
    """The line, and the lines of the block that follow it while all of them together are probable enough."""
    lines, probability = [first.text], first.probability
    for _ in range(BLOCK - 1):
        here = msgspec.structs.replace(spot, above=spot.indent + lines[-1].strip(), gap=0)
        after = [match for match in (_next(match, here) for match in way.places) if match]
        best = max(weighed(after, here), key=lambda one: one[1], default=None)
        if best is None or probability * best[1] < gate.block:
            break
        way, probability = best[0], probability * best[1]
        lines.append(way.tail)
    return Suggestion("".join(lines), probability)


def _next(match: Match, spot: Place) -> Match | None:
    """The line that follows a match, in the cursor's indentation; None where its block ends.

    Its context counts as no longer than the match's own: what was only suggested bears no witness.
    """
    end = match.text.find("\n", match.at)
    if end < 0:
        return None
    line = line_from(match.text, end + 1)
    body = line.lstrip(" \t")
    if not body or not line.startswith(match.indent):
        return None
    deeper = line[len(match.indent) : len(line) - len(body)]
    theirs = unit(match.text) if deeper else ""
    deeper = deeper.replace(theirs, spot.unit) if theirs and spot.unit else deeper
    tail = f"\n{spot.indent}{deeper}{rename(body, match.names)}"
    below = follows(match.text, end + 1 + len(line), spot)
    return msgspec.structs.replace(match, at=end + 1, tail=tail, below=below)
