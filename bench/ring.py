"""llama.vim's prompt with its ring of extra chunks, written anew from its description, driven by the clock of a replay.

Chunks come from the files that were visited before, and, when the cursor has moved by more than 32 lines, one from
above and one from below what the window shows. They wait in a queue; one a second gets into the ring, but while the
user types only after three seconds of rest, and then the ring is evaluated in the background. A chunk that repeats
more than half of what is around the cursor is thrown out before a request.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from bench import reuse
from bench.histories import NAME

CHUNKS, HEIGHT, SCOPE, MOVED, REST = 16, 64, 1024, 32, 3.0
BEFORE, AFTER = 256, 64  # lines of the window
ALIKE, REPEATED = 0.9, 0.5


class LlamaVim:
    """The layout with its ring; `visited` are the texts of files that the user had open before."""

    def __init__(self, visited: Sequence[str]) -> None:
        self._rng = random.Random(1)
        self._queue: list[str] = []
        self._ring: list[str] = []
        self._picked = -MOVED - 1
        for text in visited:
            self._pick(text.split("\n"))
        self._ring, self._queue = self._queue[:CHUNKS], []

    def idle(self, text: str, at: int, seconds: float) -> Iterator[str]:
        """What is evaluated in the background while so much time passes before the next key."""
        for _ in range(int(max(0.0, seconds - REST))):
            if self._queue:
                self._ring = [*self._ring, self._queue.pop(0)][-CHUNKS:]
                yield self._extra()

    def __call__(self, text: str, at: int, hot: bool) -> str:
        """The prompt at a key."""
        lines = text.split("\n")
        row = text.count("\n", 0, at)
        around = "\n".join(lines[max(0, row - HEIGHT // 2) : row + HEIGHT // 2])
        self._ring = [chunk for chunk in self._ring if _alike(chunk, around) <= REPEATED]
        if abs(row - self._picked) > MOVED:
            self._picked = row
            self._pick(lines[max(0, row - SCOPE) : max(0, row - BEFORE)])
            self._pick(lines[row + AFTER : row + AFTER + HEIGHT])
        return self._extra() + reuse.llama_vim(text, at, hot, BEFORE, AFTER)

    def _pick(self, lines: Sequence[str]) -> None:
        """A random half chunk of these lines, unless there is one like it."""
        if len(lines) < 3:
            return
        start = self._rng.randrange(max(1, len(lines) - HEIGHT // 2)) if len(lines) >= HEIGHT else 0
        chunk = "\n".join(lines[start : start + HEIGHT // 2] if len(lines) >= HEIGHT else lines)
        self._queue = [one for one in self._queue if _alike(one, chunk) <= ALIKE]
        self._ring = [one for one in self._ring if _alike(one, chunk) <= ALIKE]
        self._queue = [*self._queue, chunk][-CHUNKS:]

    def _extra(self) -> str:
        return "".join(f"file {number}\n{chunk}\n" for number, chunk in enumerate(self._ring))


def _alike(one: str, other: str) -> float:
    """Twice the common words by the words of both."""
    a, b = set(NAME.findall(one)), set(NAME.findall(other))
    return 2 * len(a & b) / max(1, len(a) + len(b))
