"""Open documents against a second, naive model of text that thinks in UTF-16, as editors do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp.convert import ENCODINGS, Encoding, Position, Range
from lsp.documents import Documents, Open
from lsp.messages import ContentChange
from router.types import LARGEST, Span

URI = "file:///home/ada/a.py"
PIECES = [
    "a",
    "b c",
    "\n",
    "\r\n",
    "\r",
    "é",
    "😀",
    "e\u0301",
    "\x0c",
    "\u2028",
    "\x85",
    "\ufeff",
    "\ud800",
    "\udc00",
    "",
]
TEXT = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
WHERE = st.tuples(st.integers(0, 9), st.integers(0, 12))
EDITS = st.lists(st.tuples(WHERE, WHERE, TEXT), max_size=8)
CODEC = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def opened(text: str, encoding: Encoding = "utf-16", version: int | None = 1) -> Open:
    return Open(URI, "python", version, text, encoding)


def edit(start: tuple[int, int], end: tuple[int, int], text: str) -> ContentChange:
    return ContentChange(text, Range(Position(*start), Position(*end)))


def naive_offset(text: str, where: tuple[int, int], encoding: Encoding) -> int:
    """The slow way: cut the text at every line end, then try every column of the line."""
    parts = re.split("(\r\n|\r|\n)", text)
    lines, ends = parts[::2], [*parts[1::2], ""]
    if where[0] >= len(lines):
        return len(text)
    codec, width = CODEC[encoding]
    line = lines[where[0]]
    reached = [len(line[:column].encode(codec, "surrogatepass")) // width for column in range(len(line) + 1)]
    column = max(column for column, units in enumerate(reached) if units <= where[1])
    return sum(len(lines[row]) + len(ends[row]) for row in range(where[0])) + column


@given(TEXT, EDITS, st.sampled_from(ENCODINGS))
def test_edits_do_to_the_text_what_they_do_in_the_editor(text: str, edits: list, encoding: Encoding) -> None:
    document, model = opened(text, encoding), text
    for start, end, new in edits:
        before = document.text
        (change,) = document.edit([edit(start, end, new)])
        first, last = sorted(naive_offset(model, where, encoding) for where in (start, end))
        model = model[:first] + new + model[last:]
        assert document.text == model
        assert before[: change.start] + change.text + before[change.end :] == model
        assert "".join(document.lines) == model
        assert document.lines == opened(model).lines


@given(TEXT, EDITS, st.sampled_from(ENCODINGS), st.integers(0, 40))
def test_an_offset_and_its_position_are_the_same_place(text: str, edits: list, encoding: Encoding, at: int) -> None:
    document = opened(text, encoding)
    document.edit([edit(*it) for it in edits])
    at = min(at, len(document.text))
    if "\r\n" not in document.text[max(0, at - 1) : at + 1]:  # between the two there is no position
        assert document.offset(document.position(at)) == at
    assert document.offset(Position(0, 0)) == 0


@pytest.mark.parametrize(
    ("text", "change", "after"),
    [
        ("ab", ((0, 9), (0, 9), "Z"), "abZ"),
        ("ab\ncd", ((0, 9), (0, 9), "Z"), "abZ\ncd"),
        ("ab\ncd", ((9, 0), (9, 9), "Z"), "ab\ncdZ"),
        ("abc", ((0, 3), (1, 0), "Z"), "abcZ"),
        ("abc\n", ((1, 0), (1, 0), "Z"), "abc\nZ"),
        ("a😀b", ((0, 2), (0, 2), "Z"), "aZ😀b"),
        ("a\u2028b\nc", ((1, 0), (1, 1), "Z"), "a\u2028b\nZ"),
        ("\ufeffab\n", ((0, 1), (0, 2), "Z"), "\ufeffZb\n"),
        ("ab", ((0, 2), (0, 1), "Z"), "aZ"),
        ("a\rb\n", ((1, 0), (1, 1), ""), "a\r\n"),
    ],
)
def test_positions_at_the_edges(text: str, change: tuple, after: str) -> None:
    document = opened(text)
    document.edit([edit(*change)])
    assert document.text == after
    assert document.lines == opened(after).lines
    for at in range(len(after)):
        assert document.position(at) == opened(after).position(at)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_edit_leaves_the_line_ends_as_they_are(end: str) -> None:
    document = opened(end.join(["one", "two", "three"]))
    document.edit([edit((1, 0), (1, 3), "2"), edit((2, 0), (2, 0), "x")])
    assert document.text == end.join(["one", "2", "xthree"])


def test_several_changes_apply_one_after_the_other() -> None:
    document = opened("abc")
    changes = document.edit([edit((0, 0), (0, 1), "xx"), edit((0, 2), (0, 3), ""), ContentChange("new")])
    assert document.text == "new"
    assert [(it.start, it.end, it.text) for it in changes] == [(0, 1, "xx"), (2, 3, ""), (0, 3, "new")]


def test_older_versions_and_unknown_documents_change_nothing() -> None:
    documents = Documents("utf-16")
    documents.open(URI, "python", 5, "abc")
    assert documents.change(URI, 4, [ContentChange("old")]) == []
    assert documents.change("file:///other", 6, [ContentChange("x")]) == []
    assert documents.close("file:///other") is None
    assert documents.change(URI, 9, [ContentChange("gap")])
    document = documents.get(URI)
    assert document
    assert (document.text, document.version) == ("gap", 9)


def test_a_document_that_is_opened_twice_starts_afresh() -> None:
    documents = Documents("utf-16")
    first = documents.open(URI, "python", 5, "abc")
    second = documents.open(URI, "rust", 1, "xyz")
    assert documents.get(URI) is second is not first
    assert second.snapshot().language == "rust"


@pytest.mark.parametrize("text", ["x" * (LARGEST + 1), "\0", "a\nb\0c"])
def test_what_is_too_large_or_binary_is_not_kept(text: str) -> None:
    document = opened(text)
    assert document.refused
    assert document.text == ""
    assert document.edit([edit((0, 0), (0, 0), "x")]) == []
    document.edit([ContentChange("small")])
    assert (document.refused, document.text) == (False, "small")


def test_a_document_may_become_too_large_by_typing() -> None:
    document = opened("x" * LARGEST)
    assert not document.refused
    document.edit([edit((0, 0), (0, 0), "y")])
    assert document.refused


def test_a_span_has_a_range() -> None:
    document = opened("a😀\r\nb")
    assert document.range(Span(1, 5)) == Range(Position(0, 1), Position(1, 1))
    assert document.span(Range(Position(1, 1), Position(0, 3))) == Span(2, 5)
