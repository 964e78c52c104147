"""Which files of the workspace an output means: it names them from wherever it was run, or built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

from router.traces.types import Frame

_ABSOLUTE = re.compile(r"/|[A-Za-z]:/")
_FOREIGN = re.compile(
    r"/(?:site-packages|dist-packages|node_modules|\.cargo|\.rustup|rustc|pkg/mod|usr/(?:local/)?(?:lib|include|go|share)"
    r"|lib/python\d[.\d]*)(?:/|$)"
)
_SERVED = re.compile(r"(?:webpack(?:-internal)?|https?|vite|ng)://[^/]*/(?:\([\w-]+\)/)?(?:@fs/)?")
_RUNTIME = re.compile(r"<.*>$|(?:node|internal|deno|ext|native):|(?:java|javax|jdk|sun|kotlin|scala)/")


Whereabouts = Literal["shown", "hidden", "outside", "unknown"]


class Places:
    """The source files of a workspace: absolute paths, slashed; `hidden` are those that may not be shown.

    `roots` are its folders; `base` is the folder in which the program ran, which paths may be relative to.
    """

    def __init__(self, files: Iterable[str], roots: Sequence[str], base: str = "", hidden: Iterable[str] = ()) -> None:
        self._hidden = frozenset(hidden)
        self._files = self._hidden.union(files)
        self._roots = [root.rstrip("/") for root in roots]
        self._base = base.rstrip("/")
        self._named: dict[str, list[str]] = {}
        for path in sorted(self._files):
            self._named.setdefault(path.rpartition("/")[2], []).append(path)

    def resolved(self, frame: Frame) -> str | None:
        """The file in which a frame is; None: it lies elsewhere, or may not be shown, or may be several."""
        path = self.at(frame.path) if frame.line else None
        return None if path in self._hidden else path

    def where(self, frame: Frame) -> Whereabouts:
        """Whether a frame may be shown: one that is `unknown` may be anywhere."""
        path = slashed(frame.path)
        if found := self.at(path):
            return "hidden" if found in self._hidden else "shown"
        if _RUNTIME.match(path):
            return "outside"
        if not _ABSOLUTE.match(path):
            return "unknown"
        return "hidden" if self._inside(_joined("", path)) else "outside"

    def at(self, path: str) -> str | None:
        """The file that is meant: as it is named, or the one whose path ends most alike; None: none, or several."""
        path = slashed(path)
        absolute = bool(_ABSOLUTE.match(path))
        full = _joined("" if absolute else self._base, path)
        if full in self._files:
            return full
        if not path or _RUNTIME.match(path) or (absolute and (self._inside(path) or _FOREIGN.search(path))):
            return None
        parts = [part for part in path.split("/") if part not in ("", ".", "..")]
        alike = (
            [(self._alike(other, parts, absolute), other) for other in self._named.get(parts[-1], ())] if parts else []
        )
        best = max((score for score, _ in alike), default=0)
        found = [other for score, other in alike if score == best and score]
        near = [other for other in found if self._base and other.startswith(f"{self._base}/")]
        return found[0] if len(found) == 1 else near[0] if len(near) == 1 else None

    def _alike(self, other: str, parts: Sequence[str], absolute: bool) -> int:
        """How many names at its end a file has in common with a path; 0: too few to be meant."""
        root = next((root for root in self._roots if other.startswith(f"{root}/")), "")
        own = other[len(root) :].strip("/").split("/")
        same = 0
        while same < min(len(own), len(parts)) and own[-1 - same] == parts[-1 - same]:
            same += 1
        whole = same == len(own) or (same == len(parts) and not absolute)
        return same if same > 1 or whole else 0

    def _inside(self, path: str) -> bool:
        return any(path.startswith(f"{root}/") for root in self._roots)


def slashed(path: str) -> str:
    """A path with slashes, without what tools put before it; one that a server gave out is relative."""
    path = path.replace("\\", "/").removeprefix("file://")
    if served := _SERVED.match(path):
        path = path[served.end() :].partition("?")[0]
    return path.removeprefix("./")


def _joined(base: str, path: str) -> str:
    """A path without `.` and `..`, below the folder `base`."""
    parts = base.split("/") if path[1:2] != ":" else []
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
