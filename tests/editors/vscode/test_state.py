"""The state of things in a real VS Code: what the status item says, what its menu mends, what outlives a failure."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from tests import fake_ollama
from tests.editors.cues import ADD, SHARE
from tests.editors.offline import ollama
from tests.editors.vscode.user import asking, ledger, on_ollama, scripted
from tests.editors.workbench import Code, Window
from tests.engine import random_gguf
from tests.fake_ollama import done, say, stream

pytestmark = pytest.mark.timeout(300)  # a window takes ten seconds to open where others work, too
COUNTS = {"/api/generate": stream(*say(" * count\n"), done(prompt_eval_count=7, eval_count=2))}
MENU = "Switchyard: What It Does Now"


def test_an_excluded_file_gets_no_request_and_the_status_says_why(code: Code, file: Path) -> None:
    (file.parent / ".aiignore").write_text("secret.py\n")
    secret = file.parent / "secret.py"
    secret.write_text("price = 2\n")
    with ollama(COUNTS) as fake, code.window(secret, on_ollama(fake.host)) as window:
        window.wait_for_status("ready (ollama)")
        window.at_the_end()
        window.type("total = price")
        window.wait_for_status("this file is left out")
        window.wait_for_status(".aiignore")
        window.picture("excluded file")
        assert window.ghost() == ""
        assert all(body.get("prompt", "") == "" for body in fake.bodies("/api/generate"))  # a load has no prompt


def test_a_killed_server_is_started_again(code: Code, tmp_path: Path, file: Path) -> None:
    with asking(code, tmp_path, file) as window:
        [before] = code.servers()
        os.kill(before, signal.SIGKILL)
        window.wait(lambda: code.servers() not in ([], [before]))
        window.press("Enter")
        window.type("def add(")
        window.wait_for_ghost(ADD)
        assert window.notices() == ""


def test_the_fifth_end_in_three_minutes_is_the_last(code: Code, tmp_path: Path, file: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text(f"#!/bin/sh\necho x >> {tmp_path}/starts\nexit 3\n")
    broken.chmod(0o755)
    with code.window(file, {"switchyard.program": [str(broken)]}) as window:
        window.wait_for_status("the server has ended")
        window.picture("server ended")
        window.wait(lambda: "ends again and again" in window.notices())
        assert window.page.locator(".notification-toast").count() == 1
        assert (tmp_path / "starts").read_text().split() == ["x"] * 5


def test_ollama_is_started_and_a_model_pulled_from_the_menu_and_nothing_restarted(code: Code, file: Path) -> None:
    program = code.home / "bin" / "ollama"
    program.write_text(f'#!/bin/sh\necho "ollama $*" >> {code.home}/asked\n')
    program.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    host = f"http://127.0.0.1:{port}"
    with code.window(file, on_ollama(host)) as window:
        window.wait_for_status("no engine answers")
        window.wait_for_status("Ollama does not answer")
        window.picture("engine offline")
        window.watch_status()
        [before] = code.servers()
        by_the_menu(code, window, "ollama serve")
        no_model = fake_ollama.reply({"models": []})
        loaded = threading.Event()
        with ollama({"/api/tags": no_model, "/api/ps": no_model, "/api/generate": once(loaded)}, port) as fake:
            window.at_the_end()
            typed_until(window, "no model")
            by_the_menu(code, window, "ollama pull qwen2.5-coder:1.5b")
            fake.ways["/api/tags"] = fake_ollama.USUAL["/api/tags"]
            window.at_the_end()
            typed_until(window, "a model loads (ollama)")
            window.wait_for_status("2 s so far.")
            window.picture("a model loads")
            loaded.set()
            window.wait_for_status("ready (ollama)")
            fake.ways |= COUNTS
            window.wait_for_status(f"its engine listens at {host}.")
            window.press("Enter")
            window.type("total = price")
            window.wait_for_ghost(" * count")
            assert code.servers() == [before]
            # Dozens of keys and requests, and one message for each change of the state.
            states = ["no engine answers", "a model loads (ollama)", "ready (ollama)"]
            assert window.statuses() == [f"Switchyard: {state}" for state in states]


def once(loaded: threading.Event) -> fake_ollama.Way:
    """Says that the model is loaded, once it is."""

    async def way(writer: asyncio.StreamWriter) -> None:
        await asyncio.to_thread(loaded.wait, 60)
        await fake_ollama.reply({"model": "m", "response": "", "done": True, "done_reason": "load"})(writer)

    return way


def by_the_menu(code: Code, window: Window, line: str) -> None:
    """Has the menu put a command into a terminal, and sends it off."""
    window.command(MENU)
    window.choices(line).click()
    window.wait(lambda: line in window.terminal())
    asked = code.home / "asked"
    assert not asked.exists() or line not in asked.read_text()  # it is the user who presses Enter
    window.picture(f"terminal {line}")
    window.press("Enter")
    window.wait(lambda: asked.exists() and line in asked.read_text())


def typed_until(window: Window, words: str) -> None:
    """Types: at a keystroke the server asks for an engine that was lost, now and then."""

    def looked_again() -> bool:
        window.type("x")
        window.page.wait_for_timeout(500)
        return words in window.status()

    window.wait(looked_again)


def test_plan_statistics_and_doctor_are_pages_on_which_nothing_acts(code: Code, tmp_path: Path, file: Path) -> None:
    with asking(code, tmp_path, file) as window:
        window.press("Tab")
        window.wait(lambda: ledger(code)["turns"])
        for title, words in (("Plan", "in memory"), ("Doctor", "what mends it"), ("Statistics", "ledger")):
            window.command(f"Switchyard: {title}")
            window.wait(lambda words=words: words in window.beside())
            window.picture(title)
            page = window.beside_page()
            assert "default-src 'none'" in str(page.locator("meta[http-equiv]").get_attribute("content"))
            assert page.locator("script, img, iframe, a[href^=http], link").count() == 0
            assert page.locator("svg" if title == "Statistics" else "table").count()


def test_the_embedded_engine_answers_and_comes_again_when_the_server_is_killed(code: Code, file: Path) -> None:
    file.write_text(SHARE)
    settings = {"switchyard.program": scripted(file.parent)["switchyard.program"]}
    settings |= {"switchyard.runtime.engine": "embedded", "switchyard.runtime.embedded.gguf": str(random_gguf.made())}
    with code.window(file, settings) as window:
        window.wait_for_status("ready (embedded)")
        window.at_the_end()
        window.type("total = area(")  # its weights are noise, so nobody knows what is shown, if anything
        window.wait(lambda: ledger(code)["turns"])
        assert window.saved(file) == f"{SHARE}total = area("
        [before] = code.servers()
        os.kill(before, signal.SIGKILL)
        window.wait(lambda: code.servers() not in ([], [before]))
        window.wait_for_status("ready (embedded)")
        turns = ledger(code)["turns"]
        window.press("Enter")
        window.type("price = area(")
        window.wait(lambda: ledger(code)["turns"] > turns)
        assert window.notices() == ""
