"""The settings: one frozen tree, merged from what the user, the launch and the workspace say."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

Engine: TypeAlias = Literal["auto", "ollama", "openai", "embedded", "echo", "scripted"]

# How a workspace may bear on a setting. What carries no mark is the user's alone.
LOWER = Meta(extra={"workspace": "lower"})  # a smaller number, or false
UNION = Meta(extra={"workspace": "union"})  # more entries


class Complete(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Inline completion."""

    automatic: Annotated[bool, LOWER, Meta(description="Suggest while typing; the manual trigger works either way.")] = True
    max_tokens: Annotated[int, LOWER, Meta(description="The longest suggestion, in tokens.", ge=1, le=1024)] = 128
    max_lines: Annotated[int, LOWER, Meta(description="The longest suggestion, in lines.", ge=1, le=100)] = 16


class Ollama(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Ollama engine."""

    host: Annotated[str, Meta(description="Where Ollama listens.", pattern="^https?://")] = "http://127.0.0.1:11434"
    window: Annotated[int, Meta(description="num_ctx, in tokens; the same for all tasks on a model.", ge=512)] = 4096


class OpenAI(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An OpenAI-compatible server: llama-server, vLLM, SGLang, a gateway."""

    host: Annotated[str, Meta(description="Its base URL, without /v1; empty: none.", pattern="^(https?://.*)?$")] = ""
    key_file: Annotated[str, Meta(description="A file whose first line is the bearer key.")] = ""
    key_env: Annotated[str, Meta(description="An environment variable that holds the bearer key.")] = ""
    family: Annotated[str, Meta(description="The fill-in-the-middle family of its model; empty: by its name.")] = ""


class Embedded(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The llama.cpp that comes with Switchyard."""

    gguf: Annotated[str, Meta(description="A GGUF file; empty: the best that Ollama has downloaded.")] = ""
    threads: Annotated[int, Meta(description="Threads; 0: by the model and the machine.", ge=0, le=512)] = 0
    window: Annotated[int, Meta(description="The context window in tokens.", ge=512)] = 4096


class Scripted(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The engine that says, stalls and fails on cue; for tests and demonstrations."""

    script: Annotated[str, Meta(description="A TOML file of cues.")] = ""


class Runtime(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which engine runs the models."""

    engine: Annotated[Engine, Meta(description="auto: the best engine that is there.")] = "auto"
    model: Annotated[str, Meta(description="The model for completion; empty: the best one that is there.")] = ""
    ollama: Ollama = Ollama()
    openai: OpenAI = OpenAI()
    embedded: Embedded = Embedded()
    scripted: Scripted = Scripted()


class Privacy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What never reaches a prompt."""

    exclude: Annotated[
        tuple[str, ...], UNION, Meta(description="Files that get no request, as .gitignore patterns.")
    ] = ()


class Config(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole tree."""

    complete: Complete = Complete()
    runtime: Runtime = Runtime()
    privacy: Privacy = Privacy()
