"""Keeps a root as the disk is: single files at once, a flood of them by one rescan when it has passed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from router.context.indexing import git
from router.context.indexing.aside import aside
from router.context.indexing.listing import Listing, slashed
from router.context.indexing.neighbours import split
from router.context.indexing.root import PATIENCE, Root
from router.context.indexing.watch import Batch, Watch
from router.context.tagging.language import language, language_of

FLOOD = 256  # files after which a rescan is cheaper, and safer: a flood is when the system loses some
_LONGEST = 20.0  # seconds that a rescan waits for a flood to end
_STUCK = 10.0  # seconds without a change after which git's lock is no reason to wait any more
_LEFT = 600.0  # seconds after which a lock was left behind by a git that is no more
_RETRY = (1.0, 30.0)  # seconds until it is tried again to watch, the first time and at most
_RULES = (".aiexclude",)
_TOOLS = frozenset({"__pycache__", "node_modules"})


class Fresh:
    """Hears of changes, waits until they are over, and has the root look.

    `heard` gets the paths of ignore files that have changed; `quiet` is how many seconds without a change are an end.
    """

    def __init__(self, root: Root, heard: Callable[[str], object], quiet: float = 0.7) -> None:
        self.root = root
        self._quiet, self._told = quiet, heard
        self._touched: set[str] = set()
        self._stale = self._anew = False
        self._some = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._heard = 0.0
        self._folders: frozenset[str] = frozenset()
        self._fresh: list[str] = []  # folders that are about to be watched and were not before
        self._since = time.time()
        self._git: str | None = None
        self._watch = Watch(self._hear, self._lost)
        self._retry = _RETRY[0]
        self.watched = asyncio.Event()
        self.calm = asyncio.Event()  # nothing was heard of that was not looked at
        self.calm.set()
        self._odd: set[str] = set()  # paths that may be folders
        self._asides: set[asyncio.Task[None]] = set()

    async def run(self, watch: bool) -> None:
        """Look whenever there is something to be looked at; ends only by being cancelled."""
        try:
            if watch:
                await self._over()
            while True:
                await self._some.wait()
                if self._odd and not self._stale:
                    await self._sort()
                if self._stale or len(self._touched) > FLOOD:
                    await self._calm()
                await self._look(watch)
        finally:
            self._watch.close()

    def touch(self, path: str) -> None:
        """This may have changed."""
        self._say(path, split(path)[1])
        self._wake()

    def rescan(self) -> None:
        """Anything may have changed."""
        self._stale = True
        self._wake()

    def _wake(self) -> None:
        self._heard = self._loop.time()
        self._some.set()
        self.calm.clear()

    async def _look(self, watch: bool) -> None:
        self._some.clear()
        touched, stale, self._touched, self._stale = sorted(self._touched), self._stale, set(), False
        if stale or len(touched) > FLOOD:
            self._since = time.time()
            await self.root.rescan()
            if watch and (self._anew or self._folders != frozenset(self.root.folders())):
                await self._over()
        elif touched:
            await self.root.touch(touched)
        if not self._some.is_set():
            self.calm.set()

    async def _sort(self) -> None:
        """A new folder may hold anything."""
        odd, self._odd = self._odd, set()
        with suppress(OSError):
            self._stale |= await aside(lambda: any(map(os.path.isdir, odd)), PATIENCE)

    async def _calm(self) -> None:
        """Wait until nothing was heard for a while and git is not at work."""
        began = self._loop.time()
        while self._loop.time() < began + _LONGEST or await self._git_works():
            still = self._loop.time() - self._heard
            if still >= _STUCK or (still >= self._quiet and not await self._git_works()):
                return
            await asyncio.sleep(max(self._quiet - still, 0.05))

    async def _git_works(self) -> bool:
        """Whether git holds its index: a checkout does until it is through."""
        if self._git is None:
            return False
        try:
            made = await aside(partial(os.path.getmtime, f"{self._git}/index.lock"), PATIENCE)
        except OSError:
            return False
        return time.time() - made < _LEFT

    async def _over(self) -> None:
        """Watch all folders of the root, and git's."""
        self._anew = False
        try:
            self._git = await aside(partial(git.kept_in, self.root.path), PATIENCE)
        except OSError:
            self._git = None
        folders = self.root.folders()
        self._fresh = [it for it in folders if it not in self._folders]
        self._folders = frozenset(folders)
        self._watch.over(folders, (self._git,) if self._git else ())

    def _hear(self, batch: Batch) -> None:
        if not batch.there and not batch.gone:
            self._settle()
            return
        for path in map(self._named, batch.there | batch.gone):
            folder, name = split(path)
            if folder == self._git:
                self._stale |= name in ("HEAD", "index")
                self._heard = self._loop.time()
            elif path in self._folders:
                self._stale = self._anew = True
            elif folder in self._folders:
                self._say(path, name)
        if self._stale or self._touched or self._odd:
            self._wake()

    def _say(self, path: str, name: str) -> None:
        if path in self.root.listing.files or language(language_of(name)):
            self._touched.add(path)
        elif name in _RULES or (name.startswith(".") and name.endswith("ignore")):
            self._told(path)
            self._stale = True
        elif not name.startswith(".") and name not in _TOOLS:
            self._odd.add(path)

    def _named(self, path: str) -> str:
        """A path as the root names it: macOS tells where the links lead."""
        path = slashed(path)
        root = self.root
        if root.home != root.path and path.startswith(f"{root.home}/"):
            return root.path + path[len(root.home) :]
        return path

    def _settle(self) -> None:
        """The folders are watched now; what changed between the listing and now was not heard of."""
        self._retry = _RETRY[0]
        self.watched.set()
        folders, self._fresh = self._fresh, []
        self._aside(self._missed(folders))

    async def _missed(self, folders: Sequence[str]) -> None:
        try:
            touched, stale = await aside(partial(_missed, folders, self.root.listing, self._folders, self._since), 60.0)
        except OSError:
            return
        if stale:
            self.rescan()
        if touched:
            self._touched.update(touched)
            self._wake()

    def _lost(self, _reason: str) -> None:
        """There is no watching, or no more: hold everything against the disk now and then, and try again."""
        self._aside(self._again(self._retry))
        self._retry = min(self._retry * 2, _RETRY[1])

    async def _again(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self._anew = True
        self.rescan()

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)


def _missed(folders: Sequence[str], listing: Listing, watched: frozenset[str], since: float) -> tuple[list[str], bool]:
    """Files in these folders that are not as they were listed, and whether there are new folders."""
    touched: list[str] = []
    stale = False
    for folder in folders:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    path = slashed(entry.path)
                    found = entry.stat(follow_symlinks=False)
                    known = listing.files.get(path)
                    if known is not None:
                        touched += [path] if known != (found.st_mtime_ns, found.st_size) else []
                    elif found.st_ctime >= since - 2 and path not in watched:
                        is_folder = entry.is_dir(follow_symlinks=False)
                        stale |= is_folder and entry.name not in _TOOLS and not entry.name.startswith(".")
                        touched += [path] if not is_folder and language(language_of(entry.name)) else []
        except OSError:
            stale = True
    return touched, stale
