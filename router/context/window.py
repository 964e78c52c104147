"""The stretch of the open file that a completion prompt shows, laid out so that a keystroke only appends.

An engine re-evaluates everything after the first changed token. So the prompt shows whole lines up to a
`split`, then what follows the cursor, then, after the middle mark, the text from the split to the cursor:
while the user types on, newlines included, only that last part grows. The rest stays frozen to the letter
until it would mislead: the cursor left, what follows it changed, or so much was typed that it should slide.
"""

from __future__ import annotations

import msgspec

from router.context.brackets import CLOSERS


class Extent(msgspec.Struct, frozen=True):
    """How much of a file a prompt may show: lines, and code points in all (a fifth of them after the cursor)."""

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
    end = _line_end(text)
    kept = _moved(last, text, at) if last else None
    if last and kept is not None and _holds(last, text, kept, at, extent, rested, end):
        return Window(kept, last.prefix, text[kept + len(last.prefix) : at], last.suffix, len(text))
    split = _split(text, at, extent, end)
    near = kept is not None and _near(text, kept, split, at, extent, end)
    start = kept if kept is not None and near else _start(text, split, at, extent, end)
    return Window(start, text[start:split], text[split:at], _after(text, at, extent, end), len(text))


def _line_end(text: str) -> str:
    """The one character that ends the lines of this text."""
    return "\r" if "\n" not in text and "\r" in text else "\n"


def _split(text: str, at: int, extent: Extent, end: str) -> int:
    """Where the middle begins: with the cursor's line, or, where that is very long, near enough to grow for a while."""
    line = text.rfind(end, 0, at) + 1
    return line if at - line <= _grown(extent) else at - _grown(extent) // 2


def _moved(last: Window, text: str, at: int) -> int | None:
    """Where the last window's prefix stands now: where it was, or shifted by an edit above it."""
    for start in (last.start, last.start + len(text) - last.length):
        if 0 <= start <= at and text.startswith(last.prefix[: max(0, at - start)], start):
            return start
    return None


def _holds(last: Window, text: str, start: int, at: int, extent: Extent, rested: bool, end: str) -> bool:
    split = start + len(last.prefix)
    if at < split or not text.startswith(last.prefix, start) or at - start > _share(extent):
        return False
    typed = text.count(end, split, at)
    if typed > (extent.middle // 4 if rested else extent.middle) or at - split > _grown(extent):
        return False
    after = _after(text, at, extent, end)
    return after == last.suffix or (not rested and _alike(after, last.suffix, end))


def _alike(after: str, frozen: str, end: str) -> bool:
    """Whether a frozen suffix still tells what comes next: its first two lines do."""
    return after.split(end, 3)[:3] == frozen.split(end, 3)[:3]


def _near(text: str, start: int, split: int, at: int, extent: Extent, end: str) -> bool:
    """Whether a window may go on starting where it did: neither too long by now nor too short."""
    if start > split or at - start > _share(extent):
        return False
    lines = text.count(end, start, split)
    return lines <= extent.before and (start == 0 or lines >= extent.before // 3 or split - start > _share(extent) // 3)


def _start(text: str, split: int, at: int, extent: Extent, end: str) -> int:
    """A fresh start, three quarters of the extent back, so that there is room to grow before it slides again.

    It is within a line only if that line is longer than all this.
    """
    start = split
    floor = max(0, at - _share(extent) * 3 // 4)
    for _ in range(extent.before * 3 // 4):
        line = text.rfind(end, floor, max(start - 1, floor)) + 1
        if line <= floor:
            return floor if floor == 0 or start == split else start
        start = line
    return start


def _share(extent: Extent) -> int:
    """Code points before the cursor."""
    return extent.characters * 4 // 5


def _grown(extent: Extent) -> int:
    """Code points that the middle may grow to."""
    return extent.characters // 4


def _after(text: str, at: int, extent: Extent, mark: str) -> str:
    """What follows the cursor, by whole lines; brackets that an editor closed by itself do not count."""
    end = at
    stop = min(len(text), at + extent.characters // 5)
    for _ in range(extent.after):
        line = text.find(mark, end, stop)
        if line < 0:
            end = stop if stop == len(text) or end == at else end
            break
        end = line + 1
    rest = text[at:end]
    first = rest.partition(mark)[0].removesuffix("\r")
    return rest[len(first) :] if CLOSERS.issuperset(first) else rest
