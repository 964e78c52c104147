"""How far one root of the index is, in numbers for people."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from router.context.indexing.listing import native
from router.context.indexing.root import Root


class State(Struct, frozen=True):
    """How far one root is: files that are known and that wait to be read, and why others were passed over."""

    root: str
    files: dict[str, int]
    waiting: int
    passed: dict[str, int]
    definitions: int
    references: int
    names: int
    source: int
    stored: int
    parsed: int
    rescans: int
    git: bool
    checked: bool


def state(root: Root) -> State:
    """What is known of a root now."""
    catalogue = root.catalogue
    files = [it for it in catalogue.files if it.path and not it.why]
    definitions, references = catalogue.counts()
    return State(
        root=native(root.path),
        files=dict(sorted(Counter(it.language for it in files).items())),
        waiting=root.waiting,
        passed=dict(root.passed),
        definitions=definitions,
        references=references,
        names=len(catalogue.names),
        source=sum(it.stamp.size for it in files),
        stored=root.stored,
        parsed=root.parsed,
        rescans=root.rescans,
        git=bool(root.listing.repositories),
        checked=root.checked,
    )
