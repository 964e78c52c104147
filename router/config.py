"""The settings: one frozen tree, merged from what the user, the launch and the workspace say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import PurePath
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from router import BadConfig, toml
from router.settings import Path, Setting, shown, tree, unknown
from router.settings import leaves as settings_of

# After "auto" the engines, in the order of preference; each is a module in runtimes/.
Engine: TypeAlias = Literal["auto", "openai", "ollama", "embedded", "echo", "scripted"]
Trust: TypeAlias = Literal["user", "workspace"]

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


class Ollama(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The Ollama engine."""

    host: Annotated[
        str, Meta(description="Where Ollama listens.", pattern="^https?://", examples=["http://127.0.0.1:11434"])
    ] = "http://127.0.0.1:11434"
    window: Annotated[int, Meta(description="num_ctx, in tokens; the same for all tasks on a model.", ge=512)] = 4096


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
        tuple[str, ...],
        UNION,
        Meta(
            description="Files that get no request, as .gitignore patterns; each fits at any depth.",
            examples=[["*.pem", "secrets/"]],
        ),
    ] = ()


class Config(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole tree."""

    complete: Complete = Complete()
    runtime: Runtime = Runtime()
    privacy: Privacy = Privacy()


class Layer(Struct, frozen=True):
    """One source of settings; `source` is its TOML text, for line numbers, or empty."""

    name: str
    values: dict[str, object]
    trust: Trust
    source: str = ""


class Merged(Struct, frozen=True):
    """The tree in force, and a sentence for each thing that a workspace asked for and could not have."""

    config: Config
    complaints: tuple[str, ...] = ()


def parse(name: str, text: str, trust: Trust) -> Layer:
    """A layer from TOML. Raises BadConfig, which names file, line and key."""
    found = Layer(name, toml.decode(name, text), trust, text)
    _leaves(found)
    return found


def launch(pairs: Sequence[tuple[str, str]]) -> Layer:
    """A layer from launch arguments, `--set KEY=VALUE` each; a VALUE is TOML or else plain text. Raises BadConfig."""
    leaves: dict[Path, object] = {}
    for key, text in pairs:
        path = tuple(key.split("."))
        leaves |= _leaves(Layer("--set", tree({path: _value(path, text)}), "user"))
    return Layer("--set", tree(leaves), "user")


def layer(name: str, values: Mapping[str, object], trust: Trust) -> Layer:
    """A layer from plain values, as an editor sends them; null is "not set". Raises BadConfig."""
    found = Layer(name, dict(values), trust)
    _leaves(found)
    return found


def merge(layers: Sequence[Layer]) -> Merged:
    """One tree of all layers: the user's override each other in order, the workspace's then tighten.

    Raises BadConfig if a layer was not made by `parse`, `launch` or `layer` and is wrong.
    """
    chosen: dict[Path, object] = {}
    for user in (it for it in layers if it.trust == "user"):
        chosen |= _leaves(user)
    complaints: list[str] = []
    for workspace in (it for it in layers if it.trust != "user"):
        for path, asked in _leaves(workspace).items():
            chosen[path], complaint = _tighten(settings()[path], chosen.get(path, settings()[path].default), asked)
            if complaint:
                complaints.append(f"{_place(workspace, path)}: {settings()[path].key} {complaint}")
    return Merged(msgspec.convert(tree(chosen), Config), tuple(complaints))


def user_path(env: Mapping[str, str], home: str) -> str:
    """Where the user's settings file is looked for."""
    if named := env.get("SWITCHYARD_CONFIG"):
        return named
    base = PurePath(env.get("XDG_CONFIG_HOME", ""))
    if not base.is_absolute():  # the XDG base directory specification: a relative one is to be ignored
        base = PurePath(home, ".config")
    return str(base / "switchyard" / "config.toml")


@cache
def settings() -> dict[Path, Setting]:
    """Every setting by its path, in the order of the tree."""
    return {it.path: it for it in settings_of(Config())}


def _tighten(setting: Setting, now: Any, asked: Any) -> tuple[object, str]:
    """What holds after a workspace asked for `asked`, and the complaint if it asked for what it may not."""
    if setting.workspace == "lower":
        return min(now, asked), ""
    if setting.workspace == "union":
        added = tuple(entry for entry in asked if not _lifts(entry))
        return now + added, "can only add in a workspace: entries with ! are left out." if added != asked else ""
    # An editor that sends all its settings, defaults included, asks for nothing by that.
    return now, "can only be set in your own settings file." if asked not in (now, setting.default) else ""


def _lifts(pattern: str) -> bool:
    return any(line.lstrip().startswith("!") for line in pattern.splitlines())


def _value(path: Path, text: str) -> object:
    """A launch argument's value; a setting that takes text gets the text, even if it reads as a number."""
    value = toml.value(text)
    takes_text = path in settings() and isinstance(settings()[path].default, str)
    return text if takes_text and not isinstance(value, str) else value


def _leaves(found: Layer) -> dict[Path, object]:
    """The layer's settings, converted. Raises BadConfig for the first that is wrong."""
    tables = {path[:length] for path in settings() for length in range(len(path))}
    leaves: dict[Path, object] = {}

    def walk(path: Path, value: object) -> None:
        if value is None and (path in settings() or path in tables):
            return
        if path in settings():
            leaves[path] = _converted(found, settings()[path], value)
        elif path not in tables:
            raise BadConfig(f"{_place(found, path)}: {unknown(path, settings())}")
        elif not isinstance(value, Mapping):
            raise BadConfig(f"{_place(found, path)}: {shown(path) or 'what is set'} must be a table of settings.")
        else:
            for name, inner in value.items():
                walk((*path, str(name)), inner)

    walk((), found.values)
    return leaves


def _converted(found: Layer, setting: Setting, value: object) -> object:
    try:
        return msgspec.convert(value, setting.hint)
    except msgspec.ValidationError as error:
        raise BadConfig(f"{_place(found, setting.path)}: {setting.key} must be {setting.expected}.") from error


def _place(found: Layer, path: Path) -> str:
    lines = toml.lines(found.source)
    line = next((lines[path[:end]] for end in range(len(path), 0, -1) if path[:end] in lines), 0)
    return f"{found.name}:{line}" if line else found.name
