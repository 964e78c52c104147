"""aider's repository map, from its own package, as a rival: it runs in an environment of its own, named by you."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from bench.histories import Case
from bench.rivals import Block
from bench.workspaces import Workspace

NAME = "aider's repository map"
VARIABLE = "SWITCHYARD_AIDER"
MISSING = (
    f"{NAME} is not installed: `python3.11 -m venv there && there/bin/pip install aider-chat==0.86.2`, "
    f"then set {VARIABLE} to there/bin/python."
)


def found() -> list[RepoMap]:
    """The map, where its environment is named."""
    python = os.environ.get(VARIABLE)
    return [RepoMap(python)] if python else []


class RepoMap:
    """The map with the cursor's file as the one in the chat, where aider has it.

    aider takes the names that a user's message mentions for the most important; a keystroke comes without a message.
    To give it the names of the window for those of one changes nothing (13.3 % for 14.1 % in 120 cases).
    """

    name = NAME
    ranks = False

    def __init__(self, python: str) -> None:
        self.took: float | None = None
        child = Path(__file__).with_name("repo_map_child.py")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([python, "-I", str(child)], stdin=pipe, stdout=pipe, text=True)

    def enter(self, workspace: Workspace) -> None:
        """Every file of code is one that it may show; its tags are remembered by a file's time, as they are there."""
        self._ask({"root": str(workspace.root), "files": list(workspace.code)})

    def blocks(self, case: Case, budget: int) -> Iterable[Block]:
        """The files of the map, their signs of what was left out free of charge."""
        said = self._ask({"path": case.path, "budget": budget})
        self.took = float(said["ms"])
        return _blocks(said["text"])

    def typed(self, case: Case) -> Iterable[float]:
        """Not asked: it is the same map for all of a file."""
        return ()

    def leave(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, question: dict[str, object]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps(question), file=self._process.stdin, flush=True)
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        except (OSError, ValueError) as error:
            raise SystemExit(f"{NAME} does not run with {VARIABLE}={self._process.args!r}: {MISSING}") from error
        return answer


def _blocks(text: str) -> Iterator[Block]:
    path, lines = "", list[str]()
    for line in [*text.split("\n"), ""]:
        if line.startswith("│"):
            lines.append(line[1:])
        elif line and not line.startswith("⋮"):
            path = line.rstrip(":")
        elif lines:
            yield Block(path, "\n".join(lines))
            lines = []
