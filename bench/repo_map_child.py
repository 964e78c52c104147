"""Runs in an environment that has aider: answers for `repo_map.py`, one JSON line for each that it reads."""

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
    """Counts tokens as the judge does."""

    def token_count(self, text: str) -> float:
        """Four characters each."""
        return len(text) / 4


class Console:
    """Reads files for aider; hears nothing of what it says."""

    def read_text(self, file: str) -> str | None:
        """A file's text."""
        return Path(file).read_text("utf-8", "replace")

    def tool_output(self, *_: object) -> None:
        """Nothing."""

    tool_error = tool_warning = tool_output


class Map:
    """aider's map of one workspace."""

    def __init__(self, cache: str) -> None:
        self._kind: Any = importlib.import_module("aider.repomap").RepoMap
        self._kind.TAGS_CACHE_DIR = cache
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


def main() -> None:
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
    main()
