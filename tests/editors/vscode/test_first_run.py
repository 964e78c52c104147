"""The first run in a real VS Code: without a server, with one being installed, in a folder that is not trusted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.editors.cues import ADD, REVIEWED, SHARE
from tests.editors.vscode.user import MODELS, PROGRAM, scripted
from tests.editors.workbench import Code, Window, plain

pytestmark = pytest.mark.timeout(300)  # a window takes ten seconds to open where others work, too


def test_the_server_is_installed_from_the_first_steps_which_end_in_a_ghost_text(code: Code, file: Path) -> None:
    server = code.home / "home" / ".local" / "bin" / "switchyard"
    uv = code.home / "bin" / "uv"
    start = f"printf '#!/bin/sh\\nexec {' '.join(PROGRAM)} \"$@\"\\n' > {server}; chmod +x {server}"
    uv.write_text(f'#!/bin/sh\necho "$*" > {code.home}/installed\nmkdir -p {server.parent}\n{start}\n')
    uv.chmod(0o755)
    with code.window(file, {"switchyard.runtime.engine": "echo"}) as window:
        window.wait_for_status("not installed")
        window.picture("not installed")
        window.command("Switchyard: First Steps")
        step(window, "A first suggestion", "Try it")
        window.wait(lambda: "not installed yet" in window.notices())
        step(window, "The server", "Install it")
        window.choices("uv tool install").click()
        window.wait(lambda: "uv tool install --force" in window.terminal())
        window.picture("install the server")
        window.press("Enter")
        window.wait(server.exists)
        assert "switchyard-" in (code.home / "installed").read_text()  # the wheel that the extension carries
        step(window, "The server", "Look again")
        window.wait_for_status("ready (echo)")
        window.wait(lambda: ticked(window) == ["The server"])  # there is no model yet
        step(window, "A first suggestion", "Try it")
        window.wait_for_ghost("row.fold()\n    show(row)")
        window.picture("first ghost text")
        window.page.locator(".tab", has_text="Welcome").click()
        window.wait(lambda: ticked(window) == ["The server", "A first suggestion"])
        window.picture("first steps done")
    os.remove(server)


def step(window: Window, title: str, button: str) -> None:
    """Presses a button of the first steps."""
    shown = window.page.locator(".getting-started-step", has_text=title)
    found = shown.get_by_role("button", name=button)
    window.wait(lambda: found.is_visible() or shown.locator(".step-title").click() or found.is_visible())
    found.click()


def ticked(window: Window) -> list[str]:
    """The first steps that VS Code shows as done."""
    done = window.page.locator(".getting-started-step:has(.codicon-getting-started-step-checked)")
    return [plain(it) for it in done.locator(".step-title").all_inner_texts()]


def test_what_is_done_already_is_ticked_off_when_the_first_steps_are_opened(
    code: Code, tmp_path: Path, file: Path
) -> None:
    with code.window(file, scripted(tmp_path)) as window:
        window.wait_for_status("ready (scripted)")
        window.command("Switchyard: First Steps")
        window.wait(lambda: ticked(window) == ["The server", "An engine and its models"])


def test_in_a_folder_that_is_not_trusted_one_can_complete_and_nothing_edits_files(
    code: Code, tmp_path: Path, file: Path
) -> None:
    with code.window(file, scripted(tmp_path, REVIEWED) | MODELS, trusted=False) as window:
        window.wait_for_status("ready (scripted)")
        window.wait_for_status("This folder is not trusted: nothing edits its files.")
        window.at_the_end()
        window.type("def add(")
        window.wait_for_ghost(ADD)
        window.press("Escape", *["Backspace"] * 8)
        window.type(SHARE)
        window.saved(file)
        window.squiggles().first.wait_for()
        window.press("ArrowUp", "End", "Control+.")
        window.action("Fix this").wait_for()
        window.picture("restricted mode")
        window.press("ArrowDown", "ArrowDown", "Enter")
        window.wait(lambda: "this folder is not trusted" in window.notices())
