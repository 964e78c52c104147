"""A real repository of git in a folder, and what tests do to it; no configuration of the user's counts in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


class Repository:
    """One working tree with one commit on `main`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main", ".")
        for key, value in (("user.email", "ada@example.org"), ("user.name", "Ada"), ("core.autocrlf", "false")):
            self.git("config", key, value)

    def git(self, *words: str, check: bool = True) -> str:
        """Have git do something here; what it prints."""
        env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(["git", *words], cwd=self.folder, env=env, capture_output=True, check=False)
        assert not check or done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode("utf-8", "surrogateescape")

    def write(self, files: dict[str, str | bytes]) -> None:
        """Files by their paths."""
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))

    def commit(self, files: dict[str, str | bytes] | None = None) -> None:
        """Write files, and keep all that there is."""
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "one more")
