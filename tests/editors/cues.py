"""What the server is made to say in these tests: cues for its scripted engine, or answers in its place."""

from __future__ import annotations

from pathlib import Path

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


def scripted(home: Path) -> list[str]:
    """The real server with the engine that follows SCRIPT."""
    script = home / "script.toml"
    script.write_text(SCRIPT, encoding="utf-8")
    return server_command("runtime.engine=scripted", f"runtime.scripted.script={script}")


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
