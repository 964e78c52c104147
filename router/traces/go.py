"""What Go prints: the goroutines of a panic or of a race, and what its compiler, its vet and its tests say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from router.traces.types import Fault, Frame, is_note, told

_GOROUTINE = re.compile(
    r"goroutine \d+.{0,80}:|.{0,120} by (?:main )?goroutine(?: \d+)?:|Goroutine \d+ .{0,60}created at:"
)
_PLACE = re.compile(r"\s+(\S.*\.(?:go|s)):(\d{1,9})(?: \+0x[0-9a-f]+)?")
_TOLD = re.compile(r"(?:vet: )?(\S[^:]*(?::[\\/][^:]*)?\.go):(\d{1,9}):(?:(\d{1,9}):)? (\S.*)")
_CALL = re.compile(r"\((?:[^()]*|\.\.\.)\)$")
_PANIC = ("panic: ", "fatal error: ", "WARNING: DATA RACE", "unexpected fault address", "SIG")
_FAILED = re.compile(r"\s*--- FAIL: (\S+)")
_PACKAGE = re.compile(r"FAIL\t(\S+)\t")
_FEW = 16  # goroutines that are told of


def read(lines: Sequence[str]) -> list[Fault]:
    """The goroutine that panicked, then what tests and compilers say, then the other goroutines."""
    stacks = [*_goroutines(lines)]
    return [*stacks[:1], *_tested(lines), *_compiled(lines), *stacks[1:_FEW]]


def _goroutines(lines: Sequence[str]) -> Iterator[Fault]:
    said, row = (0, 0), 0
    while row < len(lines):
        if lines[row].startswith(_PANIC) and (not said[1] or row > said[1]):
            said = (row, _end(lines, row))
        if _GOROUTINE.fullmatch(lines[row]):
            first = row
            frames, row = _frames(lines, row + 1)
            panics = [at for at, frame in enumerate(frames) if frame.function == "panic"]
            frames = frames[panics[-1] + 1 if panics else 0 :]  # what ran after it is no way to it
            text = "\n".join(lines[slice(*said)]) if said[1] else lines[first]
            if frames:
                yield Fault(text, tuple(frames[::-1]), said if said[1] else (first, first + 1), language="go")
                said = (0, 0)
        else:
            row += 1


def _end(lines: Sequence[str], row: int) -> int:
    """Where the message that begins at a row ends."""
    end = row + 1
    while end < min(len(lines), row + 6) and lines[end].strip() and not _GOROUTINE.fullmatch(lines[end]):
        end += 1
    return end


def _frames(lines: Sequence[str], row: int) -> tuple[list[Frame], int]:
    """Calls and their places, in turns, the innermost first."""
    frames: list[Frame] = []
    while row + 1 < len(lines) and lines[row].strip():
        if is_note(lines[row]):
            row += 1
            continue
        if not (found := _PLACE.fullmatch(lines[row + 1])):
            break
        name = _CALL.sub("", lines[row].strip().removeprefix("created by ").partition(" in goroutine ")[0])
        frames.append(Frame(found[1], int(found[2]), 0, name, rows=(row, row + 2)))
        row += 2
    return frames, row


def _tested(lines: Sequence[str]) -> Iterator[Fault]:
    """`--- FAIL: TestLine`, and below it the file without its folder: that is the last name of the package."""
    test, found = "", list[Fault]()
    for row, line in enumerate(lines):
        if failed := _FAILED.match(line):
            test = failed[1]
        elif package := _PACKAGE.match(line):
            folder = package[1].rpartition("/")[2]
            yield from (_in(folder, fault) for fault in found)
            test, found = "", []
        elif test and line.startswith(" ") and (it := _TOLD.fullmatch(line.strip())):
            frame = Frame(it[1], int(it[2]), int(it[3] or 0), test, rows=(row, row + 1))
            found.append(told(it[4], frame, "go"))
    yield from found


def _in(folder: str, fault: Fault) -> Fault:
    frame = fault.frames[0]
    return fault if "/" in frame.path else replace(fault, frames=(replace(frame, path=f"{folder}/{frame.path}"),))


def _compiled(lines: Sequence[str]) -> Iterator[Fault]:
    for row, line in enumerate(lines):
        if ".go:" in line and not line.startswith((" ", "\t")) and (it := _TOLD.fullmatch(line)):
            end = row + 1
            while end < min(len(lines), row + 6) and lines[end].startswith("\t"):
                end += 1
            said = "\n".join([it[4], *(more.strip() for more in lines[row + 1 : end])])
            yield told(said, Frame(it[1], int(it[2]), int(it[3] or 0), rows=(row, end)), "go")
