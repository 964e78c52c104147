"""Questions to the tree of a whole text, at offsets in code points: how broken it is, where it says what."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from tree_sitter import Node, Parser, Tree, TreeCursor

from router.context.tagging.flat import flat
from router.context.tagging.grammars import grammar
from router.context.tagging.language import spoken
from router.context.tagging.tags import Tags, tags
from router.types import LARGEST

_STRINGS = ("string", "heredoc", "template", "char", "text_block", "raw")
_COMMENTS = ("comment", "shebang", "hash_bang")


@lru_cache(8)  # the text before an edit and after it are asked about several times each
def parsed(language: str, text: str) -> Tree | None:
    """The tree of a text, its bytes being the text's code points; None: no grammar, or too long."""
    found = grammar(spoken(language, text))
    return Parser(found).parse(flat(text).encode("ascii")) if found and len(text) <= LARGEST else None


@lru_cache(8)
def tagged(language: str, text: str) -> Tags:
    """What a text defines, refers to and imports."""
    return tags(language, text)


def faults(language: str, text: str) -> int:
    """How many places the grammar can't make sense of, or misses something at; 0 where there is no grammar."""
    tree = parsed(language, text)
    if tree is None or not tree.root_node.has_error:
        return 0
    return sum(1 for node in _broken(tree.walk()) if node.is_error or node.is_missing)


def _broken(cursor: TreeCursor) -> Iterator[Node]:
    """The nodes that are faults or hold one."""
    while cursor.node is not None:
        has = cursor.node.has_error
        if has:
            yield cursor.node
        if has and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def nodes(tree: Tree) -> Iterator[tuple[Node, int]]:
    """All nodes in the order of the text, each with its depth."""
    cursor, depth = tree.walk(), 0
    while cursor.node is not None:
        yield cursor.node, depth
        if cursor.goto_first_child():
            depth += 1
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            depth -= 1


def in_strings(language: str, text: str) -> set[int]:
    """The lines of a text (from 0) that begin inside a string: their indentation is part of what is said."""
    tree = parsed(language, text)
    found: set[int] = set()
    for node, _ in nodes(tree) if tree else ():
        first, last = node.start_point.row, node.end_point.row
        if first < last and "concat" not in node.type and any(word in node.type for word in _STRINGS):
            found.update(range(first + 1, last + 1))
    return found


def is_comment(node: Node) -> bool:
    """Whether a node says nothing to the machine."""
    return any(word in node.type for word in _COMMENTS)


def statements(language: str, text: str) -> list[Node]:
    """What stands at the top of a text, one after the other."""
    tree = parsed(language, text)
    return list(tree.root_node.children) if tree else []


def code(language: str, text: str) -> list[tuple[int, str, str]] | None:
    """All that a text says to the machine: depth, kind and words of each node that is neither comment nor docstring.

    None: there is no grammar, so nobody can tell. A string that is computed is no docstring.
    """
    tree = parsed(language, text)
    if tree is None:
        return None
    found: list[tuple[int, str, str]] = []
    end = 0
    for node, depth in nodes(tree):
        if node.start_byte < end:
            continue  # within what was skipped
        if is_comment(node) or (language == "python" and is_docstring(node)):
            end = node.end_byte
            continue
        found.append((depth, node.type, "" if node.child_count else text[node.start_byte : node.end_byte]))
    return found


def is_docstring(node: Node) -> bool:
    """Whether a node is the string that a Python body begins with, of those that only say what they say."""
    above = node.parent
    if node.type != "expression_statement" or node.named_child_count != 1 or above is None:
        return False
    first = next((it for it in above.named_children if not is_comment(it)), None)
    string = node.named_children[0]
    plain = string.type == "string" and all(it.type != "interpolation" for it in string.named_children)
    start = string.children[0].text if string.children else None
    return first == node and plain and not set(b"fFbBtT") & set(start or b"")
