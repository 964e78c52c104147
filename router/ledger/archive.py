"""Reads what the ledger has kept, and deletes it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from router.ledger.book import COLUMNS, LINE, Damaged, check, connect, sentences
from router.types import Turn

if TYPE_CHECKING:
    import sqlite3


def read(path: str, since: float = 0.0, task: str = "") -> list[Turn]:
    """The lines from `since` on (seconds since 1970), in order of time; none if there is no file. Raises BadLedger."""
    wanted, values = "at >= ?", [since]
    query = f"SELECT {LINE} FROM turns WHERE {wanted}{' AND task = ?' if task else ''} ORDER BY at, id"
    return _read(path, query, [*values, task] if task else values)


def recent(path: str, engine: str, model: str, count: int) -> list[Turn]:
    """The last `count` lines in which this model has answered, the newest first. Raises BadLedger."""
    query = f"SELECT {LINE} FROM turns WHERE engine = ? AND model = ? AND answer_tokens > 0 ORDER BY id DESC LIMIT ?"
    return _read(path, query, [engine, model, count])


def files(path: str) -> list[Path]:
    """The ledger and everything beside it that is part of it, as far as it is there."""
    ledger = Path(path)
    beside = [ledger, *(ledger.with_name(ledger.name + ending) for ending in ("-wal", "-shm"))]
    return [file for file in [*beside, *sorted(ledger.parent.glob(f"{ledger.name}.damaged-*"))] if file.is_file()]


def forget(path: str) -> None:
    """Delete every line, and the files unless another process has them open. Raises BadLedger."""
    with suppress(Damaged), sentences(path), closing(connect(path)) as base:
        base.execute("PRAGMA secure_delete = ON")
        if check(base, path):
            base.execute("DELETE FROM turns")
        base.execute("VACUUM")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if not _alone(base):  # under a server's hands only the lines may go
            return
    with sentences(path):
        for file in files(path):
            file.unlink()


def _read(path: str, query: str, values: Sequence[object]) -> list[Turn]:
    # SQLite can't read a write-ahead log in a folder that it can't write to, unless nobody else writes there either.
    mode = "ro" if os.access(os.path.dirname(path), os.W_OK) else "ro&immutable=1"
    with sentences(path):
        try:
            os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return []
    with sentences(path), closing(connect(path, mode)) as base:
        return list(_turns(base.execute(query, values))) if check(base, path) else []


def _alone(base: sqlite3.Connection) -> bool:
    """Whether no other process has the file open: only then does SQLite leave the write-ahead log."""
    import sqlite3

    try:
        (mode,) = base.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError:
        return False
    return bool(mode == "delete")


def _turns(rows: sqlite3.Cursor) -> Iterator[Turn]:
    """The lines that can be one; a million of them share the few words that they are made of."""
    words: dict[object, object] = {}
    for row in rows:
        values = (words.setdefault(it, it) if type(it) is str else it for it in row)
        with suppress(msgspec.ValidationError):
            yield msgspec.convert(dict(zip(COLUMNS, values, strict=True)), Turn)
