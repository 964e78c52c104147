"""A workspace as it was at one commit or release: its files, and the product's own index of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from itertools import groupby
from pathlib import Path

from bench import histories
from bench.histories import Case
from router.context.gathering.view import View
from router.context.indexing.index import Index
from router.context.tagging.tags import Tags, tags


class Workspace:
    """Files by their path in `root`; `code` are those in a programming language."""

    def __init__(self, root: Path, index: Index) -> None:
        self.root = root
        self.index = index
        self.texts = histories.texts(root)
        self.code = {path: text for path, text in self.texts.items() if histories.is_code(path)}
        self.recent = histories.recent(root)

    def view(self, case: Case) -> View:
        """What surrounds a request: the index, and the files' texts as an open document and the disk tell them."""
        own = str(self.root / case.path)

        def text(path: str) -> str | None:
            return case.text if path == own else self.texts.get(path.removeprefix(f"{self.root}/"))

        return View(self.index, text)

    def reachable(self, case: Case) -> frozenset[str]:
        """The novel names of a case that stand anywhere in the workspace, but on a line that is a true one."""
        missing = set(case.novel)
        for text in self.texts.values():
            if not missing:
                break
            for name in missing & _words(text):
                lines = (line for line in text.split("\n") if name in line and line.strip() not in case.truth)
                if any(name in histories.names(line) for line in lines):
                    missing.discard(name)
        return case.novel - missing


@lru_cache(1500)
def _words(text: str) -> frozenset[str]:
    return frozenset(histories.names(text))


@lru_cache(1500)
def _tags(language: str, text: str) -> Tags:
    return tags(language, text)


async def _parse(_path: str, language: str, text: str) -> Tags | None:
    """What the product's parser says, without its process; a file that did not change is not parsed again."""
    return _tags(language, text)


@asynccontextmanager
async def indexed(root: Path) -> AsyncIterator[Index]:
    """An index of a folder that was made from nothing."""
    index = Index([str(root)], lambda _: True, _parse, None, watch=False, rest=0.0)
    await index.start()
    try:
        await index.settled()
        yield index
    finally:
        await index.aclose()


@asynccontextmanager
async def opened(root: Path) -> AsyncIterator[Workspace]:
    """A folder with an index that was made from nothing."""
    async with indexed(root) as index:
        yield Workspace(root, index)


async def another(root: Path, index: Index) -> Workspace:
    """The folder is as it was at another commit: its index is held against the disk."""
    index.refresh()
    await index.settled()
    return Workspace(root, index)


@asynccontextmanager
async def asked(workspace: Workspace, case: Case) -> AsyncIterator[View]:
    """The workspace while the case's document is open."""
    path = str(workspace.root / case.path)
    workspace.index.changed(path, case.text)
    await workspace.index.settled()
    yield workspace.view(case)
    workspace.index.closed(path)
    await workspace.index.settled()


def cut(repository: Path, cases: Sequence[Case], folder: Path) -> Iterator[tuple[Path, list[Case]]]:
    """A repository at each commit that has cases, with them; the copy in `folder` leaves the repository untouched."""
    whole = repository.resolve()
    root = folder.resolve() / whole.name
    histories.git(whole, "clone", "--quiet", "--shared", "--no-checkout", str(whole), str(root))
    for commit, some in groupby(cases, key=lambda case: case.cut):
        histories.git(root, "-c", "core.hooksPath=/dev/null", "checkout", "--quiet", "--force", "--detach", commit)
        yield root, list(some)
