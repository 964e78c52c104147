"""Places in held-out files whose line is hidden: whole, or from within, with and without lines of related files."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from bench.tiny.collect import Text
from bench.tiny.related import Shelf
from router.types import Piece

WHERE = ("whole", "inside")
_COMMENT = ("#", "//", "/*", "*", '"', "'", "`", "}", ")", "]", "--", "<!--")
_EDGE = re.compile(r"\b\w|[^\w\s]|\s")
_QUOTES = re.compile(r'"""|\'\'\'|`')


class Case(Struct, frozen=True):
    """One hidden end of a line: what stands `before` and `after` it, and pieces of the package's other files."""

    language: str
    package: str
    path: str
    where: str
    before: str
    after: str
    target: str
    pieces: tuple[Piece, ...] = ()


def cases(texts: Iterable[Text], count: int, shown: int, seed: int = 7) -> list[Case]:
    """`count` lines of each language, as evenly from its packages as they have any, each in every way of WHERE."""
    by_package: dict[tuple[str, str], list[Text]] = {}
    for text in texts:
        by_package.setdefault((text.language, text.package), []).append(text)
    found: list[Case] = []
    for language in sorted({language for language, _ in by_package}):
        drawn = [_of_package(some, shown, seed) for key, some in by_package.items() if key[0] == language]
        found += _evenly(drawn, count)
    return found


def _evenly(drawn: list[Iterator[list[Case]]], count: int) -> list[Case]:
    """One line of each package in turn, until there are enough or none is left."""
    found: list[Case] = []
    while drawn and count > 0:
        for one in list(drawn):
            some = next(one, None)
            if some is None:
                drawn.remove(one)
            elif count > 0:
                found += some
                count -= 1
    return found


def _of_package(texts: Sequence[Text], shown: int, seed: int) -> Iterator[list[Case]]:
    dice = random.Random(f"{seed} {texts[0].package} {texts[0].language}")
    places = [(text, number) for text in texts for number in candidates(text.text)]
    dice.shuffle(places)
    shelf = Shelf((it.path, it.text) for it in texts)
    for text, number in places:
        yield [_case(text, number, where, shelf, shown, dice) for where in WHERE]


def _case(text: Text, number: int, where: str, shelf: Shelf, shown: int, dice: random.Random) -> Case:
    lines = text.text.split("\n")
    line = lines[number].rstrip()
    indent = len(line) - len(line.lstrip())
    at = indent + (cut(line[indent:], dice) if where == "inside" else 0)
    before = "".join(f"{it}\n" for it in lines[:number]) + line[:at]
    after = "\n" + "\n".join(lines[number + 1 :])
    pieces = tuple(shelf.near(text.path, before, after, shown))
    return Case(text.language, text.package, text.path, where, before, after, line[at:], pieces)


def cut(body: str, dice: random.Random) -> int:
    """Where a line is broken off: at the edge of a word or sign, 20 to 70 % into it."""
    starts = [found.start() for found in _EDGE.finditer(body)]
    return dice.choice([it for it in starts if 0.2 * len(body) <= it <= 0.7 * len(body)] or [len(body) // 2])


def candidates(text: str) -> list[int]:
    """The lines of code: neither comments nor within quotes over several lines, neither short nor long."""
    lines = text.split("\n")
    quoted, found = False, []
    for number, line in enumerate(lines):
        inside = quoted
        quoted ^= len(_QUOTES.findall(line)) % 2 == 1
        body = line.strip()
        worth = 8 <= len(body) <= 90 and len(re.findall(r"\w", body)) >= 5
        if worth and not inside and not quoted and not body.startswith(_COMMENT) and 10 <= number < len(lines) - 4:
            found.append(number)
    return found
