"""Parses whatever nobody has open, in a process that can be killed; what kills or stalls it is not tried again.

py-tree-sitter holds the interpreter while it parses: a file of 2 MB of noise froze an event loop for 4.4 s.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import chain

import msgspec

from router.context import crossing
from router.context.language import language
from router.context.parser_process import COMMAND, Lost, Process, start
from router.context.tags import Tags
from router.types import LARGEST

DEADLINE = 15.0  # seconds in which a text is answered; the child itself ends after 1 to 4 s of computing
IDLE = 30.0  # seconds after which a child that nobody asks anything ends; a new one is there in 0.2 s
GUILTY = 3  # different texts that a grammar may fail on before it is not trusted with any
STARTS = 3  # times in a row that no child could be started, after which it is not tried again
_AHEAD = 1_000_000  # code points that are with the child at once, so that it never waits for us
_LONG_LINE = 20_000  # code points; nobody has written it


class _Job(msgspec.Struct, eq=False):
    """One text and whoever waits for its tags."""

    language: str
    text: str
    answer: asyncio.Future[Tags | None]


class Parser:
    """Tags of texts, each in its turn. One child, which is started when it is first needed and ends when idle."""

    def __init__(self, command: Sequence[str] = COMMAND, deadline: float = DEADLINE, idle: float = IDLE) -> None:
        self._command, self._deadline, self._idle = command, deadline, idle
        self._waiting: deque[_Job] = deque()
        self._sent: deque[_Job] = deque()
        self._failed: set[bytes] = set()
        self._blamed: defaultdict[str, set[bytes]] = defaultdict(set)
        self._starts = 0
        self._process: Process | None = None
        self._work: asyncio.Task[None] | None = None
        self._some = asyncio.Event()

    async def tags(self, path: str, language: str, text: str) -> Tags | None:
        """What a text defines, refers to and imports; None: it can't be told, now or ever.

        That is so of what is no source text, and of what a parser has died of. `path` is for the reader of a call.
        """
        if not _spoken(language):
            return Tags()
        if not _readable(text) or self._starts >= STARTS or self._is_bad(language, text):
            return None
        job = _Job(language, text, asyncio.get_running_loop().create_future())
        self._waiting.append(job)
        self._some.set()
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().create_task(self._run())
        return await job.answer

    async def aclose(self) -> None:
        """End the child; whoever still waits is cancelled. Idempotent."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        for job in chain(self._sent, self._waiting):
            job.answer.cancel()
        self._sent.clear()
        self._waiting.clear()

    def _is_bad(self, name: str, text: str) -> bool:
        return len(self._blamed[name]) >= GUILTY or (bool(self._failed) and _digest(text) in self._failed)

    async def _run(self) -> None:
        """Have everything parsed, until there was nothing for a while. What comes while the child ends is seen to."""
        try:
            while self._waiting:
                while self._waiting or await self._more():
                    try:
                        await self._serve(await self._ready())
                    except Lost:
                        await self._recover()
                await self._end()
        finally:
            await self._end()

    async def _more(self) -> bool:
        self._some.clear()
        try:
            return await asyncio.wait_for(self._some.wait(), self._idle)
        except asyncio.TimeoutError:
            return bool(self._waiting)

    async def _ready(self) -> Process:
        if self._process is not None and not self._process.alive:
            await self._end()  # it ended by itself when it had nothing to do; nobody is to blame
        if self._process is None:
            self._starts += 1
            self._process = await start(self._command)
            self._starts = 0
        return self._process

    async def _serve(self, process: Process) -> None:
        """Have everything that waits parsed. Raises Lost; the first that was sent is the one in hand."""
        while self._waiting or self._sent:
            if batch := list(self._next()):
                self._sent.extend(batch)
                process.say(crossing.order([(job.language, job.text) for job in batch]))
            if not self._sent:
                return
            answer = await process.answer(self._deadline)
            _tell(self._sent[0], await _unpacked(answer))
            self._sent.popleft()

    def _next(self) -> Iterator[_Job]:
        ahead = sum(len(job.text) for job in self._sent)
        while self._waiting and (ahead == 0 or ahead + len(self._waiting[0].text) <= _AHEAD):
            job = self._waiting.popleft()
            ahead += len(job.text) + 1
            if not job.answer.done():  # else nobody waits for it any more
                yield job

    async def _recover(self) -> None:
        """Bring back what was sent, without the text that the child died of."""
        await self._end()
        if self._sent:
            self._blame(self._sent.popleft())
        self._waiting.extendleft(reversed(self._sent))
        self._sent.clear()
        for job in list(self._waiting):
            if self._starts >= STARTS or self._is_bad(job.language, job.text):
                self._waiting.remove(job)
                _tell(job, None)

    def _blame(self, job: _Job) -> None:
        self._failed.add(_digest(job.text))
        self._blamed[job.language].add(_digest(job.text))
        _tell(job, None)

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.end()


def _spoken(name: str) -> bool:
    found = language(name)
    return found is not None and found.tells


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


async def _unpacked(content: bytes) -> Tags:
    """The tags of an answer, which may be large: others have their turn in between. Raises Lost if it is none."""
    references: list[tuple[str, int]] = []
    try:
        answer = crossing.heard(content)
        for some in crossing.references(answer):
            references += some
            await asyncio.sleep(0)
    except ValueError as error:
        raise Lost from error
    return Tags(answer.definitions, tuple(references), answer.imports)


def _tell(job: _Job, tags: Tags | None) -> None:
    if not job.answer.done():
        job.answer.set_result(tags)


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
