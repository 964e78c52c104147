"""Tree-sitter behind a few questions about one open document: is this block whole, and (later) who encloses it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TypeAlias

from tree_sitter import Node, Parser, Point, Tree

from router.context.grammars import grammar
from router.types import Change

LARGEST = 2_000_000  # code points; a tree costs about twenty times its source in memory
SLICE = 0.003  # seconds of parsing at a time, so that no keystroke waits longer behind it
_CHUNK = 1 << 16  # bytes that the parser is given at a time
_SPLICE = 0.02  # seconds that one question may take; a model needs about as long for one token
_HOPELESS = 1.0  # seconds of parsing one text after which it is read as plain text
Clock: TypeAlias = Callable[[], float]

_BODIES = ("block", "body", "then", "statement_list")  # in types of nodes that hold statements and no brackets
_OPENS = (":", "{", "(", "[", "\\", "=", "=>", "->")  # a line that ends so has only begun


class Syntax:
    """The tree of one document, kept current edit by edit; it is brought up to date when it is asked, not before.

    `clock` tells seconds. py-tree-sitter holds the interpreter while it parses, and one opened string can make it
    parse a whole file anew (measured: 100 ms for 11,000 lines), so it parses in slices.
    """

    def __init__(self, language: str, text: str, clock: Clock) -> None:
        found = grammar(language)
        self._clock = clock
        self._parser = Parser(found) if found and len(text) <= LARGEST else None
        self._text = text
        self._told = ""  # the text that the tree's offsets are of, and its bytes
        self._source = b""
        self._tree: Tree | None = None
        self._current = False
        self._spent = 0.0
        self._head = self._tail = 0  # how much of both ends of the told text is untouched since

    @property
    def text(self) -> str:
        """The text that questions are answered about."""
        return self._text

    def edited(self, changes: Sequence[Change], text: str) -> None:
        """`changes` were made, in order, and the text is `text` now; costs nothing until the tree is next asked for."""
        length = len(self._text)
        for change in changes:
            self._head = min(self._head, change.start)
            self._tail = min(self._tail, length - change.end)
            length += len(change.text) - (change.end - change.start)
        self._text = text

    def refresh(self, patience: float = SLICE) -> bool:
        """Parse for so many seconds at most; True: the tree is up to date, or there is none to be had."""
        if self._parser is None:
            return True
        if self._told is not self._text:
            self._tell()
        if not self._current:
            tree = _parse(self._parser, self._source, self._tree, self._clock, patience)
            self._spent += patience
            if tree is not None:
                self._tree, self._current = tree, True
            elif self._spent > _HOPELESS:
                self._parser = self._tree = None  # this text and its grammar do not agree
        return self._current or self._parser is None

    def _tell(self) -> None:
        """Tell the tree what was edited since; a parse under way is given up."""
        source = _encode(self._text)
        if self._tree is not None:
            end = len(self._told) - min(self._tail, len(self._told) - self._head)
            _edit(self._tree, self._source, source, _bytes(self._told, self._head), _bytes(self._told, end))
        if self._parser is not None:
            self._parser.reset()
        self._told, self._source, self._current, self._spent = self._text, source, False, 0.0
        self._head = self._tail = len(self._text)

    def whole(self, at: int, text: str) -> int | None:
        """How much of `text`, were it inserted at `at`, is one whole block; None: none yet.

        `text` is what a model has said so far. What it says after its last line end is not looked at.
        """
        settled = text[: text.rfind("\n") + 1]
        if not settled:
            return None
        if not self.refresh(_SPLICE) or self._tree is None or self._parser is None:
            return by_indentation(self._text, at, settled)
        place = _bytes(self._text, at)
        said = _encode(settled)
        source = self._source[:place] + said + self._source[place:]
        tree = self._tree.copy()
        _edit(tree, self._source, source, place, place)
        spliced = _parse(self._parser, source, tree, self._clock, _SPLICE)
        if spliced is None:
            self._parser.reset()
            return by_indentation(self._text, at, settled)
        end = _block_end(spliced, source, place, place + len(said))
        return None if end is None else len(source[place:end].decode("utf-8", "replace"))


def _bytes(text: str, offset: int) -> int:
    return offset if text.isascii() else len(_encode(text[:offset]))


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a lone surrogate becomes "?", one byte, as everywhere in this module


def _parse(parser: Parser, source: bytes, before: Tree | None, clock: Clock, patience: float) -> Tree | None:
    """The tree of `source`, or None when time ran out: the same call again goes on where this one stopped."""
    deadline = clock() + patience
    read: list[bytes] = []

    def overdue(_offset: int, _error: bool) -> bool:
        return clock() > deadline

    def chunk(offset: int, _point: Point) -> bytes:
        read.append(source[offset : offset + _CHUNK])
        return read[-1]

    try:
        if before is None:
            return parser.parse(chunk, progress_callback=overdue)
        return parser.parse(chunk, before, progress_callback=overdue)
    except ValueError:
        return None
    finally:
        if _keeps_chunks():
            for kept in filter(None, read):  # an empty one is shared by everybody
                _release(kept)


@cache
def _keeps_chunks() -> bool:
    """Whether this py-tree-sitter never gives back the chunks that it is given, as 0.25.1 to 0.26.1 do.

    It would cost the size of the document at each keystroke.
    """
    found = grammar("python")
    if found is None:
        return False
    chunk = b"x = 1\n"
    before = sys.getrefcount(chunk)
    Parser(found).parse(lambda offset, point: chunk if offset == 0 else b"")
    return sys.getrefcount(chunk) > before


def _release(chunk: bytes) -> None:
    give_back = ctypes.pythonapi.Py_DecRef
    give_back.argtypes, give_back.restype = [ctypes.py_object], None
    give_back(chunk)


def _edit(tree: Tree, before: bytes, after: bytes, start: int, old_end: int) -> None:
    """Tell `tree`, of `before`, that what stood from `start` to `old_end` was replaced, making it `after`."""
    new_end = old_end + len(after) - len(before)
    tree.edit(start, old_end, new_end, _point(before, start), _point(before, old_end), _point(after, new_end))


def _point(source: bytes, offset: int) -> Point:
    point: Point = Point(source.count(b"\n", 0, offset), offset - source.rfind(b"\n", 0, offset) - 1)
    return point


def _block_end(tree: Tree, source: bytes, place: int, end: int) -> int | None:
    """Where the first block that touches the insertion `place..end` ends, if it is whole; byte offsets."""
    start = _first_word(source, source.rfind(b"\n", 0, place) + 1)
    while start < end:
        node = next((node for node in _starting_at(tree, start) if node.end_byte <= end), None)
        if node is None or node.has_error:
            return None
        if "comment" not in node.type:
            return None if _fills_a_body(node, place, end) else _settled(node, source, end)
        start = _first_word(source, node.end_byte)  # a comment goes with what it is about
    return None


def _starting_at(tree: Tree, start: int) -> Iterator[Node]:
    """The nodes that start at `start`, the outermost first; never the root."""
    node = tree.root_node.descendant_for_byte_range(start, start)
    chain: list[Node] = []
    while node is not None and node.parent is not None and node.start_byte == start:
        chain.append(node)
        node = node.parent
    return reversed(chain)


def _settled(node: Node, source: bytes, end: int) -> int | None:
    """The end of `node`'s last line, if nothing that may yet come belongs to it."""
    line_end = source.find(b"\n", node.end_byte)
    line = source[source.rfind(b"\n", 0, node.end_byte) + 1 : line_end].strip()
    if node.start_point.row == node.end_point.row and not any(body in node.type for body in _BODIES):
        return None if line.endswith(tuple(opening.encode() for opening in _OPENS)) else line_end
    return line_end if source[line_end:end].strip() else None


def _fills_a_body(node: Node, place: int, end: int) -> bool:
    """Whether all that some brackets hold was just inserted: then the body is wanted, not its first statement."""
    body = node.parent
    if body is None or body.parent is None or body.is_error or body.start_byte >= place or body.end_byte <= end:
        return False
    brackets = body.child_count > 1 and body.children[-1].type in (")", "]", "}")
    return brackets and all(place <= child.start_byte and child.end_byte <= end for child in body.named_children)


def _first_word(source: bytes, offset: int) -> int:
    """The offset of the first byte from `offset` on that is no blank."""
    while offset < len(source) and source[offset] in b" \t\r\n":
        offset += 1
    return offset


def by_indentation(text: str, at: int, said: str) -> int | None:
    """What `Syntax.whole` tells, where there is no tree: a block ends where a line is no deeper than its first."""
    opening = text[text.rfind("\n", 0, at) + 1 : at]
    lines = said.splitlines(keepends=True)
    first = opening + lines[0]
    depth = len(first) - len(first.lstrip())
    if not first.rstrip().endswith(_OPENS):
        return len(lines[0].rstrip("\r\n"))
    taken = len(lines[0])
    for line in lines[1:]:
        if line.strip() and len(line) - len(line.lstrip()) <= depth:
            closes = line.lstrip()[0] in ")]}" or line.lstrip().startswith("end")
            return taken + len(line.rstrip()) if closes else len(said[:taken].rstrip())
        taken += len(line)
    return None
