"""`switchyard demo`: plays the editor's part, types into a real file and prints what the real engine suggests."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import statistics
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from lsp.client import SERVER, Buffer, Client
from lsp.shell import files, terminal
from lsp.shell.places import Place, choose
from lsp.shell.typist import Pause, Typist
from router import SwitchyardError
from router.types import LARGEST, Document, Status

PLACES = 4
PATIENCE = 120.0  # seconds for the engine to say that it is ready; a big model loads that long from a slow disk
_DEFAULT = ("messages.py", "client.py")  # of the package above, the first that is there
_LINES = 6  # of one suggestion
_GHOST, _TYPED, _QUIET, _GOOD = "bright_black italic", "bold", "bright_black", "green"  # on a terminal


def run(args: argparse.Namespace) -> int:
    """Show the main job in a file that is named, or in one of our own; the exit code. Raises SwitchyardError."""
    return show(args.file, args.settings, args.fast)


def show(name: str | None, settings: Sequence[str] = (), fast: bool = False) -> int:
    """Show the main job in the file `name`, or in one of our own; the exit code. Raises SwitchyardError."""
    document = files.read(name or _own())
    places = _places(document, name or document.path)
    return asyncio.run(_show(document, places, settings, fast))


def _own() -> str:
    return str(next(path for name in _DEFAULT if (path := Path(__file__).parent.with_name(name)).is_file()))


def _shown(path: str) -> str:
    """A path as people read it: from where they stand, if it is below."""
    here = Path.cwd()
    return terminal.line(str(Path(path).relative_to(here) if here in Path(path).parents else path))


def _places(document: Document, name: str) -> list[Place]:
    if len(document.text) > LARGEST:
        raise SwitchyardError(f"{name} has more than {LARGEST:,} characters; Switchyard leaves such files alone.")
    places = choose(document.text, PLACES)
    if not places:
        raise SwitchyardError(f"{name} has no line that could be typed again; name a source file with some code in it.")
    return places


async def _show(document: Document, places: Sequence[Place], settings: Sequence[str], fast: bool) -> int:
    out = terminal.console()
    root = files.workspace(Path(document.path))
    with terminal.waiting("starting the language server"):
        client = await Client.start(root, ("ledger.keep=false", *settings))  # nobody has worked here
    try:
        buffer = Buffer(client, Path(document.path), document.language, document.text)
        status = await _engine(out, client)
        if status.state != "ready":
            return 1
        out.print(Text(f"\nTyping into {_shown(document.path)}; the file stays as it is.", _QUIET))
        sheet = Sheet(out, buffer, not fast)
        for place in places:
            await sheet.type(place)
        await sheet.close()
    finally:
        await client.stop()
    _editors(out)
    return 0


async def _engine(out: Console, client: Client) -> Status:
    """Wait until the engine is there or has been given up, and say which it is and why."""
    status = Status("loading", "the language server looks for an engine")
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while status.state == "loading":
        left = deadline - asyncio.get_running_loop().time()
        try:
            with terminal.waiting(status.message):
                status = await asyncio.wait_for(client.statuses.get(), left)
        except asyncio.TimeoutError:
            status = Status("offline", f"No engine was ready within {PATIENCE:g} seconds; try: switchyard doctor")
    out.print(Text("engine: ").append(status.engine or "none", "bold"))
    out.print(Text(status.message), soft_wrap=not out.is_terminal)
    return status


class Sheet:
    """What the demonstration prints, line by line, while it types."""

    def __init__(self, out: Console, buffer: Buffer, gaps: bool) -> None:
        self._out = out
        self._indent = ""
        self._gaps = gaps
        self._typist = Typist(buffer, gaps, self._key)
        self._pauses: list[tuple[Place, Pause]] = []

    async def type(self, place: Place) -> None:
        """One line typed; every pause is a row."""
        before = self._typist.buffer.text[: place.start]
        number = len(before.splitlines()) or 1
        self._indent = before[max(before.rfind("\n"), before.rfind("\r")) + 1 :].expandtabs(4)
        self._out.print(Text(f"\nline {number}", "bold"))
        async for pause in self._typist.line(place):
            self._pauses.append((place, pause))
            self._row(pause)
        if self._out.is_terminal:
            self._out.print(self._start(place.text))

    async def close(self) -> None:
        """An accepted completion in its place, and the sum of it all."""
        shown = [(place, pause) for place, pause in self._pauses if pause.insertion]
        taken = [(place, pause) for place, pause in shown if pause.taken]
        if shown:
            place, pause = max(taken or shown, key=lambda it: len(_text(it[1])))
            if not taken:
                self._out.print(Text("\nNo suggestion was what stood there; one is accepted all the same.", _QUIET))
                await self._typist.take(place, pause)
            self._in_place(place, pause)
        else:
            self._out.print(Text("\nSilence at every pause: that is the answer of an engine that is not sure."))
        saved = sum(len(_text(pause)) for _, pause in taken)
        middle = statistics.median(pause.ms for _, pause in self._pauses) if self._pauses else 0.0
        silent = len(self._pauses) - len(shown)
        counts = f"{len(self._pauses)} pauses: {len(shown)} with ghost text, {silent} silent"
        self._out.print(Text(f"\n{counts}; {saved} characters that needed no typing; median {middle:.1f} ms.", "bold"))

    def _start(self, typed: str) -> Text:
        return _gutter().append(self._indent).append(terminal.clean(typed), _TYPED)

    def _key(self, typed: str) -> None:
        if self._gaps and self._out.is_terminal and len(typed) + len(self._indent) + 4 < self._out.width:
            self._out.print(self._start(typed), end="\r")

    def _row(self, pause: Pause) -> None:
        """What is typed, the ghost text after it, and the time it took; ‸ is the cursor where there are no colours."""
        first, *more = terminal.clean(pause.insertion.text).split("\n") if pause.insertion else [""]
        row = self._start(pause.typed)
        row.append("" if self._out.is_terminal else "‸", _QUIET).append(first, _GHOST)
        rest = [_gutter().append(line, _GHOST) for line in more[: _LINES - 1]]
        if len(more) >= _LINES:
            rest.append(Text(f"  │ … {len(more) - _LINES + 1} more lines", _QUIET))
        said = f"{pause.ms:.1f} ms" + (", accepted" if pause.taken else "")
        mark = Text(f"   {said}" if pause.insertion else f"   (silent, {said})", _GOOD if pause.taken else _QUIET)
        (rest[-1] if rest else row).append(mark)
        for line in (row, *rest):
            self._out.print(line, soft_wrap=True)

    def _in_place(self, place: Place, pause: Pause) -> None:
        """The accepted text between the lines around it."""
        text, start = self._typist.buffer.text, place.start + len(pause.typed)
        end = start + len(_text(pause))
        self._out.print(Text("\nAccepted, in its place:", "bold"))
        marks = ("", "") if self._out.is_terminal else ("⟦", "⟧")
        above = text[:start].splitlines(keepends=True)[-3:]
        below = text[end:].splitlines(keepends=True)[:3]
        parts = (("".join(above), ""), (marks[0] + text[start:end] + marks[1], _GOOD), ("".join(below), ""))
        for line in Text.assemble(*((terminal.clean(part), style) for part, style in parts)).split("\n"):
            self._out.print(_gutter().append(line), soft_wrap=True)


def _gutter() -> Text:
    return Text().append("  │ ", _QUIET)  # appended, or its style would be that of the whole line


def _text(pause: Pause) -> str:
    return pause.insertion.text if pause.insertion else ""


def _editors(out: Console) -> None:
    server = shlex.join(SERVER[:-1])
    out.print(Text("\nIn your editor", "bold"))
    if plugin := files.neovim():
        out.print(Text(f'  Neovim 0.10 and up: in init.lua  vim.opt.rtp:prepend("{plugin}")'), soft_wrap=True)
        out.print(Text("                      then open a file and type; :checkhealth switchyard says how it is."))
    out.print(Text("  VS Code 1.100 and up: make vsix, then install dist/switchyard.vsix; it carries this server."))
    out.print(Text(f"  any editor with an LSP client: the command is  {server}"), soft_wrap=True)
    out.print(
        Text("    Explanations, fixes and reviews come as code actions and diagnostics: editors/README.md says how.")
    )
    out.print(
        Text("    Ghost text needs textDocument/inlineCompletion (LSP 3.18): Neovim 0.12, Emacs with lsp-mode 10,")
    )
    out.print(
        Text("    and JetBrains through LSP4IJ (not tried here) have it; Helix, Zed, Sublime and Kate don't yet.")
    )
