"""`switchyard stats`: what it prints, the page that it writes, and how it forgets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from lsp import cli
from lsp.commands import stats as command
from lsp.shell import charts, terminal
from router.ledger import book
from router.types import Turn

DAY = 86400.0
HOSTILE = "<script src=//x>\x1b]0;owned\x07&\"'"
Run = Callable[..., "tuple[int, str, str]"]


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path / "none.toml"))
    return tmp_path / "state" / "switchyard" / "ledger.db"


@pytest.fixture
def sh(ledger: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.run(["stats", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err

    return run


def turn(days: float = 0.0, **what: Any) -> Turn:
    usual: dict[str, Any] = {"task": "complete", "engine": "ollama", "model": "qwen", "outcome": "shown"}
    times = {"total_ms": 300.0, "first_ms": 90.0, "queued_ms": 0.5, "prefill_ms": 80.0, "decode_ms": 200.0}
    tokens = {"prompt_tokens": 1000, "reused_tokens": 900, "answer_tokens": 20, "joules": 40.0}
    return Turn(**(usual | times | tokens | {"at": time.time() - days * DAY} | what))


def write(ledger: Path, *turns: Turn) -> None:
    it = book.Book(str(ledger), 4000)
    it.write(dict(enumerate(turns)), {})
    it.close()


def a_month(ledger: Path) -> None:
    fates = ("accepted", "partly accepted", "typed", "dismissed", "")
    some = [turn(days, fate=fate) for days in range(0, 20, 2) for fate in fates]
    more = [turn(days, task="review", total_ms=9000.0, first_ms=1000.0) for days in (3, 4)]
    write(ledger, *some, *more, turn(100), turn(1, outcome="cached", joules=0.0), turn(1, outcome="failed"))


# What is printed


def test_before_there_is_anything_it_says_how_that_comes(sh: Run, ledger: Path) -> None:
    code, out, err = sh()
    assert (code, err) == (0, "")
    assert out.startswith(f"There is no ledger yet; it will be {ledger}. ")
    assert not ledger.exists()


def test_it_prints_a_line_per_task_and_a_bar_per_day(sh: Run, ledger: Path) -> None:
    a_month(ledger)
    code, out, err = sh("--users", "10", "--set", "cost.card=100")
    assert (code, err) == (0, "")
    assert re.search(r"^54 turns, [-\d]+ to [-\d]+: 52 shown, 1 cached, 1 failed$", out, re.M)
    assert re.search(r"^complete +50 +1 +0\.5 ms / 0\.5 ms +90 ms / 90 ms +300 ms / 300 ms$", out, re.M)
    assert re.search(r"^complete +50 +10 +10 +10 +10 +10 +50%$", out, re.M)
    assert re.search(r"^review +2,000 +90% +40 +80 J +100%$", out, re.M)
    assert re.search(r"^turns +[▁-█·]{19} +6$", out, re.M)
    assert "10 people who work like this" in out
    assert "a card of 100.00" in out


def test_a_bar_per_day_stays_on_its_line_where_the_terminal_is_narrow(
    sh: Run, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(ledger, *(turn(days) for days in range(0, 90, 3)))
    for width, bars in ((80, 48), (60, 28), (200, 60)):
        monkeypatch.setattr(terminal, "console", lambda width=width: Console(width=width))
        assert re.search(rf"^turns +[▁-█·]{{{bars}}} +1$", sh("--since", "all")[1], re.M)


def test_a_table_without_a_line_is_left_out(sh: Run, ledger: Path) -> None:
    write(ledger, turn(1, outcome="failed"))
    out = sh()[1]
    assert "1 failed" in out
    assert "suggestions" not in out


def test_what_lies_further_back_is_asked_for(sh: Run, ledger: Path) -> None:
    write(ledger, turn(100))
    assert "The ledger has no turn since" in sh()[1]
    assert sh("--since", "all")[1].startswith("1 turn, ")
    assert sh("--since", "20w")[1].startswith("1 turn, ")
    assert sh("--since", "2020-02-29")[1].startswith("1 turn, ")
    assert "no turn of review since" in sh("--task", "review", "--since", "all")[1]


@pytest.mark.parametrize(
    "wrong",
    [
        ("--since", "yesterday"),
        ("--since", "99999999999999d"),
        ("--since", "2026-02-30"),
        ("--since", "²d"),
        ("--users", "0"),
        ("--users", "many"),
        ("--users", "1" * 5000),
    ],
)
def test_a_wrong_word_on_the_command_line_is_refused(sh: Run, wrong: tuple[str, str]) -> None:
    code, _, err = sh(*wrong)
    assert code == 2
    assert "is not" in err


def test_as_json_it_says_all_of_it(sh: Run, ledger: Path) -> None:
    a_month(ledger)
    said = json.loads(sh("--json")[1])
    assert said["whole"]["turns"] == 54
    assert [task["name"] for task in said["tasks"]] == ["complete", "review"]
    assert said["money"]["api"] > said["money"]["api_evaluated"] > 0
    assert said["ledger"] == str(ledger)
    assert json.loads(sh("--json", "--task", "none")[1])["whole"]["turns"] == 0


def test_nothing_in_the_ledger_reaches_the_terminal_as_a_control(sh: Run, ledger: Path) -> None:
    write(ledger, turn(task=HOSTILE))
    assert "\x1b" not in sh()[1]
    assert "\x1b" not in sh("--json")[1]


def test_a_ledger_that_cannot_be_read_is_one_sentence(sh: Run, ledger: Path) -> None:
    ledger.parent.mkdir(parents=True)
    ledger.write_bytes(b"no database, but long enough to be one" * 100)
    code, out, err = sh()
    assert (code, out) == (1, "")
    assert err == f"switchyard: The ledger {ledger} is damaged; to begin anew: switchyard stats --forget\n"
    ledger.unlink()
    ledger.mkdir()
    assert sh()[0] == 1


def test_a_sparkline_is_as_high_as_its_values() -> None:
    assert command.sparkline([0, 1, None, 7, 3.5]) == "▁▂·█▅"
    assert command.sparkline([]) == ""
    assert command.sparkline([0, 0]) == "▁▁"


# The page


class Page(HTMLParser):
    """Checks that tags close in order, and keeps what matters of them."""

    VOID = ("meta", "!doctype")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page(sh: Run, folder: Path, *more: str) -> tuple[str, Page]:
    code, out, err = sh("--html", str(folder / "stats.html"), *more)
    assert (code, err) == (0, "")
    assert out.startswith("Written to ")
    text = (folder / "stats.html").read_text("utf-8")
    return text, Page(text)


def test_the_page_loads_and_runs_nothing(sh: Run, ledger: Path, tmp_path: Path) -> None:
    a_month(ledger)
    text, found = page(sh, tmp_path)
    assert not {tag for tag, _ in found.tags} & {"script", "link", "img", "iframe", "form", "a", "object", "base"}
    names = {name for _, attrs in found.tags for name in attrs}
    assert not {name for name in names if name.startswith("on") or name in ("style", "src", "href")}
    assert "url(" not in text
    assert "http" not in text.replace("http-equiv", "")
    (policy,) = [attrs["content"] or "" for tag, attrs in found.tags if attrs.get("http-equiv")]
    style = text[text.index("<style>") + 7 : text.index("</style>")]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'")


def test_each_plot_says_what_it_shows_and_has_its_numbers_beside_it(sh: Run, ledger: Path, tmp_path: Path) -> None:
    a_month(ledger)
    text, found = page(sh, tmp_path)
    plots = [attrs for tag, attrs in found.tags if tag == "svg" and attrs.get("role") == "img"]
    ids = {attrs["id"] for _, attrs in found.tags if "id" in attrs}
    assert len(plots) == 6
    assert all(set((plot["aria-labelledby"] or "").split()) <= ids for plot in plots)
    assert len(ids) == 2 * len(plots)
    assert len([tag for tag, _ in found.tags if tag == "table"]) == 5
    for svg in re.findall(r"<svg.*?</svg>", text, re.S):
        assert not [it for it in ElementTree.fromstring(svg).iter() if "nan" in " ".join(it.attrib.values())]


def test_a_hue_is_a_tasks_own(sh: Run, ledger: Path, tmp_path: Path) -> None:
    a_month(ledger)
    text, _ = page(sh, tmp_path)
    for svg in re.findall(r"<svg.*?</svg>", text, re.S):
        names = [it for it in ElementTree.fromstring(svg).iter() if it.attrib.get("class", "").startswith("name ")]
        assert all(it.attrib["class"].split()[1] == (it.text or "").split()[0] for it in names)


def test_what_stands_in_the_ledger_is_text_on_the_page(sh: Run, ledger: Path, tmp_path: Path) -> None:
    write(ledger, turn(task=HOSTILE, fate="accepted"), *[turn(1, task=HOSTILE, fate="dismissed")] * 9)
    text, found = page(sh, tmp_path, "--set", "cost.card=5")
    assert "<script" not in text
    assert "\x1b" not in text
    assert any("<script src=//x>" in words for words in found.words)


@pytest.mark.parametrize(
    "turns",
    [
        [],
        [turn()],
        [turn(joules=0.0)],
        [turn(outcome="failed", prompt_tokens=0, joules=0.0)],
        [turn(total_ms=0.0, first_ms=0.0, prompt_tokens=1, reused_tokens=-1)],
        [turn(joules=1e300, total_ms=1e300, prompt_tokens=2**60)],
        [turn(0), turn(5000)],
    ],
)
def test_the_page_is_whole_whatever_there_is(sh: Run, ledger: Path, tmp_path: Path, turns: list[Turn]) -> None:
    write(ledger, *turns)
    text, _ = page(sh, tmp_path, "--since", "all")
    assert text.endswith("</html>\n")
    assert "<h2>Money</h2>" in text or "What it cost" in text


@pytest.mark.parametrize("name", ["nowhere/a.html", ".", "a\0.html"])
def test_a_page_that_cannot_be_written_is_one_sentence(sh: Run, ledger: Path, name: str) -> None:
    write(ledger, turn())
    code, out, err = sh("--html", name)
    assert (code, out) == (1, "")
    assert "can't be written: " in err


@pytest.mark.parametrize("highest", [0.0, 0.003, 1.0, 7.0, 99.0, 100.0, 101.0, 123456.0, 1e300])
def test_an_axis_has_round_numbers_up_to_its_highest(highest: float) -> None:
    ticks = charts.nice(highest)
    assert ticks[0] == 0
    assert ticks[-1] >= highest
    assert 2 <= len(ticks) <= 6


def test_labels_keep_their_distance() -> None:
    assert charts.apart([50, 10, 52, 53], 15) == [50, 10, 65, 80]


# To be forgotten


def test_it_forgets_when_it_is_told_to(sh: Run, ledger: Path) -> None:
    write(ledger, turn())
    code, out, _ = sh("--forget", "--yes")
    assert code == 0
    assert str(ledger) in out
    assert out.endswith("Deleted.\n")
    assert list(ledger.parent.iterdir()) == []
    assert "There is nothing to forget" in sh("--forget")[1]


def test_it_does_not_forget_unasked(sh: Run, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(ledger, turn())
    code, _, err = sh("--forget")
    assert code == 1
    assert "say --yes" in err

    class Somebody:
        def __init__(self, says: str) -> None:
            self.says = says

        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return self.says

    for says in ("\n", "", "no\n"):
        monkeypatch.setattr("sys.stdin", Somebody(says))
        assert sh("--forget")[1].endswith("Nothing was deleted.\n")
    assert ledger.exists()
    monkeypatch.setattr("sys.stdin", Somebody("Y\n"))
    assert sh("--forget")[0] == 0
    assert not ledger.exists()


def test_a_damaged_ledger_can_be_forgotten(sh: Run, ledger: Path) -> None:
    ledger.parent.mkdir(parents=True)
    ledger.write_bytes(b"\xff" * 5000)
    assert sh("--forget", "--yes")[0] == 0
    assert not ledger.exists()
