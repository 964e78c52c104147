"""A unified diff, as git and diff write it: which files it changes, how, and which of their new lines. Pure; total."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

from router.types import Span

Kind: TypeAlias = Literal["changed", "added", "deleted", "renamed", "mode", "binary", "submodule", "conflict"]

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_HEAD = re.compile(r"diff --(?:git|cc|combined) ")
_ESCAPE = re.compile(r"\\([0-7]{3}|.)")
_NAMED = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "f": 12, "v": 11, '"': 34, "\\": 92}
_DATE = re.compile(r"\t.*\Z")


class Hunk(Struct, frozen=True):
    """`start` and `count` are of the new text, lines from 1; `added` are its new lines.

    `cut` are the lines, from 1, behind which something was taken away (0: before the first). `kept` is whether the
    lines that are shown are known, each with its number, so that a file can be held against them.
    """

    start: int
    count: int
    added: tuple[int, ...]
    cut: tuple[int, ...]
    shown: tuple[tuple[int, str], ...] = ()
    text: str = ""


class FileDiff(Struct, frozen=True):
    """What becomes of one file; `old` is where it was before, if it is known under another name."""

    path: str
    kind: Kind
    hunks: tuple[Hunk, ...] = ()
    old: str = ""

    @property
    def lines(self) -> frozenset[int]:
        """The new lines, and those around what was taken away."""
        cut = {line for hunk in self.hunks for at in hunk.cut for line in (at, at + 1) if line > 0}
        return frozenset(line for hunk in self.hunks for line in hunk.added) | cut

    @property
    def text(self) -> str:
        """Its hunks as they stand in the diff."""
        return "".join(hunk.text for hunk in self.hunks)


def parse(text: str) -> tuple[FileDiff, ...]:
    """All files of a diff, in its order; what is no diff has none."""
    return tuple(found for lines in _sections(text) if (found := _file(lines)) is not None)


def _sections(text: str) -> Iterator[list[str]]:
    """The lines of each file, without line ends; a carriage return at a line's end belongs to the file's own text."""
    section: list[str] = []
    left = [0, 0]  # lines of the hunk that are still to come, of the old and of the new text
    for line in text.split("\n"):
        if left[0] <= 0 and left[1] <= 0 and (_HEAD.match(line) or _begins_plain(line, section)):
            if section:
                yield section
            section = []
        if hunk := _HUNK.match(line) if left[0] <= 0 and left[1] <= 0 else None:
            left = [int(hunk[2] or 1), int(hunk[4] or 1)]
        elif left[0] > 0 or left[1] > 0:
            left[0] -= line[:1] in ("-", " ", "")
            left[1] -= line[:1] in ("+", " ", "")
        section.append(line)
    if section:
        yield section


def _begins_plain(line: str, section: list[str]) -> bool:
    """Whether a file begins here without git's own line."""
    return line.startswith("--- ") and any(it.startswith(("--- ", "@@ ")) for it in section)


def _file(lines: list[str]) -> FileDiff | None:
    head, hunks = _split(lines)
    path, old = _paths(head)
    if not path:
        return None
    return FileDiff(path, _kind(head, path, old), tuple(hunks), old if old != path else "")


def _split(lines: list[str]) -> tuple[list[str], list[Hunk]]:
    """What stands before the hunks, and these; within one, each line begins with a sign, so none looks like a head."""
    starts = [at for at, line in enumerate(lines) if _HUNK.match(line)]
    head = lines[: starts[0] if starts else len(lines)]
    return head, [_hunk(lines[at : at + _length(lines, at)]) for at in starts]


def _length(lines: list[str], at: int) -> int:
    """How many lines a hunk has, with its head."""
    found = _HUNK.match(lines[at])
    assert found
    old, new, count = int(found[2] or 1), int(found[4] or 1), 1
    for line in lines[at + 1 :]:
        if old <= 0 and new <= 0 and not line.startswith("\\"):
            break
        old -= line[:1] in ("-", " ", "")
        new -= line[:1] in ("+", " ", "")
        count += 1
    return count


def _hunk(lines: list[str]) -> Hunk:
    found = _HUNK.match(lines[0])
    assert found
    start, count = int(found[3]), int(found[4] or 1)
    at = start if count else start + 1  # of no lines, git names the one before them
    added, cut, shown = [], [], []
    for line in lines[1:]:
        if line.startswith("+"):
            added.append(at)
        elif line.startswith("-"):
            cut.append(at - 1)
        if not line.startswith(("-", "\\")):
            shown.append((at, line[1:]))
            at += 1
    return Hunk(start, count, tuple(added), tuple(dict.fromkeys(cut)), tuple(shown), "\n".join(lines) + "\n")


def _paths(head: list[str]) -> tuple[str, str]:
    """The new name and the old one."""
    said = {key: _name(line[len(key) :]) for line in head for key in _KEYS if line.startswith(key)}
    old = said.get("rename from ") or said.get("copy from ") or _bare(said.get("--- ", ""), "a/")
    new = said.get("rename to ") or said.get("copy to ") or _bare(said.get("+++ ", ""), "b/")
    if not (old or new):
        old, new = _from_head(head[0] if head else "")
    if new == "/dev/null":
        new = old
    return new, "" if old == "/dev/null" else old


_KEYS = ("rename from ", "rename to ", "copy from ", "copy to ", "--- ", "+++ ")


def _from_head(line: str) -> tuple[str, str]:
    """`diff --git a/x b/x` of a file without hunks: both names are alike, or quoted."""
    rest = re.sub(r"\Adiff --(?:git|cc|combined) ", "", line)
    if rest == line:
        return "", ""
    if rest.startswith('"'):
        parts = re.findall(r'"(?:[^"\\]|\\.)*"|\S+', rest)
    else:
        half = len(rest) // 2
        parts = [rest[:half], rest[half + 1 :]] if rest[half : half + 1] == " " else rest.split(" ")
    names = [_name(part) for part in parts]
    return (_bare(names[0], "a/"), _bare(names[-1], "b/")) if names else ("", "")


def _name(said: str) -> str:
    """A name as it is written: quoted where it holds what is odd, and with a date behind it by some."""
    said = said.rstrip("\r")
    if not said.startswith('"'):
        return _DATE.sub("", said)
    inside = said[1 : said.rfind('"')] if said.rfind('"') > 0 else said[1:]
    raw = bytearray()
    at = 0
    for found in _ESCAPE.finditer(inside):
        raw += inside[at : found.start()].encode("utf-8", "surrogateescape")
        raw.append(int(found[1], 8) & 255 if found[1].isdigit() and len(found[1]) == 3 else _NAMED.get(found[1], 63))
        at = found.end()
    return (raw + inside[at:].encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _bare(name: str, prefix: str) -> str:
    return name.removeprefix(prefix)


def _kind(head: list[str], path: str, old: str) -> Kind:
    said = "\n".join(head)
    if re.search(r"^(?:index \S+ 160000|(?:new|deleted) file mode 160000|Submodule )", said, re.M):
        return "submodule"
    if re.search(r"^diff --(?:cc|combined) ", said, re.M) or re.search(r"^\* Unmerged", said, re.M):
        return "conflict"
    if re.search(r"^(?:Binary files .* differ|GIT binary patch)", said, re.M):
        return "binary"
    if re.search(r"^(?:deleted file mode|\+\+\+ /dev/null)", said, re.M):
        return "deleted"
    if re.search(r"^(?:new file mode|--- /dev/null)", said, re.M):
        return "added"
    if old and old != path:
        return "renamed"
    return "mode" if re.search(r"^new mode", said, re.M) and "\n--- " not in f"\n{said}" else "changed"


def spans(text: str, lines: frozenset[int]) -> tuple[Span, ...]:
    """The stretches of a text that these lines, from 1, are; those that follow one another as one."""
    found: list[Span] = []
    at = 0
    for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+", text), 1):
        if number in lines:
            if found and found[-1].end == at:
                found[-1] = Span(found[-1].start, at + len(line))
            else:
                found.append(Span(at, at + len(line)))
        at += len(line)
    return tuple(found)


def fits(diff: FileDiff, text: str) -> bool:
    """Whether a text is the new one that a diff speaks of."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    shown = [it for hunk in diff.hunks for it in hunk.shown]
    return all(number <= len(lines) and lines[number - 1] == line.rstrip("\r") for number, line in shown)
