"""The workspace around a request: its index, the texts of near files, what the user did; ready in memory, or absent."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from router import homes
from router.config import Config
from router.context.gathering.view import Memo, Nothing, Spot, View
from router.context.indexing.aside import aside
from router.types import Change, Document, Piece, Request
from router.workspace.branch import Branch
from router.workspace.desk import Desk
from router.workspace.gate import Gate, fit
from router.workspace.texts import Texts, prime
from router.workspace.trail import Trail

if TYPE_CHECKING:
    from router.context.gating.ignored import Ignored
    from router.context.indexing.index import Index
    from router.context.parsing.parsers import Parsers

Admission: TypeAlias = "Callable[[Sequence[str], tuple[str, ...], Ignored], Callable[[str], bool]]"

_PAGES = 48  # files that are remembered as looked into; then it is begun anew
_NEAR = 8  # files around a request whose texts are brought, whatever they say
_PATIENCE = 5.0  # seconds that a thread may take
_BROKEN = (OSError, ValueError, MemoryError, RuntimeError)  # what a thread may raise that reads what others change


class Workspace:
    """What is known of the folders that are open. Nothing here waits, and nothing that is missing is an error.

    `start` makes it know; before, after `aclose`, and where the settings switch it off, it knows nothing. `desk` has
    the open documents, `gate` says what may be shown. `cache` is where the index is kept (None: the user's place for
    it); `watch`: the folders are watched for changes.
    """

    def __init__(
        self,
        config: Config,
        gate: Gate,
        desk: Desk,
        roots: Sequence[str] = (),
        cache: Path | None = None,
        watch: bool = True,
    ) -> None:
        self.trail = Trail()
        self.texts = Texts(gate.shows)
        self._config, self._gate, self._desk = config, gate, desk
        self.roots, self._cache, self._watch = tuple(roots), cache, watch
        self._allowed: Callable[[str], bool] = gate.shows
        self._index: Index | None = None
        self._parsers: Parsers | None = None
        self._memo = Memo()
        self._version: tuple[tuple[int, int], ...] = ()
        self._branch = Branch()
        self._wanted = False
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    # From the first folder to the last

    async def start(self) -> None:
        """Know the folders: what was kept at once, what is new in the background. No failure of it is anybody's."""
        self._wanted = True
        await self._spawn(self._adapt())

    def configure(self, config: Config) -> None:
        """Take new settings: it may have been switched on or off, and other files may be shown."""
        before, self._config = self._config, config
        if self._wanted and (config.context.workspace, config.privacy) != (before.context.workspace, before.privacy):
            self._spawn(self._adapt())

    def over(self, roots: Sequence[str]) -> None:
        """The workspace has these folders from now on."""
        self.roots = tuple(roots)
        if self._wanted:
            self._spawn(self._adapt())

    async def settled(self) -> None:
        """Wait until all that there is has been read."""
        await asyncio.gather(*self._tasks)
        if self._index is not None:
            await self._index.settled()

    async def aclose(self) -> None:
        """Write what is known, and know nothing any more."""
        self._wanted = False
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        async with self._lock:
            await self._leave()

    async def _adapt(self) -> None:
        """Be as the folders and the settings want it, one change after the other."""
        async with self._lock:
            if not (self._wanted and self.roots and self._config.context.workspace):
                await self._leave()
                return
            index, parsers, admission = await asyncio.to_thread(_machinery)
            self._allowed = admission(self.roots, self._config.privacy.exclude, self._gate.ignored)
            self.texts.clear()
            self._branch.forget()
            if self._index is not None:
                self._index.refresh()
            else:
                self._parsers = parsers()
                heard, place = self._gate.ignored.changed, self._place()
                self._index = index(self.roots, self.admits, self._parsers.tags, place, heard, self._watch)
                for document in self._desk.documents():
                    self._tell(document)
            with suppress(OSError):  # a folder on a drive that does not answer; whoever watches looks again
                await self._index.over(self.roots)

    async def _leave(self) -> None:
        index, parsers, self._index, self._parsers = self._index, self._parsers, None, None
        self.texts.clear()
        self._memo = Memo()
        if index is not None:
            await index.aclose()
        if parsers is not None:
            await parsers.aclose()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _place(self) -> Path:
        return self._cache or Path(homes.cache(os.environ, os.path.expanduser("~"), sys.platform))

    def admits(self, path: str) -> bool:
        """In threads, too: ignore files that nobody has read are read."""
        return self._allowed(path)

    # What happens in the editor

    def opened(self, document: Document) -> None:
        """A document was opened."""
        self._tell(document)

    def edited(self, document: Document, changes: Sequence[Change]) -> None:
        """`changes`, in order, made the text what it is in `document`."""
        self.trail.edited(document.path, changes)
        self._tell(document)

    def closed(self, path: str) -> None:
        """A document was closed."""
        if self._index is not None:
            self._index.closed(path)

    def touched(self, paths: Sequence[str]) -> None:
        """Files were made, changed or deleted on the disk."""
        if self._index is not None:
            self._index.touched(paths)

    def _tell(self, document: Document) -> None:
        if self._index is not None and fit(document):
            self._index.changed(document.path, document.text)

    # What is known

    @property
    def known(self) -> bool:
        """Whether pieces may come from here at all."""
        return self._index is not None

    def paths(self) -> list[str]:
        """The files that are known and may be shown."""
        return self._index.paths() if self._index is not None else []

    def shows(self, path: str) -> bool:
        """Whether anything of a file may stand in a prompt, by what is known now. From memory."""
        document = self._desk.document(path)
        return not self._gate.reason(document) if document else self._gate.shows(path)

    def view(self, request: Request, frames: Sequence[Spot] = (), changed: Sequence[Spot] = ()) -> View:
        """What surrounds a request now. `frames` are those of a traceback, the innermost last, `changed` the stretches
        that the request is about, or the branch; of files whose texts are not there nothing is shown."""
        version = self._index.version if self._index else ()
        if version != self._version or len(self._memo.pages) > _PAGES:
            others = self._index.since(self._version) if self._index and len(self._memo.pages) <= _PAGES else None
            if others is None:
                self._memo = Memo()
            else:
                self._memo.forget(others)
            self._version = version
        path = request.document.path
        view = View(
            index=self._index or Nothing(),
            text=self.text,
            edits=self.trail.edits,
            visited=self.trail.visited,
            diagnostics=tuple(Spot(path, it.span, it.message) for it in request.diagnostics),
            changed=tuple(changed),
            frames=tuple(frames),
            memo=self._memo,
        )
        return view if changed else self._branch.over(view, path)

    def files(self) -> list[str]:
        """The files that are known, and those that are open, as far as they may be shown."""
        opened = [it.path for it in self._desk.documents() if self.shows(it.path)]
        return opened if self._index is None else [*self._index.paths(), *opened]

    async def bring(self, paths: Iterable[str]) -> None:
        """Have the texts of these files as the disk has them now, but for those that are open."""
        await self.texts.bring([it for it in paths if not self._desk.document(it)], self.roots, self.admits)

    def text(self, path: str) -> str | None:
        """A file as it may be shown: an open document's own text, or what was brought; the same while unchanged."""
        document = self._desk.document(path)
        if document is None:
            return self.texts.get(path)
        return document.text if fit(document) and not self._gate.reason(document) else None

    async def fetch(self, request: Request, also: Sequence[str] = ()) -> tuple[str, ...]:
        """Bring the texts that a view of the request will look into, and those of `also`; those that are there are
        held against the disk. The files that have most to do with the request, in that order.

        What takes long is done in a thread: what it reads while the index changes is there or not, and if that breaks
        it off, it is done when it is needed.
        """
        if self._index is None:
            return ()
        from router.context.gathering import gather

        if self._branch.due(asyncio.get_running_loop().time()):
            self._spawn(self._branch.look(self.roots))
        path, view = request.document.path, self.view(request)
        opened = [it for it in self._desk.documents() if fit(it) and not self._gate.reason(it)]
        spots = [it.path for it in (*view.edits, *view.visited)]
        wanted = dict.fromkeys((*also, *spots, *self._branch.files(path), *view.near(path)[:_NEAR]))
        found: tuple[str, ...] = ()
        with suppress(*_BROKEN):
            found = await aside(partial(prime, request, opened, view), _PATIENCE)
        await self.bring((*wanted, *found))
        with suppress(*_BROKEN):
            await aside(partial(gather.prepare, request, view), _PATIENCE)
        return found

    def pieces(
        self, request: Request, view: View, shown: str, budget: float, kept: Sequence[Piece] = ()
    ) -> list[Piece]:
        """The pieces to show beside `shown` in at most `budget` tokens; `kept` are those of last time. From memory.

        The code around a traceback's frames comes first, as it stands; it may take half of them.
        """
        if self._index is None or budget <= 0:
            return []
        from router.context.gathering import gather
        from router.traces.code import around

        code = around(view, request.document.path, shown, budget / 2) if view.frames else []
        beside = "\n".join((shown, *(it.text for it in code)))
        left = budget - sum(gather.by_characters(it.text) for it in code)
        still = [it for it in kept if self._stands(it.path)]
        found = [*code, *gather.pieces(request, view, beside, int(left), still)]
        return [it for it in found if self.shows(it.path)]

    def _stands(self, path: str) -> bool:
        """Whether a file is still there, as far as is known."""
        assert self._index is not None
        return self.text(path) is not None or self._index.tags(path) is not None


def _machinery() -> tuple[type[Index], type[Parsers], Admission]:
    """What takes long to import, and is not needed by whoever has no workspace."""
    from router.context.gathering import gather, similar  # noqa: F401  # here, so that no keystroke waits for them
    from router.context.indexing.admission import admission
    from router.context.indexing.index import Index
    from router.context.parsing.parsers import Parsers

    return Index, Parsers, admission
