"""What the plugin has the server do beside completing: explanations, edits, reviews, and what the program prints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.editors.cues import BEFORE, EDITED, EXPLAINED, REVIEWED, SHARE, scripted
from tests.editors.nvim import Neovim, neovim
from tests.repository import Repository

FIXED = SHARE.replace("len(users)", "len(users) if users else 0")


@contextmanager
def at_work(home: Path, cues: str, text: str = SHARE) -> Iterator[Neovim]:
    """A Neovim with the function open, the cursor in its second line, and a model that follows the cues."""
    folder = home / "shop"
    folder.mkdir(exist_ok=True)
    (folder / ".switchyard.toml").touch()
    with neovim(home, {"cmd": scripted(home, cues), "automatic": False}, height=30) as editor:
        editor.open(folder / "shop.py", text, line=2)
        editor.wait_until_able("scripted")
        yield editor


def pages(editor: Neovim) -> str:
    """The text of all pages of ours that are on show."""
    return str(
        editor.lua("""
        local found = {}
        for _, window in ipairs(vim.api.nvim_list_wins()) do
          local buf = vim.api.nvim_win_get_buf(window)
          if vim.api.nvim_buf_get_name(buf):find("^switchyard://") then
            vim.list_extend(found, vim.api.nvim_buf_get_lines(buf, 0, -1, true))
          end
        end
        return table.concat(found, "\\n")""")
    )


def text(editor: Neovim) -> str:
    """What the file's buffer holds."""
    return "\n".join(editor.lua("return vim.api.nvim_buf_get_lines(vim.fn.bufnr('shop.py'), 0, -1, true)")) + "\n"


def actions(editor: Neovim, title: str) -> None:
    """Has the one code action done whose title begins like this."""
    code = "local title = ... vim.lsp.buf.code_action({ apply = true, filter = function(it)"
    editor.lua(f"{code} return vim.startswith(it.title, title) end }})", title)


# Explanations


def test_an_explanation_is_read_in_a_split_and_its_links_lead_to_the_code(tmp_path: Path) -> None:
    with at_work(tmp_path, EXPLAINED) as editor:
        editor.type("gg:Switchyard explain<CR>")
        editor.wait(lambda: "shop.py#L2" in pages(editor))
        assert "`f` Fix it" in pages(editor)
        assert editor.lua("return vim.fn.expand('%:t')") == "shop.py"
        editor.type("<C-w>j/shop.py:2<CR><CR>")
        editor.wait(lambda: editor.lua("return vim.fn.expand('%:t')") == "shop.py")
        assert editor.cursor()[0] == 2


def test_closing_an_explanation_stops_it(tmp_path: Path) -> None:
    with at_work(tmp_path, f"{EXPLAINED}hang = true\n") as editor:
        editor.command("Switchyard explain")
        editor.wait(lambda: "It divides by none." in pages(editor))
        assert editor.lua("return require('switchyard').status().state") == "busy"
        editor.type("<C-w>jq")
        editor.wait(lambda: editor.lua("return require('switchyard').status().state") == "ready")
        assert pages(editor) == ""
        assert editor.messages() == ""


def test_a_code_action_is_read_as_it_comes_too(tmp_path: Path) -> None:
    with at_work(tmp_path, EXPLAINED) as editor:
        actions(editor, "Explain this line")
        editor.wait(lambda: "It divides by none." in pages(editor))


# Edits


def test_an_edit_is_looked_at_made_and_undone(tmp_path: Path) -> None:
    with at_work(tmp_path, EDITED) as editor:
        editor.command("Switchyard fix")
        editor.wait(lambda: "+    return total / len(users) if users else 0" in pages(editor))
        assert text(editor) == SHARE
        editor.wait(lambda: "at work" not in "".join(map("".join, editor.paint().text)))
        editor.type("a")
        editor.wait(lambda: text(editor) == FIXED)
        assert pages(editor) == ""
        editor.type("u")
        editor.wait(lambda: text(editor) == SHARE)


def test_what_one_says_is_done_to_the_lines_that_are_selected_or_left(tmp_path: Path) -> None:
    with at_work(tmp_path, EDITED) as editor:
        editor.type("ggVj:Switchyard refactor nobody counts as one<CR>")
        editor.wait(lambda: "+    return total / max(len(users), 1)" in pages(editor))
        editor.type("q")
        editor.wait(lambda: pages(editor) == "")
        assert text(editor) == SHARE


# Reviews


def test_a_finding_comes_when_one_saves_and_goes_when_it_is_mended(tmp_path: Path) -> None:
    with at_work(tmp_path, REVIEWED, BEFORE) as editor:
        editor.type("A / len(users)<Esc>:silent write<CR>")
        editor.wait(lambda: editor.lua("return #vim.diagnostic.get(0)") == 1)
        actions(editor, "Mend it")
        editor.wait(lambda: text(editor) == FIXED)
        editor.wait(lambda: editor.lua("return #vim.diagnostic.get(0)") == 0)


def test_my_changes_are_summed_up_and_their_findings_are_diagnostics(tmp_path: Path) -> None:
    with at_work(tmp_path, REVIEWED, BEFORE) as editor:
        Repository(tmp_path / "shop").commit()
        editor.type("A / len(users)<Esc>:silent noautocmd write<CR>")
        editor.command("Switchyard review")
        editor.wait(lambda: "Without users this is a division by zero." in pages(editor))
        editor.wait(lambda: editor.lua("return #vim.diagnostic.get()") == 1)


def test_what_another_tool_reports_is_told_to_the_server_and_where_the_cursor_rests(editor: Neovim) -> None:
    editor.lua("""
    _G.told = {}
    local server = require("switchyard.server")
    _G.real_notify = server.notify
    server.notify = function(client, method, params)
      _G.told[method] = params
      return _G.real_notify(client, method, params)
    end
    local range = { start = { line = 0, character = 0 }, ["end"] = { line = 0, character = 5 } }
    local worded = { range = range, message = "never used", source = "ruff" }
    vim.diagnostic.set(vim.api.nvim_create_namespace("ruff"), 0, {
      { lnum = 0, col = 0, message = "never used", source = "ruff", user_data = { lsp = worded } },
      { lnum = 0, col = 0, message = "ours", source = "Switchyard", user_data = { lsp = worded } },
    })""")
    editor.type("l")
    editor.wait(lambda: len(editor.lua("return vim.tbl_keys(_G.told)")) == 2)
    told = editor.lua("return _G.told")
    assert [it["message"] for it in told["switchyard/diagnostics"]["diagnostics"]] == ["never used"]
    assert told["switchyard/cursor"]["position"] == {"line": 0, "character": 1}
    editor.lua("require('switchyard.server').notify = _G.real_notify vim.diagnostic.reset()")


# The program, and rest


def test_the_plan_is_shown_beside_the_code(tmp_path: Path) -> None:
    with at_work(tmp_path, EXPLAINED) as editor:
        editor.command("Switchyard plan")
        editor.wait(lambda: "complete: The settings name the scripted engine." in pages(editor))


def test_a_pause_lasts_until_it_is_taken_back(editor: Neovim) -> None:
    editor.command("silent Switchyard pause 5")
    assert editor.lua("return require('switchyard').statusline()").startswith("● switchyard paused until ")
    editor.type("odef add(")
    editor.wait_until_settled()
    assert editor.traffic("pending") == 0
    editor.type("<Esc>")
    editor.command("silent Switchyard pause 0")
    assert editor.lua("return require('switchyard').statusline()") == "● switchyard"
    editor.type("odef add(")
    editor.wait(lambda: editor.paint().ghost() != "")
    editor.command("messages clear")
