"""Where the first block of an answer ends: in a tree with the answer spliced in, or else by indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node, Tree

from router.context.begun import begun, tags
from router.context.lines import around, depth, last_line, opens

_BODIES = ("block", "body", "then", "statement_list", "statements", "section", "mapping", "sequence", "document")
_CLASSES = ("class", "impl", "interface", "trait", "struct", "enum", "module", "object", "namespace")
_ENDS = (")", "]", "}", "end", "fi", "done", "esac")
_WITH_WHAT_FOLLOWS = ("comment", "attribute_item", "decorator", "annotation")  # types of nodes that never come alone
_STATEMENT = re.compile(r"(?:statement|declaration|definition|item|assignment)$")
_OPENS = (b":", b"{", b"(", b"[", b"\\", b"=", b"=>", b"->", b"&&", b"||", b"|")  # a line that ends so has only begun
_SETTLED = (b";", b"}", b",")  # a line that ends so is not continued by the next one
_LINE_IS_ALL = frozenset(  # languages in which a line that is not open is never continued by the next one
    "bash css dockerfile go html json make makefile markdown python sh shellscript toml yaml".split()
)
_ANEW = re.compile(  # what cannot go on with the line above
    r"\s*(?!(?:and|as|catch|elif|else|elsif|ensure|except|extends|finally|implements|or|rescue|then|when|where|while|with)\b)"
    r"[^\W]|\s*[@#\"'<]"
)
_SQL = re.compile(r"\s*(?:ALTER|CREATE|DELETE|INSERT|SELECT|UPDATE|WITH)\b")
_CLOSES = re.compile(r"\s*(?:[)\]}]|</|(?:end|fi|done|esac|until)\b)")


def block_end(tree: Tree, source: bytes, place: int, end: int, language: str, further: str = "") -> int | None:
    """Where the first block that touches the insertion `place..end` ends, if it is whole; byte offsets.

    `further` was said, too, but has only begun something; it is not in the tree.
    """
    start = _first_word(source, source.rfind(b"\n", 0, place) + 1, b" \t\r\n)]};,")
    while start < end:
        node = _block_at(tree, source, start, end)
        if start < place and (node is None or _end(node, source) <= place):
            start = _first_word(source, place)  # what began the line is whole, or goes on behind the insertion
            continue
        if node is None or node.has_error or _stolen(tree, source, start, place, end):
            return None
        if not any(kind in node.type for kind in _WITH_WHAT_FOLLOWS):
            wanted = _member(node, source, place, end)
            return None if wanted is None else _settled(wanted, source, end, language, _ANEW.match(further) is not None)
        start = _first_word(source, node.end_byte)
    return None


def _chain(tree: Tree, start: int) -> Iterator[Node]:
    """The nodes over `start`, the innermost first; never the root."""
    node = tree.root_node.descendant_for_byte_range(start, start)
    while node is not None and node.parent is not None:
        yield node
        node = node.parent


def _block_at(tree: Tree, source: bytes, start: int, end: int) -> Node | None:
    """The largest node at `start` that ends by `end`; of a piece of a statement, the statement that ends there."""
    found: Node | None = None
    for node in _chain(tree, start):
        if node.is_error or _end(node, source) > end:
            break
        if node.start_byte < start and (found is None or _is_body(node) or _is_body(found) or _braced(node)):
            break
        if node.start_byte < start and found is not None and _STATEMENT.search(found.type):
            break
        found = node
    return found


def _stolen(tree: Tree, source: bytes, start: int, place: int, end: int) -> bool:
    """Whether what begins at `start` is broken, or goes on in the document, whose closing word it has taken."""
    inside = [node for node in _chain(tree, start) if node.start_byte == start >= place]
    return any(node.is_error or (_end(node, source) > end and not _is_body(node)) for node in inside)


def _member(node: Node, source: bytes, place: int, end: int) -> Node | None:
    """What of `node` is wanted; None: all that the empty surroundings will hold, and that has not ended yet.

    Of a class, the first member with a body of its own.
    """
    body = node.parent
    if body is None:
        return node
    if _is_body(node) and _is_class(body):
        return next((child for child in node.named_children if _is_long(child)), node)
    if not _is_body(node) and _is_body(body) and body.start_byte >= place and _end(body, source) <= end:
        node, body = body, body.parent
    if body is None or not _is_filled(node, body, source, place, end):
        return node
    long = None
    if _is_class(body) or (body.parent is not None and _is_class(body.parent)):
        long = next((child for child in body.named_children if _is_long(child)), None)
    return long or (body if _end(body, source) <= end else None)


def _is_filled(node: Node, body: Node, source: bytes, place: int, end: int) -> bool:
    """Whether all that some brackets hold was just inserted: then the body is wanted, not its first statement."""
    if body.parent is None or body.is_error or body.start_byte >= place:
        return False
    if body.child_count < 2 or body.children[-1].type not in _ENDS:
        return False
    inside = (place <= child.start_byte and _end(child, source) <= end for child in body.named_children)
    return _is_body(node) or all(inside)


def _settled(node: Node, source: bytes, end: int, language: str, more: bool) -> int | None:
    """The end of `node`'s last line, if nothing that may yet come belongs to it."""
    if node.next_sibling is not None and "heredoc" in node.next_sibling.type:
        node = node.next_sibling
    node_end = _end(node, source)
    line_end = source.find(b"\n", node_end)
    line = source[source.rfind(b"\n", 0, node_end) + 1 : line_end].strip()
    further = line_end if more or source[line_end:end].strip() else None
    if _is_long(node) or _is_body(node):
        return line_end if line.endswith(b";") else further
    if line.endswith(_OPENS):
        return None
    return line_end if language in _LINE_IS_ALL or line.endswith(_SETTLED) else further


def _is_body(node: Node) -> bool:
    """Whether a node holds statements and no brackets."""
    return any(body in node.type for body in _BODIES) and not _braced(node)


def _is_class(node: Node) -> bool:
    return any(kind in node.type for kind in _CLASSES)


def _is_long(node: Node) -> bool:
    return node.start_point.row < node.end_point.row and "comment" not in node.type


def _braced(node: Node) -> bool:
    return node.child_count > 1 and node.children[0].type == "{"


def _end(node: Node, source: bytes) -> int:
    """Where a node ends, without the blanks that some grammars count to it."""
    end = node.end_byte
    while end > node.start_byte and source[end - 1] in b" \t\r\n":
        end -= 1
    return end


def _first_word(source: bytes, offset: int, blanks: bytes = b" \t\r\n") -> int:
    """The offset of the first byte from `offset` on that is no blank."""
    while offset < len(source) and source[offset] in blanks:
        offset += 1
    return offset


def by_indentation(text: str, at: int, said: str, language: str = "") -> int | None:
    """How much of `said` is a block, where there is no tree: it ends where a line is no deeper than its first."""
    opening = last_line(around(text, at)[0])
    lines = said.split("\n")[:-1]
    taken = 0
    while lines and not lines[0].strip() and not opens(opening):
        taken, opening = taken + len(lines.pop(0)) + 1, ""
    if not lines:
        return None
    first = opening + lines[0]
    if _SQL.match(first.upper() if "sql" in language else first):
        return _query_end(said, taken)
    if not opens(first) and not tags(first):
        return taken + len(lines[0].rstrip())
    taken += len(lines[0]) + 1
    for line in lines[1:]:
        if line.strip() and depth(line) <= depth(first):
            return taken + len(line.rstrip()) if _CLOSES.match(line) else len(said[:taken].rstrip())
        taken += len(line) + 1
    return None


def _query_end(said: str, start: int) -> int | None:
    """Where a query ends: at a semicolon, or at an empty line."""
    found = re.compile(r";[ \t]*(?=\n)|(?=\n[ \t]*\n)").search(said, start)
    return found.end() if found else None


def finished(said: str, language: str) -> str:
    """The lines of `said`, from the first on, in which nothing is left open; it must end with a line end."""
    while said and begun(said, language):
        said = said[: said.rfind("\n", 0, len(said) - 1) + 1]
    return said
