"""What Rust prints: the compiler's errors with the code that they quote, panics and their backtraces."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec.structs import replace

from router.traces.types import Fault, Frame, told

_TITLE = re.compile(r"(error|warning|note|help)(?:\[\w+\])?: (\S.*)")
_ARROW = re.compile(r"\s*(?:-->|╭▸|:::) (\S.*?):(\d{1,9})(?::(\d{1,9}))?")
_PANICKED = re.compile(r"thread '[^']{0,200}' (?:\(\d+\) )?panicked at (\S.*?):(\d{1,9}):(\d{1,9}):")
_OLD_PANICKED = re.compile(r"thread '[^']{0,200}' panicked at '(.*)', (\S[^']*):(\d{1,9}):(\d{1,9})")
_CALL = re.compile(r"\s+\d+: +(?:0x[0-9a-f]+ - )?(\S.*)")
_AT = re.compile(r"\s+at (\S.*?):(\d{1,9})(?::(\d{1,9}))?")
_VALUE = re.compile(r"\s*(?:left|right): .+")
_ENDS = ("stack backtrace:", "note: ", "failures:")
_MOST = 200  # of a kind
_MESSAGE, _QUOTE = 12, 40  # lines


def read(lines: Sequence[str]) -> list[Fault]:
    """The compiler's errors, its warnings, and panics, each in the order of the output."""
    return [*islice(_compiled(lines), _MOST), *islice(_panics(lines), _MOST)]


def _compiled(lines: Sequence[str]) -> Iterator[Fault]:
    for row in range(1, len(lines)):
        if "-->" not in lines[row] or not (it := _ARROW.fullmatch(lines[row])):
            continue
        title = _TITLE.fullmatch(lines[row - 1])
        if title and title[1] in ("note", "help"):
            continue
        end = row + 1
        while end < min(len(lines), row + _QUOTE) and lines[end].strip():
            end += 1
        frame = Frame(it[1], int(it[2]), int(it[3] or 0), rows=(row - 1, end))
        said = lines[row - 1].strip()
        yield told(said, frame, _language(it[1]), not title or title[1] == "error")


def _language(path: str) -> str:
    return "python" if path.endswith((".py", ".pyi")) else "rust"


def _panics(lines: Sequence[str]) -> Iterator[Fault]:
    for row, line in enumerate(lines):
        if "panicked at " not in line:
            continue
        if it := _PANICKED.fullmatch(line):
            end = row + 1
            while end < min(len(lines), row + _MESSAGE) and lines[end].strip() and not lines[end].startswith(_ENDS):
                end += 1
            said, path, at, column = "\n".join(lines[row + 1 : end]), it[1], it[2], it[3]
        elif it := _OLD_PANICKED.fullmatch(line):
            end, said, path, at, column = row + 1, it[1], it[2], it[3], it[4]
        else:
            continue
        frames = _way(lines, end, Frame(path, int(at), int(column), rows=(row, row + 1)))
        values = [more.strip() for more in lines[row:end] if _VALUE.fullmatch(more)]
        yield Fault(said, frames, (row, end), tuple(values), language="rust")


def _way(lines: Sequence[str], row: int, site: Frame) -> tuple[Frame, ...]:
    """The backtrace below a panic, its innermost frame last; what panicked is behind it where it names it nowhere."""
    frames: list[Frame] = []
    call = None
    for at in range(row, len(lines)):
        if found := _CALL.fullmatch(lines[at]):
            call = found[1]
        elif call and (it := _AT.fullmatch(lines[at])):
            path = it[1].removeprefix("./")
            frames.append(Frame(path, int(it[2]), int(it[3] or 0), call, rows=(at - 1, at + 1)))
        elif not lines[at].startswith(("stack backtrace:", " ")) and (frames or lines[at].strip()):
            break
    same = [at for at, frame in enumerate(frames) if (frame.path, frame.line) == (site.path, site.line)]
    if same:
        frames[same[0]] = replace(frames[same[0]], column=site.column)
    return (*frames[::-1],) if same else (*frames[::-1], site)
