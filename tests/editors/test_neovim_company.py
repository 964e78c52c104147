"""The plugin among others: completion menus, other ghost text, plugin managers, the windows and words of the user."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.editors.cues import ADD, EDITED, EXPLAINED, scripted
from tests.editors.nvim import BINARY, PLUGIN, Neovim, neovim
from tests.editors.test_neovim_jobs import at_work, pages
from tests.repository import Repository

VERSION = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True).stdout
NEWEST = [int(it) for it in re.findall(r"v(\d+)\.(\d+)", VERSION)[0]] >= [0, 12]

# What nvim-cmp, blink.cmp and others let one ask, as their sources have it; `open` is whether they show something.
MENUS = {
    "nvim-cmp": """
        local heard = {}
        package.loaded["cmp"] = {
          core = { view = { visible = function() return _G.open end } },
          visible = function() error("waits") end,
          event = { on = function(_, name, callback) heard[name] = callback end },
        }
        _G.turn = function() heard[_G.open and "menu_opened" or "menu_closed"]() end""",
    "blink.cmp": """
        package.loaded["blink.cmp"] = { is_visible = function() return _G.open end }
        _G.turn = function()
          local name = _G.open and "BlinkCmpMenuOpen" or "BlinkCmpMenuClose"
          vim.api.nvim_exec_autocmds("User", { pattern = name })
        end""",
}
GHOSTS = {
    "copilot.lua": """package.loaded["copilot.suggestion"] = { is_visible = function() return _G.open end }""",
    "supermaven": """
        package.loaded["supermaven-nvim.completion_preview"] = { has_suggestion = function() return _G.open end }""",
    "minuet": """package.loaded["minuet.virtualtext"] = { action = { is_visible = function() return _G.open end } }""",
}
SCRIPTS = {
    "copilot": """
function! copilot#GetDisplayedSuggestion() abort
  return {'text': luaeval('_G.open') ? 'x' : ''}
endfunction""",
    "llama": """
function! llama#is_fim_hint_shown() abort
  return luaeval('_G.open')
endfunction""",
}
FORGET = """
for _, name in ipairs({ "cmp", "blink.cmp", "copilot.suggestion", "supermaven-nvim.completion_preview",
    "minuet.virtualtext" }) do
  package.loaded[name] = nil
end
vim.cmd("silent! delfunction copilot#GetDisplayedSuggestion | silent! delfunction llama#is_fim_hint_shown")
_G.open = false"""


@pytest.mark.parametrize("kind", MENUS)
def test_a_menu_that_opens_and_closes_by_itself_hides_the_ghost_text_and_gives_it_back(
    editor: Neovim, kind: str
) -> None:
    editor.lua(MENUS[kind])
    try:
        editor.type("odef add(")
        editor.wait_for_ghost(ADD)
        editor.lua("_G.open = true _G.turn()")
        editor.wait_for_ghost("")
        editor.type("a")
        editor.wait_until_settled()
        assert editor.paint().ghost() == ""
        editor.type("<BS>")
        editor.lua("_G.open = false _G.turn()")
        editor.wait_for_ghost(ADD)
    finally:
        editor.lua(FORGET)


@pytest.mark.parametrize("kind", [*GHOSTS, *SCRIPTS])
def test_where_another_plugin_shows_ghost_text_ours_stays_away_and_health_names_it(
    editor: Neovim, tmp_path: Path, kind: str
) -> None:
    if kind in SCRIPTS:
        script = tmp_path / "autoload" / f"{kind}.vim"
        script.parent.mkdir()
        script.write_text(SCRIPTS[kind])
        editor.command(f"source {script}")
    editor.lua(GHOSTS.get(kind, "") + "\n_G.open = true")
    try:
        editor.type("odef add(")
        editor.wait_for_line(1, "def add(")
        editor.wait_until_settled()
        assert (editor.paint().ghost(), editor.traffic("pending")) == ("", 0)
        assert editor.lua("return #require('switchyard.rivals').ghosts()") == 1
        editor.lua("_G.open = false")
        editor.type("<BS>(")
        editor.wait_for_ghost(ADD)
    finally:
        editor.lua(FORGET)


def test_the_client_of_neovim_itself_does_not_ask_our_server_a_second_time(tmp_path: Path) -> None:
    with neovim(tmp_path, {"cmd": scripted(tmp_path)}) as editor:
        editor.lua("if vim.lsp.inline_completion then vim.lsp.inline_completion.enable() end")
        editor.open(tmp_path / "shop.py", "price = 2\n")
        editor.wait_until_ready()
        native = "local it = vim.lsp.inline_completion local id = vim.lsp.get_clients()[1].id"
        assert editor.lua(f"{native} return it ~= nil and it.is_enabled({{ client_id = id }})") is False


# Ways to install it


def started(editor: Neovim, file: Path) -> None:
    """It completes without anything else being done."""
    editor.open(file, "price = 2\n")
    editor.wait_until_ready()
    editor.type("odef add(")
    editor.wait_for_ghost(ADD)


def options(home: Path) -> str:
    command = ", ".join(f"[==[{word}]==]" for word in scripted(home))
    return f"lua require('switchyard').setup({{ cmd = {{ {command} }} }})"


def test_it_works_as_a_plain_package(tmp_path: Path) -> None:
    place = tmp_path / "site" / "pack" / "switchyard" / "start"
    place.mkdir(parents=True)
    (place / "switchyard").symlink_to(PLUGIN)
    with neovim(tmp_path, None, found=[f"set packpath^={tmp_path / 'site'}"]) as editor:
        editor.command(options(tmp_path))
        started(editor, tmp_path / "shop.py")


def test_it_works_when_a_manager_loads_it_long_after_the_start(tmp_path: Path) -> None:
    with neovim(tmp_path, None, found=()) as editor:
        editor.command(f"set runtimepath^={PLUGIN}")
        editor.command(options(tmp_path))
        editor.command("runtime plugin/switchyard.lua")
        started(editor, tmp_path / "shop.py")


if NEWEST:

    def test_it_works_with_vim_pack_which_takes_whole_repositories(tmp_path: Path) -> None:
        whole = tmp_path / "switchyard"
        shutil.copytree(PLUGIN, whole / "editors" / "neovim")
        Repository(whole).commit()
        page = (PLUGIN / "README.md").read_text(encoding="utf-8")
        [call] = re.findall(r"```lua\n\s*(vim\.pack\.add.*?)```", page, re.S)
        call = re.sub(r'src = ".*?"', f'src = "file://{whole}"', call)
        with neovim(tmp_path, None, found=()) as editor:
            editor.lua(call.replace("load =", "confirm = false, load ="))
            editor.command(options(tmp_path))
            started(editor, tmp_path / "shop.py")


# What the user says


def test_an_explanation_floats_above_the_code_where_one_wants_it_so(tmp_path: Path) -> None:
    with at_work(tmp_path, EXPLAINED) as editor:
        editor.lua("require('switchyard.settings').now.window = 'float'")
        editor.command("Switchyard explain")
        editor.wait(lambda: "shop.py#L2" in pages(editor))
        assert editor.lua("return vim.api.nvim_win_get_config(0).relative") == "editor"
        assert editor.lua("return vim.fn.winheight(0)") > 5
        picture = "\n".join(editor.paint().rows())
        assert "explanation ─" in picture
        assert "It divides by none." in picture
        editor.type("/shop.py:2<CR><CR>")
        editor.wait(lambda: pages(editor) == "")
        assert (editor.lua("return vim.fn.expand('%:t')"), editor.cursor()[0]) == ("shop.py", 2)
        editor.command("Switchyard explain")
        editor.wait(lambda: "shop.py#L2" in pages(editor))
        editor.type("q")
        editor.wait(lambda: pages(editor) == "")


def test_an_edit_in_a_float_is_made_by_its_key(tmp_path: Path) -> None:
    with at_work(tmp_path, EDITED) as editor:
        editor.lua("require('switchyard.settings').now.window = 'float'")
        editor.command("Switchyard fix")
        editor.wait(lambda: "+    return total / len(users) if users else 0" in pages(editor))
        editor.type("a")
        editor.wait(lambda: editor.lines()[1] == "    return total / len(users) if users else 0")


def test_one_file_type_is_switched_off_and_on_again_and_by_hand_it_goes_on(editor: Neovim) -> None:
    editor.command("silent Switchyard toggle python")
    try:
        assert editor.lua("return require('switchyard').status().automatic") is False
        assert editor.lua("return require('switchyard.settings').automatic('lua')") is True
        editor.type("ototal = price")
        editor.wait_for_line(1, "total = price")
        assert editor.traffic("pending") == 0
        editor.type("<M-Bslash>")
        editor.wait_for_ghost(" * count")
    finally:
        editor.command("silent Switchyard toggle python")
    assert editor.lua("return require('switchyard').status().automatic") is True
    editor.command("messages clear")


def test_the_menu_offers_what_mends_and_what_one_may_want(editor: Neovim) -> None:
    editor.lua("""
        _G.real_select = _G.real_select or vim.ui.select
        vim.ui.select = function(entries, how, chosen)
          _G.prompt, _G.labels = how.prompt, vim.tbl_map(how.format_item, entries)
          chosen(entries[1])
        end""")
    editor.command("silent Switchyard menu")
    assert editor.lua("return _G.prompt").startswith("Switchyard: ready: ")
    assert "Suggest only when asked in python" in editor.lua("return _G.labels")
    assert editor.lua("return require('switchyard').status().paused") is not None
    editor.command("silent Switchyard menu")
    assert editor.lua("return _G.labels[1]") == "Suggest again"
    assert editor.lua("return require('switchyard').status().paused") is None
    editor.lua("vim.ui.select = _G.real_select")
    editor.command("messages clear")


def test_only_known_programs_are_put_into_a_terminal_and_never_run_by_us(editor: Neovim) -> None:
    said = editor.lua("""
        local mends = require("switchyard.menu").mends
        local ask = function(mend, state) return mends({ { state = state, mend = mend, name = "engine" } })[1] end
        return { ask("ollama pull x", "missing").label, ask("correct that line", "wrong").label,
          ask("", "wrong") == nil, ask("ollama pull x", "ok") == nil }""")
    assert said == ["ollama pull x (engine)", "correct that line (engine)", True, True]
    editor.lua("""
        require("switchyard.menu").mends({ { state = "missing", mend = "ollama pull x", name = "a" } })[1].act()""")
    editor.wait(lambda: "ollama pull x" in "\n".join(editor.paint().rows()))
    assert editor.lua("return vim.bo.buftype") == "terminal"
    editor.type("<C-Bslash><C-n>:bdelete!<CR>")
    editor.wait(lambda: editor.lua("return vim.bo.buftype") == "")


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Switchyard re", ["refactor", "restart", "review"]),
        ("'<,'>Switchyard ex", ["explain"]),
        ("Switchyard review s", ["staged"]),
        ("Switchyard toggle pytho", ["python"]),
        ("Switchyard pause ", ["0", "5", "60"]),
        ("Switchyard explain x", []),
    ],
)
def test_tab_completes_what_one_may_say(editor: Neovim, line: str, found: list[str]) -> None:
    assert editor.lua("return vim.fn.getcompletion(..., 'cmdline')", line)[: len(found) or 1] == found
