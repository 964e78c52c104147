"""The index keeps up with the disk: single files, floods of them, checkouts; and without a watcher."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from router.context.indexing import fresh, watch
from router.context.indexing.index import Index
from router.context.tagging.tags import Definition, Tags
from router.types import Span
from tests.trees import Parsing, branches, commit, defined, git, index, repository, running, until, write

MANY = 10_000


def watching(root: Path, story: Callable[[Index], Coroutine[Any, Any, None]], **more: Any) -> None:
    """Live through a story with an index that hears of what changes."""

    async def from_there_on(this: Index) -> None:
        await asyncio.gather(*(it.watched.wait() for it in this._fresh.values()))
        await until(lambda: all(not it._asides for it in this._fresh.values()))
        await this.settled()
        await story(this)

    running(index(root, watch=True, **more), from_there_on)


def test_files_that_are_made_written_renamed_and_deleted_are_noticed(tmp_path: Path) -> None:
    async def story(this: Index) -> None:
        write(tmp_path, {"b.py": "def f(): pass\n"})
        await until(lambda: defined(this, "f") == ["b.py"])
        (tmp_path / "b.py").rename(tmp_path / "c.py")
        await until(lambda: defined(this, "f") == ["c.py"])
        write(tmp_path, {"c.py": "def g(): pass\n"})
        await until(lambda: defined(this, "g") == ["c.py"] and not this.defined("f"))
        (tmp_path / "c.py").unlink()
        await until(lambda: not this.defined("g"))
        assert this.states()[0].rescans == 0

    watching(write(tmp_path, {"a.py": ""}), story)


def test_folders_that_are_made_renamed_and_deleted_are_noticed(tmp_path: Path) -> None:
    async def story(this: Index) -> None:
        write(tmp_path, {"new/deep/b.py": "def f(): pass\n"})
        await until(lambda: defined(this, "f") == ["b.py"])
        await until(lambda: all(it.calm.is_set() and not it._fresh for it in this._fresh.values()))
        write(tmp_path, {"new/deep/c.py": "def f(): pass\n"})
        await until(lambda: defined(this, "f") == ["b.py", "c.py"])
        (tmp_path / "new").rename(tmp_path / "moved")
        await until(lambda: {path for path, _ in this.defined("f")} == {
            str(tmp_path / "moved/deep/b.py"), str(tmp_path / "moved/deep/c.py")
        })  # fmt: skip

    watching(write(tmp_path, {"a.py": ""}), story)


def test_what_changed_while_nobody_watched_yet_is_noticed(tmp_path: Path) -> None:
    work = write(tmp_path, {"a.py": "", "d/b.py": ""})

    async def story() -> None:
        this = index(work, watch=True)
        await this.start()
        write(work, {"a.py": "def f(): pass\n", "d/new.py": "def f(): pass\n", "e/other.py": "def f(): pass\n"})
        await until(lambda: defined(this, "f") == ["a.py", "new.py", "other.py"])
        await this.aclose()

    asyncio.run(asyncio.wait_for(story(), 60))


def test_what_git_ignores_is_not_noticed(tmp_path: Path) -> None:
    async def story(this: Index) -> None:
        write(tmp_path, {"no.py": "def f(): pass\n"})
        write(tmp_path, {"yes.py": "def f(): pass\n"})
        await until(lambda: defined(this, "f") == ["yes.py"])
        write(tmp_path, {".gitignore": ""})
        await until(lambda: defined(this, "f") == ["no.py", "yes.py"])

    watching(repository(tmp_path, {"a.py": "", ".gitignore": "no.py\n"}), story)


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder that is no disk, where there is such a thing: ten thousand files are slow on some."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        yield Path(folder).resolve()


def test_ten_thousand_files_changed_by_a_checkout_cost_two_rescans_at_most(memory: Path) -> None:
    def all_files(says: str) -> dict[str, str]:
        return {f"f{at // 100}/m{at}.py": says.format(at) for at in range(MANY)}

    branches(memory, {"new": all_files("def new{}(): pass\n"), "old": all_files("def old{}(): return 1\n")})

    async def parse(_path: str, _language: str, text: str) -> Tags:
        name = text[4 : text.index("(")]
        return Tags((Definition(name, "function", Span(0, len(text)), 4, text),))

    async def story(this: Index) -> None:
        before = this.states()[0].rescans
        done = asyncio.ensure_future(asyncio.to_thread(git, memory, "checkout", "-q", "old"))
        await until(lambda: len(this.defined(f"old{MANY - 1}")) == 1)
        await done
        await this.settled()
        await asyncio.sleep(2 * this._fresh[this._roots[0].path]._quiet)  # for whatever might still come
        await this.settled()
        assert all(this.defined(f"old{at}") and not this.defined(f"new{at}") for at in range(0, MANY, 7))
        assert 1 <= this.states()[0].rescans - before <= 2

    watching(memory, story, parse=parse)


def test_a_commit_that_changes_no_file_costs_one_rescan(tmp_path: Path) -> None:
    parse = Parsing()

    async def story(this: Index) -> None:
        parse.asked.clear()
        before = this.states()[0].rescans
        await asyncio.to_thread(commit, tmp_path)
        await until(lambda: this.states()[0].rescans > before)
        await this.settled()
        assert this.states()[0].rescans == before + 1
        assert parse.asked == []

    watching(repository(tmp_path, {"a.py": ""}), story, parse=parse)


def test_a_watcher_that_fails_is_followed_by_a_rescan_and_another_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh, "_RETRY", (0.01, 0.01))
    tries = []
    real = watchfiles.watch

    def failing(*folders: str, **more: Any) -> Any:
        tries.append(folders)
        if len(tries) < 3:
            raise OSError(28, "no more watches")
        return real(*folders, **more)

    monkeypatch.setattr(watchfiles, "watch", failing)

    async def story() -> None:
        this = index(tmp_path, watch=True)
        await this.start()
        write(tmp_path, {"b.py": "def f(): pass\n"})
        await until(lambda: defined(this, "f") == ["b.py"])
        await until(lambda: len(tries) >= 3)
        await this.aclose()

    asyncio.run(asyncio.wait_for(story(), 60))


def test_a_flood_is_answered_by_a_rescan_for_a_system_loses_some_of_it(tmp_path: Path) -> None:
    write(tmp_path, {f"{at}.py": "" for at in range(2 * fresh.FLOOD)})

    async def story(this: Index) -> None:
        write(tmp_path, {f"{at}.py": "def f(): pass\n" for at in range(2 * fresh.FLOOD)})
        await until(lambda: this.states()[0].rescans == 1)
        await this.settled()
        assert len(this.defined("f")) == 64

    watching(tmp_path, story)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a tree is watched as one")
def test_links_are_not_followed_by_the_watcher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[str] = []
    real = watchfiles.watch

    def noting(*folders: str, **more: Any) -> Any:
        watched.extend(folders)
        assert not more["recursive"]
        assert more["force_polling"] is False
        return real(*folders, **more)

    monkeypatch.setattr(watchfiles, "watch", noting)
    write(tmp_path, {"out/x.py": "", "w/a.py": "", "w/d/b.py": ""})
    (tmp_path / "w/d/loop").symlink_to(tmp_path)
    (tmp_path / "w/leaving").symlink_to(tmp_path / "out")

    async def story(_this: Index) -> None:
        assert watched == [str(tmp_path / "w"), str(tmp_path / "w/d")]

    watching(tmp_path / "w", story)


def test_what_is_closed_tells_nothing_more(tmp_path: Path) -> None:
    async def story() -> None:
        heard: list[watch.Batch] = []
        ready = asyncio.Event()

        def hear(batch: watch.Batch) -> None:
            heard.append(batch)
            ready.set()

        this = watch.Watch(hear, lambda _: ready.set())
        this.over([str(tmp_path)])
        await ready.wait()
        this.close()
        write(tmp_path, {"a.py": ""})
        await asyncio.sleep(0.6)
        assert heard == [watch.Batch()]

    asyncio.run(asyncio.wait_for(story(), 30))


def test_the_watching_thread_does_not_keep_a_process_alive(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys\n"
        "from router.context.indexing.watch import Watch\n"
        "async def go():\n"
        "    ready = asyncio.Event()\n"
        "    watch = Watch(lambda batch: ready.set(), print)\n"
        "    watch.over([sys.argv[1]])\n"
        "    await ready.wait()\n"
        "asyncio.run(go())\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, timeout=60)
