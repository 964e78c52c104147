"""Draws neovim.svg, a short recording: what a real Neovim paints while one types, accepts, reads and mends.

    python -m docs.pictures.draw_recording        # from the top of the repository, in its environment

The screens are Neovim's own; what the model would say comes from a script, and the pace is that of a reader.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path

from docs.pictures.draw_ghost import BAR, CELL, FONTS, FOOT, LINE, MARGIN, SIZE, colour, runs, text_at
from tests.editors.cues import EDITED, SHARE, scripted
from tests.editors.nvim import ROOT, Neovim, neovim
from tests.editors.screen import Screen
from tests.editors.test_neovim_jobs import pages

PICTURE = Path(__file__).with_name("neovim.svg")
COLUMNS, ROWS = 84, 22
KEY_S, LOOK_S, READ_S = 0.13, 1.3, 2.8
LOOKS = "set nowrap nohlsearch number noshowcmd background=dark statusline=%t fillchars=eob:\\ "

CUES = f"""
[[cue]]
holds = "You explain one bug"
wait_ms = 300
say = ["**What is wrong** ", "When there are no users, ", "`len(users)` is 0 ", "and this is a division by zero.\\n\\n",
  "**How to mend it** ", "Say what nobody's share is: ", "`if users else 0`."]
{EDITED}"""

Frame = tuple[float, tuple[str, ...]]  # seconds, and one drawing per row, the cursor's last


def drawn(screen: Screen) -> tuple[str, ...]:
    """What is painted, row by row."""
    rows = []
    for row in range(screen.height):
        y = BAR + (row + 1) * LINE
        stretches = (
            text_at(MARGIN + at * CELL, y, text, colour(screen, number, "foreground"))
            for at, text, number in runs(screen, row)
        )
        rows.append("".join(stretches))
    row, column = screen.cursor
    x, y = MARGIN + column * CELL - 1, BAR + row * LINE + 5
    return (*rows, f'<rect x="{x:.1f}" y="{y}" width="2" height="{LINE - 1}" fill="#e0e2ea"/>')


def played(editor: Neovim) -> Iterator[Frame]:
    """The walk: type, a word, all; an explanation as it comes; a fix, looked at and made."""
    for key in "def add(":
        editor.type(key)
        yield KEY_S, drawn(editor.paint())
    editor.wait(lambda: editor.paint().ghost())
    yield LOOK_S, drawn(editor.screen)
    editor.type("<M-Right>")
    editor.wait(lambda: editor.paint().ghost().startswith(", b"))
    yield LOOK_S, drawn(editor.screen)
    editor.type("<Tab>")
    editor.wait(lambda: "return a + b" in editor.lines()[4])
    yield LOOK_S, drawn(editor.paint())
    editor.type("<Esc>2G")
    for length in range(1, len(":Switchyard explain") + 1, 3):
        editor.type(":" + "Switchyard explain"[:length])
        yield KEY_S, drawn(editor.look())
        editor.type("<C-c>")
    editor.type(":Switchyard explain<CR>")
    before = drawn(editor.paint())
    while "Fix it" not in pages(editor):
        now = drawn(editor.paint())
        if now != before:
            yield 0.5, now
        before = now
    yield READ_S, drawn(editor.paint())
    editor.type("<C-w>jf")
    editor.wait(lambda: any("makes this change" in row for row in editor.paint().rows()))
    yield READ_S, drawn(editor.screen)
    editor.type("a")
    editor.wait(lambda: "if users else 0" in editor.lines()[1])
    yield LOOK_S, drawn(editor.paint())


def _spans(frames: list[Frame]) -> Iterator[tuple[str, int, int]]:
    """Each drawing of a row, with its first frame and that after its last."""
    for row in range(len(frames[0][1])):
        first = 0
        for index in range(1, len(frames) + 1):
            if index == len(frames) or frames[index][1][row] != frames[first][1][row]:
                if frames[first][1][row]:
                    yield frames[first][1][row], first, index
                first = index


def svg(frames: list[Frame], ground: str) -> str:
    """The recording, self-contained; each change is there once, and it begins anew at its end."""
    starts = [sum(seconds for seconds, _ in frames[:index]) for index in range(len(frames) + 1)]
    whole, last = starts[-1], len(frames)
    width, height = 2 * MARGIN + COLUMNS * CELL, BAR + ROWS * LINE + FOOT + 4
    groups, rules = [], {}
    for drawing, first, end in _spans(frames):
        name = f"f{first}_{end}"
        if (first, end) == (0, last):
            groups.append(drawing)
            continue
        on, off = (100 * starts[index] / whole for index in (first, end))
        begin = "" if first == 0 else "0%{visibility:hidden}"
        rules[name] = f"@keyframes {name}{{{begin}{on:.2f}%{{visibility:visible}}{off:.2f}%,100%{{visibility:"
        rules[name] += (
            f"{'visible' if end == last else 'hidden'}}}}}.{name}{{animation:{name} {whole:.1f}s step-end infinite}}"
        )
        groups.append(f'<g class="{name}">{drawing}</g>')
    label = "Neovim: ghost text, accepted by the word and then whole; a bug explained; its fix as a diff, and made"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="{FONTS}" font-size="{SIZE}" role="img">',
        f"<title>{escape(label)}</title><style>{''.join(rules.values())}</style>",
        f'<rect width="{width:.0f}" height="{height:.0f}" rx="10" fill="{ground}" stroke="#4f5258"/>',
        text_at(MARGIN, BAR / 2 + 5, "shop.py - Neovim", "#9b9ea4"),
        text_at(MARGIN, height - 12, "a real Neovim; the model's words come from a script", "#8cf8f7"),
        *groups,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Draw it."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        with neovim(home, {"cmd": scripted(home, CUES)}, COLUMNS, ROWS) as editor:
            editor.command(LOOKS)
            editor.command(
                "highlight StatusLine guifg=#9b9ea4 guibg=NONE gui=NONE | highlight! link StatusLineNC StatusLine"
            )
            editor.command(f"cd {home}")
            editor.open(home / "shop.py", SHARE + "\n\n")
            editor.wait_until_able("scripted")
            editor.command("syntax on | setlocal noautoindent indentexpr=")
            editor.type("GA")
            frames = list(played(editor))
            ground = colour(editor.screen, 0, "background")
    PICTURE.write_text(svg(frames, ground), encoding="utf-8")
    print(f"drew {PICTURE.relative_to(ROOT)}, {sum(seconds for seconds, _ in frames):.0f} s")


if __name__ == "__main__":
    main()
