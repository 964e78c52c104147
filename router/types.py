"""The nouns that every room of the house speaks of; imports nothing of ours.

Positions are offsets in code points into one snapshot of a text; spans are half-open.
Everything is frozen: a value that was passed on cannot change behind its reader.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

Lane: TypeAlias = Literal["typing", "attended", "background"]
Offer: TypeAlias = Literal["cursor", "selection", "symbol", "diagnostic", "save", "changes"]
AnswerKind: TypeAlias = Literal["insertion", "prose", "findings", "edit"]
Outcome: TypeAlias = Literal["shown", "silent", "cached", "superseded", "cancelled", "failed"]
Fate: TypeAlias = Literal["", "accepted", "partly accepted", "typed", "dismissed"]

LARGEST = 2_000_000  # code points of a document; a tree costs about twenty times its source in memory


class Span(Struct, frozen=True):
    """A half-open range of code points; `start == end` is a cursor."""

    start: int
    end: int


class Change(Struct, frozen=True):
    """`text` took the place of what stood between `start` and `end` in the text before."""

    start: int
    end: int
    text: str


class Document(Struct, frozen=True):
    """One version of one open file; `path` is a path, or the URI of what is not a file.

    `real` is where the path's links lead to: what may not be shown under one of the two is not shown at all.
    """

    path: str
    language: str
    version: int
    text: str
    real: str = ""


class Request(Struct, frozen=True):
    """All that a task may see. `manual`: the user asked by hand, it was not a keystroke.

    `consent`: the model that completes may be pushed out of memory for it.
    """

    task: str
    document: Document
    span: Span
    manual: bool = False
    consent: bool = False


class Task(Struct, frozen=True):
    """One job of a programmer, as a file in prompts/ describes it.

    What it asks of a model: `size` in billions of parameters, but no fewer than `least`; a `context` and an answer of
    `max_tokens` tokens; the first line within `patience`, the whole answer within `deadline` seconds. A task without
    a `body` that is no insertion is planned for, and cannot be asked for yet.
    """

    name: str
    title: str
    offer: Offer
    answer: AnswerKind
    lane: Lane
    size: float
    max_tokens: int
    least: float = 0.0
    context: int = 4096
    patience: float = 2.0
    deadline: float = 60.0
    body: str = ""


class Layers(Struct, frozen=True):
    """`count` layers that are alike, as far as memory goes.

    `kv_heads` heads keep a key of `key` and a value of `value` numbers per token (0 heads: the layer keeps none of its
    own); `window` is how many tokens back it looks (0: all). `state`: bytes that a recurrent layer keeps per slot,
    however long the text.
    """

    count: int
    kv_heads: int = 0
    key: int = 0
    value: int = 0
    window: int = 0
    state: int = 0


class Shape(Struct, frozen=True):
    """How a model is built, as far as memory and time depend on it. `heads` are those of a query; `experts` in all."""

    architecture: str
    layers: tuple[Layers, ...]
    embedding: int = 0
    heads: int = 0
    feed_forward: int = 0
    vocabulary: int = 0
    experts: int = 0
    experts_used: int = 0


class Model(Struct, frozen=True):
    """A model that a runtime has: `size` of its weights in bytes, `window` in tokens, as trained (0: unknown).

    `family` names a table of families.toml, or is empty when the model cannot fill in the middle. `active` of the
    `parameters` are read per token (0: all). `fixed`: the runtime serves it with this window, whatever is asked for.
    `loaded`: its weights are in memory now, where it holds `held` bytes (0: unknown). `remote`: it would be run on
    somebody else's machine. `thinks`: it thinks aloud unless it is told not to.
    """

    runtime: str
    name: str
    family: str = ""
    parameters: int = 0
    active: int = 0
    size: int = 0
    quantisation: str = ""
    window: int = 0
    fixed: bool = False
    shape: Shape | None = None
    digest: str = ""
    held: int = 0
    loaded: bool = False
    remote: bool = False
    thinks: bool = False


class Survey(Struct, frozen=True):
    """What one engine said of itself: its models, or the sentence that tells why it has none."""

    engine: str
    models: tuple[Model, ...] = ()
    error: str = ""


Option: TypeAlias = "tuple[str, int | float | bool | str]"


class Route(Struct, frozen=True):
    """Where a task runs: one model with one constant set of options. `why` is a sentence for the user.

    `window` is in tokens (0: unknown); `slots` requests are answered at once. `keep` is how many seconds the weights
    stay in memory after an answer (-1: for ever).
    """

    runtime: str
    model: str
    family: str = ""
    window: int = 0
    options: tuple[Option, ...] = ()
    why: str = ""
    slots: int = 1
    keep: int = -1


class Call(Struct, frozen=True):
    """One question to one engine; equal calls have equal answers, so a call is its own cache key.

    `prompt` is sent as it stands, sentinels included; `suffix` is only for an engine that lays out
    its own prompt, as `echo` does, and so is `context` (verbatim source, most relevant last).
    `schema` is a JSON schema, or empty. A `system` text makes it a chat. `begun`: how the answer begins, for an
    engine that was interrupted and is to go on from there.
    """

    route: Route
    prompt: str
    suffix: str = ""
    system: str = ""
    context: tuple[str, ...] = ()
    max_tokens: int = 128
    stop: tuple[str, ...] = ()
    schema: str = ""
    begun: str = ""


class Delta(Struct, frozen=True):
    """A stretch of the answer, as it arrives."""

    text: str


class Timing(Struct, frozen=True):
    """An engine's own account of one call, once, after its last delta; times in milliseconds.

    `prompt_tokens` counts the whole prompt, `reused_tokens` those that the engine's prefix cache spared
    (-1: it does not say). `ended` is why: a stop mark, the limit, or the engine's own end of text.
    """

    prompt_tokens: int = 0
    reused_tokens: int = -1
    answer_tokens: int = 0
    load_ms: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    ended: Literal["stop", "limit"] = "stop"


class Piece(Struct, frozen=True):
    """A stretch of a file that a prompt may show: `text` stands there verbatim, from code point `start` on.

    `source` names what brought it (one of `gather.SOURCES`); `worth` says how much it is expected to help, and only
    compares. Whole lines, but for the blanks at their ends; a signature may begin within its line.
    """

    source: str
    path: str
    text: str
    start: int
    worth: float


class Insertion(Struct, frozen=True):
    """Text to put in the place of `span` (mostly a cursor)."""

    text: str
    span: Span


Answer: TypeAlias = Insertion


class Status(Struct, frozen=True):
    """What the user may want to know about the engine; said once per change, never once per request."""

    state: Literal["ready", "loading", "offline", "off", "excluded"]
    message: str
    engine: str = ""


class Turn(Struct, frozen=True):
    """One line of the ledger: what one request cost and what came of it; times in milliseconds.

    `at` is when it came, in seconds since 1970 (UTC); `queued_ms` how long it waited for its turn; `prefill_ms` and
    `decode_ms` are the engine's own account. `why` says in a word or two why it was dropped or nothing was shown.
    `fate` is what the user did with what was shown ("typed": by hand to its end, so it was right and saved nothing);
    `joules` is what it took (0: nobody measured); `path` is written only where the user wants that.
    """

    task: str
    engine: str
    model: str
    outcome: Outcome
    total_ms: float
    first_ms: float = 0.0
    queued_ms: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    prompt_tokens: int = 0
    reused_tokens: int = -1
    answer_tokens: int = 0
    at: float = 0.0
    why: str = ""
    fate: Fate = ""
    joules: float = 0.0
    path: str = ""


class Runtime(Protocol):
    """Where models run. Every method may raise a RuntimeFailure; none of them blocks the loop."""

    name: str

    async def models(self) -> list[Model]:
        """What this engine could run now."""

    async def ready(self, route: Route) -> bool:
        """Whether a keystroke may be sent to the route's model now: its weights are loaded."""

    async def load(self, route: Route) -> None:
        """Bring the route's weights into memory; goes on even if whoever waits here is cancelled."""

    async def unload(self, route: Route) -> None:
        """Give the memory of the route's weights back; nothing if they are not there, or not ours to unload."""

    async def count(self, route: Route, text: str) -> int:
        """How many tokens the route's model makes of a text; -1 where the engine has no way to tell."""

    def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        """The answer as it arrives, then one Timing; ending without a Timing is a failure.

        Closing the generator stops the model.
        """

    async def aclose(self) -> None:
        """Give back connections and processes; idempotent."""
