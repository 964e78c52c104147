"""“Review my changes” in an editor: the findings fill the list of problems, the command's result is the summary."""

from __future__ import annotations

import asyncio
import time
from asyncio import Task
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from lsp import convert, findings
from lsp.connection import Connection
from lsp.findings import Shown
from lsp.job import Job
from lsp.messages import INVALID_PARAMS, Done, Malformed
from lsp.present import WARNING, Notices
from router import SwitchyardError

if TYPE_CHECKING:
    from lsp.reviews import Reviews
    from router.reviewing.types import Review

TITLE = "Reviewing the changes"
PAGE = "review"


class Choice(Struct, frozen=True):
    """Which change: since `base` forked, what is `staged`, of a `range` A..B; else all that is not committed."""

    base: str = ""
    staged: bool = False
    range: str = ""


class Asked(Struct, frozen=True, array_like=True):
    """The command's arguments; without a folder, the workspace's first."""

    folder: str | None = None
    choice: Choice | None = None
    token: int | str | None = None


class Progress:
    """How far a review is, in the editor's own bar; the user may stop it there."""

    def __init__(self, connection: Connection, notices: Notices) -> None:
        self._wire, self._notices = connection.wire, notices
        self._tasks: dict[int | str, Task[Any]] = {}
        self._count = 0
        self._shown: set[str] = set()
        connection.notifications["window/workDoneProgress/cancel"] = (Done, self._cancelled)

    @contextmanager
    def bar(self, task: Task[Any]) -> Iterator[Callable[[int, int, str], None]]:
        """A bar while it lasts; what is given says how many are done, of how many, and what comes now."""
        self._count += 1
        token, begun = f"switchyard-review-{self._count}", time.monotonic()
        self._tasks[token] = task
        if self._notices.progress:
            self._wire.ask(
                "window/workDoneProgress/create", {"token": token}, lambda agreed: self._begin(token, agreed)
            )
        try:
            yield lambda done, of, what: self._report(token, done, of, what, time.monotonic() - begun)
        finally:
            self._tasks.pop(token, None)
            if token in self._shown:
                self._shown.discard(token)
                self._say(token, {"kind": "end"})

    def _begin(self, token: str, agreed: bool) -> None:
        if agreed and token in self._tasks:
            self._shown.add(token)
            self._say(token, {"kind": "begin", "title": TITLE, "cancellable": True, "percentage": 0})

    def _report(self, token: str, done: int, of: int, what: str, spent: float) -> None:
        if token in self._shown:
            left = f"{spent / done * (of - done):.0f} s left, " if done else ""
            self._say(token, {"kind": "report", "message": f"{left}{what}", "percentage": 100 * done // max(1, of)})

    def _say(self, token: str, value: dict[str, Any]) -> None:
        self._wire.notify("$/progress", {"token": token, "value": value})

    def _cancelled(self, params: Done) -> None:
        if (task := self._tasks.get(params.token)) is not None:
            task.cancel()


async def review(job: Job, reviews: Reviews, progress: Progress) -> dict[str, Any]:
    """Review a change; its findings are published, and the summary is the result."""
    try:
        asked = msgspec.convert(job.arguments, Asked)
    except msgspec.ValidationError as error:
        sentence = f"{findings.CHANGES} takes a folder's URI, an object that says which change, and a token."
        raise Malformed(INVALID_PARAMS, sentence) from error
    folder = convert.path(asked.folder) if asked.folder else next(iter(job.router.naming.roots), ".")
    task = asyncio.current_task()
    assert task is not None
    try:
        with progress.bar(task) as report:
            root, said, found = await _reviewed(job, folder, asked.choice or Choice(), reviews, report)
    except SwitchyardError as error:
        if asked.token is None:
            job.notices.show(str(error), WARNING)
        return {"refusal": str(error)}
    if asked.token is None:
        await job.show(PAGE, said)
    counts = {"findings": len(found.reported), "notReviewed": len(found.skipped)}
    return {"markdown": said, **counts, "root": convert.uri(root)}


async def _reviewed(
    job: Job, folder: str, choice: Choice, reviews: Reviews, report: Callable[[int, int, str], None]
) -> tuple[str, str, Review]:
    """The repository's folder, the summary, and what was found."""
    from router.reviewing.changes import Wanted, changes
    from router.reviewing.reports import markdown
    from router.reviewing.whole import Whole

    wanted = Wanted(choice.base, choice.staged, choice.range)
    what = await asyncio.to_thread(changes, folder, wanted)
    router, slots = job.router, await job.router.slots("review_changes")
    whole = Whole(router.ask, router.kept_out, router.config.review.max_findings, report, slots)
    with job.notices.busy(TITLE):
        found = await whole.review(what)
    marked: dict[str, list[Shown]] = {path: [] for path in whole.documents}
    for it in found.reported:
        marked[it.finding.path].append(Shown(it.print, it.finding))
    reviews.fill([(whole.documents[path], shown) for path, shown in marked.items()])
    return what.root, markdown.report(found), found
