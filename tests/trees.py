"""Folders for tests to look at: written from a few words, and made into repositories by a real git."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from router.context.indexing.index import Index
from router.context.tagging.tags import Tags, tags

T = TypeVar("T")
_AS = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "init.defaultBranch=main", "-c", "gc.auto=0")
_ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_EDITOR": "true"}


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write some files below a folder, which is returned."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def git(root: Path, *words: str, fails: bool = False, told: str = "") -> str:
    """What git says, when it is told something; it must succeed, or fail."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *_AS, *words], cwd=root, env=kept | _ALONE, input=told, capture_output=True, text=True, check=False
    )
    assert bool(done.returncode) == fails, done.stderr
    return done.stdout


def repository(root: Path, files: Mapping[str, str]) -> Path:
    """A repository in which these files are committed."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q")
    write(root, files)
    commit(root)
    return root


def branches(root: Path, files: Mapping[str, Mapping[str, str]]) -> Path:
    """A repository with a commit of these files on each branch, by the one way that is quick for thousands of them."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q")
    said = []
    for branch, held in files.items():
        said.append(f"commit refs/heads/{branch}\ncommitter t <t@localhost> 0 +0000\ndata 1\nx\n")
        said += [f"M 100644 inline {name}\ndata {len(text)}\n{text}\n" for name, text in held.items()]
    git(root, "fast-import", "--quiet", told="".join(said))
    git(root, "checkout", "-q", next(iter(files)))
    return root


def commit(root: Path) -> None:
    """Commit all there is."""
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "x")


class Parsing:
    """Parses here and now, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, path: str, language: str, text: str) -> Tags | None:
        self.asked.append(path)
        await asyncio.sleep(0)
        return tags(language, text)


def always(_path: str) -> bool:
    """All may be read."""
    return True


def index(root: Path, cache: Path | None = None, allowed: Callable[[str], bool] = always, **more: Any) -> Index:
    """An index of one folder, not started, which watches nothing."""
    return Index([str(root)], allowed, more.pop("parse", Parsing()), cache, **{"watch": False, "rest": 0.0, **more})


def running(this: Index, story: Callable[[Index], Coroutine[Any, Any, T]]) -> T:
    """Start an index, wait until all is read, live through the story, and close it."""

    async def go() -> T:
        await this.start()
        try:
            await this.settled()
            return await story(this)
        finally:
            await this.aclose()

    return asyncio.run(asyncio.wait_for(go(), 60))


async def until(holds: Callable[[], object]) -> None:
    """Wait for what comes in its own time."""
    while not holds():  # noqa: ASYNC110  # the operating system has no event for us
        await asyncio.sleep(0.005)


def defined(this: Index, name: str) -> list[str]:
    """The names of the files that define a name."""
    return sorted(os.path.basename(path) for path, _ in this.defined(name))
