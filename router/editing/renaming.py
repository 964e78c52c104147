"""A new name for what stands at a place: a model may find it, what it replaces is found by the tree alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from router.context.tagging.imports import Import
from router.context.tagging.tags import Definition, Tags
from router.editing import kinds
from router.editing.blocks import Unfit
from router.editing.spans import around
from router.editing.style import applied
from router.editing.trees import faults, parsed, tagged
from router.types import Change, Document, Edit, FileEdit, Request, Span

_NAME = re.compile(r"[^\W\d]\w{0,59}[?!]?")
_WORD = re.compile(r"[^\W\d][\w$]*")
_QUOTED = re.compile(r"`([^`\n]+)`")
_MEMBER = re.compile(r"(?:\.|->|\?\.)\s*\Z")
_CODE = frozenset({"constructor", "function", "macro", "method"})
_EXPLICIT = frozenset(
    {"javascript", "javascriptreact", "python", "tsx", "typescript", "typescriptreact"}
)  # imports tell
_SELF = _EXPLICIT | {"go", "rust"}  # where a member is always named with what it belongs to


class Target(Struct, frozen=True):
    """`name`, said at `at`. Of a definition `member` tells whether it belongs to one; what is local lives in `span`."""

    name: str
    at: int
    member: bool = False
    span: Span | None = None


def target(document: Document, span: Span, called: str = "") -> Target:
    """What is to be renamed: what is `called` so around a place, the name at it, or the definition. Raises Unfit."""
    found = tagged(document.language, document.text)
    known = {at: name for name, at in found.references} | {it.at: it.name for it in found.definitions}
    inside = around(document, span)
    within = inside.span if inside else span
    word = next(((at, name) for at, name in known.items() if name == called and _in(at, within)), None)
    word = word or _word(document.text, span)
    if word is None or word[0] not in known:
        if inside is None:
            raise Unfit("There is no name here that could be changed; put the cursor on one.")
        word = inside.at, inside.name
    at, name = word
    own = {(it.parent, it.name): it for it in found.definitions if it.name == name}
    if len(own) > 1:
        raise Unfit(f"{name} is defined several times in this file; which of them a place means can't be told.")
    for it in own.values():
        return Target(name, it.at, bool(it.parent))
    if any(name in pair for one in found.imports for pair in one.names):
        raise Unfit(f"{name} is imported here; rename it where it is defined.")
    if inside is None or inside.kind not in _CODE:
        raise Unfit(f"What {name} means can't be told here; the editor's own rename may know.")
    return Target(name, at, span=inside.span)


def _in(at: int, span: Span) -> bool:
    return span.start <= at < span.end


def _word(text: str, span: Span) -> tuple[int, str] | None:
    start = span.start
    while start and (text[start - 1].isalnum() or text[start - 1] in "_$"):
        start -= 1
    found = _WORD.match(text, start)
    return (start, found[0]) if found and found.end() >= span.end else None


def places(document: Document, wanted: Target) -> list[int]:
    """Where a document that defines a name says it and means it."""
    found = tagged(document.language, document.text)
    defined = [it.at for it in found.definitions if it.name == wanted.name]
    said = [at for name, at in found.references if name == wanted.name]
    if wanted.span is not None:
        said = [at for at in said if wanted.span.start <= at < wanted.span.end]
    loose = wanted.member and document.language not in _SELF
    return sorted({*defined, *(at for at in said if loose or _is_member(document, at) == wanted.member)})


def _is_member(document: Document, at: int) -> bool:
    """Whether a name is said as part of something: after a dot, or for a parameter in a call."""
    if _MEMBER.search(document.text, max(0, at - 40), at):
        return True
    tree = parsed(document.language, document.text)
    node = tree.root_node.descendant_for_byte_range(at, at + 1) if tree else None
    above = node.parent if node else None
    return above is not None and above.type == "keyword_argument" and above.start_byte == at


def elsewhere(document: Document, wanted: Target, mine: Sequence[Import]) -> list[int]:
    """Where another document says a name and means it; `mine` are those of its imports that lead to the definition.

    Where imports tell all, they are believed; in other languages, and of members, every use counts.
    """
    found = tagged(document.language, document.text)
    said = [at for name, at in found.references if name == wanted.name]
    if wanted.member:
        loose = document.language not in _SELF
        return [at for at in said if loose or _MEMBER.search(document.text, max(0, at - 40), at)]
    if document.language not in _EXPLICIT:
        return sorted({*said, *_imported(document.text, wanted.name, mine)})
    called = {alias for one in mine for name, alias in one.names if name in (wanted.name, "*")}
    holders = {alias for one in mine for name, alias in one.names if not name}
    holders |= {one.module for one in mine if not one.names}
    plain = wanted.name in called or "*" in called
    uses = [at for at in said if _held(document, at, holders) or (plain and not _is_member(document, at))]
    return sorted({*uses, *_imported(document.text, wanted.name, mine)})


def _held(document: Document, at: int, holders: set[str]) -> bool:
    """Whether a name is said as that of a module which is called so here."""
    before = document.text[max(0, at - 200) : at]
    return any(re.search(rf"(?<![\w.]){re.escape(one)}\s*\.\s*\Z", before) for one in holders)


def _imported(text: str, name: str, mine: Sequence[Import]) -> Iterator[int]:
    for one in mine:
        if any(name == said for said, _ in one.names):
            stretch = text[one.span.start : one.span.end]
            found = re.search(rf"(?<![\w.\"'/]){re.escape(name)}(?![\w.\"'/])", stretch[_module_end(stretch) :])
            if found:
                yield one.span.start + _module_end(stretch) + found.start()


def _module_end(statement: str) -> int:
    """Where the names of an import begin, if its module stands before them."""
    found = re.match(r"from\s+\S+\s+import", statement)
    return found.end() if found else 0


# The new name


def ready(request: Request) -> str:
    """The new name, if the user has said it already."""
    said = kinds.words(request.note) if kinds.kind(request.note) == "rename" else ""
    return said.strip("`'\" ") if _NAME.fullmatch(said.strip("`'\" ")) else ""


def name(said: str, old: str) -> str:
    """The name that a model proposes for `old`. Raises Unfit."""
    bare = "\n".join(line for line in said.split("\n") if not line.strip().startswith("```")).strip()
    if _NAME.fullmatch(bare.strip("`*'\".")):
        return bare.strip("`*'\".")
    quoted: set[str] = {it.strip() for it in _QUOTED.findall(bare)} - {old}
    if len(quoted) != 1 or not _NAME.fullmatch(next(iter(quoted))):
        raise Unfit("The model did not answer with a name; ask again, or say the name yourself.")
    return next(iter(quoted))


def asked(request: Request) -> Target:
    """What a request wants renamed. Raises Unfit."""
    return target(request.document, request.span, kinds.old(request.note))


def alone(request: Request, said: str) -> Edit:
    """The renaming within the request's own document. Raises Unfit."""
    wanted = asked(request)
    new = ready(request) or name(said, wanted.name)
    return edit(wanted, new, [(request.document, places(request.document, wanted))])


def renamed(edit: Edit, wanted: Target) -> str:
    """The new name in an edit that renames."""
    return next((it.text for it in edit.files[0].changes if it.start == wanted.at), "")


def edit(wanted: Target, new: str, files: Sequence[tuple[Document, Sequence[int]]]) -> Edit:
    """The renaming of these places of these files. Raises Unfit where the new name means something already."""
    if new == wanted.name:
        raise Unfit(f"The model found no better name than {wanted.name}.")
    made = [FileEdit(document, _changes(document, wanted.name, new, starts)) for document, starts in files if starts]
    for one in made:
        _agreed(one, new)
    count = sum(len(one.changes) for one in made)
    said = f"{count} place{'s' * (count > 1)} in {len(made)} file{'s' * (len(made) > 1)}"
    note = f"{said}; what strings and comments say is left as it is."
    member = f"Uses of {wanted.name} are told by its name alone; look at each." if wanted.member else ""
    return Edit(f"Rename {wanted.name} to {new}", tuple(made), tuple(filter(None, (note, member))))


def _changes(document: Document, old: str, new: str, starts: Sequence[int]) -> tuple[Change, ...]:
    return tuple(Change(at, at + len(old), _said(document, at, old, new)) for at in starts)


def _said(document: Document, at: int, old: str, new: str) -> str:
    """The new name; `old: new` where the old one also names a field, as in `{old}`."""
    tree = parsed(document.language, document.text)
    node = tree.root_node.descendant_for_byte_range(at, at + 1) if tree else None
    return f"{old}: {new}" if node is not None and node.type.startswith("shorthand") else new


def _agreed(one: FileEdit, new: str) -> None:
    text = one.document.text
    if new in _names(tagged(one.document.language, text)):
        raise Unfit(f"{new} means something already in a file that would be changed; choose another name.")
    if faults(one.document.language, applied(text, one.changes)) > faults(one.document.language, text):
        raise Unfit(f"{new} can't be a name in this language; choose another.")


def _names(found: Tags) -> set[str]:
    imported = {word for one in found.imports for pair in one.names for word in pair}
    defined: set[str] = {it.name for it in found.definitions}
    return defined | imported | {name for name, _ in found.references}


def unique(found: Sequence[tuple[str, Definition]], path: str, language: str, member: bool) -> bool:
    """Whether it is certain which definition a name means, by what an index says of all that bear it.

    Where imports tell which, other files may define it, too; of members nothing tells.
    """
    return (language in _EXPLICIT and not member) or all(where == path for where, _ in found)
