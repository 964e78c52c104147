"""A real Emacs with its own eglot and nothing of ours in it: what every language client gets from the server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.editors.cues import BEFORE, EXPLAINED, REVIEWED, SHARE, scripted

EMACS = os.environ.get("SWITCHYARD_EMACS", "emacs")
WALK = Path(__file__).with_name("walk.el")
MENDED = SHARE.replace("len(users)", "len(users) if users else 0")


def walked(home: Path) -> dict[str, Any]:
    """The outcome of each step."""
    file = home / "shop" / "shop.py"
    file.parent.mkdir()
    file.write_text(BEFORE, encoding="utf-8")
    env = os.environ | {f"XDG_{kind}_HOME": str(home / kind.lower()) for kind in ("CONFIG", "DATA", "STATE", "CACHE")}
    command = scripted(home, EXPLAINED + REVIEWED)
    emacs = [
        EMACS,
        "--batch",
        "-q",
        "--no-site-file",
        "--eval",
        "(package-initialize)",
        "-l",
        str(WALK),
        str(file),
        *command,
    ]
    done = subprocess.run(emacs, env=env | {"HOME": str(home)}, capture_output=True, text=True, timeout=200, check=True)
    steps: dict[str, Any] = {}
    for line in done.stdout.splitlines():
        if line.startswith('{"'):
            steps |= json.loads(line)
    return steps


def test_a_client_without_a_plugin_reviews_explains_mends_and_is_told_why_not(tmp_path: Path) -> None:
    steps = walked(tmp_path)
    assert ["division by zero" in it for it in steps["found"]] == [True]
    assert "It divides by none" in steps["explained"]
    assert steps["mended"] == MENDED
    assert steps["left"] == 0
    assert "The model's answer holds no documentation" in steps["refused"]
