"""Fix, document and refactor, in an editor: the edit that a model makes, to be looked at before it is made."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from typing import Any

from lsp.jobs import edits
from lsp.jobs.actions import EXTRACT, QUICKFIX, REWRITE, Action, Place, action, told
from lsp.jobs.job import Job
from lsp.jobs.job import Place as Asked
from router.editing.kinds import KINDS, instruction
from router.types import Edit, Refusal

CHANGED = Refusal("The file has changed meanwhile, so nothing was done; ask again.")


def fix(job: Job) -> Coroutine[Any, Any, dict[str, Any]]:
    """`[uri, range, note?, token?, more?]`; the note is what is known of the bug. See `_edit`. Raises Malformed."""
    return _edit(job, job.place(), "fix")


def document(job: Job) -> Coroutine[Any, Any, dict[str, Any]]:
    """`[uri, range, null, token?, more?]`: the definition there gets its documentation. Raises Malformed."""
    return _edit(job, job.place(), "document")


def refactor(job: Job) -> Coroutine[Any, Any, dict[str, Any]]:
    """`[uri, range, note, token?, more?]`; the note says what is to be different. Raises Malformed."""
    return _edit(job, job.place(), "refactor")


async def _edit(job: Job, place: Asked, task: str) -> dict[str, Any]:
    """{"title", "notes", "message"} once the editor has the edit; with `preview` {"edit", "diff", "title", "notes"},
    and nothing is changed; or {"refusal", "actions"}.
    """
    if task == "refactor" and not place.asked.note:
        return job.refused(Refusal("Say what is to be different, or choose one of the refactorings."), place)
    answer = await job.answer(place, task)
    if not isinstance(answer, Edit):
        return job.refused(answer if isinstance(answer, Refusal) else Refusal("There is no edit."), place)
    if edits.stale(answer, job.documents):
        return job.refused(CHANGED, place)
    found: dict[str, Any] = {"title": answer.title, "notes": list(answer.notes)}
    made = edits.workspace_edit(answer, job.documents, job.notices.able)
    if place.asked.more is not None and place.asked.more.preview:
        from router.editing.unified import unified  # with the grammars; a server that starts does not wait for those

        return found | {"edit": made, "diff": unified(answer, job.router.naming.called)}
    job.apply(answer.title, made)
    return found | ({"message": " ".join(answer.notes)} if answer.notes else {})


# What is offered where


def fixes(place: Place) -> Iterator[Action]:
    """Fix each diagnostic."""
    for reported, raw in place.reported:
        arguments = [place.document.uri, reported.range, None, None, {"diagnostics": [raw]}]
        yield action(told("Fix this", reported, place), QUICKFIX, "switchyard.fix", arguments, [raw])


def documents(place: Place) -> Iterator[Action]:
    """Document what stands at the cursor, in a language whose comments are known."""
    from router.context.tagging.language import language  # takes longer to import than a server may take to answer

    found = language(place.document.language)
    if not place.automatic and found is not None and found.tells and (found.line or found.block):
        yield action("Document this", REWRITE, "switchyard.document", [place.document.uri, place.range])


def refactorings(place: Place) -> Iterator[Action]:
    """Each kind of refactoring that can be asked for here."""
    if place.automatic:
        return
    for name, kind in KINDS.items():
        if place.selected or not kind.selects:
            arguments = [place.document.uri, place.range, instruction(name)]
            lsp = EXTRACT if kind.lsp == "extract" else REWRITE
            yield action(f"Refactor: {kind.title}", lsp, "switchyard.refactor", arguments)


OFFERS = (fixes, documents, refactorings)  # in the order in which they are shown
