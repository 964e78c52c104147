"""A text by lines and by the names that its code says, without comments and literals; quick, for it uses no grammar."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from itertools import accumulate

from msgspec import Struct

from router.context.tagging.language import language

LARGEST = 400_000  # code points; nobody has written a longer file by hand
_FEW = 120  # lines that may differ between a text and the one before
_LONGEST = 400  # code points of a line; a longer one is generated, or no code
NAME = re.compile(r"[^\W\d]\w+")
_STRING = r"(?<![fF])\"(?:\\.|[^\"\\\n])*\""
_CHARACTERS = r"(?<![fF\w])'(?:\\.|[^'\\\n])*'"
_CHARACTER = r"'(?:\\[^\n]{1,8}?|[^'\\\n])'"  # of languages in which a lone quote may mean something else
_SINGLE = frozenset({"c", "cpp", "csharp", "go", "haskell", "java", "kotlin", "objective-c", "ocaml", "rust", "scala"})
_SIGNS = {"#": r"#[^\n]*", "//": r"//[^\n]*", "--": r"--[^\n]*", ";": r";[^\n]*", "%": r"%[^\n]*"}
# What is a keyword in most languages that have it; those of one's own file are seen in its window anyway.
KEYWORDS = frozenset(
    """
    abstract and as assert async await bool boolean break byte case catch chan char class const continue crate def
    default defer del delete do double elif else elsif end enum except export extends extern false final finally float
    fn for foreach from func function global go goto if impl implements import in include instanceof int interface is
    lambda let local long loop match mod module mut namespace new nil nonlocal not null object operator or override
    package pass private protected pub public raise range ref require return self short signed sizeof static string
    struct super switch template then this throw throws trait true try type typedef typeof undefined union unless
    unsafe unsigned until use using val var virtual void volatile when where while with yield False None True Self
    """.split()
)


class Patch(Struct, frozen=True, gc=False):
    """Where a text differs from the one before: lines `first` to `last` of that are others, what follows is `down`."""

    first: int
    last: int
    down: int
    lines: dict[str, list[int]]


class Sheet(Struct, frozen=True, gc=False):
    """Line `i` of `text` begins at `starts[i]` and says `names[i]`; `rows` tells on which lines a name is said.

    `joined` are the first and last lines of what is aside for more than one line, as a block comment is. After a
    keystroke the `lines` are those of the text before, and what is another there is in the `patch`.
    """

    text: str
    starts: list[int]
    names: list[tuple[str, ...]]
    lines: dict[str, list[int]]
    joined: list[tuple[int, int]] = []
    patch: Patch | None = None

    def line(self, number: int) -> tuple[int, str]:
        """Where the code of a line begins, and the line without the blanks around it."""
        start = self.starts[number]
        end = self.starts[number + 1] - 1 if number + 1 < len(self.starts) else len(self.text)
        row = self.text[start:end]
        return start + len(row) - len(row.lstrip()), row.strip()

    def at(self, offset: int) -> int:
        """The line in which a code point stands."""
        return bisect_right(self.starts, offset) - 1

    def rows(self, name: str) -> Sequence[int]:
        """The lines that say a name."""
        found, other = self.lines.get(name, ()), self.patch
        if other is None:
            return found
        above = [row for row in found if row < other.first]
        below = [row + other.down for row in found if row > other.last]
        return [*above, *other.lines.get(name, ()), *below]


EMPTY = Sheet("", [0], [()], {})


def sheet(text: str, language: str) -> Sheet:
    """`text` by lines; of one that nobody can have written nothing is said."""
    return _sheet(text, language) if len(text) <= LARGEST else EMPTY


def amended(before: Sheet, text: str, language: str) -> Sheet | None:
    """What `sheet` says of `text`, from what it said of the text before, where both are alike but for a few lines.

    None: they are not, or what is changed begins or ends a literal that takes other lines aside.
    """
    start, end = _alike(before.text, text)
    first, last = _whole(before, before.at(start), before.at(len(before.text) - end))
    above, below = before.starts[first], before.starts[last + 1] if last + 1 < len(before.starts) else -1
    grown = len(text) - len(before.text)
    chunk = text[above : below + grown - 1] if below >= 0 else text[above:]
    if last - first > _FEW or chunk.count("\n") > 2 * _FEW:
        return None
    bare = _aside(language).sub(_blank, f"{chunk}\n\0")
    if not bare.endswith("\n\0"):
        return None
    names = [_said(row) for row in bare[:-2].split("\n")]
    starts, rest = _starts(chunk, above), before.starts[last + 1 :]
    return Sheet(
        text,
        before.starts[:first] + starts + [it + grown for it in rest],
        before.names[:first] + names + before.names[last + 1 :],
        before.lines,
        before.joined,
        Patch(first, last, len(names) - 1 - last + first, _lines(names, first)),
    )


def _alike(one: str, other: str) -> tuple[int, int]:
    """How many code points two texts have in common at the beginning, and at the end beside those."""
    most = min(len(one), len(other))
    start = _common(most, lambda size: one.startswith(other[:size]))
    return start, _common(most - start, lambda size: one.endswith(other[len(other) - size :]))


def _common(most: int, alike: Callable[[int], bool]) -> int:
    least = 0
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if alike(middle) else (least, middle - 1)
    return least


def _whole(before: Sheet, first: int, last: int) -> tuple[int, int]:
    """These lines, with those that stand in one literal with them."""
    for start, end in before.joined:
        if start <= last and end >= first:
            first, last = min(first, start), max(last, end)
    return first, last


@lru_cache(64)
def _sheet(text: str, language: str) -> Sheet:
    ends: list[tuple[int, int]] = []

    def blank(found: re.Match[str]) -> str:
        count = found[0].count("\n")
        if count:
            ends.append(found.span())
        return "\n" * count

    rows = _aside(language).sub(blank, text).split("\n")
    names = [_said(row) for row in rows]
    starts = _starts(text, 0)
    joined = [(bisect_right(starts, one) - 1, bisect_right(starts, two) - 1) for one, two in ends]
    return Sheet(text, starts, names, _lines(names, 0), joined)


def _starts(text: str, start: int) -> list[int]:
    """Where the lines of a text begin, the first of which begins at `start`."""
    return list(accumulate((len(row) + 1 for row in text.split("\n")[:-1]), initial=start))


def _lines(names: Iterable[Sequence[str]], first: int) -> dict[str, list[int]]:
    """The lines that say each name."""
    lines: dict[str, list[int]] = {}
    for number, said in enumerate(names, first):
        for name in said:
            if name in lines:
                lines[name].append(number)
            else:
                lines[name] = [number]
    return lines


@lru_cache(1 << 14)
def _said(row: str) -> tuple[str, ...]:
    if len(row) > _LONGEST:
        return ()
    return tuple(name for name in dict.fromkeys(NAME.findall(row)) if name not in KEYWORDS)


@lru_cache(1 << 14)
def said(text: str, language: str) -> tuple[str, ...]:
    """The names that a few lines of code say, comments and literals left out."""
    return tuple(dict.fromkeys(name for row in _aside(language).sub(_blank, text).split("\n") for name in _said(row)))


def _blank(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


@cache
def _aside(name: str) -> re.Pattern[str]:
    """What is no code in a language: comments and strings."""
    known = language(name)
    key = known.key if known else name
    parts = [r"\"\"\".*?(?:\"\"\"|\Z)", r"'''.*?(?:'''|\Z)"] if key == "python" else []
    if known and known.block:
        start, end = map(re.escape, known.block)
        parts.append(rf"{start}.*?(?:{end}|\Z)")  # to the end, or what never ends is looked for at each beginning
    if known and known.line:
        parts.append(_SIGNS.get(known.line, re.escape(known.line) + r"[^\n]*"))
    parts += [_STRING, _CHARACTER if key in _SINGLE else _CHARACTERS]
    return re.compile("|".join(parts), re.S)
