"""`switchyard explain`: a place, a traceback, a command that fails; what its model is told and what is printed."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from types import SimpleNamespace

import pytest

from lsp import cli
from lsp.shell import ran
from lsp.shell.prose import marked
from router.runtimes.scripted import Scripted
from router.types import Call, Delta, Mention, Prose, Timing
from tests.test_cli import Shell, sh

__all__ = ["sh"]
SAID = "**What is wrong** It divides by none at `prices.py:3`, as `nowhere.py:9` does."
PRICES = '''def share(total, people):
    """What each of them pays."""
    return total / len(people)
'''
MAIN = """from prices import share

KEY = "AKIAIOSFODNN7EXAMPLE"
print(share(3, []))
"""


@pytest.fixture
def shop(sh: Shell) -> Shell:
    """A repository with a program that fails."""
    (sh.folder / "script.toml").write_text(f"[[cue]]\nsay = ['''{SAID[:20]}''', '''{SAID[20:]}''']\n")
    subprocess.run(["git", "init", "--quiet", str(sh.folder)], check=True)
    sh.file("prices.py", PRICES)
    sh.file("main.py", MAIN)
    return sh


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """What the engine was asked."""
    calls: list[Call] = []
    generate = Scripted.generate

    def listening(self: Scripted, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        calls.append(call)
        return generate(self, call)

    monkeypatch.setattr(Scripted, "generate", listening)
    return calls


def python(*arguments: str) -> tuple[str, ...]:
    return "--", sys.executable, *arguments


# A place


def test_a_place_is_explained_and_what_is_invented_is_struck_out(shop: Shell, heard: list[Call]) -> None:
    code, out, err = shop("explain", "prices.py:3")
    assert (code, err) == (0, "switchyard: to have it mended: switchyard fix prices.py:3\n")
    assert out == "**What is wrong** It divides by none at `prices.py:3`, as ~~`nowhere.py:9`~~ does.\n"
    assert "3|     return total / len(people)" in heard[-1].prompt


def test_as_json_it_says_which_places_are_real(shop: Shell) -> None:
    code, out, _ = shop("explain", "prices.py:3:5", "--json")
    said = json.loads(out)
    assert (code, said["markdown"], said["frames"]) == (0, SAID, [])
    assert [(it["text"].strip("`"), it["real"]) for it in said["mentions"]] == [
        ("prices.py:3", True),
        ("nowhere.py:9", False),
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "Name a place"),
        (("prices.py:3", "--traceback", "-"), "Name a place"),
        (("prices.py:99",), "there is no line 99"),
        (("gone.py:1",), "There is no file gone.py"),
        (("--traceback", "gone.txt"), "gone.txt can't be read"),
        (("--", "no-such-program"), "no-such-program can't be run"),
    ],
)
def test_what_cannot_be_explained_is_told(shop: Shell, arguments: tuple[str, ...], reason: str) -> None:
    code, out, err = shop("explain", *arguments)
    assert (code, out) == (1, "")
    assert reason in err


def test_a_place_that_is_none_is_a_wrong_command_line(shop: Shell) -> None:
    assert shop("explain", "prices.py")[0] == 2


def test_an_excluded_file_is_not_explained(shop: Shell, heard: list[Call]) -> None:
    shop.file(".aiignore", "prices.py\n")
    code, _, err = shop("explain", "prices.py:3")
    assert code == 1
    assert ".aiignore:1" in err
    assert not heard


def test_an_engine_that_fails_is_told(shop: Shell) -> None:
    (shop.folder / "script.toml").write_text("[[cue]]\nfail = 'Unreachable'\n")
    code, out, err = shop("explain", "prices.py:3")
    assert (code, out) == (1, "")
    assert err.startswith("switchyard: ")


# A traceback


TRACE = """Traceback (most recent call last):
  File "/app/main.py", line 4, in <module>
    print(share(3, []))
  File "/app/prices.py", line 3, in share
    return total / len(people)
ZeroDivisionError: division by zero
"""


def test_a_traceback_from_elsewhere_leads_to_the_files_here(shop: Shell, heard: list[Call]) -> None:
    shop.file("log.txt", f"starting\n{TRACE}")
    code, out, _ = shop("explain", "--traceback", "log.txt", "--json")
    assert code == 0
    frames = [(Path(it["path"]).name, it["line"]) for it in json.loads(out)["frames"]]
    assert frames == [("main.py", 4), ("prices.py", 3)]
    prompt = heard[-1].prompt
    assert "File prices.py (python), line 3." in prompt
    assert "ZeroDivisionError: division by zero" in prompt
    assert 'main.py:\nfrom prices import share\n\nKEY = "' in prompt  # the code around the frame in the other file
    assert prompt.count("def share(") == 1
    assert "AKIAIOSFODNN7EXAMPLE" not in prompt
    assert "starting" not in prompt


def test_the_definitions_that_the_frames_are_in_are_shown_whole(shop: Shell, heard: list[Call]) -> None:
    middle = "def bill(rows):\n    total = 0\n    for row in rows:\n        total += row\n    return share(total, [])\n"
    shop.file("bills.py", f"from prices import share\n\n\n{middle}\n\nLATER = 1\n")
    between = '  File "/app/bills.py", line 8, in bill\n    return share(total, [])\n'
    shop.file("log.txt", TRACE.replace('  File "/app/prices.py"', f'{between}  File "/app/prices.py"'))
    assert shop("explain", "--traceback", "log.txt")[0] == 0
    assert f"bills.py:\n{middle}" in heard[-1].prompt


def test_a_traceback_of_a_file_that_is_shorter_now_leads_to_its_last_line(shop: Shell, heard: list[Call]) -> None:
    shop.file("log.txt", TRACE.replace('prices.py", line 3', 'prices.py", line 50'))
    code, _, err = shop("explain", "--traceback", "log.txt")
    assert (code, err) == (0, "switchyard: to have it mended: switchyard fix prices.py:3\n")
    assert "prices.py has changed since: it has 3 lines, and no line 50." in heard[-1].prompt


def test_a_traceback_may_come_through_a_pipe(shop: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(TRACE.encode())))
    assert shop("explain", "--traceback", "-")[0] == 0


def test_a_traceback_of_other_files_is_explained_by_itself(shop: Shell, heard: list[Call]) -> None:
    shop.file("log.txt", TRACE.replace("main.py", "other.py").replace("prices.py", "also.py"))
    code, out, _ = shop("explain", "--traceback", "log.txt", "--json")
    assert (code, json.loads(out)["frames"]) == (0, [])
    assert "ZeroDivisionError: division by zero" in heard[-1].prompt
    assert "def share" not in heard[-1].prompt


def test_what_is_no_traceback_is_explained_by_itself(shop: Shell, heard: list[Call]) -> None:
    shop.file("speaks.py", "print('The setting speed is missing.')\nraise SystemExit(2)\n")
    code, _, err = shop("explain", *python("speaks.py"))
    assert (code, err) == (0, "")
    assert "speaks.py\n" in heard[-1].prompt
    assert "[it ended with exit code 2]" in heard[-1].prompt
    assert "The setting speed is missing." in heard[-1].prompt


def test_silence_is_no_question(shop: Shell, heard: list[Call]) -> None:
    shop.file("fails.py", "raise SystemExit(2)\n")
    code, _, err = shop("explain", *python("fails.py"))
    assert code == 1
    assert "Nothing was printed" in err
    assert not heard


@pytest.mark.parametrize("way", [".gitignore", ".aiignore", "privacy"])
def test_of_an_excluded_file_nothing_is_shown_though_a_traceback_names_it(
    shop: Shell, heard: list[Call], way: str
) -> None:
    settings = ("--set", "privacy.exclude=['prices.py']") if way == "privacy" else ()
    if way != "privacy":
        shop.file(way, "prices.py\n")
    shop.file("log.txt", TRACE.replace("/app", str(shop.folder)))
    assert shop("explain", "--traceback", "log.txt", *settings)[0] == 0
    assert "File main.py (python), line 4." in heard[-1].prompt
    assert "[a frame that is not shown]" in heard[-1].prompt
    for line in PRICES.splitlines():
        assert line.strip() not in heard[-1].prompt


def test_only_excluded_files_are_no_question(shop: Shell, heard: list[Call]) -> None:
    shop.file(".aiignore", "*.py\n")
    shop.file("log.txt", TRACE)
    code, _, err = shop("explain", "--traceback", "log.txt")
    assert code == 1
    assert "kept out of prompts" in err
    assert not heard


def test_what_a_compiler_says_stands_with_the_code(shop: Shell, heard: list[Call]) -> None:
    shop.file("log.txt", 'prices.py:3: error: Unsupported operand types for / ("str" and "int")  [operator]\n')
    assert shop("explain", "--traceback", "log.txt")[0] == 0
    assert "line 3: Unsupported operand types" in heard[-1].prompt


# A command


def test_a_command_that_fails_is_explained(shop: Shell, heard: list[Call]) -> None:
    assert cli.run(("explain", *python("main.py"))) == 0
    prompt = heard[-1].prompt
    assert "main.py\n[it ended with exit code 1]" in prompt
    assert "ZeroDivisionError" in prompt
    assert "File prices.py (python), line 3." in prompt


def run(shop: Shell, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """In a process of its own, as in a shell."""
    command = [sys.executable, "-I", "-m", "lsp", "explain", *arguments]
    house = Path(__file__).parent.parent
    environment = os.environ | {"PYTHONPATH": str(house)}
    return subprocess.run(command, cwd=shop.folder, env=environment, capture_output=True, timeout=60, check=False)


def test_what_a_command_prints_passes_through_as_it_is(shop: Shell) -> None:
    shop.file("loud.py", "import sys\nprint('\\x1b[31mred\\x1b[0m')\nprint('bad', file=sys.stderr)\n")
    done = run(shop, *python("loud.py"))
    assert (done.returncode, done.stdout) == (0, b"\x1b[31mred\x1b[0m\n".replace(b"\n", os.linesep.encode()))
    assert done.stderr.split() == [b"bad", *b"switchyard: the command ended well; there is nothing to explain.".split()]


def test_with_json_stdout_is_json_alone(shop: Shell) -> None:
    shop.file("loud.py", "print('noise')\nimport prices\nprices.share(1, [])\n")
    done = run(shop, "--json", *python("loud.py"))
    assert done.returncode == 0
    assert json.loads(done.stdout)["markdown"] == SAID
    assert b"noise" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interruption_is_the_commands(shop: Shell) -> None:
    shop.file("waits.py", "import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    command = [sys.executable, "-I", "-m", "lsp", "explain", *python("waits.py")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    with subprocess.Popen(
        command,
        cwd=shop.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"KeyboardInterrupt" in err  # the command's own; ours is silent
    assert b"lsp" not in err


def test_of_a_long_output_the_end_is_kept(capfd: pytest.CaptureFixture[str]) -> None:
    ended = ran.run([sys.executable, "-c", "print('x' * 500_000)\nprint('the end')\nraise SystemExit(3)"], sys.stdout)
    assert (ended.code, ended.how, ended.interrupted) == (3, "exit code 3", False)
    assert ran.KEPT >= len(ended.output) > ran.KEPT - 10
    assert ended.output.rstrip().endswith("the end")
    assert len(capfd.readouterr().out) > 500_000


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_signal_is_called_by_its_name() -> None:
    ended = ran.run([sys.executable, "-c", "import os; os.abort()"], sys.stdout)
    assert ended.how == "SIGABRT"


# What is printed


def test_real_places_are_links_and_invented_ones_are_struck_out_with_their_backticks() -> None:
    text, there = "see `a.py:1`, b.py and `c.py:7`", str(Path("/srv/a.py").absolute())

    def mention(name: str, path: str = "") -> Mention:
        return Mention(text.index(name), text.index(name) + len(name), path)

    answer = Prose(text, (mention("`c.py:7`"), mention("a.py:1", there), mention("b.py")))
    assert marked(answer) == "see `a.py:1`, ~~b.py~~ and ~~`c.py:7`~~"
    assert marked(answer, lambda path, line: Path(path).as_uri()).startswith(
        f"see [`a.py:1`]({Path(there).as_uri()}), "
    )


def test_what_is_printed_has_no_control_characters(shop: Shell) -> None:
    (shop.folder / "script.toml").write_text('[[cue]]\nsay = ["all \\u001b]0;x\\u0007 well \\u202e"]\n')
    code, out, _ = shop("explain", "prices.py:3")
    assert code == 0
    assert out.startswith("all ")
    assert not set(out) & set("\x1b\x07\u202e")
