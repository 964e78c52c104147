"""The language server: one short handler per message, which translates, asks the router and translates back."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from asyncio import Task
from collections.abc import Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

from lsp import convert, leading, messages, parent, present, wire
from lsp.connection import Connection
from lsp.documents import Documents, Open
from lsp.jobs import actions
from lsp.messages import Id
from lsp.present import Notices, Question
from lsp.wire import Wire, Writer, log
from router import Superseded, SwitchyardError
from router.types import Fate, Insertion

if TYPE_CHECKING:
    from lsp.jobs.reviews import Reviews
    from lsp.rest import Rest
    from lsp.settings import Settings
    from router.config import Config
    from router.engine import Router

VERSION = "0.1.0"
GRACE = 1.5  # seconds from the end of the connection to the end of the process, whatever hangs


class Server:
    """What one editor has open, and the router that works for it."""

    def __init__(self, connection: Connection, launch: Sequence[tuple[str, str]]) -> None:
        self.wire = connection.wire
        self.documents = Documents(convert.DEFAULT)
        self.notices = Notices(connection.wire)
        self._connection = connection
        self._launch = launch
        self._reviews: Reviews  # from `initialize` on; before it there are no documents
        self._router: Router | None = None
        self._settings: Settings | None = None
        self._roots: list[str] = []
        self._watcher: Task[None] | None = None
        connection.initialize = self._initialize
        connection.requests = {
            "textDocument/inlineCompletion": (messages.InlineCompletion, self._inline_completion),
        }
        connection.notifications = {
            "textDocument/didOpen": (messages.DidOpen, self._did_open),
            "textDocument/didChange": (messages.DidChange, self._did_change),
            "textDocument/didClose": (messages.DidClose, self._did_close),
            "switchyard/cursor": (messages.Cursor, self._cursor),
        }

    # From the first message to the last

    def _initialize(self, id: Id, client: messages.Initialize, body: bytes) -> None:
        general = client.capabilities.general
        encoding = self.documents.encoding = convert.encoding((general and general.position_encodings) or [])
        offer = present.capabilities(encoding, client, actions.NAMES, actions.KINDS)
        self.wire.answer(id, {"capabilities": offer, "serverInfo": {"name": "switchyard", "version": VERSION}})
        self.notices.greet(client)
        self._begin(client)
        self._connection.start(None, self._bring_the_rest, body)
        self._connection.start(None, parent.watch, client.process_id, self._connection.lost)

    def _begin(self, client: messages.Initialize) -> None:
        """What can wait until `initialize` is answered: the jobs, the settings, the router, and what they import."""
        from lsp.settings import Settings
        from router import layers
        from router.engine import Router

        self._loop = asyncio.get_running_loop()
        self._offer_jobs()
        self._settings = Settings(layers.launch(self._launch), self.notices.show)
        self._settings.edit(client.initialization_options)
        self._roots = leading.folders(client.roots)
        self._settings.enter(self._roots)
        self._watch_settings()
        try:
            self._router = Router(self._settings.config, self.notices.tell, note=self._note, roots=self._roots)
        except SwitchyardError as error:
            self.notices.show(str(error))
        else:
            self._connection.start(None, self._router.start)

    def _offer_jobs(self) -> None:
        from lsp.jobs.jobs import Jobs
        from lsp.jobs.reviews import Reviews

        reviews = self._reviews = Reviews(self._connection, self.documents, self.notices, self._trusted)
        Jobs(self._connection, self.documents, self.notices, self._trusted, reviews.commands, reviews.known)

    def _note(self, sentence: str) -> None:
        """What the ledger has to say, from a thread of its own."""
        with suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self.notices.show, sentence, present.WARNING)

    async def _bring_the_rest(self, initialize: bytes) -> None:
        """Import pygls beside the loop, then give it its part; then look around in the workspace."""

        def load() -> type[Rest]:
            from lsp.rest import Rest

            return Rest

        rest = await asyncio.get_running_loop().run_in_executor(None, load)
        self._connection.bring(rest(self, VERSION), initialize)
        if self._router is not None:
            await self._router.workspace.start()

    async def aclose(self) -> None:
        """Stop whatever runs and give back the engines."""
        await self._connection.aclose()
        if self._router is not None:
            await self._router.aclose()

    # Settings

    def configure(self, settings: object) -> None:
        """The editor's settings have changed."""
        if self._settings is not None:
            self._settings.edit(settings)
            self._reconfigure()

    def entered(self, added: Sequence[str], removed: Sequence[str]) -> None:
        """Folders were opened and closed, and with them their settings."""
        gone = leading.folders(removed)
        self._roots = list(dict.fromkeys([it for it in self._roots if it not in gone] + leading.folders(added)))
        if self._router is not None:
            self._router.entered(self._roots)
        if self._settings is not None:
            self._settings.enter(self._roots)
            self._reconfigure()
            self._watch_settings()

    def _reconfigure(self) -> None:
        async def reconfigure(router: Router, config: Config) -> None:
            try:
                await router.reconfigure(config)
            except SwitchyardError as error:
                self.notices.show(str(error))

        if self._router is not None and self._settings is not None:
            self._connection.start(None, reconfigure, self._router, self._settings.config)

    def _watch_settings(self) -> None:
        async def watch(settings: Settings) -> None:
            async with aclosing(settings.changes()) as changes:
                async for _ in changes:
                    self._reconfigure()

        if self._watcher is not None:
            self._watcher.cancel()
        if self._settings is not None:
            self._watcher = self._connection.start(None, watch, self._settings)

    # Documents

    def _did_open(self, params: messages.DidOpen) -> None:
        item = params.text_document
        document = self.documents.open(item.uri, item.language_id, item.version, item.text, leading.real(item.uri))
        self._present(document)
        self._reviews.opened(document)

    def _did_change(self, params: messages.DidChange) -> None:
        identifier = params.text_document
        document = self.documents.get(identifier.uri)
        refused, before = document is None or document.refused, document.text if document else ""
        changes = self.documents.change(identifier.uri, identifier.version, params.content_changes)
        if document is None or not changes:
            return
        if refused or document.refused:
            self._present(document)
            self._reviews.opened(document)
        elif self._router is not None:
            self._router.edited(document.snapshot(), changes)
            self._reviews.changed(document, changes, before)

    def _did_close(self, params: messages.DidClose) -> None:
        document = self.documents.close(params.text_document.uri)
        self._reviews.closed(params.text_document.uri)
        if document is not None and self._router is not None:
            self._router.closed(document.path)

    def _cursor(self, params: messages.Cursor) -> None:
        """The cursor was moved and nothing was typed; where it stands is worth reading ahead."""
        document = self.documents.get(params.text_document.uri)
        router = self._trusted()
        if document is not None and not document.refused and router is not None:
            router.moved(document.snapshot(), document.offset(params.position))

    def _present(self, document: Open) -> None:
        """Show the router a document from its beginning; one that is too large it does not get to see."""
        if self._router is None:
            return
        if document.refused:
            self._router.closed(document.path)
        else:
            self._router.opened(document.snapshot())

    def became(self, uri: str, text: str, fate: Fate) -> None:
        """The editor says what became of a suggestion."""
        if self._router is not None:
            self._router.ledger.accepted(convert.path(uri), text, fate)

    # Inline completion

    def _inline_completion(self, id: Id, params: messages.InlineCompletion) -> None:
        document = self.documents.get(params.text_document.uri)
        if document is None or document.refused or self._router is None or not self._wanted(params):
            self.wire.answer(id, None)
            if document is not None and document.refused and params.context.trigger_kind == present.MANUAL:
                self.notices.show("This document is binary or too large; it gets no suggestions.", present.WARNING)
        else:
            self._connection.start(id, self._complete, id, document, present.question(document, params), self._router)

    def _trusted(self) -> Router | None:
        """The router, once the user's own settings are known."""
        return self._router if self._settings is not None and self._settings.trusted else None

    def _wanted(self, params: messages.InlineCompletion) -> bool:
        if self._settings is None or self._trusted() is None:
            return False
        return self._settings.config.complete.automatic or params.context.trigger_kind == present.MANUAL

    async def _complete(self, id: Id, document: Open, asked: Question, router: Router) -> None:
        insertions: list[Insertion] = []
        if self._fits(document, asked):  # what came in one go with the request may have changed it already
            insertions = await _insertions(router, asked)
        self.wire.answer(id, present.items(document, asked, insertions) if self._fits(document, asked) else None)

    def _fits(self, document: Open, asked: Question) -> bool:
        return self.documents.get(document.uri) is document and document.text == asked.text


async def _insertions(router: Router, asked: Question) -> list[Insertion]:
    """All suggestions, best first; none if the request was superseded."""
    found: list[Insertion] = []
    try:
        async with aclosing(router.ask(asked.request)) as answers:
            async for answer in answers:
                if isinstance(answer, Insertion):
                    found.append(answer)
    except Superseded:
        return []
    except SwitchyardError as error:  # completion fails silently; the router tells of its engines
        log.info("a completion failed: %s", type(error).__name__)
    return found


def serve_stdio(launch: Sequence[tuple[str, str]] = ()) -> int:
    """Serve one editor over stdin and stdout until it leaves; the exit code. Raises BadConfig for wrong arguments."""
    if launch:
        from router import layers

        layers.launch(launch)
    stdin, stdout = wire.claim()
    sys.setswitchinterval(0.001)  # seconds that a thread which works ahead may hold up a keystroke
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="switchyard: %(message)s")
    return asyncio.run(_serve(stdin, stdout, launch))


def serve(settings: Sequence[str]) -> int:
    """The same, from launch arguments `KEY=VALUE`."""
    return serve_stdio([(key, value) for key, _, value in (it.partition("=") for it in settings)])


async def _serve(stdin: int, stdout: int, launch: Sequence[tuple[str, str]]) -> int:
    loop = asyncio.get_running_loop()
    over: asyncio.Future[tuple[int, str]] = loop.create_future()

    def end(code: int, reason: str) -> None:
        if not over.done():
            over.set_result((code, reason))

    def lost(reason: str) -> None:
        wire.deadline(GRACE, 1)  # from here, because the loop may be what hangs
        with suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(connection.lost, reason)

    writer = Writer(stdout, lambda: lost("the editor does not read"))
    connection = Connection(Wire(writer), end)
    server = Server(connection, launch)
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        with suppress(AttributeError, NotImplementedError):  # Windows has not all of them, nor this way
            loop.add_signal_handler(getattr(signal, name), connection.lost, name)
    wire.listen(stdin, lambda bodies: loop.call_soon_threadsafe(connection.receive, bodies), lost)
    code, reason = await over
    wire.deadline(GRACE, code)
    if code:
        log.warning("ends: %s", reason)
    await server.aclose()
    writer.drain(GRACE / 3)
    return code
