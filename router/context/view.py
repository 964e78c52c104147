"""What surrounds a request, as one frozen snapshot: what is known of the workspace, and what the user did last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec import Struct

from router.context.imports import Import
from router.context.tags import Definition, Tags
from router.types import Span


class Known(Protocol):
    """What a workspace's index answers from dictionaries, at once; see `Index`."""

    def defined(self, name: str) -> Sequence[tuple[str, Definition]]:
        """Where a name is defined."""

    def referring(self, name: str) -> Sequence[tuple[str, int]]:
        """Which files say a name, and how often."""

    def places(self, path: str, name: str) -> Sequence[int]:
        """Where in a file a name is said."""

    def tags(self, path: str) -> Tags | None:
        """All that is known of one file."""

    def imports(self, path: str) -> Sequence[Import]:
        """What one file imports."""

    def resolve(self, path: str, module: str, name: str = "") -> str | None:
        """The file that a module means in the file at `path`; that of its `name`, where it has one of its own."""

    def near(self, path: str) -> Sequence[str]:
        """Other files, the nearest first."""


class Nothing:
    """What is known of no workspace."""

    def defined(self, name: str) -> Sequence[tuple[str, Definition]]:
        """Nowhere."""
        return ()

    def referring(self, name: str) -> Sequence[tuple[str, int]]:
        """None."""
        return ()

    def places(self, path: str, name: str) -> Sequence[int]:
        """Nowhere."""
        return ()

    def tags(self, path: str) -> Tags | None:
        """Nothing."""
        return None

    def imports(self, path: str) -> Sequence[Import]:
        """Nothing."""
        return ()

    def resolve(self, path: str, module: str, name: str = "") -> str | None:
        """None."""
        return None

    def near(self, path: str) -> Sequence[str]:
        """None."""
        return ()


class Spot(Struct, frozen=True):
    """A stretch of a file that somebody points at: the user's cursor, an edit, a line of a traceback or of a diff.

    `said` is what is said of it there: a diagnostic's message.
    """

    path: str
    span: Span
    said: str = ""


def _nothing(_path: str) -> str | None:
    return None


class View(Struct, frozen=True):
    """`text` brings a file's text from memory, or None where it is not there: it never touches a disk.

    `edits` (the newest last) and `visited` (the newest last) are what the user did; `diagnostics` are what the
    editor shows of the request's document; `changed` is what the branch changed (git's diff), `frames` are those of a
    traceback, the innermost last.
    """

    index: Known = Nothing()
    text: Callable[[str], str | None] = _nothing
    edits: tuple[Spot, ...] = ()
    visited: tuple[Spot, ...] = ()
    diagnostics: tuple[Spot, ...] = ()
    changed: tuple[Spot, ...] = ()
    frames: tuple[Spot, ...] = ()
