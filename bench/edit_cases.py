"""Edits of real functions: what a file says, what a model might say of it, and the text that must come of it.

The text that must come is made by other means than the product's: the edit is made in the lines of a plain text, which
then gets the line ends, tabs and characters of its kind of file.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator, Sequence
from difflib import unified_diff
from textwrap import dedent, indent
from typing import TypeAlias

from msgspec import Struct

from bench.lines import sources

LONGEST = 400  # lines of a file, so that the program ends soon
_LENGTH = range(4, 41)  # lines of a function
Text: TypeAlias = "Callable[[str], str]"


class Function(Struct, frozen=True):
    """Lines `first` up to `last` (from 0, half-open) of a plain text: a function with its decorators."""

    text: str
    first: int
    last: int
    name: str
    body: int  # the line of its first statement

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")[self.first : self.last]


class Case(Struct, frozen=True):
    """`said` of the function at `at` of `text`; `wanted` is what the text must become."""

    way: str
    kind: str
    text: str
    at: int
    said: str
    wanted: str


def functions(packages: Sequence[str], each: int, seed: int) -> list[Function]:
    """So many functions of each package, in a fixed order."""
    return [found for name in packages for found in _of(name, each, random.Random(f"{seed} {name}"))]


def _of(package: str, each: int, rng: random.Random) -> list[Function]:
    known = [found for text in sources(package) if text.count("\n") <= LONGEST for found in _in(text)]
    return rng.sample(known, min(each, len(known)))


def _in(text: str) -> Iterator[Function]:
    """The functions of a text that an edit can be made in by its lines alone: no string goes over several of them."""
    if not text.endswith("\n") or "\t" in text or "\r" in text or "\x0c" in text or not text.isascii():
        return
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(it.lineno for it in node.decorator_list)]) - 1
            last = node.end_lineno or 0
            lines = text.split("\n")[first:last]
            plain = not any(sign in line for line in lines for sign in ('"""', "'''", "\\\\"))
            names = [
                it.name
                for it in ast.walk(tree)
                if isinstance(it, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            ]
            alone = (
                names.count(node.name) == 1
                and not text.split("\n")[node.body[0].lineno - 1][: node.body[0].col_offset].strip()
            )
            after = next((line for line in text.split("\n")[last:] if line.strip()), "")
            alone = alone and not (
                after.lstrip().startswith("#") and after[: node.col_offset + 1].isspace()
            )  # it is its own
            if len(lines) in _LENGTH and plain and alone and not any(len(it) != len(it.rstrip()) for it in lines):
                yield Function(text, first, last, node.name, node.body[0].lineno - 1)


# What is changed


def _inserted(one: Function) -> list[str] | None:
    """A statement before the first."""
    at = one.body - one.first
    return [*one.lines[:at], f"{_lead(one.lines[at])}checked = True", *one.lines[at:]]


def _altered(one: Function) -> list[str] | None:
    """Another value given back, where that stands on one line."""
    for at, line in enumerate(one.lines):
        if found := re.fullmatch(r"( +)return ([\w.]+)", line):
            return [*one.lines[:at], f"{found[1]}return check({found[2]})", *one.lines[at + 1 :]]
    return None


def _deepened(one: Function) -> list[str] | None:
    """The whole body within one more block."""
    at = one.body - one.first
    lead = _lead(one.lines[at])
    deeper = [f"    {line}" if line else line for line in one.lines[at:]]
    return [*one.lines[:at], f"{lead}with lock:", *deeper]


def _lead(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


CHANGES = {"a line more": _inserted, "a line another": _altered, "all deeper": _deepened}

# How it is said


def _fenced(lines: Sequence[str]) -> str:
    return "```python\n" + "\n".join(lines) + "\n```\n"


def _blocks(old: Sequence[str], new: Sequence[str], dressed: Text = str) -> str:
    """One block, from the first line to two behind what differs."""
    tail = 0
    while tail < min(len(old), len(new)) and old[len(old) - 1 - tail] == new[len(new) - 1 - tail]:
        tail += 1
    rest = max(0, min(tail, len(old) - 2, len(new) - 2) - 2)  # its first line is quoted, so it stands there only once
    search, replace = ("\n".join(it[: len(it) - rest]) for it in (old, new))
    return f"<<<<<<< SEARCH\n{dressed(search)}\n=======\n{dressed(replace)}\n>>>>>>> REPLACE\n"


def _diff(old: Sequence[str], new: Sequence[str]) -> str:
    return "```diff\n" + "\n".join(unified_diff(old, new, "a/a.py", "b/a.py", lineterm="")) + "\n```\n"


Way: TypeAlias = "Callable[[Sequence[str], Sequence[str], str], str]"  # the old lines, the new ones, the whole file
WAYS: dict[str, Way] = {
    "whole": lambda old, new, file: _fenced(new),
    "whole, shifted to the left": lambda old, new, file: _fenced(dedent("\n".join(new)).split("\n")),
    "whole, from the first word on": lambda old, new, file: _fenced([new[0].lstrip(), *new[1:]]),
    "whole, with talk and thoughts": lambda old, new, file: (
        f"<think>\n{_fenced(old)}</think>\nSure!\n{_fenced(new)}Done."
    ),
    "whole, its fence shifted": lambda old, new, file: indent(_fenced(dedent("\n".join(new)).split("\n")), "  "),
    "whole, with CRLF": lambda old, new, file: _fenced(new).replace("\n", "\r\n"),
    "the whole file": lambda old, new, file: _fenced(file.rstrip("\n").split("\n")),
    "a diff": lambda old, new, file: _diff(old, new),
    "blocks": lambda old, new, file: _blocks(old, new),
    "blocks, shifted to the left": lambda old, new, file: _blocks(old, new, dedent),
    "blocks, blanks at line ends": lambda old, new, file: _blocks(old, new).replace("\n", " \n"),
}

# Kinds of files


def _tabs(text: str) -> str:
    return re.sub(r"(?m)^ +(?=\S)", lambda found: "\t" * (len(found[0]) // 4) + " " * (len(found[0]) % 4), text)


KINDS: dict[str, Text] = {
    "LF": str,
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "CR": lambda text: text.replace("\n", "\r"),
    "tabs": _tabs,
    "no end at the end": lambda text: text.rstrip("\n"),
    "astral": lambda text: text.replace("return ", "return '😀' and "),
}


def cases(one: Function) -> Iterator[Case]:
    """Every way to say each change of a function, each kind of file in turn."""
    kinds = list(KINDS)
    for number, change in enumerate(CHANGES.values()):
        if (new := change(one)) is None:
            continue
        lines = one.text.split("\n")
        wanted = "\n".join([*lines[: one.first], *new, *lines[one.last :]])
        for turn, (way, said) in enumerate(WAYS.items()):
            kind = kinds[(turn + number + one.first) % len(kinds)]
            yield _case(one, way, kind, said, new, wanted)


def _case(one: Function, way: str, kind: str, said: Way, new: list[str], wanted: str) -> Case:
    dressed = KINDS[kind]
    old, file = one.lines, wanted
    if kind == "astral":
        old, new, file = [dressed(line) for line in old], [dressed(line) for line in new], dressed(wanted)
    text = dressed(one.text)
    at = text.index(dressed("\n".join(one.lines)))
    return Case(way, kind, text, at + len(_lead(one.lines[0])), said(old, new, file), dressed(wanted))
