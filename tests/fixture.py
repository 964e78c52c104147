"""Pictures of places: `‸` is the cursor, `⟦ ⟧` a selection."""

from __future__ import annotations

from router.types import Document, Request, Span

LANGUAGES = {
    "py": "python",
    "ts": "typescript",
    "js": "javascript",
    "rs": "rust",
    "go": "go",
    "txt": "plaintext",
    "java": "java",
    "cs": "csharp",
    "rb": "ruby",
    "sh": "shellscript",
    "lua": "lua",
    "json": "json",
    "tsx": "tsx",
    "c": "c",
    "cpp": "cpp",
    "php": "php",
    "md": "markdown",
    "sql": "plsql",
    "xml": "xml",
}


def at(picture: str) -> tuple[str, int]:
    """The text of a picture with one cursor, and the cursor's offset."""
    assert picture.count("‸") == 1, "a picture has one cursor"
    return picture.replace("‸", ""), picture.index("‸")


def document(text: str, path: str = "/home/ada/a.py", version: int = 1) -> Document:
    """A document in the language of the path's ending."""
    return Document(path, LANGUAGES.get(path.rsplit(".", 1)[-1], "plaintext"), version, text)


def complete(picture: str, path: str = "/home/ada/a.py", manual: bool = False, version: int = 1) -> Request:
    """A completion request at the picture's cursor."""
    text, cursor = at(picture)
    return Request("complete", document(text, path, version), Span(cursor, cursor), manual=manual)
