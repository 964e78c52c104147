"""What the user did last: where texts were changed and where the cursor was, as spots that move with the text."""

from __future__ import annotations

from collections.abc import Sequence

from router.context.gathering.view import Spot
from router.types import Change, Span

KEPT = 8  # spots of each kind
_NEAR = 400  # code points within which two spots are one; about ten lines
_WIDEST = 2_000  # code points of a spot; what is longer was not typed: a paste, a checkout, a formatter


class Trail:
    """Spots, the newest last."""

    def __init__(self) -> None:
        self.edits: tuple[Spot, ...] = ()
        self.visited: tuple[Spot, ...] = ()

    def edited(self, path: str, changes: Sequence[Change]) -> None:
        """These changes, in order, were made to the text of a file."""
        for change in changes:
            self.edits = _moved(self.edits, path, change)
            self.visited = _moved(self.visited, path, change)
            if len(change.text) <= _WIDEST:
                self.edits = _with(self.edits, path, Span(change.start, change.start + len(change.text)))

    def came(self, path: str, at: int) -> None:
        """The cursor is here."""
        self.visited = _with(self.visited, path, Span(at, at))


def _with(spots: tuple[Spot, ...], path: str, span: Span) -> tuple[Spot, ...]:
    """One more spot; those that it touches become one with it."""
    near = [it for it in spots if it.path == path and _touches(it.span, span)]
    start, end = min([span.start, *(it.span.start for it in near)]), max([span.end, *(it.span.end for it in near)])
    spot = Spot(path, Span(start, end) if end - start <= _WIDEST else span)
    return (*(it for it in spots if it not in near), spot)[-KEPT:]


def _touches(one: Span, other: Span) -> bool:
    return one.start - _NEAR <= other.end and other.start <= one.end + _NEAR


def _moved(spots: tuple[Spot, ...], path: str, change: Change) -> tuple[Spot, ...]:
    """The spots where they stand now; what a change has swallowed is gone."""
    if all(it.path != path or it.span.end < change.start for it in spots):
        return spots
    found = ((it, _after(it.span, change) if it.path == path else it.span) for it in spots)
    return tuple(it if span is it.span else Spot(path, span) for it, span in found if span is not None)


def _after(span: Span, change: Change) -> Span | None:
    if change.start <= span.start and span.end <= change.end and change.end - change.start > _WIDEST:
        return None
    grown = len(change.text) - (change.end - change.start)

    def place(at: int) -> int:
        if at <= change.start:
            return at
        return at + grown if at >= change.end else change.start + len(change.text)

    return Span(place(span.start), place(span.end))
