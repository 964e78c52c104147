"""Reads one source file of a workspace, warily: what it says, or why it is passed over."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from hashlib import blake2b
from time import time_ns

from msgspec import Struct

from router.context.indexing.catalogue import Stamp
from router.context.indexing.listing import LARGEST

_DOUBTFUL = 2_000_000_000  # ns after a write in which a second one may leave time and size as they are
_MADE = re.compile(r"\bgenerated\b", re.I)
_KEEP_OFF = re.compile(r"@generated\b|\b(?:do not|don't) (?:edit|modify|change)\b", re.I)
_LONG = 5_000  # code points of a line that nobody has written
_HEAD = 2_000  # code points in which a program says that a file is its work


class Source(Struct, frozen=True):
    """A file's text, with its line ends and without a mark of byte order, or `why` it is passed over."""

    stamp: Stamp
    text: str = ""
    why: str = ""


def source(path: str, home: str) -> Source | None:
    """What a file says that lies below `home`, a real path; None: there is no such file (any more).

    A link is not followed, nor a folder that has become one; nothing but a regular file is read.
    """
    try:
        if not _below(os.path.dirname(path), home):
            return None
        content, modified = _content(path)
    except (OSError, ValueError):
        return None
    if content is None:
        return None
    doubtful = time_ns() - modified < _DOUBTFUL
    stamp = Stamp(0 if doubtful else modified, len(content), blake2b(content, digest_size=12).digest())
    if len(content) > LARGEST:
        return Source(stamp, why=f"larger than {LARGEST // 1_000_000} MB")
    if b"\0" in content[:8192]:
        return Source(stamp, why="not text in UTF-8")
    text = content.decode("utf-8-sig", "replace")
    why = "made by a program" if made(text) else ""
    return Source(stamp, "" if why else text, why)


def _below(folder: str, home: str) -> bool:
    real = os.path.realpath(folder)
    return real == home or real.startswith(home.rstrip(os.sep) + os.sep)


def _content(path: str) -> tuple[bytes | None, int]:
    """The bytes of a regular file and its time of change in ns; None: it is none. At most one more than the largest."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    number = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    with open(number, "rb", buffering=0) as file:
        found = os.fstat(number)
        if not stat.S_ISREG(found.st_mode):
            return None, 0
        wanted = min(found.st_size, LARGEST) + 1
        content = b""
        while len(content) < wanted and (more := file.read(wanted - len(content))):
            content += more
        return content, found.st_mtime_ns


def made(text: str) -> bool:
    """Whether a program has written this, for programs: it says so at its top, or it has a line like no other."""
    if _MADE.search(text, 0, _HEAD) and _KEEP_OFF.search(text, 0, _HEAD):
        return True
    at = 0
    while len(text) - at > _LONG:
        end = text.find("\n", at)
        if end < 0 or end - at > _LONG:
            return text.find("\r", at, at + _LONG) < 0
        at = max(end, text.rfind("\n", at, at + _LONG)) + 1
    return False


def sources(paths: Sequence[str], home: str) -> list[tuple[str, Source | None]]:
    """Several files at once."""
    return [(path, source(path, home)) for path in paths]
