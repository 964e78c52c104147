"""Edits written by hand, in ten languages: the table of edit_hands.toml."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import msgspec

from router.editing.kinds import instruction

_CURSOR = "‸"


class Hand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer: `said` of a `file` that says `text`, with the cursor in it, and what it becomes; empty: a refusal.

    `kind` is that of a refactoring.
    """

    about: str
    file: str
    text: str
    said: str
    wanted: str = ""
    task: str = "fix"
    kind: str = ""

    @property
    def plain(self) -> str:
        """The text without the cursor."""
        return self.text.replace(_CURSOR, "")

    @property
    def at(self) -> int:
        """Where the cursor is."""
        return self.text.index(_CURSOR)

    @property
    def note(self) -> str:
        """What is asked for."""
        return instruction(self.kind) if self.kind else ""


class _Table(msgspec.Struct, frozen=True):
    hand: tuple[Hand, ...]


@cache
def hands() -> tuple[Hand, ...]:
    """All of them, in the order of the file."""
    return msgspec.toml.decode(files(__package__).joinpath("edit_hands.toml").read_bytes(), type=_Table).hand
