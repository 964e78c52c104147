"""What was reviewed, found and dismissed, kept on the disk from one start to the next; bounded, and never in the way.

No code is in it but what findings quote; files are known by a hash of their path. A file that can't be used is as if
there were none: what it should keep lasts as long as the program then.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import msgspec
from msgspec.structs import replace

from router import homes
from router.context.gating.secrets import masked
from router.types import Finding

if TYPE_CHECKING:  # importing it takes 10 ms, which is for the thread that needs it
    import sqlite3

MOST = {"seen": 50_000, "found": 4_000, "dismissed": 10_000, "never": 1_000}  # rows of each table; the oldest go
PATIENCE = 2.0  # seconds to wait for another process that writes
_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (path TEXT, digest TEXT, at REAL, PRIMARY KEY (path, digest));
DROP TABLE IF EXISTS kept; -- in which an earlier version wrote paths
CREATE TABLE IF NOT EXISTS found (key TEXT PRIMARY KEY, findings BLOB, at REAL);
CREATE TABLE IF NOT EXISTS dismissed (print TEXT, root TEXT, rule TEXT, at REAL, PRIMARY KEY (print, root));
CREATE TABLE IF NOT EXISTS never (rule TEXT, root TEXT, at REAL, PRIMARY KEY (rule, root));
"""
_decoder = msgspec.json.Decoder(tuple[Finding, ...])
T = TypeVar("T")
Row: TypeAlias = "tuple[Any, ...]"


class Dismissals(msgspec.Struct, frozen=True):
    """What is not wanted in one workspace: findings by their fingerprint, and whole rules."""

    prints: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()

    def unwanted(self, mark: str, rule: str) -> bool:
        """Whether a finding with this fingerprint and rule was dismissed."""
        return mark in self.prints or rule in self.rules


class Memory:
    """One file, which several programs may use at once; None: in memory only. Every method may touch the disk."""

    def __init__(self, file: Path | None, clock: Callable[[], float] = time.time) -> None:
        self._file, self._clock = file, clock
        self._lock = threading.Lock()
        self._own: sqlite3.Connection | None = None  # where there is no file

    # What was reviewed

    def seen(self, path: str) -> frozenset[str]:
        """The digests of what was reviewed of a file when it was last looked at; none: it never was."""
        return frozenset(str(row[0]) for row in self._rows("SELECT digest FROM seen WHERE path = ?", _hashed(path)))

    def saw(self, path: str, digests: Iterable[str]) -> None:
        """These are what was reviewed of a file now."""
        hashed, now = _hashed(path), self._clock()
        rows = [(hashed, it, now) for it in digests]

        def write(base: sqlite3.Connection) -> None:
            base.execute("DELETE FROM seen WHERE path = ?", (hashed,))
            base.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", rows)
            _bound(base, "seen")

        self._do(write, None)

    def kept(self, key: str) -> tuple[Finding, ...] | None:
        """What was found at this key, of no path; None: nobody has looked."""
        for row in self._rows("SELECT findings FROM found WHERE key = ?", _hashed(key)):
            with suppress(msgspec.MsgspecError, TypeError):
                return _decoder.decode(row[0])
        return None

    def keep(self, key: str, findings: Sequence[Finding]) -> None:
        """Findings of a key; none is something to keep, too. What quotes a secret is not, nor is what came with it."""
        if any(masked(it.quote) != it.quote for it in findings):
            return
        bare = tuple(replace(it, path="", also=()) for it in findings)
        with suppress(UnicodeEncodeError):  # a lone surrogate in a quote: it will be looked for again
            said = msgspec.json.encode(bare)
            self._write("found", "INSERT OR REPLACE INTO found VALUES (?, ?, ?)", _hashed(key), said)

    # What is not wanted

    def dismissals(self, root: str) -> Dismissals:
        """What was dismissed in a workspace."""
        prints = self._rows("SELECT print FROM dismissed WHERE root = ?", _hashed(root))
        rules = self._rows("SELECT rule FROM never WHERE root = ?", _hashed(root))
        return Dismissals(frozenset(str(row[0]) for row in prints), frozenset(str(row[0]) for row in rules))

    def dismiss(self, mark: str, rule: str, root: str) -> int:
        """A finding is not wanted; how many of its rule are not, now."""
        self._write("dismissed", "INSERT OR REPLACE INTO dismissed VALUES (?, ?, ?, ?)", mark, _hashed(root), rule)
        return len(self._rows("SELECT 1 FROM dismissed WHERE root = ? AND rule = ?", _hashed(root), rule))

    def never(self, rule: str, root: str) -> None:
        """A whole rule is not wanted in a workspace."""
        self._write("never", "INSERT OR REPLACE INTO never VALUES (?, ?, ?)", rule, _hashed(root))

    # The file

    def _rows(self, said: str, *values: object) -> list[Row]:
        def read(base: sqlite3.Connection) -> list[Row]:
            return base.execute(said, values).fetchall()

        return self._do(read, [])

    def _write(self, table: str, said: str, *values: object) -> None:
        def write(base: sqlite3.Connection) -> None:
            base.execute(said, (*values, self._clock()))
            _bound(base, table)

        self._do(write, None)

    def _do(self, work: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """Do something in one transaction; what can't be done on the disk is done in memory from then on."""
        try:
            import sqlite3
        except ImportError:
            return otherwise
        with self._lock:
            try:
                return self._done(work)
            except (sqlite3.Error, OSError):
                if self._file is None:
                    return otherwise
                self._file = None
                return self._done(work)

    def _done(self, work: Callable[[sqlite3.Connection], T]) -> T:
        base = self._opened()
        try:
            with base:
                return work(base)
        finally:
            if base is not self._own:
                base.close()

    def _opened(self) -> sqlite3.Connection:
        """The file, made if there is none, for its owner only; or what is kept in memory."""
        import sqlite3

        if self._file is None:
            if self._own is None:
                self._own = sqlite3.connect(":memory:", check_same_thread=False)
                self._own.executescript(_SCHEMA)
            return self._own
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))
        base = sqlite3.connect(self._file, timeout=PATIENCE)
        try:
            base.executescript(_SCHEMA)
        except sqlite3.Error:
            base.close()
            raise
        return base

    def close(self) -> None:
        """Give back what is in memory."""
        with self._lock:
            if self._own is not None:
                self._own.close()
                self._own = None


def place(env: Mapping[str, str], home: str, platform: str = sys.platform) -> Path:
    """Where it is kept: what should last, for a dismissal is the user's word."""
    return Path(homes.state(env, home, platform)) / "reviews.db"


def here() -> Memory:
    """The memory of whoever runs this; nothing is opened yet."""
    return Memory(place(os.environ, os.path.expanduser("~")))


def _bound(base: sqlite3.Connection, table: str) -> None:
    """Drop the oldest rows of a table that has too many."""
    rows = f"SELECT rowid FROM {table} ORDER BY at DESC LIMIT -1 OFFSET ?"
    base.execute(f"DELETE FROM {table} WHERE rowid IN ({rows})", (MOST[table],))


def _hashed(said: str) -> str:
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
