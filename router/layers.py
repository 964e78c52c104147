"""Layers of settings: what the user, the launch and the workspace say, read and merged into the one tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct

from router import BadConfig, homes, toml
from router.config import Config, settings
from router.settings import Path, Setting, shown, tree, unknown

Trust: TypeAlias = Literal["user", "workspace"]


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
    return str(homes.settings(env, home) / "config.toml")


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
