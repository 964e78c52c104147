"""What a file is called where people or models read of it, and which file they mean by a name."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence

from router.answers.ground import Known
from router.context.lines import Lines
from router.types import LARGEST, Document

FRESH = 10.0  # seconds for which a list of the workspace's files is taken to be true


class Naming:
    """`roots` are the folders of the workspace, `opened` gives the documents that are open: what they say counts, not
    what is on disk. `files` are the paths of the workspace's files, where somebody has listed them."""

    def __init__(
        self,
        roots: Sequence[str],
        opened: Callable[[], Iterable[Document]],
        files: Callable[[], Iterable[str]] = lambda: (),
    ) -> None:
        self.roots = tuple(roots)
        self._opened, self._files = opened, files
        self._named: dict[str, list[str]] = {}
        self._listed = float("-inf")

    def called(self, path: str) -> str:
        """A path as it stands in a prompt: from its folder of the workspace on; elsewhere only its name."""
        for root in sorted(self.roots, key=len, reverse=True):
            if path.startswith(os.path.join(root, "")):
                return _slashed(os.path.relpath(path, root))
        return _slashed(path).rpartition("/")[2]

    def root(self, path: str) -> str:
        """The folder of the workspace that a path belongs to, the innermost; else its own folder."""
        around = [root for root in self.roots if path.startswith(os.path.join(root, ""))]
        return max(around, key=len, default=os.path.dirname(path))

    def meant(self, name: str) -> Known | None:
        """The file of the workspace, or the open one, that is called so; None: there is none, or there are several.

        Looks on the disk.
        """
        name = name.replace("\\", "/").removeprefix("./")
        known = {document.path: document for document in self._opened()}
        ways = [name] if os.path.isabs(name) else [os.path.join(root, name) for root in self.roots]
        found = next((way for way in ways if way in known or self._is_ours(way)), "") or self._ending(name, known)
        if not found:
            return None
        return Known(found, Lines(known[found].text).last + 1 if found in known else _lines(found))

    def _is_ours(self, path: str) -> bool:
        """Whether a path leads to a file within the workspace, wherever its links lead."""
        try:
            real = os.path.realpath(path)
            roots = [os.path.realpath(root) for root in self.roots]
            return os.path.isfile(real) and any(os.path.commonpath((real, root)) == root for root in roots)
        except (OSError, ValueError):  # ValueError: a NUL, or another drive
            return False

    def _ending(self, name: str, known: Iterable[str]) -> str:
        """The only path that ends with these folders and this name."""
        if time.monotonic() - self._listed > FRESH:
            named: dict[str, list[str]] = {}
            for path in self._files():
                named.setdefault(_slashed(path).rpartition("/")[2], []).append(path)
            self._named, self._listed = named, time.monotonic()
        listed = self._named.get(name.rpartition("/")[2], ())
        found = {path for path in (*known, *listed) if _slashed(path).endswith(f"/{name}")}
        return found.pop() if len(found) == 1 else ""


def _slashed(path: str) -> str:
    return path.replace(os.sep, "/")


def _lines(path: str) -> int:
    """How many lines a file has; 0 for what can't be read or is too long to be one that we show."""
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError:
        return 0
    return 0 if len(content) > LARGEST else len(content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
