"""The ledger: one line per turn, in a file that may be full, locked, damaged or of another time."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from router import BadLedger, config
from router.ledger import Journey, Ledger, archive, book
from router.ledger.journal import MOST, Journal
from router.types import Route, Timing, Turn
from tests.fixture import complete
from tests.lsp_client import editor, scripted

TURN = Turn("complete", "ollama", "qwen", "shown", 120.0, first_ms=80.0, prompt_tokens=900, answer_tokens=12, at=1e9)
DAY = 86400.0


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "state" / "switchyard" / "ledger.db")


class Notes:
    """What the user was told; `come` waits for the next one."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._come = threading.Semaphore(0)

    def __call__(self, sentence: str) -> None:
        self.said.append(sentence)
        self._come.release()

    def come(self) -> str:
        assert self._come.acquire(timeout=20)
        return self.said[-1]


@pytest.fixture
def notes() -> Notes:
    return Notes()


def journal(path: str, notes: Callable[[str], object], retry: float = 0.02) -> Journal:
    return Journal(path, 400, notes, batch=0.01, retry=retry)


def lines(path: str) -> list[Turn]:
    return archive.read(path)


@contextmanager
def written(path: str) -> Iterator[None]:
    """What is put inside has reached the file at the end."""
    before = len(lines(path))
    yield
    deadline = time.monotonic() + 20
    while len(lines(path)) <= before:
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def limited(pages: int) -> Iterator[None]:
    """A disk on which no database has room for more."""
    connect = book.connect

    def narrow(path: str, mode: str = "rw") -> sqlite3.Connection:
        base = connect(path, mode)
        base.execute(f"PRAGMA max_page_count = {pages}")
        return base

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book, "connect", narrow)
        yield


# Where it is


@pytest.mark.parametrize(
    ("env", "platform", "place"),
    [
        ({}, "linux", "/home/ada/.local/state/switchyard/ledger.db"),
        ({"XDG_STATE_HOME": "/state"}, "linux", "/state/switchyard/ledger.db"),
        ({"XDG_STATE_HOME": "state"}, "linux", "/home/ada/.local/state/switchyard/ledger.db"),
        ({"XDG_STATE_HOME": ""}, "darwin", "/home/ada/Library/Application Support/switchyard/ledger.db"),
        ({"LOCALAPPDATA": "C:\\Local"}, "win32", "C:\\Local\\switchyard\\ledger.db"),
        ({"LOCALAPPDATA": "Local"}, "win32", "\\home\\ada\\AppData\\Local\\switchyard\\ledger.db"),
    ],
)
def test_it_is_kept_where_the_system_keeps_such_things(env: dict[str, str], platform: str, place: str) -> None:
    assert book.place(env, "/home/ada", platform) == place


def test_only_its_owner_can_read_it(path: str, notes: Notes) -> None:
    it = journal(path, notes)
    it.put(1, TURN)
    assert it.close(20)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700


def test_the_columns_are_a_turns_fields(path: str) -> None:
    book.Book(path, 400).close()
    with closing(sqlite3.connect(path)) as base:
        columns = {row[1] for row in base.execute("PRAGMA table_info(turns)")}
    assert columns - {"id"} == set(Turn.__struct_fields__)


# Lines


def test_a_line_is_read_as_it_was_written(path: str, notes: Notes) -> None:
    it = journal(path, notes)
    it.put(1, TURN)
    it.put(2, replace(TURN, outcome="failed", why="Incomplete", at=2e9, path="/home/ada/ä.py", joules=3.5))
    assert it.close(20)
    assert lines(path) == [TURN, replace(TURN, outcome="failed", why="Incomplete", at=2e9, path="/home/ada/ä.py", joules=3.5)]  # fmt: skip  # noqa: E501
    assert archive.read(path, since=1.5e9)[0].at == 2e9
    assert archive.read(path, task="review") == []
    assert notes.said == []


def test_a_fate_that_comes_later_amends_the_line(path: str, notes: Notes) -> None:
    it = journal(path, notes)
    with written(path):
        it.put(1, TURN)
    it.put(1, replace(TURN, fate="accepted", joules=2.0))
    assert it.close(20)
    assert lines(path) == [replace(TURN, fate="accepted", joules=2.0)]


def test_a_fate_that_comes_while_its_line_is_written_is_not_lost(path: str, notes: Notes) -> None:
    it = journal(path, notes)

    class Meanwhile(book.Book):
        def write(self, turns: Mapping[int, Turn], rows: Mapping[int, int]) -> dict[int, int]:
            written = super().write(turns, rows)
            if not rows:
                it.put(1, replace(TURN, fate="accepted"))
            return written

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book, "Book", Meanwhile)
        with written(path):
            it.put(1, TURN)
    assert it.close(20)
    assert [turn.fate for turn in lines(path)] == ["accepted"]


def test_whatever_an_engine_claims_can_be_written(path: str, notes: Notes) -> None:
    it = journal(path, notes)
    lies = {"prompt_tokens": 1 << 70, "answer_tokens": -(1 << 70), "decode_ms": float("nan"), "model": "\ud800"}
    it.put(1, replace(TURN, **lies, joules=float("inf")))
    it.put(2, TURN)
    assert it.close(20)
    said = replace(TURN, prompt_tokens=(1 << 63) - 1, answer_tokens=-1, model="?")
    assert lines(path) == [said, TURN]
    assert notes.said == []


def test_of_a_batch_all_lines_are_written_or_none(path: str) -> None:
    it = book.Book(path, 400)
    values = book._values
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book, "_values", lambda turn: (None,) * len(book.COLUMNS) if turn.at == 2 else values(turn))
        with pytest.raises(BadLedger):
            it.write({1: TURN, 2: replace(TURN, at=2)}, {})
    it.write({3: TURN}, {})
    it.close()
    assert lines(path) == [TURN]


def test_several_servers_write_to_one_file(path: str, notes: Notes) -> None:
    servers = [journal(path, notes) for _ in range(4)]
    for number in range(50):
        for it in servers:
            it.put(number, TURN)
    assert all(it.close(20) for it in servers)
    assert len(lines(path)) == 200
    assert notes.said == []


def test_the_last_turns_of_a_model_come_back(path: str) -> None:
    it = book.Book(path, 400)
    turns = {number: replace(TURN, model=model, answer_tokens=number) for number, model in enumerate("aabab")}
    it.write(turns, {})
    it.close()
    assert [turn.answer_tokens for turn in archive.recent(path, "ollama", "a", 2)] == [3, 1]
    assert archive.recent(path, "ollama", "c", 2) == []


def test_old_lines_are_dropped_and_a_clock_that_runs_ahead_drops_none(path: str) -> None:
    it = book.Book(path, 10)
    now = 1000 * DAY
    it.write({day: replace(TURN, at=now - day * DAY) for day in (0, 5, 15)}, {})
    it.close()
    book.Book(path, 10, now=now * 30).close()
    assert [(now - turn.at) / DAY for turn in lines(path)] == [5, 0]
    book.Book(path, 10, now=now - 990 * DAY).close()
    assert len(lines(path)) == 2


def test_a_clock_that_jumps_back_leaves_a_turn_its_length() -> None:
    journey = Journey(complete("x‸"), Route("ollama", "qwen"), began=100.0)
    journey.at, journey.begun, journey.first = -5.0, 100.25, 100.5
    journey.timing = Timing(10, 5, 3, prefill_ms=20.0, decode_ms=30.0)
    turn = journey.turn(101.0)
    assert (turn.queued_ms, turn.first_ms, turn.total_ms, turn.at) == (250, 500, 1000, -5)
    assert (turn.prefill_ms, turn.decode_ms, turn.reused_tokens) == (20, 30, 5)
    journey.first = 99.0  # it took over an answer that had begun before
    assert journey.turn(99.5) == replace(turn, first_ms=0.0, total_ms=0.0)


# What goes wrong


def test_a_full_disk_is_said_once_and_nothing_is_lost(path: str, notes: Notes) -> None:
    book.Book(path, 400).close()
    it = journal(path, notes)
    with limited(20):
        for number in range(2000):
            it.put(number, TURN)
        assert "the disk is full; free some space" in notes.come()
    assert it.close(20)
    assert len(lines(path)) == 2000
    assert len(notes.said) == 1


LIMITED = """
import resource, sys
from router.ledger import archive
from router.ledger.journal import Journal
from tests.test_ledger import TURN, Notes
path, notes = sys.argv[1], Notes()
it = Journal(path, 400, notes, batch=0.01, retry=0.02)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
for number in range(2000):
    it.put(number, TURN)
said = notes.come()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert it.close(20)
assert len(archive.read(path)) == 2000
print(len(notes.said), said)
"""


def test_a_quota_is_no_crash_either(path: str) -> None:
    run = [sys.executable, "-c", LIMITED, path]
    said = subprocess.run(run, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parent.parent, check=True)
    assert said.stdout.startswith("1 The ledger"), said


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_home_that_is_read_only_is_said_once(path: str, notes: Notes) -> None:
    folder = Path(path).parent.parent
    folder.mkdir(mode=0o500)
    it = journal(path, notes)
    it.put(1, TURN)
    assert "Permission denied" in notes.come()
    folder.chmod(0o700)
    assert it.close(20)
    assert lines(path) == [TURN]


def test_a_folder_that_cannot_be_made_is_said_once(path: str, notes: Notes) -> None:
    Path(path).parent.parent.write_text("a file")
    it = journal(path, notes)
    it.put(1, TURN)
    assert "Not a directory" in notes.come() or "File exists" in notes.said[-1]
    assert not it.close(20)
    assert len(notes.said) == 1
    assert lines(path) == []


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be one" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_file_is_moved_aside_and_a_new_one_begun(path: str, notes: Notes, content: bytes) -> None:
    Path(path).parent.mkdir(parents=True)
    Path(path).write_bytes(content)
    it = journal(path, notes)
    it.put(1, TURN)
    assert it.close(20)
    assert lines(path) == [TURN]
    (away,) = Path(path).parent.glob("*.damaged-*")
    assert away.read_bytes() == content
    assert len(notes.said) == 1
    assert away.name in notes.said[0]


def test_a_ledger_of_a_newer_switchyard_is_left_alone(path: str, notes: Notes) -> None:
    book.Book(path, 400).close()
    with closing(sqlite3.connect(path)) as base:
        base.execute("PRAGMA user_version = 99")
    it = journal(path, notes)
    it.put(1, TURN)
    assert "newer Switchyard" in notes.come()
    assert not it.close(20)
    with pytest.raises(BadLedger, match="newer Switchyard"):
        lines(path)


def test_somebody_elses_database_is_left_alone(path: str, notes: Notes) -> None:
    Path(path).parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE TABLE turns (at REAL)")
    it = journal(path, notes)
    it.put(1, TURN)
    assert "somebody else's" in notes.come()
    it.close(20)
    with pytest.raises(BadLedger, match="somebody else's"):
        archive.forget(path)


def test_a_fifo_in_its_place_is_not_waited_for(path: str, notes: Notes) -> None:
    Path(path).parent.mkdir(parents=True)
    os.mkfifo(path)
    it = journal(path, notes)
    it.put(1, TURN)
    assert "not a regular file" in notes.come()
    it.close(20)


def test_another_process_that_holds_it_is_waited_for(path: str, notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "PATIENCE", 0.01)
    book.Book(path, 400).close()
    it = journal(path, notes)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        it.put(1, TURN)
        assert "another program holds it" in notes.come()
        other.execute("ROLLBACK")
    assert it.close(20)
    assert lines(path) == [TURN]


def test_what_waits_too_long_is_counted_not_kept(path: str, notes: Notes) -> None:
    it = Journal(path, 400, notes, batch=60)
    for number in range(MOST + 5):
        it.put(number, TURN)
    assert it.lost == 5
    it.put(1, replace(TURN, fate="accepted"))
    assert it.lost == 5
    assert it.close(20)
    assert len(lines(path)) == MOST


def test_a_line_from_elsewhere_that_is_none_is_passed_over(path: str) -> None:
    it = book.Book(path, 400)
    it.write({1: TURN, 2: TURN}, {})
    it.close()
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("UPDATE turns SET outcome = 'eaten', total_ms = 'long' WHERE id = 1")
    assert lines(path) == [TURN]


# To be forgotten


def test_what_is_forgotten_is_gone(path: str) -> None:
    it = book.Book(path, 400)
    it.write({1: replace(TURN, model="the-model-of-my-life")}, {})
    it.close()
    Path(path + ".damaged-2026").write_text("old")
    archive.forget(path)
    assert list(Path(path).parent.iterdir()) == []


def test_under_a_servers_hands_the_lines_go_and_it_writes_on(path: str, notes: Notes) -> None:
    it = journal(path, notes)
    with written(path):
        it.put(1, replace(TURN, model="the-model-of-my-life"))
    archive.forget(path)
    assert Path(path).exists()
    assert lines(path) == []
    assert not any(b"the-model-of-my-life" in file.read_bytes() for file in archive.files(path))
    it.put(1, replace(TURN, fate="accepted"))  # of a line that is gone
    it.put(2, TURN)
    assert it.close(20)
    assert lines(path) == [TURN]
    assert notes.said == []


def test_a_file_that_was_taken_away_is_made_anew(path: str, notes: Notes) -> None:
    it = journal(path, notes)
    with written(path):
        it.put(1, TURN)
    for file in archive.files(path):
        file.unlink()
    with written(path):
        it.put(2, TURN)
    it.put(1, replace(TURN, fate="accepted"))  # of a line that is gone
    assert it.close(20)
    assert lines(path) == [TURN]


# The ledger itself


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return Ledger(config.Config())


def journey(picture: str = "x = ‸\n", said: str = "1 + 1") -> Journey:
    it = Journey(complete(picture), Route("ollama", "qwen"), 1.0)
    it.outcome, it.said = "shown", said
    return it


def test_what_is_accepted_is_written_to_the_line_that_showed_it(kept: Ledger) -> None:
    kept.close(journey(), 2.0)
    kept.close(journey("y = ‸\n", "2"), 3.0)
    kept.accepted("/home/ada/a.py", "1 + 1")
    kept.looked(complete("y = 3‸\n"))
    kept.end(20)
    assert [turn.fate for turn in kept.turns] == ["accepted", "dismissed"]
    assert sorted(turn.fate for turn in lines(kept.path)) == ["accepted", "dismissed"]
    assert kept.tally == {"shown": 2, "accepted": 1}


def test_no_path_and_no_code_is_written_unless_the_path_is_wanted(kept: Ledger) -> None:
    kept.close(journey(), 2.0)
    kept.configure(config.Config(ledger=config.Ledger(paths=True)))
    kept.close(journey(), 2.0)
    kept.end(20)
    assert [turn.path for turn in lines(kept.path)] == ["", "/home/ada/a.py"]
    assert not any(b"1 + 1" in file.read_bytes() for file in archive.files(kept.path))


def test_without_a_wish_for_it_nothing_reaches_the_disk(kept: Ledger) -> None:
    kept.configure(config.Config(ledger=config.Ledger(keep=False)))
    kept.close(journey(), 2.0)
    kept.configure(config.Config())
    kept.accepted("/home/ada/a.py", "1 + 1")  # of a line that the file was not to have
    assert kept.recent("ollama", "qwen") == []
    kept.close(journey("z‸"), 2.0)
    kept.end(20)
    assert [turn.fate for turn in lines(kept.path)] == [""]
    assert [turn.fate for turn in kept.turns] == ["accepted", ""]


def test_it_costs_no_thread_and_no_import_before_the_first_line(tmp_path: Path) -> None:
    checks = "assert 'sqlite3' not in sys.modules and threading.active_count() == 1 and not os.path.exists(it.path)"
    program = f"import os, sys, threading; from router.config import Config; from router.ledger import Ledger; it = Ledger(Config()); {checks}"  # noqa: E501
    env, house = os.environ | {"XDG_STATE_HOME": str(tmp_path)}, Path(__file__).parent.parent
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, cwd=house, env=env)


# A server's


SCRIPT = """
[[cue]]
when = "x = "
say = ["1 + 1"]
"""


def test_a_server_writes_down_what_became_of_what_it_showed(tmp_path: Path) -> None:
    uri = "file:///home/ada/a.py"
    with editor(*scripted(tmp_path, SCRIPT), env={"XDG_STATE_HOME": str(tmp_path)}) as it:
        it.ready()
        for line, fate in enumerate(("accepted", "partlyAccepted", "dismissed")):
            it.open(uri, "\n" * line + "x = \n")
            assert it.ghosts(uri, line, 4) == ["1 + 1"]
            it.request("workspace/executeCommand", {"command": f"switchyard.{fate}", "arguments": [uri, "1 + 1"]})
            it.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    found = lines(book.place({"XDG_STATE_HOME": str(tmp_path)}, ""))
    assert [turn.fate for turn in found] == ["accepted", "partly accepted", "dismissed"]
    assert {(turn.task, turn.engine, turn.outcome, turn.path) for turn in found} == {("complete", "scripted", "shown", "")}  # fmt: skip  # noqa: E501
    assert all(turn.total_ms > 0 and abs(turn.at - time.time()) < 100 for turn in found)


def test_a_server_that_cannot_write_it_says_so_once_and_completes_on(tmp_path: Path) -> None:
    (tmp_path / "switchyard").write_text("in the way")
    with editor(*scripted(tmp_path, SCRIPT), env={"XDG_STATE_HOME": str(tmp_path)}) as it:
        it.ready()
        it.open("file:///home/ada/a.py", "x = \n")
        assert it.ghosts("file:///home/ada/a.py", 0, 4) == ["1 + 1"]
        said = it.wait("window/showMessage")
        assert "can't be used" in said["message"]
        assert it.ghosts("file:///home/ada/a.py", 0, 4) == ["1 + 1"]
