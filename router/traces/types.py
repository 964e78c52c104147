"""What a program's output tells of a fault: where it happened, by which way, and what was said and shown there."""

from __future__ import annotations

from msgspec import Struct


class Frame(Struct, frozen=True):
    """One step on the way to a fault, as the output names it: `line` and `column` count from 1, 0 is untold.

    `said` is what is said of this place alone. `rows` are the lines of the output that are about it, half-open; the
    code that it quotes is among them.
    """

    path: str
    line: int
    column: int = 0
    function: str = ""
    said: str = ""
    rows: tuple[int, int] = (0, 0)


class Fault(Struct, frozen=True):
    """One thing that went wrong: what is `said` of it, and the way to it, the innermost frame last.

    `values` are those that the output shows, as in `rows = []`; `rows` are the lines of the message. What is not
    `grave` is a warning.
    """

    said: str
    frames: tuple[Frame, ...] = ()
    rows: tuple[int, int] = (0, 0)
    values: tuple[str, ...] = ()
    grave: bool = True
    language: str = ""


class Trace(Struct, frozen=True):
    """What was understood of an output: its `lines` without colours, and its faults, the most telling first."""

    lines: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def frames(self) -> tuple[Frame, ...]:
        """All frames; last the one at which to look first."""
        return tuple(frame for fault in reversed(self.faults) for frame in fault.frames)

    @property
    def errors(self) -> tuple[str, ...]:
        """What is said of the faults, the most telling first."""
        return tuple(fault.said for fault in self.faults if fault.said)

    @property
    def values(self) -> tuple[str, ...]:
        """The values that the output shows."""
        return tuple(dict.fromkeys(value for fault in self.faults for value in fault.values))

    @property
    def language(self) -> str:
        """The language of the most telling fault; empty where none is known."""
        return next((fault.language for fault in self.faults if fault.language), "")


NOT_SHOWN = "    [a frame that is not shown]"


def left_out(count: int) -> str:
    """What stands for frames outside of the workspace."""
    return f"    [{count} frames outside of the workspace]"


def is_note(line: str) -> bool:
    """Whether a line of an output is a word of ours about what was left out of it."""
    return line == NOT_SHOWN or (line.startswith("    [") and line.endswith(" frames outside of the workspace]"))


def told(said: str, frame: Frame, language: str, grave: bool = True) -> Fault:
    """A fault that is told in one place, as compilers tell it."""
    return Fault(said, (frame,), frame.rows, grave=grave, language=language)
