"""What surrounds a request, as one frozen snapshot: what is known of the workspace, and what the user did last."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from heapq import nlargest
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

from router.context.gathering.sheet import EMPTY, Sheet, sheet
from router.context.tagging.imports import Import
from router.context.tagging.language import language_of
from router.context.tagging.tags import Definition, Tags
from router.types import Span

if TYPE_CHECKING:
    from router.context.gathering.ground import Ground

_COMMON = 160  # names of a file that are thought of without a reason


class Known(Protocol):
    """What a workspace's index answers from dictionaries, at once; see `Index`."""

    def defined(self, name: str) -> Sequence[tuple[str, Definition]]:
        """Where a name is defined."""

    def referring(self, name: str) -> Sequence[tuple[str, int]]:
        """Which files say a name, and how often."""

    def spread(self, name: str) -> int:
        """How many files say a name."""

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

    def spread(self, name: str) -> int:
        """None."""
        return 0

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


class Page(Struct, frozen=True, gc=False):
    """A file as others look into it: the names of it that most files say are `common`."""

    text: str
    sheet: Sheet
    common: tuple[str, ...]


class Memo:
    """What was worked out for one request and serves the next, until the workspace changes and a new one is begun.

    Nothing in it is more than a short cut: a view with an empty one answers alike, but that one counts files anew.
    """

    def __init__(self) -> None:
        self.tags: dict[str, Tags] = {}
        self.pages: dict[str, Page] = {}
        self.imports: dict[str, Sequence[Import]] = {}
        self.grounds: dict[str, Ground] = {}
        self.referring: dict[str, Sequence[str]] = {}
        self.meant: dict[tuple[str, str], list[tuple[str, Definition]]] = {}
        self.held: dict[tuple[str, str], list[Definition]] = {}
        self.near: dict[str, Sequence[str]] = {}
        self.spread: dict[str, int] = {}
        self.resolved: dict[tuple[str, str, str], str | None] = {}

    def forget(self, paths: Collection[str]) -> None:
        """Something else is known of these files now; how many files say a name is not counted anew for them."""
        for path in paths:
            self.tags.pop(path, None)
            self.imports.pop(path, None)
        self.meant.clear()
        self.held = {key: found for key, found in self.held.items() if key[0] not in paths}


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
    memo: Memo = field(default_factory=Memo)

    def sheet(self, path: str) -> Sheet:
        """A file by lines and names; empty where its text is not there."""
        text = self.text(path)
        return sheet(text, spoken(path)) if text else EMPTY

    def page(self, path: str) -> Page:
        """Another file, as one looks into it."""
        text = self.text(path) or ""
        found = self.memo.pages.get(path)
        if found is None or found.text is not text:
            said = self.sheet(path)
            common = nlargest(_COMMON, ((self.spread(name), name) for name in said.lines))
            found = self.memo.pages[path] = Page(text, said, tuple(name for _, name in common))
        return found

    def tags(self, path: str) -> Tags:
        """All that is known of a file."""
        found = self.memo.tags.get(path)
        if found is None:
            found = self.memo.tags[path] = self.index.tags(path) or Tags()
        return found

    def near(self, path: str) -> Sequence[str]:
        """Other files, the nearest first."""
        found = self.memo.near.get(path)
        if found is None:
            found = self.memo.near[path] = self.index.near(path)
        return found

    def spread(self, name: str) -> int:
        """How many files say a name, as far as the index counts."""
        found = self.memo.spread.get(name)
        if found is None:
            found = self.memo.spread[name] = self.index.spread(name)
        return found

    def referring(self, name: str) -> Sequence[str]:
        """The files that say a name."""
        found = self.memo.referring.get(name)
        if found is None:
            found = self.memo.referring[name] = [path for path, _ in self.index.referring(name)]
        return found

    def imports(self, path: str) -> Sequence[Import]:
        """What a file imports."""
        found = self.memo.imports.get(path)
        if found is None:
            found = self.memo.imports[path] = self.index.imports(path)
        return found

    def resolve(self, path: str, module: str, name: str = "") -> str | None:
        """The file that a module, or what it holds under a name, is in."""
        key = (path, module, name)
        if key not in self.memo.resolved:
            self.memo.resolved[key] = self.index.resolve(path, module, name)
        return self.memo.resolved[key]


@lru_cache(4096)
def spoken(path: str) -> str:
    """The language of a file by its name."""
    return language_of(path.replace("\\", "/").rpartition("/")[2])
