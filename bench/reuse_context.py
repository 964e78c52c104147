"""Prompt tokens that llama.cpp evaluates anew at each keystroke when a prompt also shows other files of a workspace.

The replay and the engine are those of `reuse`. The workspace are packages of Python's own library; our pieces come
from the product's index of it, llama.vim's chunks from as many of its files as its ring holds.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import sysconfig
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from bench import reuse, table, trace
from bench.ring import CHUNKS, LlamaVim
from router.completing.layout import CHARACTERS, Layout, Room
from router.config import Config, Context
from router.context import window
from router.engine import Router
from router.types import Change, Document, Request, Route, Span, Task
from router.workspace.desk import Open

KEYS = 300
FEW, USUAL = 512, Context().tokens  # tokens of pieces
LONG = 4000  # tokens of pieces in a prompt as long as llama.vim's
VIM = "llama.vim with its ring"
LINES = 3000  # of the document: more than any window shows
PACKAGES = ("asyncio", "concurrent", "email", "http", "json", "logging", "multiprocessing", "unittest", "urllib")


class Key(Struct, frozen=True):
    """The text after a keystroke, the cursor in it, the same before it, and the seconds since the key before."""

    text: str
    cursor: int
    before: str
    place: int
    gap: float
    changes: tuple[Change, ...]

    @property
    def hot(self) -> bool:
        """Whether the key before came less than a second ago."""
        return self.gap < reuse.HOT


class Way(Protocol):
    """One way to make prompts."""

    def idle(self, key: Key) -> AsyncIterator[str]:
        """What is evaluated in the background before a key, with the cursor there already."""

    def __call__(self, key: Key) -> str:
        """The prompt at a key."""


class Vim:
    """llama.vim's."""

    def __init__(self, visited: Sequence[str]) -> None:
        self._ring = LlamaVim(visited)

    async def idle(self, key: Key) -> AsyncIterator[str]:
        """Its ring, whenever that has changed."""
        for prompt in self._ring.idle(key.before, key.place, key.gap):
            yield prompt

    def __call__(self, key: Key) -> str:
        """Its prompt."""
        return self._ring(key.text, key.cursor, key.hot)


def keys() -> Iterator[Key]:
    """The recorded typing, as in `reuse`."""
    text, base = trace.document(LINES)
    last = 0.0
    changes: list[Change] = []
    for step in trace.steps(base):
        before, text = text, trace.applied(text, step.edits)
        changes += [Change(it.at, it.at + it.deleted, it.text) for it in step.edits]
        if step.key:
            place = step.edits[0].at + step.edits[0].deleted
            yield Key(text, step.cursor, before, place, step.second - last if last else 0.0, tuple(changes))
            last, changes = step.second, []


class Ours:
    """The product's own: its workspace, its layout, by the clock of the replay.

    In a pause pieces are chosen; `warmed`: and their prompt is evaluated, when the cursor has come to the place of the
    next key.
    """

    def __init__(self, folder: Path, tokens: int, warmed: bool, make: type[Layout] = Layout) -> None:
        config = Config(context=Context(tokens=tokens))
        self._now, self._warmed = 0.0, warmed
        self._router = Router(config, clock=lambda: self._now, engines={}, roots=[str(folder)])
        self._workspace = self._router.workspace
        self._layout = make(config, self._workspace, self._router.paces, lambda: self._now)
        self._route = Route("embedded", "random", family=reuse.FAMILY, window=reuse.WINDOW)
        self._document = Document(str(folder / "measured.py"), "python", 1, trace.document(LINES)[0])
        self._kept = Open(self._document, lambda: self._now)

    async def begin(self) -> None:
        """Know the folder, and open the document."""
        self._router.opened(self._document)
        await self._workspace.start()
        await self._workspace.settled()

    async def idle(self, key: Key) -> AsyncIterator[str]:
        """The prompt at the place of the next key."""
        self._now += key.gap
        if not key.hot:
            await self._workspace.settled()
            place = self._request(key.before, key.place)
            await self._layout.choose(reuse.TASK, place, self._route, self._kept)
            if self._warmed:
                found = self._layout.ahead(reuse.TASK, place, self._route, self._kept)
                self._layout.take(found, self._kept)
                yield found.call.prompt

    def __call__(self, key: Key) -> str:
        """The prompt at a key."""
        asked = self._request(key.text, key.cursor)
        self._document = asked.document
        self._router.edited(self._document, key.changes)
        return self._layout.call(reuse.TASK, asked, self._route, self._kept).prompt

    def _request(self, text: str, at: int) -> Request:
        document = replace(self._document, version=self._document.version + 1, text=text)
        return Request(reuse.TASK.name, document, Span(at, at))

    async def aclose(self) -> None:
        """Give everything back."""
        await self._router.aclose()


class AsLong(Layout):
    """A prompt as long as llama.vim's."""

    def room(self, task: Task, route: Route, kept: Open) -> Room:
        """Without regard to what is read in time."""
        return Room(LONG, LONG * CHARACTERS, window.Extent(after=64, characters=1 << 20))


async def cost(way: Way, gguf: Path, count: int) -> reuse.Cost:
    """One way on an engine of its own; the first prompt does not count, nor does what the background evaluates."""
    found = reuse.Cost()
    engine = reuse.Llama(gguf)
    try:
        for number, key in enumerate(islice(keys(), count + 1)):
            async for prompt in way.idle(key):
                engine.evaluated(prompt)
            evaluated, length = engine.evaluated(way(key))
            if number:
                found.all.append(evaluated)
                found.prompt.append(length)
                if key.hot:
                    found.hot.append(evaluated)
    finally:
        engine.stop()
    return found


def library(place: str) -> tuple[Path, list[str]]:
    """A workspace of Python's own packages; the texts of its longest files, as many as the ring holds."""
    folder = Path(os.path.realpath(place), "library")
    folder.mkdir()
    standard = Path(sysconfig.get_paths()["stdlib"])
    texts = []
    for package in PACKAGES:
        for file in sorted((standard / package).glob("*.py")):
            target = folder / package / file.name
            target.parent.mkdir(exist_ok=True)
            target.write_text(file.read_text("utf-8"), "utf-8")
            texts.append(file.read_text("utf-8"))
    return folder, sorted(texts, key=len)[-CHUNKS:]


async def measure(count: int) -> list[table.Table]:
    """Hot keys and all keys."""
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as place:
        os.environ["XDG_CACHE_HOME"] = place  # the index is kept there
        folder, visited = library(place)
        gguf = reuse.model(place)
        costs = {VIM: await cost(Vim(visited), gguf, count)}
        for name, way in {
            "Switchyard, nothing warmed": Ours(folder, USUAL, warmed=False),
            "Switchyard, 512 tokens of pieces": Ours(folder, FEW, warmed=True),
            "Switchyard": Ours(folder, USUAL, warmed=True),
            "Switchyard, as long": Ours(folder, LONG, warmed=True, make=AsLong),
        }.items():
            await way.begin()
            costs[name] = await cost(way, gguf, count)
            await way.aclose()
    hot = f"hot keys, less than {reuse.HOT:g} s after the one before"
    return [
        _table({name: it.hot for name, it in costs.items()}, hot, costs),
        _table({name: it.all for name, it in costs.items()}, "all keys", costs),
    ]


def _table(found: dict[str, list[int]], words: str, costs: dict[str, reuse.Cost]) -> table.Table:
    peer = statistics.mean(found[VIM])
    rows = []
    for name, tokens in found.items():
        shares = (table.percentile(tokens, 0.5), table.percentile(tokens, 0.9), table.percentile(tokens, 0.99))
        mean = statistics.mean(tokens)
        rows.append((name, mean, *shares, mean / peer, statistics.mean(costs[name].prompt)))
    return table.Table(
        f"Prompt tokens evaluated per keystroke, with other files' lines: {words}, {len(found[VIM]):,} of them",
        ("layout", "mean", "median", "p90", "p99", "x llama.vim", "tokens in a prompt"),
        tuple(rows),
        ("Aim: at most 0.33 of llama.vim's layout with its ring.",),
    )


def main(arguments: Sequence[str]) -> int:
    role = "how many keys each layout is asked at"
    return table.main(arguments, __doc__, lambda keys: asyncio.run(measure(keys)), KEYS, role)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
