"""Which documents may be shown to an engine at all: by name, by the settings, by the workspace's ignore files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from router.config import Config
from router.context import privacy
from router.context.gating.ignored import UNREAD, Ignored
from router.context.indexing.admission import links, real_path
from router.context.indexing.listing import slashed
from router.types import LARGEST, Document

AGAIN = 5.0  # seconds after which the ignore files of a document's folders are looked at again


class Gate:
    """Held by the router, asked at each request: from memory, but for the first time in a folder."""

    def __init__(self, config: Config, roots: Sequence[str], clock: Callable[[], float]) -> None:
        self.config = config
        self.ignored, self._clock = Ignored(roots), clock
        self._links = links(roots)
        self._looked: dict[str, float] = {}
        self._tasks: set[asyncio.Task[str]] = set()
        self._lock = asyncio.Lock()

    def enter(self, roots: Sequence[str]) -> None:
        """The workspaces are these from now on. Touches the disk."""
        self.ignored.roots(roots)
        self._links = links(roots)

    def reason(self, document: Document) -> str:
        """What keeps a document out of every prompt; empty: nothing does. From memory."""
        patterns = self.config.privacy.exclude
        return privacy.reason(document.path, document.real, patterns, self.ignored.reason)

    def shows(self, path: str) -> bool:
        """Whether a file below one of the roots, to which no link but a root's own leads, may be shown. From memory:
        what nobody has read the ignore files of may not."""
        real = real_path(slashed(path), self._links)
        return not privacy.reason(path, real, self.config.privacy.exclude, self.ignored.reason)

    async def known(self, document: Document) -> str:
        """The same; where nobody has read the ignore files of its folders yet, they are read first."""
        why = self.reason(document)
        if UNREAD in why:
            return await self._read(document)
        if self._clock() - self._looked.get(document.path, float("-inf")) > AGAIN:
            self.look(document)
        return why

    def look(self, document: Document) -> None:
        """Read the ignore files of the document's folders in the background, or see that they are as they were."""
        task = asyncio.get_running_loop().create_task(self._read(document))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, document: Document) -> str:
        """What keeps the document out, by what its folders' ignore files say now. One after the other: whoever finds a
        folder changed forgets it, and would take from another what that one has just read."""
        async with self._lock:
            self._looked[document.path] = self._clock()
            await self.ignored.loaded([path for path in (document.path, document.real) if path])
            return self.reason(document)

    async def aclose(self) -> None:
        """Give up what is being read."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def fit(document: Document) -> bool:
    """Whether a document is text, and not too long to be looked at."""
    return len(document.text) <= LARGEST and "\0" not in document.text
