"""What was reviewed, found and dismissed lasts; what can't be kept is in nobody's way."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from router.reviewing import memory
from router.reviewing.memory import Memory
from router.types import Change, Finding, Span

FINDING = Finding(
    "/a.py", Span(1, 5), "quote", "warning", "race", "m", "f", (Change(1, 5, "x"),), (("/a.py", Span(7, 8)),)
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "reviews.db"


def test_all_of_it_is_there_after_a_restart(file: Path) -> None:
    first = Memory(file)
    first.saw("/a.py", {"1", "2"})
    first.saw("/a.py", {"2", "3"})
    first.keep("key", [FINDING])
    assert first.dismiss("print", "race", "/root") == 1
    first.never("injection", "/root")
    again = Memory(file)
    assert again.seen("/a.py") == {"2", "3"}
    assert again.seen("/b.py") == frozenset()
    assert again.kept("key") == (replace(FINDING, path="", also=()),)
    assert again.kept("other") is None
    here, elsewhere = again.dismissals("/root"), again.dismissals("/other")
    assert here.unwanted("print", "race")
    assert here.unwanted("x", "injection")
    assert not here.unwanted("x", "race")
    assert not elsewhere.unwanted("print", "injection")


def test_no_findings_are_something_to_remember(file: Path) -> None:
    Memory(file).keep("key", [])
    assert Memory(file).kept("key") == ()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_the_file_is_its_owner_s_alone(file: Path) -> None:
    Memory(file).keep("key", [])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_no_path_and_no_code_but_quotes_is_in_it(file: Path) -> None:
    Memory(file).saw("/home/ada/secret-project/a.py", {"1"})
    Memory(file).dismiss("print", "race", "/home/ada/secret-project")
    path = "/home/ada/secret-project/a.py"
    Memory(file).keep(path, [replace(FINDING, path=path, also=((path, Span(1, 2)),))])
    assert b"secret-project" not in file.read_bytes()


def test_a_file_that_is_no_database_is_left_alone(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"not a database" * 100)
    broken = Memory(file)
    broken.never("race", "/root")
    assert broken.dismissals("/root").rules == {"race"}
    assert file.read_bytes() == b"not a database" * 100
    broken.close()


def test_a_folder_that_can_not_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = Memory(tmp_path / "file" / "reviews.db")
    memory.saw("/a.py", {"1"})
    assert memory.seen("/a.py") == {"1"}
    memory.close()


def test_the_oldest_go_when_there_are_too_many(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(memory.MOST, "found", 2)
    now = iter(range(10))
    kept = Memory(file, clock=lambda: float(next(now)))
    for key in "abc":
        kept.keep(key, [])
    assert [kept.kept(key) for key in "abc"] == [None, (), ()]


def test_a_quote_that_no_file_can_hold_is_not_kept(file: Path) -> None:
    from msgspec.structs import replace

    Memory(file).keep("key", [replace(FINDING, quote="\ud800")])
    assert Memory(file).kept("key") is None
