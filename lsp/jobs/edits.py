"""An edit as an editor takes it: changes of named versions, each marked to be looked at before it is made."""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec import Struct

from lsp import convert
from lsp.documents import Documents, Open
from router.types import Edit, FileEdit

Wanted: TypeAlias = "dict[str, Any]"
MARK = "switchyard"  # the annotation of all changes of one edit


class Able(Struct, frozen=True):
    """What an editor can do with an edit: hold it against versions, and show it before it is made."""

    versions: bool = False
    confirms: bool = False


def able(workspace: dict[str, Any] | None) -> Able:
    """The same, from what it says of itself."""
    said = (workspace or {}).get("workspaceEdit")
    found = said if isinstance(said, dict) else {}
    return Able(bool(found.get("documentChanges")), isinstance(found.get("changeAnnotationSupport"), dict))


def stale(edit: Edit, documents: Documents) -> bool:
    """Whether one of the files is no more what the edit was made for."""
    opened = ((documents.at(it.document.path), it.document.text) for it in edit.files)
    return any(document is not None and document.text != text for document, text in opened)


def workspace_edit(edit: Edit, documents: Documents, able: Able) -> Wanted:
    """LSP's WorkspaceEdit. A file that is not open has no version: what the disk says counts."""
    files = [_file(it, documents, able) for it in edit.files]
    if not able.versions:
        return {"changes": {uri: edits for uri, _, edits in files}}
    made: Wanted = {
        "documentChanges": [
            {"textDocument": {"uri": uri, "version": version}, "edits": edits} for uri, version, edits in files
        ]
    }
    if able.confirms:
        note = {"label": edit.title, "needsConfirmation": True, "description": " ".join(edit.notes)}
        made["changeAnnotations"] = {MARK: {name: said for name, said in note.items() if said}}
    return made


def _file(one: FileEdit, documents: Documents, able: Able) -> tuple[str, int | None, list[Wanted]]:
    """A file's URI, its version and its changes, last first: an editor that makes them one by one is not led astray."""
    document = one.document
    opened = documents.at(document.path)
    held = opened or Open(convert.uri(document.path), document.language, None, document.text, documents.encoding)
    marked = {"annotationId": MARK} if able.versions and able.confirms else {}
    edits = [{"range": _range(held, it.start, it.end), "newText": it.text, **marked} for it in one.changes]
    return held.uri, held.version, edits[::-1]


def _range(held: Open, start: int, end: int) -> Wanted:
    first, last = held.position(start), held.position(end)
    return {
        "start": {"line": first.line, "character": first.character},
        "end": {"line": last.line, "character": last.character},
    }
