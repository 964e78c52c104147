"""A text by lines and by the names that its code says, without comments and literals; quick, for it uses no grammar."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, lru_cache

from msgspec import Struct

from router.context.tagging.language import language

LARGEST = 400_000  # code points; nobody has written a longer file by hand
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


class Sheet(Struct, frozen=True, gc=False):
    """Line `i` of `text` begins at `starts[i]` and says `names[i]`; `lines` tells on which lines a name is said."""

    text: str
    starts: list[int]
    names: list[tuple[str, ...]]
    lines: dict[str, list[int]]

    def line(self, number: int) -> tuple[int, str]:
        """Where the code of a line begins, and the line without the blanks around it."""
        start = self.starts[number]
        end = self.starts[number + 1] - 1 if number + 1 < len(self.starts) else len(self.text)
        row = self.text[start:end]
        return start + len(row) - len(row.lstrip()), row.strip()

    def at(self, offset: int) -> int:
        """The line in which a code point stands."""
        return bisect_right(self.starts, offset) - 1


EMPTY = Sheet("", [0], [()], {})


def sheet(text: str, language: str) -> Sheet:
    """`text` by lines; of one that nobody can have written nothing is said."""
    return _sheet(text, language) if len(text) <= LARGEST else EMPTY


@lru_cache(128)
def _sheet(text: str, language: str) -> Sheet:
    bare = _aside(language).sub(_blank, text)
    rows = bare.split("\n")
    names = [_said(row) for row in rows]
    lines: dict[str, list[int]] = {}
    for number, said in enumerate(names):
        for name in said:
            if name in lines:
                lines[name].append(number)
            else:
                lines[name] = [number]
    starts = [0]
    for row in text.split("\n")[:-1]:
        starts.append(starts[-1] + len(row) + 1)
    return Sheet(text, starts, names, lines)


@lru_cache(1 << 15)
def _said(row: str) -> tuple[str, ...]:
    if len(row) > _LONGEST:
        return ()
    return tuple(name for name in dict.fromkeys(NAME.findall(row)) if name not in KEYWORDS)


@lru_cache(1 << 15)
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
