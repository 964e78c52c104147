"""A real repository of git in a folder, and what tests do to it; no configuration of the user's counts in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests import trees


class Repository:
    """One working tree with one commit on `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q")
        self.git("config", "core.autocrlf", "false")

    def git(self, *words: str, fails: bool = False) -> str:
        """Have git do something here; what it prints."""
        return trees.git(self.folder, *words, fails=fails)

    def write(self, files: Mapping[str, str | bytes]) -> None:
        """Files by their paths."""
        trees.write(self.folder, files)

    def commit(self, files: Mapping[str, str | bytes] | None = None) -> None:
        """Write files, and keep all that there is."""
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "one more")
