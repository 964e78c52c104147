"""What the router says, as an editor shows it: items, progress, a status line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lsp import convert
from lsp.documents import Open
from lsp.jobs.edits import Able, able
from lsp.messages import Initialize, InlineCompletion, Selected, Window
from lsp.wire import Wire
from router.types import Fate, Insertion, Request, Span, Status

ACCEPTED = "switchyard.accepted"
# The commands by which an editor says what became of a suggestion: each takes its document's URI and its text.
FATES: dict[str, Fate] = {
    ACCEPTED: "accepted",
    "switchyard.partlyAccepted": "partly accepted",
    "switchyard.dismissed": "dismissed",
}
MANUAL = 1  # triggerKind
ERROR, WARNING, INFO = 1, 2, 3  # of window/showMessage


def capabilities(
    encoding: str, client: Initialize, commands: Iterable[str] = (), kinds: Sequence[str] = ()
) -> dict[str, Any]:
    """What pygls would say that we can do, with these commands and kinds of code actions; a test holds both against
    each other."""
    sync = (client.capabilities.text_document or {}).get("synchronization") or {}
    no_saves = {name: False for name in ("willSave", "willSaveWaitUntil") if sync.get(name) is not None}
    return {
        "positionEncoding": encoding,
        "textDocumentSync": {"openClose": True, "change": 2, **no_saves, "save": {"includeText": False}},
        "codeActionProvider": {"codeActionKinds": list(kinds)},
        "executeCommandProvider": {"commands": [*FATES, *commands]},
        "inlineCompletionProvider": {},
        "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": True}, "fileOperations": {}},
    }


class Question(Struct, frozen=True):
    """A completion request, and what is needed to present its answer.

    `typed` stands in the request's text in the place of `span` of the document's: what the pop-up would insert.
    """

    request: Request
    text: str
    span: Span
    typed: str


def question(document: Open, params: InlineCompletion) -> Question:
    """The request for a position; the text that the pop-up has selected counts as typed."""
    now, selected = document.snapshot(), params.context.selected_completion_info
    span = _place(document, params, selected)
    typed = selected.text if selected else ""
    text = now.text[: span.start] + typed + now.text[span.end :] if selected else now.text
    cursor = span.start + len(typed)
    request = Request(
        "complete",
        replace(now, text=text),
        Span(cursor, cursor),
        manual=params.context.trigger_kind == MANUAL,
    )
    return Question(request, now.text, span, typed)


def _place(document: Open, params: InlineCompletion, selected: Selected | None) -> Span:
    if selected:
        return document.span(selected.range)
    cursor = document.offset(params.position)
    return Span(cursor, cursor)


def items(document: Open, asked: Question, insertions: Sequence[Insertion]) -> dict[str, Any] | None:
    """The answer to an inline completion, best item first; None if there is nothing to show."""
    shown = [item for insertion in insertions if (item := _item(document, asked, insertion))]
    return {"items": shown} if shown else None


def _item(document: Open, asked: Question, insertion: Insertion) -> dict[str, Any] | None:
    """One item; None if it undoes what the pop-up would insert, which an editor could not show."""
    start, end = asked.span.start, asked.request.span.end
    if asked.typed and not start <= insertion.span.start <= end <= insertion.span.end:
        return None
    before = asked.request.document.text[start : insertion.span.start] if asked.typed else ""
    text = before + insertion.text
    if not text.startswith(asked.typed):
        return None
    first = start if asked.typed else insertion.span.start
    last = insertion.span.end - end + asked.span.end
    return {
        "insertText": text,
        "range": document.range(Span(first, last)),
        "command": {"title": "Accepted", "command": ACCEPTED, "arguments": [document.uri, text]},
    }


class Notices:
    """What the user is told without having asked: the engine's state, a load's progress, a setting that is wrong."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.documents = self.literal = False  # whether it shows documents, and takes code actions as such
        self.able = Able()
        self._status = self.progress = False
        self._state = ""
        self._last: Status | None = None
        self._jobs: list[str] = []
        self._loads = 0
        self._token = self._shown = ""  # of the load that goes on; of its progress that is on show

    def greet(self, client: Initialize) -> None:
        """Learn what the client can show."""
        experimental = client.capabilities.experimental
        self._status = isinstance(experimental, dict) and experimental.get("switchyardStatus") is True
        window, text = client.capabilities.window or Window(), client.capabilities.text_document or {}
        self.progress = bool(window.work_done_progress)
        self.documents = bool((window.show_document or {}).get("support"))
        self.literal = bool((text.get("codeAction") or {}).get("codeActionLiteralSupport"))
        self.able = able(client.capabilities.workspace)

    def tell(self, status: Status) -> None:
        """The router's state has changed."""
        if self._status:
            self._say(status)
        if status.state == "excluded":
            return
        self._last = replace(status, path="")
        if not self._status and status.state == "offline" and self._state != "offline":
            self.show(status.message, WARNING)
        self._state = status.state
        if status.state == "loading":
            self._begin(status.message)
        else:
            self._end()

    @contextmanager
    def busy(self, job: str) -> Iterator[None]:
        """While it lasts, somebody waits for a job; said to those who follow the state, in place of "ready"."""
        self._jobs.append(job)
        self._say_busy()
        try:
            yield
        finally:
            self._jobs.remove(job)
            self._say_busy()

    def _say_busy(self) -> None:
        if self._status and self._last is not None and self._last.state == "ready":
            busy = replace(self._last, state="busy", message=f"{', '.join(self._jobs)}.")
            self._say(busy if self._jobs else self._last)

    def _say(self, status: Status) -> None:
        said = {"state": status.state, "message": status.message, "engine": status.engine}
        about = {"uri": convert.uri(status.path)} if status.path else {}
        self._wire.notify("switchyard/status", said | about)

    def show(self, message: str, kind: int = ERROR) -> None:
        """A sentence in the editor's own way."""
        self._wire.notify("window/showMessage", {"type": kind, "message": message})

    def _begin(self, message: str) -> None:
        if not self.progress or self._token:
            return
        self._loads += 1
        token = self._token = f"switchyard-load-{self._loads}"
        value = {"kind": "begin", "title": "Switchyard", "message": message, "cancellable": False}

        def created(result: bytes | None) -> None:
            if result is not None and self._token == token:  # not over already
                self._shown = token
                self._report(token, value)

        self._wire.ask("window/workDoneProgress/create", {"token": token}, created)

    def _end(self) -> None:
        if self._shown and self._shown == self._token:
            self._report(self._shown, {"kind": "end"})
        self._token = self._shown = ""

    def _report(self, token: str, value: dict[str, Any]) -> None:
        self._wire.notify("$/progress", {"token": token, "value": value})
