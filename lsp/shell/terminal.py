"""Printing for people: rich tables where somebody looks, plain text in a pipe, and never a control character."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rich.console import Console

# Whole escape sequences (OSC, then DCS and its like, CSI, the short ones), in their 7-bit and 8-bit forms: what a
# sequence carries must go with it, or a file named ESC ] 0 ; x BEL would leave "0;x" behind.
_SEQUENCES = re.compile(
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\|\x9c)?"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
)
# Control characters, the line ends that terminals read as such, and what turns the direction of reading around.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")
GAP = 2  # spaces between the columns of a table
LONGEST = 24  # of a word that is kept in one piece where a table has to be narrow: a path may be longer


def clean(text: str) -> str:
    """`text` as it may be printed: no control characters but tab and line feed, none that reorder what is read."""
    text = _SEQUENCES.sub("", text.replace("\r\n", "\n"))
    return _SURROGATES.sub("\ufffd", _UNSEEN.sub("", text))


def line(text: str) -> str:
    """`clean`, and on one line: for names."""
    return " ".join(clean(text).split())


def console(stderr: bool = False) -> Console:
    """Where people read; its width is that of the terminal, and wide in a pipe, so that nothing is wrapped there."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else 200, highlight=False, emoji=False, markup=False)


def ready() -> None:
    """Print line by line, and another character where a terminal lacks one, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace", line_buffering=True)


def as_json(value: object) -> None:
    """Print `value`, of plain types, as JSON in ASCII: nothing in it can reach the terminal as a control."""
    print(json.dumps(value, indent=2, ensure_ascii=True))


def say(text: str) -> None:
    """One sentence on stdout."""
    print(clean(text))


def note(text: str) -> None:
    """One sentence on stderr."""
    print(clean(text), file=sys.stderr)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], spare: Sequence[str] = ()) -> None:
    """Print a table; a column name that ends in `>` is set flush right.

    `spare` names columns that go where they are empty, and one after the other where the terminal is too narrow.
    """
    out = console()
    names = [column.rstrip(">") for column in columns]
    cells = [[line(cell) for cell in row] for row in rows]
    kept = [at for at, name in enumerate(names) if name not in spare or any(row[at] for row in cells)]
    for name in spare:
        if sum(_widest([names[at], *(row[at] for row in cells)]) + GAP for at in kept) - GAP > out.width:
            kept = [at for at in kept if names[at] != name]
    widths = _shared([[names[at], *(row[at] for row in cells)] for at in kept], out.width)
    if widths:
        _columns(out, [columns[at] for at in kept], [[row[at] for at in kept] for row in cells], widths)
    else:
        _blocks(names, cells)


def _columns(out: Console, columns: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="bold" if out.is_terminal else "", padding=(0, GAP, 0, 0))
    for column, width in zip(columns, widths, strict=True):
        justify: Literal["left", "right"] = "right" if column.endswith(">") else "left"
        shown.add_column(column.rstrip(">"), justify=justify, overflow="fold", width=width)
    for row in rows:
        shown.add_row(*map(Text, row))
    out.print(shown)


def _blocks(names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """What is too wide for a table: a cell on each line, and an empty line between rows."""
    for number, row in enumerate(rows):
        if number:
            print()
        for name, cell in zip(names, row, strict=True):
            if cell:
                print(f"{name}: {cell}" if name else cell)


def _shared(columns: Sequence[Sequence[str]], width: int) -> list[int]:
    """The widths of the columns, so that they fit and no word is broken; none where that can't be."""
    widths = [_widest(column) for column in columns]
    least = [min(LONGEST, _widest([word for cell in column for word in cell.split()])) for column in columns]
    for _ in range(max(0, sum(widths) + GAP * (len(widths) - 1) - width)):
        able = [at for at, its in enumerate(widths) if its > least[at]]
        if not able:
            return []
        widths[max(able, key=lambda at: widths[at])] -= 1
    return widths


def _widest(texts: Sequence[str]) -> int:
    from rich.cells import cell_len

    return max(map(cell_len, texts), default=0)


@contextmanager
def waiting(what: str) -> Iterator[Callable[[str], None]]:
    """A spinner on stderr while the block runs, if somebody looks; what is given says what is waited for now."""
    err = console(stderr=True)
    if not err.is_terminal:
        yield lambda _: None
        return
    from rich.text import Text

    with err.status(Text(line(what))) as status:
        yield lambda now: status.update(Text(line(now)))


@contextmanager
def progress() -> Iterator[Callable[[int, int, str], object]]:
    """A bar with the time left on stderr, if somebody looks; what is given takes how much is done, of how much (0: not
    known), and what is done now.
    """
    err = console(stderr=True)
    if not err.is_terminal:
        yield lambda done, of, what: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(elapsed_when_finished=True))
    with Bar(*columns, TextColumn("{task.fields[now]}", markup=False), console=err, transient=True) as bar:
        task = bar.add_task("", total=None, now="")
        yield lambda done, of, what: bar.update(task, completed=done, total=of or None, now=line(what))


def size(amount: int) -> str:
    """Bytes for people: 1.6 GB; an empty string when unknown."""
    units = ["B", "kB", "MB", "GB", "TB", "PB"]
    value = float(amount)
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.3g} {units[0]}" if amount else ""
