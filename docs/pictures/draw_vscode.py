"""Draws vscode-*.png: a real VS Code and the real server; only the model's words are from a script.

python -m docs.pictures.draw_vscode           # from the top of the repository, after `make test-editors`
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.editors.workbench import Code, Window, served

PICTURES = Path(__file__).parent

BILL = '''\
"""What a dinner costs each of its guests."""


def share(total: float, guests: list[str]) -> float:
    return total / len(guests)


def tip(total: float, percent: float = 10) -> float:
    return total * percent / 100


def bill(total: float, guests: list[str]) -> dict[str, float]:
    each = share(total + tip(total), guests)
    return {guest: each for guest in guests}
'''
FIX = "return total / len(guests) if guests else 0.0"
FINDING = {
    "quote": "return total / len(guests)",
    "line": 5,
    "rule": "out-of-range",
    "message": "Without guests this divides by zero.",
    "symbols": ["total", "guests"],
    "fails": "[]",
    "fix": FIX,
}
EXPLANATION = """\
**What is wrong** `share` divides by the number of guests, which is 0 for a dinner that nobody comes to.

**Why** `bill.py:13` passes its list on as it came; nothing on the way says that it may not be empty.

**Where it starts** `bill.py:5`

**How to make sure** Run `share(30.0, [])`: it ends in a `ZeroDivisionError`.

**How to mend it**

```python
return total / len(guests) if guests else 0.0
```
"""
SCRIPT = f"""
[[cue]]
when = "def split("
say = ["total: float, guests: list[str]) -> str:\\n", "    each = share(total, guests)\\n",
  '    return f"{{each:.2f}} for each of {{len(guests)}}"']

[[cue]]
holds = "You explain one bug"
say = ['''{EXPLANATION}''']

[[cue]]
holds = "You mend one bug"
say = ["```python\\ndef share(total: float, guests: list[str]) -> float:\\n    {FIX}\\n```\\n"]

[[cue]]
holds = "The claim:"
say = ['{{"fails": "an empty list"}}']

[[cue]]
holds = "total / len(guests)"
say = ['{json.dumps({"findings": [FINDING]})}']

[[cue]]
say = ['{{"findings": []}}']
"""
SETTINGS: dict[str, object] = {
    "switchyard.program": [sys.executable, "-I", "-m", "lsp"],
    "switchyard.runtime.engine": "scripted",
    **{f"switchyard.models.{job}": "script" for job in ("fix", "review")},
}


def ghost(window: Window, _file: Path) -> None:
    window.at_the_end()
    window.type("\n\ndef split(")
    window.wait(lambda: "for each of" in window.ghost())


def explanation(window: Window, _file: Path) -> None:
    window.press("Control+g")
    window.type("5:5\n")
    window.command("Switchyard: Explain")
    window.wait(lambda: "How to mend it" in window.beside())
    window.wait(lambda: window.beside_page().get_by_role("button", name="Fix it").count())


def fix(window: Window, _file: Path) -> None:
    window.press("Control+g")
    window.type("5:5\n")
    window.command("Switchyard: Fix")
    window.above("Apply the Change").wait_for()


def finding(window: Window, file: Path) -> None:
    window.press("Control+g")
    window.type("5:5\n")
    window.press("End")
    window.type(" / len(guests)")
    window.saved(file)
    window.page.locator(".squiggly-warning").first.wait_for()
    window.press("Control+.")
    window.page.locator(".action-widget .monaco-list-row", has_text="Mend it").wait_for()


SCENES: dict[str, tuple[Callable[[Window, Path], None], str]] = {
    "ghost": (ghost, BILL),
    "explain": (explanation, BILL),
    "fix": (fix, BILL),
    "review": (finding, BILL.replace("total / len(guests)", "total")),
}


def draw(code: Code, home: Path, name: str) -> None:
    """One picture."""
    play, text = SCENES[name]
    file = home / name / "dinner" / "bill.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    script = home / "script.toml"
    script.write_text(SCRIPT)
    more = {"switchyard.runtime.scripted.script": str(script), "switchyard.complete.automatic": name == "ghost"}
    with code.window(file, SETTINGS | more) as window:
        window.page.set_viewport_size({"width": 900, "height": 480})
        window.wait_for_status("ready")
        window.press("Control+b")  # away with the list of files
        play(window, file)
        window.page.wait_for_timeout(1500)  # what moves comes to rest
        window.page.screenshot(path=PICTURES / f"vscode-{name}.png")


if __name__ == "__main__":
    home = Path(tempfile.mkdtemp())
    with served(home / "code") as code:
        for name in sys.argv[1:] or SCENES:
            draw(code, home, name)
