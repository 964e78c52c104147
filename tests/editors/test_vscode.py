"""The extension in a real VS Code: what is seen on its screen, and what becomes of the buffer and the server."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.editors.cues import ADD, BEFORE, EDITED, EXPLAINED, JOBS, REVIEWED, SCRIPT, SHARE
from tests.editors.offline import ollama
from tests.editors.workbench import Code, Window, plain, served
from tests.engine import random_gguf
from tests.fake_ollama import done, say, stream
from tests.repository import Repository

pytestmark = pytest.mark.timeout(300)  # a window takes ten seconds to open where others work, too
MODELS = {f"switchyard.models.{task}": "script" for task in JOBS}
PROGRAM = [sys.executable, "-I", "-m", "lsp"]


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Code]:
    """One served VS Code for all tests; in the end, none of its windows has wanted to reach another host."""
    with served(tmp_path_factory.mktemp("code")) as one:
        yield one
        assert one.strays == set()


@pytest.fixture(autouse=True)
def empty_ledger(code: Code) -> None:
    shutil.rmtree(code.home / "state", ignore_errors=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    file = tmp_path / "shop" / "shop.py"
    file.write_text("price = 2\n")
    return file


def scripted(home: Path, cues: str = "") -> dict[str, object]:
    """The user's settings for the real server with the engine that follows the cues."""
    script = home / "script.toml"
    script.write_text(SCRIPT + cues, encoding="utf-8")
    return {
        "switchyard.program": PROGRAM,
        "switchyard.runtime.engine": "scripted",
        "switchyard.runtime.scripted.script": str(script),
    }


def ledger(code: Code) -> dict[str, Any]:
    """What the server has written down since the last test."""
    said = subprocess.run([*PROGRAM, "stats", "--json"], env=code.environment, capture_output=True, check=True).stdout
    return dict(json.loads(said)["whole"])


def fates(code: Code) -> dict[str, int]:
    """What became of the suggestions that were shown."""
    return {fate: count for fate, count in ledger(code)["taken"].items() if count and fate != "open"}


def test_ghost_text_is_seen_and_accepted_word_by_word_then_wholly(code: Code, tmp_path: Path, file: Path) -> None:
    with code.window(file, scripted(tmp_path)) as window:
        window.wait_for_status("Switchyard: ready (scripted)")
        window.at_the_end()
        window.type("def add(")
        window.wait_for_ghost(ADD)
        window.picture("ghost text")
        assert file.read_text() == "price = 2\n"
        window.press("Control+ArrowRight")
        window.wait_for_ghost(ADD.removeprefix("a"))
        window.press("Tab")
        window.wait_for_ghost("")
        assert window.saved(file) == f"price = 2\ndef add({ADD}"
        assert window.notices() == ""
        window.wait(lambda: fates(code) == {"accepted": 1})


def test_what_is_dismissed_stays_away(code: Code, tmp_path: Path, file: Path) -> None:
    with code.window(file, scripted(tmp_path)) as window:
        window.wait_for_status("ready")
        window.at_the_end()
        window.type("def add(")
        window.wait_for_ghost(ADD)
        window.press("Escape")
        window.wait_for_ghost("")
        assert window.saved(file) == "price = 2\ndef add("
        window.wait(lambda: fates(code) == {"dismissed": 1})


def test_what_was_accepted_in_part_is_told(code: Code, tmp_path: Path, file: Path) -> None:
    with code.window(file, scripted(tmp_path)) as window:
        window.wait_for_status("ready")
        window.at_the_end()
        window.type("def add(")
        window.wait_for_ghost(ADD)
        window.press("Control+ArrowRight", "Control+ArrowRight", "Control+ArrowRight")
        window.wait_for_ghost(ADD.removeprefix("a, b"))
        window.type("+")
        window.wait_for_ghost("")
        window.wait(lambda: fates(code) == {"partly": 1})


def test_an_excluded_file_gets_no_request_and_the_status_says_why(code: Code, file: Path) -> None:
    (file.parent / ".aiignore").write_text("secret.py\n")
    secret = file.parent / "secret.py"
    secret.write_text("price = 2\n")
    answer = {"/api/generate": stream(*say(" * count\n"), done(prompt_eval_count=7, eval_count=2))}
    with ollama(answer) as fake:
        settings = {"switchyard.program": PROGRAM, "switchyard.runtime.engine": "ollama"}
        settings["switchyard.runtime.ollama.host"] = fake.host
        with code.window(secret, settings) as window:
            window.wait_for_status("ready (ollama)")
            window.at_the_end()
            window.type("total = price")
            window.wait_for_status("this file is left out")
            window.wait_for_status(".aiignore")
            window.picture("excluded file")
            assert window.ghost() == ""
            assert all(body.get("prompt", "") == "" for body in fake.bodies("/api/generate"))  # a load has no prompt


def test_a_killed_server_is_started_again(code: Code, tmp_path: Path, file: Path) -> None:
    with code.window(file, scripted(tmp_path)) as window:
        window.wait_for_status("ready")
        [before] = code.servers()
        os.kill(before, signal.SIGKILL)
        window.at_the_end()
        window.wait(lambda: code.servers() not in ([], [before]))
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


def test_ollama_that_comes_up_later_is_found_without_a_restart(code: Code, file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    settings = {"switchyard.program": PROGRAM, "switchyard.runtime.engine": "ollama"}
    settings["switchyard.runtime.ollama.host"] = f"http://127.0.0.1:{port}"
    with code.window(file, settings) as window:
        window.wait_for_status("no engine answers")
        window.wait_for_status("Ollama does not answer")
        window.picture("engine offline")
        [before] = code.servers()
        answer = {"/api/generate": stream(*say(" * count\n"), done(prompt_eval_count=7, eval_count=2))}
        with ollama(answer, port):
            window.at_the_end()
            window.wait(lambda: looked_again(window))
            window.press("Enter")
            window.type("total = price")
            window.wait_for_ghost(" * count")
            assert code.servers() == [before]


def looked_again(window: Window) -> bool:
    """Types: at a keystroke the server asks for an engine that was lost, now and then."""
    window.type("x")
    window.page.wait_for_timeout(500)
    return "ready (ollama)" in window.status()


def test_without_the_program_the_status_says_so_and_offers_to_install_it(code: Code, file: Path) -> None:
    with code.window(file, {"switchyard.program": ["/nowhere/switchyard"]}) as window:
        window.wait_for_status("not installed")
        window.command("Switchyard: What It Does Now")
        window.page.locator(".quick-input-list .monaco-list-row", has_text="Install the server").wait_for()
        window.picture("not installed")


def test_plan_statistics_and_doctor_are_pages(code: Code, tmp_path: Path, file: Path) -> None:
    with code.window(file, scripted(tmp_path)) as window:
        window.wait_for_status("ready")
        for title, words in (("Plan", "in memory"), ("Doctor", "what mends it"), ("Statistics", "ledger")):
            window.command(f"Switchyard: {title}")
            window.wait(lambda words=words: words in window.beside())
            window.picture(title)


def test_the_embedded_engine_answers(code: Code, file: Path) -> None:
    settings = {"switchyard.program": PROGRAM, "switchyard.runtime.engine": "embedded"}
    settings["switchyard.runtime.embedded.gguf"] = str(random_gguf.made())
    with code.window(file, settings) as window:
        window.wait_for_status("ready (embedded)")
        window.at_the_end()
        window.type("total = area(")  # its weights are noise, so nobody knows what is shown, if anything
        window.wait(lambda: ledger(code)["turns"])
        assert window.saved(file) == "price = 2\ntotal = area("
        assert window.notices() == ""


def test_in_a_folder_that_is_not_trusted_one_can_complete_and_nothing_edits_files(
    code: Code, tmp_path: Path, file: Path
) -> None:
    (file.parent / ".vscode").mkdir()
    (file.parent / ".vscode" / "settings.json").write_text('{"switchyard.program": ["/bin/false"]}')
    with code.window(file, scripted(tmp_path, REVIEWED) | MODELS, trusted=False) as window:
        window.wait_for_status("ready (scripted)")
        window.wait_for_status("This folder is not trusted: nothing edits its files.")
        window.at_the_end()
        window.type("def add(")
        window.wait_for_ghost(ADD)
        window.press("Escape", *["Backspace"] * 8)
        window.type(SHARE)
        window.saved(file)
        window.page.locator(".squiggly-warning, .squiggly-error").first.wait_for()
        window.press("ArrowUp", "End", "Control+.")
        window.page.locator(".action-widget .monaco-list-row", has_text="Fix this").wait_for()
        window.picture("restricted mode")
        window.press("ArrowDown", "ArrowDown", "Enter")
        window.wait(lambda: "this folder is not trusted" in window.notices())


def test_the_first_steps_are_ticked_off_and_end_in_a_ghost_text(code: Code, file: Path) -> None:
    settings = {"switchyard.program": PROGRAM, "switchyard.runtime.engine": "echo"}
    with code.window(file, settings) as window:
        window.wait_for_status("ready (echo)")
        window.command("Switchyard: First Steps")
        window.wait(lambda: ticked(window) == ["The server"])  # there is no model yet
        window.page.locator(".getting-started-step", has_text="A first suggestion").click()
        window.picture("first steps")
        window.page.get_by_role("button", name="Try it").click()
        window.wait_for_ghost("row.fold()\n    show(row)")
        window.picture("first ghost text")
        window.page.locator(".tab", has_text="Welcome").click()
        window.wait(lambda: ticked(window) == ["The server", "A first suggestion"])
        window.picture("first steps done")


def ticked(window: Window) -> list[str]:
    """The first steps that VS Code shows as done."""
    done = window.page.locator(".getting-started-step:has(.codicon-getting-started-step-checked)")
    return [plain(it) for it in done.locator(".step-title").all_inner_texts()]


def test_an_explanation_comes_beside_the_code_and_leads_to_real_places_only(
    code: Code, tmp_path: Path, file: Path
) -> None:
    file.write_text(SHARE)
    with code.window(file, scripted(tmp_path, EXPLAINED)) as window:
        window.wait_for_status("ready")
        window.at_the_end()
        window.command("Switchyard: Explain")
        window.wait(lambda: "return 0" in window.beside())
        window.picture("explanation")
        page = window.beside_page()
        window.wait(lambda: page.locator("button.place").all_inner_texts() == ["shop.py:2"])
        assert page.locator("img, a, script[src]").count() == 0
        page.locator("button.place").click()
        window.wait(lambda: "Ln 2, Col 1" in window.page.locator(".statusbar").inner_text())


def test_an_explanation_can_be_stopped(code: Code, tmp_path: Path, file: Path) -> None:
    file.write_text(SHARE)
    with code.window(file, scripted(tmp_path, f"{EXPLAINED}hang = true\n")) as window:
        window.wait_for_status("ready")
        window.at_the_end()
        window.command("Switchyard: Explain")
        window.wait(lambda: "It divides by none." in window.beside())
        window.wait_for_status("at work")
        window.picture("explanation under way")
        window.beside_page().get_by_role("button", name="Stop").click()
        window.wait(lambda: "Stopped." in window.beside())
        window.wait_for_status("Switchyard: ready")
        assert "It divides by none." in window.beside()


# Jobs that change files


def test_a_fix_is_previewed_applied_and_undone(code: Code, tmp_path: Path, file: Path) -> None:
    file.write_text(SHARE)
    with code.window(file, scripted(tmp_path, EDITED) | MODELS) as window:
        window.wait_for_status("ready")
        window.at_the_end()
        window.press("ArrowUp")
        window.command("Switchyard: Fix")
        window.above("Apply the Change").wait_for()
        window.picture("preview of a fix")
        assert file.read_text() == SHARE
        window.above("Apply the Change").click()
        window.wait(lambda: not window.above("Apply the Change").count())
        fixed = "def share(total, users):\n    return total / len(users) if users else 0\n"
        window.wait(lambda: "if users else 0" in window.text())
        assert window.saved(file) == fixed
        window.at_the_end()
        window.press("Control+z")
        window.wait(lambda: "if users else 0" not in window.text())
        assert window.saved(file) == SHARE


def test_a_refactoring_in_ones_own_words_can_be_discarded(code: Code, tmp_path: Path, file: Path) -> None:
    file.write_text(SHARE)
    with code.window(file, scripted(tmp_path, EDITED) | MODELS) as window:
        window.wait_for_status("ready")
        window.at_the_end()
        window.press("ArrowUp")
        window.command("Switchyard: Refactor")
        window.choices("Refactor: simplify").wait_for()
        window.picture("refactorings")
        window.choices("In your own words").click()
        window.page.get_by_placeholder("use a dataclass").fill("nobody is one user")
        window.press("Enter")
        window.above("Discard the Change").click()
        window.wait(lambda: not window.above("Discard the Change").count())
        assert window.text() == SHARE.rstrip("\n")


# Reviews


def test_a_finding_comes_when_saved_and_its_quick_fix_takes_it_away(code: Code, tmp_path: Path, file: Path) -> None:
    file.write_text(BEFORE)
    with code.window(file, scripted(tmp_path, REVIEWED) | MODELS | {"switchyard.complete.automatic": False}) as window:
        window.wait_for_status("ready")
        window.at_the_end()
        window.press("ArrowUp", "End")
        window.type(" / len(users)")
        window.saved(file)
        window.page.locator(".squiggly-warning, .squiggly-error").first.wait_for()
        window.press("Control+.")
        window.page.locator(".action-widget .monaco-list-row", has_text="Mend it").wait_for()
        window.picture("finding")
        window.press("Enter")
        window.above("Apply the Change").click()
        window.wait(lambda: not window.above("Apply the Change").count())
        window.wait(lambda: "if users else 0" in window.text())
        window.wait(lambda: not window.page.locator(".squiggly-warning, .squiggly-error").count())


def test_my_changes_are_reviewed_and_summed_up(code: Code, tmp_path: Path, file: Path) -> None:
    file.write_text(BEFORE)
    Repository(file.parent).commit()
    file.write_text(SHARE)
    with code.window(file, scripted(tmp_path, REVIEWED) | MODELS | {"switchyard.complete.automatic": False}) as window:
        window.wait_for_status("ready")
        window.command("Switchyard: Review My Changes")
        window.choices("All that is not committed").click()
        window.wait(lambda: "Without users this is a division by zero." in window.beside())
        window.picture("review")
        page = window.beside_page()
        assert "share divides now" in window.beside()
        page.locator("button.place", has_text="shop.py:2").click()
        window.wait(lambda: "Ln 2, Col 1" in window.page.locator(".statusbar").inner_text())
        assert window.page.locator(".squiggly-warning, .squiggly-error").count() == 1
