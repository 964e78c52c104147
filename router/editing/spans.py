"""What an edit is about: the definition around a place, or the lines of a selection; always whole lines."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from router.context import privacy
from router.context.lines import parted
from router.context.tagging.language import language, spoken
from router.context.tagging.tags import Definition
from router.editing.trees import is_comment, statements, tagged
from router.types import Document, Span

# What is one line of something larger; the larger is what an edit is about, unless there is none.
SMALL = frozenset({"attribute", "constant", "element", "key", "member", "prototype", "section", "variable"})
ATTRIBUTE = re.compile(r"\s*(?:#!?\[|@\w|\[\w)")
LONGEST = 400  # lines of a definition that is shown as a whole; of a longer one, the paragraphs around the place
_REACH = 60  # lines on either side of a place, at most, where no definition stands around it


class Scope(Struct, frozen=True):
    """Whole lines, without the last one's end: what an answer may replace. `name` is that of the definition there."""

    span: Span
    name: str = ""
    kind: str = ""
    parent: str = ""
    at: int = 0  # where the name stands


def scope(document: Document, span: Span) -> Scope:
    """The smallest definition around a place; where there is none, the lines that it touches, or their paragraph."""
    text = document.text
    place = _bare(text, span)
    found = around(document, place)
    if found is not None and _lines(text, found.span) <= LONGEST:
        return Scope(with_lead(document, lined(text, found.span)), found.name, found.kind, found.parent, found.at)
    if place.start == place.end or found is not None:
        return Scope(_paragraph(text, place))
    return Scope(_widened(text, place, tagged(document.language, text).definitions))


def around(document: Document, place: Span) -> Definition | None:
    """The smallest definition whose lines hold a place; one that is a line of a larger one gives way to it."""
    text = document.text
    holding = [
        (lined(text, it.span), it)
        for it in tagged(document.language, text).definitions
        if it.span.start <= place.end and place.start <= it.span.end + LONGEST
    ]
    holding = [(lines, it) for lines, it in holding if lines.start <= place.start and place.end <= lines.end]
    large = [(lines, it) for lines, it in holding if it.kind not in SMALL]
    top = [(lines, it) for lines, it in holding if not it.parent]
    chosen = min(large or top or holding, key=lambda pair: pair[0].end - pair[0].start, default=None)
    return chosen[1] if chosen else None


def lined(text: str, span: Span) -> Span:
    """A span grown to whole lines, without the end of the last."""
    start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
    ends = [at for sign in "\r\n" if (at := text.find(sign, span.end)) >= 0]
    return Span(start, max(start, min(ends, default=len(text))))


def shown(document: Document, span: Span) -> list[str]:
    """The whole lines of a span as a prompt may hold them, as many as there are, without their ends."""
    clean = privacy.clean(document.text).split("\n")  # as a whole, for a secret may lie across what is shown of it
    first = len(parted(document.text[: span.start]))
    return clean[first : first + max(1, len(parted(document.text[span.start : span.end])))]


def with_lead(document: Document, span: Span) -> Span:
    """A definition with the comments and attributes right above it, which a model may repeat, or change."""
    found = language(spoken(document.language, document.text))
    signs = tuple(filter(None, (found.line, *(found.block or ())))) if found else ()
    lines = parted(document.text[: span.start])
    first = at = len(lines)
    while at and len(lines) - at < _REACH and (bare := lines[at - 1].strip()):
        at -= 1
        if ATTRIBUTE.match(bare) or (signs and bare.startswith(signs)):
            first = at
        elif not bare.startswith("*"):  # within a comment that goes over lines
            break
    return Span(span.start - sum(map(len, lines[first:])), span.end)


def _bare(text: str, span: Span) -> Span:
    """A selection without the blanks at its ends, which belong to nothing."""
    said = text[span.start : span.end]
    if not said.strip():
        return Span(span.start, span.start)
    start = span.start + len(said) - len(said.lstrip())
    return Span(start, start + len(said.strip()))


def _widened(text: str, place: Span, definitions: Iterable[Definition]) -> Span:
    """The lines of a selection, and all of each large definition that it touches."""
    found = lined(text, place)
    for one in definitions:
        if one.kind not in SMALL and one.span.start < found.end and found.start < one.span.end:
            whole = lined(text, one.span)
            found = Span(min(found.start, whole.start), max(found.end, whole.end))
    return found


def _paragraph(text: str, place: Span) -> Span:
    """The lines around a place, up to an empty line on either side."""
    lines, at, touched = parted(text), 0, list[int]()
    starts: list[int] = []
    for number, line in enumerate(lines):
        starts.append(at)
        if at <= place.end and place.start < at + len(line):
            touched.append(number)
        at += len(line)
    if not touched:
        return lined(text, Span(len(text), len(text)))
    first, last = touched[0], touched[-1]
    while first and touched[0] - first < _REACH and lines[first - 1].strip():
        first -= 1
    while last + 1 < len(lines) and last - touched[-1] < _REACH and lines[last + 1].strip():
        last += 1
    end = starts[last] + len(lines[last].rstrip("\r\n"))
    return Span(starts[first], end)


def _lines(text: str, span: Span) -> int:
    return len(parted(text[span.start : span.end]))


def imports(document: Document) -> Span | None:
    """The lines of the imports at a text's top, those that stand together; None: it has none there."""
    starts = [it.span.start for it in tagged(document.language, document.text).imports]
    first = last = None
    for node in statements(document.language, document.text) if starts else ():
        if any(node.start_byte <= start < node.end_byte for start in starts):
            first, last = first or node, node
        elif first is not None and not is_comment(node):
            break
    if first is None or last is None:
        return None
    end = last.start_byte + len(document.text[last.start_byte : last.end_byte].rstrip())
    return lined(document.text, Span(first.start_byte, end))
