"""Writes the ledger to its file, in a thread of its own: the event loop only leaves lines here."""

from __future__ import annotations

import threading
from collections.abc import Callable

from router import BadLedger
from router.ledger import book
from router.types import Turn

BATCH = 0.5  # seconds in which lines gather before they are written together
RETRY = 30.0  # seconds until a file that could not be written is tried again
KEPT = 1000  # of the lines written last, those that can still be amended
MOST = 10_000  # lines that wait in memory, for as long as the file can't take them


class Journal:
    """Lines on their way into the file at `path`; `note` hears, once and in the writer's thread, what goes wrong.

    What can't be written now waits and is tried again. The thread begins with the first line.
    """

    def __init__(
        self, path: str, days: int, note: Callable[[str], object], batch: float = BATCH, retry: float = RETRY
    ) -> None:
        self._path, self._days, self._note = path, days, note
        self._batch, self._retry = batch, retry
        self._waiting: dict[int, Turn] = {}
        self._lock = threading.Lock()
        self._some, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._book: book.Book | None = None
        self._rows: dict[int, int] = {}  # where the lines are that can still be amended; 0: nowhere any more
        self._file = (0, 0)
        self._told = ""
        self.lost = 0  # lines that came while too many waited

    def put(self, number: int, turn: Turn) -> None:
        """Have a line written; one with a number that was put before takes the place of that."""
        with self._lock:
            if number not in self._waiting and len(self._waiting) >= MOST:
                self.lost += 1
                return
            self._waiting[number] = turn
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="switchyard-ledger", daemon=True)
                self._thread.start()
        self._some.set()

    def close(self, patience: float = 1.0) -> bool:
        """Write what waits and end, within `patience` seconds; whether all of it is on the disk."""
        self._closing.set()
        self._some.set()
        if self._thread is not None:
            self._thread.join(patience)
        return not self._waiting

    def _run(self) -> None:
        pause = self._batch
        while True:
            self._some.wait()
            ending = self._closing.wait(pause)
            self._some.clear()
            pause = self._batch if self._write() else self._retry
            if ending:
                break
            if self._waiting:
                self._some.set()
        self._give_back()

    def _write(self) -> bool:
        """Write what waits; False if the file could not take it."""
        with self._lock:
            turns = dict(self._waiting)
        try:
            self._into_the_file(turns)
        except BadLedger as error:
            self._give_back()
            self._tell(f"{error} Lines wait in memory meanwhile.")
            return False
        with self._lock:
            for number, turn in turns.items():
                if self._waiting.get(number) is turn:
                    del self._waiting[number]
        self._told = ""
        return True

    def _into_the_file(self, turns: dict[int, Turn]) -> None:
        """Raises BadLedger. A damaged file is moved aside, and a new one begun."""
        try:
            self._enter(turns)
        except book.Damaged:
            self._give_back()
            try:
                self._enter(turns)  # another server may have mended it already
            except book.Damaged:
                self._give_back()
                away = book.aside(self._path)
                self._enter(turns)
                self._tell(f"The ledger was damaged; it is now {away}, and a new one was begun.")

    def _enter(self, turns: dict[int, Turn]) -> None:
        open_book = self._open()  # which may find that the rows are those of another file
        self._rows |= open_book.write(turns, self._rows)
        for number in list(self._rows)[: max(0, len(self._rows) - KEPT)]:
            del self._rows[number]

    def _open(self) -> book.Book:
        if self._book is not None and self._book.identity != book.identity(self._path):
            self._give_back()
            self._file = (0, 0)
        if self._book is None:
            self._book = book.Book(self._path, self._days)
            if self._book.identity != self._file:
                self._file, self._rows = self._book.identity, dict.fromkeys(self._rows, 0)
        return self._book

    def _give_back(self) -> None:
        open_book, self._book = self._book, None
        if open_book is not None:
            try:
                open_book.close()
            except BadLedger as error:
                self._tell(str(error))

    def _tell(self, sentence: str) -> None:
        if sentence != self._told:
            self._told = sentence
            self._note(sentence)
