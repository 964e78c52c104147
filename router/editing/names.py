"""Which names a text defines, and which of them an edit would take away from those who use them."""

from __future__ import annotations

from router.context.tagging.tags import Tags
from router.editing.trees import tagged

_VALUES = frozenset({"attribute", "constant", "key", "member", "variable", "element", "section"})


def lost(language: str, before: str, after: str) -> list[str]:
    """The names that were defined and are no more, those of which others may know or that are still used."""
    old, new = tagged(language, before), tagged(language, after)
    gone = _qualified(old).keys() - _qualified(new).keys()
    used = {name for name, _ in new.references}
    bare = {it.name for it in new.definitions}
    return [name for name, public in _qualified(old).items() if name in gone and (public or _still(name, used, bare))]


def _qualified(found: Tags) -> dict[str, bool]:
    """Each definition with what it belongs to, and whether others may know of it: what is local to code is nobody's."""
    code = {_path(it.parent, it.name) for it in found.definitions if it.kind in ("function", "method", "constructor")}
    return {
        _path(it.parent, it.name): _public(it.name)
        and (not it.parent or it.kind not in _VALUES)
        and it.parent not in code
        for it in found.definitions
    }


def _path(parent: str, name: str) -> str:
    return f"{parent}.{name}" if parent else name


def _public(name: str) -> bool:
    return not name.startswith(("_", "#")) or (name.startswith("__") and name.endswith("__"))


def _still(path: str, used: set[str], defined: set[str]) -> bool:
    """Whether a name that is gone is used all the same."""
    name = path.rpartition(".")[2]
    return name in used and name not in defined
