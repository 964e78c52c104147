"""Cases for context: lines that a commit or a release inserted, in a workspace as it was before.

A case is one insertion (nothing was taken away there) into a file that was there before. The cursor stands at its
place on a new line that has the indentation of the first true line, as an editor would give it, and nothing else of
the commit is visible. Of a long insertion the first ten lines count: an answer has no more. What has to be known are
its *novel* names: those that the grammar calls identifiers in the true lines and that the free local window does not
say, 40 lines above the cursor and 15 below.
"""

from __future__ import annotations

import difflib
import os
import random
import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from msgspec import Struct
from tree_sitter import Node, Parser

from router.context.tagging.grammars import grammar
from router.context.tagging.language import language, language_of

ABOVE, BELOW, TRUE = 40, 15, 10  # lines
EACH = 3  # cases of one commit
MOST_FILES = 40  # that a commit changes; one with more moves or reformats
LARGEST = 400_000  # code points of a file; nobody has written a longer one
NAME = re.compile(r"[^\W\d]\w+")
_PROSE = frozenset({"css", "html", "json", "jsonc", "markdown", "sql", "toml", "yaml"})
_LEAVES = frozenset({"constant", "name", "word"})  # besides the many kinds of `identifier`
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.M)


class Case(Struct, frozen=True):
    """One insertion. `text` is the file with the cursor at `at`, alone on line `row`; `cut` names the workspace.

    `shown` is what the local window says, `truth` are the true lines without their indentation.
    """

    group: str
    cut: str
    path: str
    language: str
    text: str
    at: int
    row: int
    shown: str
    truth: frozenset[str]
    novel: frozenset[str]


class Insertion(Struct, frozen=True):
    """`lines` were inserted after so many lines of a file; they are line `start` (of 0) and on of the text after."""

    cut: str
    after: str
    path: str
    row: int
    start: int
    lines: tuple[str, ...]


def is_code(path: str) -> bool:
    """Whether a file is program text in a language that has a grammar here."""
    name = language_of(path.rpartition("/")[2])
    return name not in _PROSE and language(name) is not None and grammar(name) is not None


def names(text: str) -> set[str]:
    """Everything in a text that could be an identifier."""
    return set(NAME.findall(text))


def of_history(repository: Path, count: int, commits: int, seed: int) -> list[Case]:
    """At most `count` cases of a repository's last `commits` commits, by commit, the oldest first."""
    group = repository.resolve().name
    found = _of_log(repository, commits)
    order = {one.cut: number for number, one in enumerate(reversed(found))}
    rng = random.Random(f"{seed} {group}")
    rng.shuffle(found)
    chosen: list[Case] = []
    per, twice = Counter[str](), set[tuple[str, ...]]()
    for one in found:
        if len(chosen) < count and per[one.cut] < EACH and one.lines not in twice:
            before, after = _blob(repository, one.cut, one.path), _blob(repository, one.after, one.path)
            if case := _case(group, one, before, after):
                per[one.cut] += 1
                twice.add(one.lines)
                chosen.append(case)
    return sorted(chosen, key=lambda case: order[case.cut])


def of_releases(older: Path, newer: Path, count: int, seed: int) -> list[Case]:
    """At most `count` cases between two unpacked releases; the older one is the workspace."""
    group = older.resolve().name
    cases: list[Case] = []
    for path in texts(older):
        other = newer / path
        before, after = read(older / path), read(other) if other.is_file() else ""
        if is_code(path) and after and before != after:
            cases += filter(None, (_case(group, one, before, after) for one in _between(path, before, after)))
    random.Random(f"{seed} {group}").shuffle(cases)
    return cases[:count]


def texts(root: Path) -> dict[str, str]:
    """The text files of a folder by their path in it; what git keeps for itself is left out."""
    found: dict[str, str] = {}
    for folder, below, files in os.walk(root):
        below[:] = sorted(name for name in below if name != ".git" and not name.endswith((".dist-info", ".egg-info")))
        for name in sorted(files):
            path = Path(folder, name)
            if not path.is_symlink() and path.stat().st_size <= LARGEST and (text := read(path)):
                found[path.relative_to(root).as_posix()] = text
    return found


def recent(root: Path) -> list[str]:
    """The files that the last commits changed, the newest first; none where there is no history."""
    if not (root / ".git").exists():
        return []
    said = git(root, "log", "-n10", "--name-only", "--format=", "HEAD").decode("utf-8", "replace")
    return list(dict.fromkeys(said.split("\n")))


def read(path: Path) -> str:
    """A file's text with plain line ends; empty where it is none."""
    return _decoded(path.read_bytes())


def git(repository: Path, *arguments: str) -> bytes:
    """What git says, whatever the user has set up for it."""
    command = ["git", "-c", "core.quotepath=off", "-C", str(repository), *arguments]
    asked = subprocess.run(command, capture_output=True, check=False)
    if asked.returncode:
        raise SystemExit(f"git {arguments[0]} fails in {repository}: {asked.stderr.decode(errors='replace').strip()}")
    return asked.stdout


def _decoded(raw: bytes) -> str:
    try:
        return "" if b"\0" in raw else raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return ""


@lru_cache(64)
def _blob(repository: Path, commit: str, path: str) -> str:
    text = _decoded(git(repository, "cat-file", "blob", f"{commit}:{path}"))
    return text if len(text) <= LARGEST else ""


def _of_log(repository: Path, commits: int) -> list[Insertion]:
    """Every insertion into a file of code, the newest first."""
    options = ("--no-merges", "--no-renames", "--no-ext-diff", "--no-color", "--diff-filter=M", "-U0", "-p")
    log = git(repository, "log", *options, f"-n{commits}", "--format=%x01%H %P").decode("utf-8", "replace")
    found: list[Insertion] = []
    for commit in log.split("\1")[1:]:
        head, _, patch = commit.partition("\n")
        after, *parents = head.split()
        files = re.split(r"^diff --git .*\n", patch, flags=re.M)[1:]
        if len(parents) == 1 and len(files) <= MOST_FILES:
            found += [one for file in files for one in _of_file(parents[0], after, file)]
    return found


def _of_file(cut: str, after: str, patch: str) -> Iterator[Insertion]:
    named = re.search(r"^\+\+\+ b/(.*?)\t?$", patch, re.M)
    if named is None or not is_code(named[1]):
        return
    hunks = list(_HUNK.finditer(patch))
    for hunk, end in zip(hunks, [*(it.start() for it in hunks[1:]), len(patch)], strict=True):
        row, gone, start, _ = hunk.groups()
        if gone == "0":
            body = patch[patch.find("\n", hunk.end()) + 1 : end].split("\n")
            lines = tuple(line[1:].rstrip("\r") for line in body if line.startswith("+"))
            yield Insertion(cut, after, named[1], int(row), int(start) - 1, lines)


def _between(path: str, before: str, after: str) -> Iterator[Insertion]:
    one, two = before.split("\n"), after.split("\n")
    for kind, start, _, other, end in difflib.SequenceMatcher(None, one, two, autojunk=False).get_opcodes():
        if kind == "insert":
            yield Insertion("", "", path, start, other, tuple(two[other:end]))


def _case(group: str, one: Insertion, before: str, after: str) -> Case | None:
    """The case of an insertion; None where there is nothing to be known that is not seen already."""
    blank = next((number for number, line in enumerate(one.lines) if line.strip()), None)
    if blank is None or not before:
        return None
    lines = before.split("\n")
    truth = one.lines[blank : blank + TRUE]
    indent = truth[0][: len(truth[0]) - len(truth[0].lstrip())]
    text = "\n".join([*lines[: one.row], indent, *lines[one.row :]])
    at = sum(len(line) + 1 for line in lines[: one.row]) + len(indent)
    name = language_of(one.path.rpartition("/")[2])
    said = _identifiers(name, after, one.start + blank, len(truth))
    shown = "\n".join(lines[max(0, one.row - ABOVE) : one.row + BELOW])
    novel = said - names(shown)
    true = frozenset(line.strip() for line in truth if line.strip())
    return Case(group, one.cut, one.path, name, text, at, one.row, shown, true, novel) if novel else None


def _identifiers(name: str, text: str, first: int, count: int) -> frozenset[str]:
    """The identifiers in so many lines of a text, from the `first` on (of 0)."""
    wanted = defaultdict[int, list[Node]](list)
    found = grammar(name)
    nodes = [Parser(found).parse(text.encode()).root_node] if found else []
    for node in nodes:  # grows as it goes
        if node.end_point.row >= first and node.start_point.row < first + count:
            nodes += node.children
            if not node.children and (node.type.endswith("identifier") or node.type in _LEAVES):
                wanted[node.start_point.row].append(node)
    return frozenset(said for said in _said(wanted.values()) if NAME.fullmatch(said))


def _said(nodes: Iterable[Sequence[Node]]) -> Iterator[str]:
    for row in nodes:
        for node in row:
            yield (node.text or b"").decode("utf-8", "replace")
