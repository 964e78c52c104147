"""The tables of recall: by budget, by repository, beside the rivals, and what each source is good for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from msgspec import to_builtins

from bench import repo_map, table
from bench.judged import BUDGETS, MAIN, Judged, area, ceiling, recall, spread

AIMS = {"Jaccard, 60 lines of 4 files": 3.0, "BM25, chunks of 20 lines": 2.0, repo_map.NAME: 4.0}
SHARE = 0.6  # of the ceiling
WITHOUT, ALONE = "without ", "only "  # a source
ABLATED = (WITHOUT, ALONE)


def tables(found: Sequence[Judged], ours: str, names: Sequence[str]) -> list[table.Table]:
    """All that there is to be said."""
    if not found:
        return [table.Table("No case was found.", (), ())]
    rivals = [name for name in names if not name.startswith(ABLATED)]
    made = [_by_budget(found, rivals), _by_group(found, rivals)]
    if len(rivals) > 1:
        made.append(_ratios(found, ours, [name for name in rivals if name != ours]))
    if len(rivals) < len(names):
        made.append(_ablation(found, ours, [name for name in names if name.startswith(WITHOUT)]))
    return made


def save(found: Sequence[Judged], ours: str, names: Sequence[str], file: Path) -> None:
    """Keep the tables for the page on context."""
    kept = [to_builtins(it) for it in tables(found, ours, names)]
    for one in kept:
        one["rows"] = [[round(cell, 2) if isinstance(cell, float) else cell for cell in row] for row in one["rows"]]
    file.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def _by_budget(found: Sequence[Judged], names: Sequence[str]) -> table.Table:
    top = ceiling(found)
    rows: list[tuple[table.Cell, ...]] = []
    for name in names:
        ms = [case.found[name].ms for case in found]
        shares = [100 * recall(found, name, budget) for budget in BUDGETS]
        of_top = 100 * recall(found, name) / top if top else 0.0
        times = (table.percentile(ms, 0.5), table.percentile(ms, 0.95))
        rows.append((name, *shares, 100 * area(found, name), of_top, *times))
    invented = [f"{name}: {count:,}" for name in names if (count := sum(it.found[name].invented for it in found))]
    return table.Table(
        f"Recall of novel names in per cent by budget in tokens: {len(found):,} cases, "
        f"{sum(it.novel for it in found):,} names, of which {100 * top:.1f} % stand anywhere",
        ("policy", *map(str, BUDGETS), "area", f"% of ceiling at {MAIN}", "ms p50", "ms p95"),
        tuple(rows),
        (
            f"Aims at {MAIN} tokens: {SHARE:.0%} of the ceiling; 3 ms at 100,000 lines (here up to "
            f"{max(it.lines for it in found):,}).",
            "Lines that are no source, and count for nothing: " + ("; ".join(invented) or "none") + ".",
            "Times are those of a processor; nobody waits for a disk here.",
        ),
    )


def _by_group(found: Sequence[Judged], names: Sequence[str]) -> table.Table:
    groups = list(dict.fromkeys(it.group for it in found))
    parts = [*([it for it in found if it.group == group] for group in groups), found]
    rows: list[tuple[table.Cell, ...]] = [
        ("cases", *(f"{len(part):,}" for part in parts)),
        ("lines of code", *(f"{max(it.lines for it in part):,}" for part in parts)),
        ("ceiling", *(f"{100 * ceiling(part):.1f}" for part in parts)),
    ]
    rows += [(name, *(spread(part, name).text() for part in parts)) for name in names]
    rows += [
        ("first query in a file, ms p50 and p95", *(_times([it.found[names[0]].ms for it in part]) for part in parts))
    ]
    typed = ([ms for it in part for ms in it.found[names[0]].typed] for part in parts)
    rows += [("query at a key after it, ms p50 and p95", *map(_times, typed))]
    return table.Table(
        f"Recall in per cent at {MAIN} tokens, with 95 % of 1,000 resamplings of the commits",
        ("policy", *groups, "all"),
        tuple(rows),
    )


def _times(ms: Sequence[float]) -> str:
    return f"{table.percentile(ms, 0.5):.1f} and {table.percentile(ms, 0.95):.1f}"


def _ratios(found: Sequence[Judged], ours: str, names: Sequence[str]) -> table.Table:
    groups = list(dict.fromkeys(it.group for it in found))
    parts = [*([it for it in found if it.group == group] for group in groups), found]
    rows = [
        (name, *(spread(part, ours, name).text(1.0) for part in parts), f"{AIMS[name]:g}" if name in AIMS else "-")
        for name in names
        if recall(found, name)
    ]
    missing = [repo_map.MISSING] if repo_map.NAME not in names else []
    return table.Table(
        f"{ours}'s recall at {MAIN} tokens as a multiple of each rival's",
        ("rival", *groups, "all", "aim"),
        tuple(rows),
        tuple(missing),
    )


def _ablation(found: Sequence[Judged], ours: str, names: Sequence[str]) -> table.Table:
    found = [it for it in found if names[0] in it.found]
    whole = recall(found, ours)
    rows: list[tuple[table.Cell, ...]] = []
    for name in sorted(names, key=lambda name: recall(found, name)):
        source = name.removeprefix(WITHOUT)
        lost = whole - recall(found, name)
        rows.append((source, 100 * lost, 100 * lost / whole if whole else 0.0, 100 * recall(found, f"{ALONE}{source}")))
    return table.Table(
        f"What is lost without each source, of {100 * whole:.1f} % at {MAIN} tokens, in {len(found):,} cases",
        ("source", f"points at {MAIN}", "per cent of it", "recall of it alone"),
        tuple(rows),
        (
            f"One name is {100 / max(1, sum(it.novel for it in found)):.2f} points.",
            "What a user does (edits, visits, complaints, a branch) is in no history: those sources are silent here.",
            "What definitions, imports and members say is mostly found in the files that are looked into, too.",
        ),
    )
