"""Other ways to choose what a prompt shows besides its window, written anew from their descriptions.

They are favoured where a description leaves a choice: every file of the workspace is there for them at once, where an
editor shows its plugin a few; what they bring is cut at a line, never in it; and no line of the window is repeated.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

from bench.histories import ABOVE, BELOW, NAME, Case
from bench.workspaces import Workspace

LINES, FILES = 60, 4  # of the Jaccard matcher
CHUNK = 20  # lines
K1, B = 1.2, 0.75  # of BM25, as everybody has them
RING, SLICE, REACH = 16, 32, 1024  # llama.vim's ring: chunks, lines of each, how far from the cursor it looks


class Block(Struct, frozen=True):
    """Lines of one file, as they are shown."""

    path: str
    text: str


class Policy(Protocol):
    """One way to choose.

    `ranks`: a larger budget only shows more of the same. `took`: the milliseconds of the last answer, by its own clock.
    """

    name: str
    ranks: bool
    took: float | None

    def enter(self, workspace: Workspace) -> None:
        """The workspace is another one from here on."""

    def blocks(self, case: Case, budget: int) -> Iterable[Block]:
        """What is shown in `budget` tokens, the best first; what goes beyond it is cut off by who measures."""

    def typed(self, case: Case) -> Iterable[float]:
        """The milliseconds of what is asked at each key that is typed from there on; none where nothing is."""

    def leave(self) -> None:
        """Nothing more will be asked."""


class Window:
    """Nothing but the local window."""

    name = "the window alone"
    ranks = True
    took: float | None = None
    _files: Mapping[str, str] = {}

    def enter(self, workspace: Workspace) -> None:
        """Its files of code."""
        self._files = workspace.code

    def blocks(self, case: Case, budget: int) -> Iterable[Block]:
        """Nothing."""
        return ()

    def typed(self, case: Case) -> Iterable[float]:
        """Not asked."""
        return ()

    def leave(self) -> None:
        """Nothing to end."""


class Jaccard(Window):
    """Of every other file the 60 lines that share the largest part of their words with those before the cursor, and
    of these the best four: what Copilot's editor plugins do."""

    name = "Jaccard, 60 lines of 4 files"

    def enter(self, workspace: Workspace) -> None:
        """Words are remembered by a file's text."""
        super().enter(workspace)
        for text in self._files.values():
            _windows(text)

    def blocks(self, case: Case, budget: int) -> Iterable[Block]:
        """Four windows at most, the most alike first."""
        lines = case.text.split("\n")
        asked = frozenset(NAME.findall("\n".join(lines[max(0, case.row - LINES) : case.row])))
        best = [(*_alike(text, asked), path) for path, text in self._files.items() if path != case.path]
        for share, start, path in heapq.nlargest(FILES, best):
            if share > 0:
                yield Block(path, "\n".join(self._files[path].split("\n")[start : start + LINES]))


def _alike(text: str, asked: frozenset[str]) -> tuple[float, int]:
    """The largest share of common words that a window of a text has, and where it begins."""
    places, sizes = _windows(text)
    common = [0] * (len(sizes) + 1)
    for word in asked & places.keys():
        for start, end in places[word]:
            common[start] += 1
            common[end] -= 1
    best, at, now = 0.0, 0, 0
    for start, size in enumerate(sizes):
        now += common[start]
        if now and (share := now / (len(asked) + size - now)) > best:
            best, at = share, start
    return best, at


@lru_cache(1500)
def _windows(text: str) -> tuple[dict[str, list[tuple[int, int]]], list[int]]:
    """Which windows have a word (by ranges of where they begin), and how many words each has."""
    lines = text.split("\n")
    count = max(1, len(lines) - LINES + 1)
    places: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row, line in enumerate(lines):
        for word in NAME.findall(line):
            held = places[word]
            start, end = max(0, row - LINES + 1), min(row + 1, count)
            start = max(start, held[-1][1]) if held else start
            if start < end:
                held.append((start, end))
    sizes = [0] * (count + 1)
    for held in places.values():
        for start, end in held:
            sizes[start] += 1
            sizes[end] -= 1
    for row in range(1, count):
        sizes[row] += sizes[row - 1]
    return dict(places), sizes[:count]


class Bm25(Window):
    """Chunks of 20 lines ranked by BM25 for the words of the local window: what retrieval without a model does."""

    name = "BM25, chunks of 20 lines"

    def __init__(self) -> None:
        self._postings: defaultdict[str, dict[tuple[str, int], int]] = defaultdict(dict)
        self._lengths: dict[tuple[str, int], int] = {}

    def enter(self, workspace: Workspace) -> None:
        """Only chunks of files that are others than before are counted anew."""
        known = self._files
        for path in [path for path in known if workspace.code.get(path) != known[path]]:
            for number, words in enumerate(_chunks(known[path])):
                del self._lengths[path, number]
                for word in words:
                    del self._postings[word][path, number]
        for path in [path for path in workspace.code if workspace.code[path] != known.get(path)]:
            for number, words in enumerate(_chunks(workspace.code[path])):
                self._lengths[path, number] = words.total()
                for word, count in words.items():
                    self._postings[word][path, number] = count
        super().enter(workspace)

    def blocks(self, case: Case, budget: int) -> Iterable[Block]:
        """Chunks, the best first; those that the window overlaps with without the lines it shows."""
        scores: defaultdict[tuple[str, int], float] = defaultdict(float)
        mean = sum(self._lengths.values()) / max(1, len(self._lengths))
        for word in set(NAME.findall(case.shown)):
            held = self._postings.get(word, {})
            rare = math.log(1 + (len(self._lengths) - len(held) + 0.5) / (len(held) + 0.5))
            for chunk, count in held.items():
                longer = K1 * (1 - B + B * self._lengths[chunk] / mean)
                scores[chunk] += rare * count * (K1 + 1) / (count + longer)
        for path, number in heapq.nlargest(200, scores, key=scores.__getitem__):
            text = _unseen(case, path, self._files[path], number * CHUNK, CHUNK)
            if text:
                yield Block(path, text)


@lru_cache(1500)
def _chunks(text: str) -> list[Counter[str]]:
    lines = text.split("\n")
    return [Counter(NAME.findall("\n".join(lines[at : at + CHUNK]))) for at in range(0, len(lines), CHUNK)]


class Ring(Window):
    """llama.vim's ring of chunks, if the user had come to the cursor through the last commits: 32 lines of each file
    that they changed, the newest first, and of what is around the cursor beyond the window."""

    name = "ring of recent chunks"

    def enter(self, workspace: Workspace) -> None:
        """What was changed last comes with it."""
        super().enter(workspace)
        self._recent = workspace.recent

    def blocks(self, case: Case, budget: int) -> Iterable[Block]:
        """Sixteen chunks at most, of which the newest come first."""
        own = self._files.get(case.path, "")
        spots = [(case.path, case.row - ABOVE - SLICE), (case.path, case.row + BELOW)]
        others = [path for path in self._recent if path in self._files and path != case.path]
        for path, start in [*spots, *((path, 0) for path in others)][:RING]:
            text = _unseen(case, path, own if path == case.path else self._files[path], max(0, start), SLICE)
            if text:
                yield Block(path, text)


def _unseen(case: Case, path: str, text: str, start: int, count: int) -> str:
    """Lines of a file without those that the window shows."""
    lines = text.split("\n")[start : start + count]
    return "\n".join(_outside(case, lines, start)) if path == case.path else "\n".join(lines)


def _outside(case: Case, lines: Sequence[str], start: int) -> Iterator[str]:
    for row, line in enumerate(lines, start):
        if not case.row - ABOVE <= row < case.row + BELOW:
            yield line
