"""What else is worth showing, by what the workspace's index knows: definitions, imports, members, what was done."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nlargest
from itertools import islice

from router.context.gathering.focus import Focus, focus
from router.context.gathering.sheet import KEYWORDS
from router.context.gathering.view import Spot, View
from router.context.tagging.tags import Definition
from router.types import Piece, Request

_ASKED = 24  # names at the cursor whose definitions are looked up
_DEFINERS = 8  # a name that is defined more often says nothing of where
_EACH, _MEMBERS = 30, 120  # members of one class or module, and of all
_AROUND = 6  # lines to either side of a spot
_SPOTS = 8
_CLASSES = frozenset({"class", "enum", "extension", "interface", "object", "struct", "trait", "union"})


def enclosing(request: Request, view: View) -> Iterator[Piece]:
    """The headers of what the cursor is within."""
    about = focus(request)
    for depth, row in enumerate(about.headers):
        start, line = about.sheet.line(row)
        yield Piece("enclosing", request.document.path, line, start, 1 / (1 + depth))


def imports(request: Request, view: View) -> Iterator[Piece]:
    """The import lines of this file."""
    path, page = request.document.path, focus(request).sheet
    for one in view.imports(path):
        first = page.at(min(one.span.start, len(page.text)))
        last = page.at(min(max(one.span.start, one.span.end - 1), len(page.text)))
        for row in range(first, last + 1):
            start, line = page.line(row)
            if line:
                yield Piece("imports", path, line, start, 1.0)


def importing(request: Request, view: View) -> bool:
    """Whether the cursor is among imports."""
    about = focus(request)
    for one in view.imports(request.document.path):
        first, last = about.sheet.at(one.span.start), about.sheet.at(max(one.span.start, one.span.end - 1))
        if first - 2 <= about.row <= last + 2:
            return True
    return False


def definitions(request: Request, view: View) -> Iterator[Piece]:
    """The headers of what the names at and above the cursor mean: where they are imported from, else the nearest."""
    about = focus(request)
    for name, weight in _asked(about):
        for path, one in _meant(request, view, name):
            yield _header("definitions", path, one, weight)


def members(request: Request, view: View) -> Iterator[Piece]:
    """What the classes and modules hold that the cursor is in or that are named near it."""
    yield from islice(_members(request, view), _MEMBERS)


def _members(request: Request, view: View) -> Iterator[Piece]:
    about, path = focus(request), request.document.path
    for header in about.headers:
        for name in about.sheet.names[header][:1]:
            yield from _held(view, path, name, 1.0)
    for name, weight in _asked(about):
        for other, one in _meant(request, view, name):
            if one.kind in _CLASSES:
                yield from _held(view, other, one.name, weight)
    for said in view.imports(path):
        for name, here in said.names:
            if here in about.tight and (found := view.resolve(path, said.module, name)):
                yield from _held(view, found, "", about.tight[here] / 2)


def overrides(request: Request, view: View) -> Iterator[Piece]:
    """The headers of what is called the same as what the cursor is in."""
    about = focus(request)
    for header in about.headers[:1]:
        for name in about.sheet.names[header][:1]:
            for path, one in view.index.defined(name)[:_DEFINERS]:
                yield _header("overrides", path, one, 1.0)


def edits(request: Request, view: View) -> Iterator[Piece]:
    """What was edited last, anywhere."""
    yield from _spots("edits", view.edits, view)


def visited(request: Request, view: View) -> Iterator[Piece]:
    """Where the cursor was last."""
    yield from _spots("visited", view.visited, view)


def diff(request: Request, view: View) -> Iterator[Piece]:
    """What the branch changed, in the files near this one first."""
    yield from _spots("diff", view.changed, view)


def diagnostics(request: Request, view: View) -> Iterator[Piece]:
    """The definitions of what is named in the complaints about the lines at the cursor."""
    about = focus(request)
    for spot in view.diagnostics:
        away = abs(about.sheet.at(min(spot.span.start, len(about.sheet.text))) - about.row)
        if away <= 20:
            for name in dict.fromkeys(spot.said.replace("'", " ").replace('"', " ").replace("`", " ").split()):
                for path, one in _meant(request, view, name.strip(".,:;()[]{}")):
                    yield _header("diagnostics", path, one, 1 / (1 + away))


def _asked(about: Focus) -> list[tuple[str, float]]:
    return nlargest(_ASKED, about.tight.items(), key=lambda it: (it[1], it[0]))


def _meant(request: Request, view: View, name: str) -> list[tuple[str, Definition]]:
    """Where a name is defined: in this file, else where it is imported from, else wherever it is rarely defined."""
    key = (request.document.path, name)
    found = view.memo.meant.get(key)
    if found is None:
        found = view.memo.meant[key] = _looked_up(*key, view)
    return found


def _looked_up(path: str, name: str, view: View) -> list[tuple[str, Definition]]:
    found = list(view.index.defined(name)) if name and name not in KEYWORDS else []
    if len(found) <= 1:
        return found
    homes = {path}
    for one in view.imports(path):
        for said, here in one.names:
            if here == name and (home := view.resolve(path, one.module, said)):
                homes.add(home)
    return [it for it in found if it[0] in homes][:_DEFINERS] or (found if len(found) <= _DEFINERS else [])


def _held(view: View, path: str, name: str, weight: float) -> Iterator[Piece]:
    """The headers of what a class holds; without a name, of what stands on its own in a file."""
    found = view.memo.held.get((path, name))
    if found is None:
        inside = (one for one in view.tags(path).definitions if one.parent.rpartition(".")[2] == name)
        found = view.memo.held[path, name] = list(islice(inside, _EACH))
    for one in found:
        yield _header("members", path, one, weight)


def _header(source: str, path: str, one: Definition, worth: float) -> Piece:
    return Piece(source, path, one.signature, one.span.start, worth)


def _spots(source: str, spots: tuple[Spot, ...], view: View) -> Iterator[Piece]:
    """The lines around some spots, the newest of which counts most."""
    for age, spot in enumerate(reversed(spots[-_SPOTS:])):
        page = view.sheet(spot.path)
        if spot.span.start > len(page.text):
            continue
        first, last = page.at(spot.span.start), page.at(min(spot.span.end, len(page.text)))
        for row in range(max(0, first - _AROUND), min(len(page.names), last + _AROUND + 1)):
            start, line = page.line(row)
            if page.names[row]:
                yield Piece(source, spot.path, line, start, 1 / (1 + age))
