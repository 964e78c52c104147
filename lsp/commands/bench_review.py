"""`switchyard bench review`: how far a model's reviews can be trusted here, in numbers by which to choose one."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field

from lsp.commands.bench import engines, installed, stopped, wanted, whole
from lsp.commands.config import read_settings
from lsp.shell import terminal
from router.config import Config
from router.engine import Router
from router.reviewing.memory import Memory
from router.reviewing.proofs import STAGES
from router.reviewing.trial import Case, Score, Tell, cases, tried

COLUMNS = ("model", "bugs found>", "false beside>", "false in clean code>", "in 100 lines>", "acting>", "s each>")


class Row(Struct):
    """One model: its score so far, its claims by the stage that stopped them, and the seconds that all of it took."""

    model: str
    score: Score = field(default_factory=Score)
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def each(self) -> float:
        """Seconds for a definition."""
        return self.seconds / self.score.asked if self.score.asked else 0.0


def run(args: argparse.Namespace) -> int:
    """Print how each model did, also if the user stops it; 1 if none answered anything. Raises BadConfig."""
    rows: list[Row] = []
    with terminal.progress() as tell:
        code = whole(_bench(args.models, args.most, args.settings, rows, tell))
    if args.json:
        terminal.as_json([_plain(it) for it in rows])
    elif rows:
        _print(rows)
    for it in rows:
        if it.score.unanswered:
            few = f"{it.score.unanswered} of {it.score.asked} definitions got no answer that can be used"
            terminal.note(f"switchyard: {it.model}: {few}; the last reason: {it.score.why}")
    if code:
        stopped(rows)
    return code or int(all(it.score.unanswered == it.score.asked for it in rows))


async def _bench(names: Sequence[str], most: int, settings: Sequence[str], rows: list[Row], tell: Tell) -> None:
    """Try each model, one after the other; what has come of it stands in `rows` at once. Raises BadConfig."""
    await _all_here(names, read_settings(settings, Path.cwd()))
    corpus = cases(most)
    for name in dict.fromkeys(names):
        row, began = Row(name), time.monotonic()
        rows.append(row)
        try:
            await _judge(read_settings([*settings, *_chosen(name)], Path.cwd()), corpus, row, tell)
        finally:
            row.seconds = time.monotonic() - began


async def _all_here(names: Sequence[str], settings: Config) -> None:
    """Raises BadConfig for a model that no engine here has."""
    its = engines(settings)
    try:
        wanted(await installed(its, lambda _: None), names)
    finally:
        for engine in its.values():
            await engine.aclose()


def _chosen(name: str) -> tuple[str, ...]:
    """The settings by which a model is the one that reviews, and no other is brought into memory for completion."""
    return f"models.review={name}", f"models.complete={name}", "ledger.keep=false"


async def _judge(settings: Config, corpus: Sequence[Case], row: Row, tell: Tell) -> None:
    """Have the model of these settings review the corpus. Nothing is remembered of it."""
    router = Router(settings)
    router.reviews.memory = Memory(None)
    router.reviews.counts = row.counts
    try:
        tell(0, 0, "the engine")
        await router.start()
        await tried(router.ask, corpus, row.score, tell)
    finally:
        await router.aclose()


def _print(rows: Sequence[Row]) -> None:
    terminal.table(COLUMNS, [_row(it) for it in rows], ("false beside", "s each"))
    terminal.say("")
    stages = ("claims", *STAGES, "too many", "shown")
    said = [(stage, *(f"{it.counts[stage]:,}" for it in rows)) for stage in stages]
    terminal.table(("claims, by what stopped them", *(f"{it.model}>" for it in rows)), said)


def _row(it: Row) -> tuple[str, ...]:
    its = it.score
    found = (f"{its.found} of {its.bugs}", f"{its.beside}", f"{its.false}", f"{its.rate:.1f}" if its.lines else "")
    return it.model, *found, f"{its.acting}", f"{it.each:.1f}"


def _plain(it: Row) -> dict[str, object]:
    """One row as plain values; seconds for a definition."""
    its = it.score
    return {
        "model": it.model,
        "bugs": its.bugs,
        "found": its.found,
        "false_beside": its.beside,
        "clean": its.clean,
        "clean_lines": its.lines,
        "false": its.false,
        "false_in_100_lines": its.rate,
        "poisoned": its.poisoned,
        "acting": its.acting,
        "unanswered": its.unanswered,
        "why_unanswered": its.why,
        "stages": dict(it.counts),
        "seconds_each": it.each,
    }
