"""The running child of a parser: started, spoken to in frames, killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress

from router.context.parsing import crossing

COMPUTING = 1.0  # seconds that a short text may take; the longest may take four times as much
COMMAND = sys.executable, "-I", "-m", "router.context.parsing.parser_child", str(COMPUTING)
STARTING = 60.0  # seconds; it takes 0.2 where nothing else is going on
_LARGEST = 1 << 28  # bytes of an answer
_READ = 1 << 20  # bytes that are read ahead


class Lost(Exception):
    """The child is no more: it crashed, was killed because it took too long, or never came to be."""


class Process:
    """A child that has said that it is there."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout

    @property
    def alive(self) -> bool:
        return self._process.returncode is None and not self._stdout.at_eof()

    def say(self, frame: bytes) -> None:
        """Give the child something to do; it is read when the child comes to it."""
        self._stdin.write(frame)

    async def answer(self, within: float) -> bytes:
        """Its next answer. Raises Lost; a child that takes longer than so many seconds is killed."""
        killing = asyncio.get_running_loop().call_later(within, self._kill)
        try:
            length = int.from_bytes(await self._stdout.readexactly(crossing.HEAD), "big")
            if length > _LARGEST:
                raise Lost
            return await self._stdout.readexactly(length)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise Lost from error
        finally:
            killing.cancel()

    async def end(self) -> None:
        """Kill it, and see that it is gone."""
        self._kill()
        self._stdin.close()
        await self._process.wait()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()


async def start(command: Sequence[str]) -> Process:
    """A child that is there. Raises Lost. A session of its own keeps a terminal's Ctrl-C from it."""
    pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = Process(
            await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=quiet, start_new_session=True, limit=_READ
            )
        )
    except OSError as error:
        raise Lost from error
    try:
        await process.answer(STARTING)
    except (Lost, asyncio.CancelledError):
        await process.end()
        raise
    return process
