"""What becomes of a task that needs a longer prompt than its model's window: elsewhere, in parts, or a number."""

from __future__ import annotations

import math

from msgspec import Struct

from router import TooLong
from router.models.choice import can
from router.models.plan import Choice, Plan
from router.types import Task

SPLIT = ("findings",)  # kinds of answers that can be had of one part after the other


class Way(Struct, frozen=True):
    """The choice that takes a request of so many tokens, in so many `parts`; `why` is empty if it is as planned."""

    choice: Choice
    parts: int = 1
    why: str = ""


def way(plan: Plan, task: Task, tokens: int) -> Way:
    """Where a prompt of `tokens` tokens goes: to the task's own model; else to the planned one with the largest window;
    else in parts, if the task's answer can be had so. Raises TooLong, with the number. Nothing is ever cut silently.
    """
    own = plan.choices[task.name]
    if tokens <= room(own, task):
        return Way(own)
    able = [it for it in plan.choices.values() if can(task, it.taken.fit.model)]
    widest = max([own, *able], key=lambda it: (room(it, task), it is own))
    if tokens <= room(widest, task):
        why = f"{tokens:,} tokens are more than {own.route.model} takes here; {widest.route.model} takes them."
        return Way(widest, why=why)
    if task.answer in SPLIT:
        parts = math.ceil(tokens / room(own, task))
        return Way(own, parts, f"{tokens:,} tokens are more than any window here; they are looked at in {parts} parts.")
    raise TooLong(
        f"This needs {tokens:,} tokens, and the largest window that fits here takes {room(widest, task):,}: take less."
    )


def room(choice: Choice, task: Task) -> int:
    """Tokens of a prompt that the choice's window takes beside the answer; at least one."""
    return max(1, (choice.route.window or task.context) - task.max_tokens)
