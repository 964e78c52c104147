"""What a text defines, refers to and imports, by its grammar and by the queries of its language's file.

One query is run over the whole tree, and its captures are put together by where they stand: asking py-tree-sitter
for matches instead takes three times as long. What the captures of languages/*.scm mean:

    @definition.KIND  something with a name     @name @parent @body @doc   its parts; the header ends before the body
    @scope            names what stands in it   @wrapper   belongs to the one definition in it (`export`, decorators)
    @import           a statement               @module @imported @default @alias @tree   its parts
    @reference        a name that is used       @ignored   none, though it looks like one
    @comment @attribute   what may stand above a definition
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cache

from msgspec import Struct
from tree_sitter import Parser, Query, QueryCursor

from router.context.tagging.flat import flat
from router.context.tagging.grammars import grammar
from router.context.tagging.headers import Standing, above, docstring, signature, standing, uncommented
from router.context.tagging.imports import Import, statement
from router.context.tagging.language import language, spoken
from router.context.tagging.stretches import VALUES, Captures, Stretch, stretches
from router.types import LARGEST, Span

_CLASSES = frozenset({"class", "enum", "extension", "interface", "object", "scope", "struct", "trait", "union"})
_CODE = frozenset({"constructor", "function", "macro", "method"})
_LINES = VALUES | {
    "attribute",
    "element",
    "key",
    "member",
    "section",
}  # the line of their name is the end of their header
_ONCE = _LINES | {"macro"}  # what is said again of these is not another one
_LOCAL = VALUES | {"prototype"}  # none of these within a function is a definition
_SIGNS = ":\"'` \t\r\n"  # what a name may be enclosed in
_LONGEST = 200  # code points of a qualified name; what nests deeper adds nothing to it


class Definition(Struct, frozen=True):
    """`name` stands at `at`, `span` is the whole of it; `signature` is its verbatim header, `doc` its documentation.

    `parent` is the qualified name of what it belongs to, as in `Class.method`, or empty.
    """

    name: str
    kind: str
    span: Span
    at: int
    signature: str
    doc: str = ""
    parent: str = ""


class Tags(Struct, frozen=True):
    """All in the order of the text; a reference is a name and where it stands."""

    definitions: tuple[Definition, ...] = ()
    references: tuple[tuple[str, int], ...] = ()
    imports: tuple[Import, ...] = ()


def tags(language: str, text: str) -> Tags:
    """What `text` defines, refers to and imports. Without a grammar or its queries, or when too long: nothing."""
    language = spoken(language, text)
    query, found = _query(language), grammar(language)
    if query is None or found is None or len(text) > LARGEST:
        return Tags()
    even = flat(text)
    captures: Captures = QueryCursor(query).captures(Parser(found).parse(even.encode("ascii")).root_node)
    held = stretches(captures)
    around = standing(captures.get("comment", ()), captures.get("attribute", ()), even)
    definitions = tuple(_definitions(held, around, text, even))
    statements = [one for one in held if one.label == "import"]
    return Tags(
        definitions,
        tuple(_references(captures, text, {one.at for one in definitions}, statements)),
        tuple(found for one in statements for found in statement(one.start, one.end, one.parts, text)),
    )


@cache
def _query(name: str) -> Query | None:
    found, said = grammar(name), language(name)
    return Query(found, said.queries) if found and said and said.tells else None


def _references(
    captures: Captures, text: str, defined: set[int], statements: Sequence[Stretch]
) -> list[tuple[str, int]]:
    """The names that are used: neither where they are defined nor where they are imported."""
    ends = {node.start_byte: node.end_byte for node in captures.get("reference", ())}
    defined.update(node.start_byte for node in captures.get("ignored", ()))
    starts = sorted(ends.keys() - defined)
    for one in reversed(statements):
        del starts[bisect_left(starts, one.start) : bisect_left(starts, one.end)]
    return [(text[start : ends[start]], start) for start in starts if ends[start] > start]  # some are only missed


def _definitions(held: Sequence[Stretch], around: Standing, text: str, even: str) -> Iterator[Definition]:
    seen: set[tuple[str, str]] = set()
    for one in held:
        parent = _parent(one, text)
        names = list(_names(one, text).items()) if one.label not in ("import", "wrapper") else []
        one.path = _joined(parent, names[0][0]) if names else parent
        if not names or one.label == "scope" or (one.kind in _LOCAL and _local(one)):
            continue
        for name, at in names:
            if name and (one.kind not in _ONCE or (parent, name) not in seen):
                seen.add((parent, name))
                yield _definition(one, at, name, parent, around, text, even)


def _names(one: Stretch, text: str) -> dict[str, int]:
    """The names that a stretch defines, bare of signs, and where they stand."""
    found: dict[str, int] = {}
    for label, start, end in one.parts:
        if label == "name":
            said = text[start:end]
            bare = said.lstrip(_SIGNS)
            found.setdefault(bare.rstrip(_SIGNS), end - len(bare))
    return found


def _definition(one: Stretch, at: int, name: str, parent: str, around: Standing, text: str, even: str) -> Definition:
    start, end = _whole(one)
    end = len(text[start:end].rstrip("\r\n")) + start
    doc = one.part("doc")
    return Definition(
        name=name,
        kind=_kind(one),
        span=Span(start, end),
        at=at,
        signature=signature(text, one.start, start, _near(one, at), _header_end(one, at, even, around)),
        doc=docstring(text[slice(*doc)]) if doc else above(text, even, start, around),
        parent=parent,
    )


def _near(one: Stretch, at: int) -> int:
    """What a header must reach: the name, but not that of a type, which may stand at its end."""
    return one.start if one.kind == "type" else at


def _kind(one: Stretch) -> str:
    inside = _holder(one)
    in_class = inside is not None and inside.kind in _CLASSES
    if one.kind == "function" and (in_class or one.part("parent")):
        return "method"
    return "attribute" if in_class and one.kind == "variable" else one.kind


def _header_end(one: Stretch, at: int, even: str, around: Standing) -> int:
    if body := one.part("body"):
        return uncommented(even, body[0], around)
    line_end = even.find("\n", at, one.end) if one.kind in _LINES else -1
    return line_end if line_end > 0 else one.end


def _whole(one: Stretch) -> tuple[int, int]:
    """The extent of a definition with what is wrapped around it."""
    start, end = one.start, one.end
    around = one.above
    while around is not None and around.label == "wrapper" and len(around.held) == 1:
        start, end, around = around.start, around.end, around.above
    return start, end


def _holder(one: Stretch) -> Stretch | None:
    """The definition or scope that a stretch stands in."""
    found = one.above
    while found is not None and found.label == "wrapper":
        found = found.above
    return found


def _local(one: Stretch) -> bool:
    found = one.above
    while found is not None and found.kind not in _CODE:
        found = found.above
    return found is not None


def _parent(one: Stretch, text: str) -> str:
    """The qualified name of what a stretch belongs to; an attribute belongs to the class, wherever it is first set."""
    found = holder = _holder(one)
    while one.kind == "attribute" and holder is not None and holder.kind in _CODE:
        holder = _holder(holder)
    found = holder or found
    said = one.part("parent")
    outer = found.path if found else ""
    return _joined(outer, text[slice(*said)]) if said else outer


def _joined(outer: str, name: str) -> str:
    own = name.replace("::", ".")[:_LONGEST]
    return f"{outer}.{own}" if outer and len(outer) < _LONGEST else outer or own
