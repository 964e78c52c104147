"""The ledger's file: a SQLite database with one line per turn, which several servers may write to at once."""

from __future__ import annotations

import math
import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from router import BadLedger, homes
from router.types import Turn

if TYPE_CHECKING:  # importing it takes 10 ms, which is for the thread that needs it
    import sqlite3

VERSION = 1
MARK = 0x53595244  # PRAGMA application_id: this database is a ledger of ours
PATIENCE = 2.0  # seconds to wait for another process that writes

_SCHEMA = """
CREATE TABLE IF NOT EXISTS turns (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    task TEXT NOT NULL,
    engine TEXT NOT NULL,
    model TEXT NOT NULL,
    outcome TEXT NOT NULL,
    why TEXT NOT NULL,
    fate TEXT NOT NULL,
    path TEXT NOT NULL,
    queued_ms REAL NOT NULL,
    first_ms REAL NOT NULL,
    total_ms REAL NOT NULL,
    prefill_ms REAL NOT NULL,
    decode_ms REAL NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    reused_tokens INTEGER NOT NULL,
    answer_tokens INTEGER NOT NULL,
    joules REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS turns_at ON turns (at);
CREATE INDEX IF NOT EXISTS turns_model ON turns (engine, model);
"""
COLUMNS = Turn.__struct_fields__
LINE = ", ".join(COLUMNS)
_INSERT = f"INSERT INTO turns ({LINE}) VALUES ({', '.join('?' * len(COLUMNS))})"
_MOST = (1 << 63) - 1
_WAYS_OUT = {
    "full": "the disk is full; free some space",
    "locked": "another program holds it",
    "busy": "another program holds it",
}


class Damaged(BadLedger):
    """The file is no database, or a broken one."""


def place(env: Mapping[str, str], home: str, platform: str = sys.platform) -> str:
    """Where the ledger is kept."""
    return str(homes.state(env, home, platform) / "ledger.db")


class Book:
    """The file, open for writing, for one thread. Every method raises BadLedger, with a sentence for the user.

    Opening makes the file if there is none, readable for its owner only, and drops lines older than `days`.
    """

    def __init__(self, path: str, days: int, now: float | None = None) -> None:
        self.path = path
        with sentences(path), ExitStack() as undo:
            _make(path)
            self.identity = identity(path)
            self._base = undo.enter_context(closing(connect(path)))
            self._begin()
            self._prune(days, time.time() if now is None else now)
            undo.pop_all()

    def _begin(self) -> None:
        check(self._base, self.path)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute("PRAGMA synchronous = NORMAL")
        with _transaction(self._base):
            for statement in _SCHEMA.split(";"):
                self._base.execute(statement)
            self._base.execute(f"PRAGMA application_id = {MARK}")
            self._base.execute(f"PRAGMA user_version = {VERSION}")

    def _prune(self, days: int, now: float) -> None:
        """Age counts from the newest line, not beyond today: a clock that runs ahead must not empty the ledger."""
        (newest,) = self._base.execute("SELECT max(at) FROM turns").fetchone()
        if newest is not None:
            self._base.execute("DELETE FROM turns WHERE at < ?", (min(now, newest) - days * 86400.0,))

    def write(self, turns: Mapping[int, Turn], rows: Mapping[int, int]) -> dict[int, int]:
        """Write lines, all or none; by their numbers, the rows of those that are new.

        A line whose row is known is amended there: its fate and its joules.
        """
        written: dict[int, int] = {}
        with sentences(self.path), _transaction(self._base):
            for number, turn in turns.items():
                if number in rows:
                    amended = (turn.fate, turn.joules, rows[number])
                    self._base.execute("UPDATE turns SET fate = ?, joules = ? WHERE id = ?", amended)
                else:
                    written[number] = self._base.execute(_INSERT, _values(turn)).lastrowid or 0
        return written

    def close(self) -> None:
        """Give the file back; what is written stays written."""
        with sentences(self.path):
            self._base.close()


def aside(path: str) -> str:
    """Move a damaged file out of the way; where it is now. Raises BadLedger."""
    away = f"{path}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    with sentences(path):
        os.replace(path, away)
        for ending in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.replace(path + ending, away + ending)
    return away


def _values(turn: Turn) -> tuple[object, ...]:
    return tuple(_storable(getattr(turn, name)) for name in COLUMNS)


def _storable(value: object) -> object:
    """What SQLite can hold of a value; counts and times come from engines, which may say anything."""
    if isinstance(value, int):
        return max(-1, min(value, _MOST))
    if isinstance(value, float):
        return value if math.isfinite(value) else 0.0
    return str(value).encode("utf-8", "replace").decode()


def _make(path: str) -> None:
    """The file and its folder, for the owner only; SQLite gives what it puts beside it the same permissions."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise BadLedger(f"{path} is not a regular file; the ledger is not kept.")
    finally:
        os.close(handle)


def identity(path: str) -> tuple[int, int]:
    """Which file stands at a path; zeros: none."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def connect(path: str, mode: str = "rw") -> sqlite3.Connection:
    """The file, which must be there; each statement is a transaction of its own."""
    import sqlite3

    return sqlite3.connect(f"{Path(path).as_uri()}?mode={mode}", uri=True, timeout=PATIENCE, isolation_level=None)


def check(base: sqlite3.Connection, path: str) -> bool:
    """Whether there is a ledger in it yet. Raises BadLedger for what is no ledger, or one of another time."""
    base.execute("BEGIN")  # one moment for all three: another server may just be making the ledger
    try:
        (tables,) = base.execute("SELECT count(*) FROM sqlite_master").fetchone()
        (mark,) = base.execute("PRAGMA application_id").fetchone()
        (version,) = base.execute("PRAGMA user_version").fetchone()
    finally:
        base.execute("COMMIT")
    if tables and mark != MARK:
        raise BadLedger(f"{path} is somebody else's database; move it away.")
    if version > VERSION:
        raise BadLedger(f"{path} was written by a newer Switchyard; update this one, or move the file away.")
    return bool(tables)


@contextmanager
def _transaction(base: sqlite3.Connection) -> Iterator[None]:
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
        base.execute("COMMIT")
    finally:
        if base.in_transaction:
            base.execute("ROLLBACK")


@contextmanager
def sentences(path: str) -> Iterator[None]:
    """What goes wrong inside, as a BadLedger."""
    try:
        import sqlite3
    except ImportError as error:
        raise BadLedger("This Python was built without SQLite; the ledger is not kept.") from error
    try:
        yield
    except OSError as error:
        raise BadLedger(f"The ledger {path} can't be used: {error.strerror or 'the system refuses it'}.") from error
    except sqlite3.Error as error:
        if type(error) is sqlite3.DatabaseError:  # those of its kind that say more are not about the file's content
            raise Damaged(f"The ledger {path} is damaged; to begin anew: switchyard stats --forget") from error
        way = next((way for word, way in _WAYS_OUT.items() if word in str(error)), f"{error}; look at its permissions")
        raise BadLedger(f"The ledger {path} can't be used: {way}.") from error
