"""What a review asks beside its first question: the second look and the summary, ours or the user's own."""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from pathlib import Path

from msgspec.structs import replace

from router import prompts
from router.jobs import template
from router.types import Task

SECOND_LOOK, SUMMARY = "second_look", "summary"
ANSWERS = {SECOND_LOOK: 200, SUMMARY: 300}  # tokens


def step(task: Task, name: str, own: Path | None = None) -> Task:
    """What a task asks beside its first question, as a task of its own on the same route. Touches the disk.

    `own` is the folder of the user's prompts; a file in its `steps` that can be used takes the place of ours.
    """
    body = _own((own or prompts.folder(os.environ, os.path.expanduser("~"))) / "steps" / f"{name}.md")
    return replace(task, name=name, body=body or _ours(name), max_tokens=ANSWERS[name])


@cache
def _ours(name: str) -> str:
    return files("prompts").joinpath("steps").joinpath(f"{name}.md").read_text("utf-8").strip()


def _own(path: Path) -> str:
    """What the user's file says; empty: there is none, or it is no prompt."""
    try:
        if path.stat().st_size > prompts.LARGEST:
            return ""
        said = path.read_text("utf-8-sig").replace("\r\n", "\n").strip()
    except (OSError, ValueError):  # ValueError: no UTF-8
        return ""
    return "" if template.fault(said) else said
