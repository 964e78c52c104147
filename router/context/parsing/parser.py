"""Parses whatever nobody has open, in a process that can be killed; what kills or stalls it is not tried again.

py-tree-sitter holds the interpreter while it parses: a file of 2 MB of noise froze an event loop for 4.4 s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from router.context.parsing.parser_lane import AHEAD, Lane, Terms
from router.context.parsing.parser_process import COMMAND
from router.context.parsing.parser_queue import Job, Queue
from router.context.tagging.language import language as spoken
from router.context.tagging.tags import Tags
from router.types import LARGEST

DEADLINE = 15.0  # seconds in which a text is answered; the child itself ends after 1 to 4 s of computing
IDLE = 30.0  # seconds after which a child that nobody asks anything ends; a new one is there in 0.2 s
_LONG_LINE = 20_000  # code points; nobody has written it


class Parser:
    """Tags of texts, each in its turn. `children` at most are started, the second only when much waits."""

    def __init__(
        self, command: Sequence[str] = COMMAND, deadline: float = DEADLINE, idle: float = IDLE, children: int = 1
    ) -> None:
        self._queue = Queue()
        self._lanes = [Lane(self._queue, Terms(command, deadline, idle)) for _ in range(children)]

    async def tags(self, path: str, language: str, text: str) -> Tags | None:
        """What a text defines, refers to and imports; None: it can't be told, now or ever.

        That is so of what is no source text, and of what a parser has died of. `path` is for the reader of a call.
        """
        found = spoken(language)
        if found is None or not found.tells:
            return Tags()
        if not _readable(text) or self._queue.refuses(language, text):
            return None
        job = Job(language, text, asyncio.get_running_loop().create_future())
        self._queue.add(job)
        for count, lane in enumerate(self._lanes):
            if count == 0 or self._queue.volume > count * AHEAD:
                lane.wake()
        return await job.answer

    async def aclose(self) -> None:
        """End the children; whoever still waits is cancelled. Idempotent."""
        await asyncio.gather(*(lane.aclose() for lane in self._lanes))
        for job in self._queue.waiting:
            job.answer.cancel()
        self._queue.clear()


def _readable(text: str) -> bool:
    """Whether somebody may have written this text."""
    return len(text) <= LARGEST and "\0" not in text and not _long(text)


def _long(text: str) -> bool:
    """Whether a line is so long. Looking for a line's end from behind looks at little of the text."""
    at = 0
    while len(text) - at > _LONG_LINE:
        end = max(text.rfind("\n", at, at + _LONG_LINE), text.rfind("\r", at, at + _LONG_LINE))
        if end < 0:
            return True
        at = end + 1
    return False
