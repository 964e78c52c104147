"""Reads prompts/*.md into the task table: TOML front matter, then the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping

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


def table(files: Mapping[str, str]) -> dict[str, Task]:
    """The task table from file names and their texts, in the order of the names."""
    return {name: read(name, files[name]) for name in sorted(files)}
