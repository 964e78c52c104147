"""The user's own prompts: in force where they are good, told of once where they are not; and the command that shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lsp import cli
from router import tasks
from router.jobs import prompts
from router.jobs.prompts import Prompts
from router.reviewing import steps

OURS = tasks.texts()["explain"]
MINE = OURS.replace("You explain one bug", "You explain one bug, in verse,")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of prompts."""
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path / "config.toml"))
    folder = tmp_path / "prompts"
    folder.mkdir()
    return folder


def test_a_prompt_of_ones_own_takes_the_place_of_ours(own: Path) -> None:
    (own / "explain.md").write_bytes(MINE.replace("\n", "\r\n").encode("utf-8-sig"))
    assert prompts.in_force()["explain"].body.startswith("You explain one bug, in verse,")
    assert prompts.in_force()["review"] == tasks.shipped()["review"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"Explain.", "explain.md: it must open with front matter"),
        (MINE.replace("{code}", "{cod}").encode(), "there is no field {cod}"),
        (MINE.replace('"prose"', '"edit"').encode(), 'answer must stay "prose"'),
        (MINE[: MINE.rindex("+++\n") + 4].encode(), "there is nothing after the front matter"),
        (b"\xff", "not UTF-8"),
        (b"x" * 200_000, "longer than 100,000 bytes"),
    ],
)
def test_one_that_is_wrong_is_told_of_once_and_ours_is_used(own: Path, text: bytes, says: str) -> None:
    (own / "explain.md").write_bytes(text)
    told: list[str] = []
    it = Prompts(told.append, own)
    assert it.tasks()["explain"] == it.tasks()["explain"] == tasks.shipped()["explain"]
    (sentence,) = told
    assert says in sentence
    assert sentence.startswith(str(own / "explain.md"))


def test_one_that_a_shell_has_only_made_room_for_counts_as_none(own: Path) -> None:
    (own / "explain.md").write_bytes(b"")
    assert Prompts(pytest.fail, own).tasks() == tasks.shipped()


def test_what_is_changed_is_in_force_at_once(own: Path) -> None:
    it = Prompts(pytest.fail, own)
    assert it.tasks() == tasks.shipped()
    (own / "explain.md").write_text(MINE)
    assert "in verse" in it.tasks()["explain"].body
    (own / "explain.md").unlink()
    assert it.tasks() == tasks.shipped()


def test_the_command_tells_which_is_in_force(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own / "explain.md").write_text(MINE)
    assert cli.run(["prompts"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in shown if line.startswith(("explain", "fix "))] == [
        str(own / "explain.md"),
        "ours",
    ]
    assert cli.run(["prompts", "explain"]) == 0
    assert capsys.readouterr().out == MINE
    assert cli.run(["prompts", "--diff"]) == 0
    shown = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("+You", "-You"))]
    assert [line[0] for line in shown] == ["-", "+"]
    assert "in verse" in shown[1]


def test_the_command_says_what_is_wrong(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own / "explain.md").write_text(MINE.replace("{code}", "{cod}"))
    (own / "explian.md").write_text(MINE)
    assert cli.run(["prompts", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["explain"]["from"] == ""
    assert "there is no field {cod}" in json.loads(out)["explain"]["fault"]
    assert [line.rpartition("/")[2] for line in err.splitlines()][-1] == "explian.md: there is no such task."
    assert cli.run(["prompts", "poem"]) == 1
    assert "There is no task 'poem'" in capsys.readouterr().err


LOOK = steps.texts()["steps/second_look"]


def test_what_a_review_asks_besides_is_listed_and_compared(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own / "steps").mkdir()
    (own / "steps" / "second_look.md").write_text(LOOK.replace("You check", "You slowly check"))
    assert cli.run(["prompts"]) == 0
    shown = {line.split()[0]: line.split()[-1] for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert shown["steps/second_look"] == str(own / "steps" / "second_look.md")
    assert shown["steps/summary"] == "ours"
    assert cli.run(["prompts", "steps/second_look", "--diff"]) == 0
    assert "+You slowly check" in capsys.readouterr().out
    assert steps.step(tasks.shipped()["review"], steps.SECOND_LOOK, own).body.startswith("You slowly check")


def test_what_is_wrong_with_them_is_said_and_ours_is_asked(own: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (own / "steps").mkdir()
    (own / "steps" / "second_look.md").write_text(LOOK.replace("{code}", "{cod}"))
    (own / "steps" / "third_look.md").write_text(LOOK)
    assert cli.run(["prompts", "--json"]) == 1
    out, err = capsys.readouterr()
    assert "there is no field {cod}" in json.loads(out)["steps/second_look"]["fault"]
    assert "third_look.md: there is no such task." in err
    assert steps.step(tasks.shipped()["review"], steps.SECOND_LOOK, own).body == LOOK.strip()
