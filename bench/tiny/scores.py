"""How good answers are: exact, how near, and whether those that an engine was sure of are right more often."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

AIM = 0.5  # the share of what is shown that should be right
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Answered(Struct, frozen=True):
    """One answer to one case; `sure` is the engine's own probability, times in milliseconds."""

    text: str
    target: str
    sure: float
    ms: float

    @property
    def right(self) -> bool:
        """Exact to the end of the line."""
        return self.text.rstrip() == self.target.rstrip()


class Score(Struct, frozen=True):
    """Shares, of 0 to 1: `exact`, `near` (mean edit similarity), `surest` (exact among the surest third)."""

    cases: int
    exact: float
    near: float
    surest: float
    shown: tuple[tuple[float, float, float], ...]  # threshold, share shown, precision
    ms: float
    gate: tuple[float, float, float]  # the same for the threshold below which nothing is shown


def score(found: Sequence[Answered], least: float = 2.0) -> Score:
    """All that is said of one engine's answers; silence is wrong. `least`: the threshold, taught by other lines."""
    count = max(1, len(found))
    surest = sorted(found, key=lambda it: -it.sure)[: max(1, len(found) // 3)]
    return Score(
        len(found),
        sum(it.right for it in found) / count,
        sum(likeness(it.text.rstrip(), it.target.rstrip()) for it in found) / count,
        sum(it.right for it in surest) / max(1, len(surest)),
        tuple(_shown(found, at) for at in THRESHOLDS),
        sorted(it.ms for it in found)[len(found) // 2] if found else 0.0,
        _shown(found, least),
    )


def threshold(found: Sequence[Answered], aim: float = AIM) -> float:
    """The least probability above which so many of the answers are right; above 1 if there is none."""
    least, right = 2.0, 0
    said = sorted((it for it in found if it.text.strip()), key=lambda it: -it.sure)
    for count, it in enumerate(said, 1):
        right += it.right
        least = it.sure if right >= aim * count else least
    return least


def _shown(found: Sequence[Answered], threshold: float) -> tuple[float, float, float]:
    said = [it for it in found if it.text.strip() and it.sure >= threshold]
    return threshold, len(said) / max(1, len(found)), sum(it.right for it in said) / max(1, len(said))


def likeness(one: str, other: str) -> float:
    """1 less the edits (Levenshtein) from one text to the other as a share of the longer one."""
    if one == other:
        return 1.0
    row = list(range(len(other) + 1))
    for number, sign in enumerate(one, 1):
        last, row[0] = row[0], number
        for place, mark in enumerate(other, 1):
            last, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, last + (sign != mark))
    return 1 - row[-1] / max(len(one), len(other), 1)
