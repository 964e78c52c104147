"""Places in an output of any other kind: whatever looks like a file and a line."""

from __future__ import annotations

import re
from collections.abc import Sequence

from router.traces.types import Fault, Frame

_TOKENS = re.compile(r"[\s\"'`(),<>\[\]]+")
_PLACE = re.compile(r"((?:[A-Za-z]:)?[^:*?|]{1,400}?\.\w{1,8}):(\d{1,9})(?::(\d{1,9}))?(?::.*)?")
_BASH = re.compile(r"(\S.*?\.\w{1,8}): line (\d{1,9}): .+")
_FAULTY = re.compile(r"error|exception|fatal|fail|panic|cannot|can't|undefined|unexpected|not found", re.I)
_MOST = 40  # places


def read(lines: Sequence[str]) -> list[Fault]:
    """The places that an output names; those of lines that speak of a fault come first."""
    found: list[Fault] = []
    for row, line in enumerate(lines):
        frames = _places(line, row)
        if frames:
            found.append(Fault(line.strip(), tuple(frames), (row, row + 1), grave=bool(_FAULTY.search(line))))
            if len(found) >= _MOST:
                break
    return found


def _places(line: str, row: int) -> list[Frame]:
    rows = (row, row + 1)
    if ":" in line:
        if it := _BASH.fullmatch(line):
            return [Frame(it[1], int(it[2]), rows=rows)]
        found = (_PLACE.fullmatch(token) for token in _TOKENS.split(line) if ":" in token)
        return [Frame(it[1], int(it[2]), int(it[3] or 0), rows=rows) for it in found if it]
    said, _, number = line.partition(" on line ")  # as PHP says it
    path = said.rpartition(" in ")[2]
    return [Frame(path, int(number), rows=rows)] if number.isdecimal() and len(number) < 10 and "." in path else []
