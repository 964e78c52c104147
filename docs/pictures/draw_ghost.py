"""Draws ghost.svg: what a real Neovim paints when the real server answers with the engine `echo`.

    python -m docs.pictures.draw_ghost            # from the top of the repository, in its environment

Nothing in the picture is made up: the cells, their colours and the cursor come from Neovim's own screen.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from tests.editors.nvim import ROOT, Neovim, neovim, server_command
from tests.editors.screen import Screen

SOURCE, ABOVE = "router/config.py", "class Privacy("
TYPED = "class Review(Struct, fro"
PICTURE = Path(__file__).with_name("ghost.svg")
COLUMNS, ROWS = 96, 16
CELL, LINE, SIZE = 8.4, 20, 14  # pixels: a cell's width and height, and the letters'
MARGIN, BAR, FOOT = 18, 38, 34
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
LOOKS = "set nowrap nohlsearch number noshowcmd background=dark fillchars=eob:\\ "


def shot(editor: Neovim) -> Screen:
    """Types into SOURCE above the line ABOVE; the screen as soon as there is ghost text."""
    editor.command(LOOKS)
    editor.command(f"edit {ROOT / SOURCE}")
    editor.wait(lambda: editor.lua("return require('switchyard').status().state") == "ready")
    editor.command("syntax on | setlocal noautoindent indentexpr=")
    editor.type(f"/{ABOVE}<CR>O<CR><CR><Up><Up>{TYPED}")
    editor.wait(lambda: editor.paint().ghost())
    return editor.screen


def colour(screen: Screen, number: int, kind: str) -> str:
    default = screen.colours[0][kind]
    return f"#{screen.colours.get(number, {}).get(kind, default):06x}"


def runs(screen: Screen, row: int) -> Iterator[tuple[int, str, int]]:
    """Column, text and highlight of each stretch of one look."""
    cells = zip(range(screen.width), screen.text[row], screen.highlight[row], strict=True)
    for number, stretch in groupby(cells, key=lambda cell: cell[2]):
        run = list(stretch)
        text = "".join(character for _, character, _ in run)
        if text.strip():
            blanks = len(text) - len(text.lstrip())
            yield run[blanks][0], text.strip(), number


def text_at(x: float, y: float, text: str, fill: str, extra: str = "") -> str:
    width = len(text) * CELL
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{fill}" textLength="{width:.1f}" xml:space="preserve"{extra}>'
        f"{escape(text, quote=False)}</text>"
    )


def _screen(screen: Screen) -> Iterator[str]:
    for row in range(screen.height - 1):
        y = BAR + (row + 1) * LINE
        for column, text, number in runs(screen, row):
            bold = ' font-weight="bold"' if screen.colours.get(number, {}).get("bold") else ""
            yield text_at(MARGIN + column * CELL, y, text, colour(screen, number, "foreground"), bold)
    row, column = screen.cursor
    x, y = MARGIN + column * CELL - 1, BAR + row * LINE + 5
    yield f'<rect x="{x:.1f}" y="{y}" width="2" height="{LINE - 1}" fill="#e0e2ea"/>'


def _caption(width: float, height: float) -> Iterator[str]:
    for index, colour in enumerate(("#ec6a5e", "#f4bf4f", "#61c554")):
        yield f'<circle cx="{MARGIN + 6 + index * 20}" cy="{BAR / 2}" r="6" fill="{colour}"/>'
    title = f"{SOURCE} - Neovim"
    yield text_at((width - len(title) * CELL) / 2, BAR / 2 + 5, title, "#9b9ea4")
    words = "engine: echo (no model; it continues by what the file already says)"
    yield text_at(MARGIN, height - 12, words, "#8cf8f7")
    keys = "Tab accepts"
    yield text_at(width - MARGIN - len(keys) * CELL, height - 12, keys, "#9b9ea4")


def svg(screen: Screen) -> str:
    """The picture, self-contained."""
    width = 2 * MARGIN + screen.width * CELL
    height = BAR + screen.height * LINE + FOOT - 8
    ground = colour(screen, 0, "background")
    label = f"Neovim with grey ghost text behind the cursor, from the engine echo: {TYPED}{screen.ghost()}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="{FONTS}" font-size="{SIZE}" role="img">',
        f"<title>{escape(label)}</title>",
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="10" fill="{ground}" stroke="#4f5258"/>',
        f'<path d="M1 {BAR}H{width - 1:.0f}M1 {height - FOOT}H{width - 1:.0f}" stroke="#2c2e33"/>',
        *_caption(width, height),
        *_screen(screen),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw it."""
    options: dict[str, object] = {"cmd": server_command("runtime.engine=echo")}
    with tempfile.TemporaryDirectory() as home, neovim(Path(home), options, COLUMNS, ROWS) as editor:
        PICTURE.write_text(svg(shot(editor)), encoding="utf-8")
    print(f"drew {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
