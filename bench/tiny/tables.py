"""What `evaluate` prints: how often each is exact, when it is shown, how small a model may be, how long it takes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from bench import echo as echoes
from bench import table
from bench.tiny.scores import AIM, Score

Scores = Mapping[tuple[str, str, str], Score]  # by language, place of the cursor, and engine
BEST, ELSE_ECHO = "the best of echo's", ", else echo"
MUTE = ("copy", BEST)  # who says nothing of how sure it is
LOST = 0.02  # of the score: what a smaller kind of the same weights may lose


def show(scores: Scores, paces: Mapping[str, dict[str, float]], sizes: Mapping[str, float], as_json: bool) -> None:
    """All tables; `sizes` in megabytes, the models in the order of the command line."""
    found = [_exact(scores), _calibration(scores), _gates(scores)]
    table.show([*found, _kinds(scores, sizes), _paces(paces)] if sizes else found, as_json)


def _exact(scores: Scores) -> table.Table:
    return table.Table(
        "Hidden ends of lines in packages that nothing was learnt from, in per cent",
        (
            "language",
            "cursor",
            "engine",
            "cases",
            "exact",
            "95 % from",
            "to",
            "edit similarity",
            "surest third",
            "p50 ms",
        ),
        tuple((*key, it.cases, *_shares(it), it.ms) for key, it in scores.items()),
        (
            "The best of echo's is whoever chooses the right one of the ways to go on that a model is told of.",
            "It and copy have no probability: their surest third is any third.",
            table.load(),
        ),
    )


def _shares(it: Score) -> tuple[float, ...]:
    low, high = echoes.wilson(round(it.exact * it.cases), it.cases)
    return tuple(100 * share for share in (it.exact, max(0.0, low), high, it.near, it.surest))


def _calibration(scores: Scores) -> table.Table:
    told = {key: it for key, it in scores.items() if not key[2].startswith(MUTE) and ELSE_ECHO not in key[2]}
    thresholds = [at for at, *_ in next(iter(told.values())).shown] if told else []
    return table.Table(
        "What is shown above a probability, and how much of that is exact, in per cent",
        ("language", "cursor", "engine", *itertools.chain(*((f"≥ {at}", "exact") for at in thresholds))),
        tuple((*key, *(100 * part for _, *some in it.shown for part in some)) for key, it in told.items()),
    )


def _gates(scores: Scores) -> table.Table:
    told = {key: it for key, it in scores.items() if it.gate[0] <= 1 and not key[2].startswith(MUTE)}
    return table.Table(
        f"What is shown: above the probability above which {AIM:.0%} of other lines were right, in per cent",
        ("language", "cursor", "engine", "threshold", "shown", "exact"),
        tuple((*key, it.gate[0], *(100 * share for share in it.gate[1:])) for key, it in told.items()),
        ("Who is not in this table was never right so often.", "`echo` shows what is above its own threshold."),
    )


def _kinds(scores: Scores, sizes: Mapping[str, float]) -> table.Table:
    """The score is the mean of all that was asked, with and without pieces."""
    means = {}
    for name in sizes:
        own = [it.exact for key, it in scores.items() if key[2] in (name, f"{name} and pieces")]
        means[name] = sum(own) / max(1, len(own))
    first = next(iter(means.values()))
    fit = [name for name, mean in means.items() if mean >= (1 - LOST) * first]
    smallest = min(fit, key=sizes.__getitem__)
    return table.Table(
        "Models by size",
        ("model", "MB", "exact, %", "of the first, %"),
        tuple((name, sizes[name], 100 * mean, 100 * mean / max(1e-9, first)) for name, mean in means.items()),
        (f"The smallest that loses less than {LOST:.0%} of the first one's score: {smallest}.",),
    )


def _paces(paces: Mapping[str, dict[str, float]]) -> table.Table:
    columns = list(next(iter(paces.values()), {}))
    return table.Table(
        "Milliseconds to a line through llama.cpp",
        ("model", *columns),
        tuple((name, *it.values()) for name, it in paces.items()),
        ("Cold: nothing of the prompt is known. Warm: one more sign was typed.",),
    )
