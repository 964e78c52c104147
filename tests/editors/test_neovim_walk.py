"""What a person does in Neovim, from the first key to the last, as it is seen on the screen."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.editors.cues import ADD, BEFORE, EDITED, EXPLAINED, REVIEWED, SHARE, scripted
from tests.editors.nvim import Neovim, neovim, server_command
from tests.editors.offline import ollama
from tests.editors.test_neovim_jobs import FIXED, at_work, pages, text
from tests.fake_ollama import done, say, stream

ANSWER = {"/api/generate": stream(*say(" * count\n"), done(prompt_eval_count=7, eval_count=2))}


def choose(editor: Neovim, title: str) -> None:
    """Presses the number of the entry with this title in the list that is on show, or is about to be."""
    entry = re.compile(rf"^\s*(\d+)[:.]? .*{re.escape(title)}", re.M)
    found = editor.wait(lambda: entry.search("\n".join(map("".join, editor.look().text))))
    editor.type(f"{found[1]}<CR>")
    editor.wait(lambda: not editor.is_asking())  # nor "Press ENTER"


@contextmanager
def with_ollama_at(home: Path, host: str) -> Iterator[Neovim]:
    """A Neovim whose server knows no other engine than Ollama, at this address."""
    command = server_command("runtime.engine=ollama", f"runtime.ollama.host={host}")
    (home / "shop").mkdir()
    (home / "shop" / ".switchyard.toml").touch()
    with neovim(home, {"cmd": command}) as editor:
        yield editor


def state(editor: Neovim) -> str:
    return str(editor.lua("return require('switchyard').status().state"))


def test_one_types_takes_a_word_then_all_of_it(editor: Neovim) -> None:
    editor.type("odef add(")
    editor.wait_for_ghost(ADD)
    editor.type("<M-Right>")
    editor.wait_for_ghost(ADD[1:])
    assert editor.lines()[1] == "def add(a"
    editor.type("<Tab>")
    editor.wait(lambda: editor.lines()[1:] == ["def add(a, b):", "    return a + b"])
    editor.wait_for_ghost("")


def test_one_saves_sees_a_squiggle_and_a_quick_fix_takes_it_away(tmp_path: Path) -> None:
    with at_work(tmp_path, REVIEWED, BEFORE) as editor:
        editor.type("A / len(users)<Esc>:silent write<CR>")
        editor.wait(lambda: "total / len(users)" in editor.paint().marked("DiagnosticUnderline"))
        assert "Without users" in editor.lua("return vim.diagnostic.get(0)[1].message")
        editor.type("<Esc>:lua vim.lsp.buf.code_action()<CR>")
        choose(editor, "Mend it")
        editor.wait(lambda: text(editor) == FIXED)
        editor.wait(lambda: editor.paint().marked("DiagnosticUnderline") == "")


def test_one_has_a_line_explained_by_a_code_action_and_stops_it(tmp_path: Path) -> None:
    with at_work(tmp_path, f"{EXPLAINED}hang = true\n") as editor:
        editor.type(":lua vim.lsp.buf.code_action()<CR>")
        choose(editor, "Explain this")
        editor.wait(lambda: any("It divides by none." in row for row in editor.paint().rows()))
        assert state(editor) == "busy"
        editor.type("<C-w>jq")
        editor.wait(lambda: state(editor) == "ready")
        assert pages(editor) == ""


def test_one_refactors_looks_at_it_makes_it_and_takes_it_back(tmp_path: Path) -> None:
    with at_work(tmp_path, EDITED) as editor:
        editor.type(":Switchyard refactor<CR>")
        choose(editor, "In your own words")
        editor.type("nobody counts as one<CR>")
        editor.wait(lambda: "+    return total / max(len(users), 1)" in editor.paint().rows())
        assert text(editor) == SHARE
        editor.type("a")
        editor.wait(lambda: text(editor) == SHARE.replace("len(users)", "max(len(users), 1)"))
        editor.type("u")
        editor.wait(lambda: text(editor) == SHARE)


def test_a_server_that_ends_again_and_again_is_left_alone_until_one_asks(tmp_path: Path) -> None:
    with neovim(tmp_path, {"cmd": scripted(tmp_path)}) as editor:
        editor.open(tmp_path / "shop.py", "price = 2\n")
        for _ in range(4):
            editor.wait_until_ready()
            os.kill(editor.servers()[0], signal.SIGKILL)
            editor.wait(lambda: state(editor) == "absent")
            editor.type("i<Esc>")
        assert editor.servers() == []
        assert "to try once more: :Switchyard restart" in editor.lua("return require('switchyard').status().message")
        editor.command("Switchyard restart")
        editor.type("odef add(")
        editor.wait_for_ghost(ADD)


@pytest.mark.parametrize("hangs", [False, True])
def test_who_restarts_has_a_new_server_in_every_workspace_though_the_old_one_hangs(tmp_path: Path, hangs: bool) -> None:
    for name in ("one", "two"):
        (tmp_path / name / ".git").mkdir(parents=True)
    with neovim(tmp_path, {"cmd": scripted(tmp_path)}) as editor:
        for name in ("one", "two"):
            editor.open(tmp_path / name / "shop.py", "price = 2\n")
            editor.wait_until_ready()
        old = editor.servers()
        assert len(old) == 2
        if hangs:
            for server in old:
                os.kill(server, signal.SIGSTOP)
        editor.command("Switchyard restart")
        editor.wait(lambda: len({*editor.servers()} - {*old}) == 2)
        editor.wait_until_ready()
        editor.type("odef add(")
        editor.wait_for_ghost(ADD)
        for server in {*editor.servers()} & {*old}:
            os.kill(server, signal.SIGKILL)
        editor.wait(lambda: len(editor.servers()) == 2)


def test_what_others_report_is_told_in_places_as_our_server_counts_them(tmp_path: Path) -> None:
    report = """
        local line = vim.api.nvim_buf_get_lines(0, 0, 1, false)[1]
        local first, last = line:find("nowhere", 1, true)
        vim.diagnostic.set(vim.api.nvim_create_namespace("theirs"), 0, { {
          lnum = 0, col = first - 1, end_lnum = 0, end_col = last, message = "unknown", source = "theirs",
          user_data = { lsp = { message = "unknown", code = 7, range = {
            start = { line = 0, character = 17 }, ["end"] = { line = 0, character = 24 } } } } } })
        local found = require("switchyard.reported").worded(0, vim.diagnostic.get(0), ...)
        local range = found[1].range
        return { range.start.line, range.start.character, range["end"].character, found[1].code }
    """
    with neovim(tmp_path, {"cmd": scripted(tmp_path)}) as editor:
        editor.open(tmp_path / "shop.py", "title = '日本🚂'; x = nowhere\n")
        for encoding, first, last in (("utf-8", 26, 33), ("utf-16", 20, 27), ("utf-32", 19, 26)):
            assert editor.lua(report, encoding) == [0, first, last, 7]


def test_ollama_that_comes_up_later_is_found_without_a_restart(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    with with_ollama_at(tmp_path, f"http://127.0.0.1:{port}") as editor:
        editor.open(tmp_path / "shop" / "shop.py", "price = 2\n")
        editor.wait(lambda: state(editor) == "offline")
        assert "Ollama does not answer" in editor.lua("return require('switchyard').status().message")
        assert editor.messages() == "Switchyard: no engine answers; see :Switchyard status"
        before = editor.servers()
        with ollama(ANSWER, port):
            editor.type("o")
            editor.wait(lambda: editor.type("x") or state(editor) == "ready")
            editor.type("<CR>total = price")
            editor.wait_for_ghost(" * count")
            assert editor.servers() == before


def test_an_excluded_file_gets_no_request_and_the_status_says_why(tmp_path: Path) -> None:
    with ollama(ANSWER) as fake, with_ollama_at(tmp_path, fake.host) as editor:
        (tmp_path / "shop" / "more").mkdir()
        (tmp_path / "shop" / ".aiignore").write_text("secret.py\n")
        editor.open(tmp_path / "shop" / "secret.py", "price = 2\n")
        editor.wait_until_able("ollama")
        editor.type("ototal = price")
        editor.wait(lambda: state(editor) == "excluded")
        assert ".aiignore" in editor.lua("return require('switchyard').status().message")
        assert editor.paint().ghost() == ""
        assert all(body.get("prompt", "") == "" for body in fake.bodies("/api/generate"))  # a load has no prompt
        editor.type("<Esc>")
        editor.command("silent write")
        editor.open(tmp_path / "shop" / "shop.py", "price = 2\n")
        assert state(editor) == "ready"
        editor.open(tmp_path / "shop" / "more" / "secret.py", "price = 2\n")
        editor.type("ototal = price")
        editor.wait(lambda: state(editor) == "excluded")  # for the same reason, but it is another file
        editor.type("<Esc>")
        editor.command("silent write")
        editor.open(tmp_path / "shop" / "shop.py", "price = 2\n")
        editor.type("ototal = price")
        editor.wait_for_ghost(" * count")
