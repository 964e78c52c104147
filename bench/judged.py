"""What a policy's lines are worth: which novel names they bring within a budget, and what they cost in time.

A token is four characters, for everybody. A line that is a true one is dropped. A line counts only if it stands so in
the file that it is said to be of, or is part of a line there, as a signature may be: a list of names brings nothing.
The path before the lines of a file costs what it takes in a comment: its last two parts, as the product shows them.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from bench import histories
from bench.histories import Case
from bench.rivals import Block, Policy
from bench.workspaces import Workspace
from router.context.gathering.pack import header

BUDGETS = (128, 256, 512, 1024, 2048)
MAIN = 512
CHARACTERS = 4  # per token: the usual ratio of code (router/models/tokens.py)
ROUNDS = 1000  # of the bootstrap


class Found(Struct, frozen=True):
    """One policy at one case: how many novel names it brings by budget, its milliseconds, lines that are no source.

    The time is that of a processor, since nobody waits for anything else here, and others use the machine, too;
    `typed` are those of the questions after the first, one for each key.
    """

    hits: tuple[int, ...]
    ms: float
    invented: int = 0
    typed: tuple[float, ...] = ()


class Judged(Struct, frozen=True):
    """One case: how many names are novel, how many of them stand anywhere, and what each policy found."""

    group: str
    cut: str
    novel: int
    reachable: int
    lines: int
    found: dict[str, Found]


def judged(case: Case, workspace: Workspace, policies: Iterable[Policy]) -> Judged:
    """Every policy at one case."""
    found = {policy.name: _found(case, workspace, policy) for policy in policies}
    lines = sum(text.count("\n") for text in workspace.code.values())
    return Judged(case.group, case.cut, len(case.novel), len(workspace.reachable(case)), lines, found)


def _found(case: Case, workspace: Workspace, policy: Policy) -> Found:
    start = time.thread_time()
    first = list(policy.blocks(case, MAIN))
    took = policy.took if policy.took is not None else 1000 * (time.thread_time() - start)
    each = [first if policy.ranks or budget == MAIN else list(policy.blocks(case, budget)) for budget in BUDGETS]
    brought = [_brought(case, workspace, blocks, budget) for blocks, budget in zip(each, BUDGETS, strict=True)]
    hits = tuple(len(names) for names, _ in brought)
    return Found(hits, took, max(invented for _, invented in brought), tuple(policy.typed(case)))


def _brought(case: Case, workspace: Workspace, blocks: Iterable[Block], budget: int) -> tuple[set[str], int]:
    """The novel names that are said within a budget, and how many lines said there are no source."""
    room, path = CHARACTERS * budget, ""
    brought: set[str] = set()
    invented = 0
    for block in blocks:
        room -= len(header(block.path)) if block.path != path else 0
        path, source = block.path, workspace.texts.get(block.path, "")
        for line in block.text.split("\n"):
            if line.strip() in case.truth:
                continue
            room -= len(line) + 1
            if room < 0:
                return brought, invented
            if line.strip() in source:
                brought |= case.novel & histories.names(line)
            else:
                invented += 1
    return brought, invented


class Share(Struct, frozen=True):
    """A figure and the range in which 95 of 100 resamplings of the commits lie."""

    value: float
    low: float
    high: float

    def text(self, factor: float = 100.0) -> str:
        """`41.2 (38.9 to 43.1)`."""
        return f"{factor * self.value:.1f} ({factor * self.low:.1f} to {factor * self.high:.1f})"


def recall(cases: Sequence[Judged], name: str, budget: int = MAIN) -> float:
    """The share of all novel names that a policy brings."""
    at = BUDGETS.index(budget)
    return sum(case.found[name].hits[at] for case in cases) / max(1, sum(case.novel for case in cases))


def area(cases: Sequence[Judged], name: str) -> float:
    """Mean recall over the budgets, each twice the one before: the area under the curve on that scale."""
    shares = [recall(cases, name, budget) for budget in BUDGETS]
    return sum(a + b for a, b in itertools.pairwise(shares)) / 2 / (len(BUDGETS) - 1)


def ceiling(cases: Sequence[Judged]) -> float:
    """The share of novel names that stand anywhere in the workspace."""
    return sum(case.reachable for case in cases) / max(1, sum(case.novel for case in cases))


def spread(cases: Sequence[Judged], above: str, below: str = "") -> Share:
    """The recall of a policy at the main budget, or its ratio to that of another; whole commits are resampled."""
    at = BUDGETS.index(MAIN)
    cuts: dict[tuple[str, str], tuple[int, int]] = {}
    for case in cases:
        over, under = cuts.get((case.group, case.cut or str(len(cuts))), (0, 0))
        least = case.found[below].hits[at] if below else case.novel
        cuts[case.group, case.cut or str(len(cuts))] = (over + case.found[above].hits[at], under + least)
    pairs = list(cuts.values())
    rng = random.Random(len(pairs))
    drawn = sorted(_ratio(rng.choices(pairs, k=len(pairs))) for _ in range(ROUNDS)) if pairs else [0.0]
    return Share(_ratio(pairs), drawn[int(0.025 * len(drawn))], drawn[int(0.975 * len(drawn))])


def _ratio(pairs: Sequence[tuple[int, int]]) -> float:
    below = sum(under for _, under in pairs)
    return sum(over for over, _ in pairs) / below if below else float("inf")


def relative(path: str, root: Path) -> str:
    """A path as the workspace's own files have it."""
    return path.removeprefix(f"{root}/")
