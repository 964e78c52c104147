"""`switchyard stats`: what the ledger says: latency, acceptance, reuse, energy, and what all that costs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from lsp.commands.config import read_settings
from lsp.shell import files, page, terminal
from router import SwitchyardError
from router.config import Cost
from router.dispatch.paces import BENCH
from router.ledger import archive, book, reckoning, stats
from router.ledger.reckoning import duration, share
from router.ledger.stats import Part, Report, Spread
from router.models.modest import UNSURE
from router.types import Turn

_BARS = "▁▂▃▄▅▆▇█"
_DAYS = 60  # of one sparkline
_BESIDE = 32  # columns that its name and its highest value take


def run(args: argparse.Namespace) -> int:
    """Print what the ledger says, or write it as a page, or delete it. Raises SwitchyardError."""
    ledger = book.place(os.environ, os.path.expanduser("~"))
    if args.forget:
        return _forget(ledger, args.yes)
    cost = read_settings(args.settings, Path.cwd()).cost
    turns = [it for it in archive.read(ledger, args.since.timestamp(), args.task) if it.task != BENCH]
    report = _report(turns, cost)
    if args.html:
        tasks = {it.name: _report([turn for turn in turns if turn.task == it.name], cost) for it in report.tasks}
        return _write(args.html, report, page.page(report, tasks, cost, args.users))
    if args.json:
        terminal.as_json(_plain(ledger, report, cost, args))
    elif report.whole.turns:
        _print(report, cost, args.users)
    else:
        terminal.say(_nothing(ledger, args))
    return 0


def _report(turns: Sequence[Turn], cost: Cost) -> Report:
    now = datetime.now().astimezone()
    return stats.report(turns, now.timestamp(), now.tzinfo or timezone.utc, cost.watts)


def _nothing(ledger: str, args: argparse.Namespace) -> str:
    if not os.path.exists(ledger):
        return f"There is no ledger yet; it will be {ledger}. Let an editor complete for a while, or see ledger.keep."
    of = f" of {args.task}" if args.task else ""
    return f"The ledger has no turn{of} since {args.since:%Y-%m-%d}; --since all looks further back."


def _print(report: Report, cost: Cost, users: int) -> None:
    days = f"{report.days[0].name} to {report.days[-1].name}" if report.span > 1 else report.days[0].name
    turns = f"{report.whole.turns:,} {'turn' if report.whole.turns == 1 else 'turns'}"
    came = ", ".join(f"{count:,} {outcome}" for outcome, count in report.whole.outcomes.items())
    terminal.say(f"{turns}, {days}: {came}\n")
    parts = [*report.tasks, *([report.whole] if len(report.tasks) > 1 else [])]
    terminal.table(("latency", "answered>", "cached>", "waited>", "first token>", "answer>"), map(_latency, parts))
    terminal.say("Of two times, half were quicker than the first, and 19 of 20 quicker than the second.\n")
    fates = ("suggestions", "shown>", "accepted>", "partly>", "typed>", "dismissed>", "open>", "accepted of these>")
    if shown := [_taken(it) for it in parts if it.taken.shown]:
        terminal.table(fates, shown)
        terminal.say("")
    terminal.table(("work", "read>", "reused>", "written>", "energy>", "measured>"), map(_work, parts))
    if report.span > 1:
        terminal.say("")
        terminal.table(("per day", "", "highest>"), _series(report))
    terminal.say("")
    if report.whole.unsure:
        terminal.say(f"Of {report.whole.unsure:,} turns the small model was {UNSURE}.")
    for sentence in reckoning.sentences(report, cost, users):
        terminal.say(sentence)
    if report.ahead:
        terminal.say(f"{report.ahead:,} lines carry a time that can't be; a clock was wrong, and they are not counted.")


def _latency(part: Part) -> tuple[str, ...]:
    cached = part.outcomes.get("cached", 0)
    return part.name, f"{part.total.count:,}", f"{cached:,}", *map(_spread, (part.queued, part.first, part.total))


def _taken(part: Part) -> tuple[str, ...]:
    it = part.taken
    counts = it.shown, it.accepted, it.partly, it.typed, it.dismissed, it.open
    return part.name, *(f"{count:,}" for count in counts), share(it.rate)


def _work(part: Part) -> tuple[str, ...]:
    it, spent = part.tokens, part.energy
    joules = reckoning.energy(spent.joules) if spent.measured else ""
    measured = share(spent.measured / spent.busy) if spent.busy else ""
    return part.name, f"{it.prompt:,}", share(it.reuse), f"{it.answer:,}", joules, measured


def _spread(spread: Spread) -> str:
    """The usual and the slow case: the median, and what one in twenty is slower than."""
    return f"{duration(spread.p50)} / {duration(spread.p95)}" if spread.count else ""


def _series(report: Report) -> Iterator[tuple[str, str, str]]:
    most = max(7, min(_DAYS, terminal.console().width - _BESIDE))
    days = [part for _, part in stats.calendar(report.days)][-most:]
    wanted: list[tuple[str, Callable[[Part], float | None], Callable[[float], str]]] = [
        ("turns", lambda it: it.turns, lambda value: f"{value:,.0f}"),
        ("first token, median", lambda it: it.first.p50 or None, duration),
        ("accepted", lambda it: it.taken.rate, share),
        ("reused", lambda it: it.tokens.reuse, share),
        ("energy", lambda it: it.energy.joules or None, reckoning.energy),
    ]
    for name, value, said in wanted:
        values = [None if day is None else value(day) for day in days]
        if known := [it for it in values if it is not None]:
            yield name, sparkline(values), said(max(known))


def sparkline(values: Sequence[float | None]) -> str:
    """One bar per value, from nothing to the highest; a dot where there is none."""
    highest = max((it for it in values if it is not None), default=0.0) or 1.0
    return "".join("·" if it is None else _BARS[round(it / highest * (len(_BARS) - 1))] for it in values)


def _plain(ledger: str, report: Report, cost: Cost, args: argparse.Namespace) -> dict[str, object]:
    money = reckoning.money(report, cost)
    account = {name: getattr(money, name) for name in (*money.__struct_fields__, "saved")}
    account["pay_back_days"] = reckoning.pay_back(money, cost.card, args.users) if cost.card else None
    said = reckoning.sentences(report, cost, args.users)
    return {"ledger": ledger, "since": args.since.isoformat()} | {
        **msgspec.to_builtins(report),
        "money": account,
        "sentences": said,
    }


def _write(name: str, report: Report, written: str) -> int:
    try:
        Path(name).write_text(written, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise SwitchyardError(f"{name} can't be written: {files.reason(error)}.") from error
    terminal.say(f"Written to {name}: {report.whole.turns:,} turns; it needs no network and no script to be read.")
    return 0


def _forget(ledger: str, agreed: bool) -> int:
    """Delete the ledger, after a word about what that is. Raises SwitchyardError."""
    found = archive.files(ledger)
    if not found:
        terminal.say(f"There is nothing to forget: there is no {ledger}.")
        return 0
    for file in found:
        terminal.say(f"{file} ({terminal.size(file.stat().st_size) or 'empty'})")
    if not agreed and not _agrees():
        terminal.say("Nothing was deleted.")
        return 1
    archive.forget(ledger)
    left = archive.files(ledger)
    terminal.say("Every line is deleted; a running server keeps the empty file." if left else "Deleted.")
    return 0


def _agrees() -> bool:
    """Whether somebody who is there says yes. Raises SwitchyardError where nobody is."""
    if not sys.stdin.isatty():
        raise SwitchyardError("Nobody can be asked here; say --yes to delete the ledger.")
    print("Delete it? [y/N] ", end="", flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
