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
    reported          what a linter says of the cursor's line, in a line each
    offers [by hand]  the editor asks what can be done at the cursor, and these are the titles
    hears TITLE       the user chooses one, and this is what is said while it comes
    begins TITLE      the same, but it does not come to its end
    cancels           the user does not want it any more
    reads             and this is its whole; a link leads to a file of the folder
    next              what it offers to do then
    changes TITLE     the user chooses one, looks at the edit, agrees, and the file looks like this
    refuses TITLE     the user chooses one, and this is why nothing comes of it
"""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lsp import messages
from tests.fixture import at
from tests.lsp_client import STATUS, Editor, scripted, span

STORIES = sorted((Path(__file__).parent / "stories").glob("*.md"))
_BLOCK = re.compile(r"^```(\w+) (.+)\n((?:.*\n)*?)```$", re.MULTILINE)
_LINE_END = re.compile(r"\r\n|\r|\n")
PATIENCE_S, AHEAD_S = 20.0, 0.5  # what is done ahead takes about half a second after the cursor has come to rest
EDITS = {"workspace": {"workspaceEdit": {"documentChanges": True, "changeAnnotationSupport": {}}}}
LARGE = ("models.fix=script", "models.refactor=script")  # which the plan would not trust it with
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
        self.reported: list[str] = []
        self.actions: dict[str, dict[str, Any]] = {}
        self.doing: Any = None
        self.done: dict[str, Any] = {}

    def play(self, deed: str, language: str, body: str) -> None:
        """Carry out one block."""
        word, _, rest = deed.partition(" ")
        if word in ("script", "settings"):
            self.set_up(word, body)
        elif word == "file":
            self.write(rest, body)
        else:
            picture = _LINE_END.sub(self.end or "\n", body)
            deeds: dict[str, Callable[[], object]] = {
                "open": lambda: self.open(language, rest, body),
                "typed": lambda: self.type(*at(picture)),
                "asks": lambda: self.asked.append(self.ask(*at(picture))),
                "shows": lambda: self.show(picture, by_hand=rest == "by hand"),
                "rests": lambda: self.rest(picture),
                "accepted": lambda: self.accept(picture),
                "reported": lambda: self.report(body),
                "offers": lambda: self.offer(body, by_hand=rest == "by hand"),
                "hears": lambda: self.hear(rest, body),
                "begins": lambda: self.begin(rest, body),
                "cancels": self.cancel,
                "reads": lambda: self.read(body),
                "next": lambda: self.offered(body, self.done["actions"]),
                "changes": lambda: self.change(rest, picture),
                "refuses": lambda: self.refuse(rest, body),
            }
            deeds[word]()

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
        self.editor = Editor((*scripted(self.folder, self.script), *LARGE))
        folders = {"workspaceFolders": self.workspace} if self.workspace else {}
        self.editor.hello(initializationOptions=self.settings, capabilities=STATUS | EDITS, **folders)
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

    def report(self, body: str) -> None:
        """From now on this is what a linter says of the cursor's line."""
        self.reported = body.split("\n") if body else []

    def offer(self, body: str, by_hand: bool) -> None:
        """Ask what can be done at the cursor."""
        line, column = self.place(self.cursor)
        whole = span((line, 0), (line, len(self.text.split("\n")[line])))
        context = {"diagnostics": [{"range": whole, "message": it} for it in self.reported]}
        params = {"textDocument": {"uri": self.uri}, "range": span((line, column), (line, column))}
        assert self.editor
        trigger = {"triggerKind": 1 if by_hand else 2}
        found = self.editor.request("textDocument/codeAction", params | {"context": context | trigger})
        self.offered(body, found)

    def offered(self, body: str, found: list[dict[str, Any]]) -> None:
        """These are the titles, in order, at the least."""
        self.actions = {it["title"]: it for it in found}
        assert body.split("\n") == [title for title in self.actions if title in body.split("\n")]

    def begin(self, title: str, body: str) -> None:
        """Choose an action, and listen until so much is said."""
        arguments = self.actions[title]["arguments"][:3]
        more = self.actions[title]["arguments"][4:]
        assert self.editor
        token = f"story-{self.version}-{len(self.asked)}-{self.cursor}"
        asked = {
            "command": self.actions[title]["command"],
            "arguments": [*arguments, *[None] * (3 - len(arguments)), token, *more],
        }
        self.doing = self.editor.ask("workspace/executeCommand", asked)
        said = ""
        while len(said.rstrip()) < len(body):
            said += self.editor.wait("$/progress")["value"]["delta"]
        assert said.rstrip() == body

    def hear(self, title: str, body: str) -> None:
        """Choose an action, and listen to its end."""
        self.begin(title, body)
        assert self.editor
        self.done = self.editor.answer(self.doing)["result"]

    def carry_out(self, title: str) -> dict[str, Any]:
        """Choose an action that edits; its result."""
        chosen = self.actions[title].get("command", self.actions[title])
        chosen = chosen if isinstance(chosen, dict) else self.actions[title]
        arguments = [*chosen["arguments"], *[None] * (3 - len(chosen["arguments"]))]
        arguments[3:4] = ["story"]  # on this token it is told what the model says
        assert self.editor
        asked = {"command": chosen["command"], "arguments": arguments}
        result: dict[str, Any] = self.editor.request("workspace/executeCommand", asked)
        self.editor.heard = [it for it in self.editor.heard if it["method"] != "$/progress"]
        return result

    def change(self, title: str, picture: str) -> None:
        """Choose an action, and agree to the edit that it comes to."""
        assert "refusal" not in (found := self.carry_out(title)), found
        assert self.editor
        edit = self.editor.wait("workspace/applyEdit")["edit"]
        (file,) = edit["documentChanges"]
        assert file["textDocument"] == {"uri": self.uri, "version": self.version}
        inside = {found.start() + 1 for found in re.finditer("\r\n", self.text)}  # no place lies within a line end
        places = {self.place(offset): offset for offset in range(len(self.text) + 1) if offset not in inside}
        text = self.text
        for one in file["edits"]:
            assert edit["changeAnnotations"][one["annotationId"]]["needsConfirmation"]
            ends = (one["range"][side] for side in ("start", "end"))
            start, end = (places[it["line"], it["character"]] for it in ends)
            text = text[:start] + one["newText"] + text[end:]  # the last comes first
        assert text == picture
        self.type(text, min(self.cursor, len(text)))

    def refuse(self, title: str, body: str) -> None:
        """Choose an action, and hear why it can't be done."""
        assert self.carry_out(title)["refusal"] == body

    def cancel(self) -> None:
        """Give up what was begun."""
        assert self.editor
        self.editor.notify("$/cancelRequest", {"id": self.doing})
        assert self.editor.error(self.doing) == messages.CANCELLED

    def read(self, body: str) -> None:
        """The whole of it, with links from the folder on."""
        assert self.done["markdown"].replace(self.uri.rpartition("/")[0] + "/", "") == body

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
