"""The user of these tests: what they have set, what they type first, and what is written down of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.editors.cues import ADD, JOBS, SCRIPT
from tests.editors.workbench import Code, Window

PROGRAM = [sys.executable, "-I", "-m", "lsp"]
MODELS = {f"switchyard.models.{task}": "script" for task in JOBS}
BY_HAND = {"switchyard.complete.automatic": False}


def scripted(home: Path, cues: str = "") -> dict[str, object]:
    """The settings for the real server with the engine that follows the cues."""
    script = home / "script.toml"
    script.write_text(SCRIPT + cues, encoding="utf-8")
    return {
        "switchyard.program": PROGRAM,
        "switchyard.runtime.engine": "scripted",
        "switchyard.runtime.scripted.script": str(script),
    }


def on_ollama(host: str) -> dict[str, object]:
    """The settings for the real server with an Ollama at this address."""
    return {
        "switchyard.program": PROGRAM,
        "switchyard.runtime.engine": "ollama",
        "switchyard.runtime.ollama.host": host,
    }


@contextmanager
def asking(code: Code, home: Path, file: Path) -> Iterator[Window]:
    """A window in which `def add(` was typed, and how it goes on is on show."""
    with code.window(file, scripted(home)) as window:
        window.wait_for_status("Switchyard: ready (scripted)")
        window.at_the_end()
        window.type("def add(")
        window.wait_for_ghost(ADD)
        yield window


def ledger(code: Code) -> dict[str, Any]:
    """What the server has written down since the test began."""
    said = subprocess.run([*PROGRAM, "stats", "--json"], env=code.environment, capture_output=True, check=True).stdout
    return dict(json.loads(said)["whole"])


def fates(code: Code) -> dict[str, int]:
    """What became of the suggestions that were shown."""
    return {fate: count for fate, count in ledger(code)["taken"].items() if count and fate != "open"}
