"""The command line: what is printed, what is never printed, and the exit codes."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from lsp import cli
from lsp.client import Client
from lsp.commands import doctor, models
from lsp.shell import files, terminal
from router.config import Config
from router.models import catalog, known
from router.models import machine as machines
from router.models.types import Model, Survey
from router.runtimes import child
from router.types import Document

SCRIPT = """
[[cue]]
when = "total = "
say = ["left + ", "right"]
"""
NOBODY = ("--set", "runtime.engine=ollama", "--set", "runtime.ollama.host=http://127.0.0.1:9")


class Shell:
    """Runs commands in a folder where the scripted engine is set up."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.run(arguments)
        except SystemExit as ended:  # argparse ends the process on a wrong command line
            code = int(ended.code or 0)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    def file(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)


@pytest.fixture
def sh(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path / "user.toml"))
    (tmp_path / "script.toml").write_text(SCRIPT)
    user = f"[runtime]\nengine = 'scripted'\n[runtime.scripted]\nscript = '{tmp_path / 'script.toml'}'\n"
    (tmp_path / "user.toml").write_text(user)
    return Shell(tmp_path, capsys)


# complete


def test_a_completion_is_printed_and_nothing_else(sh: Shell) -> None:
    file = sh.file("a.py", "left = right = 1\ntotal = \n")
    assert sh("complete", f"{file}:2:9") == (0, "left + right\n", "")


def test_a_completion_that_is_only_printed_is_in_no_ledger(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(sh.folder / "state"))
    place = sh.file("app.py", "total = ") + ":1:9"
    assert sh("complete", place)[:2] == (0, "left + right\n")
    assert "no ledger yet" in sh("stats")[1] or "no turn" in sh("stats")[1]


def test_as_json_it_says_where_it_goes_and_who_said_it(sh: Shell) -> None:
    file = sh.file("a.py", "left = right = 1\ntotal = \n")
    code, out, _ = sh("complete", f"{file}:2:9", "--json")
    said = json.loads(out)
    assert code == 0
    assert (said["engine"], said["model"], said["silent"]) == ("scripted", "script", "")
    place = {"line": 2, "column": 9}
    assert said["insertions"] == [{"text": "left + right", "start": place, "end": place}]


def test_silence_is_no_error_and_says_why(sh: Shell) -> None:
    file = sh.file("a.py", "other = \n")
    code, out, err = sh("complete", f"{file}:1:9")
    assert (code, out) == (0, "")
    assert err.startswith("switchyard: silent. scripted has nothing to suggest")
    assert json.loads(sh("complete", f"{file}:1:9", "--json")[1])["insertions"] == []


def test_a_link_does_not_show_what_its_name_hides(sh: Shell) -> None:
    sh.file(".env", "total = \n")
    (sh.folder / "notes.py").symlink_to(".env")
    (sh.folder / "private").symlink_to(sh.folder)
    sh.file("a.py", "total = \n")
    assert sh("complete", f"{sh.folder}/private/a.py:1:9")[1] == "left + right\n"
    for name, hidden in (
        ("notes.py", "[]"),
        ("private/a.py", "['private/']"),
        ("private/a.py", f"['{sh.folder.name}/']"),
    ):
        code, out, err = sh("complete", f"{sh.folder}/{name}:1:9", "--set", f"privacy.exclude={hidden}")
        assert (code, out) == (0, "")
        assert "kept out of every prompt" in err


def test_automatic_suggestions_switched_off_leave_those_asked_for_by_hand(sh: Shell) -> None:
    file = sh.file("a.py", "total = \n")
    off = ("--set", "complete.automatic=false")
    code, out, err = sh("complete", f"{file}:1:9", *off)
    assert (code, out) == (0, "")
    assert "--manual" in err
    assert sh("complete", f"{file}:1:9", "--manual", *off)[1] == "left + right\n"


def test_no_engine_is_an_error_with_a_way_out(sh: Shell) -> None:
    file = sh.file("a.py", "total = \n")
    code, out, err = sh("complete", f"{file}:1:9", *NOBODY)
    assert (code, out) == (1, "")
    assert "127.0.0.1:9" in err


@pytest.mark.parametrize(
    ("place", "code", "sentence"),
    [
        ("none.py:1:1", 1, "There is no file none.py."),
        (".:1:1", 1, ". is a folder"),
        ("binary:1:1", 1, "binary is a binary file"),
        ("latin.py:1:1", 1, "latin.py is not UTF-8 text (byte 3)"),
        ("a.py:0:1", 1, "there is no line 0"),
        ("a.py:4:1", 1, "a.py has 3 lines; there is no line 4"),
        ("a.py:1:0", 1, "there is no column 0"),
        ("a.py:1:4", 1, "Line 1 of a.py has 2 characters; there is no column 4"),
        ("a.py:99999999999999999999:1", 1, "there is no line"),
        ("a.py", 2, "is not FILE:LINE:COL"),
        ("a.py:1", 2, "is not FILE:LINE:COL"),
        ("a.py:1:-1", 2, "is not FILE:LINE:COL"),
        ("a.py:²:1", 2, "is not FILE:LINE:COL"),
        (":1:1", 2, "is not FILE:LINE:COL"),
        ("a\0b:1:1", 1, "can't be read: the name is not one"),
        ("\x1b]0;owned\x07none.py:1:1", 1, "There is no file none.py."),
    ],
)
def test_a_wrong_place_gets_one_sentence(place: str, code: int, sentence: str, sh: Shell) -> None:
    sh.file("binary", b"\x7fELF\0\0")
    sh.file("latin.py", b"caf\xe9")
    sh.file("a.py", "ab\ncd\n")
    got, out, err = sh("complete", place)
    assert (got, out) == (code, "")
    assert sentence in err
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("text", "line", "column", "offset"),
    [
        ("", 1, 1, 0),
        ("ab\n", 2, 1, 3),
        ("ab\r\ncd", 2, 2, 5),
        ("ab\rcd\r", 3, 1, 6),
        ("a\u2028b\x0cc\nd", 1, 6, 5),
        ("𝔘é\nx", 2, 2, 4),
    ],
)
def test_lines_and_columns_are_counted_as_editors_do(text: str, line: int, column: int, offset: int) -> None:
    document = Document("a", "", 1, text)
    assert files.offset(document, "a", line, column) == offset
    assert files.place(document, offset) == (line, column)


@given(st.text(st.sampled_from("ab\n\r\u2028\x0c𝔘"), max_size=60), st.data())
def test_an_offset_comes_back_from_its_line_and_column(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    if text[at - 1 : at + 1] != "\r\n":  # nobody's cursor stands between those two
        document = Document("a", "", 1, text)
        assert files.offset(document, "a", *files.place(document, at)) == at


# models, doctor, config


def test_models_shows_who_completes(sh: Shell) -> None:
    code, out, _ = sh("models")
    assert code == 0
    assert re.search(r"→ +scripted +script +plain", out)
    assert "scripted completes. " in out


def test_models_as_json(sh: Shell) -> None:
    said = json.loads(sh("models", "--json")[1])
    model = said["engines"][0]["models"][0]
    assert (said["engine"], model["name"], model["in_force"], model["remote"]) == ("scripted", "script", True, False)


def test_doctor_is_content_with_an_engine(sh: Shell) -> None:
    code, out, _ = sh("doctor")
    assert code == 0
    assert "Completion runs on scripted." in out
    assert json.loads(sh("doctor", "--json")[1])["ok"] is True


def test_doctor_fails_without_one_and_names_the_command_that_mends_it(sh: Shell) -> None:
    code, out, _ = sh("doctor", *NOBODY)
    assert code == 1
    assert "missing  ollama: " in out
    assert re.search(r"-> .*ollama (serve|pull)", out)
    assert "Completion can't run." in out


def test_doctor_calls_echo_no_model(sh: Shell) -> None:
    code, out, _ = sh("doctor", "--set", "runtime.engine=echo")
    assert code == 0
    assert "Completion runs, but no model is there" in out


def surveyed(monkeypatch: pytest.MonkeyPatch, *surveys: Survey) -> None:
    async def survey(_: Config) -> Sequence[Survey]:
        return surveys

    monkeypatch.setattr(models, "survey", survey)


def test_doctor_names_a_model_that_cannot_fill_in_the_middle(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    surveyed(monkeypatch, Survey("ollama", (Model("ollama", "llama3:8b"),)))
    monkeypatch.setattr(doctor, "_own_address", lambda: "")
    code, out, _ = sh("doctor")
    assert code == 1
    assert "llama3:8b can't fill in the middle" in out
    assert "-> ollama pull qwen2.5-coder:1.5b" in out


@pytest.mark.parametrize("command", ["models", "doctor"])
def test_the_model_that_completes_is_the_one_that_the_server_would_take_on_this_machine(
    command: str, sh: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("qwen2.5-coder:0.5b", "qwen2.5-coder:3b")
    surveyed(monkeypatch, Survey("ollama", tuple(catalog.candidate(catalog.table()[name]) for name in names)))
    monkeypatch.setattr(doctor, "_own_address", lambda: "")
    for machine, model in (("cpu-16gb", "0.5b"), ("rtx4090", "3b")):
        here = known.named(machine)
        monkeypatch.setattr(machines, "found", lambda file, here=here: here)
        assert f"qwen2.5-coder:{model} of" in sh(command)[1]


def test_doctor_warns_of_what_leaves_the_machine(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    models = (Model("ollama", "qwen2.5-coder:1.5b", "qwen"), Model("ollama", "big-coder:cloud", "qwen", remote=True))
    surveyed(monkeypatch, Survey("ollama", models))
    monkeypatch.setattr(doctor, "_own_address", lambda: "192.0.2.7")
    monkeypatch.setattr(doctor, "_answers", lambda address, port: (address, port) == ("192.0.2.7", 11434))
    code, out, _ = sh("doctor", "--set", "runtime.ollama.host=http://gpu.example:11434")
    assert code == 0
    assert "WARNING  ollama: big-coder:cloud runs on somebody else's machine" in out
    assert "WARNING  ollama: your settings send code to gpu.example" in out
    assert "WARNING  ollama: Ollama answers on 192.0.2.7 too" in out


def test_doctor_names_the_library_that_llama_cpp_stands_on(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    surveyed(monkeypatch, Survey("embedded", error=child.OPENMP))
    monkeypatch.setattr(child, "lacking", lambda: child.OPENMP)
    assert "-> apt install libgomp1" in sh("doctor")[1]


def test_doctor_reports_wrong_settings_and_goes_on(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    surveyed(monkeypatch, Survey("echo", (Model("echo", "echo", "plain", loaded=True),)))
    sh.file("user.toml", "[complete]\nmax_tokens = 'many'\n")
    code, out, _ = sh("doctor")
    assert code == 1
    assert re.search(r"WRONG  settings: .*user.toml:2: complete.max_tokens must be a whole number", out)
    assert re.search(r"can't run\. Nothing is suggested until .*user.toml is mended\.", out)


def test_doctor_goes_on_where_it_is_only_the_workspace_that_is_wrong(sh: Shell) -> None:
    sh.file(".switchyard.toml", "nope = 1\n")
    code, out, _ = sh("doctor")
    assert code == 0
    assert "until then the file is passed over" in out
    assert "Completion runs on scripted." in out


def test_doctor_says_that_it_lacks_the_model_which_the_settings_name(
    sh: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    surveyed(monkeypatch, Survey("echo", (Model("echo", "echo", "plain", loaded=True),)))
    sh.file("user.toml", "models.complete = 'nope:1b'\n")
    code, out, _ = sh("doctor")
    assert code == 0
    assert "`ollama pull nope:1b`" in out


def test_doctor_shows_all_engines_when_a_key_is_not_there(sh: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    sh.file("user.toml", "[runtime.openai]\nhost = 'http://127.0.0.1:9'\nkey_env = 'NO_SUCH_KEY'\n")
    code, out, _ = sh("doctor", "--set", "runtime.ollama.host=http://127.0.0.1:9")
    assert code == 0
    assert "missing  openai: The variable that runtime.openai.key_env names is not set" in out
    assert "ok  echo: " in out


@pytest.mark.parametrize("host", ["http://[::1", "http://127.0.0.1:99999", "http://a..b"])
def test_doctor_lives_with_a_host_that_is_none(sh: Shell, host: str) -> None:
    code, out, _ = sh("doctor", "--set", "runtime.engine=openai", "--set", f"runtime.openai.host={host}")
    assert code == 1
    assert "missing  openai: runtime.openai.host is not an address" in out
    assert "Completion can't run." in out


def test_a_host_is_this_machine_only_by_its_whole_name() -> None:
    assert all(map(doctor._is_here, ("127.0.0.1", "127.1.2.3", "::1", "localhost", "a.localhost")))
    assert not any(map(doctor._is_here, ("127.evil.example", "localhost.evil.example", "192.0.2.1", "")))


def test_doctor_names_a_family_that_there_is_not(sh: Shell) -> None:
    code, out, _ = sh("doctor", "--set", "runtime.engine=openai", "--set", "runtime.openai.family=quen")
    assert code == 1
    assert "WRONG  settings: runtime.openai.family must be one of plain, " in out


def test_config_says_where_each_value_comes_from(sh: Shell) -> None:
    sh.file(".switchyard.toml", "[complete]\nmax_lines = 4\n[runtime]\nengine = 'ollama'\n")
    code, out, err = sh("config", "--json", "--set", "complete.max_tokens=64")
    said: dict[str, Any] = json.loads(out)
    assert code == 0
    assert said["complete.max_tokens"] == {"value": 64, "from": "--set"}
    assert said["complete.max_lines"]["from"].endswith(".switchyard.toml")
    assert said["runtime.engine"]["value"] == "scripted"
    assert said["runtime.engine"]["from"].endswith("user.toml")
    assert said["complete.automatic"] == {"value": True, "from": ""}
    assert "runtime.engine can only be set in your own settings file" in err
    assert "complete.max_tokens" in sh("config")[1]


@pytest.mark.parametrize("command", ["models", "doctor", "config"])
@pytest.mark.parametrize("setting", ["nonsense", "complete.max_token=1", "complete.max_tokens=many"])
def test_a_wrong_setting_on_the_command_line_is_refused(command: str, setting: str, sh: Shell) -> None:
    code, out, err = sh(command, "--set", setting)
    assert (code, out) == (1, "")
    assert err.startswith("switchyard: --set")


@pytest.mark.parametrize("arguments", [["nonsense"], ["models", "extra"], ["complete"], ["--jsonx"]])
def test_a_wrong_command_line_ends_with_2(arguments: list[str], sh: Shell) -> None:
    code, out, err = sh(*arguments)
    assert (code, out) == (2, "")
    assert "usage: switchyard" in err


@pytest.mark.parametrize("arguments", [["lsp"], [], ["models"]])
def test_a_wrong_setting_ends_the_server_with_a_sentence(arguments: list[str]) -> None:
    program = (sys.executable, "-I", "-m", "lsp", *arguments, "--set", "complete.max_token=1")
    done = subprocess.run(program, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    sentence = "switchyard: --set: there is no setting complete.max_token; the nearest is complete.max_tokens.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", sentence)


def test_without_arguments_the_module_is_the_language_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path / "none.toml"))

    async def talk() -> object:
        client = await Client.start(tmp_path, (), (sys.executable, "-I", "-m", "lsp"))
        await client.stop()
        return client._process.returncode

    assert asyncio.run(talk()) == 0


# what reaches a terminal

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\nand more", "plain\ttext\nand more"),
        ("a\r\nb\rc", "a\nbc"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred\x9d0;title\x9cx", "redx"),
        ("\x1bP1$tx\x1b\\y", "y"),
        ("\x1bcreset", "reset"),
        ("\x1b]0;no end\nnext line", "\nnext line"),
        ("if a\u202e\u2066 } ⁦", "if a } "),
        ("half \ud800", "half \ufffd"),
        ("\x1b", ""),
    ],
)
def test_escapes_go_and_text_stays(text: str, shown: str) -> None:
    assert terminal.clean(text) == shown


@given(st.text(st.sampled_from("\x1b[]0;m\\\x07\x9b\x9c\x9dP^_ab\n\t\r\u202e\ud800é")))
def test_nothing_that_steers_a_terminal_is_ever_printed(text: str) -> None:
    once = terminal.clean(text)
    assert not UNSEEN.search(once)
    assert terminal.clean(once) == once


def test_json_is_ascii_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.as_json({"name": "\x1b]0;x\x07 \x9b \u202e \ud800"})
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
    assert json.loads(out) == {"name": "\x1b]0;x\x07 \x9b \u202e \ud800"}


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, ""), (999, "999 B"), (1_646_573_054, "1.65 GB"), (986_000_000, "986 MB"), (10**16, "10 PB")],
)
def test_sizes_for_people(amount: int, shown: str) -> None:
    assert terminal.size(amount) == shown


def printed(width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    out = Console(width=width)
    monkeypatch.setattr(terminal, "console", lambda: out)
    rows = [("complete", "qwen2.5-coder:1.5b", "always", "3,968", ""), ("fix", "b:1", "comes and goes", "16,384", "")]
    terminal.table(("job", "model", "in memory", "prompt>", "is"), rows, ("is", "prompt"))
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


def test_a_table_leaves_out_what_is_empty(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(80, capsys, monkeypatch) == [
        "job       model               in memory       prompt",
        "complete  qwen2.5-coder:1.5b  always           3,968",
        "fix       b:1                 comes and goes  16,384",
    ]


def test_on_a_narrow_terminal_a_column_goes_before_a_word_breaks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert printed(46, capsys, monkeypatch)[0] == "job       model               in memory"
    assert printed(40, capsys, monkeypatch)[-2:] == [
        "fix       b:1                 comes and",
        "                              goes",
    ]


def test_where_no_table_fits_there_is_a_line_for_each_cell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert printed(30, capsys, monkeypatch)[-5:] == [
        "",
        "job: fix",
        "model: b:1",
        "in memory: comes and goes",
        "prompt: 16,384",
    ]
