"""Writes an edit to the disk: all of its files or none, each at once, and only what is still as it was read."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress

from router import SwitchyardError
from router.editing.style import applied
from router.types import Edit, FileEdit

_MARK = "\ufeff"  # a mark of byte order, which some readers of a file leave out


def write(edit: Edit) -> None:
    """Make the edit. Raises SwitchyardError: a file has changed meanwhile, or can't be written; then none is."""
    made: list[tuple[str, str]] = []
    try:
        for one in edit.files:
            path = os.path.realpath(one.document.path)  # the file itself, where the path is a link to it
            descriptor, fresh = _beside(one, path)
            made.append((path, fresh))
            _fill(descriptor, fresh, one, path)
        for one, (path, _) in zip(edit.files, made, strict=True):
            _content(one, path)
        while made:
            os.replace(made[0][1], made[0][0])
            del made[0]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it holds what UTF-8 can't"
        raise SwitchyardError(f"The edit can't be written: {reason}.") from error
    finally:
        for _, fresh in made:
            with suppress(OSError):
                os.unlink(fresh)


def _beside(one: FileEdit, path: str) -> tuple[int, str]:
    """A new file in the folder of the old one, so that it can take its place at once."""
    _content(one, path)
    if not os.access(path, os.W_OK):
        raise SwitchyardError(f"{one.document.path} is write-protected.")
    folder, name = os.path.split(path)
    return tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder)


def _fill(descriptor: int, fresh: str, one: FileEdit, path: str) -> None:
    """Write the new content, as safely on the disk and with the same rights as the old one."""
    text = applied(one.document.text, one.changes)
    with open(descriptor, "wb") as file:
        marked = _content(one, path).startswith(_MARK.encode()) and not text.startswith(_MARK)
        file.write(((_MARK if marked else "") + text).encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    status = os.stat(path)
    os.chmod(fresh, status.st_mode & 0o7777)
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(fresh, status.st_uid, status.st_gid)


def _content(one: FileEdit, path: str) -> bytes:
    """The file's bytes. Raises SwitchyardError where they say something else than the document does."""
    try:
        with open(path, "rb") as file:
            content = file.read()
        same = content.decode("utf-8").removeprefix(_MARK) == one.document.text.removeprefix(_MARK)
    except (FileNotFoundError, UnicodeDecodeError):
        same = False
    if not same:
        raise SwitchyardError(f"{one.document.path} has changed meanwhile, so nothing was written; ask again.")
    return content
