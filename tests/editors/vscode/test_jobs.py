"""Jobs about a place, in a real VS Code: explained beside the code, changed after a look, undone in one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editors.cues import EDITED, EXPLAINED, SHARE
from tests.editors.vscode.user import BY_HAND, MODELS, scripted
from tests.editors.workbench import Code, Window

pytestmark = pytest.mark.timeout(300)  # a window takes ten seconds to open where others work, too
FIXED = "def share(total, users):\n    return total / len(users) if users else 0\n"
REFACTORED = "def share(total, users):\n    return total / max(len(users), 1)\n"


def test_an_explanation_comes_beside_the_code_and_leads_to_real_places_only(
    code: Code, tmp_path: Path, file: Path
) -> None:
    file.write_text(SHARE)
    with code.window(file, scripted(tmp_path, EXPLAINED + EDITED) | MODELS) as window:
        window.wait_for_status("ready")
        window.at_the_end()
        window.press("ArrowUp")
        window.command("Switchyard: Explain")
        window.wait(lambda: "return 0" in window.beside())
        window.picture("explanation")
        page = window.beside_page()
        window.wait(lambda: page.locator("button.place").all_inner_texts() == ["shop.py:2"])
        assert page.locator("img, a, script[src]").count() == 0
        page.get_by_role("button", name="Copy").click()
        window.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        window.wait(lambda: "It divides by none." in window.page.evaluate("navigator.clipboard.readText()"))
        page.locator("button.place").click()
        window.wait(lambda: "Ln 2, Col 1" in window.position())
        page.get_by_role("button", name="Fix it").click()
        decided(window, "Apply")
        window.wait(lambda: window.text() == FIXED.rstrip("\n"))


def decided(window: Window, what: str) -> None:
    """Presses a button above the diff, and the diff goes."""
    window.above(f"{what} the Change").click()
    window.wait(lambda: not window.above(f"{what} the Change").count())


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
        decided(window, "Apply")
        window.wait(lambda: "if users else 0" in window.text())
        assert window.saved(file) == FIXED
        window.at_the_end()
        window.press("Control+z")
        window.wait(lambda: "if users else 0" not in window.text())
        assert window.saved(file) == SHARE


def test_a_refactoring_is_chosen_previewed_applied_and_undone_or_discarded(
    code: Code, tmp_path: Path, file: Path
) -> None:
    file.write_text(SHARE)
    with code.window(file, scripted(tmp_path, EDITED) | MODELS | BY_HAND) as window:
        window.wait_for_status("ready")
        window.at_the_end()
        window.press("ArrowUp")
        window.command("Switchyard: Refactor")
        window.picture("refactorings")
        window.choices("Refactor: simplify").click()
        window.above("Apply the Change").wait_for()
        window.picture("preview of a refactoring")
        assert file.read_text() == SHARE
        decided(window, "Apply")
        window.wait(lambda: window.text() == REFACTORED.rstrip("\n"))
        window.at_the_end()
        window.press("Control+z")
        window.wait(lambda: window.text() == SHARE.rstrip("\n"))
        window.press("ArrowUp")
        window.command("Switchyard: Refactor")
        window.choices("In your own words").click()
        window.page.get_by_placeholder("use a dataclass").fill("nobody is one user")
        window.press("Enter")
        decided(window, "Discard")
        assert window.text() == SHARE.rstrip("\n")
