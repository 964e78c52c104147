"""Fits the coefficients of router/context/gathering/weights.py: `python -m bench.fit --jobs 2 REPOSITORY ...`.

Those in use were fitted to a hundred insertions each of the last thousand commits (November 2026) of starlette, scrapy,
textual, pytest, vuejs/core, valibot, trpc, preact, echo, fiber, cobra and ripgrep. Never give it what `bench.recall`
judges on; `bench.releases` brings more packages to fit to. It takes numpy.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import tempfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from bench import recall, table
from bench.histories import Case, names
from bench.workspaces import another, asked, indexed
from router.context.gathering import expected, weights
from router.context.gathering.focus import focus
from router.context.gathering.similar import grounded, telling
from router.context.gathering.view import View
from router.types import Document, Request, Span

Floats: TypeAlias = "np.ndarray[Any, np.dtype[np.float64]]"
Line: TypeAlias = "tuple[float, ...]"  # the bias, then a coefficient for each sign

CASES = 100  # of each repository
SIGNS = (*weights.ALWAYS, *weights.NOW)
KINDS = (weights.BODY, weights.TOP, weights.IMPORTS)
RIDGE = 10.0  # on the coefficients of signs whose deviation is one
FOLDS = 4  # repositories are judged by a fit to others
FIRST = (60, 110, 200)  # names; about 110 are what 512 tokens can say
_STEPS, _STILL = 50, 1e-6


class Sample(Struct, frozen=True):
    """A case: the signs of each name that is thought of, which of these are needed, and how many are needed in all."""

    group: str
    kind: str
    signs: Floats
    needed: Floats
    novel: int


def sample(case: Case, view: View, path: str) -> Sample:
    """What is known of every name at a case, in the order of `SIGNS`."""
    request = Request("complete", Document(path, case.language, 1, case.text), Span(case.at, case.at))
    about, ground, shown = focus(request), grounded(request, view), names(case.shown)
    said = expected.speaking(ground, about, telling(about, view))
    odds = {name: ground.odds(name) for name in (*ground.likely, *said) if name not in shown}  # knows their words, too
    words = dict.fromkeys(odds, 0.0)
    for part, near in about.parts.items():
        for name, share in ground.worded.get(part, ()):
            words[name] = words.get(name, 0.0) + near * share
    silent = (0.0,) * (len(weights.NOW) - 1)
    rows = [(*ground.facts(name), *said.get(name, silent), words[name]) for name in odds]
    signs = np.array(rows, dtype=float).reshape(-1, len(SIGNS))
    needed = np.array([name in case.novel for name in odds], dtype=float)
    return Sample(case.group, ground.kind, signs, needed, len(case.novel))


async def _sampled(said: Namespace, folder: Path) -> list[Sample]:
    found: list[Sample] = []
    for root, cases in recall.places(said, folder):
        async with indexed(root) as index:
            workspace = await another(root, index)
            for case in cases:
                async with asked(workspace, case) as view:
                    found.append(sample(case, view, str(root / case.path)))
    return found


def samples(said: Namespace) -> list[Sample]:
    """All cases that are said, in this process."""
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder:
        return asyncio.run(_sampled(said, Path(folder)))


def fitted(some: Sequence[Sample]) -> Line:
    """The logistic regression of what is needed on its signs, by Newton's method, never uphill."""
    signs, needed = np.concatenate([it.signs for it in some]), np.concatenate([it.needed for it in some])
    mean, deviation = signs.mean(0), signs.std(0) + 1e-6
    rows = np.column_stack([np.ones(len(signs)), (signs - mean) / deviation])
    line, ridge = np.zeros(len(SIGNS) + 1), RIDGE * np.append(0.0, np.ones(len(SIGNS)))
    share = min(max(float(needed.mean()), 1e-6), 1 - 1e-6)
    line[0] = np.log(share / (1 - share))

    def loss(line: Floats) -> float:
        said = rows @ line
        return float((np.logaddexp(0, said) - needed * said).sum() + ridge @ line**2 / 2)

    for _ in range(_STEPS):
        likely = 1 / (1 + np.exp(-rows @ line))
        bent = (rows * (likely * (1 - likely))[:, None]).T @ rows + np.diag(ridge)
        step = np.linalg.solve(bent, rows.T @ (needed - likely) - ridge * line)
        while loss(line + step) > loss(line) and np.abs(step).max() > _STILL:
            step /= 2
        line += step
        if np.abs(step).max() <= _STILL:
            break
    each = line[1:] / deviation
    return (float(line[0] - each @ mean), *map(float, each))


def lines(some: Sequence[Sample]) -> dict[str, Line]:
    """One fit for each kind of place that there is a need at."""
    by = {kind: [it for it in some if it.kind == kind] for kind in KINDS}
    return {kind: fitted(those) for kind, those in by.items() if any(it.needed.any() for it in those)}


def used() -> dict[str, Line]:
    """The coefficients in use."""
    return {kind: (weights.BIAS[kind], *weights.WEIGHTS[kind], *weights.AT_CURSOR[kind]) for kind in KINDS}


def brought(some: Sequence[Sample], by: Mapping[str, Line]) -> list[int]:
    """How many of the needed names are among the first ones."""
    found = [0] * len(FIRST)
    for it in some:
        bias, *each = by.get(it.kind, (0.0,) * (len(SIGNS) + 1))
        best = it.needed[np.argsort(-(bias + it.signs @ np.array(each)), kind="stable")]
        found = [count + int(best[:first].sum()) for count, first in zip(found, FIRST, strict=True)]
    return found


def crossed(found: Sequence[Sample]) -> list[int]:
    """The same, each repository by a fit to those of other folds."""
    groups = list(dict.fromkeys(it.group for it in found))
    total = [0] * len(FIRST)
    for fold in range(min(FOLDS, len(groups))):
        apart = set(groups[fold::FOLDS])
        others = [it for it in found if it.group not in apart]
        here = brought([it for it in found if it.group in apart], lines(others))
        total = [count + more for count, more in zip(total, here, strict=True)]
    return total


def tables(found: Sequence[Sample]) -> list[table.Table]:
    """The coefficients, and how good they are."""
    if not any(it.needed.any() for it in found):
        return [table.Table("No name was found to fit to.", (), ())]
    fit, now, novel = lines(found), used(), max(1, sum(it.novel for it in found))
    columns = [(label, by[kind]) for kind in KINDS if kind in fit for label, by in ((kind, fit), ("in use", now))]
    rows: list[tuple[table.Cell, ...]] = [
        (sign, *(line[at] for _, line in columns)) for at, sign in enumerate(("bias", *SIGNS))
    ]
    commonest = {kind: (0.0, 1.0, *(0.0,) * (len(SIGNS) - 1)) for kind in KINDS}
    apart = len({it.group for it in found}) > 1
    judged = [
        *([("fitted to other repositories", crossed(found))] if apart else []),
        ("fitted to all of these", brought(found, fit)),
        ("in use", brought(found, now)),
        ("what most files say", brought(found, commonest)),
    ]
    candidates = 100 * sum(it.needed.sum() for it in found) / novel
    return [
        table.Table("Coefficients", ("sign", *(label for label, _ in columns)), tuple(rows), tuple(_written(fit))),
        table.Table(
            f"Needed names in per cent among the likeliest: {len(found):,} cases, {novel:,} names, "
            f"of which {candidates:.1f} % are thought of",
            ("coefficients", *map(str, FIRST)),
            tuple((name, *(100 * it / novel for it in shares)) for name, shares in judged),
        ),
    ]


def _written(fit: Mapping[str, Line]) -> list[str]:
    """As weights.py has them."""
    bias = ", ".join(f"{kind.upper()}: {line[0]:.1f}" for kind, line in fit.items())
    said = [f"BIAS = {{{bias}}}"]
    cut = 1 + len(weights.ALWAYS)
    for name, part in (("WEIGHTS", slice(1, cut)), ("AT_CURSOR", slice(cut, None))):
        each = (f"    {kind.upper()}: {tuple(round(it, 2) for it in line[part])}," for kind, line in fit.items())
        said += [f"{name}: dict[str, tuple[float, ...]] = {{", *each, "}"]
    return said


def main(arguments: Sequence[str]) -> int:
    parser = table.flags(__doc__ or "")
    recall.histories_of(parser, CASES)
    said = parser.parse_args(arguments)
    with multiprocessing.Pool(said.jobs) as pool:
        found = [one for some in pool.imap(samples, recall.parts(said)) for one in some]
    table.show(tables(found), said.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
