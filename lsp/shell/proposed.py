"""What `switchyard fix`, `document` and `refactor` have in common: ask, show the difference, write what is wanted."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

from lsp.commands.config import read_settings
from lsp.shell import files, terminal
from lsp.shell.asked import Told, ask
from lsp.shell.writing import write
from router.context.lines import first_line
from router.editing.unified import unified
from router.types import Document, Edit, FileEdit, Request, Span

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def run(args: argparse.Namespace, request: Request) -> int:
    """Print the edit, and write it where the user says so; 1 where there is none, with the reason on stderr.

    Raises SwitchyardError.
    """
    root = files.workspace(Path(request.document.path))
    with terminal.waiting("asking the engine") as say:
        told = Told(say, Lines(say).hear)
        asyncio.run(ask(read_settings(args.settings, root), request, root, told))
    if not isinstance(told.answer, Edit):
        terminal.note(f"switchyard: {told.reason}")
        return 1
    if not args.json:
        show(told.answer)
    if written := args.write or (not args.json and _wanted(told.answer)):
        write(told.answer)
    if args.json:
        terminal.as_json(_as_json(told.answer, written))
    elif written:
        terminal.note(f"switchyard: {_files(told.answer)} written.")
    return 0


class Lines:
    """How much a model has said so far."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._count = say, 0

    def hear(self, text: str) -> None:
        """A stretch of it."""
        self._count += text.count("\n")
        if "\n" in text:
            self._say(f"{self._count} lines")


def span(document: Document, name: str, first: int, last: int) -> Span:
    """From one line to another, both from 1, without the blanks at the ends. Raises SwitchyardError."""
    start, end = files.offset(document, name, first, 1), files.offset(document, name, last, 1)
    text = document.text[start:end] + first_line(document.text[end:])
    begin = start + len(text) - len(text.lstrip())
    return Span(begin, max(begin, start + len(text.rstrip())))


def at(document: Document, name: str, line: int, column: int) -> Span:
    """A column of a line, both from 1; the line's first word, if the column is 0. Raises SwitchyardError."""
    start = files.offset(document, name, line, column or 1)
    text = first_line(document.text[start:])
    start += 0 if column or not text.strip() else len(text) - len(text.lstrip())
    return Span(start, start)


def show(edit: Edit) -> None:
    """Print the title, the difference and the notes; in colours where somebody looks."""
    from rich.text import Text

    out = terminal.console()
    for line in terminal.clean(unified(edit, _called)).splitlines():
        heading = line.startswith(("--- ", "+++ "))
        style = ("bold" if heading else _STYLES.get(line[:1], "")) if out.is_terminal else ""
        out.print(Text(line, style), soft_wrap=True)
    for sentence in (f"{edit.title}.", *edit.notes):
        terminal.note(sentence)


def _called(path: str) -> str:
    here = os.path.relpath(path)
    return (path if here.startswith("..") else here).replace(os.sep, "/")


def _wanted(edit: Edit) -> bool:
    """Asks, where somebody is there to answer."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    terminal.note(f"Write {_files(edit)}? [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _files(edit: Edit) -> str:
    return terminal.line(_called(edit.files[0].document.path)) if len(edit.files) == 1 else f"{len(edit.files)} files"


def _as_json(edit: Edit, written: bool) -> dict[str, object]:
    made = [{"path": it.document.path, "changes": _changes(it)} for it in edit.files]
    diff = unified(edit, _called)
    return {"title": edit.title, "notes": list(edit.notes), "files": made, "diff": diff, "written": written}


def _changes(one: FileEdit) -> list[dict[str, object]]:
    def place(at: int) -> dict[str, int]:
        line, column = files.place(one.document, at)
        return {"line": line, "column": column}

    return [{"start": place(it.start), "end": place(it.end), "text": it.text} for it in one.changes]
