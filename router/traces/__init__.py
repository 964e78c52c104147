"""Understands what programs, compilers and tests print when something goes wrong: any text -> where, how, and why."""

from __future__ import annotations

import re

from msgspec.structs import replace

from router.traces import c, go, java, javascript, loose, pytest, python, rust
from router.traces.types import Fault, Frame, Trace

__all__ = ["Fault", "Frame", "Trace", "read"]
_HEAD, _TAIL = (
    64_000,
    192_000,
)  # code points that are looked at: compilers begin with what matters, programs end with it
_LONGEST = 1_000  # code points of a line; messages and paths are shorter
_FIRST, _LAST = 5_000, 15_000  # lines
_FAULTS, _FRAMES = 64, 200  # that are told of
_COLOUR = re.compile(
    r"\x1b\][^\x07\x1b\n]{0,500}(?:\x07|\x1b\\)?|(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]?|\x1b[@-Z\\^_]?"
)
_PREFIXES = (
    re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)? "),
    re.compile(r"[\w.-]{1,60} {1,20}\| ?"),
    re.compile(r"\[[\w./-]{1,80}\] "),
)
_READERS = (pytest.read, python.read, javascript.read, go.read, rust.read, java.read, c.read)


def read(text: str) -> Trace:
    """What an output tells of faults. Total, and quick for any text; of a long one the beginning and the end count."""
    if len(text) > _HEAD + _TAIL:
        text = f"{text[:_HEAD]}\n…\n{text[-_TAIL:]}"
    plain = _COLOUR.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    rows = plain.split("\n")
    if len(rows) > _FIRST + _LAST:
        rows = [*rows[:_FIRST], "…", *rows[-_LAST:]]
    lines = tuple(row[:_LONGEST] for row in _bare(rows))
    found = [faults for reader in _READERS if (faults := reader(lines))]
    found.sort(key=lambda faults: -max(_end(fault) for fault in faults))
    faults = [fault for some in found for fault in some] or loose.read(lines)
    faults.sort(key=lambda fault: not fault.grave)
    return Trace(lines, tuple(_short(fault) for fault in faults[:_FAULTS]))


def _bare(rows: list[str]) -> list[str]:
    """The rows without what a log puts before each of them: a time, the name of a container."""
    for prefix in _PREFIXES:
        found = [prefix.match(row) for row in rows]
        if sum(map(bool, found)) * 2 > sum(map(bool, map(str.strip, rows))):
            rows = [row[it.end() :] if it else row for row, it in zip(rows, found, strict=True)]
    return rows


def _end(fault: Fault) -> int:
    return max(fault.rows[1], *(frame.rows[1] for frame in fault.frames), 0)


def _short(fault: Fault) -> Fault:
    """Of an endless recursion both ends are told."""
    frames = fault.frames
    if len(frames) <= _FRAMES:
        return fault
    return replace(fault, frames=frames[: _FRAMES // 2] + frames[-_FRAMES // 2 :])
