"""Finds what a model quotes: verbatim but for blanks, where it may speak, nearest to its hint. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from router.context.gating.secrets import MASK, masked
from router.types import Span

LEAST = 3  # letters and signs of a quote; less stands everywhere
MOST_LINES = 40
_MASKED = 6  # masks in a row that hide something
_NUMBER = re.compile(r"^[ \t]*\d{1,6}[ \t]*[|:│][ \t]?|^[ \t]*\d{1,6}\t", re.M)
_WORD = re.compile(r"\w")


class Text:
    """One text, prepared once for many quotes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = [at for at, sign in enumerate(text) if not sign.isspace()]
        self._bare = "".join(map(text.__getitem__, self._at))
        self._masked = ""  # the same without its secrets, which a model quotes as it was shown them
        self._lines = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]

    def find(self, quote: str, spans: Sequence[Span], line: int = 0) -> Span | None:
        """Where a quote stands: within `spans` if it does, nearest to the `line` that was hinted at, from 1."""
        for said in dict.fromkeys((quote, _NUMBER.sub("", quote))):
            bare = "".join(said.split())
            if len(bare) < LEAST or not _WORD.search(bare) or said.strip().count("\n") >= MOST_LINES:
                continue
            if found := self._all(bare):
                return min(found, key=lambda it: (not inside(it, spans), self._far(it, line)))
        return None

    def _all(self, bare: str) -> list[Span]:
        within = self._seen() if MASK * _MASKED in bare and bare not in self._bare else self._bare
        found, at = [], within.find(bare)
        while at >= 0:
            span = Span(self._at[at], self._at[at + len(bare) - 1] + 1)
            if not self._cuts(span):
                found.append(span)
            at = within.find(bare, at + 1)
        return found

    def _seen(self) -> str:
        """What a prompt shows of the text, without its blanks: masks are as long as what they hide."""
        if not self._masked:
            self._masked = "".join(map(masked(self._text).__getitem__, self._at))
        return self._masked

    def _cuts(self, span: Span) -> bool:
        """Whether a stretch begins or ends within a word: `x` is not quoted by what says `max`."""
        return any(
            0 < at < len(self._text) and _WORD.match(self._text[at - 1]) and _WORD.match(self._text[at])
            for at in (span.start, span.end)
        )

    def _far(self, span: Span, line: int) -> int:
        if not 0 < line < len(self._lines):
            return span.start if line <= 0 else -span.start
        return abs(span.start - self._lines[line - 1])


def inside(span: Span, spans: Sequence[Span]) -> bool:
    """Whether a stretch touches one of those that may be spoken of."""
    return any(span.start < it.end and it.start < span.end for it in spans)
