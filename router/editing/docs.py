"""Where a definition has its documentation, or is to have it, and by which signs the file sets it off."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct
from tree_sitter import Node

from router.context.lines import line_end, parted
from router.context.tagging.language import language, spoken
from router.context.tagging.tags import Definition
from router.editing.blocks import Unfit
from router.editing.spans import ATTRIBUTE, lined
from router.editing.trees import is_docstring, parsed, tagged
from router.types import Document, Span

STARRED, QUOTES = "/**", '"""'
_LINED = {"rust": "///", "csharp": "///", "go": "//", "lua": "---", "haskell": "-- |", "r": "#'", "sql": "--"}
_BLOCK = re.compile(r"\s*/\*")
DIRECTIVE = re.compile(  # comments that say something to a tool
    r"\s*(?://go:|//export\b|//nolint|//line\b|// ?\+build|//\s*@ts-|(?://|/\*)\s*eslint|/\*[#@]|//[#@]|#!|#\s*type:|#\s*noqa"
    r"|#\s*(?:pylint|mypy|ruff|fmt|isort|pragma|cython|nosec|frozen_string_literal|rubocop|shellcheck)\b|#.*coding[:=]"
    r"|//\s*(?:prettier|tslint|swift|istanbul|clang-format|NOLINT|NOSONAR|biome|deno-lint)\b)",
    re.I,
)
_RULER = re.compile(r"[\W_]*")
_LONGEST = 80  # lines


class Place(Struct, frozen=True):
    """Where documentation goes: it takes the place of `start` to `end`, each of its lines `indent`ed.

    `sign` begins its lines (`\"\"\"` and `/**` enclose them). `lead` and `tail` part it from what stands around it.
    """

    start: int
    end: int
    indent: str
    sign: str
    lead: str = ""
    tail: str = ""


def place(document: Document, definition: Definition) -> Place:
    """Where the documentation of a definition stands, or is to stand. Raises Unfit where a language has none."""
    found = language(spoken(document.language, document.text))
    if found is None or not (found.line or found.block):
        raise Unfit("Switchyard knows no comments of this language.")
    inside = _inside(document, definition) if "@doc" in found.queries else None
    return inside or _above(document, definition, _sign(document, found.key))


def _inside(document: Document, definition: Definition) -> Place | None:
    """In the body, as its first statement; None: it has no body."""
    text = document.text
    node = _header(document, definition.at)
    body = node.child_by_field_name("body") if node else None
    colon = next((it for it in reversed(node.children) if it.type == ":"), None) if node else None
    if body is None or colon is None:
        return None
    first = next(iter(body.named_children), None)
    if first is not None and is_docstring(first):
        return Place(first.start_byte, first.end_byte, _indent(text, first.start_byte), QUOTES)
    end = line_end(text)
    if body.start_point.row == colon.start_point.row:  # all on one line
        indent = _indent(text, definition.span.start) + _unit(text)
        return Place(colon.end_byte, body.start_byte, indent, QUOTES, end + indent, end + indent)
    at = lined(text, _span(colon.end_byte)).end
    at += 2 if text.startswith("\r\n", at) else 1
    indent = _indent(text, body.start_byte)
    return Place(at, at, indent, QUOTES, indent, end)


def _header(document: Document, at: int) -> Node | None:
    """The definition whose name stands at a place."""
    tree = parsed(document.language, document.text)
    name = tree.root_node.descendant_for_byte_range(at, at + 1) if tree else None
    return name.parent if name else None


def _above(document: Document, definition: Definition, sign: str) -> Place:
    """On the lines above a definition, its attributes and what tools read; in the place of a comment there."""
    text = document.text
    start = lined(text, definition.span).start
    lines = parted(text[:start])
    indent = _indent(text, definition.span.start)
    at = len(lines)
    while at and (ATTRIBUTE.match(lines[at - 1]) or DIRECTIVE.match(lines[at - 1])):
        at -= 1
    first = _comment(lines, at, sign)
    begin, end = sum(map(len, lines[:first])), sum(map(len, lines[:at]))
    return Place(begin, end, indent, sign, indent, line_end(text))


def _comment(lines: Sequence[str], at: int, sign: str) -> int:
    """The first line of the comment that ends right above the line `at`; `at` itself where there is none."""
    first = at
    if at and lines[at - 1].rstrip().endswith("*/"):
        first = next((n for n in range(at - 1, max(-1, at - _LONGEST), -1) if _BLOCK.match(lines[n])), at)
        return first if first < at and lines[first].strip().startswith("/*") else at
    mark = sign.split()[0] if sign != STARRED else "//"
    while first and lines[first - 1].strip().startswith(mark) and not _apart(lines[first - 1]):
        first -= 1
    return first


def _apart(line: str) -> bool:
    return DIRECTIVE.match(line) is not None or (len(line.strip()) > 3 and _RULER.fullmatch(line) is not None)


def _sign(document: Document, key: str) -> str:
    """How documentation is written here: as most that stands above definitions is, else as is usual."""
    found = language(key)
    lines = parted(document.text)
    starts = {
        document.text.count("\n", 0, it.span.start) for it in tagged(document.language, document.text).definitions
    }
    above = [lines[at - 1].strip() for at in starts if 0 < at <= len(lines)]
    usual = _LINED.get(key) or (
        STARRED if found and found.block and found.block[0] == "/*" else found.line if found else ""
    )
    if usual == STARRED and sum(it.startswith("//") for it in above) > sum(it.endswith("*/") for it in above):
        return "///" if sum(it.startswith("///") for it in above) * 2 > len(above) else "//"
    return usual or (found.block[0] if found and found.block else "#")


def _span(at: int) -> Span:
    return Span(at, at)


def _indent(text: str, at: int) -> str:
    line = text[lined(text, _span(at)).start : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    found = re.search(r"^(\t| {2,8})\S", text, re.M)
    return found[1] if found else "    "
