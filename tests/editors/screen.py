"""The screen that Neovim paints, as it tells a user interface, cell by cell."""

from __future__ import annotations

from typing import Any

GHOST = "SwitchyardGhost"


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

    def marked(self, group: str) -> str:
        """What stands on the screen in a highlight of which some part's name begins like this."""
        cells = [(row, column) for row in range(self.height) for column in range(self.width)]
        return "".join(self.text[r][c] for r, c in cells if self._looks(r, c, group))

    def _looks(self, row: int, column: int, group: str) -> bool:
        return any(part.startswith(group) for part in self.groups.get(self.highlight[row][column], ()))

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
