"""One root of a workspace: listed, read, parsed and kept; what changes is done anew, and nothing else."""

from __future__ import annotations

import asyncio
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from itertools import islice
from os.path import realpath
from pathlib import Path
from typing import TypeAlias

from router.context.indexing import store
from router.context.indexing.aside import aside
from router.context.indexing.catalogue import Catalogue, Stamp
from router.context.indexing.listing import Listing, folders, folds, looked, relisted, slashed
from router.context.indexing.neighbours import by_nearness, nearest, split
from router.context.indexing.reading import Source, sources
from router.context.tagging.language import language_of
from router.context.tagging.tags import Tags

PATIENCE = 30.0  # seconds that the disk or git may take
ROOM = 64_000_000  # bytes of source that are kept of one root; the packed tags take about twice as much memory
_BATCH, _AT_ONCE = 16, 3  # files that are read together, and how many such batches are under way
_SLICE = 10_000  # files, or references, that are gone through before others have their turn
_FAR = "beyond what is kept of so large a workspace"
_LOST = "its parser gave it up"
Parse: TypeAlias = Callable[[str, str, str], Awaitable["Tags | None"]]


class Root:
    """A folder and all that is known of it. Only the event loop changes it; threads read, parsers parse.

    `path` has slashes. `texts` are the open documents, which count for more than what the disk says.
    """

    def __init__(
        self, path: str, allowed: Callable[[str], bool], parse: Parse, cache: Path | None, texts: Mapping[str, str]
    ) -> None:
        self.path = path
        self.catalogue = Catalogue()
        self.listing = Listing({}, {})
        self.checked = False  # whether what is known was held against the disk
        self.folds = False  # whether the disk takes `A` and `a` for one name
        self._spelled: dict[str, str] = {}
        self.rescans = 0
        self.far = 0
        self.read = self.parsed = 0
        self.stored = -1  # bytes on the disk; -1: nobody has looked
        self._written = 0  # the version that is on the disk
        self._writing: asyncio.Task[None] | None = None
        self.place = store.place(cache, path) if cache else None
        self.home = slashed(realpath(path))
        self._allowed, self._parse, self._texts = allowed, parse, texts
        self._queue: dict[str, None] = {}
        self._idle = asyncio.Event()
        self._idle.set()
        self._work: set[asyncio.Task[None]] = set()
        self._turns: dict[str, int] = {}  # which of the parses of a file that are under way was begun last
        self._turn = 0
        self._begun = asyncio.Event()
        self._disorder = False

    @property
    def waiting(self) -> int:
        """Files that are still to be read."""
        return len(self._queue)

    def spelled(self, path: str) -> str:
        """A path as the disk writes it, where `A` and `a` are one name."""
        return self._spelled.get(path.casefold(), path) if self.folds else path

    def may(self, path: str) -> bool:
        """Whether a file that is known may be told of: what was kept is older than what may be read today."""
        return self.checked or self._allowed(path)

    @property
    def passed(self) -> Counter[str]:
        """Why files were passed over, and how many."""
        whys = Counter(kept.why for kept in self.catalogue.files if kept.why)
        return Counter(self.listing.passed) + whys + Counter({_FAR: self.far})

    async def begin(self) -> None:
        """Know what was kept, then what the disk says; what is new is read in the background."""
        with suppress(OSError):
            self.folds = await aside(partial(folds, self.path), PATIENCE)
        listing = asyncio.ensure_future(self._list())
        try:
            if self.place is not None:
                await self._recall(self.place)
            await self._compare(await listing)
        finally:
            listing.cancel()
            self._begun.set()

    async def _recall(self, place: Path) -> None:
        def catalogue() -> tuple[Catalogue, int]:
            image = store.read(place, self.path)
            return Catalogue(image), store.size(place) if image else -1

        with suppress(OSError, ValueError, MemoryError):
            self.catalogue, self.stored = await aside(catalogue, PATIENCE)

    async def _list(self) -> Listing:
        """What is there. A folder that is gone has no files; one that can't be looked at now has those it had."""
        before = self.listing
        try:
            return await aside(partial(relisted, self.path, self._allowed, before, PATIENCE), PATIENCE + 5)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return Listing({}, {})
        except OSError:
            return before

    def folders(self) -> list[str]:
        """The folders in which something may change that matters, the root first."""
        return folders(self.listing.files, self.path)

    async def rescan(self) -> None:
        """Hold all that is known against the disk. What is known stays known until then."""
        self.rescans += 1
        await self._compare(await self._list())

    async def touch(self, paths: Sequence[str]) -> None:
        """Look at some files again, which may be new or gone."""
        known = self.listing
        try:
            found = await aside(partial(looked, paths, known, self._allowed, PATIENCE), PATIENCE + 1)
        except OSError:
            return
        for path in paths:
            if path in found.files:
                self.listing.files[path] = found.files[path]
            else:
                self.listing.files.pop(path, None)
                self._forget(path)
        await self._check(found.files)

    def nearer(self) -> None:
        """Other documents are open: what is near them is read first."""
        self._disorder = True

    async def _compare(self, listing: Listing) -> None:
        chosen, self.far = await aside(partial(nearest, ROOM, listing.files, list(self._texts)), PATIENCE)
        self.listing = listing
        self._spelled = {path.casefold(): path for path in listing.files} if self.folds else {}
        for path in self.catalogue.paths():
            if path not in chosen:
                self._forget(path)
        self._queue = {path: None for path in self._queue if path in chosen}
        self.checked = self._disorder = True
        await self._check(chosen)

    def _forget(self, path: str) -> None:
        self._queue.pop(path, None)
        self._turns.pop(path, None)
        if path not in self._texts:
            self.catalogue.drop(path)

    async def _check(self, files: Mapping[str, tuple[int, int]]) -> None:
        """Have those read that are not as they were, before what waits already."""
        other: dict[str, None] = {}
        for count, (path, found) in enumerate(files.items(), 1):
            if path not in self._texts and self._differs(path, found):
                other[path] = None
            if count % _SLICE == 0:
                await asyncio.sleep(0)
        self._queue = {**other, **self._queue}
        if self._queue:
            self._idle.clear()
            for _ in range(_AT_ONCE - len(self._work)):
                task = asyncio.get_running_loop().create_task(self._pump())
                self._work.add(task)
                task.add_done_callback(self._ended)

    def _differs(self, path: str, found: tuple[int, int]) -> bool:
        kept = self.catalogue.kept(path)
        return kept is None or (kept.stamp.modified, kept.stamp.size) != found

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not self._work:
            self._idle.set()

    async def _pump(self) -> None:
        """Read and parse until nothing waits."""
        while self._queue:
            if self._disorder:
                await self._order()
            paths = list(islice(self._queue, _BATCH))
            for path in paths:
                del self._queue[path]
            try:
                read = await aside(partial(sources, paths, self.home), PATIENCE)
            except (OSError, MemoryError):
                continue
            await asyncio.gather(*(self._take(path, found) for path, found in read))

    async def _order(self) -> None:
        self._disorder = False
        with suppress(OSError):
            order = await aside(partial(by_nearness, list(self._queue), list(self._texts)), PATIENCE)
            self._queue = {path: None for path in order if path in self._queue} | self._queue

    async def _take(self, path: str, found: Source | None) -> None:
        """A file was read."""
        self.read += 1
        kept = self.catalogue.kept(path)
        if path in self._texts:
            return
        if found is None:
            self.catalogue.drop(path)
        elif kept is not None and kept.stamp.digest == found.stamp.digest:
            self.catalogue.restamp(path, found.stamp)
        elif found.why:
            self.catalogue.put(path, language_of(split(path)[1]), found.stamp, None, found.why)
        else:
            await self._tag(path, found.text, found.stamp)

    async def _tag(self, path: str, text: str, stamp: Stamp) -> None:
        language = language_of(split(path)[1])
        self._turn += 1
        self._turns[path] = turn = self._turn
        tags = await self._parse(path, language, text)
        self.parsed += 1
        said = array("I")
        for at in range(0, len(tags.references) if tags else 0, _SLICE):
            said += self.catalogue.numbers(tags.references[at : at + _SLICE]) if tags else said
            await asyncio.sleep(0)
        if self._turns.get(path) == turn:  # else it was parsed anew or deleted meanwhile
            del self._turns[path]
            stamp = stamp if tags is not None else Stamp(0, stamp.size)  # a next start may find a parser that is well
            self.catalogue.put(path, language, stamp, tags, "" if tags is not None else _LOST, said)

    async def edited(self, path: str, text: str) -> None:
        """An open document says this now."""
        await self._begun.wait()
        if not await aside(partial(self._allowed, path), PATIENCE):
            self.catalogue.drop(path)
            return
        content = text.encode()
        stamp = Stamp(0, len(content), blake2b(content, digest_size=12).digest())
        kept = self.catalogue.kept(path)
        if kept is None or kept.stamp.digest != stamp.digest:
            await self._tag(path, text, stamp)

    @property
    def idle(self) -> bool:
        """Whether nothing is left to be read."""
        return self._idle.is_set()

    async def settled(self) -> None:
        """Wait until nothing is left to be read."""
        await self._idle.wait()

    async def keep(self, patience: float = PATIENCE) -> None:
        """Write what is known to the disk, if it is not what is there; a disk that can't take it is let be."""
        while self.place is not None and self.checked and (self.stored < 0 or self.catalogue.version != self._written):
            if self._writing is None:
                self._writing = asyncio.get_running_loop().create_task(self._write(self.place))
            _, late = await asyncio.wait([self._writing], timeout=patience)
            if late:
                return

    async def _write(self, place: Path) -> None:
        """Ends by itself, whoever waits for it: the snapshot is another thread's until it has."""
        version, shot = self.catalogue.version, self.catalogue.snapshot()
        try:
            self.stored = await aside(partial(store.keep, place, self.catalogue, shot), PATIENCE)
            self.catalogue.settled()
            self._written = version
        except (OSError, MemoryError):
            self.place = None
        finally:
            self._writing = None

    async def aclose(self) -> None:
        """Stop reading."""
        self._queue.clear()
        for task in list(self._work):
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)
