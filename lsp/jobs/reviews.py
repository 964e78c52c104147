"""Reviews in an editor: what was saved is looked at when nobody types, and what was found stays true or goes."""

from __future__ import annotations

import asyncio
from asyncio import Task, TimerHandle
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from lsp import convert, messages
from lsp.connection import Connection
from lsp.documents import Documents, Open
from lsp.jobs import changing, edits, findings, reviewed
from lsp.jobs.actions import AUTOMATIC
from lsp.jobs.findings import Shown, diagnostics, moved
from lsp.jobs.job import Job
from lsp.jobs.jobs import Command
from lsp.present import INFO, Notices
from router.types import Change, Diagnostic, Document, Edit, FileEdit, Finding, Request

if TYPE_CHECKING:
    from router.engine import Router
    from router.reviewing.types import Unit

DEBOUNCE = 0.5  # seconds after a save; who saves twice has one review
MOST = 8  # definitions of one save; the rest come with the next
_MOVES = 0.5  # seconds that what has only moved may wait to be told
_ENOUGH = 3  # findings of a rule, dismissed, after which it is said how to switch it off


class Seen:
    """What a review knows of one open document: `text` is what it was when it was opened or last reviewed; `others`
    what else is said of it in the editor."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.shown: list[Shown] = []
        self.others: tuple[Diagnostic, ...] = ()
        self.work: Task[None] | None = None
        self.timer: TimerHandle | None = None
        self.published = False


class Reviews:
    """Reviews on save, and their diagnostics; `router` gives who reviews, None where nothing may be asked."""

    def __init__(
        self, connection: Connection, documents: Documents, notices: Notices, router: Callable[[], Router | None]
    ) -> None:
        self._connection, self._documents, self._notices, self._router = connection, documents, notices, router
        self._seen: dict[str, Seen] = {}
        self._filled: set[str] = set()  # files that nobody has open, with findings of a change
        connection.notifications |= {
            "textDocument/didSave": (messages.DidSave, self._saved),
            "switchyard/diagnostics": (messages.Others, self._told),
        }

    @property
    def commands(self) -> dict[str, Command]:
        """What an editor may have done, by the names of the commands."""
        return {
            findings.COMMAND: lambda job: self._finding(job),
            findings.CHANGES: lambda job: changing.review(job, self),
        }

    # What happens in the editor

    def opened(self, document: Open) -> None:
        """A document was opened: what was found in it before is shown, if it still stands there."""
        self.closed(document.uri)
        if document.uri in self._filled:  # it may have changed on the disk since; what still holds is shown again
            self._filled.remove(document.uri)
            self._say(document.uri, [])
        if document.refused:
            return
        self._seen[document.uri] = seen = Seen(document.text)
        if (router := self._router()) is not None:
            self._connection.start(None, self._remember, document, seen, router)

    def changed(self, document: Open, changes: Sequence[Change], before: str) -> None:
        """A document has changed: findings move, or go at once."""
        seen = self._seen.get(document.uri)
        if seen is None or not seen.shown:
            return
        old, seen.shown = seen.shown, moved(seen.shown, changes, before, document.text)
        if len(seen.shown) < len(old):
            self._publish(document, seen)
        elif seen.shown != old and seen.timer is None:
            seen.timer = asyncio.get_running_loop().call_later(_MOVES, self._publish, document, seen)

    def known(self, document: Open, params: messages.CodeAction) -> Sequence[object]:
        """The diagnostics at a place. Who asks there gets ours of all its lines: some editors send only what is right
        under the cursor, or send it without its id.
        """
        sent, range = params.context.diagnostics, params.range
        seen = self._seen.get(document.uri)
        mine = [it for it in sent if isinstance(it, dict) and it.get("source") == findings.SOURCE]
        if seen is None or params.context.trigger_kind == AUTOMATIC or any(it.get("data") for it in mine):
            return sent
        near = (it for it in diagnostics(document, seen.shown) if it["range"].start.line <= range.end.line)
        ours = [msgspec.to_builtins(it) for it in near if it["range"].end.line >= range.start.line]
        return [*(it for it in sent if it not in mine), *ours] if ours else sent

    def closed(self, uri: str) -> None:
        """A document was closed: what runs for it stops, and its findings go."""
        seen = self._seen.pop(uri, None)
        if seen is None:
            return
        if seen.work is not None:
            seen.work.cancel()
        if seen.timer is not None:
            seen.timer.cancel()
        if seen.published:
            self._say(uri, [])

    def _saved(self, params: messages.DidSave) -> None:
        document, router = self._documents.get(params.text_document.uri), self._router()
        seen = self._seen.get(params.text_document.uri)
        if document is None or seen is None or router is None or document.refused:
            return
        if seen.work is not None:
            seen.work.cancel()
            seen.work = None
        if router.config.review.on_save:
            seen.work = self._connection.start(None, self._review, document, seen, router)

    def _told(self, params: messages.Others) -> None:
        """What other tools report of a document, so that nobody has to read it twice."""
        document, seen = self._documents.get(params.uri), self._seen.get(params.uri)
        if document is not None and seen is not None:
            found = [it for it in params.diagnostics if it.source != findings.SOURCE]
            seen.others = tuple(Diagnostic(document.span(it.range), it.message, source=it.source or "") for it in found)

    # Reviewing

    async def _review(self, document: Open, seen: Seen, router: Router) -> None:
        """Review what has changed since it was last reviewed, a definition after the other."""
        await asyncio.sleep(DEBOUNCE)
        now = document.snapshot()
        due = await asyncio.to_thread(reviewed.due, router, now, seen.text)
        done = {it.digest for it in due.settled}
        for unit in due.units[:MOST]:
            request = Request("review", now, unit.span, diagnostics=seen.others)
            found = await reviewed.answer(router, request)
            if found is None:
                break
            done.add(unit.digest)
            await asyncio.to_thread(router.reviews.memory.saw, now.path, done)
            if self._seen.get(document.uri) is not seen:
                return
            await self._take(document, seen, now, unit, found.findings, router)
        else:
            seen.text = now.text
        if not due.units:
            await asyncio.to_thread(router.reviews.memory.saw, now.path, done)

    async def _take(
        self, document: Open, seen: Seen, now: Document, unit: Unit, found: Sequence[Finding], router: Router
    ) -> None:
        """Show what was found in a definition, in the place of what was shown there; nothing, if nothing was."""
        fresh = await asyncio.to_thread(reviewed.shown, now, found)
        fresh = reviewed.where(fresh, now.text, document.text)
        kept = [it for it in seen.shown if not reviewed.of(it, unit, now, document)]
        self.show(document, seen, [*kept, *fresh], router)

    def show(self, document: Open, seen: Seen, shown: Iterable[Shown], router: Router) -> None:
        """Show these, the gravest, and remember them for when the document is opened again."""
        from router.reviewing import ranking

        by_place = {id(it.finding): it for it in shown}
        ranked = ranking.capped(
            ranking.ranked([it.finding for it in by_place.values()]), router.config.review.max_findings
        )
        seen.shown = [by_place[id(it)] for it in ranked]
        if seen.shown or seen.published:
            self._publish(document, seen)
            self._keep(document, seen, router)

    def _publish(self, document: Open, seen: Seen) -> None:
        if seen.timer is not None:
            seen.timer.cancel()
            seen.timer = None
        found = diagnostics(document, seen.shown)
        params: dict[str, Any] = {"uri": document.uri, "diagnostics": found}
        if document.version is not None:
            params["version"] = document.version
        self._connection.wire.notify("textDocument/publishDiagnostics", params)
        seen.published = bool(found)

    # Remembering

    def _keep(self, document: Open, seen: Seen, router: Router) -> None:
        memory, shown = router.reviews.memory, [it.finding for it in seen.shown]
        self._connection.start(None, lambda: asyncio.to_thread(memory.keep, reviewed.key(document.path), shown))

    async def _remember(self, document: Open, seen: Seen, router: Router) -> None:
        """Show again what was found when the document was last open, and is still wanted."""
        known = await asyncio.to_thread(router.reviews.memory.kept, reviewed.key(document.path))
        if not known or self._seen.get(document.uri) is not seen:
            return
        text = document.text
        again = await asyncio.to_thread(reviewed.again, document.snapshot(), known, router)
        if document.text == text and self._seen.get(document.uri) is seen and not seen.shown and again:
            seen.shown = again
            self._publish(document, seen)

    def fill(self, found: Iterable[tuple[Document, list[Shown]]]) -> None:
        """Show what was found in a change, file by file; what an earlier one showed in files that are not open goes."""
        router = self._router()
        gone, self._filled = self._filled, set()
        for document, shown in found:
            opened = self._documents.at(document.path)
            seen = self._seen.get(opened.uri) if opened else None
            if opened is not None and seen is not None and router is not None:
                self.show(opened, seen, reviewed.where(shown, document.text, opened.text), router)
            else:
                self._fill(document, shown)
        for uri in gone - self._filled - self._seen.keys():
            self._say(uri, [])

    def _fill(self, document: Document, shown: list[Shown]) -> None:
        """Findings in a file that nobody has open; when it is opened, they are there."""
        uri, router = convert.uri(document.path), self._router()
        if shown:
            self._filled.add(uri)
            self._say(
                uri, diagnostics(Open(uri, document.language, None, document.text, self._documents.encoding), shown)
            )
        if router is not None:
            memory, found = router.reviews.memory, [it.finding for it in shown]
            self._connection.start(None, lambda: asyncio.to_thread(memory.keep, reviewed.key(document.path), found))

    def _say(self, uri: str, found: list[dict[str, Any]]) -> None:
        self._connection.wire.notify("textDocument/publishDiagnostics", {"uri": uri, "diagnostics": found})

    # What the user wants of a finding

    async def _finding(self, job: Job) -> None:
        whole = len(job.arguments) == 3 and all(isinstance(it, str) for it in job.arguments)
        if not whole or job.arguments[0] not in findings.DEEDS:
            sentence = f"{findings.COMMAND} takes what is to be done, a URI and the finding's id."
            raise messages.Malformed(messages.INVALID_PARAMS, sentence)
        await self.finding(*job.arguments)

    async def finding(self, what: str, uri: str, id: str) -> None:
        """Carry out what a quick fix says about a finding; one that is not there any more is left alone."""
        document, seen, router = self._documents.get(uri), self._seen.get(uri), self._router()
        one = next((it for it in seen.shown if it.id == id), None) if seen else None
        if document is None or seen is None or one is None or router is None:
            self._notices.show("This finding is not there any more.", INFO)
            return
        if what == findings.APPLY:
            self._edit(document, one.finding.fix, "Mend it")
        elif what == findings.IGNORE:
            await self._ignore(document, seen, one, router)
        root, rule, memory = router.naming.root(document.path), one.finding.rule, router.reviews.memory
        if what == findings.NEVER:
            await asyncio.to_thread(memory.never, rule, root)
        elif what == findings.DISMISS:
            times = await asyncio.to_thread(memory.dismiss, id, rule, root)
            if times == _ENOUGH:
                self._notices.show(f"“Never report” among the quick fixes switches {rule} off here.", INFO)
        if what == findings.DISMISS:
            self.show(document, seen, [it for it in seen.shown if it.id != id], router)
        elif what == findings.NEVER:
            self._drop(rule, root, router)

    async def _ignore(self, document: Open, seen: Seen, one: Shown, router: Router) -> None:
        """Write the comment that silences a rule, where it is a comment and nothing else."""
        now = document.snapshot()
        change = await asyncio.to_thread(findings.ignoring, now, one, reviewed.signs(now.language))
        if change is None:
            self._notices.show("No comment can stand in this line or above it; dismiss the finding instead.", INFO)
        elif document.text == now.text:
            self._edit(document, [change], "Ignore it")
            self.show(document, seen, [it for it in seen.shown if it.id != one.id], router)

    def _drop(self, rule: str, root: str, router: Router) -> None:
        """Show no finding of a rule any more, in none of a workspace's open documents."""
        for uri, seen in self._seen.items():
            document = self._documents.get(uri)
            left = [it for it in seen.shown if it.finding.rule != rule]
            if document is not None and len(left) < len(seen.shown) and router.naming.root(document.path) == root:
                self.show(document, seen, left, router)

    def _edit(self, document: Open, changes: Sequence[Change], label: str) -> None:
        if changes:
            edit = Edit(label, (FileEdit(document.snapshot(), tuple(changes)),))
            made = edits.workspace_edit(edit, self._documents, self._notices.able)
            self._connection.wire.ask("workspace/applyEdit", {"label": label, "edit": made})
