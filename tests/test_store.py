"""What is kept of a workspace between two starts: read instead of parsed, and not trusted too far."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import homes
from router.context.indexing import store
from router.context.indexing.catalogue import Catalogue, Image, Stamp
from router.context.indexing.index import Index
from router.context.tagging.tags import Tags, tags
from tests.trees import Parsing, always, defined, index, repository, running, until, write

FILES = {"a.py": "def f(): return g\n", "b.py": "def g(): return f + f\n", "c.md": "# Title\n"}
AN_HOUR_AGO = 3600.0


def aged(root: Path) -> None:
    """Make all files old enough that their time of change can be trusted."""
    for path in root.rglob("*"):
        if path.is_file():
            found = path.stat()
            os.utime(path, (found.st_atime - AN_HOUR_AGO, found.st_mtime - AN_HOUR_AGO))


def visit(root: Path, cache: Path, allowed: Callable[[str], bool] = always) -> tuple[list[str], list[str]]:
    """Open a workspace and close it: which files were parsed, and which define `f`."""
    parse = Parsing()

    async def story(this: Index) -> list[str]:
        return defined(this, "f")

    found = running(index(root, cache, allowed, parse=parse), story)
    return sorted(Path(path).name for path in parse.asked), found


def test_a_second_start_parses_nothing(tmp_path: Path) -> None:
    work, cache = write(tmp_path / "w", FILES), tmp_path / "cache"
    aged(work)
    assert visit(work, cache) == (["a.py", "b.py", "c.md"], ["a.py"])
    assert visit(work, cache) == ([], ["a.py"])


def test_a_second_start_parses_what_has_changed(tmp_path: Path) -> None:
    work, cache = write(tmp_path / "w", FILES), tmp_path / "cache"
    aged(work)
    visit(work, cache)
    write(work, {"b.py": "def f(): pass\n", "new.py": "def f(): pass\n"})
    (work / "a.py").unlink()
    assert visit(work, cache) == (["b.py", "new.py"], ["b.py", "new.py"])


def test_a_file_of_the_same_time_and_size_is_read_again_where_both_may_deceive(tmp_path: Path) -> None:
    work, cache = write(tmp_path / "w", {"a.py": "def f(): pass\n"}), tmp_path / "cache"
    visit(work, cache)  # written just now: another write may leave its time of change as it is
    before = (work / "a.py").stat()
    write(work, {"a.py": "def g(): pass\n"})
    os.utime(work / "a.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert visit(work, cache) == (["a.py"], [])


def test_a_file_that_was_touched_and_says_the_same_is_not_parsed(tmp_path: Path) -> None:
    work, cache = write(tmp_path / "w", FILES), tmp_path / "cache"
    visit(work, cache)
    aged(work)
    assert visit(work, cache) == ([], ["a.py"])


def test_what_an_editor_has_not_saved_is_not_taken_for_the_file(tmp_path: Path) -> None:
    work, cache = write(tmp_path / "w", {"a.py": ""}), tmp_path / "cache"
    aged(work)

    async def story(this: Index) -> None:
        this.changed(str(work / "a.py"), "def f(): pass\n")
        await this.settled()
        assert defined(this, "f") == ["a.py"]

    running(index(work, cache), story)
    assert visit(work, cache) == (["a.py"], [])


def test_what_a_parser_gave_up_is_tried_again_at_the_next_start(tmp_path: Path) -> None:
    work, cache = write(tmp_path / "w", {"a.py": "def f(): pass\n"}), tmp_path / "cache"
    aged(work)

    async def lost(_path: str, _language: str, _text: str) -> Tags | None:
        return None

    async def story(this: Index) -> None:
        assert this.defined("f") == []

    running(index(work, cache, parse=lost), story)
    assert visit(work, cache) == (["a.py"], ["a.py"])


def test_what_became_excluded_is_not_told_of_even_before_the_disk_was_looked_at(tmp_path: Path) -> None:
    work, cache = write(tmp_path / "w", FILES), tmp_path / "cache"
    aged(work)
    visit(work, cache)

    def allowed(path: str) -> bool:
        return not path.endswith("a.py")

    this = store.read(store.place(cache, str(work)), str(work))
    assert this is not None
    assert visit(work, cache, allowed) == ([], [])
    assert b"a.py" not in store.place(cache, str(work)).read_bytes()


def test_nothing_of_an_excluded_file_is_stored(tmp_path: Path) -> None:
    files = {
        "a.py": "",
        "secret.py": "def hidden_name(token='hidden word'):\n    'hidden text'\n",
        ".gitignore": "out\n",
    }
    work = repository(tmp_path / "w", files)
    write(work, {"out/b.py": "hidden_too = 1\n"})
    visit(work, tmp_path / "cache", lambda path: not path.endswith("secret.py"))
    content = store.place(tmp_path / "cache", str(work)).read_bytes()
    assert b"a.py" in content
    assert b"hidden" not in content


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    work, cache = write(tmp_path / "w", FILES), tmp_path / "cache"
    before = os.umask(0)
    try:
        visit(work, cache)
    finally:
        os.umask(before)
    place = store.place(cache, str(work))
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == stat.S_IMODE(cache.stat().st_mode) == 0o700


def image() -> Image:
    this = Catalogue()
    this.put("/w/a.py", "python", Stamp(1, 1, b"x" * 12), tags("python", FILES["a.py"]))
    return this.packed(this.snapshot())


def test_what_was_written_is_read(tmp_path: Path) -> None:
    place = tmp_path / "index" / "x.bin"
    assert store.write(place, image()) == store.size(place)
    assert store.read(place, "/w") == image()
    assert store.read(place, "/other") is None
    assert store.read(tmp_path / "none", "/w") is None


@given(st.integers(0, 2000), st.integers(1, 255), st.booleans())
def test_a_damaged_file_is_as_good_as_none(at: int, change: int, cut: bool) -> None:
    folder = Path(os.environ.get("TMPDIR", "/tmp"))
    place = folder / f"switchyard-test-{os.getpid()}" / "x.bin"
    store.write(place, image())
    try:
        content = bytearray(place.read_bytes())
        at %= len(content)
        content[at] ^= change
        place.write_bytes(content[:at] if cut else content)
        assert store.read(place, "/w") is None
    finally:
        place.unlink()
        place.parent.rmdir()


def test_what_other_grammars_have_said_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(tmp_path / "x.bin", image())
    monkeypatch.setattr(store, "_stamp", lambda: b"another sixteen!"[:16])
    assert store.read(tmp_path / "x.bin", "/w") is None


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "x.bin"
    store.write(place, image())

    def full(_from: object, _to: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        store.write(place, Image([], [], (b"", b""), (b"", b"")))
    assert store.read(place, "/w") == image()
    assert os.listdir(tmp_path) == ["x.bin"]


def test_without_room_on_the_disk_the_index_works_all_the_same(tmp_path: Path) -> None:
    work, cache = write(tmp_path / "w", FILES), tmp_path / "cache"
    cache.write_text("a file where a folder is wanted")
    assert visit(work, cache) == (["a.py", "b.py", "c.md"], ["a.py"])


def test_what_nobody_has_used_for_long_is_deleted(tmp_path: Path) -> None:
    for name in ("old.bin", "new.bin", "old.part", "new.part"):
        (tmp_path / name).write_bytes(b"")
    now = (tmp_path / "new.bin").stat().st_mtime
    os.utime(tmp_path / "old.bin", (now, now - 61 * 86400))
    os.utime(tmp_path / "old.part", (now, now - 2 * 3600))
    store.tidy(tmp_path, now)
    assert sorted(os.listdir(tmp_path)) == ["new.bin", "new.part"]


def test_names_that_nobody_says_any_more_wear_it_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(store, "_SMALL", 0)
    this = Catalogue()
    for count in range(20):
        this.put("/w/a.py", "python", Stamp(1, 1), tags("python", f"typed{count} = other{count}\n"))
    assert store.worn(this.packed(this.snapshot()))
    assert not store.worn(image())
    store.write(tmp_path / "x.bin", image())
    assert store.keep(tmp_path / "x.bin", this, this.snapshot()) == 0
    assert not (tmp_path / "x.bin").exists()


@pytest.mark.parametrize(
    ("platform", "env", "place"),
    [
        ("linux", {}, "/home/u/.cache/switchyard"),
        ("linux", {"XDG_CACHE_HOME": "/c"}, "/c/switchyard"),
        ("linux", {"XDG_CACHE_HOME": "relative"}, "/home/u/.cache/switchyard"),
        ("darwin", {}, "/home/u/Library/Caches/switchyard"),
        ("win32", {"LOCALAPPDATA": "C:\\L"}, "C:\\L\\switchyard\\cache"),
    ],
)
def test_caches_are_kept_where_the_system_wants_them(platform: str, env: dict[str, str], place: str) -> None:
    assert str(homes.cache(env, "/home/u", platform)) == place


def test_until_the_disk_was_looked_at_each_file_is_asked_for_before_it_is_told_of(tmp_path: Path) -> None:
    work, cache = write(tmp_path / "w", {"a.py": "def f(): pass\n", "b.py": "def f(): pass\n"}), tmp_path / "cache"
    aged(work)
    visit(work, cache)
    looking = threading.Event()

    def allowed(path: str) -> bool:
        if threading.current_thread() is not threading.main_thread():
            looking.wait(30)  # the disk is slow
        return not path.endswith("a.py")

    async def story() -> None:
        this = index(work, cache, allowed)
        start = asyncio.ensure_future(this.start())
        await until(lambda: this.defined("f"))
        assert not start.done()
        assert defined(this, "f") == ["b.py"]
        assert this.tags(str(work / "a.py")) is None
        looking.set()
        await start
        await this.aclose()

    asyncio.run(asyncio.wait_for(story(), 60))
