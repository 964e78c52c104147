"""The settings in the manifest of the extension for VS Code: its own, and the server's by their tree."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from router.config import settings
from router.settings import Setting

MANIFEST = Path(__file__).resolve().parent.parent / "editors" / "vscode" / "package.json"


def page() -> str:
    """The manifest with the server's settings as they are now; the rest of it is written by hand."""
    manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
    own = manifest["contributes"]["configuration"][0]
    tables = groupby(settings().values(), key=lambda it: it.path[0])
    manifest["contributes"]["configuration"] = [own, *(_section(name, list(group)) for name, group in tables)]
    return json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"


def _section(name: str, group: list[Setting]) -> dict[str, Any]:
    return {"title": name.capitalize(), "properties": {f"switchyard.{it.key}": _property(it) for it in group}}


def _property(it: Setting) -> dict[str, Any]:
    """What a workspace may not bear on at all, it can't set in VS Code either."""
    schema = msgspec.json.schema(it.hint)
    scope = "window" if it.workspace else "machine"
    tightens = " A workspace can only tighten this." if it.workspace else ""
    description = schema.pop("description") + tightens
    return {"description": description, **schema, "default": it.default, "scope": scope}
