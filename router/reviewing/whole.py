"""Reviews a whole change: a request for each definition that it changes, then one for what all of it does."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from router.context.gating.secrets import masked
from router.reviewing import ranking
from router.reviewing.changes import Changes
from router.reviewing.diff import FileDiff
from router.reviewing.picking import Picked, hunks, picked, refusal
from router.reviewing.placing import place
from router.reviewing.proofs import marked
from router.reviewing.reading import Code
from router.reviewing.review import change
from router.reviewing.types import Reported, Review, Skipped, Unit
from router.types import Answer, Delta, Document, Finding, Findings, Refusal, Request

MOST = 120  # definitions of one review; what is more is listed
GIVEN_UP = 3  # refusals one after the other, all for one reason, after which nobody is asked any more
MANY_UNTRACKED = 20  # files that git does not keep; more are said in a line

Ask: TypeAlias = Callable[[Request], "AsyncGenerator[Delta | Answer, None]"]
KeptOut: TypeAlias = Callable[[Document], Awaitable[str]]
Progress: TypeAlias = Callable[[int, int, str], object]  # how many are done, of how many, and which comes now


class Part(Struct, frozen=True):
    """One definition to review: where it stands, and the lines of the diff that are about it."""

    file: FileDiff
    document: Document
    unit: Unit
    diff: str


class Whole:
    """One review in the making. `ask` is Router.ask, `kept_out` why a document may not be shown; `most` findings per
    file are reported, `progress` hears how far it is, and `slots` requests are made at once."""

    def __init__(
        self,
        ask: Ask,
        kept_out: KeptOut,
        most: int,
        progress: Progress = lambda done, of, what: None,
        slots: int = 1,
    ) -> None:
        self._ask, self._kept_out, self._most, self._progress = ask, kept_out, most, progress
        self._free, self._done = asyncio.Semaphore(max(1, slots)), 0
        self.documents: dict[str, Document] = {}  # what was reviewed, by path
        self._skipped: list[Skipped] = []
        self._found: list[Finding] = []
        self._reasons: list[str] = []
        self._reviewed = 0

    async def review(self, changes: Changes) -> Review:
        """Review it. Raises Superseded; an engine that fails is a reason for what was not reviewed."""
        parts: list[Part] = []
        for file in changes.files:
            parts += await self._parts(changes, file)
        self._say_untracked(changes)
        for part in parts[MOST:]:
            self._skip(part.file.path, f"the change is too large; its first {MOST} definitions are reviewed", part.unit)
        parts = parts[:MOST]
        works = [asyncio.ensure_future(self._one(part, len(parts))) for part in parts]
        try:
            await asyncio.gather(*works)
        finally:
            for work in works:
                work.cancel()
        self._progress(len(parts), len(parts) + 1, "what the change does")
        summary = await self._summary(changes, parts)
        self._progress(len(parts) + 1, len(parts) + 1, "")
        return self._review(changes, summary)

    async def _parts(self, changes: Changes, file: FileDiff) -> list[Part]:
        """The definitions of one file that are to be reviewed; what is not is noted."""
        if why := refusal(file):
            self._skip(file.path, why)
            return []
        document = await asyncio.to_thread(_unread, os.path.join(changes.root, file.path))
        if why := await self._kept_out(document):
            self._skip(file.path, f"it is kept out of every prompt by {why}")
            return []
        try:
            found = await asyncio.to_thread(_read, changes, file)
        except OSError as error:
            self._skip(file.path, f"it can't be read: {error.strerror or error}")
            return []
        if found.why:
            self._skip(file.path, found.why)
        document = replace(document, language=found.language, text=found.text)
        if found.units:
            self.documents[document.path] = document
        return [Part(file, document, it, hunks(file, found.text, it)) for it in found.units]

    def _say_untracked(self, changes: Changes) -> None:
        for path in changes.untracked[:MANY_UNTRACKED]:
            self._skip(path, "git does not keep it yet; `git add -N` makes it part of the change")
        more = len(changes.untracked) - MANY_UNTRACKED
        if more > 0:
            self._skip(f"{more} more files", "git does not keep them yet")

    async def _one(self, part: Part, of: int) -> None:
        async with self._free:
            self._progress(self._done, of + 1, f"{part.file.path} {part.unit.name}".strip())
            await self._asked(part)
            self._done += 1

    async def _asked(self, part: Part) -> None:
        if len(self._reasons) >= GIVEN_UP and len(set(self._reasons[-GIVEN_UP:])) == 1:
            self._skip(part.file.path, self._reasons[-1], part.unit, failed=True)
            return
        request = Request("review_changes", part.document, part.unit.span, manual=True, consent=True, diff=part.diff)
        answer = await self._answer(request)
        if isinstance(answer, Findings):
            self._reasons.clear()
            self._reviewed += 1
            self._found += answer.findings
        else:
            why = answer.reason if isinstance(answer, Refusal) else "there was no answer"
            self._reasons.append(why)
            self._skip(part.file.path, why, part.unit, failed=True)

    async def _answer(self, request: Request) -> Answer | None:
        found: Answer | None = None
        async with aclosing(self._ask(request)) as answers:
            async for item in answers:
                if not isinstance(item, Delta):
                    found = item
        return found

    async def _summary(self, changes: Changes, parts: list[Part]) -> str:
        """What the change does, by what may be shown of it; empty where nobody could say."""
        said = {part.file.path: part.file.text for part in parts}
        if not self._reviewed:
            return ""
        answer = await self._answer(change(changes.root, "".join(f"{path}\n{text}" for path, text in said.items())))
        return answer.summary if isinstance(answer, Findings) else ""

    def _skip(self, path: str, why: str, unit: Unit | None = None, failed: bool = False) -> None:
        self._skipped.append(Skipped(path, why.rstrip("."), unit.name if unit else "", failed))

    def _review(self, changes: Changes, summary: str) -> Review:
        once = ranking.once(ranking.ranked(self._found))
        kept = ranking.capped(once, self._most)
        counts = Counter({"duplicate": len(self._found) - len(once), "too many": len(once) - len(kept)})
        reported = tuple(_reported(changes.root, self.documents[it.path], it) for it in kept)
        return Review(reported, tuple(self._skipped), summary, self._reviewed, 0, tuple(counts.items()))


def _unread(path: str) -> Document:
    """A document of which only the name is known yet, and where its links lead."""
    return Document(path, "", 1, "", os.path.realpath(path))


def _read(changes: Changes, file: FileDiff) -> Picked:
    return picked(file, changes.read(file.path))


def _reported(root: str, document: Document, finding: Finding) -> Reported:
    path = os.path.relpath(finding.path, root).replace(os.sep, "/")
    mark = marked(finding, Code(document.language, document.text))
    shown = replace(finding, quote=masked(finding.quote))  # a report may be read by many
    return Reported(shown, path, place(document.text, finding.span), mark)
