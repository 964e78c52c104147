"""The stretch of the open file that a completion prompt shows, laid out so that a keystroke only appends.

An engine re-evaluates everything after the first changed token. So the prompt shows whole lines up to a
`split`, then what follows the cursor, then, after the middle mark, the text from the split to the cursor:
while the user types on, newlines included, only that last part grows. The rest stays frozen to the letter
until it would mislead: the cursor left, what follows it changed, or so much was typed that it should slide.
"""

from __future__ import annotations

import msgspec

_CLOSERS = frozenset(")]}>\"'`;,: \t")


class Extent(msgspec.Struct, frozen=True):
    """How much of a file a prompt may show: lines, and code points in all (a third of them after the cursor)."""

    before: int = 256
    after: int = 64
    middle: int = 32
    characters: int = 9_000


EXTENT = Extent()


class Window(msgspec.Struct, frozen=True):
    """`prefix`, then the cursor's own `middle`, stand in the text from `start` on; `suffix` once followed them."""

    start: int
    prefix: str
    middle: str
    suffix: str
    length: int

    @property
    def split(self) -> int:
        """Where the frozen prefix ends and the growing middle begins."""
        return self.start + len(self.prefix)


def slide(last: Window | None, text: str, at: int, extent: Extent = EXTENT, rested: bool = True) -> Window:
    """The window for a cursor at `at`, as much like the `last` one as is right.

    `rested`: the user paused before this request. Then what drifted is put in order, because a pause is when
    a longer evaluation is least felt; between two quick keys only what misleads is changed.
    """
    kept = _moved(last, text, at) if last else None
    if last and kept is not None and _holds(last, text, kept, at, extent, rested):
        return Window(kept, last.prefix, text[kept + len(last.prefix) : at], last.suffix, len(text))
    split = _line_start(text, at)
    start = kept if kept is not None and _near(text, kept, split, extent) else _start(text, split, extent)
    return Window(start, text[start:split], text[split:at], _after(text, at, extent), len(text))


def _moved(last: Window, text: str, at: int) -> int | None:
    """Where the last window's prefix stands now: where it was, or shifted by an edit above it."""
    for start in (last.start, last.start + len(text) - last.length):
        if 0 <= start <= at and text.startswith(last.prefix[: max(0, at - start)], start):
            return start
    return None


def _holds(last: Window, text: str, start: int, at: int, extent: Extent, rested: bool) -> bool:
    split = start + len(last.prefix)
    if at < split or not text.startswith(last.prefix, start):
        return False
    typed = text.count("\n", split, at)
    if typed > (extent.middle // 4 if rested else extent.middle) or at - split > extent.characters // 4:
        return False
    after = _after(text, at, extent)
    return after == last.suffix or (not rested and _alike(after, last.suffix))


def _alike(after: str, frozen: str) -> bool:
    """Whether a frozen suffix still tells what comes next: its first two lines do."""
    return after.split("\n", 3)[:3] == frozen.split("\n", 3)[:3]


def _near(text: str, start: int, split: int, extent: Extent) -> bool:
    """Whether a window may go on starting where it did: neither too long by now nor too short."""
    if not 0 <= split - start <= _share(extent):
        return False
    lines = text.count("\n", start, split)
    return lines <= extent.before and (start == 0 or lines >= extent.before // 3 or split - start > _share(extent) // 3)


def _start(text: str, split: int, extent: Extent) -> int:
    """A fresh start, three quarters of the extent back, so that there is room to grow before it slides again."""
    start = split
    floor = max(0, split - _share(extent) * 3 // 4)
    for _ in range(extent.before * 3 // 4):
        line = text.rfind("\n", floor, max(start - 1, floor)) + 1
        if line <= floor:
            return 0 if floor == 0 else start
        start = line
    return start


def _share(extent: Extent) -> int:
    return extent.characters * 2 // 3


def _after(text: str, at: int, extent: Extent) -> str:
    """What follows the cursor, by whole lines; brackets that an editor closed by itself do not count."""
    end = at
    stop = min(len(text), at + extent.characters // 3)
    for _ in range(extent.after):
        line = text.find("\n", end, stop)
        if line < 0:
            end = stop if stop == len(text) or end == at else end
            break
        end = line + 1
    rest = text[at:end]
    line_end = rest.find("\n")
    first = rest if line_end < 0 else rest[:line_end]
    return rest[len(first) :] if _CLOSERS.issuperset(first) else rest


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1
