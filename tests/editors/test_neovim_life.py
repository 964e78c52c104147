"""The plugin in daily life: the first engine, shared keys, servers that end, what is missing, what it tells."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.editors.cues import ADD, scripted
from tests.editors.nvim import Neovim, neovim, server_command

# The engine without weights


ROWS = """\
for row in rows:
    row.fold()
    show(row)
"""


def test_echo_continues_by_what_the_file_says(tmp_path: Path) -> None:
    with neovim(tmp_path, {"cmd": server_command("runtime.engine=echo")}) as editor:
        editor.open(tmp_path / "rows.py", ROWS * 3, line=9)
        editor.wait_until_able("echo")
        editor.type("o<Esc>0Cfor row in rows:<CR>")
        editor.wait_for_ghost("row.fold()\n    show(row)")
        editor.type("<Tab>")
        editor.wait(lambda: "\n".join(editor.lines()) + "\n" == ROWS * 4)


# Keys


def test_tab_without_ghost_text_is_a_tab(editor: Neovim) -> None:
    editor.command("setlocal expandtab shiftwidth=4 softtabstop=4")
    editor.type("ozz<Tab>q")
    editor.wait_for_line(1, "zz  q")


OLDER = {
    "plain": ("inoremap <Tab> plain", "plain"),
    "recursive": ("imap <Tab> <Tab>!", "    !"),
    "expression": ("imap <expr> <Tab> pumvisible() ? '<C-n>' : '<Tab>'", "    "),
    "of the buffer": ("inoremap <buffer> <Tab> here", "here"),
    "lua": ("lua vim.keymap.set('i', '<Tab>', function() return 'lua' end, { expr = true })", "lua"),
}


@pytest.mark.parametrize("kind", OLDER)
def test_tab_without_ghost_text_means_what_it_meant_before(editor: Neovim, tmp_path: Path, kind: str) -> None:
    command, text = OLDER[kind]
    if "<buffer>" in command:
        editor.command(f"autocmd BufReadPre older.py ++once {command}")
    else:
        editor.command(command)
    editor.open(tmp_path / "older.py", "price = 2\n")
    editor.wait_until_ready()
    editor.command("setlocal expandtab shiftwidth=4 softtabstop=4")
    editor.type("o<Tab><Esc>")
    editor.wait_for_line(1, text)
    editor.type("0Cdef add(")
    editor.wait_for_ghost(ADD)
    editor.type("<Tab>")
    editor.wait_for_line(2, "    return a + b")


# When things go wrong


def test_a_killed_server_leaves_editing_unharmed_and_is_started_again(tmp_path: Path) -> None:
    with neovim(tmp_path, {"cmd": scripted(tmp_path)}) as editor:
        editor.open(tmp_path / "shop.py", "price = 2\n")
        editor.wait_until_ready()
        editor.type("odef add(")
        editor.wait_for_ghost(ADD)
        for process in editor.servers():
            os.kill(process, signal.SIGKILL)
        editor.wait_for_ghost("")
        editor.type("x, y): ...")
        editor.wait_for_line(1, "def add(x, y): ...")
        editor.type("<Esc>odef add(")
        editor.wait_for_ghost(ADD)
        assert "Error" not in editor.messages()


def test_lone_files_share_one_server_and_a_workspace_has_its_own(tmp_path: Path) -> None:
    with neovim(tmp_path, {"cmd": scripted(tmp_path)}) as editor:
        for name in ("a.py", "b.py"):
            editor.open(tmp_path / name, "x = 1\n")
            editor.wait_until_ready()
        assert len(editor.servers()) == 1
        (tmp_path / "w").mkdir()
        (tmp_path / "w" / ".switchyard.toml").touch()
        editor.open(tmp_path / "w" / "c.py", "x = 1\n")
        editor.wait_until_ready()
        assert len(editor.servers()) == 2


def test_without_a_program_it_is_said_once_and_quietly_and_health_says_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    with neovim(tmp_path, None) as editor:
        editor.lua("""
            local notify = vim.notify
            _G.said = 0
            vim.notify = function(...) _G.said = _G.said + 1 return notify(...) end""")
        for name in ("shop.py", "cart.py", "till.py"):
            editor.open(tmp_path / name, "price = 2\n")
        editor.type("odef add(<Tab>q")
        editor.wait(lambda: editor.lines()[1].endswith("q"))
        assert editor.messages() == "Switchyard: its program was not found; see :checkhealth switchyard"
        assert editor.lua("return _G.said") == 1
        assert "its program was not found" in editor.paint().marked("WarningMsg")
        assert editor.lua("return require('switchyard').status().state") == "absent"
        editor.type("<Esc>")
        report = health(editor)
        assert "switchyard was not found" in report
        assert "ERROR" in report


@pytest.mark.parametrize("program", ["switchyard", "./switchyard", "bin/switchyard"])
def test_a_program_of_the_working_directory_is_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    trap = tmp_path / "switchyard"
    trap.write_text("#!/bin/sh\ntouch sprung\n")
    trap.chmod(0o755)
    monkeypatch.setenv("PATH", ".::/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    with neovim(tmp_path, {"cmd": [program, "lsp"]}) as editor:
        editor.open(tmp_path / "shop.py", "price = 2\n")
        editor.type("ox<Esc>")
        assert editor.lua("return require('switchyard.server').program()") is None
        assert editor.servers() == []
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"automatc": True}, "automatc"),
        ({"automatic": "yes"}, "boolean"),
        ({"keys": {"acept": "<Tab>"}}, "acept"),
        ({"keys": {"accept": True}}, "accept"),
        ({"cmd": {}}, "cmd"),
    ],
)
def test_a_wrong_option_is_named(editor: Neovim, options: dict[str, Any], complaint: str) -> None:
    said = editor.lua("local _, said = pcall(require('switchyard').setup, ...) return said", options)
    assert said.startswith("switchyard: ")
    assert complaint in said


# What one can ask


def health(editor: Neovim) -> str:
    editor.command("checkhealth switchyard")
    return "\n".join(editor.lines())


def test_health_names_the_program_the_engine_and_the_servers(editor: Neovim) -> None:
    report = health(editor)
    assert "ERROR" not in report
    assert "program: " in report
    assert "version: 0." in report
    assert "Completion runs on scripted" in report
    assert "ready: " in report
    editor.command("messages clear")


@pytest.mark.parametrize(
    ("launch", "doctor"),
    [
        (["switchyard", "lsp"], ["/x", "doctor"]),
        (["python", "-I", "-m", "lsp"], ["/x", "-I", "-m", "lsp", "doctor"]),
        (["python", "-I", "-m", "lsp", "lsp", "--set", "a=1"], ["/x", "-I", "-m", "lsp", "doctor", "--set", "a=1"]),
    ],
)
def test_health_asks_the_doctor_of_the_same_launch(editor: Neovim, launch: list[str], doctor: list[str]) -> None:
    line = "return require('switchyard.health').command_line('/x', ..., { 'doctor' })"
    assert editor.lua(line, launch) == doctor


def test_the_status_is_what_the_server_last_said(editor: Neovim) -> None:
    editor.wait(lambda: editor.lua("return require('switchyard').status()")["state"] == "ready")
    assert editor.lua("return require('switchyard').status()")["engine"] == "scripted"
    editor.type(":Switchyard status<CR>")
    editor.wait(lambda: "Switchyard: ready" in editor.messages())
    editor.command("messages clear")
