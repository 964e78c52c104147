"""One job that an editor has asked for by a command: what it is about, how it is told of, what comes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from lsp import convert
from lsp.convert import Range
from lsp.documents import Documents, Open
from lsp.jobs import actions, sheets
from lsp.jobs.bars import Bars, Report
from lsp.messages import INVALID_PARAMS, Malformed
from lsp.present import INFO, WARNING, Notices
from lsp.wire import Wire
from router import SwitchyardError
from router.types import Answer, Delta, Diagnostic, Document, Refusal, Request, Severity, Span

if TYPE_CHECKING:
    from router.engine import Router

Token: TypeAlias = "int | str | None"
AGAIN = "Do it all the same"
PATIENCE = 1.0  # seconds; some editors stand still until a command is answered, and give it up after ten

_SEVERITIES: dict[int | None, Severity] = {1: "error", 2: "warning", 3: "information", 4: "hint"}


class More(Struct, frozen=True, omit_defaults=True):
    """`diagnostics` as the editor words them; `consent`: the model that completes may leave memory for it; `preview`:
    the editor shows an edit itself, and makes it."""

    diagnostics: list[Any] = field(default_factory=list)
    consent: bool = False
    preview: bool = False


class Asked(Struct, frozen=True, array_like=True):
    """The arguments of a command about a place; what is said as it goes is reported on the editor's own `token`."""

    uri: str
    range: Range
    note: str | None = None
    token: Token = None
    more: More | None = None


class Place(Struct, frozen=True):
    """What a command is about, as it was when the command came."""

    asked: Asked
    open: Open
    document: Document
    span: Span
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def heard(self) -> bool:
        """Whether the editor does something with the result; else all is shown to the user in its own ways."""
        return self.asked.token is not None or (self.asked.more is not None and self.asked.more.preview)

    def request(self, task: str) -> Request:
        """The request for a task at this place."""
        consent = self.asked.more is not None and self.asked.more.consent
        note = self.asked.note or ""
        return Request(task, self.document, self.span, True, consent, diagnostics=self.diagnostics, note=note)

    def agreed(self) -> Place:
        """The same, with the consent of whoever asked."""
        return replace(self, asked=replace(self.asked, more=replace(self.asked.more or More(), consent=True)))

    def command(self, title: str, command: str, more: More | None = None, note: str = "") -> dict[str, Any]:
        """A command about the same place, as an editor offers it; a `note` takes the place of the one that came."""
        asked = self.asked
        arguments = [asked.uri, asked.range, note or asked.note, None, more or asked.more]
        return {"title": title, "command": command, "arguments": arguments}


class Job:
    """A command under way; `arguments` as they came, `let_go` answers it before it is done."""

    def __init__(
        self,
        wire: Wire,
        documents: Documents,
        notices: Notices,
        router: Router,
        command: str,
        arguments: Sequence[Any],
        bars: Bars,
        let_go: Callable[[], object],
    ) -> None:
        self.documents, self.notices, self.router = documents, notices, router
        self.command, self.arguments = command, arguments
        self._wire, self._bars, self._let_go = wire, bars, let_go

    def place(self) -> Place:
        """What it is about. Raises Malformed; to be called before the first await, for the text may change after it."""
        try:
            asked = msgspec.convert(self.arguments, Asked)
        except msgspec.ValidationError as error:
            sentence = f"{self.command} takes a URI, a range, a note, a token and an object."
            raise Malformed(INVALID_PARAMS, sentence) from error
        document = self.documents.get(asked.uri)
        if document is None or document.refused:
            why = "is binary or too large" if document else "is not open"
            raise Malformed(INVALID_PARAMS, f"{self.command} can do nothing here: the file {why}.")
        said = tuple(_diagnostic(document, it) for it in (asked.more.diagnostics if asked.more else ()))
        found = tuple(it for it in said if it is not None)
        return Place(asked, document, document.snapshot(), document.span(asked.range), found)

    async def answer(self, place: Place, task: str) -> Answer:
        """The router's answer; what the model says on the way is reported. Whatever goes wrong is a Refusal.

        Where the editor only shows what we say, the user is asked whether the model that completes may go.
        """
        found = await self._asked(place, task)
        if isinstance(found, Refusal) and found.consent and not place.heard and await self._consents(found.reason):
            found = await self._asked(place.agreed(), task)
        return found

    async def _asked(self, place: Place, task: str) -> Answer:
        found: Answer = Refusal("The engine said nothing; ask again.")
        title = self.router.tasks[task].title
        with self.notices.busy(title), nullcontext() if place.heard else self.bar(title):
            try:
                async with aclosing(self.router.ask(place.request(task))) as items:
                    async for item in items:
                        if isinstance(item, Delta):
                            self._report(place.asked.token, item.text)
                        else:
                            found = item
            except SwitchyardError as error:
                found = Refusal(str(error))
        return found

    async def _consents(self, question: str) -> bool:
        heard: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()

        def hear(result: bytes | None) -> None:
            if not heard.done():
                heard.set_result(result)

        self._let_go()  # some editors stand still until then, and could not ask
        params = {"type": WARNING, "message": question, "actions": [{"title": AGAIN}]}
        self._wire.ask("window/showMessageRequest", params, hear)
        said = await heard
        if said is None:
            self.notices.show(question, WARNING)
        return said is not None and _agreed(said)

    @contextmanager
    def bar(self, title: str, measured: bool = False, waits: bool = False) -> Iterator[Report]:
        """A bar while it lasts; unless the editor `waits` for the result, the command is answered before it tires."""
        timer = None if waits else asyncio.get_running_loop().call_later(PATIENCE, self._let_go)
        try:
            with self._bars.bar(title, measured) as report:
                yield report
        finally:
            if timer is not None:
                timer.cancel()

    def _report(self, token: Token, text: str) -> None:
        if token is not None:
            self._wire.notify("$/progress", {"token": token, "value": {"kind": "report", "delta": text}})

    def apply(self, title: str, edit: dict[str, Any]) -> None:
        """Have the editor make an edit; whether the user lets it is not waited for."""
        self._wire.ask("workspace/applyEdit", {"label": title, "edit": edit})

    def refused(self, refusal: Refusal, place: Place) -> dict[str, Any]:
        """The result of what came to nothing; an editor that gave no token is told in its own way, too."""
        if place.asked.token is None and (place.heard or not refusal.consent):  # else the question has said it
            self.notices.show(refusal.reason, WARNING)
        again = place.command(AGAIN, self.command, place.agreed().asked.more)
        return {"refusal": refusal.reason, "actions": [again] if refusal.consent else []}

    def uri(self, path: str) -> str:
        """A file's URI as the editor writes it, if it is open."""
        document = self.documents.at(path)
        return document.uri if document else convert.uri(path)

    async def show(self, name: str, markdown: str) -> None:
        """Show a page in an editor that has no place of its own for it."""
        if not self.notices.documents:
            self.notices.show(markdown, INFO)
            return
        try:
            path = await asyncio.to_thread(sheets.written, name, markdown)
        except OSError as error:
            self.notices.show(f"{error.filename} can't be written: {error.strerror}.", WARNING)
        else:
            params = {"uri": path.as_uri(), "takeFocus": True}
            self._wire.ask("window/showDocument", params)


def _agreed(said: bytes) -> bool:
    """Whether the editor names what was offered; whatever else it may say is no consent."""
    try:
        return msgspec.json.decode(said, type=dict[str, object]).get("title") == AGAIN
    except msgspec.DecodeError:
        return False


def _diagnostic(document: Open, raw: object) -> Diagnostic | None:
    reported = actions.read(raw)
    if reported is None:
        return None
    severity = _SEVERITIES.get(reported.severity, "error")
    code = "" if reported.code is None else str(reported.code)
    return Diagnostic(document.span(reported.range), reported.message, severity, reported.source or "", code)
