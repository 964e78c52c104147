"""`switchyard config`: all settings and where each comes from; and what a command on the command line is to go by."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import router.config
import router.layers
from lsp.settings import WORKSPACE_FILE, layer, user_file
from lsp.shell import terminal
from router import BadConfig
from router.config import Config
from router.layers import Layer


def run(args: argparse.Namespace) -> int:
    """Print every setting, its value and where that comes from. Raises BadConfig."""
    found = layers(args.settings, Path.cwd())
    known = router.config.settings()
    rows: dict[str, tuple[object, str]] = {}
    for count in range(len(found) + 1):  # who changed a value last is where it comes from
        merged = router.layers.merge(found[:count])
        for path, setting in known.items():
            value = _leaf(merged.config, path)
            if setting.key not in rows or rows[setting.key][0] != value:
                rows[setting.key] = (value, found[count - 1].name if count else "")
    for complaint in router.layers.merge(found).complaints:
        terminal.note(f"switchyard: {complaint}")
    if args.json:
        terminal.as_json({key: {"value": value, "from": source} for key, (value, source) in rows.items()})
    else:
        said = [(key, json.dumps(value, ensure_ascii=False), source) for key, (value, source) in rows.items()]
        terminal.table(("setting", "value", "from"), said)  # values as TOML has them, too
    return 0


def _leaf(tree: object, path: Sequence[str]) -> object:
    for name in path:
        tree = getattr(tree, name)
    return tree


def layers(settings: Sequence[str], folder: Path | None) -> list[Layer]:
    """The settings of the user, of the command line and of the workspace `folder`, if one is. Raises BadConfig."""
    launched = router.layers.launch([_pair(setting) for setting in settings])
    workspace = None if folder is None else layer(str(folder / WORKSPACE_FILE), "workspace")
    found = layer(user_file(), "user"), launched, workspace
    return [it for it in found if it is not None]


def _pair(setting: str) -> tuple[str, str]:
    key, is_pair, value = setting.partition("=")
    if not is_pair:
        raise BadConfig(f"--set {setting}: it must be KEY=VALUE, as in --set runtime.engine=echo.")
    return key, value


def read_settings(settings: Sequence[str], folder: Path) -> Config:
    """The tree in force for the workspace `folder`; what it may not ask for is noted on stderr. Raises BadConfig."""
    merged = router.layers.merge(layers(settings, folder))
    for complaint in merged.complaints:
        terminal.note(f"switchyard: {complaint}")
    return merged.config
