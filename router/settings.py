"""What can be set: the leaves of a tree of structs, each with what it takes in words a person reads."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

Path: TypeAlias = "tuple[str, ...]"


class Setting(Struct, frozen=True):
    """One leaf of the tree. `expected` says what it takes; `workspace` is its mark, see config.py."""

    path: Path
    hint: Any
    default: Any
    expected: str
    description: str
    workspace: Literal["", "lower", "union"] = ""

    @property
    def key(self) -> str:
        return ".".join(self.path)


def leaves(table: Struct, path: Path = ()) -> Iterator[Setting]:
    """Every setting under a table that holds the defaults, in the order of the tree."""
    for name, hint in get_type_hints(type(table), include_extras=True).items():
        default = getattr(table, name)
        if isinstance(default, Struct):
            yield from leaves(default, (*path, name))
        else:
            yield _setting((*path, name), hint, default)


def tree(values: Mapping[Path, object]) -> dict[str, object]:
    """Tables within tables, from leaves."""
    root: dict[str, Any] = {}
    for path, value in values.items():
        table = root
        for name in path[:-1]:
            table = table.setdefault(name, {})
        table[path[-1]] = value
    return root


def unknown(path: Path, known: Mapping[Path, Setting]) -> str:
    """A sentence about a path that is none of the known ones, with the nearest that is, if any is near."""
    siblings = sorted({it[len(path) - 1] for it in known if len(it) >= len(path) and it[: len(path) - 1] == path[:-1]})
    near = [".".join((*path[:-1], name)) for name in difflib.get_close_matches(path[-1][:100], siblings, n=1)]
    near += [setting.key for it, setting in known.items() if it[-1] == path[-1]]
    there = f"{shown(path[:-1])} has" if path[:-1] else "there are"
    hint = f"the nearest is {near[0]}" if near else f"{there} {', '.join(siblings)}"
    return f"there is no setting {shown(path)}; {hint}."


def shown(path: Path) -> str:
    """A key in a message; whatever is odd in it is escaped, and what is long is cut."""
    return ".".join(part if re.fullmatch(r"[\w-]{1,40}", part, re.ASCII) else ascii(part[:40]) for part in path)


def _setting(path: Path, hint: Any, default: object) -> Setting:
    kind, *metas = get_args(hint)
    mark: Any = next((meta.extra["workspace"] for meta in metas if meta.extra), "")
    said = next(meta for meta in metas if meta.description)
    return Setting(path, hint, default, _expected(kind, said), said.description, mark)


def _expected(kind: Any, meta: Meta) -> str:
    if kind is bool:
        return "true or false"
    if kind is int:
        return f"a whole number from {meta.ge} to {meta.le}" if meta.le else f"a whole number from {meta.ge} up"
    if kind is float:
        return f"a number from {meta.ge:g} to {meta.le:g}" if meta.le is not None else f"a number from {meta.ge:g} up"
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(get_args(kind))
    if kind is str:
        return f"text such as {meta.examples[0]}" if meta.examples else "text"
    return "a list of texts"
