"""The workspace's definitions, references and imports, by name and by file; kept fresh, and kept on the disk."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from router.context.indexing.catalogue import Catalogue
from router.context.indexing.fresh import Fresh
from router.context.indexing.listing import native, slashed
from router.context.indexing.neighbours import split
from router.context.indexing.resolving import resolve
from router.context.indexing.root import Parse, Root
from router.context.indexing.state import State, state
from router.context.tagging.imports import Import
from router.context.tagging.language import language, language_of
from router.context.tagging.tags import Definition, Tags
from router.types import LARGEST

_CLOSING = 5.0  # seconds that the last write may take
_KEPT_EVERY = 60.0  # seconds between two writes of what is known
_SURROGATES = re.compile("[\ud800-\udfff]")


class Index:
    """All that is known of the roots of a workspace. A question is answered from dictionaries, at once.

    `allowed` says whether a file may be read at all, and is asked in threads, too; `parse` brings the tags of a path,
    a language and a text. `cache` is the folder for what is kept (None: nothing is). `heard` is told of ignore files
    that have changed, before `allowed` is asked again. `rest`: seconds that an open document is left alone after a
    change.
    """

    def __init__(
        self,
        roots: Sequence[str],
        allowed: Callable[[str], bool],
        parse: Parse,
        cache: Path | None,
        heard: Callable[[str], object] = str,
        watch: bool = True,
        rest: float = 0.5,
    ) -> None:
        self._allowed, self._parse, self._cache, self._heard = allowed, parse, cache, heard
        self._watch, self._rest = watch, rest
        self._texts: dict[str, str] = {}
        self._roots: list[Root] = []
        self._wanted = list(roots)
        self._fresh: dict[str, Fresh] = {}
        self._tasks: dict[str, list[asyncio.Task[None]]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._edits: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Know what was kept and what files there are; those that are new are parsed in the background."""
        await self.over(self._wanted)

    async def over(self, roots: Sequence[str]) -> None:
        """These are the roots now; what is known of others is dropped."""
        wanted = {it: None for it in map(_root, roots) if not wide(it)}
        left = [it for it in self._roots if it.path not in wanted]
        new = [path for path in wanted if path not in self._fresh]
        for path in [*(it.path for it in left), *new]:
            for fresh in self._fresh.values():
                if path.startswith(f"{fresh.root.path}/"):
                    fresh.rescan()  # what lies in a root belongs to the innermost
        for root in left:
            await self._leave(root)
        await asyncio.gather(*map(self._enter, new))

    async def _enter(self, path: str) -> None:
        def allowed(file: str) -> bool:
            return self._of(file) is root and self._allowed(file)

        root = Root(path, allowed, self._parse, self._cache, self._texts)
        self._roots.append(root)
        self._roots.sort(key=lambda it: -len(it.path))
        self._fresh[path] = fresh = Fresh(root, self._heard)
        await root.begin()
        for document in list(self._texts):  # those that were opened before
            home, known = self._at(document)
            if home is root:
                self._texts[known] = self._texts.pop(document)
                self._later(known)
        loop = asyncio.get_running_loop()
        self._tasks[path] = [loop.create_task(fresh.run(self._watch)), loop.create_task(_keep(root))]

    async def _leave(self, root: Root) -> None:
        self._roots.remove(root)
        self._fresh.pop(root.path, None)
        tasks = self._tasks.pop(root.path, [])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await root.aclose()

    async def aclose(self) -> None:
        """Write what is known, and stop."""
        for timer in self._timers.values():
            timer.cancel()
        for task in list(self._edits.values()):
            task.cancel()
        await asyncio.gather(*self._edits.values(), return_exceptions=True)
        for root in list(self._roots):
            await self._leave(root)
            await root.keep(_CLOSING)

    async def settled(self) -> None:
        """Wait until no file waits to be read."""
        while self._timers or self._edits or not all(it.calm.is_set() and it.root.idle for it in self._fresh.values()):
            await asyncio.gather(*self._edits.values())
            for fresh in list(self._fresh.values()):
                await fresh.calm.wait()
                await fresh.root.settled()
            await asyncio.sleep(self._rest if self._timers else 0)

    def defined(self, name: str) -> list[tuple[str, Definition]]:
        """Where a name is defined: path and definition, in at most 64 files of each root."""
        found = ((root, it) for root in self._roots for it in root.catalogue.defined(name))
        return [(native(path), it) for root, (path, it) in found if root.may(path)]

    def referring(self, name: str) -> list[tuple[str, int]]:
        """Which files say a name, and how often, where they neither define nor import it; at most 256."""
        found = ((root, it) for root in self._roots for it in root.catalogue.referring(name))
        return [(native(path), count) for root, (path, count) in found if root.may(path)]

    def spread(self, name: str) -> int:
        """About how many files `referring` tells of: none of them is looked at, nor whether it may be shown."""
        return sum([root.catalogue.spread(name) for root in self._roots])

    def places(self, path: str, name: str) -> list[int]:
        """Where in a file a name is said."""
        found = self._known(path)
        return found[0].places(found[1], name) if found else []

    def tags(self, path: str) -> Tags | None:
        """All that is known of one file; None: nothing is."""
        found = self._known(path)
        return found[0].tags(found[1]) if found else None

    def imports(self, path: str) -> tuple[Import, ...]:
        """What one file imports."""
        found = self._known(path)
        return found[0].imports(found[1]) if found else ()

    def resolve(self, path: str, module: str, name: str = "") -> str | None:
        """The file that `module` means in the file at `path`; that of its `name`, where it has one of its own."""
        root, path = self._at(path)
        for other in sorted(self._roots, key=lambda it: it is not root):
            found = resolve(path, module, name, other.catalogue.neighbours)
            if found is not None and other.may(found):
                return native(found)
        return None

    def near(self, path: str) -> list[str]:
        """At most 256 files of the same root, the nearest first."""
        root, path = self._at(path)
        return [native(it) for it in root.catalogue.neighbours.near(path) if root.may(it)] if root else []

    def paths(self) -> list[str]:
        """The files that are known and may be shown."""
        return [native(path) for root in self._roots for path in root.catalogue.paths() if root.may(path)]

    def changed(self, path: str, text: str) -> None:
        """An open document has a new text, which counts for more than the file's; it is parsed when it rests."""
        root, path = self._at(path)
        if not language(language_of(split(path)[1])):
            return
        new = path not in self._texts
        self._texts[path] = _SURROGATES.sub("?", text) if not text.isascii() else text
        if root is not None:
            if new:
                root.nearer()
            self._later(path)

    def closed(self, path: str) -> None:
        """A document is open no more: what the disk says counts."""
        _, path = self._at(path)
        if timer := self._timers.pop(path, None):
            timer.cancel()
        if self._texts.pop(path, None) is not None:
            self.touched((path,))

    def touched(self, paths: Iterable[str]) -> None:
        """The editor says that files were made, changed or deleted on the disk."""
        for root, path in map(self._at, paths):
            if root is not None:
                self._fresh[root.path].touch(path)

    def refresh(self) -> None:
        """Hold everything against the disk: what may be read is another, or something was missed."""
        for fresh in self._fresh.values():
            fresh.rescan()

    async def keep(self) -> None:
        """Write what is known to the disk, now."""
        for root in self._roots:
            await root.keep()

    @property
    def version(self) -> tuple[tuple[int, int], ...]:
        """Another one whenever something that is known has changed."""
        return tuple((id(root.catalogue), root.catalogue.version) for root in self._roots)

    def since(self, version: tuple[tuple[int, int], ...]) -> list[str] | None:
        """The files of which something else is known than at a `version`; None: too many, or some came or went."""
        found: list[str] = []
        if len(version) != len(self._roots):
            return None
        for (catalogue, number), root in zip(version, self._roots, strict=True):
            some = root.catalogue.since(number) if catalogue == id(root.catalogue) else None
            if some is None:
                return None
            found += map(native, some)
        return found

    @property
    def waiting(self) -> int:
        """How many files are still to be read."""
        return sum(root.waiting for root in self._roots)

    def states(self) -> list[State]:
        """How far each root is."""
        return [state(root) for root in self._roots]

    def _later(self, path: str) -> None:
        if timer := self._timers.pop(path, None):
            timer.cancel()
        self._timers[path] = asyncio.get_running_loop().call_later(self._rest, self._edit, path)

    def _edit(self, path: str) -> None:
        """Parse an open document, once at a time."""
        self._timers.pop(path, None)
        root, text = self._of(path), self._texts.get(path)
        if path in self._edits:
            self._later(path)
        elif root is not None and text is not None and len(text) <= LARGEST:
            task = asyncio.get_running_loop().create_task(root.edited(path, text))
            self._edits[path] = task
            task.add_done_callback(lambda _: self._edits.pop(path, None))

    def _of(self, path: str) -> Root | None:
        """The innermost root that holds a file, by its own way to write it."""
        return next((root for root in self._roots if path.startswith(f"{root.path}/")), None)

    def _at(self, path: str) -> tuple[Root | None, str]:
        """The innermost root that holds a file, and the file as it is known there: some disks take `A` for `a`."""
        path = slashed(path)
        for root in self._roots:
            head, rest = path[: len(root.path)], path[len(root.path) :]
            if rest[:1] == "/" and (head == root.path or (root.folds and head.casefold() == root.path.casefold())):
                return root, root.spelled(root.path + rest)
        return None, path

    def _known(self, path: str) -> tuple[Catalogue, str] | None:
        root, path = self._at(path)
        return (root.catalogue, path) if root is not None and root.may(path) else None


async def _keep(root: Root) -> None:
    """Write what is known whenever it has changed and rests."""
    while True:
        await root.settled()
        await root.keep()
        await asyncio.sleep(_KEPT_EVERY)


def wide(root: str) -> bool:
    """Whether a folder is too wide to be a workspace: a whole disk, or everything a user has."""
    path = _root(root)
    return "/" not in path or path == _root(os.path.expanduser("~"))


def _root(path: str) -> str:
    return slashed(os.path.abspath(path)).rstrip("/")
