"""One accelerator for everything: completions beside a refactoring, beside loads, and in storms of keys.

Recorded typing, a simulated accelerator behind Ollama's rules (bench/card.py), and beside us what clients do that go
straight to the runtime, by their description. In simulated time the figures are the same on every machine.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Sequence

from bench import table
from bench.card import simulated
from bench.clients import CLIENTS, IDLE, REFACTOR, REVIEW, AsShort, Client, Jobs, Outcome
from bench.typist import Key, keys

KEYS = 1500
AIM_RATIO, AIM_TOKENS = 1.25, 1 / 3
ENDLESS: Jobs = ([(0.0, REFACTOR)] * 1000,)


def measure(count: int = KEYS) -> list[table.Table]:
    """Beside a refactoring; beside loads; storms of keys."""
    typed = keys(count)
    idle = {name: played(client, typed) for name, client in CLIENTS.items()}
    minutes = [(60.0 * at, REFACTOR) for at in range(1 + int(typed[-1].second) // 60)]
    why = "What is left is the step that the large model has begun, a token or a piece of its prompt: up to 25 ms."
    return [
        beside_refactoring(typed, idle, "a refactoring is asked for every minute", (minutes,)),
        beside_refactoring(typed, idle, "one refactoring follows the other", ENDLESS, why),
        beside_loads(typed, idle),
        storm(typed, idle),
    ]


def beside_refactoring(
    typed: Sequence[Key], idle: dict[str, Outcome], title: str, jobs: Jobs, note: str = ""
) -> table.Table:
    """Refactorings, by a model that is in memory."""
    rows: list[tuple[table.Cell, ...]] = []
    for name, client in CLIENTS.items():
        found, alone = played(client, typed, jobs), played(client, typed[:1], ([(0.0, REFACTOR)] * 2,), 60.0)
        quiet, busy = (table.percentile(it.waits, 0.95) * 1000 for it in (idle[name], found))
        slower = statistics.mean(found.jobs[1:]) / alone.jobs[1]
        rows.append((name, quiet, busy, busy / quiet, len(found.waits), len(found.jobs), slower))
    return table.Table(
        f"Completions while {title}; {len(typed):,} keys in {typed[-1].second:,.0f} s",
        ("client", "p95 idle, ms", "p95 beside, ms", "x idle", "answers", "refactorings", "x alone"),
        tuple(rows),
        (
            "From a request to its answer's end, without the debounce; x alone: how much longer a refactoring took.",
            f"Aim: at most {AIM_RATIO} x idle. {note}".strip(),
        ),
    )


def beside_loads(typed: Sequence[Key], idle: dict[str, Outcome]) -> table.Table:
    """A refactoring is asked for every two minutes, and a review of changes, by the middle model, while it runs."""
    rounds = range(1 + int(typed[-1].second) // 120)
    jobs = ([(120.0 * at + 10, REFACTOR) for at in rounds], [(120.0 * at + 20, REVIEW) for at in rounds])
    rows: list[tuple[table.Cell, ...]] = []
    for name, client in CLIENTS.items():
        found = played(client, typed, jobs)
        during = [key for key in found.keys if any(began <= key[0] < ended for began, ended in found.loads)]
        shares = [100 * sum(there for _, there in keys) / max(1, len(keys)) for keys in (idle[name].keys, during)]
        lost = sum(not there for _, there in found.keys) - sum(not there for _, there in idle[name].keys)
        rows.append((name, len(found.loads), *shares, lost, found.evictions, len(found.jobs)))
    columns = ("client", "loads", "% answered idle", "% while loading", "answers lost", "evictions", "jobs done")
    return table.Table(
        "Three models of which two have room: completions answered before the next key, and how often their model went",
        columns,
        tuple(rows),
        ("Evictions are those of the model that completes. Aim: none.",),
    )


def storm(typed: Sequence[Key], idle: dict[str, Outcome]) -> table.Table:
    """What it took to show what."""
    found = idle | {"Switchyard, prompts as short": played(AsShort, typed)}
    peer = found["debounce 350 ms, then send"]
    rows = [
        (name, it.computed, it.shown, it.computed / it.shown, it.computed / it.shown / (peer.computed / peer.shown))
        for name, it in found.items()
    ]
    return table.Table(
        "Tokens that the completing model computed per character shown",
        ("client", "tokens", "characters shown", "tokens each", "x debounce"),
        tuple(rows),
        (
            "Shown: it stood there as ghost text when typed. Tokens: of prompts, less what was reused, and of answers.",
            f"Aim: at most {AIM_TOKENS:.2f} x debounce.",
        ),
    )


def played(client: type[Client], typed: Sequence[Key], jobs: Jobs = IDLE, rest: float = 5.0) -> Outcome:
    """How it went for one client, in simulated time; `rest`: seconds after the last key."""

    async def story() -> Outcome:
        return await client().play(typed, jobs, rest)

    return simulated(story())


def main(arguments: Sequence[str]) -> int:
    return table.main(arguments, __doc__, measure, KEYS, "how many keys are typed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
