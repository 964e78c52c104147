"""`switchyard index`: what is known of a workspace, and where a name is defined and referred to."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec import to_builtins

from lsp.commands.config import read_settings
from lsp.shell import files, terminal
from router import SwitchyardError, homes
from router.context.gating.ignored import Ignored
from router.context.indexing.admission import admission
from router.context.indexing.index import Index, wide
from router.context.indexing.reading import source
from router.context.indexing.state import State
from router.context.parsing.parsers import Parsers
from router.types import Document

T = TypeVar("T")
_SHOWN = 50  # files that refer to a name, in a table
_TICK = 0.1  # seconds between two words about how far it is


def run(args: argparse.Namespace) -> int:
    """Print what is known of a workspace, or of one name in it. Raises SwitchyardError."""
    root = _root(args.path)
    patterns = read_settings(args.settings, root).privacy.exclude
    began = time.monotonic()
    with terminal.waiting(f"reading {root}") as say:
        if args.symbol:
            found = asyncio.run(read(root, patterns, say, lambda index: _symbol(index, root, args.symbol)))
        else:
            state = asyncio.run(read(root, patterns, say, lambda index: index.states()[0]))
    took = time.monotonic() - began
    if args.symbol:
        _show_symbol(args.symbol, found, args.json)
        return int(not found["definitions"] and not found["references"])
    _show_all(state, took, args.json)
    return 0


def _root(name: str) -> Path:
    """The folder that is meant: itself where it is named, else the workspace that it lies in."""
    path = Path(name).absolute()
    if not path.exists():
        raise SwitchyardError(f"There is no folder {name}.")
    folder = path if name != "." and path.is_dir() else files.workspace(path / "any" if path.is_dir() else path)
    if wide(str(folder)):
        raise SwitchyardError(f"{folder} is too wide to be a workspace; name a folder in it.")
    return folder


async def read(root: Path, patterns: tuple[str, ...], say: Callable[[str], None], ask: Callable[[Index], T]) -> T:
    """What `ask` says of the index of a workspace, when all of it was read."""
    cache = Path(homes.cache(os.environ, str(Path.home()), sys.platform))
    parser = Parsers()
    index = Index([str(root)], admission([str(root)], patterns, Ignored([str(root)])), parser.tags, cache, watch=False)
    try:
        await index.start()
        settled = asyncio.ensure_future(index.settled())
        while not settled.done():
            await asyncio.wait([settled], timeout=_TICK)
            say(f"reading {root}: {index.waiting:,} files to go")
        await index.keep()
        return ask(index)
    finally:
        await index.aclose()
        await parser.aclose()


def _show_all(state: State, took: float, as_json: bool) -> None:
    if as_json:
        terminal.as_json(to_builtins(state) | {"seconds": round(took, 3)})
        return
    terminal.table(("language", "files>"), [(name, f"{count:,}") for name, count in _by_count(state.files)])
    known = sum(state.files.values())
    terminal.say(
        f"{state.root}: {known:,} files, {terminal.size(state.source) or '0 B'} of source, "
        f"{state.definitions:,} definitions, {state.references:,} references to {state.names:,} names."
    )
    listed = "as git lists them" if state.git else "by a walk, for there is no git here"
    terminal.say(f"Files {listed}; {state.parsed:,} were parsed just now, the others known. It took {took:.2f} s.")
    terminal.say(f"On disk: {terminal.size(state.stored)}." if state.stored > 0 else "Nothing is kept on disk.")
    for why, count in _by_count(state.passed):
        terminal.say(f"Passed over: {count:,}, {why}.")


def _by_count(counts: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda it: (-it[1], it[0]))


def _symbol(index: Index, root: Path, name: str) -> dict[str, list[dict[str, object]]]:
    """Where a name is defined and who refers to it, by lines and columns from 1."""
    definitions: list[dict[str, object]] = [
        _place(path, it.at, root) | {"kind": it.kind, "parent": it.parent, "signature": it.signature, "doc": it.doc}
        for path, it in index.defined(name)
    ]
    references: list[dict[str, object]] = []
    for path, count in sorted(index.referring(name), key=lambda it: (-it[1], it[0])):
        if places := index.places(path, name):
            references.append(_place(path, places[0], root) | {"count": count})
    return {"definitions": definitions, "references": references}


def _place(path: str, at: int, root: Path) -> dict[str, object]:
    found = source(path, os.path.realpath(root))
    line, column = files.place(Document(path, "", 1, found.text if found else ""), at)
    return {"path": path, "line": line, "column": column}


def _show_symbol(name: str, found: dict[str, list[dict[str, object]]], as_json: bool) -> None:
    if as_json:
        terminal.as_json(found)
        return
    for title, rows in (("defined at", found["definitions"]), ("referred to at", found["references"])):
        shown = [
            (
                f"{it['path']}:{it['line']}:{it['column']}",
                str(it.get("kind", it.get("count"))),
                str(it.get("signature", "")),
            )
            for it in rows[:_SHOWN]
        ]
        if shown:
            terminal.table((title, "", ""), shown)
        if len(rows) > _SHOWN:
            terminal.say(f"… and in {len(rows) - _SHOWN:,} more files.")
    if not found["definitions"] and not found["references"]:
        terminal.say(f"Nobody in this workspace says {name}.")
