"""Neovim with a real llama.cpp, whose weights are noise: what is asked, streamed, stopped, and let through."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from router.runtimes import child
from tests.editors.nvim import Neovim, neovim, server_command
from tests.editors.tap import Tap
from tests.engine import random_gguf

ROWS = """\
for row in rows:
    row.fold()
    show(row)
"""
KEY = "a key for the tests"


def let_through(editor: Neovim) -> str:
    """What the last answer adds at the cursor: possibly nothing."""
    answer = editor.lua("return _G.answers[#_G.answers]")
    if not isinstance(answer, dict) or not answer.get("items"):
        return ""
    item = answer["items"][0]
    column = editor.lua("return vim.fn.charcol('.') - 1")
    return str(item["insertText"][column - item["range"]["start"]["character"] :])


@pytest.fixture
def llama() -> Iterator[tuple[str, int]]:
    """The program that embeds llama.cpp, by itself: host and port of a server behind KEY."""
    order = {"gguf": str(random_gguf.made()), "name": "noise", "threads": 1, "window": 1024, "key": KEY}
    command, pipe = [sys.executable, "-I", str(child.PROGRAM)], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as running:
        assert running.stdin
        assert running.stdout
        running.stdin.write(json.dumps(order) + "\n")
        running.stdin.flush()
        yield "127.0.0.1", json.loads(running.stdout.readline())["port"]
        running.stdin.close()


def test_llama_cpp_gets_the_request_streams_the_answer_and_stops_when_one_types_on(
    tmp_path: Path, llama: tuple[str, int]
) -> None:
    key = tmp_path / "key"
    key.write_text(KEY)
    with Tap(llama) as tap:
        settings = [f"runtime.openai.host={tap.address}", f"runtime.openai.key_file={key}"]
        settings += ["runtime.engine=openai", "runtime.openai.family=switchyard"]
        with neovim(tmp_path, {"cmd": server_command(*settings), "automatic": False}) as editor:
            editor.open(tmp_path / "rows.py", ROWS, line=3)
            editor.wait_until_able("openai")
            tap.held = True
            editor.type("o<Esc>0Ctotal = <M-Bslash>")
            editor.wait(tap.streaming.is_set)
            path, question = tap.questions()[-1]
            assert path == "/v1/completions"
            assert question["stream"] is True
            assert question["prompt"].endswith("total =<|fim_middle|>")  # the blank is left for the model to say
            assert (tap.hung_up, editor.traffic("complete")) == (0, 0)
            editor.type("x")
            editor.wait(lambda: tap.hung_up == 1)
            assert editor.traffic("cancel") == 1
            tap.held = False
            editor.wait_until_settled()
            editor.type("<M-Bslash>")
            editor.wait(lambda: editor.traffic("complete") == 2)
            assert tap.said.count(b"data: ") > 2
            assert editor.paint().ghost() == let_through(editor)


def test_the_embedded_engine_loads_answers_and_ends_with_the_editor(tmp_path: Path) -> None:
    settings = ["runtime.engine=embedded", f"runtime.embedded.gguf={random_gguf.made()}"]
    with neovim(tmp_path, {"cmd": server_command(*settings)}) as editor:
        editor.open(tmp_path / "rows.py", ROWS, line=3)
        editor.wait_until_able("embedded")
        editor.type("o<Esc>0Ctotal = area(")
        editor.wait_until_settled()
        editor.wait(lambda: editor.traffic("complete") >= 1)
        assert editor.paint().ghost() == let_through(editor)
        assert editor.lines()[3] == "total = area("
        [server] = editor.servers()
        children = [int(pid) for pid in Path(f"/proc/{server}/task/{server}/children").read_text().split()]
        assert len(children) == 1
    editor.wait(lambda: not any(Path(f"/proc/{process}").exists() for process in (server, *children)))
