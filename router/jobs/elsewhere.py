"""A renaming in the other files of a workspace: those that an index names, each as it is now, by what it imports."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from router.context.gathering.view import Known
from router.context.tagging.imports import Import
from router.context.tagging.language import language, language_of
from router.editing import renaming
from router.editing.blocks import Unfit
from router.editing.renaming import Target
from router.editing.trees import tagged
from router.types import Document, Edit, Request

# Languages, by the names of their files, whose programs use each other's names.
_KIN = (
    frozenset({"ecmascript", "javascript", "tsx", "typescript", "vue", "svelte"}),
    frozenset({"c", "cpp"}),
    frozenset({"java", "kotlin", "scala"}),
)
_ROUNDS = 4  # how often a name may be passed on from one file's imports to the next
Lead: TypeAlias = "tuple[str, str, str]"  # a file, a module that it imports, a name of that or none


class Facts(Struct, frozen=True):
    """The files that say a name or import it, and where the modules lead that these import."""

    paths: tuple[str, ...]
    leads: Mapping[Lead, str | None]


def facts(wanted: Target, document: Document, index: Known) -> Facts:
    """What an index knows of a name, from memory. Raises Unfit where it can't be certain."""
    defined = [(path, it) for path, it in index.defined(wanted.name) if _kin(document, path)]
    if not renaming.unique(defined, document.path, document.language, wanted.member):
        raise Unfit(f"{wanted.name} is defined in other files, too; which of them a place means can't be told.")
    said = {path for path, _ in index.referring(wanted.name)}
    said.update(path for path in index.near(document.path) if any(map(_imports(wanted.name), index.imports(path))))
    paths = {path for path in said if path != document.path and _kin(document, path)}
    leads = {
        (path, one.module, name): index.resolve(path, one.module, name)
        for path in paths
        for one in index.imports(path)
        for name in ("", *(said for said, _ in one.names))
    }
    return Facts(tuple(sorted(paths)), leads)


def _kin(document: Document, path: str) -> bool:
    """Whether a file is in a language that could mean a name of the document."""
    names = document.language, language_of(os.path.basename(path))
    ours, theirs = (found.key if (found := language(it)) else it for it in names)
    return ours == theirs or any({ours, theirs} <= group for group in _KIN)


def _imports(name: str) -> Callable[[Import], bool]:
    return lambda one: any(name in pair for pair in one.names)


def everywhere(
    request: Request, edit: Edit, wanted: Target, known: Facts, read: Callable[[str], Document | None]
) -> Edit:
    """An edit that renames in one file, in all that mean this name; `read` brings them. Raises Unfit."""
    document = request.document
    found = [read(path) for path in known.paths]
    others = [it for it in found if it is not None]
    held = _held(wanted, document, others, known.leads)
    own = (document, renaming.places(document, wanted))
    made = renaming.edit(wanted, renaming.renamed(edit, wanted), [own, *(it for it in held if it[1])])
    left, unread = sum(not starts for _, starts in held), len(found) - len(others)
    notes = (
        f"{_files(left)} with this word mean{'s' * (left == 1)} something else, it seems." if left else "",
        f"{_files(unread)} with this word could not be looked at." if unread else "",
    )
    return replace(made, notes=(*made.notes, *filter(None, notes)))


def _files(count: int) -> str:
    return f"{count} other file{'s' * (count > 1)}"


def _held(
    wanted: Target, document: Document, others: Sequence[Document], leads: Mapping[Lead, str | None]
) -> list[tuple[Document, list[int]]]:
    """Where each of the others means the name; a file that imports it may be where the next one has it from."""
    homes, found = {document.path}, list[tuple[Document, list[int]]]()
    for _ in range(_ROUNDS):
        known, found = len(homes), []
        for one in others:
            mine = _mine(one, homes, leads)
            found.append((one, renaming.elsewhere(one, wanted, mine)))
            if any((wanted.name, wanted.name) in it.names or ("*", "*") in it.names for it in mine):
                homes.add(one.path)
        if len(homes) == known:
            break
    return found


def _mine(document: Document, homes: set[str], leads: Mapping[Lead, str | None]) -> list[Import]:
    """The imports of a document that lead to one of these files; of a module's name that is one, as the module."""
    found: list[Import] = []
    for one in tagged(document.language, document.text).imports:
        if leads.get((document.path, one.module, "")) in homes:
            found.append(one)
            continue
        found += [
            Import(one.module, (("", alias),), one.span)
            for name, alias in one.names
            if name and leads.get((document.path, one.module, name)) in homes
        ]
    return found
