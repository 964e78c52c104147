"""`switchyard index`: what is known of a workspace, what was passed over, and where a name is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lsp import cli
from tests.trees import repository, write

FILES = {
    "app.py": "def greet(name: str) -> str:\n    '''Say hello.'''\n    return name\n",
    "é/use.py": "from app import greet\n\nprint(greet('ü'), greet('x'))\n",
    "bad\x1b[31m.py": "greet()\n",
    ".gitignore": "out/\n",
    "secret/key.py": "def hidden(): pass\n",
    "x.bin": "\0",
}


class Shell:
    """Runs the command in a workspace, with a cache of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = cli.run(("index", *arguments))
        out, err = self._capsys.readouterr()
        return code, out, err

    def json(self, *arguments: str) -> Any:
        code, out, _ = self(*arguments, "--json")
        assert code == 0
        return json.loads(out)


@pytest.fixture
def index(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path / "user.toml"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(repository(tmp_path / "work", FILES))
    return Shell(tmp_path / "work", capsys)


def test_it_says_what_is_known_and_what_was_passed_over(index: Shell) -> None:
    write(index.folder, {"out/made.py": "", "é/new.go": "package a\n"})
    found = index.json("--set", "privacy.exclude=['secret/']")
    assert found["files"] == {"go": 1, "python": 3}
    assert found["passed"] == {"excluded": 1, "not a language that is known": 2}
    assert (found["git"], found["waiting"], found["parsed"], found["definitions"]) == (True, 0, 4, 1)
    assert found["stored"] > 0
    code, out, _ = index("--set", "privacy.exclude=['secret/']")
    assert code == 0
    assert "4 files" in out
    assert "Passed over: 1, excluded." in out
    assert "0 were parsed just now" in out


def test_a_name_is_shown_where_it_is_defined_and_who_says_it(index: Shell) -> None:
    code, out, _ = index("--symbol", "greet")
    assert code == 0
    assert f"{index.folder / 'app.py'}:1:5" in out
    assert "def greet(name: str) -> str:" in out
    assert f"{index.folder / 'é/use.py'}:3:7" in out
    assert "\x1b" not in out
    found = index.json("--symbol", "greet")
    assert found["definitions"][0]["doc"] == "Say hello."
    assert [it["count"] for it in found["references"]] == [2, 1]


def test_a_name_that_nobody_says_is_a_failure(index: Shell) -> None:
    code, out, _ = index("--symbol", "nobody\x1b[31m")
    assert code == 1
    assert out == "Nobody in this workspace says nobody.\n"


def test_what_is_excluded_is_not_shown(index: Shell) -> None:
    assert index("--symbol", "hidden")[0] == 0
    code, out, _ = index("--symbol", "hidden", "--set", "privacy.exclude=['secret/']")
    assert (code, "secret" in out) == (1, False)


def test_another_folder_may_be_named(index: Shell) -> None:
    assert index.json(str(index.folder / "é"))["files"] == {"python": 1}


@pytest.mark.parametrize(
    ("path", "said"), [("/nowhere", "There is no folder /nowhere."), ("/", "/ is too wide to be a workspace")]
)
def test_a_folder_that_is_none_is_a_sentence(index: Shell, path: str, said: str) -> None:
    code, out, err = index(path)
    assert (code, out) == (1, "")
    assert said in err
