"""What the server is made to say in these tests: cues for its scripted engine, or answers in its place."""

from __future__ import annotations

from pathlib import Path

from tests import reviewer
from tests.editors.nvim import Neovim, server_command

SCRIPT = r"""
[[cue]]
when = "def add("
say = ["a, b):\n", "    return a + b"]

[[cue]]
when = "total = price"
say = [" * count"]

[[cue]]
when = "größe = f(\"🚂\", "
say = ["übermaß)"]

[[cue]]
when = "slow = "
say = ["never shown"]
hang = true

[[cue]]
when = "slow = a"
say = ["nswer"]
"""
ADD = "a, b):\n    return a + b"


HOLD = """
local server = require("switchyard.server")
_G.real_request, _G.held = _G.real_request or server.request, {}
server.request = function(_, _, _, handler) table.insert(_G.held, handler) return 1 end
"""


# The jobs: a function that divides by none, what is wrong with it, what mends it, and what a review says of it.

SHARE = "def share(total, users):\n    return total / len(users)\n"
EXPLAINED = r"""
[[cue]]
holds = "You explain one bug"
say = ["**What is wrong** It divides by none.\n\n", "![seen](http://example.org/x.png) ", "[run](command:x) ",
  "**Where it starts** `shop.py:2`, not `shop.py:99`\n\n```python\nif not users:\n    return 0\n```\n"]
"""

EDITED = r"""
[[cue]]
holds = "You mend one bug"
say = ["```python\n", "def share(total, users):\n", "    return total / len(users) if users else 0\n", "```\n"]

[[cue]]
holds = "You change"
say = ["```python\n", "def share(total, users):\n", "    return total / max(len(users), 1)\n", "```\n"]
"""
JOBS = ("fix", "refactor", "review", "review_changes")

FINDING = {
    "quote": "return total / len(users)",
    "line": 2,
    "rule": "out-of-range",
    "message": "Without users this is a division by zero.",
    "symbols": ["total", "users"],
    "fails": "[]",
    "fix": "return total / len(users) if users else 0",
}
REVIEWED = reviewer.script({"total / len(users)": [FINDING]}, "- `share` divides now")
BEFORE = SHARE.replace("total / len(users)", "total")


def scripted(home: Path, cues: str = "") -> list[str]:
    """The real server with the engine that follows SCRIPT and these, for every job."""
    script = home / "script.toml"
    script.write_text(SCRIPT + cues, encoding="utf-8")
    models = [f"models.{job}=script" for job in JOBS] if cues else []
    return server_command("runtime.engine=scripted", f"runtime.scripted.script={script}", *models)


def pretend(editor: Neovim, *items: dict[str, object], as_list: bool = False) -> None:
    """The next answers are these, whatever the server says."""
    editor.lua(
        """
        local items, as_list = ...
        local server = require("switchyard.server")
        _G.real_request = _G.real_request or server.request
        server.request = function(_, method, _, handler)
          if method == "textDocument/inlineCompletion" then
            vim.schedule(function() handler(nil, as_list and items or { items = items }) end)
          end
          return 1
        end""",
        list(items),
        as_list,
    )


def item(text: str, line: int, start: int, end: int) -> dict[str, object]:
    span = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
    return {"insertText": text, "range": span}
