"""Plays the stories in tests/stories: each is a Markdown page, carried out over real stdio with the scripted engine.

What a fenced block means is said by the words after its language:

    script            what the engine says, as TOML
    settings          what the editor has been told, as TOML
    open FILE         a file is opened; `‸` is the cursor. `CR` or `CRLF` after it: its line ends
    file FILE         another file of the folder, which is then the editor's workspace
    typed             the user types until the file looks like this
    asks              the editor asks for a suggestion and does not wait for it
    shows [by hand]   the editor asks, and this is on the screen: what is suggested stands between « and »
    rests             the cursor rests there, and when the editor has asked once more, this is on the screen
    accepted          the user accepts, and the file looks like this
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.fixture import at
from tests.lsp_client import STATUS, Editor, scripted

STORIES = sorted((Path(__file__).parent / "stories").glob("*.md"))
_BLOCK = re.compile(r"^```(\w+) (.+)\n((?:.*\n)*?)```$", re.MULTILINE)
_LINE_END = re.compile(r"\r\n|\r|\n")
PATIENCE_S, AHEAD_S = 20.0, 0.5  # what is done ahead takes about half a second after the cursor has come to rest
_ENDS = {"CR": "\r", "CRLF": "\r\n"}


class Stage:
    """An editor's window with one file in it, and the server behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = ""
        self.settings: dict[str, Any] = {}
        self.editor: Editor | None = None
        self.uri = self.text = self.end = ""
        self.cursor = self.version = 0
        self.asked: list[Any] = []
        self.workspace: list[dict[str, str]] = []
        self.item: dict[str, Any] | None = None

    def play(self, deed: str, language: str, body: str) -> None:
        """Carry out one block."""
        word, _, rest = deed.partition(" ")
        if word in ("script", "settings"):
            self.set_up(word, body)
        elif word == "file":
            self.write(rest, body)
        else:
            picture = _LINE_END.sub(self.end or "\n", body)
            {
                "open": lambda: self.open(language, rest, body),
                "typed": lambda: self.type(*at(picture)),
                "asks": lambda: self.asked.append(self.ask(*at(picture))),
                "shows": lambda: self.show(picture, by_hand=rest == "by hand"),
                "rests": lambda: self.rest(picture),
                "accepted": lambda: self.accept(picture),
            }[word]()

    def set_up(self, what: str, toml: str) -> None:
        """The engine's script, or the editor's settings."""
        if what == "script":
            self.script = toml
        else:
            self.settings = msgspec.toml.decode(toml)
            if self.editor:
                self.editor.notify("workspace/didChangeConfiguration", {"settings": self.settings})
                self.editor.request("workspace/executeCommand", command("", ""))  # in order: it has been read now

    def write(self, file: str, body: str) -> None:
        """One more file of the workspace, which begins with the first."""
        if not self.workspace:
            subprocess.run(["git", "init", "--quiet", str(self.folder)], check=True)
            self.workspace = [{"uri": self.folder.as_uri(), "name": "workspace"}]
        (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / file).write_text(body + "\n", "utf-8")

    def open(self, language: str, file: str, body: str) -> None:
        """Start the server and open the file."""
        name, _, end = file.partition(" ")
        self.end = _ENDS.get(end, "\n")
        self.text, self.cursor = at(_LINE_END.sub(self.end, body))
        self.uri, self.version = (self.folder / name).as_uri(), 1
        self.editor = Editor(scripted(self.folder, self.script))
        folders = {"workspaceFolders": self.workspace} if self.workspace else {}
        self.editor.hello(initializationOptions=self.settings, capabilities=STATUS, **folders)
        self.editor.ready()
        self.editor.open(self.uri, self.text, language)

    def type(self, text: str, cursor: int) -> None:
        """Change the file to `text`, by one edit in the middle of it."""
        same = next((i for i, (old, new) in enumerate(zip(self.text, text, strict=False)) if old != new), None)
        start = min(len(self.text), len(text)) if same is None else same
        tail = 0
        while tail < min(len(self.text), len(text)) - start and self.text[-1 - tail] == text[-1 - tail]:
            tail += 1
        edit = (self.place(start), self.place(len(self.text) - tail), text[start : len(text) - tail])
        self.version += 1
        assert self.editor
        self.editor.change(self.uri, self.version, edit)
        self.text, self.cursor = text, cursor

    def ask(self, text: str, cursor: int, by_hand: bool = False) -> Any:
        """Ask for a suggestion; the id."""
        assert text == self.text, "the story's file is not the editor's"
        self.cursor = cursor
        assert self.editor
        return self.editor.complete(self.uri, *self.place(cursor), trigger=1 if by_hand else 2)

    def show(self, picture: str, by_hand: bool) -> None:
        """Ask, and compare the screen."""
        before, after = re.sub("«.*»", "", picture, flags=re.DOTALL), picture
        assert self.editor
        answer = self.editor.answer(self.ask(*at(before), by_hand=by_hand))
        self.item = answer["result"]["items"][0] if answer["result"] else None
        assert self.screen() == after

    def rest(self, picture: str) -> None:
        """Tell where the cursor rests and ask, again and again: what goes on in the background is told to nobody."""
        before = re.sub("«.*»", "", picture, flags=re.DOTALL)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self.cursor = at(before)[1]
            line, character = self.place(self.cursor)
            assert self.editor
            place = {"line": line, "character": character}
            self.editor.notify("switchyard/cursor", {"textDocument": {"uri": self.uri}, "position": place})
            time.sleep(AHEAD_S)
            answer = self.editor.answer(self.ask(*at(before)))
            self.item = answer["result"]["items"][0] if answer["result"] else None
            if self.screen() == picture or time.monotonic() > deadline:
                break
        assert self.screen() == picture

    def screen(self) -> str:
        """The file with cursor and ghost text."""
        if not self.item:
            return self.text[: self.cursor] + "‸" + self.text[self.cursor :]
        start, end, text = self.edit()
        typed = self.text[start : self.cursor]
        assert text.startswith(typed), "a suggestion changes what stands before the cursor"
        ghost, replaced = text[len(typed) :], self.text[self.cursor : end]
        if ghost.endswith(replaced):  # it stands there already, and stays
            ghost, end = ghost.removesuffix(replaced), self.cursor
        return f"{self.text[: self.cursor]}‸«{ghost}»{self.text[end:]}"

    def accept(self, picture: str) -> None:
        """Put the suggestion into the file, and say so as an editor does."""
        start, end, text = self.edit()
        self.type(self.text[:start] + text + self.text[end:], start + len(text))
        assert f"{self.text[: self.cursor]}‸{self.text[self.cursor :]}" == picture
        assert self.editor
        assert self.item
        self.editor.request("workspace/executeCommand", command(*self.item["command"]["arguments"]))

    def edit(self) -> tuple[int, int, str]:
        """The suggestion as (start, end, text)."""
        assert self.item, "nothing is suggested"
        start, end = (self.item["range"][side] for side in ("start", "end"))
        places = {self.place(offset): offset for offset in range(len(self.text), -1, -1)}
        return places[start["line"], start["character"]], places[end["line"], end["character"]], self.item["insertText"]

    def place(self, offset: int) -> tuple[int, int]:
        """The line and UTF-16 column of an offset."""
        lines = _LINE_END.split(self.text[:offset])
        return len(lines) - 1, len(lines[-1].encode("utf-16-le")) // 2

    def end_of_story(self) -> None:
        """Nobody waits any longer, and what was not waited for got no answer to show."""
        assert self.editor
        assert [self.editor.answer(id)["result"] for id in self.asked] == [None] * len(self.asked)
        self.editor.bye()


def command(uri: str, text: str) -> dict[str, Any]:
    return {"command": "switchyard.accepted", "arguments": [uri, text]}


def blocks(page: str) -> Iterator[tuple[str, str, str]]:
    """The blocks of a page: deed, language, body."""
    for found in _BLOCK.finditer(page):
        yield found[2].strip(), found[1], found[3].removesuffix("\n")


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_story(story: Path, tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    try:
        for deed, language, body in blocks(story.read_text("utf-8")):
            stage.play(deed, language, body)
        stage.end_of_story()
    finally:
        if stage.editor:
            stage.editor.kill()


def test_there_are_stories() -> None:
    assert len(STORIES) >= 6
