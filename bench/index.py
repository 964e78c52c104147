"""The index of a workspace: how fast it is made, read again and kept up, and what it takes; beside aider's map."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import table
from bench.repo_map import MISSING, NAME, VARIABLE

LINES = 100_000
ROUNDS = 3
_LEFT_OUT = frozenset({"idlelib", "lib2to3", "site-packages", "test", "tests", "turtledemo"})


@contextmanager
def tree(lines: int) -> Iterator[Path]:
    """A folder with about so many lines of the standard library."""
    library = Path(sysconfig.get_paths()["stdlib"])
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder:
        root = Path(folder).resolve() / "tree"
        for path in sorted(library.rglob("*.py")):
            within = path.relative_to(library)
            if lines <= 0 or not _LEFT_OUT.isdisjoint(within.parts):
                continue
            (root / within).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, root / within)
            os.utime(root / within, (0, 1_000_000_000))
            lines -= path.read_bytes().count(b"\n")
        yield root


def ours(*arguments: str) -> dict[str, float]:
    """What one run of ours took, in a process of its own."""
    done = subprocess.run([sys.executable, "-m", "bench.index_child", *arguments], capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def aider(python: str, root: Path) -> dict[str, float]:
    """Seconds until aider's map has the tags of all files, until it has made its first map, and of computing."""
    child = Path(__file__).with_name("repo_map_child.py")
    done = subprocess.run([python, "-I", str(child), str(root)], stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


class Measured:
    """What some rounds over one tree have shown; the competitors take turns."""

    def __init__(self, root: Path, rounds: int) -> None:
        self.size = sum(path.stat().st_size for path in root.rglob("*.py")) / 1e6
        self.lines = sum(path.read_bytes().count(b"\n") for path in root.rglob("*.py"))
        self.alone, self.cold, self.warm = list[dict[str, float]](), list[dict[str, float]](), list[dict[str, float]]()
        self.aider = list[dict[str, float]]()
        python = os.environ.get(VARIABLE)
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as cache:
                self.alone.append(ours("alone", str(root)))
                self.cold.append(ours("together", str(root), cache))
                self.warm.append(ours("together", str(root), cache))
                if python:
                    self.aider.append(aider(python, root))
        with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as cache:
            self.updates = ours("together", str(root), cache, "updates")


def _median(runs: Sequence[dict[str, float]], key: str) -> float:
    return statistics.median(run[key] for run in runs)


def cold(found: Measured) -> table.Table:
    """Megabytes of source a second, from nothing."""
    rows = [
        ("ours, in one process", found.alone, "seconds"),
        ("ours, as the product does it", found.cold, "seconds"),
        (f"{NAME}, its tags only", found.aider, "tags"),
        (f"{NAME}, with its first map", found.aider, "seconds"),
    ]
    base = _median(found.aider, "seconds") if found.aider else 0.0
    shown: list[tuple[table.Cell, ...]] = []
    for name, runs, key in rows if found.aider else rows[:2]:
        took, busy = _median(runs, key), _median(runs, "busy") if key == "seconds" else 0.0
        shown.append((name, took, found.size / took, found.size / busy if busy else "-", base / took if base else "-"))
    title = f"A workspace of {found.lines:,} lines ({found.size:.1f} MB) indexed from nothing"
    notes = (table.load(),) if found.aider else (MISSING, table.load())
    return table.Table(
        title, ("index", "seconds", "MB/s", "MB per second of computing", "x aider's map"), tuple(shown), notes
    )


def again(found: Measured) -> table.Table:
    """A second start, an update, and memory."""
    first, second = _median(found.cold, "seconds"), _median(found.warm, "seconds")
    updates = found.updates
    rows: list[tuple[table.Cell, ...]] = [
        ("a second start, all held against the disk, ms", second * 1000, "-"),
        ("that is so many times faster than the first", first / second, "50"),
    ]
    for name in ("usual", "long"):
        lines = int(updates[f"{name} lines"])
        rows += [
            (f"a file of {lines:,} lines changed, ms", updates[name], "5"),
            (f"a file of {lines:,} lines changed, p95, ms", updates[f"{name} p95"], "-"),
        ]
    rows += [
        ("resident memory more than without, MB", _median(found.cold, "resident"), "60"),
        ("the same after a second start, MB", _median(found.warm, "resident"), "60"),
    ]
    return table.Table(f"What is kept of {found.lines:,} lines", ("", "measured", "aim"), tuple(rows))


def measure() -> list[table.Table]:
    """Both tables."""
    with tree(LINES) as root:
        found = Measured(root, ROUNDS)
    return [cold(found), again(found)]


def main(arguments: Sequence[str]) -> int:
    return table.main(arguments, __doc__, measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
