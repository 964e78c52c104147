"""Runs a command of the user's for them to see, and keeps the end of what it printed."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import IO, TextIO

from msgspec import Struct

from lsp.shell import files
from router import SwitchyardError

KEPT = 200_000  # bytes of output
_CHUNK = 65_536
_AFTER = 2.0  # seconds that what it has started may hold on to its output


class Ended(Struct, frozen=True):
    """How a command ended: its exit code, negative where a signal ended it, and the end of its output."""

    code: int
    output: str

    @property
    def interrupted(self) -> bool:
        """Whether the user did that."""
        return self.code in (-signal.SIGINT, 128 + signal.SIGINT)

    @property
    def how(self) -> str:
        """The same in words."""
        if self.code >= 0:
            return f"exit code {self.code}"
        known = {it.value: it.name for it in signal.Signals}
        return known.get(-self.code, f"signal {-self.code}")


def run(command: Sequence[str], out: TextIO) -> Ended:
    """Run a command with the user's own rights, in their folder; stdin is theirs, and what it prints goes to `out` and
    to stderr as it comes. Raises SwitchyardError: there is no such program."""
    kept: deque[bytes] = deque()
    with _uninterrupted():
        try:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except (OSError, ValueError) as error:
            raise SwitchyardError(f"{command[0]} can't be run: {files.reason(error)}.") from error
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [_reader(process.stdout, out, kept), _reader(process.stderr, sys.stderr, kept)]
        code = process.wait()
        for reader in readers:
            reader.join(_AFTER)
    return Ended(code, b"".join(kept)[-KEPT:].decode("utf-8", "replace"))


def spoken(command: Sequence[str]) -> str:
    """A command as one types it."""
    return shlex.join(command)


def _reader(source: IO[bytes], out: TextIO, kept: deque[bytes]) -> Thread:
    thread = Thread(target=_pass, args=(source, out, kept), daemon=True)
    thread.start()
    return thread


def _pass(source: IO[bytes], out: TextIO, kept: deque[bytes]) -> None:
    """Show what comes, byte for byte, and keep its end."""
    room = 0
    while chunk := source.read1(_CHUNK):  # type: ignore[attr-defined]
        try:
            out.buffer.write(chunk)
            out.buffer.flush()
        except (OSError, ValueError):
            pass  # nobody reads it any more; it is kept all the same
        kept.append(chunk)
        room += len(chunk)
        while room - len(kept[0]) > KEPT and len(kept) > 1:
            room -= len(kept.popleft())
    source.close()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C goes to the command alone. Not by ignoring it: the command would inherit that."""
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
