"""How long a prompt may be: as much as is read within the task's patience."""

from __future__ import annotations

from router.models.speed import Speed
from router.types import Task

FIRST_LINE = 10  # tokens until the first line of an answer is whole, about
FLOOR = 256  # tokens: the lines around the cursor; without them no answer is worth the wait
LEAST = 1 / 8  # of the context that a task wants, if somebody waits for it by intent
REUSED = {"typing": 0.9, "attended": 0.0, "background": 0.0}  # of a prompt, by what `python -m bench reuse` shows
MOST_REUSED = 0.98  # of a prompt, whatever is claimed: the last batch is always read again


def prompt_tokens(task: Task, speed: Speed, window: int, reused: float = 0.0) -> int:
    """Tokens that the task's prompt may have, so that its first line comes within the task's patience.

    `window` in tokens (0: unknown, then what the task asks for); `reused` is the share of the prompt that the engine's
    prefix cache spares. An unknown speed sets no limit. Never more than fits beside the answer, and no fewer than
    FLOOR tokens, or an eighth of the task's context if it was not a keystroke that asked, if those fit.
    """
    room = max(0, (window or task.context) - task.max_tokens)
    if speed.prefill <= 0:
        return room
    first_line = FIRST_LINE / speed.decode if speed.decode > 0 else 0.0
    fresh = speed.prefill * max(0.0, task.patience - first_line)
    readable = fresh / (1 - min(max(reused, 0.0), MOST_REUSED))
    floor = FLOOR if task.lane == "typing" else max(FLOOR, int(LEAST * task.context))
    return min(room, max(floor, int(min(readable, room))))
