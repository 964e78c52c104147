"""One child of a parser and what it has in hand: started when something waits, replaced when lost, ended when idle."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import msgspec

from router.context.parsing import crossing
from router.context.parsing.parser_process import Lost, Process, start
from router.context.parsing.parser_queue import Job, Queue
from router.context.tagging.tags import Tags

AHEAD = 250_000  # code points that are with a child at once, so that it never waits for us


class Terms(msgspec.Struct, frozen=True):
    """How a child is started; in how many seconds it answers one text; after how many it ends when nobody asks."""

    command: Sequence[str]
    deadline: float
    idle: float


class Lane:
    """Parses what waits in a queue, of which other lanes take, too."""

    def __init__(self, queue: Queue, terms: Terms) -> None:
        self._queue, self._terms = queue, terms
        self._sent: deque[Job] = deque()
        self._some = asyncio.Event()
        self.process: Process | None = None
        self.work: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Something waits."""
        self._some.set()
        if self.work is None or self.work.done():
            self.work = asyncio.get_running_loop().create_task(self._run())

    async def aclose(self) -> None:
        """End the child; whoever waits for what it has in hand is cancelled. Idempotent."""
        if self.work is not None:
            self.work.cancel()
            await asyncio.gather(self.work, return_exceptions=True)
        for job in self._sent:
            job.answer.cancel()
        self._sent.clear()

    async def _run(self) -> None:
        """Have everything parsed, until there was nothing for a while. What comes while the child ends is seen to."""
        try:
            while self._queue.waiting:
                while self._queue.waiting or await self._more():
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
            return await asyncio.wait_for(self._some.wait(), self._terms.idle)
        except asyncio.TimeoutError:
            return bool(self._queue.waiting)

    async def _ready(self) -> Process:
        if self.process is not None and not self.process.alive:
            await self._end()  # it ended by itself when it had nothing to do; nobody is to blame
        if self.process is None:
            self._queue.starts += 1
            self.process = await start(self._terms.command)
            self._queue.starts = 0
        return self.process

    async def _serve(self, process: Process) -> None:
        """Have everything that waits parsed. Raises Lost; the first that was sent is the one in hand."""
        while self._queue.waiting or self._sent:
            if batch := list(self._queue.next(sum(len(job.text) for job in self._sent), AHEAD)):
                self._sent.extend(batch)
                process.say(crossing.order([(job.language, job.text) for job in batch]))
            if not self._sent:
                return
            answer = await process.answer(self._terms.deadline)
            self._sent[0].tell(await _unpacked(answer))
            self._sent.popleft()

    async def _recover(self) -> None:
        """Bring back what was sent, without the text that the child died of."""
        await self._end()
        if self._sent:
            self._queue.blame(self._sent.popleft())
        self._queue.bring_back(self._sent)
        self._sent.clear()

    async def _end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            await process.end()


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
