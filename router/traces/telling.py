"""What of an output a prompt says: messages, values, and the frames of files that may be shown, word for word."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from router.context.gathering.view import Spot
from router.traces.places import Places
from router.traces.python import CAUSED, DURING
from router.traces.types import NOT_SHOWN, Fault, Frame, Trace, left_out
from router.types import Span

MOST = 6_000  # code points
_ENDS = 1  # frames outside of the workspace that are told at either end of a run of them
_VALUES = 12
_STRUCTURE = re.compile(
    r"(?:Exception Group )?Traceback \(|[gG]oroutine \d|.{0,120} by (?:main )?goroutine|stack backtrace:|"
    r"_{3,} .+ _{3,}$|--- FAIL: |" + "|".join(re.escape(it) for it in (CAUSED, DURING))
)


def telling(trace: Trace, places: Places, most: int = MOST) -> str:
    """The telling part of an output, in about `most` code points and in its order: the most telling faults.

    Of a file that may not be shown nothing is told, nor is code quoted of one that may be such a file.
    """
    if not trace.faults:
        return "\n".join(trace.lines).strip()[-most:]
    told, length = dict[int, str](), 0
    for number, fault in enumerate(trace.faults):
        rows = _fault(fault, trace.lines, places)
        length += sum(len(line) + 1 for line in rows.values())
        if number and length > most:
            break
        told |= {row: line for row, line in rows.items() if told.get(row) != NOT_SHOWN}
    lines = [line for _, line in sorted(told.items()) if line.strip()]
    once = (line for line, before in zip(lines, ["", *lines], strict=False) if line != before or line != NOT_SHOWN)
    return _cut("\n".join(once), most)


def _cut(text: str, most: int) -> str:
    """A text that is too long without its middle: an endless recursion has one."""
    return text if len(text) <= most else f"{text[: most // 3]}\n    […]\n{text[-most * 2 // 3 :]}"


def redacted(text: str, trace: Trace, places: Places) -> str:
    """A text that `trace` was read of, without what it tells of files that may not be shown; a long one in its telling
    part. A text that is no output stays as it is."""
    faults = [fault for fault in trace.faults if fault.language]
    if not faults:
        return text
    if len(text) > 2 * MOST:
        return telling(trace, places)
    frames = [frame for fault in faults for frame in fault.frames if _untold(frame, trace.lines, places)]
    hidden = {row: row == frame.rows[0] for frame in frames for row in range(*frame.rows)}
    rows = (
        NOT_SHOWN if hidden.get(row) else line for row, line in enumerate(trace.lines) if hidden.get(row) is not False
    )
    return "\n".join(rows) if hidden else text


def spots(trace: Trace, places: Places, text: Callable[[str], str | None]) -> tuple[Spot, ...]:
    """Where the frames are that lie in the workspace, the innermost of the most telling fault last."""
    found: dict[tuple[str, int], Spot] = {}
    for fault in reversed(trace.faults):
        for frame in fault.frames:
            path = places.resolved(frame)
            content = text(path) if path else None
            if path and content is not None and (span := _line(content, frame.line)):
                found.pop((path, span.start), None)
                found[path, span.start] = Spot(path, span, frame.said or fault.said.partition("\n")[0])
    return tuple(found.values())


def innermost(trace: Trace, places: Places) -> tuple[Frame, str, Fault] | None:
    """Where to look first: a frame, its file in the workspace, the fault that it is of; None: nothing lies there."""
    for fault in trace.faults:
        for frame in reversed(fault.frames):
            if path := places.resolved(frame):
                return frame, path, fault
    return None


def _fault(fault: Fault, lines: Sequence[str], places: Places) -> dict[int, str]:
    """The rows of a fault that may be told, each with what is said there."""
    told: dict[int, str] = {}
    run: list[Frame] = []
    hidden: set[int] = set()
    for frame in sorted(fault.frames, key=lambda it: it.rows):
        if _untold(frame, lines, places):
            hidden |= set(range(*frame.rows))
            told |= _ends(run, lines) | {frame.rows[0]: NOT_SHOWN}
            run = []
        elif places.where(frame) == "shown":
            told |= _ends(run, lines) | _rows(frame.rows, lines)
            run = []
        else:
            run.append(frame)
    told |= _ends(run, lines)
    told |= {row: line for row, line in _rows(fault.rows, lines).items() if row not in hidden}
    return told | _structure(told, hidden, lines) | _missing(fault, told)


def _untold(frame: Frame, lines: Sequence[str], places: Places) -> bool:
    """Whether a frame is not told: its file may not be shown, or code is quoted and nobody knows of which file."""
    where = places.where(frame)
    first, end = frame.rows
    quotes = end - first > 2 or (end - first == 2 and frame.path not in lines[end - 1])
    return where == "hidden" or (where == "unknown" and quotes)


def _missing(fault: Fault, told: dict[int, str]) -> dict[int, str]:
    """What was said of a fault and the values shown, where the rows that say it are not told."""
    text = " ".join(" ".join(told.values()).split())
    first = " ".join(fault.said.strip().partition("\n")[0].split())
    wanted = [fault.said.strip()] if first not in text else []
    wanted += [value for value in fault.values[:_VALUES] if value.partition("(")[2] not in text]
    last = max(told, default=0)
    return {last: "\n".join([told[last], *wanted])} if wanted and told else {}


def _structure(told: dict[int, str], hidden: Collection[int], lines: Sequence[str]) -> dict[int, str]:
    """The lines at and between those told by which one knows what kind of output it is."""
    first, last = min(told, default=0), max(told, default=0)
    while first > 0 and (not lines[first - 1].strip() or _STRUCTURE.match(lines[first - 1].lstrip(" |+"))):
        first -= 1
    return {
        row: lines[row]
        for row in range(first, last)
        if row not in hidden and _STRUCTURE.match(lines[row].lstrip(" |+"))
    }


def _ends(frames: Sequence[Frame], lines: Sequence[str]) -> dict[int, str]:
    """Frames outside of the workspace, one after the other: both ends are told."""
    if len(frames) <= 2 * _ENDS + 1:
        return {row: line for frame in frames for row, line in _rows(frame.rows, lines).items()}
    told = _ends(frames[:_ENDS], lines) | _ends(frames[-_ENDS:], lines)
    told[frames[_ENDS].rows[0]] = left_out(len(frames) - 2 * _ENDS)
    return told


def _rows(rows: tuple[int, int], lines: Sequence[str]) -> dict[int, str]:
    return {row: lines[row] for row in range(*rows) if row < len(lines)}


def _line(text: str, number: int) -> Span | None:
    """The line of a text, from 1, without the blanks around it; None: it has fewer lines."""
    rows = text.replace("\r\n", " \n").replace("\r", "\n").split("\n")
    if not 1 <= number <= len(rows):
        return None
    start = sum(len(row) + 1 for row in rows[: number - 1])
    row = rows[number - 1]
    return Span(start + len(row) - len(row.lstrip()), start + len(row.rstrip()))
