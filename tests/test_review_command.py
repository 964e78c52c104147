"""`switchyard review`: a real repository, a real process, the scripted engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import reviewer
from tests import sarif as standard
from tests.lsp_client import scripted
from tests.repository import Repository

OLD = "def mean(items):\n    total = sum(items)\n    return total\n\n\ndef other(a, b):\n    return a + b\n"
NEW = OLD.replace("return total", "return total / len(items)").replace("a + b", "a - b - len(str(a))")
FINDING = {
    "quote": "return total / len(items)",
    "line": 3,
    "rule": "out-of-range",
    "message": "An empty list makes this a division by zero.",
    "symbols": ["items"],
    "fails": "[]",
}
SCRIPT = reviewer.script(
    {"total / len(items)": [FINDING, FINDING | {"quote": "invented()"}]},
    "- `mean` divides now\n- see [this](http://evil.example)",
)


class Shell:
    """A repository with a change, and the command run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = Repository(folder / "work")
        self.repo.commit({"a.py": OLD, "keys/a.pem.py": OLD})
        self.script = SCRIPT

    def run(self, *words: str, given: bytes = b"") -> subprocess.CompletedProcess[str]:
        settings = [*scripted(self.folder, self.script), "models.review_changes=script"]
        flags = [word for setting in settings for word in ("--set", setting)]
        env = {**os.environ, "SWITCHYARD_CONFIG": "/nowhere/config.toml", "XDG_STATE_HOME": str(self.folder / "state")}
        env |= {"GIT_CONFIG_GLOBAL": os.devnull, "XDG_CACHE_HOME": str(self.folder / "cache")}
        command = [sys.executable, "-I", "-m", "lsp", "review", *flags, *words]
        done = subprocess.run(command, cwd=self.repo.folder, env=env, input=given, capture_output=True, check=False)
        return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_change_is_reviewed_and_summed_up(shell: Shell) -> None:
    shell.repo.write({"a.py": NEW, "b.py": "x = 1\n"})
    done = shell.run()
    assert done.returncode == 0, done.stderr
    assert "a.py:3:5: warning: An empty list makes this a division by zero. [out-of-range]" in done.stdout
    assert "It fails for: an empty list" in done.stdout
    assert "- `mean` divides now" in done.stdout
    assert "evil" not in done.stdout
    assert "b.py: git does not keep it yet" in done.stdout
    assert "1 finding in 2 changed definitions." in done.stdout


def test_what_was_reviewed_is_not_asked_again(shell: Shell) -> None:
    shell.repo.write({"a.py": NEW})
    shell.run()
    shell.script = '[[cue]]\nfail = "Unreachable"\n'
    done = shell.run("--format", "json")
    found = json.loads(done.stdout)
    assert [it["rule"] for it in found["findings"]] == ["out-of-range"]
    assert found["known"] == 2


def test_a_finding_that_is_grave_enough_fails(shell: Shell) -> None:
    shell.repo.write({"a.py": NEW})
    assert shell.run("--fail-on", "warning").returncode == 1
    assert shell.run("--fail-on", "error").returncode == 0


def test_the_forms_for_programs(shell: Shell) -> None:
    shell.repo.write({"a.py": NEW})
    found = json.loads(shell.run("--json").stdout)
    assert found["stages"] == {"claims": 4, "elsewhere": 1, "quote": 2, "shown": 1}
    assert list(standard.faults(json.loads(shell.run("--format", "sarif").stdout))) == []
    assert shell.run("--format", "github").stdout.startswith("::warning file=a.py,line=3,")
    assert shell.run("--format", "markdown").stdout.startswith("# Review\n")


def test_an_excluded_file_is_listed_with_the_reason_and_reaches_no_prompt(shell: Shell) -> None:
    shell.repo.write({".aiexclude": "keys/\n", "keys/a.pem.py": NEW})
    done = shell.run("--format", "json")
    (skipped,) = [it for it in json.loads(done.stdout)["not_reviewed"] if it["path"].startswith("keys")]
    assert "kept out of every prompt by" in skipped["why"]
    assert ".aiexclude:1" in skipped["why"]
    assert json.loads(done.stdout)["summary"] == ""


def test_a_diff_comes_from_a_file_or_a_pipe(shell: Shell) -> None:
    shell.repo.write({"a.py": NEW})
    said = shell.repo.git("diff").encode()
    assert "[out-of-range]" in shell.run("--diff", "-", given=said).stdout
    assert shell.run("--diff", "nothing.diff").returncode == 1
    assert "no unified diff" in shell.run("--diff", "-", given=b"hello").stderr


def test_an_engine_that_fails_is_a_reason_and_not_silence(shell: Shell) -> None:
    shell.script = '[[cue]]\nfail = "Unreachable"\n'
    shell.repo.write({"a.py": NEW})
    done = shell.run()
    assert "a.py (mean): The script says Unreachable" in done.stdout
    assert done.stdout.endswith("Nothing was reviewed, see above.\n")
    assert done.returncode == 1


def test_where_no_engine_has_a_model_a_pipeline_does_not_pass(shell: Shell) -> None:
    shell.repo.write({"a.py": NEW})
    done = shell.run("--format", "sarif", "--fail-on", "error", "--set", "runtime.engine=echo")
    assert done.returncode == 1
    assert done.stderr.startswith("switchyard: No engine has script")
    assert not json.loads(done.stdout)["runs"][0]["invocations"][0]["executionSuccessful"]


def test_no_change_is_no_finding(shell: Shell) -> None:
    done = shell.run("--staged")
    assert (done.returncode, done.stdout) == (0, "Nothing has changed.\n")


def test_without_a_repository_the_way_out_is_told(shell: Shell) -> None:
    done = shell.run("--base", "nothing")
    assert done.stderr.endswith(" A diff can be had with --diff FILE.\n")
    assert done.returncode == 1


def test_one_choice_at_a_time(shell: Shell) -> None:
    done = shell.run("--staged", "--base", "main")
    assert done.returncode == 1
    assert "Choose one" in done.stderr
