"""What is worth showing to explain, to review and to document: frames, callers, changes, how others are described."""

from __future__ import annotations

from collections.abc import Iterator

from router.context.gathering.focus import focus
from router.context.gathering.sheet import Sheet
from router.context.gathering.view import Spot, View
from router.context.tagging.tags import Definition
from router.types import Piece, Request

_FRAMES, _FILES, _EACH = 12, 8, 3  # frames of a traceback, files that use a name, places in each
_AROUND = 2  # lines to either side of a call
_DOCUMENTED = 12  # neighbours whose documentation is shown


def frames(request: Request, view: View) -> Iterator[Piece]:
    """The definitions that the frames of a traceback are in, the innermost first; where none is known, lines."""
    for depth, spot in enumerate(reversed(view.frames[-_FRAMES:])):
        page, inside = view.sheet(spot.path), _inside(view, spot)
        first, last = (inside.span.start, inside.span.end) if inside else (spot.span.start, spot.span.end)
        yield from _lines("frames", spot.path, page, first, last, 1 / (1 + depth), around=0 if inside else 6)


def callers(request: Request, view: View) -> Iterator[Piece]:
    """Where that is used which the request is about."""
    spot = Spot(request.document.path, request.span)
    if inside := _inside(view, spot):
        yield from _uses("callers", inside.name, view, 1.0)


def changed(request: Request, view: View) -> Iterator[Piece]:
    """The headers of the definitions that the branch changed."""
    for spot in view.changed:
        if inside := _inside(view, spot):
            yield Piece("changed", spot.path, inside.signature, inside.span.start, 1.0)


def users(request: Request, view: View) -> Iterator[Piece]:
    """Where the definitions are used that the branch changed."""
    names = {inside.name: None for spot in view.changed if (inside := _inside(view, spot))}
    for name in names:
        yield from _uses("users", name, view, 1 / len(names))


def docs(request: Request, view: View) -> Iterator[Piece]:
    """How the neighbours are documented: header and documentation, as they stand."""
    path, about = request.document.path, focus(request)
    found = [one for one in view.tags(path).definitions if one.doc and not _holds(one, request.span.start)]
    found.sort(key=lambda one: abs(about.sheet.at(min(one.span.start, len(about.sheet.text))) - about.row))
    for one in found[:_DOCUMENTED]:
        head = about.sheet.text[one.span.start : one.span.end]
        stop = head.find(one.doc.rpartition("\n")[2])
        end = head.find("\n", stop + 1) if stop >= 0 else -1
        text = head[:end] if 0 < end <= 1_000 else one.signature
        yield Piece("docs", path, text.rstrip(), one.span.start, 1.0)


def _uses(source: str, name: str, view: View, worth: float) -> Iterator[Piece]:
    """The lines around the places where a name is said, in the files that say it most."""
    saying = sorted(view.index.referring(name), key=lambda it: (-it[1], it[0]))[:_FILES]
    for place, (path, _) in enumerate(saying):
        page = view.sheet(path)
        for at in view.index.places(path, name)[:_EACH]:
            yield from _lines(source, path, page, at, at, worth / (1 + place), _AROUND)


def _inside(view: View, spot: Spot) -> Definition | None:
    """The innermost definition that a spot is in."""
    around = [one for one in view.tags(spot.path).definitions if _holds(one, spot.span.start)]
    return min(around, key=lambda one: one.span.end - one.span.start, default=None)


def _holds(one: Definition, at: int) -> bool:
    return one.span.start <= at <= one.span.end


def _lines(source: str, path: str, page: Sheet, start: int, end: int, worth: float, around: int) -> Iterator[Piece]:
    if start > len(page.text):
        return
    first, last = page.at(start), page.at(min(end, len(page.text)))
    for row in range(max(0, first - around), min(len(page.names), last + around + 1)):
        at, line = page.line(row)
        if line:
            yield Piece(source, path, line, at, worth)
