"""Films vscode.svg: ghost text, an explanation and a fix in a real VS Code; only the model's words are from a script.

python -m docs.pictures.film_vscode           # from the top of the repository, after `make test-editors`
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from docs.pictures.draw_vscode import BILL, EXPLANATION, SCRIPT, SETTINGS
from tests.editors.workbench import Window, served

FILM = Path(__file__).with_name("vscode.svg")
WIDTH, HEIGHT, CAPTION = 1000, 520, 40
LOOK: dict[str, object] = {"editor.cursorBlinking": "solid", "editor.fontSize": 15, "editor.hover.enabled": False}
ENOUGH = """
[[cue]]
when = 'len(guests)}"'
"""
# What of a frame is not as in the one before, as a picture without loss, and where that stands.
CHANGED = """async ([before, now]) => {
  const read = async (png) => {
    const bitmap = await createImageBitmap(await (await fetch("data:image/png;base64," + png)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    canvas.drawImage(bitmap, 0, 0);
    return canvas.getImageData(0, 0, bitmap.width, bitmap.height);
  };
  const picture = await read(now), { width, height } = picture;
  const [a, b] = [before ? (await read(before)).data : new Uint8ClampedArray(width * height * 4), picture.data];
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let at = 0; at < a.length; at += 4) {
    if (a[at] === b[at] && a[at + 1] === b[at + 1] && a[at + 2] === b[at + 2] && a[at + 3] === b[at + 3]) continue;
    const x = (at / 4) % width, y = Math.floor(at / 4 / width);
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  if (right < 0) return null;
  const part = document.createElement("canvas");
  [part.width, part.height] = [right - left + 1, bottom - top + 1];
  part.getContext("2d").putImageData(picture, -left, -top);
  return [left, top, part.width, part.height, part.toDataURL("image/webp", 1)];
}"""


@dataclass
class Film:
    """Frames in their order: a PNG, and for how many seconds it is seen; captions by when they come."""

    window: Window
    frames: list[tuple[str, float]] = field(default_factory=list)
    captions: list[tuple[float, str]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(seconds for _, seconds in self.frames)

    def caption(self, text: str) -> None:
        self.captions.append((self.seconds, text))

    def shoot(self, seconds: float) -> None:
        self.frames.append((base64.b64encode(self.window.page.screenshot()).decode(), seconds))


def play(film: Film) -> None:
    window = film.window
    film.caption("You type; what comes next stands there in grey")
    window.at_the_end()
    window.type("\n\n")
    film.shoot(0.8)
    for piece in ("de", "f ", "sp", "li", "t("):
        window.type(piece)
        film.shoot(0.15)
    window.wait(lambda: "for each of" in window.ghost())
    film.shoot(1.6)
    film.caption("Ctrl+→ takes a word")
    for _ in range(3):
        window.press("Control+ArrowRight")
        window.page.wait_for_timeout(400)
        film.shoot(0.6)
    film.caption("Tab takes all of it")
    window.press("Tab")
    window.wait(lambda: not window.ghost())
    film.shoot(1.2)
    _explain(film)
    _fix(film)


def _explain(film: Film) -> None:
    window = film.window
    film.caption("Explain: written beside the code, with links to the places that there are")
    window.press("Control+g")
    window.type("5:5\n")
    window.command("Switchyard: Explain")
    for words in ("nobody comes to", "may not be empty", "How to make sure"):
        window.wait(lambda words=words: words in window.beside())
        film.shoot(0.7)
    window.wait(lambda: window.beside_page().get_by_role("button", name="Fix it").count())
    window.page.wait_for_timeout(1000)
    film.shoot(2.2)


def _fix(film: Film) -> None:
    window = film.window
    film.caption("Fix it: a diff, before anything is changed")
    window.beside_page().get_by_role("button", name="Fix it").click()
    window.above("Apply the Change").wait_for()
    window.page.wait_for_timeout(1500)
    film.shoot(2.4)
    film.caption("Apply: one step, and one undo takes it back")
    window.above("Apply the Change").click()
    window.wait(lambda: "if guests else" in window.text())
    window.page.wait_for_timeout(1500)
    film.shoot(2.4)


def developed(film: Film, browser: Browser) -> str:
    """The film as an SVG: each change is laid over what was there before, at its time."""
    page = browser.new_page()
    whole, at, before = film.seconds, 0.0, ""
    style, body = [], []
    for number, (png, seconds) in enumerate(film.frames):
        if found := page.evaluate(CHANGED, [before, png]):
            x, y, width, height, href = found
            style.append(_from(f"f{number}", at, whole, whole))
            body.append(f'<image id="f{number}" x="{x}" y="{y}" width="{width}" height="{height}" href="{href}"/>')
        at, before = at + seconds, png
    ends = [start for start, _ in film.captions[1:]] + [whole]
    for number, ((start, text), end) in enumerate(zip(film.captions, ends, strict=True)):
        style.append(_from(f"c{number}", start, end, whole))
        body.append(f'<text id="c{number}" x="16" y="{HEIGHT + 26}">{escape(text)}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT + CAPTION}" '
        f'width="{WIDTH}" height="{HEIGHT + CAPTION}"><title>Switchyard in VS Code</title>\n'
        f"<style>text {{ font: 17px sans-serif; fill: #fff }}\n{''.join(style)}</style>\n"
        f'<rect width="{WIDTH}" height="{HEIGHT + CAPTION}" fill="#24292f"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def _from(name: str, start: float, end: float, whole: float) -> str:
    """Seen from one second of the film to another; what does not move shows the end."""
    first, last = 100 * start / whole, 100 * end / whole
    shown = f"{first:.3f}% {{ opacity: 1 }} "
    hidden = "0% { opacity: 0 } " if start else ""
    after = f"{last:.3f}% {{ opacity: 0 }} " if end < whole else ""
    still = 0 if end < whole else 1
    return (
        f"@keyframes {name} {{ {hidden}{shown}{after}100% {{ opacity: {still} }} }} "
        f"#{name} {{ opacity: {still}; animation: {name} {whole:.1f}s step-end infinite }}\n"
    )


def main() -> int:
    home = Path(tempfile.mkdtemp())
    file, script = home / "dinner" / "bill.py", home / "script.toml"
    file.parent.mkdir()
    file.write_text(BILL)
    pieces = [f"{it}\n\n" for it in EXPLANATION.split("\n\n")]
    script.write_text(
        ENOUGH + SCRIPT.replace(f"say = ['''{EXPLANATION}''']", f"wait_ms = 900\nsay = {json.dumps(pieces)}")
    )
    settings: dict[str, Any] = {**SETTINGS, **LOOK, "switchyard.runtime.scripted.script": str(script)}
    with served(home / "code") as code, code.window(file, settings | {"switchyard.review.on_save": False}) as window:
        window.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        window.wait_for_status("ready")
        window.press("Control+b")  # away with the list of files
        film = Film(window)
        play(film)
        FILM.write_text(developed(film, code.browser), encoding="utf-8")
    print(f"{FILM}: {film.seconds:.0f} s, {len(film.frames)} frames, {FILM.stat().st_size // 1000} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
