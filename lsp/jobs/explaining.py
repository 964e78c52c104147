"""Explain this bug, in an editor: the explanation as it comes, then whole, with links and with what mends it."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from lsp.jobs.job import Job, Place
from lsp.shell.prose import marked
from router.types import Prose, Refusal

FIX = "switchyard.fix"


def explain(job: Job) -> Coroutine[Any, Any, dict[str, Any]]:
    """`[uri, range, note?, token?, more?]` -> {"markdown", "actions"} or {"refusal", "actions"}. Raises Malformed."""
    return _explain(job, job.place())


async def _explain(job: Job, place: Place) -> dict[str, Any]:
    answer = await job.answer(place, "explain")
    if not isinstance(answer, Prose):
        return job.refused(answer if isinstance(answer, Refusal) else Refusal("There is no explanation."), place)
    markdown = marked(answer, lambda path, line: f"{job.uri(path)}{f'#L{line}' if line else ''}")
    if place.asked.token is None:
        await job.show("explanation", markdown)
    return {"markdown": markdown, "actions": [place.command("Fix it", FIX, note=answer.text)]}
