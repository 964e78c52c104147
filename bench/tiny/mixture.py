"""Two engines asked, one answer shown: whichever is likelier right, as other lines have taught (a logistic fit)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from bench.tiny.scores import Answered

Array: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"
ROUNDS, RIDGE = 30, 1e-2
LEAST = 1e-6  # no probability is further from certain or impossible


class Candidate(Struct, frozen=True):
    """What one engine would show, and the probabilities that it should be judged by."""

    text: str
    signs: tuple[float, ...]


class Heard(Struct, frozen=True):
    """What a model and `echo` say of one place. `weighed`: the probability that the model gives to what `echo` says."""

    target: str
    text: str
    sure: float
    echo: str
    echo_sure: float
    weighed: float
    ms: float  # of the model alone
    both: float  # milliseconds with the weighing

    @property
    def own(self) -> Answered:
        """The model's answer."""
        return Answered(self.text, self.target, self.sure, self.ms)

    def surer(self) -> tuple[Candidate, Candidate]:
        """Each by its own probability."""
        return Candidate(self.text, (self.sure,)), Candidate(self.echo, (self.echo_sure,))

    def chosen(self) -> tuple[Candidate, Candidate]:
        """Each by both probabilities: what the model thinks of the echo counts, and whether they agree."""
        agreed = self.text.rstrip() == self.echo.rstrip()
        own = (self.sure, self.echo_sure if agreed else LEAST)
        return Candidate(self.text, own), Candidate(self.echo, (self.echo_sure, self.weighed))


WAYS = {"or echo": Heard.surer, "choosing": Heard.chosen}


class Judge(Struct, frozen=True):
    """How likely a candidate is right, by its signs."""

    weights: tuple[float, ...]

    def sure(self, candidate: Candidate) -> float:
        """0 for silence."""
        if not candidate.text.strip():
            return 0.0
        return float(_likely(np.array([_odds(candidate.signs)]) @ np.array(self.weights))[0])


def judge(candidates: Sequence[Candidate], right: Sequence[bool]) -> Judge:
    """Fit to answers of which it is known whether they were right; silence teaches nothing."""
    spoken = [(it, good) for it, good in zip(candidates, right, strict=True) if it.text.strip()]
    if not spoken:
        return Judge(())
    signs = np.array([_odds(it.signs) for it, _ in spoken])
    target = np.array([good for _, good in spoken], np.float64)
    weights = np.zeros(signs.shape[1])
    for _ in range(ROUNDS):  # Newton
        said = _likely(signs @ weights)
        slope = signs.T @ (target - said) - RIDGE * weights
        bend = (signs * (said * (1 - said))[:, None]).T @ signs + RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(bend, slope)
    return Judge(tuple(weights.tolist()))


def best(candidates: Sequence[tuple[Judge, Candidate]]) -> tuple[str, float]:
    """The text that is likeliest right, and how likely."""
    return max(((it.text, judge.sure(it)) for judge, it in candidates), key=lambda said: said[1])


def mixed(way: str, taught: Sequence[Heard], asked: Sequence[Heard]) -> list[Answered]:
    """The answers of one of the WAYS, its judges fitted to places that are not asked about."""
    pairs = [WAYS[way](it) for it in taught]
    right = [
        [it.text.rstrip() == heard.target.rstrip() for it in pair] for heard, pair in zip(taught, pairs, strict=True)
    ]
    judges = [judge([pair[at] for pair in pairs], [both[at] for both in right]) for at in (0, 1)]
    said = []
    for heard in asked:
        text, sure = best(list(zip(judges, WAYS[way](heard), strict=True)))
        said.append(Answered(text, heard.target, sure, heard.both))
    return said


def _odds(signs: Sequence[float]) -> list[float]:
    bounded = [min(1 - LEAST, max(LEAST, it)) for it in signs]
    return [1.0, *(math.log(it / (1 - it)) for it in bounded)]


def _likely(odds: Array) -> Array:
    said: Array = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    return said
