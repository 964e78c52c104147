"""The documents that are open, as the router keeps them from one request to the next: text, tree and window."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from router.completing.run import Run
from router.context.syntax import Clock, Syntax
from router.context.window import Window
from router.types import Change, Document, Piece, Request

IDLE = 0.01  # seconds after an edit at which the tree is brought up to date, off the keystroke's way
LEAST_ROOM = 1 / 8  # of the engine's window, however often it calls a prompt too long


class Open:
    """One open document; `asked` is when it was last asked about, `latest` the request that asked."""

    def __init__(self, document: Document, clock: Clock) -> None:
        self.document = document
        self.syntax = Syntax(document.language, document.text, clock)
        self.window: Window | None = None
        self.pieces: tuple[Piece, ...] = ()  # of other files, as its prompts show them
        self.ready: tuple[Piece, ...] | None = None  # those that are to take their place
        self.near: tuple[str, ...] = ()  # the files that have most to do with it, those first
        self.asked = float("-inf")
        self.latest: Request | None = None
        self.run: Run | None = None
        self.room = 1.0  # the share of the engine's window that a prompt may fill; less after it was too much
        self.closed = False
        self.refresh: asyncio.TimerHandle | None = None
        self.later: asyncio.TimerHandle | None = None
        self.ahead: asyncio.Task[None] | None = None  # what is done ahead of the next keystroke
        self.laid = False  # its window was laid out while the user rested, and not used yet

    def smaller(self) -> None:
        """The engine called a prompt too long: the next one is half as long."""
        self.room, self.window = max(LEAST_ROOM, self.room / 2), None
        self.pieces, self.ready = (), None

    def close(self) -> None:
        """Nothing more is done for it."""
        self.closed = True
        self.stir()
        if self.refresh is not None:
            self.refresh.cancel()

    def stir(self) -> None:
        """Something is typed, or asked: what is done ahead of it is given up."""
        for work in (self.later, self.ahead):
            if work is not None:
                work.cancel()
        self.later = self.ahead = None


class Desk:
    """The open documents by path, the one edited last at the end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Open] = {}

    def opened(self, document: Document) -> None:
        """A document was opened; its first parse follows when the loop is idle."""
        self._open[document.path] = Open(document, self._clock)
        self._refresh_soon(self._open[document.path])

    def edited(self, document: Document, changes: Sequence[Change]) -> None:
        """`changes`, in order, made the text what it is in `document`; costs no parse."""
        kept = self._open.pop(document.path, None)
        if kept is None:
            self.opened(document)
            return
        self._open[document.path] = kept
        kept.document = document
        kept.stir()
        kept.syntax.edited(changes, document.text)
        self._refresh_soon(kept)

    def closed(self, path: str) -> None:
        """A document was closed: nothing is kept of it."""
        kept = self._open.pop(path, None)
        if kept is not None:
            kept.close()

    def kept(self, document: Document) -> Open:
        """What is kept of a document; of one that nobody opened, from now on."""
        if document.path not in self._open:
            self._open[document.path] = Open(document, self._clock)
        return self._open[document.path]

    def run(self, path: str) -> Run | None:
        """What an engine is saying, or has last said, for a document."""
        kept = self._open.get(path)
        return kept.run if kept else None

    def paths(self) -> list[str]:
        """Which documents are open."""
        return list(self._open)

    def stir(self) -> None:
        """What is done ahead of anything is given up."""
        for kept in self._open.values():
            kept.stir()

    def document(self, path: str) -> Document | None:
        """What an open document says; None: it is not open."""
        kept = self._open.get(path)
        return kept.document if kept else None

    def documents(self) -> list[Document]:
        """All that are open, the one edited last at the end."""
        return [kept.document for kept in self._open.values()]

    def beside(self, document: Document) -> list[Document]:
        """The other open documents in this one's language, the one edited last at the end."""
        others = [kept.document for path, kept in self._open.items() if path != document.path]
        return [other for other in others if other.language == document.language]

    def _refresh_soon(self, kept: Open) -> None:
        """Bring the document's tree up to date, slice by slice, once no key has come for a moment."""

        def refresh() -> None:
            kept.refresh = None if kept.syntax.refresh() else loop.call_later(IDLE, refresh)

        loop = asyncio.get_running_loop()
        if kept.refresh is not None:
            kept.refresh.cancel()
        kept.refresh = loop.call_later(IDLE, refresh)
