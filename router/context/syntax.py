"""Tree-sitter behind a few questions about one open document: is this block whole, and (later) who encloses it."""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

from tree_sitter import Parser, Point, Tree

from router.context.blocks import block_end, by_indentation, finished
from router.context.brackets import typed_over
from router.context.lines import around, first_line
from router.context.tagging.grammars import grammar
from router.types import LARGEST, Change

SLICE = 0.003  # seconds of parsing at a time, so that no keystroke waits longer behind it
_CHUNK = 1 << 16  # bytes that the parser is given at a time
_SPLICE = 0.02  # seconds that one question may take; a model needs about as long for one token
_HOPELESS = 1.0  # seconds of parsing one text after which it is read as plain text
Clock: TypeAlias = Callable[[], float]


class Syntax:
    """The tree of one document, kept current edit by edit; it is brought up to date when it is asked, not before.

    `clock` tells seconds. py-tree-sitter holds the interpreter while it parses, and one opened string can make it
    parse a whole file anew (70 ms for 11,000 lines, by `python -m bench reasons`), so it parses in slices.
    """

    def __init__(self, language: str, text: str, clock: Clock) -> None:
        found = grammar(language)
        self._language = language
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
            self._head = min(self._head, max(0, change.start - 1))  # whether `\r` ends a line depends on what follows
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
        source = _source(self._text)
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
        told = text[: text.rfind("\n") + 1]
        if not told:
            return None
        if not self.refresh(_SPLICE) or self._tree is None or self._parser is None:
            return by_indentation(self._text, at, told, self._language)
        settled = finished(told, self._language)
        if not settled:
            return None
        place, said = _bytes(self._text, at), _encode(settled)
        old_end = place + self._typed_over(at, settled)
        source = self._source[:place] + said + self._source[old_end:]
        tree = self._tree.copy()
        _edit(tree, self._source, source, place, old_end)
        spliced = _parse(self._parser, source, tree, self._clock, _SPLICE)
        if spliced is None:
            self._parser.reset()
            return by_indentation(self._text, at, told, self._language)
        end = block_end(spliced, source, place, place + len(said), self._language, told[len(settled) :])
        return None if end is None else len(source[place:end].decode("utf-8", "replace"))

    def _typed_over(self, at: int, said: str) -> int:
        """How many closing signs behind the cursor will go, because `said` brings them itself; each is one byte."""
        before, after = around(self._text, at)
        return typed_over(before, first_line(after), said)


def _source(text: str) -> bytes:
    """The bytes of a text as a grammar wants them: it knows no line end without a line feed."""
    source = _encode(text)
    return re.sub(rb"\r(?!\n)", b"\n", source) if b"\r" in source else source


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
