"""A text cut into what is reviewed at once, each with a digest that comments and blanks do not change. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import TypeAlias

from tree_sitter import Node

from router.context.tagging.language import language
from router.context.tagging.tags import Definition
from router.reviewing.reading import Code, is_comment
from router.reviewing.types import Unit
from router.types import Span

LEAST = 10  # words and signs; in less there is nothing to find
MOST_LINES = 80  # of one unit outside of definitions
_CODE = frozenset({"constructor", "function", "macro", "method"})
_HOLDERS = frozenset({"class", "enum", "extension", "interface", "object", "struct", "trait", "union"})
_IMPORTS = re.compile(r"import|package|use_declaration|preproc_include|using_directive|export_from")
Event: TypeAlias = "tuple[int, str, bool]"  # where, what, and whether it is a word or sign
Cut: TypeAlias = "tuple[str, Span]"  # a qualified name, and where it stands


def units(code: Code) -> tuple[Unit, ...]:
    """All that can be reviewed of a text, in its order; what only imports, or says next to nothing, is left out."""
    if code.root is None:
        return _plain(code)
    functions = _outermost([it for it in code.tags.definitions if it.kind in _CODE])
    holders = [it for it in code.tags.definitions if it.kind in _HOLDERS]
    cuts = [*functions, *_within(holders, functions), *_between(code, functions, holders)]
    return _digested(code, sorted(cuts, key=lambda it: it[1].start))


def _outermost(found: Sequence[Definition]) -> list[Cut]:
    """Functions that stand in no other function."""
    kept: list[Cut] = []
    for it in sorted(found, key=lambda it: (it.span.start, -it.span.end)):
        if not kept or it.span.start >= kept[-1][1].end:
            kept.append((_called(it), it.span))
    return kept


def _called(it: Definition) -> str:
    return f"{it.parent}.{it.name}" if it.parent else it.name


def _within(holders: Sequence[Definition], functions: Sequence[Cut]) -> list[Cut]:
    """What stands in a class between its methods and inner classes."""
    inner = [span for _, span in functions]
    found: list[Cut] = []
    for it in holders:
        if any(span.start <= it.span.start and it.span.end <= span.end for span in inner):
            continue
        holes = [other.span for other in holders if other is not it and _holds(it.span, other.span)]
        rest = _without(it.span, [*holes, *(span for span in inner if _holds(it.span, span))])
        found += [(_called(it), span) for span in rest]
    return found


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end and outer != inner


def _without(span: Span, holes: Sequence[Span]) -> tuple[Span, ...]:
    kept, at = [], span.start
    for hole in sorted(holes, key=lambda it: it.start):
        if hole.start > at:
            kept.append(Span(at, hole.start))
        at = max(at, hole.end)
    return (*kept, Span(at, span.end)) if at < span.end else tuple(kept)


def _between(code: Code, functions: Sequence[Cut], holders: Sequence[Definition]) -> list[Cut]:
    """Statements outside of all definitions, as many together as stand together."""
    taken = [*(span for _, span in functions), *(it.span for it in holders)]
    groups: list[list[Node]] = [[]]
    for node in code.root.children if code.root else ():
        if is_comment(node, code.language) or _IMPORTS.search(node.type):
            continue
        if any(span.start < node.end_byte and node.start_byte < span.end for span in taken):
            groups.append([])
        elif groups[-1] and node.end_point[0] - groups[-1][0].start_point[0] > MOST_LINES:
            groups.append([node])
        else:
            groups[-1].append(node)
    return [("", Span(it[0].start_byte, it[-1].end_byte)) for it in groups if it]


def _digested(code: Code, cuts: Sequence[Cut]) -> tuple[Unit, ...]:
    firsts = [span.start for _, span in cuts]
    sums = [blake2b(digest_size=16) for _ in cuts]
    weights = [0] * len(cuts)
    for place, said, is_word in _events(code):
        at = bisect_right(firsts, place) - 1
        if at >= 0 and place < cuts[at][1].end:
            sums[at].update(said.encode("utf-8", "surrogatepass") + b"\0")
            weights[at] += is_word
    found = zip(cuts, sums, weights, strict=True)
    return tuple(Unit(name, span, sum.hexdigest(), weight) for (name, span), sum, weight in found if weight >= LEAST)


def _events(code: Code) -> Iterator[Event]:
    """The code as its tree has it: how it nests, which shows where Python's blocks end, and its words and signs."""
    assert code.root is not None
    stack: list[Node | int] = list(reversed(code.root.children))
    while stack:
        node = stack.pop()
        if isinstance(node, int):
            yield node, ")", False
        elif not is_comment(node, code.language):
            if not node.child_count:
                yield node.start_byte, code.text[node.start_byte : node.end_byte], True
                continue
            if node.is_named:
                yield node.start_byte, f"({node.type}", False
                stack.append(node.start_byte)
            yield from _gaps(code, node)
            stack += reversed(node.children)


def _gaps(code: Code, node: Node) -> Iterator[Event]:
    """What belongs to a node and to none of its parts, as the text of a string does beside its escapes."""
    if "string" in node.type or "literal" in node.type or "regex" in node.type:
        at = node.start_byte
        for child in node.children:
            if gap := code.text[at : child.start_byte].strip():
                yield at, gap, False
            at = child.end_byte
        if gap := code.text[at : node.end_byte].strip():
            yield at, gap, False


def _plain(code: Code) -> tuple[Unit, ...]:
    """A text in a language without a grammar, as one; lines that are comments do not count."""
    found = language(code.language)
    sign = found.line if found else ""
    words = [
        word
        for line in code.text.splitlines()
        if not (sign and line.lstrip().startswith(sign))
        for word in line.split()
    ]
    digest = blake2b(" ".join(words).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return (Unit("", Span(0, len(code.text)), digest, len(words)),) if len(words) >= LEAST else ()
