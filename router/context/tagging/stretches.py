"""The captures of a query, put together by where they stand: stretches of the text that hold parts and each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct, field
from tree_sitter import Node

Captures: TypeAlias = "Mapping[str, Sequence[Node]]"
Part: TypeAlias = "tuple[str, int, int]"  # label, start, end

VALUES = frozenset({"constant", "variable"})
_HOLDING = frozenset({"import", "scope", "wrapper"})
_ELSEWHERE = frozenset({"attribute", "comment", "ignored", "reference"})  # these are many, and hold nothing
_BODY, _VALUE, _HOLDER, _PART = range(4)


class Stretch(Struct, eq=False):
    """What the query calls `label`, from `start` to `end`, in the stretch `above` it; `path` is its qualified name.

    A wrapper counts what it has `held`.
    `kind` is `function` of a `definition.function`; of what is no definition it is the label.
    """

    label: str
    kind: str
    start: int
    end: int
    above: Stretch | None = None
    parts: list[Part] = field(default_factory=list)
    path: str = ""
    held: set[tuple[int, int]] = field(default_factory=set)

    def part(self, wanted: str) -> tuple[int, int] | None:
        for label, start, end in self.parts:
            if label == wanted:
                return start, end
        return None


def stretches(captures: Captures) -> list[Stretch]:
    """All that hold parts, in the order of the text; a part belongs to the innermost that stands around it."""
    open_: list[Stretch] = []
    found: list[Stretch] = []
    for start, minus_end, order, label in sorted(_events(captures)):
        while open_ and start >= open_[-1].end:
            open_.pop()
        if order in (_VALUE, _HOLDER):
            found.append(Stretch(label, label.rpartition(".")[2], start, -minus_end, _above(open_, start, -minus_end)))
            open_.append(found[-1])
        elif open_:
            open_[-1].parts.append((label, start, -minus_end))
    return found


def _above(open_: list[Stretch], start: int, end: int) -> Stretch | None:
    """What a stretch stands in; what is called by two labels stands in neither of itself."""
    for one in reversed(open_):
        if one.label == "wrapper":
            one.held.add((start, end))
            return one
        if (one.start, one.end) != (start, end):
            return one
    return None


def _events(captures: Captures) -> Iterator[tuple[int, int, int, str]]:
    """Sorted, these are: what holds before what it holds; of two of one extent, the more telling is the inner one."""
    for label, nodes in captures.items():
        if label in _ELSEWHERE or label.startswith("_"):
            continue
        order = _order(label)
        for node in nodes:
            yield node.start_byte, -node.end_byte, order, label


def _order(label: str) -> int:
    """A body comes before what is all that it holds."""
    if label == "body":
        return _BODY
    kind = label.partition(".")[2]
    if kind in VALUES:
        return _VALUE
    return _HOLDER if kind or label in _HOLDING else _PART
