"""The refactorings that are offered: what each is called, and what a model is told to do."""

from __future__ import annotations

from msgspec import Struct


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
    """The kind that an instruction begins as; empty: it is the user's own."""
    return next((name for name, it in KINDS.items() if instruction.startswith(it.instruction)), "")


def words(instruction: str) -> str:
    """What the user says beside the kind."""
    found = kind(instruction)
    return instruction[len(KINDS[found].instruction) :].strip() if found else instruction.strip()
