"""A definition's header and the documentation inside or right above it, as far as one wants to read them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeAlias

from tree_sitter import Node

from router.context.lines import lf

SIGNATURE = 300  # code points
DOC = 300  # code points
_LINES = 60  # of comments above one definition
_WRAPPED = 80  # code points of decorators that a header begins with; longer ones hide it
_SIGNS = re.compile(r"^[ \t]*(?:/\*+!?|//[/!]?|\*+/?|#+!?|--+(?:\[\[)?|<!--+)[ \t]?|[ \t]*(?:\*+/|--+>|\]\])?[ \t]*$")
_WORDS = re.compile(r"\w")
Standing: TypeAlias = "dict[int, tuple[int, bool]]"  # end -> start, and whether it is a comment


def signature(text: str, start: int, whole: int, at: int, end: int) -> str:
    """The header that begins at `start`, or at `whole` where little stands between; verbatim.

    Where much stands before the name, which is `at`, it begins with the name's line.
    """
    first = whole if start - whole <= _WRAPPED else start
    if at - first > SIGNATURE // 2:
        first = max(first, text.rfind("\n", first, at) + 1)
        first += len(text[first:at]) - len(text[first:at].lstrip())
    return text[first : min(end, first + SIGNATURE)].rstrip()


def uncommented(even: str, end: int, around: Standing) -> int:
    """Where a header ends that was said to end at `end`: before the comments on lines of their own there."""
    while (found := around.get(_blank(even, end))) and _alone(even, found[0]):
        end = found[0]
    return end


def standing(comments: Iterable[Node], attributes: Iterable[Node], even: str) -> Standing:
    """Where what may stand above a definition ends, and where it begins."""
    found = {_end(even, node): (node.start_byte, False) for node in attributes}
    found.update((_end(even, node), (node.start_byte, True)) for node in comments)
    return found


def _end(even: str, node: Node) -> int:
    """Where a node ends, without the line end that some grammars count to a comment."""
    end = node.end_byte
    while end > node.start_byte and even[end - 1] in "\r\n":
        end -= 1
    return end


def above(text: str, even: str, start: int, around: Standing) -> str:
    """The documentation that ends right above `start`, on lines of its own."""
    comments: list[str] = []
    for _ in range(_LINES):
        end = _blank(even, start)
        begun = around.get(end)
        if begun is None or even.count("\n", end, start) > 1 or not _alone(even, begun[0]):
            break
        start, is_comment = begun
        if is_comment:
            comments.append(text[start:end])
    return _comment("\n".join(reversed(comments))) if comments else ""


def _blank(even: str, at: int) -> int:
    while at > 0 and even[at - 1] in " \t\r\n":
        at -= 1
    return at


def _alone(even: str, at: int) -> bool:
    """Whether nothing but blanks stands before `at` in its line."""
    while at > 0 and even[at - 1] in " \t":
        at -= 1
    return at == 0 or even[at - 1] == "\n"


def docstring(said: str) -> str:
    """The first paragraph of a documentation that is a string."""
    return _paragraph(lf(said[: 4 * DOC]).lstrip("bBfFrRuU").strip("\"'").split("\n"))


def _comment(said: str) -> str:
    """The first paragraph of a comment, without its signs."""
    return _paragraph([_SIGNS.sub("", line) for line in lf(said[: 4 * DOC]).split("\n")])


def _paragraph(said: Iterable[str]) -> str:
    lines: list[str] = []
    for line in said:
        bare = line.strip()
        if _WORDS.search(bare):
            lines.append(bare)
        elif lines:
            break
    return "\n".join(lines)[:DOC].rstrip()
