"""Types a line of a real document anew, stops where a person would, and takes a suggestion that says what was meant."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable

from msgspec import Struct

from lsp.client import Buffer
from lsp.shell.places import Place, pauses
from router.types import Insertion, Span

PAUSES = 4  # per line
KEY_GAP, PAUSE_GAP = 0.04, 0.4  # seconds: somebody quick


class Pause(Struct, frozen=True):
    """What came when `typed` stood there: nothing, or `insertion`, after `ms` milliseconds. `taken`: by Tab."""

    typed: str
    insertion: Insertion | None
    ms: float
    taken: bool = False


class Typist:
    """Two hands on one buffer. `gaps`: with a person's gaps, not as fast as it goes; `key` hears of every key."""

    def __init__(self, buffer: Buffer, gaps: bool, key: Callable[[str], None]) -> None:
        self.buffer = buffer
        self._gaps = gaps
        self._key = key

    async def line(self, place: Place) -> AsyncGenerator[Pause, None]:
        """Take the line out and type it again, with what came at each pause."""
        self.buffer.replace(place.start, place.start + len(place.text), "")
        typed = 0
        for stop in pauses(place.text, PAUSES):
            if stop <= typed:
                continue  # a suggestion has led past this one
            await self._keys(place, typed, stop)
            typed = stop
            pause = await self._pause(place, typed)
            yield pause
            if pause.taken and pause.insertion:
                typed += len(pause.insertion.text)
        await self._keys(place, typed, len(place.text))

    async def take(self, place: Place, pause: Pause) -> None:
        """Go back to a pause in a line that is typed, and take what came there instead of the line's end."""
        self.buffer.replace(place.start + len(pause.typed), place.start + len(place.text), "")
        if pause.insertion:
            await self.buffer.accept(pause.insertion)

    async def _keys(self, place: Place, start: int, end: int) -> None:
        for index in range(start, end):
            at = place.start + index
            self.buffer.replace(at, at, place.text[index])
            self._key(place.text[: index + 1])
            await self._wait(KEY_GAP)

    async def _pause(self, place: Place, typed: int) -> Pause:
        at = place.start + typed
        started = time.perf_counter()
        insertion = await self.buffer.suggest(at)
        ms = (time.perf_counter() - started) * 1000
        taken = insertion is not None and _meant(insertion, at, place.text[typed:])
        await self._wait(PAUSE_GAP)
        if taken and insertion:
            await self.buffer.accept(insertion)
        return Pause(place.text[:typed], insertion, ms, taken)

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds if self._gaps else 0)


def _meant(insertion: Insertion, at: int, rest: str) -> bool:
    """Whether a suggestion is (the beginning of) what was about to be typed, and worth the key."""
    return insertion.span == Span(at, at) and rest.startswith(insertion.text) and len(insertion.text.strip()) > 1
