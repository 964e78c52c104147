"""Lines that are like those around the cursor, and what follows them: elsewhere, and in this very file."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from math import exp

from router.context.gathering.focus import ABOVE, BELOW, Focus, focus, rarity
from router.context.gathering.sheet import Sheet
from router.context.gathering.view import View, spoken
from router.types import Piece, Request

FILES = 16  # that are looked through
LONGEST = 200  # code points of a line
_LOUD = 64  # files; a name that more of them say points to none
_ASKED = 24  # names, the most telling ones
_NEAR = 16  # files around this one, whatever they say
_LINES = 160  # of all files, the likest
_FOLLOWING = tuple((d, exp(-d / 4)) for d in range(10))  # lines after a like one, and their share of it


def similar(request: Request, view: View) -> Iterator[Piece]:
    """Lines near those that say the same rare names as the code at the cursor, in the files that say most of them."""
    about = focus(request)
    telling = _telling(about, view)
    path = request.document.path
    found: list[tuple[float, str, Sheet, int]] = []
    for other in (path, *files(request, view)):
        page = about.sheet if other == path else view.page(other).sheet
        apart = range(about.row - ABOVE, about.row + BELOW + 1) if other == path else range(0)
        found += [(weight, other, page, row) for row, weight in _likeness(page, telling, apart).items()]
    for weight, other, page, row in nlargest(_LINES, found, key=lambda it: (it[0], it[1] == path, it[1], -it[3])):
        start, line = page.line(row)
        if len(line) <= LONGEST:
            yield Piece("similar", other, line, start, weight)


def files(request: Request, view: View) -> tuple[str, ...]:
    """Other files to look into: those first that say most of what is said here, are near, or are imported."""
    if view.memo.looked is None or view.memo.looked[0] is not request:
        view.memo.looked = (request, tuple(_files(request, view)))
    return view.memo.looked[1]


def _files(request: Request, view: View) -> list[str]:
    about, path = focus(request), request.document.path
    worth: dict[str, float] = {}
    for name in _telling(about, view):
        for other, _ in view.index.referring(name):
            worth[other] = worth.get(other, 0.0) + about.tight[name]
    language, near = spoken(path), 0
    for other in view.near(path):
        if spoken(other) == language and near < _NEAR:
            worth[other] = worth.get(other, 0.0) + 2 / (1 + 0.3 * near)
            near += 1
    for other in imported(request, view):
        worth[other] = worth.get(other, 0.0) + 1.0
    worth.pop(path, None)
    return nlargest(FILES, worth, key=lambda other: (worth[other], other))


def imported(request: Request, view: View) -> list[str]:
    """The files that this one imports."""
    path = request.document.path
    found: dict[str, None] = {}
    for one in view.index.imports(path):
        for name, _ in one.names[:6] or (("", ""),):
            other = view.resolve(path, one.module, name)
            if other is not None and other != path:
                found[other] = None
    return list(found)


def _telling(about: Focus, view: View) -> dict[str, float]:
    """The names that tell most of where the like is, and how much."""
    rare = {name: weight * rarity(view, name) for name, weight in about.tight.items() if view.spread(name) <= _LOUD}
    return dict(nlargest(_ASKED, rare.items(), key=lambda it: (it[1], it[0])))


def _likeness(page: Sheet, telling: dict[str, float], apart: range) -> dict[int, float]:
    """Lines that say a telling name, or that follow one that does, and how much."""
    like: dict[int, float] = {}
    for name, weight in telling.items():
        for row in page.lines.get(name, ()):
            like[row] = like.get(row, 0.0) + weight
    found: dict[int, float] = {}
    for row, weight in like.items():
        if row not in apart:
            for down, share in _FOLLOWING:
                found[row + down] = found.get(row + down, 0.0) + weight * share
            found[row - 1] = found.get(row - 1, 0.0) + weight / 2
    return {row: it for row, it in found.items() if 0 <= row < len(page.names) and page.names[row] and row not in apart}
