"""What Java prints, and what runs on the same machine: exceptions with their causes, and javac's errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from router.traces.types import Fault, Frame, is_note, told

_AT = re.compile(r"\s+at (?:[^\s(]*/)?([\w.$<>-]+)\(([^()]+)\)")
_MORE = re.compile(r"\s+\.\.\. \d+ (?:more|common frames omitted)")
_CAUSE, _SUPPRESSED = "Caused by: ", "Suppressed: "
_THREAD = re.compile(r'Exception in thread ".*?" ')
_TOLD = re.compile(
    r"(?:\[(?:ERROR|WARNING)\] |[ew]: )?(?:file://)?(\S.*\.(?:java|kt|scala)):"
    r"(?:\[(\d{1,9}),(\d{1,9})\]|(\d{1,9}):(?:(\d{1,9}):?)?) (\S.*)"
)
_MOST = 200  # of a kind
_QUOTE = 10  # lines below an error that may belong to it
_ABOVE = 8  # lines of a message


def read(lines: Sequence[str]) -> list[Fault]:
    """Exceptions, of each the innermost cause first, and the compiler's errors."""
    return [*islice(_thrown(lines), _MOST), *islice(_compiled(lines), _MOST)]


def _thrown(lines: Sequence[str]) -> Iterator[Fault]:
    chain: list[Fault] = []
    row = ended = 0
    while row < len(lines):
        if not _AT.match(lines[row]):
            row += 1
            continue
        start = _title(lines, ended, row)
        frames, end = _frames(lines, row)
        title = lines[start].strip() if start < row else ""
        if not title.startswith((_CAUSE, _SUPPRESSED)):
            yield from chain
            chain = []
        fault = Fault(_said(lines, start, row), tuple(frames[::-1]), (start, row), language="java")
        chain.insert(len(chain) if title.startswith(_SUPPRESSED) else 0, fault)
        row = ended = end
    yield from chain


def _title(lines: Sequence[str], least: int, row: int) -> int:
    """The row at which the message above a stack begins; the stack's own where there is none."""
    first = row
    for at in range(row - 1, max(least, row - _ABOVE) - 1, -1):
        text = lines[at].strip()
        if text.startswith((_CAUSE, _SUPPRESSED)) or _THREAD.match(text) or _exception(text):
            return at
        first = at if text and at == row - 1 else first
    return first


def _exception(text: str) -> bool:
    """Whether a line begins with the name of what was thrown: `shop.NoSuchOrder: 7`."""
    name = text.partition(":")[0]
    return "." in name and " " not in name and name.replace(".", "").replace("$", "").isalnum()


def _said(lines: Sequence[str], start: int, end: int) -> str:
    text = "\n".join(line.strip() for line in lines[start:end])
    text = _THREAD.sub("", text, count=1)
    return text.removeprefix(_CAUSE).removeprefix(_SUPPRESSED)


def _frames(lines: Sequence[str], row: int) -> tuple[list[Frame], int]:
    frames: list[Frame] = []
    while row < len(lines):
        if it := _AT.match(lines[row]):
            frames.append(_frame(it[1], it[2], row))
        elif not _MORE.match(lines[row]) and not is_note(lines[row]):
            break
        row += 1
    return frames, row


def _frame(call: str, place: str, row: int) -> Frame:
    """`shop.Orders$Loader.count` in `Orders.java:14`: the file lies in the folder of its package."""
    file, _, line = place.partition(":")
    package = call.split(".")[:-2]
    path = "/".join([*package, file]) if "." in file else file
    return Frame(path, int(line) if line.isdecimal() and len(line) < 10 else 0, 0, call, rows=(row, row + 1))


def _compiled(lines: Sequence[str]) -> Iterator[Fault]:
    for row, line in enumerate(lines):
        if ".java:" not in line and ".kt:" not in line and ".scala:" not in line:
            continue
        if not (it := _TOLD.fullmatch(line)) or line.startswith(("\t", " ")):
            continue
        end, column = row + 1, int(it[3] or it[5] or 0)
        while end < min(len(lines), row + _QUOTE) and lines[end].startswith(" "):
            if not lines[end].strip(" ^") and "^" in lines[end]:
                column = column or lines[end].index("^") + 1
            end += 1
        more = [text.strip() for text in lines[row + 1 : end] if text.startswith("  ") and _detail(text)]
        warns = it[6].startswith("warning") or line.startswith(("[WARNING]", "w: "))
        said = "\n".join([it[6].removeprefix("error: ").removeprefix("warning: "), *more])
        yield told(said, Frame(it[1], int(it[2] or it[4]), column, rows=(row, end)), "java", not warns)


def _detail(text: str) -> bool:
    """`symbol:   variable missing` and its like."""
    return text.strip().partition(":")[0] in ("symbol", "location", "required", "found", "reason")
