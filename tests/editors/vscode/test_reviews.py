"""Reviews in a real VS Code: findings as squiggles with quick fixes and a light bulb, and a summary of a change."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editors.cues import BEFORE, EXPLAINED, REVIEWED, SHARE
from tests.editors.vscode.user import BY_HAND, MODELS, scripted
from tests.editors.workbench import Code, Window
from tests.repository import Repository

pytestmark = pytest.mark.timeout(300)  # a window takes ten seconds to open where others work, too
SAYS = "Without users this is a division by zero."


def found_on_saving(window: Window, file: Path) -> None:
    """What makes a finding is typed and saved, and the finding is underlined."""
    window.wait_for_status("ready")
    window.at_the_end()
    window.press("ArrowUp", "End")
    window.type(" / len(users)")
    window.saved(file)
    window.squiggles().first.wait_for()


def test_a_finding_comes_when_saved_and_its_quick_fix_takes_it_away(code: Code, tmp_path: Path, file: Path) -> None:
    file.write_text(BEFORE)
    with code.window(file, scripted(tmp_path, REVIEWED) | MODELS | BY_HAND) as window:
        found_on_saving(window, file)
        window.press("Control+Shift+m")
        window.page.locator(".markers-panel .monaco-list-row", has_text=SAYS).wait_for()
        window.picture("problems")
        window.press("Control+Shift+m", "Control+1")
        window.press("Control+.")
        window.action("Mend it").wait_for()
        window.picture("finding")
        window.press("Enter")
        window.above("Apply the Change").click()
        window.wait(lambda: not window.above("Apply the Change").count())
        window.wait(lambda: "if users else 0" in window.text())
        window.wait(lambda: not window.squiggles().count())


def test_the_light_bulb_explains_and_what_is_written_can_be_stopped(code: Code, tmp_path: Path, file: Path) -> None:
    file.write_text(BEFORE)
    with code.window(file, scripted(tmp_path, f"{EXPLAINED}hang = true\n{REVIEWED}") | MODELS | BY_HAND) as window:
        found_on_saving(window, file)
        window.page.locator(".lightBulbWidget").click()
        window.action("Explain this bug").wait_for()
        window.picture("light bulb")
        window.action("Explain this bug").click()
        window.wait(lambda: "It divides by none." in window.beside())
        window.wait_for_status("at work")
        window.picture("explanation under way")
        window.beside_page().get_by_role("button", name="Stop").click()
        window.wait(lambda: "Stopped." in window.beside())
        window.wait_for_status("Switchyard: ready")
        assert "It divides by none." in window.beside()


def test_my_changes_are_reviewed_and_summed_up_and_a_finding_is_dismissed(
    code: Code, tmp_path: Path, file: Path
) -> None:
    file.write_text(BEFORE)
    Repository(tmp_path).commit()  # the workspace is a folder in it
    file.write_text(SHARE)
    with code.window(file, scripted(tmp_path, REVIEWED) | MODELS | BY_HAND) as window:
        window.wait_for_status("ready")
        window.command("Switchyard: Review My Changes")
        window.choices("All that is not committed").click()
        window.wait(lambda: SAYS in window.beside())
        window.picture("review")
        page = window.beside_page()
        assert "share divides now" in window.beside()
        page.locator("button.place", has_text="shop/shop.py:2").click()
        window.wait(lambda: "Ln 2, Col 1" in window.position())
        assert window.squiggles().count() == 1
        window.press("End", "Control+.")
        window.action("Dismiss").wait_for()
        window.picture("dismissal")
        window.action("Dismiss").click()
        window.wait(lambda: not window.squiggles().count())
