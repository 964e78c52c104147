"""A text as the proofs read it: parsed once, asked for comments, faults, names and what binds them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property

from tree_sitter import Node

from router.context.tagging.language import language, spoken
from router.context.tagging.tags import Tags, tags
from router.editing import trees
from router.editing.trees import parsed
from router.types import Span

WORD = re.compile(r"[^\W\d]\w*")
_BINDS = frozenset({"name", "left", "pattern", "declarator", "alias", "parameter", "parameters", "pair"})
_LISTS = re.compile(r"list|tuple|pattern|param|declarator|import|target|specifier|binding|dotted_name")
_SAYS = re.compile(r"param|pattern|import|target|binding")
# What has a `name` or a `left` that is looked up, not bound.
_USES = frozenset(
    "argument_list attribute binary_expression call call_expression field_expression keyword_argument "
    "member_expression method_invocation qualified_identifier scoped_identifier scoped_type_identifier "
    "selector_expression".split()
)


class Code:
    """One text. Offsets are code points; without a grammar there is no tree, and nothing is known of its names."""

    def __init__(self, name: str, text: str) -> None:
        self.language, self.text = spoken(name, text), text
        tree = parsed(name, text)
        self.root: Node | None = tree.root_node if tree else None

    @cached_property
    def tags(self) -> Tags:
        """What it defines, refers to and imports."""
        return tags(self.language, self.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word that stands in it, in comments too."""
        return frozenset(WORD.findall(self.text))

    @cached_property
    def said(self) -> frozenset[str]:
        """Every word of its code; one that only a comment says is not among them."""
        if self.root is None:
            return self.words
        found = (self.text[it.start_byte : it.end_byte] for it in leaves(self.root, self.language))
        return frozenset(word for text in found for word in WORD.findall(text))

    @cached_property
    def faults(self) -> int:
        """How many places the parser could not make sense of."""
        return trees.faults(self.language, self.text)

    def broken(self, span: Span) -> bool:
        """Whether the parser stumbles over something in a stretch."""
        found = _faulty(self.root) if self.root else iter(())
        return any(node.start_byte <= span.end and span.start <= node.end_byte for node in found)

    @cached_property
    def names(self) -> dict[str, list[Node]]:
        """The names in its code, and where they stand."""
        found: dict[str, list[Node]] = {}
        for node in leaves(self.root, self.language) if self.root else ():
            if node.is_named and "identifier" in node.type:
                found.setdefault(self.text[node.start_byte : node.end_byte], []).append(node)
        return found

    def binds(self, name: str) -> bool:
        """Whether something here defines, imports or assigns a name, or takes it as a parameter."""
        return (
            any(it.name == name for it in self.tags.definitions)
            or any(own == name for it in self.tags.imports for _, own in it.names)
            or any(name in WORD.findall(it.module) for it in self.tags.imports)
            or any(map(binding, self.names.get(name, ())))
        )

    def in_comment(self, span: Span) -> bool:
        """Whether a stretch lies in a comment, or in what documents."""
        if self.root is None:
            sign = found.line if (found := language(self.language)) else ""
            line = self.text[self.text.rfind("\n", 0, span.start) + 1 : span.start + 1]
            return bool(sign) and line.lstrip().startswith(sign)
        node = self.root.descendant_for_byte_range(span.start, max(span.start, span.end - 1))
        while node is not None:
            if is_comment(node, self.language):
                return True
            node = node.parent
        return False


def is_comment(node: Node, language: str) -> bool:
    """Whether a node says nothing to a machine: a comment, or the string that documents a definition in Python."""
    return trees.is_comment(node) or (language == "python" and trees.is_docstring(node))


def leaves(root: Node, language: str) -> Iterator[Node]:
    """The words and signs of the code, in order, without comments."""
    stack = [root]
    while stack:
        node = stack.pop()
        if is_comment(node, language):
            continue
        if node.child_count:
            stack += reversed(node.children)
        else:
            yield node


def binding(node: Node) -> bool:
    """Whether a name is given a meaning where it stands."""
    for _ in range(4):
        parent = node.parent
        if parent is None or parent.type in _USES:
            return False
        if _field(parent, node) in _BINDS or _SAYS.search(parent.type):
            return True
        if not _LISTS.search(parent.type):
            return False
        node = parent
    return False


def _field(parent: Node, child: Node) -> str | None:
    for at, other in enumerate(parent.children):
        if other.id == child.id:
            return parent.field_name_for_child(at)
    return None


def _faulty(root: Node) -> Iterator[Node]:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            yield node
        if node.has_error:
            stack += node.children
