"""What is done about an edit before a model is asked and after: forbidden files, names elsewhere, a second check."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from router import rechecking
from router.context.gathering.view import Known
from router.context.indexing.reading import source
from router.context.tagging.imports import Import
from router.context.tagging.language import language_of
from router.context.tagging.tags import tags
from router.editing import kinds, paths, renaming
from router.editing.blocks import Unfit
from router.editing.renaming import Target
from router.editing.style import applied
from router.editing.trees import faults
from router.types import Answer, Document, Edit, Refusal, Request

_ROUNDS = 4  # how often a name may be passed on from one file's imports to the next


class Edits:
    """`known` gives the index for a request, `opened` an open document by its path, `shows` whether a file may be
    looked at, `roots` the folders of the workspace."""

    def __init__(
        self,
        known: Callable[[Request], Known],
        opened: Callable[[str], Document | None],
        shows: Callable[[str], bool],
        roots: Callable[[], Sequence[str]],
    ) -> None:
        self._known, self._opened, self._shows, self._roots = known, opened, shows, roots

    async def before(self, request: Request) -> Answer | None:
        """What can be said without a model: a refusal, or a renaming whose name the user has said."""
        if why := await asyncio.to_thread(self._forbidden, request.document):
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
            if request.task == "refactor" and kinds.kind(request.note) == "rename":
                answer = await asyncio.to_thread(self._everywhere, request, answer, self._known(request))
        except Unfit as why:
            return Refusal(str(why))
        return await asyncio.to_thread(self._checked, request, answer)

    def _forbidden(self, document: Document) -> str:
        roots = [os.path.realpath(root) for root in self._roots()]
        return paths.refusal(document.path, document.real or document.path, [*roots, *self._roots()])

    # Renaming

    def _everywhere(self, request: Request, edit: Edit, index: Known) -> Edit:
        """The same renaming in the files that mean this name. Raises Unfit."""
        document = request.document
        wanted = renaming.target(document, request.span)
        new = renaming.renamed(edit, wanted)
        if wanted.span is not None:
            return edit
        if not renaming.unique(index.defined(wanted.name), document.path, document.language, wanted.member):
            raise Unfit(f"{wanted.name} is defined in other files, too; which of them a place means can't be told.")
        others = self._candidates(wanted.name, document, index)
        held = self._held(wanted, document, others, index)
        own = (document, renaming.places(document, wanted))
        found = renaming.edit(wanted, new, [own, *((it, starts) for it, starts in held if starts)])
        left = sum(not starts for _, starts in held)
        said = f"{left} other file{'s' * (left > 1)} with this word mean{'s' * (left == 1)} something else, it seems."
        return replace(found, notes=(*found.notes, said)) if left else found

    def _candidates(self, name: str, document: Document, index: Known) -> list[Document]:
        """The files that say a name or import it, as they are now."""
        wanted = {path for path, _ in index.referring(name)}
        wanted.update(path for path in index.near(document.path) if any(_says(it, name) for it in index.imports(path)))
        wanted.discard(document.path)
        found = (self._document(path) for path in sorted(wanted))
        return [it for it in found if it is not None and not self._forbidden(it)]

    def _document(self, path: str) -> Document | None:
        """A file with its text, as it is open or on the disk; None: it can't be read, or must not be."""
        if (opened := self._opened(path)) is not None:
            return opened
        home = next((root for root in self._roots() if path.startswith(os.path.join(root, ""))), "")
        read = source(path, os.path.realpath(home)) if home and self._shows(path) else None
        if read is None or read.why or "\ufffd" in read.text:
            return None
        return Document(path, language_of(os.path.basename(path)), 0, read.text, os.path.realpath(path))

    def _held(
        self, wanted: Target, document: Document, others: Sequence[Document], index: Known
    ) -> list[tuple[Document, list[int]]]:
        """Where each of the others means the name; a file that imports it may be where the next one has it from."""
        homes, found = {document.path}, list[tuple[Document, list[int]]]()
        for _ in range(_ROUNDS):
            found = []
            for one in others:
                mine = _mine(one, homes, index)
                found.append((one, renaming.elsewhere(one, wanted, mine)))
                if any((wanted.name, wanted.name) in it.names or ("*", "*") in it.names for it in mine):
                    homes.add(one.path)
            if all(one.path not in homes for one in others):
                break
        return found

    # A second check

    def _checked(self, request: Request, edit: Edit) -> Answer:
        """Again by the parser and, of Python, by its compiler: what they say is told."""
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
        return replace(edit, notes=tuple(dict.fromkeys(notes)))


def _says(one: Import, name: str) -> bool:
    return any(name in pair for pair in one.names)


def _mine(document: Document, homes: set[str], index: Known) -> list[Import]:
    """The imports of a document that lead to one of these files; of a module's name that is one, as the module."""
    found: list[Import] = []
    for one in tags(document.language, document.text).imports:
        if index.resolve(document.path, one.module) in homes:
            found.append(one)
            continue
        found += [
            Import(one.module, (("", alias),), one.span)
            for name, alias in one.names
            if name and index.resolve(document.path, one.module, name) in homes
        ]
    return found
