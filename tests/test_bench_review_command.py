"""`switchyard bench review`: the corpus before a model, by the command, on engines that play and on a real one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from lsp import cli
from router.reviewing import trial
from router.reviewing.trial import Case
from router.types import Finding
from tests.engine import random_gguf

CASES = trial.cases(2)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from the checkout, without a user's settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path / "none.toml"))


def claim(case: Case) -> str:
    """The answer of a reviewer who sees something in the line of the bug, or in the first of a clean definition."""
    text, span = case.document.text, case.wrong or case.unit.span
    start = text.rfind("\n", 0, span.start) + 1
    quote = text[start : text.find("\n", span.end - 1 if case.wrong else span.start)].strip()
    said = {"quote": quote, "line": 0, "rule": "other", "message": "Its result is wrong.", "symbols": [], "fails": "x"}
    return json.dumps({"findings": [said]})


def script(folder: Path, *more: str) -> list[str]:
    """A reviewer who claims something of each bug and each clean definition, and whose second look believes it all."""
    looks = [f"[[cue]]\nholds = 'The claim:'\nsay = ['{json.dumps({'fails': 'an empty list'})}']\n"]
    shown = [it for it in CASES if it.kind != "poison"]
    cues = [f"[[cue]]\nholds = {json.dumps(head(it))}\nsay = [{json.dumps(claim(it))}]\n" for it in shown]
    rest = ["[[cue]]\nsay = ['{\"findings\": []}']\n"]
    (folder / "script.toml").write_text("".join([*more, *looks, *cues, *rest]))
    return ["--set", "runtime.engine=scripted", "--set", "runtime.scripted.script=script.toml"]


def head(case: Case) -> str:
    """What only the prompt about this definition holds."""
    span = case.wrong or case.unit.span
    return case.document.text[span.start : span.end].strip().splitlines()[0]


def test_what_a_model_finds_and_invents_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bench", "review", *script(tmp_path), "--model", "script", "--most", "2"]
    assert cli.run([*arguments, "--json"]) == 0
    out, err = capsys.readouterr()
    (row,) = json.loads(out)
    assert err == ""
    assert (row["model"], row["bugs"], row["clean"], row["poisoned"]) == ("script", 2, 2, 2)
    assert (row["found"], row["false_beside"], row["false"], row["acting"], row["unanswered"]) == (2, 0, 2, 0, 0)
    lines = sum(it.lines for it in CASES if it.kind == "clean")
    assert row["false_in_100_lines"] == pytest.approx(200 / lines)
    assert (row["stages"]["claims"], row["stages"]["shown"]) == (4, 4)
    assert cli.run(arguments) == 0
    shown = capsys.readouterr().out
    assert "2 of 2" in shown
    assert "second look" in shown


def test_a_real_engine_answers_and_its_noise_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    weights = random_gguf.made()
    engine = ["--set", "runtime.engine=embedded", "--set", f"runtime.embedded.gguf={weights}"]
    code = cli.run(["bench", "review", *engine, "--model", weights.stem, "--most", "1", "--json"])
    out, err = capsys.readouterr()
    (row,) = json.loads(out)
    assert row["bugs"] + row["clean"] + row["poisoned"] == 3
    assert (row["found"], row["false"], row["acting"]) == (0, 0, 0)
    assert code == int(row["unanswered"] == 3)
    assert ("got no answer" in err) == bool(row["unanswered"])


def test_a_model_that_is_not_here_is_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["bench", "review", *script(tmp_path), "--model", "script", "--model", "oracle"]) == 1
    out, err = capsys.readouterr()
    assert (out, "No engine here has a model 'oracle'" in err) == ("", True)


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C cannot be sent to one process there")
def test_ctrl_c_prints_what_was_found_so_far(tmp_path: Path) -> None:
    stuck = f"[[cue]]\nholds = {json.dumps(head(CASES[1]))}\nhang = true\n"
    program = """
import sys
from lsp.shell import terminal
from lsp import cli
from contextlib import contextmanager
@contextmanager
def progress():
    yield lambda done, of, what: done == 1 and print("now", file=sys.stderr, flush=True)
terminal.progress = progress
sys.exit(cli.run(sys.argv[1:]))
"""
    places = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    child = subprocess.Popen(
        [sys.executable, "-c", program, "bench", "review", *script(tmp_path, stuck), "--model=script", "--most=2"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stderr
        assert child.stderr.readline() == "now\n"
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "1 of 1" in out
    assert "stopped" in err
    assert "Traceback" not in err


def test_the_cases_are_the_same_each_time_and_the_kinds_take_turns() -> None:
    assert trial.cases(2) == CASES
    assert [it.kind for it in CASES] == ["bug", "clean", "poison"] * 2
    assert Counter(it.kind for it in trial.cases(10_000)) == {"bug": 98, "clean": 143, "poison": 45}


def test_a_finding_elsewhere_in_the_definition_is_false() -> None:
    score, (case,) = trial.Score(), [it for it in trial.cases(1) if it.kind == "bug"]
    assert case.wrong is not None
    there, gone = (Finding(case.document.path, it, "", "warning", "other", "") for it in (case.wrong, case.unit.span))
    score.take(case, [there, gone])
    assert (score.bugs, score.found, score.beside) == (1, 1, 1)


@pytest.mark.parametrize(("arguments", "command"), [(["one"], "bench"), (["review", "--model", "a"], "bench_review")])
def test_models_are_still_measured_by_their_names(arguments: list[str], command: str) -> None:
    args = cli._parser().parse_args(cli._joined(["bench", *arguments]))
    assert args.command == command
    assert args.models in (["one"], ["a"])
