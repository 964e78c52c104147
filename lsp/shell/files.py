"""Reads one source file as an editor would open it: its text and language, or a sentence that says why not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lsp import convert
from router import SwitchyardError
from router.context import lines
from router.context.tagging.language import language_of
from router.types import Document

LARGEST = 64 * 1024 * 1024  # bytes; what is longer is not read at all
_SNIFF = 8192  # bytes; git looks for a NUL among the first 8000 to call a file binary


def language(path: Path) -> str:
    """The name that editors give to the language of a file with this name."""
    return language_of(path.name)


def workspace(path: Path) -> Path:
    """The folder that an editor would open for this file: the nearest that git keeps, else the file's own."""
    return next((folder for folder in path.parents if (folder / ".git").exists()), path.parent)


def read(name: str) -> Document:
    """The file as a document, version 1; its line ends are kept. Raises SwitchyardError."""
    path = Path(name)
    content = _content(name, path)
    if b"\0" in content[:_SNIFF]:
        raise SwitchyardError(f"{name} is a binary file; Switchyard reads source text.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SwitchyardError(f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8 first.") from error
    return Document(str(path.absolute()), language(path), 1, text, os.path.realpath(path))


def _content(name: str, path: Path) -> bytes:
    try:
        if path.is_dir():
            raise SwitchyardError(f"{name} is a folder; name a file in it.")
        if not path.is_file() and path.exists():
            raise SwitchyardError(f"{name} is not a regular file.")
        if path.stat().st_size > LARGEST:
            raise SwitchyardError(f"{name} is larger than {LARGEST // 1024 // 1024} MB; that is no source file.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise SwitchyardError(f"There is no file {name}.") from error
    except (OSError, ValueError) as error:
        raise SwitchyardError(f"{name} can't be read: {reason(error)}.") from error


def given(name: str, most: int) -> bytes:
    """The first `most` bytes of any file, or for `-` of stdin. Raises SwitchyardError."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(most)
        with open(name, "rb") as file:
            return file.read(most)
    except (OSError, ValueError) as error:
        raise SwitchyardError(f"{name} can't be read: {reason(error)}.") from error


def reason(error: OSError | ValueError) -> str:
    """Why a file could not be opened; a ValueError is that of a NUL in its name."""
    return (isinstance(error, OSError) and error.strerror) or "the name is not one"


def neovim() -> Path | None:
    """Where the plugin for Neovim stands: in the checkout, or where an installer has put it."""
    places = (
        Path(__file__).resolve().parent.parent / "editors" / "neovim",
        Path(sys.prefix, "share/switchyard/neovim"),
    )
    return next((place for place in places if place.is_dir()), None)


def offset(document: Document, name: str, line: int, column: int) -> int:
    """The code point that stands at a line and column, from 1, as editors print them. Raises SwitchyardError."""
    rows = convert.lines(document.text)
    if not 1 <= line <= len(rows):
        raise SwitchyardError(f"{name} has {len(rows):,} lines; there is no line {line}.")
    length = len(rows[line - 1].rstrip("\r\n"))
    if not 1 <= column <= length + 1:
        raise SwitchyardError(f"Line {line} of {name} has {length:,} characters; there is no column {column}.")
    return sum(map(len, rows[: line - 1])) + column - 1


def place(document: Document, at: int) -> tuple[int, int]:
    """The line and column, from 1, of a code point."""
    return lines.place(document.text, at)
