"""One accelerator's speed, shared equally by all that is computed on it at the same time, by the event loop's clock."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class Share:
    """`_had`: seconds of its own that a work would have had if it had been there from the beginning."""

    def __init__(self) -> None:
        self._had = self._at = 0.0
        self._works: list[tuple[float, int, asyncio.Future[None]]] = []  # by how much is had when each is done
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    async def work(self, seconds: float) -> None:
        """What takes so long alone. It is computed to its end, even if nobody waits for it any more."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._advance()
        heapq.heappush(self._works, (self._had + seconds, next(self._numbers), done))
        self._wind()
        await done

    def _advance(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._works:
            self._had += (now - self._at) / len(self._works)
        self._at = now

    def _wind(self) -> None:
        """See to it that the next work that is done hears of it in time."""
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if self._works:
            left = (self._works[0][0] - self._had) * len(self._works)
            self._timer = asyncio.get_running_loop().call_later(max(0.0, left), self._due)

    def _due(self) -> None:
        self._advance()
        while self._works and self._works[0][0] <= self._had + 1e-9:
            *_, done = heapq.heappop(self._works)
            if not done.done():
                done.set_result(None)
        self._wind()
