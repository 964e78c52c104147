"""Texts of files that nobody has open, brought from the disk ahead of time; clean, and no more of them than is set."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from msgspec import Struct

from router.context import privacy
from router.context.gathering.sheet import LARGEST, sheet
from router.context.gathering.view import View, spoken
from router.context.indexing.aside import aside
from router.context.indexing.reading import source
from router.types import Document, Request

ROOM = 2_000_000  # code points of all texts
_PATIENCE = 5.0  # seconds that the disk may take; it is asked again another time


class _Kept(Struct, frozen=True):
    """`look`: the file's time of change (ns) and its size."""

    look: tuple[int, int]
    text: str


class Texts:
    """Texts by path, the one that was wanted last at the end; `shows` says, from memory, what may be shown now."""

    def __init__(self, shows: Callable[[str], bool], room: int = ROOM) -> None:
        self._shows, self._room = shows, room
        self._kept: dict[str, _Kept] = {}

    def get(self, path: str) -> str | None:
        """The text of a file, the same object while it is unchanged; None: it is not there, or not to be shown."""
        kept = self._kept.get(path)
        return kept.text if kept is not None and self._shows(path) else None

    def clear(self) -> None:
        """Forget them all."""
        self._kept.clear()

    async def bring(self, paths: Sequence[str], roots: Sequence[str], allowed: Callable[[str], bool]) -> None:
        """Have the texts of these files below the roots as the disk has them now; what is gone is dropped."""
        known = {path: self._kept[path] for path in paths if path in self._kept}
        with suppress(OSError, ValueError, MemoryError, RuntimeError):
            found = await aside(partial(_read, paths, known, roots, allowed), _PATIENCE)
            for path in paths:
                self._kept.pop(path, None)
            self._kept |= found
            self._shrink()

    def _shrink(self) -> None:
        total = sum(len(it.text) for it in self._kept.values())
        for path in list(self._kept):
            if total > self._room:
                total -= len(self._kept.pop(path).text)


def _read(
    paths: Sequence[str], known: Mapping[str, _Kept], roots: Sequence[str], allowed: Callable[[str], bool]
) -> dict[str, _Kept]:
    """In a thread: the files that are there and may be shown. Their sheets, which take longest, are made here, too."""
    homes = [(root.rstrip(os.sep) + os.sep, os.path.realpath(root)) for root in roots]
    found: dict[str, _Kept] = {}
    for path in paths:
        home = next((real for root, real in homes if path.startswith(root)), "")
        kept = _file(path, known.get(path), home) if home and allowed(path) else None
        if kept is not None:
            sheet(kept.text, spoken(path))
            found[path] = kept
    return found


def _file(path: str, known: _Kept | None, home: str) -> _Kept | None:
    try:
        seen = os.lstat(path)
    except (OSError, ValueError):
        return None
    look = (seen.st_mtime_ns, seen.st_size)
    if known is not None and known.look == look:
        return known
    read = source(path, home) if seen.st_size <= LARGEST else None
    if read is None or read.why:
        return None
    text = privacy.clean(read.text)
    return known if known is not None and known.text == text else _Kept(look, text)


def prime(request: Request, opened: Sequence[Document], view: View) -> tuple[str, ...]:
    """In a thread: what is remembered of open texts, which takes long where they are long; the files to look into."""
    from router.context.gathering.focus import focus
    from router.context.gathering.similar import files

    focus(request)
    for document in opened:
        sheet(document.text, spoken(document.path))
    return files(request, view)
