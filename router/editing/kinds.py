"""The refactorings that are offered: what each is called, and what a model is told to do."""

from __future__ import annotations

import re

from msgspec import Struct

_TO = re.compile(
    r"\s*rename\b(?:[^\n]*?[\s`'\"](?P<old>[^\W\d]\w*)[`'\"]?)?\s+(?:to|as|into)\s+[`'\"]?(?P<new>[^\W\d]\w*[?!]?)[`'\"]?[\s.]*",
    re.I,
)


class Kind(Struct, frozen=True):
    """`lsp` is the last part of a code action's kind, as in `refactor.extract`; `selects`: it is about a selection."""

    title: str
    instruction: str
    lsp: str
    selects: bool = False


KINDS = {
    "extract": Kind(
        "extract a function",
        "Extract a function: move the selected lines into a new function with a telling name, and call it there.",
        "extract",
        selects=True,
    ),
    "rename": Kind("rename by meaning", "Rename: find a name that says what this is for.", "rewrite"),
    "simplify": Kind(
        "simplify", "Simplify the code without changing what it does: fewer branches, less nesting.", "rewrite"
    ),
    "split": Kind("split", "Split the code into smaller functions that each do one thing.", "rewrite"),
    "types": Kind("add types", "Add type annotations; change nothing else.", "rewrite"),
    "duplication": Kind(
        "remove duplication", "Remove the duplication: say once what is said several times.", "rewrite"
    ),
}


def instruction(kind: str, words: str = "") -> str:
    """What a kind and the user's own words ask for together."""
    return " ".join(filter(None, (KINDS[kind].instruction if kind else "", words.strip())))


def kind(instruction: str) -> str:
    """The kind that an instruction begins as, or says in other words; empty: it is the user's own."""
    said = next((name for name, it in KINDS.items() if instruction.startswith(it.instruction)), "")
    return said or ("rename" if _TO.fullmatch(instruction) else "")


def words(instruction: str) -> str:
    """What the user says beside the kind; of a renaming in other words, the new name."""
    if found := _TO.fullmatch(instruction):
        return found["new"]
    said = kind(instruction)
    return instruction[len(KINDS[said].instruction) :].strip() if said else instruction.strip()


def old(instruction: str) -> str:
    """The last word of what is to be renamed, where an instruction says what; it may be no name."""
    found = _TO.fullmatch(instruction)
    return (found["old"] or "") if found else ""
