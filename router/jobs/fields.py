"""What a request gives for the fields of its task's message: the code that it is about, what stands around it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct
from msgspec.structs import replace

from router.context import privacy
from router.context.lines import Lines, lf
from router.context.tagging.tags import Definition, tags
from router.jobs.render import PARTED
from router.types import Diagnostic, Document, Piece, Request, Span, Task

_CODE = frozenset({"constructor", "function", "macro", "method"})
_LONG = 150  # lines; of what is longer only the lines near the spot are the code
_NEAR = 30  # lines to either side of a spot that stands in no definition
AROUND = 12  # lines to either side of the code
_REACH = 40_000  # code points to either side of a place, in which its definition is looked for
_NOTE = 8_000  # code points; of a longer note the beginning and the end


class About(Struct, frozen=True):
    """What a request is about: whole lines of its document, and the name of what they define."""

    span: Span
    name: str = ""


def about(task: Task, request: Request) -> About:
    """What the task is about, by what it is offered on: the selection, the definition around it, or lines near it."""
    lines, chosen = Lines(request.document.text), request.span
    found = enclosing(request.document, chosen)
    name = found.name if found else ""
    if task.offer in ("save", "changes") or (task.offer == "selection" and chosen.start < chosen.end):
        return About(lines.whole(chosen), name)
    if found and (task.offer == "symbol" or lines.count(found.span) <= _LONG):
        return About(lines.whole(found.span), name)
    first, last = lines.touched(chosen)
    return About(lines.span(first - _NEAR, last + _NEAR), name)


def enclosing(document: Document, span: Span) -> Definition | None:
    """The innermost function around a span, else the innermost other definition of more than a line.

    Of a long document only what is near is parsed: nobody types while Python parses, in whatever thread.
    """
    lines = Lines(document.text)
    near = lines.whole(Span(max(0, span.start - _REACH), min(len(document.text), span.end + _REACH)))
    found = tags(document.language, document.text[near.start : near.end]).definitions
    shifted = (_moved(it, near.start) for it in found)
    around = [it for it in shifted if _holds(lines.whole(it.span), span)]
    code = [it for it in around if it.kind in _CODE]
    long = [it for it in around if lines.count(it.span) > 1]
    return min(code or long, key=lambda it: it.span.end - it.span.start, default=None)


def _moved(found: Definition, by: int) -> Definition:
    return replace(found, span=Span(found.span.start + by, found.span.end + by), at=found.at + by)


def fields(task: Task, request: Request, about: About, pieces: Sequence[Piece] = (), path: str = "") -> dict[str, str]:
    """The fields that are the same for all tasks; what is not given is empty. `path` is how the document is called."""
    document = request.document
    lines = Lines(document.text)
    clean = privacy.clean(document.text).split("\n")  # as a whole, for a secret may lie across what is shown of it
    seen = [f"{number:>4}| {line}" for number, line in enumerate(clean, 1)] if task.numbered else clean
    first, last = lines.touched(about.span)
    above, below = _beside(clean, first, last)
    around = [*seen[above:first], "[the code]", *seen[last + 1 : below]]
    return {
        "path": path or document.path,
        "language": document.language,
        "name": about.name,
        "place": lines.said(request.span),
        "code": "\n".join(seen[first : last + 1]),
        "around": "\n".join(around) if len(around) > 1 else "",
        "pieces": PARTED.join(_of_file(path, list(some)) for path, some in groupby(pieces, lambda it: it.path)),
        "diagnostics": "\n".join(_reported(lines, it) for it in request.diagnostics),
        "note": _short(lf(request.note)),
        "diff": lf(request.diff),
    }


def _beside(lines: Sequence[str], first: int, last: int) -> tuple[int, int]:
    """Where the lines around the code begin and end, without blank ones at either end."""
    above, below = max(0, first - AROUND), min(len(lines), last + 1 + AROUND)
    while above < first and not lines[above].strip():
        above += 1
    while below > last + 1 and not lines[below - 1].strip():
        below -= 1
    return above, below


def _of_file(path: str, pieces: Sequence[Piece]) -> str:
    """Pieces of one file that follow one another, below its path."""
    texts = [it.text.replace(PARTED, "") for it in pieces]
    apart = "\n\n" if any("\n" in text for text in texts) else "\n"
    return f"{path}:\n{apart.join(texts)}"


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and inner.start < max(outer.end, inner.start + 1)


def _reported(lines: Lines, diagnostic: Diagnostic) -> str:
    """A diagnostic in a line: where, what, and who says so."""
    source = f" ({diagnostic.source})" if diagnostic.source else ""
    return f"line {lines.at(diagnostic.span.start) + 1}: {' '.join(diagnostic.message.split())}{source}"


def _short(note: str) -> str:
    """A long note without its middle: what was run stands at its beginning, and what came of it at its end."""
    if len(note) <= _NOTE:
        return note
    return f"{note[: _NOTE // 4].rstrip()}\n[…]\n{note[-_NOTE * 3 // 4 :].lstrip()}"
