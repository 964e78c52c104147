"""What a measuring program says: a table for people, or JSON for programs."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from msgspec import Struct, to_builtins

Cell: TypeAlias = "str | int | float"


class Table(Struct, frozen=True):
    """One measurement: a title, a row per competitor, and sentences on what to read from it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def text(self) -> str:
        """The table with its numbers under each other."""
        cells = [self.columns, *(tuple(map(_shown, row)) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]

        def placed(row: tuple[str, ...]) -> Iterable[tuple[int, tuple[str, int]]]:
            return enumerate(zip(row, widths, strict=True))

        lines = [self.title, ""]
        for row in cells:
            first, *others = (cell.ljust(w) if not at else cell.rjust(w) for at, (cell, w) in placed(row))
            lines.append("  ".join((first, *others)).rstrip())
        return "\n".join([*lines, "", *self.notes]).rstrip() + "\n"


def percentile(values: Iterable[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def load() -> str:
    """How busy the machine was: what waits for a core is measured with the rest."""
    cores = os.cpu_count() or 1
    return f"The machine's load was {os.getloadavg()[0]:.1f} on {cores} cores; above one per core, look at ratios only."


def flags(what: str) -> argparse.ArgumentParser:
    """The arguments that every program takes."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser


def show(tables: Sequence[Table], as_json: bool) -> None:
    """Print what was measured."""
    if as_json:
        print(json.dumps([to_builtins(table) for table in tables], indent=2))
    else:
        print("\n".join(table.text() for table in tables))


def main(
    arguments: Sequence[str], what: str | None, measure: Callable[..., Sequence[Table]], keys: int = 0, role: str = ""
) -> int:
    """Measure, and print it; with `keys`, the number of keystrokes (in this `role`) that the user may change."""
    parser = flags(what or "")
    if keys:
        parser.add_argument("--keys", type=int, default=keys, help=role)
    chosen = parser.parse_args(arguments)
    show(measure(chosen.keys) if keys else measure(), chosen.json)
    return 0


def _shown(cell: Cell) -> str:
    return f"{cell:,.2f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else cell
