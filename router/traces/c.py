"""What C and C++ print: their compilers and linkers, debuggers, sanitizers and assertions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec.structs import replace

from router.traces.types import Fault, Frame, told

_PATH = r"(\S[^:(]*(?::[\\/][^:(]*)?)"
_TOLD = re.compile(_PATH + r":(\d{1,9}):(?:(\d{1,9}):)? (?:(fatal error|error|warning|note|runtime error): )(\S.*)")
_MSVC = re.compile(r"(\S.*\.\w{1,4})\((\d{1,9})(?:,(\d{1,9}))?\) ?: (fatal error|error|warning) (C\d+: .+)")
_FROM = re.compile(r"(?:In file included from|\s+from) " + _PATH + r":(\d{1,9})(?::\d+)?[:,]")
_REQUIRED = re.compile(_PATH + r":(\d{1,9}):(?:(\d{1,9}):)?\s+((?:required|recursively required|in).*)")
_WITHIN = re.compile(
    r"\S.*: (?:In (?:member |static )*(?:function|constructor|instantiation)|At (?:top level|global scope)).*"
)
_UNLINKED = re.compile(
    r"(?:\S*ld(?:\.\w+)?: )?" + _PATH + r":(\d{1,9}): (undefined reference to .+|multiple definition of .+)"
)
_ASSERTED = re.compile(r"(?:\S+: )?" + _PATH + r":(\d{1,9}): (.{1,300}): (Assertion .+ failed\.)")
_CALL = re.compile(r"\s*\*? ?(?:frame )?#(\d{1,6}):? +(?:0x[0-9a-f]+ )?(?:in )?(.*)")
_AT = re.compile(r"(\S.*?):(\d{1,9})(?::(\d{1,9}))?")
_VALGRIND = re.compile(r"==\d+== {3,}(?:at|by) 0x[0-9A-F]+: (.+) \((\S+):(\d{1,9})\)")
_SAID = re.compile(
    r"(?:Program|Thread .*) received signal .+|.*(?:ERROR|WARNING): \w+Sanitizer: .+|\* thread #.*stop reason = .+"
)
_OURS = re.compile(r"\.(?:py[iwx]?|java|kt|scala|go|rs|[cm]?[jt]sx?)$")
_MOST = 200  # of a kind
_QUOTE, _NOTES, _ABOVE = 12, 4, 12  # lines of a quotation, notes of an error, lines above a stack


def read(lines: Sequence[str]) -> list[Fault]:
    """Stacks, of them the one of the fault first, then the compiler's errors in their order."""
    return [*islice(_stacks(lines), _MOST), *islice(_compiled(lines), _MOST)]


def _compiled(lines: Sequence[str]) -> Iterator[Fault]:
    way: list[Frame] = []
    fault: Fault | None = None
    for row, line in enumerate(lines):
        it = _complaint(line)
        if it is None:
            if step := _step(row, line):
                way.append(step)
            continue
        path, at, column, kind, said = it
        end = row + 1 if kind == "at once" else _quoted(lines, row)
        frame = Frame(path, at, column, "", said if kind == "note" else "", rows=(row, end))
        if kind == "note":
            if fault and len(fault.frames) < _NOTES:
                fault = replace(fault, frames=(frame, *fault.frames))
            continue
        if fault:
            yield fault
        fault = told(said, frame, "c" if path.endswith((".c", ".h")) else "cpp", kind != "warning")
        fault = replace(fault, frames=(*way[::-1], frame))
        way = []
    if fault:
        yield fault


def _complaint(line: str) -> tuple[str, int, int, str, str] | None:
    """Path, line, column, kind and words of what a compiler says, if it does so in this line."""
    if ":" not in line or line.startswith(" "):
        return None
    if (it := _TOLD.fullmatch(line)) or (it := _MSVC.fullmatch(line)):
        return None if _OURS.search(it[1]) else (it[1], int(it[2]), int(it[3] or 0), it[4], it[5])
    if it := _UNLINKED.fullmatch(line):
        return it[1], int(it[2]), 0, "at once", it[3]
    if (it := _ASSERTED.fullmatch(line)) and not _OURS.search(it[1]):
        return it[1], int(it[2]), 0, "at once", it[4]
    return None


def _step(row: int, line: str) -> Frame | None:
    """A step from the file that includes, or that asks for a template, to the place of the fault."""
    if it := _FROM.fullmatch(line):
        return Frame(it[1], int(it[2]), rows=(row, row + 1))
    if "required" in line and (it := _REQUIRED.fullmatch(line)):
        return Frame(it[1], int(it[2]), int(it[3] or 0), said=it[4], rows=(row, row + 1))
    return None


def _quoted(lines: Sequence[str], row: int) -> int:
    """Where the code that is quoted below a complaint ends."""
    end = row + 1
    while end < min(len(lines), row + _QUOTE):
        line = lines[end]
        if not line.strip() or _complaint(line) or _step(end, line) or _WITHIN.fullmatch(line):
            break
        below = lines[end + 1] if end + 1 < len(lines) else ""
        if not line.startswith((" ", "\t")) and "^" in below and not below.strip(" \t~^"):
            end += 1  # code at the margin, with nothing but a mark below it
        elif not line.startswith((" ", "\t")):
            break
        end += 1
    return min(end, len(lines))


def _stacks(lines: Sequence[str]) -> Iterator[Fault]:
    frames: list[Frame] = []
    before = start = 0
    for row, line in enumerate((*lines, "")):
        frame = _frame(line, row)
        if frame and frame.function.startswith("#0 ") and frames:
            yield _stacked(lines, before, start, frames)
            frames, before = [], row
        if frame:
            start = start if frames else row
            frames.append(replace(frame, function=frame.function.partition(" ")[2]))
        elif frames and not line.startswith((" ", "    at ")):
            yield _stacked(lines, before, start, frames)
            frames, before = [], row


def _stacked(lines: Sequence[str], before: int, start: int, frames: list[Frame]) -> Fault:
    """A stack with what is said above it."""
    said = next((row for row in range(start - 1, max(before, start - _ABOVE) - 1, -1) if _SAID.match(lines[row])), -1)
    said = said if said >= 0 else max(before, start - 1)
    values = tuple(frame.said for frame in frames if frame.said)
    rows = (said, min(said + 1, start))
    return Fault("\n".join(lines[slice(*rows)]), tuple(frames[::-1]), rows, values, language="c")


def _frame(line: str, row: int) -> Frame | None:
    """A frame as gdb, lldb, valgrind and the sanitizers print it; its number stands before the function's name."""
    if "#" in line and (call := _CALL.fullmatch(line)):
        said, _, place = call[2].rpartition(" at ")
        said, _, place = (said, "", place) if said else call[2].rpartition(" ")
        if not (it := _AT.fullmatch(place)):
            return None
        name, _, shown = said.removesuffix(")").partition(" (" if " (" in said else "(")
        name = name.rpartition("`")[2]
        shown = f"{name}({shown})" if "=" in shown else ""
        return Frame(it[1], int(it[2]), int(it[3] or 0), f"#{call[1]} {name}", shown, rows=(row, row + 1))
    if "==" in line and (it := _VALGRIND.fullmatch(line)):
        number = "0" if " at 0x" in line else "1"
        return Frame(it[2], int(it[3]), 0, f"#{number} {it[1]}", rows=(row, row + 1))
    return None
