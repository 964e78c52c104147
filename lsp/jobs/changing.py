"""“Review my changes” in an editor: the findings fill the list of problems, the command's result is the summary."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from lsp import convert
from lsp.jobs import findings
from lsp.jobs.findings import Shown
from lsp.jobs.job import Job
from lsp.messages import INVALID_PARAMS, Malformed
from lsp.present import WARNING
from router import SwitchyardError

if TYPE_CHECKING:
    from lsp.jobs.reviews import Reviews
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


async def review(job: Job, reviews: Reviews) -> dict[str, Any]:
    """Review a change; its findings are published, and the summary is the result."""
    try:
        asked = msgspec.convert(job.arguments, Asked)
    except msgspec.ValidationError as error:
        sentence = f"{findings.CHANGES} takes a folder's URI, an object that says which change, and a token."
        raise Malformed(INVALID_PARAMS, sentence) from error
    folder = convert.path(asked.folder) if asked.folder else next(iter(job.router.naming.roots), ".")
    try:
        with job.bar(TITLE, measured=True, waits=asked.token is not None) as report:
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
