"""Asks git, or reads from a file, what has changed, and brings the new text of each file that did."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from router import SwitchyardError
from router.context.indexing import git
from router.reviewing import diff
from router.reviewing.diff import FileDiff
from router.types import LARGEST

# Without what a user's or a repository's configuration could add, and without what it could have executed.
_DIFF = (
    *("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative", "--find-renames", "--unified=3"),
    *("--src-prefix=a/", "--dst-prefix=b/", "--ignore-submodules=dirty", "--submodule=short", "--inter-hunk-context=0"),
)
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's name for no files at all
Reader = Callable[[str], bytes]


class Wanted(Struct, frozen=True):
    """Which changes: those since `base` forked, what is `staged`, of a `span` A..B, of a diff `file`; else all that is
    not committed."""

    base: str = ""
    staged: bool = False
    span: str = ""
    file: str = ""


class Changes(Struct, frozen=True):
    """What has changed below `root`; `read` brings the new bytes of a path of it, and raises OSError."""

    root: str
    files: tuple[FileDiff, ...]
    read: Reader
    text: str
    untracked: tuple[str, ...] = ()


def changes(folder: str, wanted: Wanted, read_diff: Callable[[], bytes] = bytes) -> Changes:
    """What has changed in the repository around a folder, or by a diff. Touches the disk. Raises SwitchyardError."""
    if wanted.file:
        return _of_file(folder, read_diff())
    for ref in (wanted.base, *wanted.span.split("..")):
        if ref.startswith("-"):
            raise SwitchyardError(f"{ref} is not the name of a commit.")
    try:
        root = os.fsdecode(git.said(folder, "rev-parse", "--show-toplevel")).strip("\n")
        tame = _tamed(root)
        text = _decoded(git.said(root, *tame, *_DIFF, *_range(root, wanted), "--"))
        untracked = () if wanted.base or wanted.staged or wanted.span else _untracked(root)
    except FileNotFoundError as error:
        raise SwitchyardError("There is no git on the path, which knows what has changed.") from error
    except OSError as error:
        raise SwitchyardError(f"git can't say what has changed: {error}.") from error
    return Changes(root, diff.parse(text), _reader(root, wanted), text, untracked)


def _of_file(folder: str, content: bytes) -> Changes:
    text = _decoded(content)
    files = diff.parse(text)
    if not files and text.strip():
        raise SwitchyardError("That is no unified diff; `git diff > FILE` makes one.")
    root = _top(folder)
    return Changes(root, files, lambda path: _on_disk(root, path), text)


def _top(folder: str) -> str:
    """The repository's folder, else the folder itself."""
    try:
        return os.fsdecode(git.said(folder, "rev-parse", "--show-toplevel")).strip("\n")
    except OSError:
        return folder


def _range(root: str, wanted: Wanted) -> tuple[str, ...]:
    if wanted.span:
        first, dots, last = wanted.span.partition("..")
        return (f"{first or 'HEAD'}{dots}{last or 'HEAD'}",)
    if wanted.staged:
        return ("--cached", _head(root))
    if wanted.base:
        forked = git.said(root, "merge-base", "--end-of-options", wanted.base, "HEAD")
        return (forked.decode("ascii", "replace").strip(),)
    return (_head(root),)


def _head(root: str) -> str:
    """HEAD, or no files at all in a repository without a commit."""
    try:
        git.said(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except FileNotFoundError:
        raise
    except OSError:
        return _EMPTY_TREE
    return "HEAD"


def _tamed(root: str) -> tuple[str, ...]:
    """What keeps git from executing the filters that the repository itself configures; the user's own stay."""
    try:
        said = git.said(root, "config", "--local", "--includes", "--null", "--name-only", "--get-regexp", r"^filter\.")
    except OSError:  # there are none
        return ()
    names = {os.fsdecode(key).removeprefix("filter.").rpartition(".")[0] for key in said.split(b"\0") if key}
    return tuple(
        word
        for name in sorted(names)
        for part in ("clean=", "smudge=", "process=", "required=false")
        for word in ("-c", f"filter.{name}.{part}")
    )


def _untracked(root: str) -> tuple[str, ...]:
    said = git.said(root, "ls-files", "-z", "--others", "--exclude-standard")
    return tuple(os.fsdecode(name) for name in said.split(b"\0") if name)


def _reader(root: str, wanted: Wanted) -> Reader:
    """Who brings the new text: the index, a commit, or the disk."""
    if wanted.staged:
        return lambda path: git.said(root, "cat-file", "blob", f":{path}")
    if wanted.span:
        last = wanted.span.rpartition("..")[2].lstrip(".") or "HEAD"
        return lambda path: git.said(root, "cat-file", "blob", f"{last}:{path}")
    return lambda path: _on_disk(root, path)


def _on_disk(root: str, path: str) -> bytes:
    """The bytes of a file below the root, wherever its links lead."""
    real, home = os.path.realpath(os.path.join(root, path)), os.path.realpath(root)
    if not git.inside(real, home):
        raise OSError("it lies outside of the repository")
    if not os.path.isfile(real):
        raise OSError("there is no such file here")
    if os.path.getsize(real) > LARGEST * 4:
        raise OSError("it is too large")
    return Path(real).read_bytes()


def _decoded(content: bytes) -> str:
    """A diff as text; a byte that is no UTF-8 stands for itself, for it may be part of a name."""
    return content.decode("utf-8", "surrogateescape")
