"""The recorded typing as keystrokes with what the user types next, and a screen that counts ghost text that came true.

What a model would suggest is what the user types next, right up to a mistake: each sign is right with a chance of
0.97, by dice that fall the same way for everybody at the same key.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from msgspec import Struct

from bench import trace

RIGHT = 0.97  # chance per sign that a suggestion goes on as the user does
LINE = 48  # signs of a suggestion at most; it ends with its line
JUNK = "zq vk3 jwy"  # what a suggestion goes on with once it is wrong
BREAK = 2.0  # seconds at most between two keys: what is measured is somebody who types
LINES = 2000  # of the document that is typed into


class Key(Struct, frozen=True):
    """A keystroke: when, what it changed, the text after it, and what is typed next at the cursor without a break.

    `typed` is what it put at the cursor, empty if it did anything else.
    """

    second: float
    edits: tuple[trace.Edit, ...]
    text: str
    cursor: int
    typed: str
    next: str

    def suggestion(self) -> str:
        """What a model says here."""
        dice = random.Random(f"{self.cursor} {self.second}")
        line = self.next[:LINE].partition("\n")[0]
        wrong = next((at for at in range(len(line)) if dice.random() > RIGHT), len(line))
        return line if len(line) >= 8 and wrong == len(line) else line[:wrong] + JUNK


def base() -> tuple[str, int]:
    """The document before the first key, and where it is typed into."""
    return trace.document(LINES)


def keys(count: int) -> list[Key]:
    """The first so many keystrokes that ask for something. Those of one recorded second are spread over it."""
    text, place = base()
    steps = list(_recorded(place, count))
    seconds = _spread([step.second for step in steps])
    typed = [_typed(steps, at) for at in range(len(steps))]
    found = []
    for at, step in enumerate(steps):
        text = trace.applied(text, step.edits)
        following = []
        for word in typed[at + 1 : at + 1 + LINE]:
            if not word:
                break
            following.append(word)
        found.append(Key(seconds[at], step.edits, text, step.cursor, typed[at], "".join(following)))
    return found


def _recorded(place: int, count: int) -> Iterator[trace.Step]:
    for step in trace.steps(place):
        if count <= 0:
            return
        yield step
        count -= step.key


def _spread(seconds: Sequence[float]) -> list[float]:
    """From the first key on; the recording tells whole seconds, and a break is no longer than it takes to matter."""
    spread: list[float] = []
    now, at = 0.0, 0
    while at < len(seconds):
        end = next((end for end in range(at, len(seconds)) if seconds[end] != seconds[at]), len(seconds))
        spread += [now + number / (end - at) for number in range(end - at)]
        now += min(BREAK, seconds[end] - seconds[at]) if end < len(seconds) else 1.0
        at = end
    return spread


def _typed(steps: Sequence[trace.Step], at: int) -> str:
    """What the step put right where the one before had left the cursor."""
    step, edit = steps[at], steps[at].edits[0]
    goes_on = at > 0 and edit.at == steps[at - 1].cursor
    return edit.text if step.key and goes_on and not edit.deleted else ""


class Screen:
    """What stands there as ghost text; `shown` counts the signs of it that the user then typed."""

    def __init__(self) -> None:
        self.ghost = ""
        self.shown = 0

    def type(self, key: Key) -> bool:
        """A key came; whether it was what the ghost text said, of which something is left."""
        if key.typed and self.ghost.startswith(key.typed):
            self.shown += len(key.typed)
            self.ghost = self.ghost[len(key.typed) :]
        else:
            self.ghost = ""
        return bool(self.ghost)
