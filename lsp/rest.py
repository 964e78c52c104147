"""All of LSP that is not typed sixty times a minute: pygls, kept to the one thing that it does well, dispatch.

Imported after `initialize` is answered, for it takes ten times as long as that answer. Its own workspace, framing
and lifecycle are not used; what it writes passes the wire, which sees to it that every id is answered once.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

from lsp import messages
from lsp.jobs.actions import KINDS, NAMES
from lsp.messages import Id
from lsp.present import FATES
from lsp.wire import Wire, log
from router.types import Fate

# pygls logs whole messages and cattrs' tracebacks quote them, at every level that it uses.
logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)


class Host(Protocol):
    """Who carries out what pygls has understood."""

    wire: Wire

    def became(self, uri: str, text: str, fate: Fate) -> None: ...
    def configure(self, settings: object) -> None: ...
    def entered(self, added: Sequence[str], removed: Sequence[str]) -> None: ...


class _Protocol(LanguageServerProtocol):
    """pygls' own, but for what it loses: answers to malformed requests, and the cancelling of commands."""

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(self, params: types.ExecuteCommandParams) -> Any:  # type: ignore[override]
        """A command as a coroutine of its own, where pygls has a generator that no cancellation gets through."""
        command = self.fm.commands.get(params.command)
        if command is None:
            raise JsonRpcInvalidParams(f"There is no command {params.command!r}.")
        return await command(*(params.arguments or ()))


class _Server(LanguageServer):
    def report_server_error(self, error: Exception, source: Any) -> None:
        """A line for the log, where pygls would open a window in the editor."""
        log.info("a message was not understood: %s", type(error).__name__)


class _Writer:
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def write(self, body: bytes) -> None:
        """One body from pygls."""
        self._wire.relay(body)

    def close(self) -> None:
        """The wire closes itself."""


class Rest:
    """pygls, fed with one message at a time."""

    def __init__(self, host: Host, version: str) -> None:
        self._wire = host.wire
        server = _Server("switchyard", version, protocol_cls=_Protocol)
        self._protocol = server.protocol
        self._protocol.set_writer(_Writer(host.wire), include_headers=False)
        _register(server, host)

    def handle(self, body: bytes) -> None:
        """Dispatch one message; a malformed request is refused, a malformed answer fails whoever waits for it."""
        content = messages.whole(body)
        if "method" in content:
            content.setdefault("params", None)
        try:
            message = self._protocol.structure_message(content)
        except JsonRpcException as error:
            if "method" in content:
                self._wire.refuse(content.get("id"), messages.INVALID_PARAMS, "The parameters are not valid.")
            elif future := self._protocol._request_futures.pop(content.get("id", ""), None):
                future.set_exception(error)
        else:
            self._protocol.handle_message(message)

    def cancel(self, id: Id) -> None:
        """Stop the handler of a request, if it still runs."""
        future = self._protocol._request_futures.pop(id, None)  # type: ignore[arg-type]
        if future is not None:
            future.cancel()


def _register(server: LanguageServer, host: Host) -> None:
    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION, types.InlineCompletionOptions())
    async def inline_completion(params: types.InlineCompletionParams) -> None:
        """Never called, for the host reads these itself; here so that the capabilities are complete."""

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=list(KINDS)))
    async def code_action(params: types.CodeActionParams) -> None:
        """Never called either, nor are the commands of jobs."""

    for name, fate in FATES.items():
        server.command(name)(_told(host, name, fate))

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE, types.SaveOptions(include_text=False))
    async def saved(params: types.DidSaveTextDocumentParams) -> None:
        """Never called."""

    for name in NAMES:
        server.command(name)(code_action)

    @server.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configured(params: types.DidChangeConfigurationParams) -> None:
        host.configure(params.settings)

    @server.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders(params: types.DidChangeWorkspaceFoldersParams) -> None:
        host.entered([it.uri for it in params.event.added], [it.uri for it in params.event.removed])


def _told(host: Host, name: str, fate: Fate) -> Callable[..., Awaitable[None]]:
    """The command by which an editor says what became of a suggestion."""

    async def told(*arguments: str) -> None:  # anything may come, but were it `object`, pygls would pass itself
        if len(arguments) != 2 or not all(isinstance(it, str) for it in arguments):
            raise JsonRpcInvalidParams(f"{name} takes a URI and a text.")
        host.became(arguments[0], arguments[1], fate)

    return told
