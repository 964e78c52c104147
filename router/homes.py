"""Where this program keeps its things: the folders that each system wants such things in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath, PurePosixPath, PureWindowsPath

NAME = "switchyard"


def settings(env: Mapping[str, str], home: str) -> PurePath:
    """What the user has set; by the same rule on every system."""
    return _xdg(env, "XDG_CONFIG_HOME", PurePath(home, ".config")) / NAME


def state(env: Mapping[str, str], home: str, platform: str) -> PurePath:
    """What should last, and is nobody's work: the ledger."""
    if platform == "win32":
        return _local(env, home)
    usual = ("Library", "Application Support") if platform == "darwin" else (".local", "state")
    return _xdg(env, "XDG_STATE_HOME", PurePosixPath(home, *usual)) / NAME


def cache(env: Mapping[str, str], home: str, platform: str) -> PurePath:
    """What can be made anew."""
    if platform == "win32":
        return _local(env, home) / "cache"
    usual = ("Library", "Caches") if platform == "darwin" else (".cache",)
    return _xdg(env, "XDG_CACHE_HOME", PurePosixPath(home, *usual)) / NAME


def _xdg(env: Mapping[str, str], name: str, usual: PurePath) -> PurePath:
    """What a variable names; a relative path is ignored, as the XDG base directory specification asks for."""
    named = type(usual)(env.get(name, ""))
    return named if named.is_absolute() else usual


def _local(env: Mapping[str, str], home: str) -> PureWindowsPath:
    named = PureWindowsPath(env.get("LOCALAPPDATA", ""))
    return (named if named.is_absolute() else PureWindowsPath(home, "AppData", "Local")) / NAME
