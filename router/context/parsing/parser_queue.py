"""The texts that wait to be parsed, and those that will not be: a parser's child has died of them."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import msgspec

from router.context.tagging.tags import Tags

GUILTY = 3  # different texts that a grammar may fail on before it is not trusted with any
STARTS = 3  # times in a row that no child could be started, after which it is not tried again


class Job(msgspec.Struct, eq=False):
    """One text and whoever waits for its tags."""

    language: str
    text: str
    answer: asyncio.Future[Tags | None]

    def tell(self, tags: Tags | None) -> None:
        if not self.answer.done():
            self.answer.set_result(tags)


class Queue:
    """What waits, in its order. `volume` is how many code points; `starts` how many children failed to start."""

    def __init__(self) -> None:
        self.waiting: deque[Job] = deque()
        self.volume = 0
        self.starts = 0
        self._failed: set[bytes] = set()
        self._blamed: defaultdict[str, set[bytes]] = defaultdict(set)

    def refuses(self, language: str, text: str) -> bool:
        """Whether a text is not to be parsed: it, its grammar, or every child has failed."""
        if self.starts >= STARTS or len(self._blamed[language]) >= GUILTY:
            return True
        return bool(self._failed) and _digest(text) in self._failed

    def add(self, job: Job) -> None:
        self.waiting.append(job)
        self.volume += len(job.text)

    def next(self, ahead: int, most: int) -> Iterator[Job]:
        """Jobs for one who has `ahead` code points in hand and may have `most`; but one job, whatever its length."""
        while self.waiting and (ahead == 0 or ahead + len(self.waiting[0].text) <= most):
            job = self.waiting.popleft()
            self.volume -= len(job.text)
            if not job.answer.done():  # else nobody waits for it any more
                ahead += len(job.text) + 1
                yield job

    def bring_back(self, jobs: Iterable[Job]) -> None:
        """These were not parsed; those that are refused by now are told so."""
        whole = [*jobs, *self.waiting]
        self.clear()
        for job in whole:
            if self.refuses(job.language, job.text):
                job.tell(None)
            else:
                self.add(job)

    def blame(self, job: Job) -> None:
        """A child has died of this one."""
        digest = _digest(job.text)
        self._failed.add(digest)
        self._blamed[job.language].add(digest)
        job.tell(None)

    def clear(self) -> None:
        self.waiting.clear()
        self.volume = 0


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
