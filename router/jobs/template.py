"""The body of a task's file: what the model is told, a line `---`, then the message with its `{field}`s."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct

# What a message may hold; see docs/prompts.md.
FIELDS = (
    "around", "code", "diagnostics", "diff", "format", "imports", "language", "name", "note", "path", "pieces", "place",
    "selected", "style",
)  # fmt: skip
OWN = frozenset({"format"})  # of these fields, those that we word ourselves

_FIELD = re.compile(r"\{([a-z_]+)\}")
_ALONE = re.compile(r"^[ \t]*\{([a-z_]+)\}[ \t]*$", re.M)
_RULE = re.compile(r"^---[ \t]*$", re.M)
_BLANK = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")


Say: TypeAlias = Callable[[str], str]  # what the message says in the place of a field


class Template(Struct, frozen=True):
    """The `system` text as it stands, and the paragraphs of the message."""

    system: str
    paragraphs: tuple[str, ...]

    @property
    def fields(self) -> frozenset[str]:
        """The fields that the message has a place for."""
        return frozenset(name for paragraph in self.paragraphs for name in _FIELD.findall(paragraph))

    def filled(self, given: Collection[str], block: Say, word: Say) -> str:
        """The message, in which a field that stands alone on its line is a `block`, and one within a line a `word`.

        Those that are not `given` are empty; a paragraph all of whose fields are empty is left out.
        """
        return "\n\n".join(_filled(it, given, block, word) for it in self.paragraphs if _needed(it, given))


@lru_cache(64)
def read(body: str) -> Template:
    """The template of a body; without a line `---` all of it is the message."""
    system, message = _halves(body)
    return Template(system.strip(), tuple(it.strip("\n") for it in _BLANK.split(message.strip())))


def fault(body: str) -> tuple[int, str] | None:
    """What is wrong with a body: the line, from 1, and how the sentence about it ends; None: nothing."""
    rule = _RULE.search(body)
    if rule is None:
        return 1, "a line --- must stand between what the model is told and the message."
    for found in _FIELD.finditer(body):
        line = body.count("\n", 0, found.start()) + 1
        if found[1] in FIELDS and found.start() < rule.start():
            return line, f"{found[0]} stands before the line ---; fields belong into the message."
        if found[1] not in FIELDS and found.start() > rule.start():
            return line, f"there is no field {found[0]}; there are {', '.join(FIELDS)}."
    if not _FIELD.search(body, rule.end()):
        return body.count("\n", 0, rule.start()) + 1, "the message has no field, so the model would see no code."
    return None


def _halves(body: str) -> tuple[str, str]:
    rule = _RULE.search(body)
    return (body[: rule.start()], body[rule.end() :]) if rule else ("", body)


def _needed(paragraph: str, given: Collection[str]) -> bool:
    names = _FIELD.findall(paragraph)
    return not names or any(name in given for name in names)


def _filled(paragraph: str, given: Collection[str], block: Say, word: Say) -> str:
    lines = []
    for line in paragraph.split("\n"):
        alone = _ALONE.fullmatch(line)
        if alone is None:
            lines.append(_FIELD.sub(lambda found: word(found[1]) if found[1] in given else "", line))
        elif alone[1] in given:
            lines.append(block(alone[1]))
    return "\n".join(lines)
