"""Runs in an environment that has aider: answers for `repo_map.py`, one JSON line for each that it reads; or, with a
folder as its argument, tells `index.py` how long a map takes from nothing."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Model:
    """Counts four characters as a token, as the judge does."""

    def token_count(self, text: str) -> float:
        """Of a text."""
        return len(text) / 4


class Console:
    """Reads files for aider; hears nothing of what it says."""

    def read_text(self, file: str) -> str | None:
        """A file's text."""
        return Path(file).read_text("utf-8", "replace")

    def tool_output(self, *_: object) -> None:
        """Nothing."""

    tool_error = tool_warning = tool_output


def _kind(cache: str) -> Any:
    """aider's own class, which keeps its tags in this folder."""
    kind: Any = importlib.import_module("aider.repomap").RepoMap
    kind.TAGS_CACHE_DIR = cache
    return kind


class Map:
    """aider's map of one workspace."""

    def __init__(self, cache: str) -> None:
        self._kind = _kind(cache)
        self._map: Any = None
        self._files: list[str] = []
        self._ranked: dict[str, Any] = {}

    def enter(self, root: str, files: list[str]) -> None:
        """The files of a workspace; the tags are made now, not while somebody waits."""
        os.chdir(root)
        if self._map is None or self._map.root != root:
            self._map = self._kind(root=root, main_model=Model(), io=Console())
            self._rank(self._map.get_ranked_tags)
        self._ranked.clear()
        self._files = [os.path.join(root, file) for file in files]
        for file in self._files:
            self._map.get_tags(file, os.path.relpath(file, root))

    def _rank(self, rank: Callable[..., Any]) -> None:
        """One question with several budgets is ranked once, as it does not depend on them."""

        def once(chat: object, others: object, files: object, said: object, progress: object = None) -> Any:
            if str(chat) not in self._ranked:
                self._ranked = {str(chat): rank(chat, others, files, said, progress)}
            return self._ranked[str(chat)]

        self._map.get_ranked_tags = once

    def text(self, path: str, budget: int) -> str:
        """The map for a cursor in the file at `path`."""
        own = os.path.join(self._map.root, path)
        others = [file for file in self._files if file != own]
        made = self._map.get_ranked_tags_map_uncached([own], others, budget)
        return made or ""


def from_nothing(root: str) -> None:
    """Say in JSON the seconds until all tags are known and until there is a map of 1,024 tokens, and of computing."""
    files = [str(path) for path in sorted(Path(root).rglob("*.py"))]
    os.chdir(root)
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as cache, contextlib.redirect_stdout(sys.stderr):
        kind = _kind(cache)
        for warm_up in (True, False):  # the first file loads what Python loads once
            began, spent = time.perf_counter(), time.process_time()
            this = kind(root=root, main_model=Model(), io=Console())
            for file in files[:1] if warm_up else files:
                this.get_tags(file, os.path.relpath(file, root))
        tags = time.perf_counter() - began
        this.get_ranked_tags_map_uncached([], files, 1024, set(), set())
        found = {"tags": tags, "seconds": time.perf_counter() - began, "busy": time.process_time() - spent}
    print(json.dumps(found))


def answer() -> None:
    """Answer until nobody asks any more."""
    answers = sys.stdout
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as cache, contextlib.redirect_stdout(sys.stderr):
        one = Map(cache)
        for line in sys.stdin:
            asked = json.loads(line)
            start = time.process_time()
            if "root" in asked:
                one.enter(**asked)
            said = one.text(**asked) if "budget" in asked else ""
            took = 1000 * (time.process_time() - start)
            print(json.dumps({"text": said, "ms": took}), file=answers, flush=True)


if __name__ == "__main__":
    from_nothing(sys.argv[1]) if sys.argv[1:] else answer()
