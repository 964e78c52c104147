"""The commands and code actions by which an editor asks for a job: each is begun at once, and can be cancelled."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from lsp import messages
from lsp.connection import Connection
from lsp.documents import Documents, Open
from lsp.jobs import actions, editing, findings
from lsp.jobs.bars import Bars
from lsp.jobs.explaining import explain
from lsp.jobs.job import Job
from lsp.messages import ANOTHERS, Id
from lsp.present import Notices

if TYPE_CHECKING:
    from router.engine import Router

# What carries a command out; it takes what it needs of the documents before it waits, and its result is the command's.
Command: TypeAlias = "Callable[[Job], Coroutine[Any, Any, object]]"
COMMANDS: dict[str, Command] = {
    "switchyard.document": editing.document,
    "switchyard.explain": explain,
    "switchyard.fix": editing.fix,
    "switchyard.refactor": editing.refactor,
}


class Jobs:
    """Takes the requests by which jobs are asked for; `router` gives who does them, None where nothing may be asked.

    `known` gives the diagnostics at a place.
    """

    def __init__(
        self,
        connection: Connection,
        documents: Documents,
        notices: Notices,
        router: Callable[[], Router | None],
        more: Mapping[str, Command],
        known: Callable[[Open, messages.CodeAction], Sequence[object]],
    ) -> None:
        self._commands = {**COMMANDS, **more}
        self._connection, self._documents, self._notices, self._router = connection, documents, notices, router
        self._known = known
        self._bars = Bars(connection, notices)
        connection.requests |= {
            "textDocument/codeAction": (messages.CodeAction, self._actions),
            "workspace/executeCommand": (messages.Execute, self._execute),
        }

    def _actions(self, id: Id, params: messages.CodeAction) -> None:
        document = self._documents.get(params.text_document.uri)
        if document is None or document.refused or self._router() is None:
            self._connection.wire.answer(id, None)
        else:
            offers = (findings.offer, *actions.OFFERS, *editing.OFFERS)
            found = actions.actions(document, params, self._known(document, params), offers)
            self._connection.wire.answer(id, found if self._notices.literal else [it["command"] for it in found])

    def _execute(self, id: Id, params: messages.Execute) -> object:
        command, router = self._commands.get(params.command), self._router()
        if command is None:
            return ANOTHERS
        if router is None:
            sentence = "Switchyard does nothing until your settings can be read; `switchyard doctor` says why."
            raise messages.Malformed(messages.INVALID_REQUEST, sentence)
        wire = self._connection.wire

        def let_go() -> None:
            wire.answer(id, None)

        said = (params.command, params.arguments or ())
        job = Job(wire, self._documents, self._notices, router, *said, self._bars, let_go)
        work = command(job)

        async def run() -> None:
            wire.answer(id, await work)

        task = self._connection.start(id, run)
        task.add_done_callback(lambda task: work.close())  # one that is cancelled at once has never run
        return None
