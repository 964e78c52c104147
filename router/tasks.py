"""Reads prompts/*.md into the task table: TOML front matter, then the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from router import BadTask
from router.jobs import template
from router.types import AnswerKind, Lane, Offer, Task

_FRONT = re.compile(r"\A\+\+\+\n(?P<front>.*?)^\+\+\+\n?(?P<body>.*)\Z", re.S | re.M)


class _Front(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    offer: Offer
    answer: AnswerKind
    lane: Lane
    size: float
    max_tokens: int
    least: float
    context: int
    patience: float
    deadline: float
    numbered: bool = False


def read(name: str, text: str, file: str = "") -> Task:
    """One task from the text of `prompts/NAME.md`, or of another `file`. Raises BadTask naming file, line and field."""
    file = file or f"prompts/{name}.md"
    found = _FRONT.match(text)
    if not found:
        raise BadTask(f"{file}: it must open with front matter between two lines of +++.")
    try:
        front = msgspec.toml.decode(found["front"], type=_Front)
    except msgspec.MsgspecError as error:
        raise BadTask(f"{file}: {error}.") from error
    if found["body"].strip() and (fault := template.fault(found["body"])):
        line = text.count("\n", 0, found.start("body")) + fault[0]
        raise BadTask(f"{file}:{line}: {fault[1]}")
    return Task(name=name, body=found["body"].strip(), **msgspec.structs.asdict(front))


def table(texts: Mapping[str, str]) -> dict[str, Task]:
    """The task table from file names and their texts, in the order of the names."""
    return {name: read(name, texts[name]) for name in sorted(texts)}


@cache
def texts() -> dict[str, str]:
    """The files of prompts/, in the order of the names of their tasks."""
    found = {file.name: file for file in files("prompts").iterdir() if file.name.endswith(".md")}
    return {name.removesuffix(".md"): found[name].read_text(encoding="utf-8") for name in sorted(found)}


@cache
def shipped() -> dict[str, Task]:
    """The task table of prompts/. Raises BadTask."""
    return table(texts())
