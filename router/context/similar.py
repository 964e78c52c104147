"""Lines that are like those around the cursor, and what follows them: elsewhere, and in this very file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import nlargest
from math import exp

from router.context.focus import ABOVE, BELOW, Focus, focus, rarity
from router.context.sheet import Sheet
from router.context.view import View, spoken
from router.types import Piece, Request

FILES = 12  # that are looked through
_LOUD = 64  # files; a name that more of them say points to none
_ASKED = 24  # names, the most telling ones
_NEAR = 12  # files around this one, whatever they say
_LINES = 240  # of all files, the likest
_FOLLOWING = tuple(
    (d, exp(-d / 4)) for d in range(10)
)  # lines after a like one, and how much of its likeness they have
_LONGEST = 200  # code points of a line
_NEIGHBOURS = 16  # files whose habits are looked at
_CUSTOMS = 160  # lines that tell them
_REACH = 260  # lines of this file to either side


def similar(request: Request, view: View) -> Iterator[Piece]:
    """Lines near those that say the same rare names as the code at the cursor, in the files that say most of them."""
    about = focus(request)
    telling = _telling(about, view)
    path = request.document.path
    found: list[tuple[float, str, Sheet, int]] = []
    for other in (path, *_files(request, view, about, telling)):
        page = about.sheet if other == path else view.sheet(other)
        apart = range(about.row - ABOVE, about.row + BELOW + 1) if other == path else range(0)
        found += [(weight, other, page, row) for row, weight in _likeness(page, telling, apart).items()]
    for weight, other, page, row in nlargest(_LINES, found, key=lambda it: (it[0], it[1] == path, it[1], -it[3])):
        start, line = page.line(row)
        if len(line) <= _LONGEST:
            yield Piece("similar", other, line, start, weight)


def nearby(request: Request, view: View) -> Iterator[Piece]:
    """The lines of this file beyond what is shown around the cursor, the nearer the better."""
    about = focus(request)
    page, path = about.sheet, request.document.path
    for row in range(max(0, about.row - _REACH), min(len(page.names), about.row + _REACH)):
        if page.names[row]:
            start, line = page.line(row)
            if len(line) <= _LONGEST:
                yield Piece("nearby", path, line, start, exp(-abs(row - about.row) / 100))


def _telling(about: Focus, view: View) -> dict[str, float]:
    """The names that tell most of where the like is, and how much."""
    rare = {name: weight * rarity(view, name) for name, weight in about.tight.items() if view.spread(name) <= _LOUD}
    return dict(nlargest(_ASKED, rare.items(), key=lambda it: (it[1], it[0])))


def _files(request: Request, view: View, about: Focus, telling: dict[str, float]) -> list[str]:
    """Other files, those first that say most of what is said here."""
    path = request.document.path
    worth: dict[str, float] = {}
    for name in telling:
        for other, _ in view.index.referring(name):
            worth[other] = worth.get(other, 0.0) + about.tight[name]
    for place, other in enumerate(view.near(path)[:_NEAR]):
        worth[other] = worth.get(other, 0.0) + 2 / (1 + 0.3 * place)
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


def habits(request: Request, view: View) -> Iterator[Piece]:
    """Lines of the files around this one that say what most of them say."""
    path = request.document.path
    found = view.memo.habits.get(path)
    if found is None:
        found = view.memo.habits[path] = tuple(_habits(path, view))
    yield from found


def _habits(path: str, view: View) -> Iterator[Piece]:
    language = spoken(path)
    others = [other for other in view.near(path)[: 4 * _NEIGHBOURS] if spoken(other) == language][:_NEIGHBOURS]
    pages = [(other, view.sheet(other)) for other in others]
    files = Counter(name for _, page in pages for name in page.lines)
    common = {name: count / len(pages) for name, count in files.items() if count > 1}
    lines: list[tuple[float, str, Sheet, int]] = []
    for other, page in pages:
        for row, names in enumerate(page.names):
            worth = sum([common.get(name, 0.0) for name in names])
            if worth > 0:
                lines.append((worth / (10 + len(page.line(row)[1])), other, page, row))
    said = Counter[str]()
    left = _CUSTOMS
    for _, other, page, row in sorted(lines, key=lambda it: -it[0]):
        names = page.names[row]
        start, line = page.line(row)
        if len(line) <= _LONGEST and any(said[name] < 2 and name in common for name in names):
            said.update(names)
            left -= 1
            yield Piece("habits", other, line, start, max(common.get(name, 0.0) for name in names))
        if not left:
            break
