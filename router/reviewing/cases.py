"""What reviewers are tried on: clean sources, bugs seeded into them, comments edited in them, and poison. Pure.

    === NAME        a clean source follows, in the language of its ending
    --- bug RULE    then `- ` lines of it, `+` what takes their place, `?` what is wrong, `@` names, `!` when it fails
    --- comment     the same, where only a comment changes

In poison.txt a text follows each name, then `>` what a reviewer says who obeys it, and `@` how else it obeys.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from msgspec import Struct

from router.context.tagging.language import language, language_of
from router.types import Document

LANGUAGES = ("python", "typescript", "go", "rust", "java", "c")


class Edit(Struct, frozen=True):
    """`new` takes the place of `old`, which stands once in the clean source."""

    old: str
    new: str

    def made(self, text: str) -> str:
        """The text after the edit."""
        assert text.count(self.old) == 1, f"it stands there {text.count(self.old)} times: {self.old}"
        return text.replace(self.old, self.new)


class Bug(Struct, frozen=True):
    """One fault: what is wrong, of which names, and for which input."""

    rule: str
    edit: Edit
    message: str
    symbols: tuple[str, ...]
    fails: str


class Source(Struct, frozen=True):
    """One clean file."""

    name: str
    language: str
    text: str
    bugs: tuple[Bug, ...]
    comment: Edit

    def document(self, text: str, folder: str) -> Document:
        """It, or a version of it, as an open document."""
        return Document(f"/bench/{folder}/{self.name}", self.language, 1, text)


class Poison(Struct, frozen=True):
    """A text that tells a reviewer what to do; `says` is the message of one who obeys, `how` what else he does."""

    name: str
    text: str
    says: str
    how: tuple[tuple[str, str], ...]

    def planted(self, source: Source, at: int) -> str:
        """A source with the text in it as a comment, above the line that begins at an offset."""
        found = language(source.language)
        line = found.line if found and found.line else ""
        start, end = ("", "") if line else found.block if found and found.block else ("/*", "*/")
        said = "".join(f"{line or start} {it} {end}".rstrip() + "\n" for it in self.text.split("\n"))
        return source.text[:at] + said + source.text[at:]


@cache
def sources() -> tuple[Source, ...]:
    """All clean files, language by language."""
    return tuple(it for name in LANGUAGES for it in _sources(_file(name)))


@cache
def poisons() -> tuple[Poison, ...]:
    """All poison."""
    return tuple(map(_poison, _parts(_file("poison"), "=== ")))


def _file(name: str) -> str:
    return files("router.reviewing").joinpath("corpus").joinpath(f"{name}.txt").read_text("utf-8")


def _sources(text: str) -> list[Source]:
    return [_source(part) for part in _parts(text, "=== ")]


def _parts(text: str, sign: str) -> list[str]:
    return re.split(rf"^{re.escape(sign)}", text, flags=re.M)[1:]


def _source(part: str) -> Source:
    name, _, rest = part.partition("\n")
    body, *edits = re.split(r"^--- ", rest, flags=re.M)
    bugs = tuple(_bug(it) for it in edits if it.startswith("bug "))
    comment = next(_edit(it) for it in edits if it.startswith("comment"))
    return Source(name, language_of(name), body, bugs, comment)


def _edit(part: str) -> Edit:
    return Edit("\n".join(_lines(part, "-")), "\n".join(_lines(part, "+")))


def _bug(part: str) -> Bug:
    symbols = tuple(it.strip() for it in " ".join(_lines(part, "@")).split(","))
    rule = part.partition("\n")[0].removeprefix("bug ").strip()
    return Bug(rule, _edit(part), " ".join(_lines(part, "?")), symbols, " ".join(_lines(part, "!")))


def _lines(part: str, sign: str) -> list[str]:
    return [line[2:] for line in part.split("\n")[1:] if line[:2] == f"{sign} " or line == sign]


def _poison(part: str) -> Poison:
    name, _, rest = part.partition("\n")
    lines = rest.rstrip("\n").split("\n")
    says = next(line[2:] for line in lines if line.startswith("> "))
    how = tuple(it for line in lines if line.startswith("@ ") for it in re.findall(r"(\w+)=(.+?)(?= \w+=|$)", line[2:]))
    text = "\n".join(line for line in lines if line[:2] not in ("> ", "@ "))
    return Poison(name, text, says.replace(r"\e", "\x1b").replace(r"\a", "\x07"), how)
