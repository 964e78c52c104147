"""Which other files have most to do with the code at the cursor, and which of its names tell that."""

from __future__ import annotations

from heapq import nlargest

from router.context.gathering.focus import Focus, focus, rarity, whole
from router.context.gathering.ground import Ground
from router.context.gathering.sources import importing
from router.context.gathering.view import View, spoken
from router.context.gathering.weights import BODY, IMPORTS, TOP
from router.types import Request

FILES = 16  # that are looked into
_LOUD = 64  # files; a name that more of them say points to none
_ASKED = 20  # names, the most telling ones
_NEAR = 16  # files around this one, whatever they say
_PLACES = 8  # documents whose last place is remembered


def grounded(request: Request, view: View) -> Ground:
    """The place that the cursor is in."""
    path, known = request.document.path, view.memo.grounds
    found = _known(request, view)
    if found is None:
        about = focus(request)
        about = whole(request) if about.sheet.patch else about
        known.pop(path, None)
        if len(known) >= _PLACES:
            known.clear()
        found = known[path] = Ground(view, path, about, _kind(request, view), _files(request, view, about))
    return found


def files(request: Request, view: View) -> tuple[str, ...]:
    """Other files to look into: those first that say most of what is said here, are near, or are imported."""
    found = _known(request, view)
    return tuple(found.files if found else _files(request, view, focus(request)))


def _known(request: Request, view: View) -> Ground | None:
    found = view.memo.grounds.get(request.document.path)
    return found if found and found.holds(view, focus(request), _kind(request, view)) else None


def _kind(request: Request, view: View) -> str:
    return IMPORTS if importing(request, view) else BODY if focus(request).headers else TOP


def telling(about: Focus, view: View) -> dict[str, float]:
    """The names at the cursor that tell most of where the like is, and how much."""
    rare = {name: weight * rarity(view, name) for name, weight in about.tight.items() if view.spread(name) <= _LOUD}
    return dict(nlargest(_ASKED, rare.items(), key=lambda it: (it[1], it[0])))


def _files(request: Request, view: View, about: Focus) -> dict[str, float]:
    path = request.document.path
    worth: dict[str, float] = {}
    for name in telling(about, view):
        for other in view.referring(name):
            worth[other] = worth.get(other, 0.0) + about.tight[name]
    language, near = spoken(path), 0
    for other in view.near(path):
        if spoken(other) == language and near < _NEAR:
            worth[other] = worth.get(other, 0.0) + 2 / (1 + 0.3 * near)
            near += 1
    for other in imported(request, view):
        worth[other] = worth.get(other, 0.0) + 1.0
    worth.pop(path, None)
    return {other: worth[other] for other in nlargest(FILES, worth, key=lambda other: (worth[other], other))}


def imported(request: Request, view: View) -> list[str]:
    """The files that this one imports."""
    path = request.document.path
    found: dict[str, None] = {}
    for one in view.imports(path):
        for name, _ in one.names[:6] or (("", ""),):
            other = view.resolve(path, one.module, name)
            if other is not None and other != path:
                found[other] = None
    return list(found)
