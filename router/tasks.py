"""Reads prompts/*.md into the task table: TOML front matter, then the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec

from router import BadTask
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


def read(name: str, text: str) -> Task:
    """One task from the text of `prompts/NAME.md`. Raises BadTask naming file and field."""
    found = _FRONT.match(text)
    if not found:
        raise BadTask(f"prompts/{name}.md: it must open with front matter between two lines of +++.")
    try:
        front = msgspec.toml.decode(found["front"], type=_Front)
    except msgspec.MsgspecError as error:
        raise BadTask(f"prompts/{name}.md: {error}.") from error
    return Task(name=name, body=found["body"].strip(), **msgspec.structs.asdict(front))


def table(texts: Mapping[str, str]) -> dict[str, Task]:
    """The task table from file names and their texts, in the order of the names."""
    return {name: read(name, texts[name]) for name in sorted(texts)}


@cache
def shipped() -> dict[str, Task]:
    """The task table of prompts/. Raises BadTask."""
    found = (file for file in files("prompts").iterdir() if file.name.endswith(".md"))
    return table({file.name.removesuffix(".md"): file.read_text(encoding="utf-8") for file in found})
