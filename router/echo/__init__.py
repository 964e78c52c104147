"""Continues what was just typed as the same words go on elsewhere in the text, with a probability: no weights, pure.

    places.py   where else the text reads as it does at the cursor
    choice.py   which of the ways that it goes on there is probable enough to be shown

The places are found by searching the text itself, so there is no index to build, to keep or to be wrong about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.echo.choice import GATE, Gate, Suggestion, choose, ranked
from router.echo.places import TOKEN, Match, everywhere

__all__ = ["GATE", "TOKEN", "Gate", "Suggestion", "stages", "ways"]


def stages(before: str, after: str, pieces: Sequence[str] = (), gate: Gate = GATE) -> Iterator[Suggestion | None]:
    """Look the cursor up step by step; what is yielded last is the answer: None is silence.

    `before` and `after` are the open file around the cursor, `pieces` stretches of others, most relevant last.
    Every step is bounded, so that whoever shares a thread with this can go on between two of them.
    """
    spot, looks = everywhere(before, after, pieces)
    found: list[Match] = []
    for some in looks:
        found += some
        yield None
    best = choose(found, spot, gate)
    yield Suggestion(best.text.replace("\n", line_end(before, after)), best.probability) if best else None


def ways(before: str, after: str, pieces: Sequence[str], most: int) -> Iterator[tuple[Suggestion, ...]]:
    """The `most` probable ways in which the cursor's line may go on, the best first, for another to choose from.

    Step by step as `stages`; what is yielded last is the answer.
    """
    spot, looks = everywhere(before, after, pieces)
    found: list[Match] = []
    for some in looks:
        found += some
        yield ()
    yield ranked(found, spot)[:most]


def line_end(before: str, after: str) -> str:
    """How lines end at the cursor: as the line above does, else as the one of the cursor."""
    at = max(before.rfind("\n"), before.rfind("\r"))
    if at < 0:
        first = min((after.find(mark) for mark in "\r\n" if mark in after), default=-1)
        return "\n" if first < 0 else "\r\n" if after.startswith("\r\n", first) else after[first]
    return "\r\n" if before.endswith("\r\n", 0, at + 1) else before[at]
