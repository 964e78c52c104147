"""The language server: one short handler per message, which translates, asks the router and translates back."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import traceback
from asyncio import Task
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, ParamSpec

from msgspec import UNSET, Raw

from lsp import convert, messages, parent, present, wire
from lsp.documents import Documents, Open
from lsp.messages import Id, Malformed, Message
from lsp.present import Notices, Question
from lsp.wire import Wire, Writer, log
from router import Superseded, SwitchyardError
from router.types import Insertion

if TYPE_CHECKING:
    from lsp.rest import Rest
    from lsp.settings import Settings
    from router.engine import Router

VERSION = "0.1.0"
GRACE = 1.5  # seconds from the end of the connection to the end of the process, whatever hangs
A = ParamSpec("A")


def capabilities(encoding: str, client: messages.Initialize) -> dict[str, Any]:
    """What pygls would say that we can do; a test holds both against each other."""
    sync = (client.capabilities.text_document or {}).get("synchronization") or {}
    no_saves = {name: False for name in ("willSave", "willSaveWaitUntil") if sync.get(name) is not None}
    return {
        "positionEncoding": encoding,
        "textDocumentSync": {"openClose": True, "change": 2, **no_saves, "save": False},
        "executeCommandProvider": {"commands": [present.ACCEPTED]},
        "inlineCompletionProvider": {},
        "workspace": {
            "workspaceFolders": {"supported": True, "changeNotifications": True},
            "fileOperations": {},
        },
    }


class Server:
    """One connection: its lifecycle, its documents, its router. `end` is called with the exit code and the reason."""

    def __init__(self, wire: Wire, launch: Sequence[tuple[str, str]], end: Callable[[int, str], object]) -> None:
        self.wire = wire
        self.documents = Documents("utf-16")
        self.notices = Notices(wire)
        self._launch = launch
        self._end = end
        self._state = "new"  # then "running", then "shut down"
        self._router: Router | None = None
        self._settings: Settings | None = None
        self._rest: Rest | None = None
        self._for_the_rest: list[tuple[Id, bytes]] = []
        self._tasks: set[Task[None]] = set()
        self._watcher: Task[None] | None = None

    # What arrives

    def receive(self, bodies: Sequence[bytes]) -> None:
        """Handle messages in order; nothing that one of them does keeps the next from being handled."""
        for body in bodies:
            try:
                message = messages.read(body)
            except Malformed as error:
                self.wire.error(error.id, error.code, str(error))
                continue
            id = None if message.id is UNSET else message.id
            if message.method is UNSET or id is None or self.wire.admit(id):
                with self._guard(id):
                    self._dispatch(id, message, body)

    def _dispatch(self, id: Id, message: Message, body: bytes) -> None:
        if message.method is UNSET:
            self._replied(id, message, body)
        elif id is None:
            self._notified(message.method, message.params, body)
        else:
            self._requested(id, message.method, message.params, body)

    @contextmanager
    def _guard(self, id: Id) -> Iterator[None]:
        """Whatever goes wrong inside becomes an answer, if one is waited for, and at most one line in the log."""
        try:
            yield
        except Malformed as error:
            log.info("a message was refused: %s", error)
            self.wire.refuse(id, error.code, str(error))
        except asyncio.CancelledError:
            self.wire.refuse(id, messages.CANCELLED, "The request was cancelled.")
        except Exception as error:
            log.error("%s at %s", type(error).__name__, _where(error))
            self.wire.refuse(id, messages.INTERNAL_ERROR, "Switchyard failed to do this; its log says where.")

    def _requested(self, id: Id, method: str, params: Raw, body: bytes) -> None:
        if self._state == "new" and method != "initialize":
            raise Malformed(messages.NOT_INITIALIZED, "The first request must be initialize.")
        if self._state == "shut down" or (self._state == "running" and method == "initialize"):
            raise Malformed(messages.INVALID_REQUEST, f"The server is {self._state}: no {method} any more.")
        if method == "textDocument/inlineCompletion":
            self._inline_completion(id, messages.params(params, messages.InlineCompletion))
        elif method == "initialize":
            self._initialize(id, messages.params(params, messages.Initialize), body)
        elif method == "shutdown":
            self._shutdown(id)
        else:
            self._leave_to_the_rest(id, body)

    def _notified(self, method: str, params: Raw, body: bytes) -> None:
        if method == "exit":
            self._end(0 if self._state == "shut down" else 1, "the editor said exit")
        elif self._state != "running":
            log.info("%s came while the server is %s", method[:80], self._state)
        elif method == "$/cancelRequest":
            self._cancel(messages.params(params, messages.Cancel).id)
        elif method == "textDocument/didChange":
            self._did_change(messages.params(params, messages.DidChange))
        elif method == "textDocument/didOpen":
            self._did_open(messages.params(params, messages.DidOpen))
        elif method == "textDocument/didClose":
            self._did_close(messages.params(params, messages.DidClose))
        else:
            self._leave_to_the_rest(None, body)

    def _replied(self, id: Id, message: Message, body: bytes) -> None:
        if id is not None and not self.wire.replied(id, not message.error):
            self._leave_to_the_rest(None, body)

    def _leave_to_the_rest(self, id: Id, body: bytes) -> None:
        if self._rest is not None:
            self._rest.handle(body)
        else:
            self._for_the_rest.append((id, body))

    # Lifecycle

    def _initialize(self, id: Id, client: messages.Initialize, body: bytes) -> None:
        general = client.capabilities.general
        self.documents.encoding = convert.encoding((general and general.position_encodings) or [])
        offer = capabilities(self.documents.encoding, client)
        self.wire.answer(id, {"capabilities": offer, "serverInfo": {"name": "switchyard", "version": VERSION}})
        self._state = "running"
        self._begin(client, body)

    def _begin(self, client: messages.Initialize, body: bytes) -> None:
        """All that can wait until `initialize` is answered: the settings, the router, pygls."""
        from lsp.settings import Settings
        from router import config
        from router.engine import Router

        self.notices.greet(client)
        self._settings = Settings(config.launch(self._launch), self.notices.show)
        self._settings.edit(client.initialization_options)
        self._router = Router(self._settings.enter(_folder(client.root)), self.notices.tell)
        self._start(None, self._router.start)
        self._start(None, self._bring_the_rest, body)
        self._start(None, parent.watch, client.process_id, lambda reason: self.lost(reason))
        self._watch_settings()

    async def _bring_the_rest(self, initialize: bytes) -> None:
        """Import pygls beside the loop, then hand it what has come for it meanwhile, `initialize` first."""

        def load() -> type[Rest]:
            from lsp.rest import Rest

            return Rest

        rest = (await asyncio.get_running_loop().run_in_executor(None, load))(self, VERSION)
        rest.handle(initialize)  # its answer is the second one to that id, and dropped
        self._rest, waiting = rest, self._for_the_rest
        for id, body in waiting:
            if id is None or id in self.wire.pending:
                with self._guard(id):
                    rest.handle(body)

    def _cancel(self, id: Id) -> None:
        if id in self.wire.pending:
            self.wire.cancel(id)
            if self._rest is not None:
                self._rest.cancel(id)

    def _shutdown(self, id: Id) -> None:
        self._state = "shut down"
        for other in [it for it in self.wire.pending if it != id]:
            self._cancel(other)
        self.wire.answer(id, None)

    async def aclose(self) -> None:
        """Stop whatever runs and give back the engines."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._router is not None:
            await self._router.aclose()

    def lost(self, reason: str) -> None:
        """The editor is gone; whether that is well depends on whether it said so."""
        self._end(0 if self._state == "shut down" else 1, reason)

    def _start(self, id: Id, work: Callable[A, Awaitable[object]], *args: A.args, **named: A.kwargs) -> Task[None]:
        """Run something on the loop; with an id, so that the request is answered and can be cancelled."""

        async def run() -> None:
            with self._guard(id):
                await work(*args, **named)

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if id is not None:
            self.wire.pending[id] = task
        return task

    # Settings

    def configure(self, settings: object) -> None:
        """The editor's settings have changed."""
        if self._settings is not None:
            self._settings.edit(settings)
            self._reconfigure()

    def entered(self, uri: str) -> None:
        """The editor has opened another folder; its settings are in force from now on."""
        if self._settings is not None:
            self._settings.enter(_folder(uri))
            self._reconfigure()
            self._watch_settings()

    def _reconfigure(self) -> None:
        if self._router is not None and self._settings is not None:
            self._start(None, self._router.reconfigure, self._settings.config)

    def _watch_settings(self) -> None:
        async def watch(settings: Settings) -> None:
            async with aclosing(settings.changes()) as changes:
                async for _ in changes:
                    self._reconfigure()

        if self._watcher is not None:
            self._watcher.cancel()
        if self._settings is not None:
            self._watcher = self._start(None, watch, self._settings)

    # Documents

    def _did_open(self, params: messages.DidOpen) -> None:
        item = params.text_document
        self._present(self.documents.open(item.uri, item.language_id, item.version, item.text))

    def _did_change(self, params: messages.DidChange) -> None:
        identifier = params.text_document
        document = self.documents.get(identifier.uri)
        refused = document is None or document.refused
        changes = self.documents.change(identifier.uri, identifier.version, params.content_changes)
        if document is None or not changes:
            return
        if refused or document.refused:
            self._present(document)
        elif self._router is not None:
            self._router.edited(document.snapshot(), changes)

    def _did_close(self, params: messages.DidClose) -> None:
        document = self.documents.close(params.text_document.uri)
        if document is not None and self._router is not None:
            self._router.closed(document.path)

    def _present(self, document: Open) -> None:
        """Show the router a document from its beginning; one that is too large it does not get to see."""
        if self._router is None:
            return
        if document.refused:
            log.info("a document is binary or too large: there will be no suggestions in it")
            self._router.closed(document.path)
        else:
            self._router.opened(document.snapshot())

    def accepted(self, uri: str, text: str) -> None:
        """The user took a suggestion."""
        if self._router is not None:
            self._router.accepted(convert.path(uri), text)

    # Inline completion

    def _inline_completion(self, id: Id, params: messages.InlineCompletion) -> None:
        document = self.documents.get(params.text_document.uri)
        if document is None or document.refused or self._router is None or not self._wanted(params):
            self.wire.answer(id, None)
        else:
            self._start(id, self._complete, id, document, present.question(document, params), self._router)

    def _wanted(self, params: messages.InlineCompletion) -> bool:
        automatic = self._settings is not None and self._settings.config.complete.automatic
        return automatic or params.context.trigger_kind == present.MANUAL

    async def _complete(self, id: Id, document: Open, asked: Question, router: Router) -> None:
        insertions = []
        try:
            async with aclosing(router.ask(asked.request)) as answers:
                async for answer in answers:
                    if isinstance(answer, Insertion):
                        insertions.append(answer)
        except Superseded:
            insertions.clear()
        except SwitchyardError as error:  # completion fails silently; the router tells of its engines
            log.info("a completion failed: %s", type(error).__name__)
        fits = self.documents.get(document.uri) is document and asked.fits(document)
        self.wire.answer(id, present.items(document, asked, insertions) if fits else None)


def _folder(uri: str) -> str:
    path = convert.path(uri)
    return path if path != uri else ""


def _where(error: BaseException) -> str:
    """The way to an exception, without its message and without the lines of source: both may quote code."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return " > ".join(f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)


def serve_stdio(launch: Sequence[tuple[str, str]] = ()) -> int:
    """Serve one editor over stdin and stdout until it leaves; the exit code. Raises BadConfig for wrong arguments."""
    if launch:
        from router import config

        config.launch(launch)
    stdin, stdout = wire.claim()
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
            loop.call_soon_threadsafe(server.lost, reason)

    writer = Writer(stdout, lambda: lost("the editor does not read"))
    server = Server(Wire(writer), launch, end)
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        with suppress(AttributeError, NotImplementedError):  # Windows has not all of them, nor this way
            loop.add_signal_handler(getattr(signal, name), server.lost, name)
    wire.listen(stdin, lambda bodies: loop.call_soon_threadsafe(server.receive, bodies), lost)
    code, reason = await over
    wire.deadline(GRACE, code)
    if code:
        log.warning("ends, for %s", reason)
    await server.aclose()
    writer.drain(GRACE / 3)
    return code
