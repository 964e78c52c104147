"""What a review asks beside its first question: the second look and the summary, ours or the user's own."""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from pathlib import Path

from msgspec.structs import replace

from router import BadTask, tasks
from router.jobs import prompts, template
from router.jobs.prompts import Prompt
from router.types import Task

SECOND_LOOK, SUMMARY = "second_look", "summary"
FOLDER = "steps"
ANSWERS = {SECOND_LOOK: 200, SUMMARY: 300}  # tokens
_TITLES = {SECOND_LOOK: "Looks again at a finding", SUMMARY: "Sums up a change"}


def step(task: Task, name: str, own: Path | None = None) -> Task:
    """What a task asks beside its first question, as a task of its own on the same route. Touches the disk.

    `own` is the folder of the user's prompts; a file in its `steps` that can be used takes the place of ours.
    """
    return _prompt(task, name, own or prompts.folder(os.environ, os.path.expanduser("~"))).task


def found(own: Path) -> dict[str, Prompt]:
    """The prompt of every step, by `steps/NAME`; `own` is the folder of the user's."""
    asking = {SECOND_LOOK: "review", SUMMARY: "review_changes"}
    shipped = tasks.shipped()
    return {f"{FOLDER}/{name}": _prompt(shipped[asking[name]], name, own) for name in ANSWERS}


@cache
def texts() -> dict[str, str]:
    """Our own, as they were written, by `steps/NAME`."""
    folder = files("prompts").joinpath(FOLDER)
    return {f"{FOLDER}/{name}": folder.joinpath(f"{name}.md").read_text("utf-8") for name in ANSWERS}


def _prompt(task: Task, name: str, own: Path) -> Prompt:
    ours, path = texts()[f"{FOLDER}/{name}"], own / FOLDER / f"{name}.md"
    asked = replace(task, name=name, title=_TITLES[name], body=ours.strip(), max_tokens=ANSWERS[name])
    try:
        text = prompts.read(path)
        if text is None:
            return Prompt(asked, ours)
        if fault := template.fault(text):
            raise BadTask(f"{path}:{fault[0]}: {fault[1]}")
        return Prompt(replace(asked, body=text.strip()), text, str(path))
    except BadTask as error:
        return Prompt(asked, ours, str(path), prompts.instead(error))
