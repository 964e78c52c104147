"""Ghost text in a real VS Code: what is seen, what is taken of it, when it comes, and what the server is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.editors.cues import ADD
from tests.editors.vscode import several
from tests.editors.vscode.user import asking, fates, ledger, scripted
from tests.editors.workbench import Code

pytestmark = pytest.mark.timeout(300)  # a window takes ten seconds to open where others work, too


def test_ghost_text_is_seen_and_accepted_by_word_and_line_and_wholly(code: Code, tmp_path: Path, file: Path) -> None:
    with asking(code, tmp_path, file) as window:
        window.picture("ghost text")
        assert file.read_text() == "price = 2\n"
        window.press("Control+ArrowRight")
        window.wait_for_ghost(ADD.removeprefix("a"))
        window.press("Control+Alt+l")
        window.wait_for_ghost("    return a + b")
        window.press("Tab")  # at the start of a line it first does what it is for
        window.wait_for_ghost("return a + b")
        window.press("Tab")
        window.wait_for_ghost("")
        assert window.saved(file) == f"price = 2\ndef add({ADD}"
        assert window.notices() == ""
        window.wait(lambda: fates(code) == {"accepted": 1})


def test_what_is_dismissed_stays_away(code: Code, tmp_path: Path, file: Path) -> None:
    with asking(code, tmp_path, file) as window:
        window.press("Escape")
        window.wait_for_ghost("")
        assert window.saved(file) == "price = 2\ndef add("
        window.wait(lambda: fates(code) == {"dismissed": 1})


def test_what_was_accepted_in_part_is_told(code: Code, tmp_path: Path, file: Path) -> None:
    with asking(code, tmp_path, file) as window:
        window.press("Control+ArrowRight", "Control+ArrowRight", "Control+ArrowRight")
        window.wait_for_ghost(ADD.removeprefix("a, b"))
        window.type("+")
        window.wait_for_ghost("")
        window.wait(lambda: fates(code) == {"partly": 1})


def test_one_cycles_through_several_and_the_one_taken_is_told(code: Code, tmp_path: Path, file: Path) -> None:
    told = tmp_path / "told"
    with code.window(file, {"switchyard.program": [sys.executable, several.__file__, str(told)]}) as window:
        window.at_the_end()
        window.wait(lambda: told.exists())
        window.type("def add(")
        window.wait_for_ghost(several.SAID[0])
        window.press("Alt+]")
        window.wait_for_ghost(several.SAID[1])
        window.picture("cycling")
        window.press("Alt+[")
        window.wait_for_ghost(several.SAID[0])
        window.press("Alt+]")
        window.wait_for_ghost(several.SAID[1])
        window.press("Tab")
        window.wait(lambda: json.loads(told.read_text() or "[]") == ["second"])
        assert window.saved(file) == f"price = 2\ndef add({several.SAID[1]}"


def test_when_it_comes_by_itself_is_the_users_choice(code: Code, tmp_path: Path, file: Path) -> None:
    with code.window(file, scripted(tmp_path)) as window:
        window.wait_for_status("Switchyard: ready (scripted)")
        for command, says in (
            ("Switchyard: Suggest While Typing", "come only when you ask"),
            ("Switchyard: Switch On or Off", "Switched off for python"),
            ("Switchyard: Snooze", "Nothing comes by itself until"),
        ):
            before = ledger(code)["turns"]
            window.command(command)
            window.wait_for_status(says)
            window.at_the_end()
            window.type("def add(")
            turns = ledger(code)["turns"]  # takes longer than an answer would
            assert (window.ghost(), turns) == ("", before)
            window.press("Alt+\\")
            window.wait_for_ghost(ADD)
            window.press("Escape", *["Backspace"] * 8)
            window.wait(lambda: window.text() == "price = 2")
            if "Snooze" not in command:
                window.command(command)
                window.wait(lambda says=says: says not in window.status())
        window.command("Switchyard: What It Does Now")
        window.choices("Suggest again").click()
        window.wait_for_status("Switchyard: ready")
        window.at_the_end()
        window.type("def add(")
        window.wait_for_ghost(ADD)


AD = """
[[cue]]
when = "def ad"
say = ["d(a, b)"]

[[cue]]
when = "def addition"
say = ["(self)"]
"""


def test_it_goes_on_from_the_word_that_a_list_proposes_or_says_nothing(code: Code, tmp_path: Path, file: Path) -> None:
    file.write_text("addition = address = 2\n")
    with code.window(file, scripted(tmp_path, AD) | {"editor.wordBasedSuggestions": "currentDocument"}) as window:
        window.wait_for_status("ready")
        window.at_the_end()
        window.type("def ad")
        window.wait_for_ghost("d(a, b)")
        window.press("Control+Space")
        chosen = window.page.locator(".suggest-widget.visible .monaco-list-row.focused")
        chosen.get_by_text("addition").wait_for()
        window.press("ArrowDown")
        chosen.get_by_text("address").wait_for()
        window.wait_for_ghost("")
        window.press("ArrowUp")
        chosen.get_by_text("addition").wait_for()
        window.wait(lambda: window.ghost().replace("\n", "") == "dition(self)")
        window.picture("beside a list of words")
