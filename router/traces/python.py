"""Python's tracebacks, with all that they can be chained and grouped by, and what its checkers print."""

from __future__ import annotations

import re
from collections.abc import Sequence

from router.traces.types import Fault, Frame, told

CAUSED = "The above exception was the direct cause of the following exception:"
DURING = "During handling of the above exception, another exception occurred:"
_FRAME = re.compile(r' +File "([^"]+)", line (\d{1,9})(?:, in (.+))?')
_HEADER = re.compile(r"(?:Exception Group )?Traceback \(most recent call last\)")
_REPEATED = "  [Previous line repeated"
_TESTS = ("======", "______")
_MESSAGE = 20  # lines of a message that are looked at
_CHECKED = re.compile(r"(\S[^:]*\.py[iwx]?):(\d{1,9}):(?:(\d{1,5}):)? (?:(error|warning|note): )?(\S.*)")


def read(lines: Sequence[str]) -> list[Fault]:
    """The tracebacks of an output, and what mypy, flake8 and their like say in it."""
    bare, deep = _ungrouped(lines)
    chains: list[tuple[int, list[Fault]]] = []
    row, link = 0, ""
    while row < len(bare):
        line, at = bare[row], row
        row += 1
        if _FRAME.match(line):
            fault, row = _stack(bare, at)
            if link and chains:
                chained(chains[-1][1], fault, link)
            else:
                chains.append((deep[at], [fault]))
            link = ""
        elif line.strip():
            link = line if line in (CAUSED, DURING) else link if _HEADER.match(line) else ""
    if not any(depth or line.startswith(_TESTS) for depth, line in zip(deep, lines, strict=True)):
        chains.reverse()  # what is printed last has ended the program; of tests, the first is looked at first
    chains.sort(key=lambda it: -it[0])
    return [fault for _, chain in chains for fault in chain] or _checked(lines)


def chained(chain: list[Fault], fault: Fault, link: str) -> None:
    """Put a fault where it belongs: what it was caused by is more telling, what was handled when it came is less."""
    chain.insert(len(chain) if link == CAUSED else 0, fault)


def _stack(lines: Sequence[str], row: int) -> tuple[Fault, int]:
    """The stack that begins at a row with its message, and the row after them."""
    frames: list[Frame] = []
    while row < len(lines):
        if found := _FRAME.match(lines[row]):
            frames.append(Frame(found[1], int(found[2]), 0, found[3] or "", rows=(row, row + 1)))
        elif lines[row].startswith(("    ", _REPEATED)):
            last = frames.pop()
            frames.append(Frame(last.path, last.line, 0, last.function, rows=(last.rows[0], row + 1)))
        else:
            break
        row += 1
    end = row
    while end < min(len(lines), row + _MESSAGE) and _goes_on(lines[end]):
        end += 1
    said = "\n".join(lines[row:end])
    return Fault(said, tuple(frames), (row, end), language="python"), end


def _goes_on(line: str) -> bool:
    return bool(line.strip()) and not _HEADER.match(line) and line not in (CAUSED, DURING) and line[:6] not in _TESTS


def _ungrouped(lines: Sequence[str]) -> tuple[list[str], list[int]]:
    """The lines without the margin of an exception group, and how deep in a group each of them is."""
    bare, deep = [], []
    inside = False
    for line in lines:
        inside = inside or line.startswith("  + Exception Group Traceback")
        margin = line.lstrip(" ") if inside else ""
        depth = (len(line) - len(margin)) // 2 if margin[:1] in ("|", "+") and margin else 0
        if depth:
            line = "" if margin.startswith(("+-", "+ ---")) else margin[2:]
        inside = inside and bool(depth)
        bare.append(line)
        deep.append(depth)
    return bare, deep


def _checked(lines: Sequence[str]) -> list[Fault]:
    """What is told in one line, as `prices.py:5: error: …`; pytest's own form is another one."""
    if any(line.startswith("E   ") for line in lines):
        return []
    found: list[Fault] = []
    for row, line in enumerate(lines):
        if ".py" in line and (it := _CHECKED.fullmatch(line)):
            frame = Frame(it[1], int(it[2]), int(it[3] or 0), rows=(row, row + 1))
            grave = it[4] not in ("warning", "note") and "Warning:" not in it[5]
            found.append(told(it[5], frame, "python", grave))
    return found
