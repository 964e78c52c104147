"""An import as a statement says it: the module, and which of its names are called what here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from router.context.tagging.stretches import Part
from router.types import Span

Names: TypeAlias = "tuple[tuple[str, str], ...]"

_DEEPEST = 16  # braces in braces of a `use`
_TOKEN = re.compile(r"::|[\\\\.{},*]|(?:r#)?\w+")
_BETWEEN = frozenset({"::", "\\", "."})
_KEYWORDS = frozenset("const function import namespace static use using".split())


class Import(Struct, frozen=True):
    """`names` are pairs: a name in the module, and what it is called here.

    An empty name is the module itself; `*` is all of its names. Of a relative module the dots are kept.
    """

    module: str
    names: Names
    span: Span


def statement(start: int, end: int, parts: Sequence[Part], text: str) -> Iterator[Import]:
    """The imports of a statement from `start` to `end`, by its parts in their order."""
    span = Span(start, end)
    module: str | None = None
    names: list[tuple[str, str]] = []
    before = ""
    for label, first, last in parts:
        said = text[first:last]
        if label == "tree":
            yield from (Import(path, tuple(held), span) for path, held in _tree(said).items())
        elif label == "module":
            if module is not None:
                yield Import(module, tuple(names), span)
                names = []
            module = said.strip("\"'`<> \t")
        elif label == "relative":
            module = f"./{said}"
        elif label == "all":
            names.append(("*", "*"))
        elif label == "alias":
            names.append((names.pop()[0] if names and before == "imported" else "", said))
        elif label in ("imported", "default"):
            names.append((said if label == "imported" else "default", said))
        before = label
    if module is not None:
        yield Import(module, tuple(names), span)


def _tree(said: str) -> dict[str, list[tuple[str, str]]]:
    """`a::{b, c::{d as e}}` -> {"a": [("b", "b")], "a::c": [("d", "e")]}."""
    found: dict[str, list[tuple[str, str]]] = {}
    outer: list[list[str]] = []
    path: list[str] = []
    between, alias = "::", ""
    tokens = _TOKEN.findall(said)
    for at, token in enumerate([*tokens, ","]):
        if token in _BETWEEN:
            between = token
        elif token == "{" and len(outer) < _DEEPEST:
            outer.append(path)
            path = path.copy()
        elif token in ("{", "}", ","):
            _add(found, path, alias, between)
            alias = ""
            path = outer[-1].copy() if outer else []
            if token == "}" and outer:
                outer.pop()
                path = []
        elif at and tokens[at - 1] == "as":
            alias = token
        elif token != "as" and token not in _KEYWORDS:
            path.append(token)
    return found


def _add(found: dict[str, list[tuple[str, str]]], path: list[str], alias: str, between: str) -> None:
    if path and path[-1] == "self" and len(path) > 1:
        path = path[:-1]
    if path:
        found.setdefault(between.join(path[:-1]), []).append((path[-1], alias or path[-1]))
