"""What pytest prints of tests that fail: its long, short and one-line forms, with the values that it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from router.traces.python import CAUSED, DURING, chained
from router.traces.types import Fault, Frame

_RULE = re.compile(r"_{3,} (.+) _{3,}|={3,} .+ ={3,}|-{3,} .+ -{3,}")
_PLACE = re.compile(r"(\S[^:]*(?::[^:]*)?\.py[iwx]?):(\d{1,9}): ?(?:in (\S.*)|(\w.*))?")
_DEFINED = re.compile(r"(?:>| ) +(?:async )?def (\w+)\(")
_VALUE = re.compile(r"[A-Za-z_][\w.]* += \S")
_SAID = 12  # lines of a message


class _Test:
    """One test in the reading: its chain of faults, and the one that is read now."""

    def __init__(self, name: str, row: int) -> None:
        self.name, self.chain, self.link = name, list[Fault](), ""
        self.begin(row)

    def begin(self, row: int) -> None:
        """Another fault begins at a row."""
        self.start, self.function = row, ""
        self.frames, self.said, self.values = list[Frame](), list[str](), list[str]()
        self.told = (row, row)

    def close(self, row: int) -> None:
        """The fault is told to its end."""
        if self.frames:
            said = "\n".join(self.said[:_SAID])
            fault = Fault(said, tuple(self.frames), self.told, tuple(self.values), language="python")
            chained(self.chain, fault, self.link or CAUSED)
        self.begin(row)

    def hear(self, row: int, line: str) -> None:
        """A line of it."""
        if line in (CAUSED, DURING):
            self.close(row + 1)
            self.link = line
        elif line.startswith("E  "):
            self.told = (self.told[0] if self.said else row, row + 1)
            self.said.append(line[1:].strip())
        elif found := _PLACE.fullmatch(line):
            self._place(row, found)
        elif line.startswith("_ _ _"):
            self.start = row + 1
        elif self.frames and self.frames[-1].rows[1] == row and line.startswith("    "):
            last = self.frames[-1]
            self.frames[-1] = replace(last, rows=(last.rows[0], row + 1))
        elif found := _DEFINED.match(line):
            self.function = found[1]
        elif _VALUE.match(line) and " object at 0x" not in line:
            self.values.append(line)

    def _place(self, row: int, found: re.Match[str]) -> None:
        path, line, function, kind = found.groups()
        if function and self.said:
            self.close(row)
        function, first = function or self.function, row if function else self.start
        self.frames.append(Frame(path, int(line), 0, function, rows=(first, row + 1)))
        self.start, self.function = row + 1, ""
        if kind:
            self.said = self.said or [kind]
            self.close(row + 1)


def read(lines: Sequence[str]) -> list[Fault]:
    """The failures that pytest tells of, in its order."""
    if not any(line.startswith("E   ") for line in lines):
        return []
    return [fault for test in _tests(lines) for fault in test.chain]


def _tests(lines: Sequence[str]) -> Iterator[_Test]:
    test = _Test("", 0)
    for row, line in enumerate(lines):
        if found := _RULE.fullmatch(line):
            test.close(row)
            yield test
            test = _Test(found[1] or "", row + 1)
        else:
            test.hear(row, line)
    test.close(len(lines))
    yield test
