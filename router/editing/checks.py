"""What speaks against an edit: each check is a sentence for the user, or nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from router.context import privacy
from router.context.gating.invisible import visible
from router.context.lines import parted
from router.context.tagging.language import language
from router.editing import kinds
from router.editing.names import lost
from router.editing.style import applied
from router.editing.trees import faults
from router.types import Change, Document, Span

_SHORT = 8  # lines of code; of fewer, one may well halve them
_LEAST = 0.5  # of the lines of code, which an edit leaves unless asked to shorten
_SHORTENING = re.compile(
    r"\b(?:short\w*|simpl\w*|remov\w*|delet\w*|drop\w*|inlin\w*|reduc\w*|duplicat\w*|dedup\w*|split\w*|extract\w*|replac\w*"
    r"|mov\w*|clean\w*|unused|dead)\b",
    re.I,
)
_SHORTER = frozenset({"duplication", "simplify"})  # kinds of refactorings that may leave much less
_RENAMING = re.compile(r"\b(?:renam\w*|call it|name it|names?)\b", re.I)


class Asked(Struct, frozen=True):
    """What an edit was asked for: of a `document`, at the lines of `span`, by an `instruction` (empty: to mend it)."""

    document: Document
    span: Span
    instruction: str = ""


def objection(asked: Asked, changes: Sequence[Change]) -> str:
    """Why these changes are not to be made; empty: nothing speaks against them."""
    before = asked.document.text
    after = applied(before, changes)
    if after == before:
        return "The model would change nothing here."
    new = "".join(change.text for change in changes)
    return (
        _unseen(new, before)
        or _masked(new, before)
        or _broken(asked.document.language, before, after)
        or _shrunk(asked, changes)
        or _forgotten(asked, after)
    )


def _unseen(new: str, before: str) -> str:
    """Characters that nobody sees, and that the file does not hold already."""
    strange = set(new) - set(before)
    broken = any("\ud800" <= sign <= "\udfff" for sign in strange)
    if not broken and (visible(new) == new or all(map(visible, strange))):
        return ""
    return "The model's answer holds characters that nobody sees; it was not applied."


def _masked(new: str, before: str) -> str:
    if not privacy.hidden(new, before):
        return ""
    return "The model would overwrite a secret, which it was not shown; leave it out of the selection."


def _broken(name: str, before: str, after: str) -> str:
    if faults(name, after) <= faults(name, before):
        return ""
    return "The model's answer does not parse where the file did; ask again, or select less."


def _shrunk(asked: Asked, changes: Sequence[Change]) -> str:
    """Whether most of the code is gone, though nobody asked for that."""
    start, end = asked.span.start, asked.span.end
    text = asked.document.text[start:end]
    own = [Change(it.start - start, it.end - start, it.text) for it in changes if start <= it.start and it.end <= end]
    old, new = (_coded(it, asked.document.language) for it in (text, applied(text, own)))
    if old < _SHORT or new >= old * _LEAST or (new and _shortens(asked.instruction)):
        return ""
    return f"The model's answer has {new} lines of code for {old}; it would lose too much to be applied."


def remark(asked: Asked, changes: Sequence[Change]) -> str:
    """What the user should know of these changes, though it does not speak against them; mostly nothing."""
    found = language(asked.document.language)
    signs = tuple(filter(None, (found.line, *(found.block or ())))) if found else ()
    old = [line for it in changes for line in parted(asked.document.text[it.start : it.end])]
    new = [line for it in changes for line in parted(it.text)]
    gone, come = (sum(line.strip().startswith(signs) for line in its) if signs else 0 for its in (old, new))
    lines = f"{gone - come} lines" if gone - come > 1 else "a line"
    return f"It takes away {lines} of comments." if gone > come else ""


def _shortens(instruction: str) -> bool:
    """Whether fewer lines are what was asked for; code that moves into a function of its own stays as long as it is."""
    return kinds.kind(instruction) in _SHORTER or _SHORTENING.search(kinds.words(instruction)) is not None


def _coded(text: str, name: str) -> int:
    """How many lines say something to the machine, or might."""
    found = language(name)
    sign = found.line if found and found.line else "\0"
    return sum(bool(line.strip()) and not line.strip().startswith(sign) for line in parted(text))


def _forgotten(asked: Asked, after: str) -> str:
    """Names that others may know, gone without having been asked for."""
    if _RENAMING.search(kinds.words(asked.instruction)):  # what a kind says of names is about new ones
        return ""
    gone = lost(asked.document.language, asked.document.text, after)
    unasked = [name for name in gone if not _says(asked.instruction, name.rpartition(".")[2])]
    if not unasked:
        return ""
    more = f" and {len(unasked) - 1} more" if len(unasked) > 1 else ""
    return f"The model's answer takes away {unasked[0]}{more}, which others may use; if that is meant, say so."


def _says(instruction: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", instruction) is not None
