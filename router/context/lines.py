"""Lines of a text: where they begin and end, how deep they stand; new ones are set to the depth of their place."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from itertools import pairwise

from router.types import Span

LINE_END = re.compile(r"\r\n|\n|\r")
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")
_NEAR = 4_000  # code points
_JUST_ABOVE = 12  # lines that tell how deep a place may be
_TAB = 4  # columns; only ever compared with others of the same text
_OPENS = re.compile(
    r"[:{(\[=>,\\|]$|\b(?:then|do|else|begin|repeat|try|of|where|in|as|is)$"
    r"|^(?:local\s+)?(?:function|def|class|module|if|elif|elsif|else|unless|while|until|for|case|when|begin|ensure|rescue)\b"
    r"(?!.*(?:;|\bend)$)|<\w[^<>/]*>$",
    re.I,
)


def around(text: str, at: int) -> tuple[str, str]:
    """What stands before and after a place, as far as the rules for one answer look: O(1), however long the text."""
    return text[max(0, at - _NEAR) : at], text[at : at + _NEAR]


def lf(text: str) -> str:
    """`text` with every line end a line feed."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def first_line(text: str) -> str:
    return re.split(r"[\r\n]", text, maxsplit=1)[0]


def last_line(text: str) -> str:
    return text[max(text.rfind("\n"), text.rfind("\r")) + 1 :]


def parted(text: str) -> list[str]:
    """The lines of a text with their ends; what follows the last line end is a line where there is something.

    Only `\\n`, `\\r\\n` and `\\r` end a line: `str.splitlines` would split at a form feed or U+2028 too.
    """
    return _LINE.findall(text)


def line_end(text: str) -> str:
    """How the lines of a text end: as the first of them does."""
    found = LINE_END.search(text)
    return found[0] if found else "\n"


def place(text: str, at: int) -> tuple[int, int]:
    """The line and the column, both from 1, of a code point."""
    ends = [found.end() for found in LINE_END.finditer(text, 0, at)]
    return len(ends) + 1, at - (ends[-1] if ends else 0) + 1


class Lines:
    """Where the lines of a text begin; they count from 0 here, and any of the three line ends ends one."""

    def __init__(self, text: str) -> None:
        self._size = len(text)
        self._starts = [0, *(found.end() for found in LINE_END.finditer(text))]

    @property
    def last(self) -> int:
        """The last line, which may be empty."""
        return len(self._starts) - 1

    def at(self, offset: int) -> int:
        """The line that an offset stands in."""
        return bisect_right(self._starts, offset) - 1

    def span(self, first: int, last: int) -> Span:
        """From the beginning of one line to the end of another, its line end included; both as far as there are any."""
        first, after = max(0, first), max(0, last) + 1
        return Span(self._starts[first], self._starts[after] if after < len(self._starts) else self._size)

    def touched(self, span: Span) -> tuple[int, int]:
        """The first and the last line that a span touches; one that ends where a line begins does not touch that."""
        return self.at(span.start), self.at(max(span.start, span.end - 1))

    def whole(self, span: Span) -> Span:
        """The whole of the lines that a span touches."""
        return self.span(*self.touched(span))

    def count(self, span: Span) -> int:
        """How many lines a span touches."""
        first, last = self.touched(span)
        return last - first + 1

    def said(self, span: Span) -> str:
        """The lines that a span touches, in words, from 1."""
        first, last = self.touched(span)
        return f"line {first + 1}" if first == last else f"lines {first + 1} to {last + 1}"


def opens(line: str) -> bool:
    """Whether a deeper line may follow this one."""
    return _OPENS.search(line.strip()) is not None


def depth(line: str) -> int:
    """The columns that a line is indented by."""
    return len(_blank(line).expandtabs(_TAB))


def fitted(meant: str, before: str) -> str:
    """`meant` at the depth that a blank line asks for: all lines shifted alike, and only where they are too deep."""
    line = last_line(before)
    if line.strip():
        return meant
    meant = meant.lstrip("\n")
    own, above = _blank(meant), [text for text in before.split("\n")[:-1] if text.strip()][-_JUST_ABOVE:]
    if not own or not above:
        return meant
    here, allowed = depth(line + own), _allowed(above, step(before), bool(line))
    if here <= allowed:
        return meant
    first, *others = meant.split("\n")
    if line and _begun_anew(first, others, here):
        return "\n".join([_shifted(first, min(depth(line), here - allowed)), *others])
    return "\n".join(_shifted(one, here - allowed) for one in [first, *others])


def _allowed(above: list[str], unit: int, indented: bool) -> int:
    """The deepest that a line may begin below these; `indented`: the editor has seen to its depth already."""
    aligned, deep = _aligned(above[-1]), depth(above[-1])
    if not indented:
        return max(aligned, unit + max(map(depth, above)))
    return max(aligned, deep + (unit if aligned or opens(above[-1]) else 0))


def _aligned(line: str) -> int:
    """The column behind the last bracket that a line leaves open; 0: it leaves none open."""
    stack: list[int] = []
    for column, sign in enumerate(line, 1):
        if sign in "([{":
            stack.append(column)
        elif sign in ")]}" and stack:
            stack.pop()
    return stack[-1] if stack else 0


def _begun_anew(first: str, others: list[str], here: int) -> bool:
    """Whether only the first line is too deep, because its indentation was said though it stood there already."""
    second = next((depth(line) for line in others if line.strip()), 0)
    return second < here or (second == here and opens(first))


def _shifted(line: str, columns: int) -> str:
    """`line`, so many columns to the left, as far as it is indented."""
    while columns > 0 and line[:1] in (" ", "\t"):
        columns -= _TAB if line[0] == "\t" else 1
        line = line[1:]
    return line


def step(text: str) -> int:
    """The columns of one step of indentation: the commonest from one line to the next."""
    depths = [depth(line) for line in text.split("\n") if line.strip()]
    steps = Counter(deep - flat for flat, deep in pairwise(depths) if 0 < deep - flat <= 8)
    return steps.most_common(1)[0][0] if steps else _TAB


def _blank(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]
