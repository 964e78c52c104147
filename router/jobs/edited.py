"""What is done about an edit before a model is asked and after: forbidden files, names elsewhere, a second check."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from router.answers.edits import NOTHING
from router.context.gathering.view import Known
from router.context.indexing.reading import source
from router.context.tagging.language import language_of
from router.editing import kinds, paths, renaming
from router.editing.blocks import Unfit
from router.editing.spans import around
from router.editing.style import applied
from router.editing.trees import faults, tagged
from router.jobs import elsewhere, rechecking
from router.types import Answer, Document, Edit, Refusal, Request

LARGEST = 500_000  # code points of a file that is still parsed several times for one edit
_CALLED = frozenset({"constructor", "function", "method"})


class Edits:
    """`known` gives the index for a request, `opened` an open document by its path, `shows` whether a file may be
    looked at, `roots` the folders of the workspace. `check` is the user's own command, which judges a copy of a file.
    """

    def __init__(
        self,
        known: Callable[[Request], Known],
        opened: Callable[[str], Document | None],
        shows: Callable[[str], bool],
        roots: Callable[[], Sequence[str]],
        check: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self._known, self._opened, self._shows, self._roots, self._check = known, opened, shows, roots, check

    async def before(self, request: Request) -> Answer | None:
        """What can be said without a model: a refusal, or a renaming whose name the user has said."""
        if why := await asyncio.to_thread(self._unfit, request):
            return Refusal(why)
        if request.task != "refactor" or not (new := renaming.ready(request)):
            return None
        try:
            return await asyncio.to_thread(renaming.alone, request, new)
        except Unfit as why:
            return Refusal(str(why))

    async def after(self, request: Request, answer: Answer) -> Answer:
        """The edit as it may be shown."""
        if not isinstance(answer, Edit):
            return answer
        try:
            answer = await self._seen_to(request, answer)
        except Unfit as why:
            return Refusal(str(why))
        return await asyncio.to_thread(self._checked, request, answer)

    async def _seen_to(self, request: Request, edit: Edit) -> Edit:
        """With what it means for other files. Raises Unfit."""
        index = self._known(request)
        if request.task == "refactor" and kinds.kind(request.note) == "rename":
            wanted = await asyncio.to_thread(renaming.asked, request)
            if wanted.span is not None:
                return edit
            known = elsewhere.facts(wanted, request.document, index)
            return await asyncio.to_thread(elsewhere.everywhere, request, edit, wanted, known, self._document)
        changed = await asyncio.to_thread(_changed, edit)
        using = {path for name in changed for path, _ in index.referring(name) if path != request.document.path}
        if not using:
            return edit
        said = f"{', '.join(sorted(changed))}: the header is another now, and {len(using)} other file"
        return replace(edit, notes=(*edit.notes, f"{said}{'s use' if len(using) > 1 else ' uses'} the name."))

    def _unfit(self, request: Request) -> str:
        """Why no model need be asked; empty: one may be."""
        if len(request.document.text) > LARGEST:
            return "This file is too long for an edit of it to be checked."
        if request.task == "document" and around(request.document, request.span) is None:
            return NOTHING
        return self._forbidden(request.document)

    def _forbidden(self, document: Document) -> str:
        roots = [os.path.realpath(root) for root in self._roots()]
        return paths.refusal(document.path, document.real or document.path, [*roots, *self._roots()])

    def _document(self, path: str) -> Document | None:
        """A file with its text, as it is open or on the disk; None: it can't be read, or must not be changed."""
        if (opened := self._opened(path)) is not None:
            return None if self._forbidden(opened) else opened
        home = next((root for root in self._roots() if path.startswith(os.path.join(root, ""))), "")
        read = source(path, os.path.realpath(home)) if home and self._shows(path) else None
        if read is None or read.why or "\ufffd" in read.text:
            return None
        found = Document(path, language_of(os.path.basename(path)), 0, read.text, os.path.realpath(path))
        return None if self._forbidden(found) else found

    def _checked(self, request: Request, edit: Edit) -> Answer:
        """Again by the parser, by Python's compiler and by the user's own command: what they say is told."""
        notes = list(edit.notes)
        for one in edit.files:
            if why := self._forbidden(one.document):
                return Refusal(why)
            before, after = one.document.text, applied(one.document.text, one.changes)
            if faults(one.document.language, before) > faults(one.document.language, after) == 0:
                notes.append("The file parses again.")
            if one.document.language == "python" and request.task != "document":
                lines = rechecking.faults([before, after])
                said, worse = rechecking.told(*lines) if lines else ("", False)
                if worse:
                    return Refusal(said)
                notes += [said] if said and len(edit.files) == 1 else []
        if request.task == "fix" and (check := self._check()):
            notes.append(rechecking.judged(check, one.document.path, before, after))
        return replace(edit, notes=tuple(dict.fromkeys(notes)))


def _changed(edit: Edit) -> set[str]:
    """The functions whose header becomes another."""
    one = edit.files[0]
    before, after = (
        {
            (it.parent, it.name): it.signature
            for it in tagged(one.document.language, text).definitions
            if it.kind in _CALLED
        }
        for text in (one.document.text, applied(one.document.text, one.changes))
    )
    return {name for (parent, name), said in before.items() if after.get((parent, name), said) != said}
