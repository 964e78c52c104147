"""What JavaScript and TypeScript print: the stacks of Node.js and of test runners, what tsc and ESLint say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec.structs import replace

from router.traces.types import Fault, Frame, is_note, told

_ERROR = re.compile(
    r"(?:Uncaught |\[cause\]: |\[)*((?:[A-Z]\w*)?(?:Error|Exception|Rejection)\b(?: \[\w+\])?(?:: .*)?)"
)
_SITE = re.compile(r"((?:file:///|/|[A-Za-z]:[\\/]).+):(\d{1,9})")
_PLACE = re.compile(r"(?P<path>.+?\.\w{1,6}|node:.+|<anonymous>|\S+):(?P<line>\d{1,9}):(?P<column>\d{1,9})")
_AT = re.compile(r"([^\s@]*)@((?:https?|file|webpack(?:-internal)?)://\S+?):(\d{1,9}):(\d{1,9})")  # not Chromium
_QUOTED = re.compile(r"\s*>?\s*\d+ ?\|")
_CODE = r"(?:(error|warning) )(TS\d+: .+)"
_TSC = re.compile(r"(\S.*\.[cm]?[jt]sx?)(?:\((\d{1,9}),(\d{1,9})\): |:(\d{1,9}):(\d{1,9}) - )" + _CODE)
_LINTED = re.compile(r"\s+(\d{1,9}):(\d{1,9})\s+(error|warning)\s+(\S.*)")
_FILE = re.compile(r"(\S.*\.(?:[cm]?[jt]sx?|vue|svelte))")
_VALUE = re.compile(r"\s*(?:Expected|Received|actual|expected|\+ actual|- expected)(?: \w+)?: *\S.*", re.I)
_ABOVE, _BELOW = 40, 14  # lines before a stack in which its message stands; lines of code that may be quoted
_OTHERS = re.compile(r"\.(?:rs|java|kt|go|c|h|cc|cpp|hpp|py|cs|swift)$")
_MOST = 64  # stacks
_RUNTIME = re.compile(r"(?:node|internal|deno|ext):|<anonymous>|native$")


def read(lines: Sequence[str]) -> list[Fault]:
    """The stacks of an output, a cause before what it has caused, and the complaints of tsc and ESLint."""
    found = [*islice(_stacks(lines), _MOST)]
    found.sort(key=lambda fault: not lines[fault.rows[0]].lstrip().startswith("[cause]"))
    return [*found, *_compiled(lines), *_linted(lines)]


def _stacks(lines: Sequence[str]) -> Iterator[Fault]:
    row = before = 0
    while row < len(lines):
        frames: list[Frame] = []
        first = row
        while row < len(lines) and (frame := _frame(lines[row], row)):
            row += 1
            while row < len(lines) and _beside(lines[row]):
                row += 1  # the code at this place, as vitest shows it
            frames.append(replace(frame, rows=(frame.rows[0], row)))
        if frames and any(not _RUNTIME.match(frame.path) for frame in frames[:1] + frames):
            yield _fault(lines, before, first, frames[::-1])
        elif frames:
            yield from _unread(lines, before, first, frames[::-1])
        before = row if frames else before
        row += not frames


def _beside(line: str) -> bool:
    """Whether a line between two frames is about them: code, or a word about what was left out."""
    return bool(_QUOTED.match(line)) or line.lstrip().startswith("| ") or is_note(line)


def _frame(line: str, row: int) -> Frame | None:
    """`at total (prices.js:17:22)`; others write `❯ total prices.js:17:22`, `total (/srv/prices.js:17:22)`, `total@http://…`."""
    text = line.strip().rstrip("{,").rstrip()
    if "@" in text and (it := _AT.fullmatch(text)):
        return Frame(it[2], int(it[3]), int(it[4]), it[1], rows=(row, row + 1))
    marked = text.startswith(("at ", "❯ "))
    if not marked and not (text.endswith(")") and " (" in text):
        return None
    text = (text[2:].lstrip() if marked else text).removeprefix("async ")
    name, _, place = text[:-1].rpartition(" (") if text.endswith(")") else ("", "", text)
    if line.lstrip().startswith("❯") and " " in place:
        name, _, place = place.rpartition(" ")
    place = place.removeprefix("async ").removeprefix("file://")
    if place == "<anonymous>" and marked and name:
        return Frame(place, 0, 0, name, rows=(row, row + 1))
    found = _PLACE.fullmatch(place)
    if not found or not (marked or place.startswith(("/", "node:")) or place[1:3] in (":\\", ":/")):
        return None
    if _OTHERS.search(found["path"]):
        return None
    return Frame(found["path"], int(found["line"]), int(found["column"]), name, rows=(row, row + 1))


def _fault(lines: Sequence[str], before: int, first: int, frames: list[Frame]) -> Fault:
    """A stack that begins at the row `first`, with the message above it, and the code that is quoted there."""
    start, end, said = _message(lines, before, first)
    quoted = _quoted(lines, max(before, first - _BELOW), first)
    if quoted and frames:
        end = max(start, min(end, quoted[0]))
        frames[-1] = replace(frames[-1], rows=(quoted[0], frames[-1].rows[1]))
        said = "\n".join(line.strip() for line in lines[start:end] if line.strip()) or said
    site = _site(lines, max(before, start - _BELOW), start)
    if site:
        same = [at for at, frame in enumerate(frames) if (frame.path, frame.line) == (site.path, site.line)]
        frames = frames if same or _RUNTIME.match(site.path) else [*frames, site]
    values = [line.strip() for line in islice(lines, start, first) if _VALUE.fullmatch(line)]
    return Fault(said, tuple(frames), (start, end), tuple(values), language="javascript")


def _unread(lines: Sequence[str], before: int, first: int, frames: list[Frame]) -> Iterator[Fault]:
    """A file that could not even be read: the stack tells of the runtime only, the lines above it of the place."""
    start, end, said = _message(lines, before, first)
    site = _site(lines, max(before, start - _BELOW), start)
    if site and not _RUNTIME.match(site.path):
        yield Fault(said, (*frames, site), (start, end), language="javascript")


def _message(lines: Sequence[str], before: int, first: int) -> tuple[int, int, str]:
    """The rows of the message above a stack, and what it says."""
    for row in range(first - 1, max(before, first - _ABOVE) - 1, -1):
        text = lines[row].strip()
        if (found := _ERROR.match(text)) and not text.startswith("at "):
            rest = (line.strip() for line in lines[row + 1 : first])
            return row, first, "\n".join([found[1], *(line for line in rest if line)])
        if text.startswith("● "):
            return row, first, "\n".join(line.strip() for line in lines[row:first] if line.strip())
        if text.startswith("error: ") and "stack: |-" in lines[first - 1]:
            end = row + 1
            while text == "error: |-" and lines[end].startswith("    "):
                end += 1
            said = (line.strip() for line in lines[row + 1 : end])
            return row, end, "\n".join(filter(None, said)) or text[7:].strip("\"'")
    row = first - 1
    return (row, first, lines[row].strip()) if row >= before else (first, first, "")


def _quoted(lines: Sequence[str], start: int, end: int) -> tuple[int, int] | None:
    """The rows in which a test runner quotes code."""
    rows = [row for row in range(start, end) if _QUOTED.match(lines[row])]
    return (rows[0], rows[-1] + 1) if rows else None


def _site(lines: Sequence[str], start: int, end: int) -> Frame | None:
    """Where Node.js says that it happened: the place on a line of its own, the code below, and a mark below that."""
    for row in range(end - 1, start - 1, -1):
        if not (found := _SITE.fullmatch(lines[row])):
            continue
        for mark in range(row + 1, min(row + 4, end)):
            if lines[mark].strip() and not lines[mark].strip(" \t^"):
                column = lines[mark].index("^") + 1
                return Frame(found[1].removeprefix("file://"), int(found[2]), column, rows=(row, mark + 1))
    return None


def _compiled(lines: Sequence[str]) -> Iterator[Fault]:
    for row, line in enumerate(lines):
        if "TS" in line and (it := _TSC.fullmatch(line)):
            end = row + 1
            while end < min(len(lines), row + _BELOW) and (it[4] or lines[end].startswith("  ")):
                if _TSC.fullmatch(lines[end]) or lines[end].startswith("Found "):
                    break
                end += 1
            frame = Frame(it[1], int(it[2] or it[4]), int(it[3] or it[5]), rows=(row, end))
            more = (text.strip() for text in lines[row + 1 : end] if not it[4])
            yield told("\n".join([it[7], *more]), frame, "typescript", it[6] == "error")


def _linted(lines: Sequence[str]) -> Iterator[Fault]:
    """ESLint's own form: a file on a line of its own, its faults below."""
    file, head = "", 0
    for row, line in enumerate(lines):
        if found := _FILE.fullmatch(line):
            file, head = found[1], row
        elif file and (it := _LINTED.fullmatch(line)):
            frame = Frame(file, int(it[1]), int(it[2]), rows=(row, row + 1))
            fault = told(" ".join(it[4].split()), frame, "javascript", it[3] == "error")
            yield replace(fault, rows=(head, head + 1))
        elif line.strip():
            file = ""
