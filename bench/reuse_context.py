"""Prompt tokens that llama.cpp evaluates anew at each keystroke when a prompt also shows other files of a workspace.

The replay and the engine are those of `reuse`. The workspace are packages of Python's own library; our pieces come
from the product's index of it, llama.vim's chunks from as many of its files as its ring holds.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from bench import reuse, table, trace
from bench.ring import CHUNKS, LlamaVim
from bench.workspaces import opened
from router.context import privacy, window
from router.context.gathering import gather
from router.context.gathering.laid import laid
from router.context.gathering.view import View
from router.models import families
from router.types import Document, Piece, Request, Span

KEYS = 300
BUDGET = 512  # tokens of pieces
LONG, AS_LONG = 4000, window.Extent(after=64, characters=1 << 20)  # a prompt as long as llama.vim's
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


class Layout(Protocol):
    """One way to make prompts."""

    def idle(self, text: str, at: int, seconds: float) -> Iterator[str]:
        """What is evaluated in the background while so much time passes before the next key, with the cursor there."""

    def __call__(self, text: str, at: int, hot: bool) -> str:
        """The prompt at a key."""


def keys() -> Iterator[Key]:
    """The recorded typing, as in `reuse`."""
    text, base = trace.document(LINES)
    last = 0.0
    for step in trace.steps(base):
        before, text = text, trace.applied(text, step.edits)
        if step.key:
            place = step.edits[0].at + step.edits[0].deleted
            yield Key(text, step.cursor, before, place, step.second - last if last else 0.0)
            last = step.second


class Ours:
    """Our window with pieces in front; they are gathered anew when the user has paused, and keep their places.

    `warmed`: that prompt is evaluated in the pause, when the cursor has come to the place of the next key.
    """

    def __init__(self, view: View, root: Path, budget: int, extent: window.Extent, warmed: bool) -> None:
        self._view, self._path = view, str(root / "measured.py")
        self._budget, self._extent, self._warmed = budget, extent, warmed
        self._last: window.Window | None = None
        self._kept: list[Piece] = []

    def idle(self, text: str, at: int, seconds: float) -> Iterator[str]:
        """The prompt at the place of the next key."""
        if self._warmed and seconds >= reuse.HOT:
            yield self._made(text, at, rested=True)

    def __call__(self, text: str, at: int, hot: bool) -> str:
        """The prompt at a key."""
        return self._made(text, at, rested=not hot and not self._warmed)

    def _made(self, text: str, at: int, rested: bool) -> str:
        self._last = window.slide(self._last, text, at, self._extent, rested)
        if rested or not self._kept:
            request = Request("complete", Document(self._path, "python", 1, text), Span(at, at))
            seen = self._last.prefix + self._last.middle + self._last.suffix
            self._kept = list(gather.pieces(request, self._view, seen, self._budget, self._kept))
        family = families.table()[reuse.FAMILY]
        shown = map(privacy.clean, (self._last.prefix, self._last.suffix, self._last.middle))
        return laid(self._kept, family) + family.prompt(*shown)


def cost(layout: Layout, gguf: Path, count: int) -> reuse.Cost:
    """One layout on an engine of its own; the first prompt does not count, nor does what the background evaluates."""
    found = reuse.Cost()
    engine = reuse.Llama(gguf)
    try:
        for number, key in enumerate(islice(keys(), count + 1)):
            hot = key.gap < reuse.HOT
            for prompt in layout.idle(key.before, key.place, key.gap):
                engine.evaluated(prompt)
            evaluated, length = engine.evaluated(layout(key.text, key.cursor, hot))
            if number:
                found.all.append(evaluated)
                found.prompt.append(length)
                if hot:
                    found.hot.append(evaluated)
    finally:
        engine.stop()
    return found


def library(folder: Path) -> list[str]:
    """A workspace of Python's own packages; the texts of its longest files, as many as the ring holds."""
    folder.mkdir()
    standard = Path(sysconfig.get_paths()["stdlib"])
    texts = []
    for package in PACKAGES:
        for file in sorted((standard / package).glob("*.py")):
            target = folder / package / file.name
            target.parent.mkdir(exist_ok=True)
            target.write_text(file.read_text("utf-8"), "utf-8")
            texts.append(file.read_text("utf-8"))
    return sorted(texts, key=len)[-CHUNKS:]


async def measure(count: int) -> list[table.Table]:
    """Hot keys and all keys."""
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as place:
        folder = Path(place, "library")
        visited = library(folder)
        gguf = reuse.model(place)
        async with opened(folder) as workspace:
            texts = {str(folder / path): text for path, text in workspace.texts.items()}
            view = View(workspace.index, texts.get)
            layouts: dict[str, Layout] = {
                VIM: LlamaVim(visited),
                "Switchyard, nothing warmed": Ours(view, folder, BUDGET, window.EXTENT, warmed=False),
                "Switchyard": Ours(view, folder, BUDGET, window.EXTENT, warmed=True),
                "Switchyard, as long": Ours(view, folder, LONG, AS_LONG, warmed=True),
            }
            costs = {name: cost(layout, gguf, count) for name, layout in layouts.items()}
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
