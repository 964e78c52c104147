"""One completion: what the engine is asked, when it has said enough, and what of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from router.context import privacy, window
from router.context.blocks import by_indentation
from router.context.brackets import balanced
from router.context.gathering.laid import headed, laid
from router.context.lines import around
from router.context.syntax import Syntax
from router.echo.places import LINE
from router.models import families
from router.models.modest import modest
from router.types import Call, Piece, Request, Route, Task

Ways: TypeAlias = tuple[tuple[str, float], ...]  # how the cursor's line may go on, each with its probability
_REACH = 400_000  # code points to either side of the cursor for an engine that has no window
UNKNOWN = 4096  # tokens; the window of an engine that does not tell
_DENSE = 3.0  # code points per token in dense code: 95 % of Python has more (measured on 1,102 files)
_FEW = 512  # tokens of other files; a prompt that is read slowly has no more
WAYS = 6  # to go on, that a model may choose from (`bench.tiny evaluate` says how often the right one is among them)
_SPARE = 0.9  # of the window; the marks and what the estimate misses take the rest


def said(
    task: Task, request: Request, route: Route, shown: window.Window, pieces: tuple[Piece, ...], ways: Ways = ()
) -> Call:
    """The call for a completion that shows a window, and pieces of other files before it; all has passed the gate."""
    family = families.table()[route.family]
    prefix, middle, suffix = privacy.shown(shown.prefix, shown.middle, shown.suffix)
    before = _laid(pieces, route.family, request.document.path)
    if family.file or not before:
        prompt = before + family.prompt(prefix, suffix, middle, ways)
    else:
        prompt = family.prompt(before + prefix, suffix, middle, ways)
    line = ("\n",) if modest(route) else ()
    return Call(route, prompt, max_tokens=task.max_tokens, stop=(*line, *family.stops(bool(before))))


@lru_cache(8)
def _laid(pieces: tuple[Piece, ...], family: str, path: str) -> str:
    """Pieces, and after them the name of the open file, whose text follows."""
    known = families.table()[family]
    return laid(pieces, known) + headed(path, known) if pieces else ""


def plain(task: Task, request: Request, route: Route, others: Sequence[str]) -> Call:
    """The call for an engine that lays out its own prompt: the whole file, and the texts of others, most relevant
    last."""
    text, at = request.document.text, request.span.start
    before, after = text[max(0, at - _REACH) : at], text[at : at + _REACH]
    before, after = privacy.shown(before, after)
    context = tuple(map(_clean, others))
    return Call(route, before, after, context=context, max_tokens=task.max_tokens)


@lru_cache(16)  # the other open documents are the same at each keystroke
def _clean(text: str) -> str:
    return privacy.clean(text)


def left(request: Request, route: Route) -> str:
    """The blank before the cursor that a prompt lacks, so that the answer begins with it; empty: it lacks none."""
    heals = families.table()[route.family].heals
    return " " if heals and request.document.text.endswith(" ", 0, request.span.start) else ""


def share(budget: int, most: int) -> int:
    """How many of a prompt's tokens are other files': a third of a short one's, an eighth of a long one's."""
    return min(most, max(min(budget // 3, _FEW), budget // 8))


def extent(route: Route, task: Task, beside: int, characters: int = window.EXTENT.characters) -> window.Extent:
    """How much of a file fits into the route's window, beside an answer and `beside` tokens of other files; no more
    than so many `characters`."""
    room = int((((route.window or UNKNOWN) - beside) * _SPARE - task.max_tokens) * _DENSE)
    ways = WAYS * LINE if families.table()[route.family].way else 0
    return window.Extent(characters=max(600, min(window.EXTENT.characters, characters, room) - ways))


def enough(request: Request, said: str, syntax: Syntax, max_lines: int) -> int | None:
    """How much of what was said so far is enough, or None: let it go on.

    `syntax` counts only if it is of this very text, and not of one that the user has typed since.
    """
    text, at, language = request.document.text, request.span.start, request.document.language
    settled = said[: said.rfind("\n") + 1]
    if not settled:
        return None
    whole = syntax.whole(at, said) if syntax.text == text else by_indentation(text, at, settled, language)
    if whole is not None:
        return whole
    kept = balanced(*around(text, at), settled, language)
    if len(kept) < len(settled.rstrip()):
        return len(kept)
    lines = said.split("\n")
    return len("\n".join(lines[:max_lines])) if len(lines) > max_lines else None
