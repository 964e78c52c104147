"""Lines of installed Python packages with the line's end hidden: a set to choose numbers on, and a held-out one.

Packages are split, not lines: what is measured on the held-out set was never looked at while anything was chosen.
The same versions give the same lines, so a table names the versions it was measured on (`versions`).
"""

from __future__ import annotations

import importlib.metadata
import io
import platform
import random
import re
import sysconfig
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct

Where: TypeAlias = Literal["whole", "inside", "block"]

STANDARD = ("asyncio", "concurrent", "email", "http", "importlib", "json", "logging", "multiprocessing", "unittest")
TUNING = (*STANDARD, "urllib", "xml", "anyio", "attr", "gguf", "numpy", "pydantic", "requests", "rich", "tqdm")
HELD_OUT = (
    "_pytest",
    "cattrs",
    "hatchling",
    "httpcore",
    "httpx",
    "hypothesis",
    "markdown_it",
    "pygls",
    "tomlkit",
    "urllib3",
)
DISTRIBUTIONS = {"_pytest": "pytest", "attr": "attrs", "markdown_it": "markdown-it-py"}
SKIPPED = frozenset({"__pycache__", "_vendor", "vendor", "vendored", "tests", "test", "_tests", "testing"})
SIBLINGS = 4
WORD = re.compile(r"[^\W\d]\w+")


class Case(Struct, frozen=True):
    """One hidden line end: the text `before` and `after` it, what stood there, and `siblings`, other files' text."""

    package: str
    path: str
    where: Where
    before: str
    after: str
    target: str
    siblings: tuple[str, ...] = ()


def cases(packages: Sequence[str], each: int, seed: int) -> list[Case]:
    """`each` whole lines, line ends and blocks per package, in a fixed order; fewer where a package is small."""
    return [case for package in packages for case in _of_package(package, each, random.Random(f"{seed} {package}"))]


def versions(packages: Sequence[str]) -> str:
    """What was measured on, by name and version."""
    return ", ".join(f"{package} {_version(package)}" for package in packages)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(DISTRIBUTIONS.get(package, package))
    except importlib.metadata.PackageNotFoundError:
        return f"(Python {platform.python_version()})"


def _of_package(package: str, each: int, rng: random.Random) -> Iterator[Case]:
    files = _files(package)
    if not files:
        raise SystemExit(f"{package} is not installed here; `make test` installs all that this program measures on.")
    wanted: list[Where] = ["block", "whole", "inside"] * each
    used: set[tuple[Path, int]] = set()
    for _ in range(40 * each):
        if not wanted:
            return
        path = rng.choice(files)
        lines = _read(path).split("\n")
        fit = _candidates(path)
        number = rng.choice(fit) if fit else -1
        if number < 0 or (path, number) in used:
            continue
        height = _height(lines, number) if wanted[-1] == "block" else 1
        if not height:
            continue
        used.add((path, number))
        yield _case(package, path, lines, number, height, wanted.pop(), rng)


def _height(lines: list[str], number: int) -> int:
    """How many lines the rest of the block has that starts here; 0 when there are fewer than two, or too many."""
    indent = len(lines[number]) - len(lines[number].lstrip())
    end = number + 1
    while end < len(lines) and lines[end].strip() and len(lines[end]) - len(lines[end].lstrip()) >= indent:
        end += 1
    return end - number if 2 <= end - number <= 12 else 0


def _case(
    package: str, path: Path, lines: list[str], number: int, height: int, where: Where, rng: random.Random
) -> Case:
    line = lines[number].rstrip()
    body = line.lstrip()
    indent = len(line) - len(body)
    cut = indent + _cut(body, rng) if where == "inside" else indent
    before = "".join(f"{one}\n" for one in lines[:number]) + line[:cut]
    target = "\n".join([line[cut:], *lines[number + 1 : number + height]])
    after = "\n" + "\n".join(lines[number + height :])
    return Case(package, path.name, where, before, after, target, _siblings(path))


def _cut(body: str, rng: random.Random) -> int:
    starts = [found.start() for found in re.finditer(r"\b\w|[^\w\s]|\s", body)]
    middle = [start for start in starts if 0.2 * len(body) <= start <= 0.7 * len(body)]
    return rng.choice(middle or [len(body) // 2])


@cache
def _files(package: str) -> list[Path]:
    paths = sysconfig.get_paths()
    roots = [Path(paths[name]) / package for name in ("purelib", "stdlib")]
    root = next((root for root in roots if root.is_dir()), None)
    found = sorted(root.rglob("*.py")) if root else []
    return [path for path in found if not SKIPPED & set(path.parts[len(roots[0].parts) :]) and _counts(_read(path))]


def _counts(text: str) -> bool:
    return text.count("\n") > 60 and len(text) < 400_000


@cache
def _read(path: Path) -> str:
    return path.read_text("utf-8", "replace").replace("\r\n", "\n")


@cache
def _candidates(path: Path) -> list[int]:
    """The lines of code: no comments, no strings over several lines, neither very short nor very long."""
    text = _read(path)
    lines = text.split("\n")
    code: set[int] = set()
    prose: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING and token.end[0] > token.start[0]:
                prose.update(range(token.start[0] - 1, token.end[0]))
            elif token.type in (tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING):
                code.add(token.start[0] - 1)
    except (tokenize.TokenError, SyntaxError):
        return []
    return [number for number in sorted(code - prose) if 15 <= number < len(lines) - 5 and _worth(lines[number])]


def _worth(line: str) -> bool:
    body = line.strip()
    if line.endswith("\\") or body.startswith(("#", '"', "'")):
        return False
    return 8 <= len(body) <= 90 and len(re.findall(r"\w", body)) >= 5


@cache
def _siblings(path: Path) -> tuple[str, ...]:
    """The text of the files of the same folder that share the most words with this one, the most alike last."""
    others = [other for other in sorted(path.parent.glob("*.py")) if other != path and len(_read(other)) < 100_000]
    alike = sorted(others, key=lambda other: _likeness(_words(path), _words(other)))
    return tuple(_read(other) for other in alike[-SIBLINGS:])


@cache
def _words(path: Path) -> frozenset[str]:
    return frozenset(WORD.findall(_read(path)))


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def sources(package: str) -> list[str]:
    """The texts of a package's files, in a fixed order."""
    return [_read(path) for path in _files(package)]


def rows(found: Iterable[Case], where: Where) -> list[Case]:
    """Those cases whose cursor stands so."""
    return [case for case in found if case.where == where]


def document(packages: Sequence[str], height: int) -> str:
    """One long file: those of the packages, one after the other, `height` lines of them."""
    text = "\n".join(_read(path) for package in packages for path in _files(package))
    return "\n".join(text.split("\n")[:height])
