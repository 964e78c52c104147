"""The nouns that every room of the house speaks of; imports nothing of ours.

Positions are offsets in code points into one snapshot of a text; spans are half-open.
Everything is frozen: a value that was passed on cannot change behind its reader.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

Lane: TypeAlias = Literal["typing", "attended", "background"]
Offer: TypeAlias = Literal["cursor", "selection", "symbol", "diagnostic", "save", "changes"]
Severity: TypeAlias = Literal["error", "warning", "information", "hint"]
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


class Diagnostic(Struct, frozen=True):
    """What a tool says of a stretch of a document: `source` is the tool, `code` what it calls this kind of fault."""

    span: Span
    message: str
    severity: Severity = "error"
    source: str = ""
    code: str = ""


class Request(Struct, frozen=True):
    """All that a task may see. `manual`: the user asked by hand, it was not a keystroke.

    `consent`: the model that completes may be pushed out of memory for it. `diagnostics` are those of the document
    that it is about; `note` is what the user says: an instruction, a traceback, what a program printed; `diff` is a
    unified diff.
    """

    task: str
    document: Document
    span: Span
    manual: bool = False
    consent: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()
    note: str = ""
    diff: str = ""


class Task(Struct, frozen=True):
    """One job of a programmer, as a file in prompts/ describes it.

    What it asks of a model: `size` in billions of parameters, but no fewer than `least`; a `context` and an answer of
    `max_tokens` tokens; the first line within `patience`, the whole answer within `deadline` seconds. A task without
    a `body` that is no insertion is planned for, and cannot be asked for yet. `numbered`: the lines of code that its
    prompt shows have their numbers in front.
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
    numbered: bool = False


Option: TypeAlias = "tuple[str, int | float | bool | str]"


class Route(Struct, frozen=True):
    """Where a task runs: one model with one constant set of options. `why` is a sentence for the user.

    `window` is in tokens (0: unknown); `slots` requests are answered at once. `keep` is how many seconds the weights
    stay in memory after an answer (-1: for ever). `languages`, `sure`: see models.types.Model.
    """

    runtime: str
    model: str
    family: str = ""
    window: int = 0
    options: tuple[Option, ...] = ()
    why: str = ""
    slots: int = 1
    keep: int = -1
    languages: tuple[str, ...] = ()
    sure: tuple[float, float] = (0.0, 0.0)


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
    (-1: it does not say). `ended` is why: a stop mark, the limit, or the engine's own end of text. `sure` is how
    probable the answer is, of 0 to 1 (-1: it does not say).
    """

    prompt_tokens: int = 0
    reused_tokens: int = -1
    answer_tokens: int = 0
    load_ms: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0
    ended: Literal["stop", "limit"] = "stop"
    sure: float = -1.0


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


class Mention(Struct, frozen=True):
    """A place that a text names, from `start` up to `end` in it: a real one has a `path`, an invented one has none.

    `line` counts from 1; 0 where only the file is named.
    """

    start: int
    end: int
    path: str = ""
    line: int = 0


class Prose(Struct, frozen=True):
    """Markdown that is inert: no images, no HTML, no links; what it names of the workspace is in `mentions`."""

    text: str
    mentions: tuple[Mention, ...] = ()


class Finding(Struct, frozen=True):
    """A fault that a review found: `quote` stands verbatim at `span` of the file at `path`.

    `rule` is the kind of fault; `fails` says for which input or in which state it goes wrong. `fix` mends it: changes
    whose places are those of the text as it is, in order, none over another. `also` are places that belong to it.
    """

    path: str
    span: Span
    quote: str
    severity: Severity
    rule: str
    message: str
    fails: str = ""
    fix: tuple[Change, ...] = ()
    also: tuple[tuple[str, Span], ...] = ()


class Findings(Struct, frozen=True):
    """What a review found, worst first; `summary` says what a change does. None is a normal answer."""

    findings: tuple[Finding, ...] = ()
    summary: str = ""


class FileEdit(Struct, frozen=True):
    """`changes` of one version of a document; places are those of its text as it is, in order, none over another."""

    document: Document
    changes: tuple[Change, ...]


class Edit(Struct, frozen=True):
    """What is to become of some files; `title` says it in a line, `notes` what the user should know beside it."""

    title: str
    files: tuple[FileEdit, ...]
    notes: tuple[str, ...] = ()


class Refusal(Struct, frozen=True):
    """An answer that cannot be used; `reason` is a sentence for the user, and never quotes the answer.

    `consent`: nothing was asked yet, for it would push the model that completes out of memory; asked again with
    consent, it is done.
    """

    reason: str
    consent: bool = False


Answer: TypeAlias = "Insertion | Prose | Findings | Edit | Refusal"


class Status(Struct, frozen=True):
    """What the user may want to know about the engine; said once per change, never once per request.

    "excluded" is said of the document at `path`, and what is said of it after that ends it.
    """

    state: Literal["ready", "busy", "loading", "offline", "off", "excluded"]
    message: str
    engine: str = ""
    path: str = ""


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
