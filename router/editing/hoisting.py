"""The imports that an answer begins with, taken to where the file has its own."""

from __future__ import annotations

from collections.abc import Sequence

from router.context.lines import line_end, parted
from router.editing.blocks import Unfit
from router.editing.spans import imports
from router.editing.trees import is_comment, is_docstring, statements, tagged
from router.types import Change, Document

_HEAD = ("package", "php_tag", "namespace_definition", "inner_attribute", "hash_bang", "use_strict")


def led(lines: Sequence[str], language: str) -> int:
    """How many lines at an answer's beginning only import, with the empty ones after them."""
    text = "\n".join(lines)
    rows: set[int] = set()
    for one in tagged(language, text).imports:
        rows.update(range(text.count("\n", 0, one.span.start), text.count("\n", 0, one.span.end) + 1))
    count = 0
    while count < len(lines) and (count in rows or (count and not lines[count].strip())):
        count += 1
    return count


def hoisted(document: Document, lines: Sequence[str]) -> tuple[Change, ...]:
    """The change that adds those of these imports that the file lacks, after its own. Raises Unfit."""
    there = {line.strip() for line in parted(document.text)}
    new = [line.strip() for line in lines if line.strip() and line.strip() not in there]
    if not new:
        return ()
    end = line_end(document.text)
    own = imports(document)
    if own is not None:
        return (Change(own.end, own.end, "".join(end + line for line in new)),)
    at = _head(document)
    return (Change(at, at, "".join(line + end for line in new) + end),)


def _head(document: Document) -> int:
    """Where a text begins to say something: after its first comment, its docstring, its package."""
    for node in statements(document.language, document.text):
        if is_comment(node) or is_docstring(node) or any(word in node.type for word in _HEAD):
            continue
        at = node.start_byte
        return max(document.text.rfind("\n", 0, at), document.text.rfind("\r", 0, at)) + 1
    raise Unfit("The model's answer needs an import, and this file has no place for it that is certain.")
