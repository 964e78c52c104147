"""The messages that we read ourselves, as msgspec structs: those that come with every keystroke, and `initialize`."""

from __future__ import annotations

import json
from typing import Any, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from lsp.convert import Position, Range

Id: TypeAlias = int | str | None
P = TypeVar("P")

# JSON-RPC's and LSP's own numbers.
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL_ERROR = -32700, -32600, -32601, -32602, -32603
NOT_INITIALIZED, CANCELLED = -32002, -32800
ANOTHERS = object()  # what a handler returns for a request that it leaves to somebody else


class Malformed(Exception):
    """Not a message: `code` and the sentence for the client; `id` is whom to answer, if that could be read."""

    def __init__(self, code: int, sentence: str, id: Id = None) -> None:
        super().__init__(sentence)
        self.code, self.id = code, id


class Message(Struct):
    """The envelope; the letter stays closed until we know whose it is. Without `method` it is an answer to us."""

    jsonrpc: str = ""
    id: Id | UnsetType = UNSET
    method: str | UnsetType = UNSET
    params: Raw = Raw(b"")
    result: Raw = Raw(b"")
    error: Raw = Raw(b"")


class Identifier(Struct):
    uri: str


class VersionedIdentifier(Struct):
    uri: str
    version: int | None = None


class Item(Struct, rename="camel"):
    uri: str
    text: str
    language_id: str = ""
    version: int | None = None


class DidOpen(Struct, rename="camel"):
    text_document: Item


class ContentChange(Struct):
    """Without a range, `text` is the whole document."""

    text: str
    range: Range | None = None


class DidChange(Struct, rename="camel"):
    text_document: VersionedIdentifier
    content_changes: list[ContentChange]


class DidClose(Struct, rename="camel"):
    text_document: Identifier


class Selected(Struct):
    """What the editor's pop-up would insert, and where."""

    range: Range
    text: str


class InlineContext(Struct, rename="camel"):
    trigger_kind: int = 2
    selected_completion_info: Selected | None = None


class InlineCompletion(Struct, rename="camel"):
    text_document: Identifier
    position: Position
    context: InlineContext = field(default_factory=InlineContext)


class Reported(Struct):
    """A diagnostic that the editor shows, whoever found it."""

    range: Range
    message: str = ""
    severity: int | None = None
    source: str | None = None
    code: int | str | None = None


class DidSave(Struct, rename="camel"):
    text_document: Identifier


class Others(Struct):
    """What other tools report of a document, from an editor that says so."""

    uri: str
    diagnostics: list[Reported] = field(default_factory=list)


class Done(Struct):
    """A token of work that the user has stopped."""

    token: int | str


class ActionContext(Struct, rename="camel"):
    """`diagnostics` as they came, for an editor wants its own back; `only`: the kinds that are asked for."""

    diagnostics: list[Any] = field(default_factory=list)
    only: list[str] | None = None
    trigger_kind: int | None = None


class CodeAction(Struct, rename="camel"):
    text_document: Identifier
    range: Range
    context: ActionContext = field(default_factory=ActionContext)


class Execute(Struct, rename="camel"):
    command: str
    arguments: list[Any] | None = None


class Cursor(Struct, rename="camel"):
    """`switchyard/cursor`: where the user's cursor stands, while nothing is typed."""

    text_document: Identifier
    position: Position


class Cancel(Struct):
    id: int | str | None = None


class Folder(Struct):
    uri: str
    name: str = ""


class General(Struct, rename="camel"):
    position_encodings: list[str] | None = None


class Window(Struct, rename="camel"):
    work_done_progress: bool | None = None
    show_document: dict[str, Any] | None = None


class Capabilities(Struct, rename="camel"):
    """Of what the client can do, that which we ask for."""

    general: General | None = None
    window: Window | None = None
    text_document: dict[str, Any] | None = None
    workspace: dict[str, Any] | None = None
    experimental: Any = None


class Initialize(Struct, rename="camel"):
    process_id: int | None = None
    root_uri: str | None = None
    root_path: str | None = None
    workspace_folders: list[Folder] | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    initialization_options: Any = None

    @property
    def roots(self) -> list[str]:
        """The URIs of the folders that are open."""
        if self.workspace_folders:
            return [folder.uri for folder in self.workspace_folders]
        root = self.root_uri or (f"file://{self.root_path}" if self.root_path else "")
        return [root] if root else []


_UNFIT = (msgspec.ValidationError, UnicodeEncodeError)  # the latter where msgspec words the former
_message = msgspec.json.Decoder(Message)


def read(body: bytes) -> Message:
    """The envelope of one message. Raises Malformed."""
    try:
        message = _message.decode(body)
    except msgspec.ValidationError as error:
        raise Malformed(INVALID_REQUEST, "The message is not a JSON-RPC request.", _id(body)) from error
    except (ValueError, RecursionError) as error:  # msgspec.DecodeError is a ValueError
        message = _read_surrogates(body, error)
    asks, named = message.method is not UNSET, message.id is not UNSET
    if message.jsonrpc != "2.0" or not (asks or named) or (asks and message.id is None):
        id = message.id if asks and message.id is not UNSET else None
        raise Malformed(INVALID_REQUEST, "The message is not a JSON-RPC 2.0 request.", id)
    return message


def params(raw: Raw, type: type[P]) -> P:
    """The letter itself. Raises Malformed; the sentence says where it is wrong and never quotes it."""
    try:
        return msgspec.json.decode(bytes(raw) or b"{}", type=type)
    except msgspec.ValidationError as error:
        raise Malformed(INVALID_PARAMS, f"The parameters are not valid: {error}") from error
    except (ValueError, RecursionError) as error:
        return _params_surrogates(raw, type, error)


def write(message: dict[str, Any]) -> bytes:
    """One message as JSON; a lone surrogate, which UTF-8 cannot hold, leaves as an escape."""
    try:
        return msgspec.json.encode(message)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(message)).encode()


def _read_surrogates(body: bytes, reason: Exception) -> Message:
    """msgspec refuses an escaped lone surrogate, which JSON allows and editors send; the slower json does not."""
    content = whole(body, reason)
    try:
        raw = {
            name: Raw(json.dumps(content[name]).encode()) for name in ("params", "result", "error") if name in content
        }
        return msgspec.convert(content | raw, Message)
    except _UNFIT as error:
        raise Malformed(INVALID_REQUEST, "The message is not a JSON-RPC request.") from error


def _params_surrogates(raw: Raw, type: type[P], reason: Exception) -> P:
    try:
        return msgspec.convert(whole(bytes(raw), reason), type)
    except _UNFIT as error:
        raise Malformed(INVALID_PARAMS, "The parameters are not valid.") from error


def whole(body: bytes, reason: Exception | None = None) -> dict[str, Any]:
    """A whole message as plain values. Raises Malformed."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(PARSE_ERROR, "The message is not JSON.") from reason or error
    if not isinstance(content, dict):
        raise Malformed(INVALID_REQUEST, "The message is not a JSON-RPC request.")
    return content


def _id(body: bytes) -> Id:
    """The id of what is JSON but no request, if it has a method, that is, if somebody waits for an answer."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(PARSE_ERROR, "The message is not JSON.") from error
    id = content.get("id") if isinstance(content, dict) else None
    return id if isinstance(id, (int, str)) and not isinstance(id, bool) else None
