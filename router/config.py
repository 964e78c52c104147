"""The settings: one frozen tree, each leaf with what it takes and what a workspace may do to it."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from router.settings import Path, Setting, leaves

# After "auto" the engines, in the order of preference; each is a module in runtimes/.
Engine: TypeAlias = Literal["auto", "openai", "ollama", "embedded", "echo", "scripted"]
Swap: TypeAlias = Literal["ask", "always", "never"]
Severity: TypeAlias = Literal["error", "warning", "information", "hint"]

# How a workspace may bear on a setting. What carries no mark is the user's alone.
LOWER = Meta(extra={"workspace": "lower"})  # a smaller number, or false
UNION = Meta(extra={"workspace": "union"})  # more entries; an entry that lifts an earlier one (`!…`) is not one


class Complete(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Inline completion."""

    automatic: Annotated[
        bool, LOWER, Meta(description="Suggest while typing; the manual trigger works either way.")
    ] = True
    max_tokens: Annotated[int, LOWER, Meta(description="The longest suggestion, in tokens.", ge=1, le=1024)] = 128
    max_lines: Annotated[int, LOWER, Meta(description="The longest suggestion, in lines.", ge=1, le=100)] = 16


class Context(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a prompt shows beside the open file."""

    workspace: Annotated[
        bool, LOWER, Meta(description="Show lines of the workspace's other files; it is indexed for that.")
    ] = True
    tokens: Annotated[
        int, LOWER, Meta(description="The most that other files' lines take of a completion's prompt.", ge=0, le=65536)
    ] = 2048
    ahead: Annotated[
        bool,
        LOWER,
        Meta(description="Have the engine read the next prompt while you pause or move; off, that saves power."),
    ] = True


class Review(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Reviews of what was saved, and of changes."""

    on_save: Annotated[bool, LOWER, Meta(description="Review what has changed in a file when it is saved.")] = True
    max_findings: Annotated[
        int, LOWER, Meta(description="How many findings a file may show; the gravest stay.", ge=1, le=50)
    ] = 5
    severity: Annotated[Severity, Meta(description="The gravest that a finding is shown as.")] = "warning"


class Ollama(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Ollama engine."""

    host: Annotated[
        str, Meta(description="Where Ollama listens.", pattern="^https?://", examples=["http://127.0.0.1:11434"])
    ] = "http://127.0.0.1:11434"
    window: Annotated[int, Meta(description="The largest num_ctx that a model gets, in tokens.", ge=512)] = 32768
    loaded: Annotated[
        int,
        Meta(
            description="How many models it holds in all: its OLLAMA_MAX_LOADED_MODELS; 0: not set, so three per card.",
            ge=0,
            le=100,
        ),
    ] = 0


class OpenAI(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An OpenAI-compatible server: llama-server, vLLM, SGLang, a gateway."""

    host: Annotated[
        str,
        Meta(
            description="Its base URL, without /v1; empty: none.",
            pattern="^(https?://.*)?$",
            examples=["http://127.0.0.1:8080"],
        ),
    ] = ""
    key_file: Annotated[str, Meta(description="A file whose first line is the bearer key.")] = ""
    key_env: Annotated[str, Meta(description="An environment variable that holds the bearer key.")] = ""
    family: Annotated[str, Meta(description="The fill-in-the-middle family of its model; empty: by its name.")] = ""


class Embedded(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The llama.cpp that comes with Switchyard."""

    gguf: Annotated[
        str, Meta(description="A GGUF file; empty: the best that Ollama has downloaded, else what comes along, if any.")
    ] = ""
    threads: Annotated[int, Meta(description="Threads; 0: by the model and the machine.", ge=0, le=512)] = 0
    window: Annotated[int, Meta(description="The largest context window that a model gets, in tokens.", ge=512)] = 32768


class Scripted(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The engine that says, stalls and fails on cue; for tests and demonstrations."""

    script: Annotated[str, Meta(description="A TOML file of cues.")] = ""


class Runtime(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which engine runs the models."""

    engine: Annotated[
        Engine, Meta(description="auto: the best engine that is there; echo: no model, but what the code already says.")
    ] = "auto"
    ollama: Ollama = Ollama()
    openai: OpenAI = OpenAI()
    embedded: Embedded = Embedded()
    scripted: Scripted = Scripted()


class Models(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which model does which job; empty: the plan chooses."""

    complete: Annotated[str, Meta(description="The model that completes.")] = ""
    explain: Annotated[str, Meta(description="The model that explains a bug.")] = ""
    fix: Annotated[str, Meta(description="The model that mends a bug.")] = ""
    document: Annotated[str, Meta(description="The model that writes documentation.")] = ""
    review: Annotated[str, Meta(description="The model that reviews a file.")] = ""
    review_changes: Annotated[str, Meta(description="The model that reviews a whole change.")] = ""
    refactor: Annotated[str, Meta(description="The model that refactors.")] = ""


class Machine(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the plan may count on."""

    file: Annotated[str, Meta(description="A TOML file that describes the machine; empty: it is looked at.")] = ""
    spare: Annotated[
        int, Meta(description="Memory that is left to other programs, in MB; 0: by the machine.", ge=0)
    ] = 0
    swap: Annotated[
        Swap,
        Meta(description="Whether a large job may push the model that completes out of memory for its time."),
    ] = "ask"


class Schedule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose turn it is."""

    quiet: Annotated[
        float, Meta(description="Seconds without a keystroke after which background work begins.", ge=0, le=3600)
    ] = 2.0


class Ledger(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is written down of each request: times and counts, never code."""

    keep: Annotated[bool, LOWER, Meta(description="Keep the ledger on disk; else it lasts as long as the server.")] = (
        True
    )
    paths: Annotated[bool, LOWER, Meta(description="Write down which file a request was about.")] = False
    days: Annotated[int, LOWER, Meta(description="Lines that are older are dropped.", ge=1, le=3650)] = 400


class Cost(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `switchyard stats` reckons with; amounts in one currency of yours."""

    watts: Annotated[
        float, Meta(description="What the machine draws more while a model works; 0: as measured.", ge=0, le=100000)
    ] = 0.0
    kwh: Annotated[float, Meta(description="The price of a kilowatt-hour.", ge=0, le=1000)] = 0.30
    input_tokens: Annotated[
        float, Meta(description="What an API takes for a million input tokens.", ge=0, le=100000)
    ] = 0.88
    output_tokens: Annotated[
        float, Meta(description="What an API takes for a million output tokens.", ge=0, le=100000)
    ] = 0.88
    card: Annotated[float, Meta(description="What the graphics card cost.", ge=0, le=1000000)] = 0.0


class Privacy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What never reaches a prompt."""

    exclude: Annotated[
        tuple[str, ...],
        UNION,
        Meta(
            description="Files that get no request, as .gitignore patterns; each fits at any depth.",
            examples=[["*.pem", "secrets/"]],
        ),
    ] = ()


class Fix(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What mends a bug."""

    check: Annotated[
        tuple[str, ...],
        Meta(
            description="A command that judges a fixed file by a copy: `{file}`, else its last word; empty: none.",
            examples=[["ruff", "check", "{file}"]],
        ),
    ] = ()


class Config(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole tree."""

    complete: Complete = Complete()
    context: Context = Context()
    fix: Fix = Fix()
    review: Review = Review()
    models: Models = Models()
    runtime: Runtime = Runtime()
    machine: Machine = Machine()
    schedule: Schedule = Schedule()
    ledger: Ledger = Ledger()
    cost: Cost = Cost()
    privacy: Privacy = Privacy()


@cache
def settings() -> dict[Path, Setting]:
    """Every setting by its path, in the order of the tree."""
    return {it.path: it for it in leaves(Config())}
