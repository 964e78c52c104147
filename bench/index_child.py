"""Indexes one folder in a process of its own, and says in JSON what that took: for `index.py`."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from bench import table
from router.context.gating.ignored import Ignored
from router.context.indexing.admission import admission
from router.context.indexing.catalogue import Catalogue, Stamp
from router.context.indexing.index import Index
from router.context.indexing.listing import listed
from router.context.indexing.reading import source
from router.context.parsing.parsers import Parsers
from router.context.tagging.language import language_of
from router.context.tagging.tags import tags

UPDATES = 40


def resident() -> float:
    """This process's resident memory in MB; 0 where it can't be told."""
    try:
        said = Path("/proc/self/status").read_text()
    except OSError:
        return 0.0
    return int(said.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


def alone(root: str) -> dict[str, float]:
    """Everything in this one process: read, parse, keep."""
    began, spent = time.perf_counter(), time.process_time()
    catalogue = Catalogue()
    for path in listed(root, lambda _: True).files:
        found = source(path, root)
        if found and not found.why:
            language = language_of(path)
            digest = blake2b(found.text.encode(), digest_size=12).digest()
            catalogue.put(path, language, Stamp(1, found.stamp.size, digest), tags(language, found.text))
    return {"seconds": time.perf_counter() - began, "busy": time.process_time() - spent}


async def together(root: str, cache: str, updates: bool) -> dict[str, float]:
    """As the product does it: parsers beside it, the gate's word for each file, what is kept on the disk."""
    parser = Parsers()
    before, spent = resident(), processor()
    began = time.perf_counter()
    index = indexing(root, parser, Path(cache))
    await index.start()
    known = time.perf_counter() - began
    await index.settled()
    took = time.perf_counter() - began
    gc.collect()
    found = {"seconds": took, "known": known, "resident": resident() - before}
    if updates:
        found |= await _updates(index, root)
    await parser.aclose()
    found["busy"] = processor() - spent
    await index.aclose()
    return found


async def nothing(folder: str) -> None:
    """Index a small folder, so that what Python loads once is loaded."""
    index = indexing(folder, Parsers(), None)
    await index.start()
    await index.aclose()


def indexing(root: str, parser: Parsers, cache: Path | None) -> Index:
    """The index of a folder, as the product has it, but that it watches nothing and lets no document rest."""
    return Index([root], admission([root], (), Ignored([root])), parser.tags, cache, watch=False, rest=0.0)


def processor() -> float:
    """Seconds that this process and those of its children that have ended were computing."""
    mine, ended = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return mine.ru_utime + mine.ru_stime + ended.ru_utime + ended.ru_stime


async def _updates(index: Index, root: str) -> dict[str, float]:
    """Milliseconds from a changed file to the index that knows it, for files of a usual length and for long ones."""
    found: dict[str, float] = {}
    for name, path in usual(Path(root)).items():
        text = path.read_text("utf-8", "replace")
        times = []
        for count in range(UPDATES):
            began = time.perf_counter()
            index.changed(str(path), f"{text}\nname_{count} = {count}\n")
            while not index.defined(f"name_{count}"):  # noqa: ASYNC110  # an editor never waits for the index
                await asyncio.sleep(0)
            times.append((time.perf_counter() - began) * 1000)
        found |= {name: statistics.median(times), f"{name} p95": table.percentile(times, 0.95)}
        found[f"{name} lines"] = text.count("\n")
    return found


def usual(root: Path) -> dict[str, Path]:
    """The file that half of all are shorter than, and the one that all but a twentieth are shorter than."""
    files = sorted(root.rglob("*.py"), key=lambda path: path.stat().st_size)
    return {"usual": files[len(files) // 2], "long": files[len(files) * 19 // 20]}


def main(arguments: Sequence[str]) -> int:
    """`alone ROOT`, or `together ROOT CACHE [updates]`."""
    how, root, *rest = arguments
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.py").write_text("a = 1\n")
        asyncio.run(nothing(folder))
    found = alone(root) if how == "alone" else asyncio.run(together(root, rest[0], len(rest) > 1))
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
