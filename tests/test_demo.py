"""The demonstration: where it types, what it does to the text, and what it prints."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp.client import Buffer, Client, ServerEnded
from lsp.commands import demo
from lsp.shell import places
from lsp.shell.places import Place
from lsp.shell.typist import Pause, Typist
from router import SwitchyardError
from router.types import Insertion, Span

SOURCE = """import json

def first(store):
    value = store.read_value("first")
    return json.dumps(value)

def second(store):
    value = store.read_value("second")
    return json.dumps(value)
"""
code = st.text(st.sampled_from("ab_=(). \t\n\r\x0b\u2028é𝔘"), max_size=300)


class Editorless:
    """The other end of a buffer: keeps what a server would be told, and suggests what it is given."""

    def __init__(self, suggestions: dict[str, str] | None = None) -> None:
        self.said: list[tuple[str, Any]] = []
        self._suggestions = suggestions or {}

    def notify(self, method: str, params: Any) -> None:
        self.said.append((method, params))

    async def request(self, method: str, params: Any) -> Any:
        self.said.append((method, params))
        if method != "textDocument/inlineCompletion":
            return None
        place = params["position"]
        line = re.split("\r\n|\n|\r", self.buffer.text)[place["line"]][: place["character"]]
        text = next((text for end, text in self._suggestions.items() if line.endswith(end)), None)
        return text and {"items": [{"insertText": text, "range": {"start": place, "end": place}}]}

    def open(self, text: str) -> Buffer:
        self.buffer = Buffer(cast(Client, self), Path("/a.py"), "python", text)
        return self.buffer


async def typed(typist: Typist, place: Place) -> list[Pause]:
    return [pause async for pause in typist.line(place)]


@given(code, st.integers(1, 6))
def test_a_place_is_a_line_of_the_text_without_its_indentation(text: str, count: int) -> None:
    chosen = places.choose(text, count)
    assert len(chosen) <= count
    assert chosen == sorted(chosen, key=lambda place: place.start)
    for place in chosen:
        assert text[place.start : place.start + len(place.text)] == place.text == place.text.strip()


@given(st.text(max_size=120), st.integers(1, 6))
def test_pauses_are_inside_the_line_and_in_order(line: str, count: int) -> None:
    found = places.pauses(line, count)
    assert len(found) <= count
    assert found == sorted(set(found))
    assert all(0 < pause < len(line) for pause in found)


def test_it_types_where_the_file_says_the_same_thing_elsewhere() -> None:
    assert "value = store.read_value" in places.choose(SOURCE, 1)[0].text


@given(code)
def test_what_was_typed_again_is_what_stood_there(text: str) -> None:
    editor = Editorless()
    buffer = editor.open(text)
    for place in places.choose(text, 3):
        asyncio.run(typed(Typist(buffer, False, lambda _: None), place))
    assert buffer.text == text


def test_a_suggestion_that_was_meant_is_taken_and_typing_goes_on_behind_it() -> None:
    editor = Editorless({"    value ": "= store.read_value("})
    buffer = editor.open(SOURCE)
    place = Place(SOURCE.index("value = "), 'value = store.read_value("first")')
    pauses = asyncio.run(typed(Typist(buffer, False, lambda _: None), place))
    assert pauses[0].taken
    assert [pause.typed for pause in pauses[1:] if len(pause.typed) < len("value = store.read_value(")] == []
    assert buffer.text == SOURCE
    assert any(params.get("command") == "switchyard.accepted" for _, params in editor.said)


def test_a_suggestion_that_was_not_meant_is_shown_and_not_taken() -> None:
    buffer = Editorless({"    value ": "is None"}).open(SOURCE)
    place = Place(SOURCE.index("value = "), 'value = store.read_value("first")')
    pauses = asyncio.run(typed(Typist(buffer, False, lambda _: None), place))
    assert pauses[0].insertion is not None
    assert not pauses[0].taken
    assert buffer.text == SOURCE


def test_a_suggestion_can_be_taken_afterwards_in_the_place_of_the_rest_of_the_line() -> None:
    buffer = Editorless({"    value ": "is None"}).open(SOURCE)
    place = Place(SOURCE.index("value = "), 'value = store.read_value("first")')
    typist = Typist(buffer, False, lambda _: None)
    pause = asyncio.run(typed(typist, place))[0]
    asyncio.run(typist.take(place, pause))
    assert buffer.text == SOURCE.replace(place.text, "value is None")


def test_positions_go_over_as_lines_and_code_points() -> None:
    editor = Editorless()
    buffer = editor.open("é\r\n𝔘x\ry")
    buffer.replace(4, 5, "z")
    _, said = editor.said[-1]
    assert said["contentChanges"][0]["range"]["start"] == {"line": 1, "character": 1}
    assert buffer.text == "é\r\n𝔘z\ry"


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An engine that knows one word, and settings that name it."""
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path / "none.toml"))
    path = tmp_path / "script.toml"
    path.write_text("[[cue]]\nwhen = 'value '\nsay = ['= store.', 'read_value(']\n")
    return ["runtime.engine=scripted", f"runtime.scripted.script={path}"]


def test_the_demonstration_names_the_engine_and_shows_ghost_text_and_silence(
    script: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "store.py"
    file.write_text(SOURCE)
    assert demo.show(str(file), script, fast=True) == 0
    said = capsys.readouterr().out
    engine, why, *rest = said.splitlines()
    assert engine == "engine: scripted"
    assert "scripted" in why
    assert any("value ‸= store.read_value(" in line and "ms, accepted" in line for line in rest)
    assert any("(silent, " in line for line in rest)
    assert "⟦= store.read_value(⟧" in said
    assert "Neovim" in said
    assert file.read_text() == SOURCE


def test_a_server_without_an_engine_is_an_answer_and_not_a_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path / "none.toml"))
    file = tmp_path / "store.py"
    file.write_text(SOURCE)
    closed = ["runtime.engine=ollama", "runtime.ollama.host=http://127.0.0.1:9"]
    assert demo.show(str(file), closed, fast=True) == 1
    assert "127.0.0.1:9" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "has no line that could be typed again"),
        (b" \n\t\r\n", "has no line that could be typed again"),
        (b"\x7fELF\0\1", "is a binary file"),
        (b"caf\xe9 = 1\n", "is not UTF-8 text"),
        (b"x = 1\n" * 400_000, "leaves such files alone"),
    ],
)
def test_a_file_that_will_not_do_gets_a_sentence(content: bytes, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.py"
    file.write_bytes(content)
    with pytest.raises(SwitchyardError, match=sentence):
        demo.show(str(file))


def test_a_server_that_ends_says_why() -> None:
    program = (sys.executable, "-I", "-c", "import sys; sys.exit('there is no server today')")
    with pytest.raises(ServerEnded, match="exit code 1: there is no server today"):
        asyncio.run(Client.start(Path.cwd(), (), program))


def test_an_insertion_over_other_text_is_not_taken_for_what_was_meant() -> None:
    from lsp.shell.typist import _meant

    assert _meant(Insertion("value", Span(3, 3)), 3, "value = 1")
    assert not _meant(Insertion("value", Span(3, 5)), 3, "value = 1")
    assert not _meant(Insertion("v", Span(3, 3)), 3, "value = 1")
