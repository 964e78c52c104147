"""Runs in an environment that has aider: how long its repository map takes from nothing, for `index.py`."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


class Model:
    """Counts four characters as a token."""

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


def main(root: str) -> None:
    """Say in JSON the seconds until all tags are known and until there is a map of 1,024 tokens, and of computing."""
    kind: Any = importlib.import_module("aider.repomap").RepoMap
    files = [str(path) for path in sorted(Path(root).rglob("*.py"))]
    os.chdir(root)
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as cache, contextlib.redirect_stdout(sys.stderr):
        kind.TAGS_CACHE_DIR = cache
        for warm_up in (True, False):  # the first file loads what Python loads once
            began, spent = time.perf_counter(), time.process_time()
            this = kind(root=root, main_model=Model(), io=Console())
            for file in files[:1] if warm_up else files:
                this.get_tags(file, os.path.relpath(file, root))
        tags = time.perf_counter() - began
        this.get_ranked_tags_map_uncached([], files, 1024, set(), set())
        found = {"tags": tags, "seconds": time.perf_counter() - began, "busy": time.process_time() - spent}
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
