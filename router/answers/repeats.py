"""Whether a model only says the same thing again and again, as small ones do."""

from __future__ import annotations

TAIL = 240  # characters that say nothing but what was said before them
_PERIOD = 80  # characters, at the most, of what is repeated


def repeats(said: str) -> bool:
    """Whether the end of what was said is one short stretch, over and over."""
    tail = said[-TAIL:]
    return len(tail) == TAIL and any(tail[size:] == tail[:-size] for size in range(1, _PERIOD + 1))
