"""What else a prompt should show: every source asked, and the best of what they bring packed into the budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from router.context.view import View
from router.types import Piece, Request

Source = Callable[[Request, View], Iterable[Piece]]
Count = Callable[[str], int]
_NAME = re.compile(r"[^\W\d]\w{2,}")


def by_characters(text: str) -> int:
    """Tokens, at four characters a token."""
    return (len(text) + 3) // 4


def pieces(
    request: Request,
    view: View,
    shown: str,
    budget: int,
    kept: Sequence[Piece] = (),
    without: Collection[str] = (),
    count: Count = by_characters,
) -> list[Piece]:
    """The pieces to show beside `shown` (what the local window says), in at most `budget` tokens.

    `kept` are those of last time, which keep their place while they stay relevant; `without` names sources that are
    not asked. `count` tells the tokens of a text.
    """
    found: list[Piece] = []
    for name, source in SOURCES.items():
        if name not in without:
            found += source(request, view)
    chosen: list[Piece] = []
    lines = {line.strip() for line in shown.split("\n")}
    for piece in sorted(found, key=lambda it: -it.worth):
        cost = count(piece.text + "\n")
        if cost <= budget and not lines & {line.strip() for line in piece.text.split("\n")}:
            budget -= cost
            lines |= {line.strip() for line in piece.text.split("\n")}
            chosen.append(piece)
    return chosen


def definitions(request: Request, view: View) -> Iterator[Piece]:
    """The headers of what the names above the cursor mean."""
    text, at = request.document.text, request.span.start
    for distance, found in enumerate(reversed(_NAME.findall(text[max(0, at - 2000) : at]))):
        for path, one in view.index.defined(found):
            yield Piece("definitions", path, one.signature, one.span.start, 1 / (1 + distance))


SOURCES: dict[str, Source] = {"definitions": definitions}
