"""An edit as people read one: a unified diff, file by file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import unified_diff

from router.context.lines import parted
from router.editing.style import applied
from router.types import Edit, FileEdit

_CONTEXT = 3  # lines


def unified(edit: Edit, called: Callable[[str], str] = str) -> str:
    """The diff of all files; `called` is how a path is written. Line ends are those of the files."""
    return "".join(line for one in edit.files for line in _lines(one, called(one.document.path)))


def _lines(one: FileEdit, name: str) -> Iterator[str]:
    before = one.document.text
    old, new = parted(before), parted(applied(before, one.changes))
    for line in unified_diff(old, new, f"a/{name}", f"b/{name}", n=_CONTEXT):
        yield line if line.endswith(("\n", "\r")) else f"{line}\n\\ No newline at end of file\n"
