"""The open documents: text with exact line ends, versions, and every edit as the router wants it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from lsp import convert
from lsp.convert import Encoding, Position, Range
from lsp.messages import ContentChange
from router.types import LARGEST, Change, Document, Span


class Open:
    """One open document. `lines` keep their ends; the last has none, so that a position past it exists.

    `real` is where the path's links lead to.
    `refused`: too large, or binary. Of such a document no text is kept, and edits of it are not followed,
    until it is sent as a whole again.
    """

    def __init__(
        self, uri: str, language: str, version: int | None, text: str, encoding: Encoding, real: str = ""
    ) -> None:
        self.uri = uri
        self.path = convert.path(uri)
        self.real = real
        self.language = language
        self.version = version
        self.encoding = encoding
        self.text = ""
        self.lines = [""]
        self.refused = False
        self._near = (0, 0)  # a line and its offset: where the last look-up or edit was, for typing is local
        self._put(text)

    def snapshot(self) -> Document:
        """This version, frozen."""
        return Document(self.path, self.language, self.version or 0, self.text, self.real)

    def offset(self, position: Position) -> int:
        """The code point at a position; beyond the line: its end; beyond the last line: the end of the text."""
        line, column = self._clamp(position)
        return self._start(line) + column

    def span(self, range: Range) -> Span:
        """The span of a range; one whose end comes first is read the other way round."""
        start, end = sorted((self.offset(range.start), self.offset(range.end)))
        return Span(start, end)

    def position(self, offset: int) -> Position:
        """Where a code point stands."""
        line, start = self._near
        while line and start > offset:
            line -= 1
            start -= len(self.lines[line])
        while line + 1 < len(self.lines) and start + len(self.lines[line]) <= offset:
            start += len(self.lines[line])
            line += 1
        self._near = (line, start)
        return Position(line, convert.units(self.lines[line][: offset - start], self.encoding))

    def range(self, span: Span) -> Range:
        """Where a span stands."""
        return Range(self.position(span.start), self.position(span.end))

    def edit(self, edits: Iterable[ContentChange]) -> list[Change]:
        """Apply edits in order; the same edits in code points, each in the text that the one before it left."""
        return [change for edit in edits if (change := self._edit(edit)) is not None]

    def _edit(self, edit: ContentChange) -> Change | None:
        if edit.range is None:
            change = Change(0, len(self.text), edit.text)
            self._put(edit.text)
            return change
        if self.refused:
            return None
        start, end = sorted((self._clamp(edit.range.start), self._clamp(edit.range.end)))
        change = Change(self._start(start[0]) + start[1], self._start(end[0]) + end[1], edit.text)
        self.text = self.text[: change.start] + edit.text + self.text[change.end :]
        self._splice(start, end, edit.text)
        if len(self.text) > LARGEST or "\0" in edit.text:
            self._put(self.text)
        return change

    def _splice(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        """Renew the lines from `start` to `end`, both (line, column)."""
        (first, column), (last, rest) = start, end
        offset = self._start(first)
        text = self.lines[first][:column] + text + self.lines[last][rest:]
        if first and text.startswith("\n") and self.lines[first - 1].endswith("\r"):  # they have become one line end
            first -= 1
            offset -= len(self.lines[first])
            text = self.lines[first] + text
        fresh = convert.lines(text)
        if last + 1 < len(self.lines):
            fresh.pop()  # the text ends with the line end of `last`: there is no empty line after it
        self.lines[first : last + 1] = fresh
        self._near = (first, offset)

    def _put(self, text: str) -> None:
        self.refused = len(text) > LARGEST or "\0" in text
        self.text = "" if self.refused else text
        self.lines = convert.lines(self.text)
        self._near = (0, 0)

    def _clamp(self, position: Position) -> tuple[int, int]:
        """Line and column in code points, both inside the text."""
        line, character = position.line, position.character
        if line >= len(self.lines):
            return len(self.lines) - 1, len(self.lines[-1])
        return line, convert.column(self.lines[line], character, self.encoding)

    def _start(self, line: int) -> int:
        """The offset at which a line starts, found by walking from where we last were."""
        near, offset = self._near
        if near < line:
            offset += sum(map(len, self.lines[near:line]))
        else:
            offset -= sum(map(len, self.lines[line:near]))
        self._near = (line, offset)
        return offset


class Documents:
    """All open documents, by URI."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding: Encoding = encoding
        self._open: dict[str, Open] = {}

    def get(self, uri: str) -> Open | None:
        """The document, if it is open."""
        return self._open.get(uri)

    def at(self, path: str) -> Open | None:
        """The document of a path, if it is open."""
        return next((it for it in self._open.values() if it.path == path), None)

    def open(self, uri: str, language: str, version: int | None, text: str, real: str = "") -> Open:
        """Hold a document; one that was open already starts afresh."""
        document = self._open[uri] = Open(uri, language, version, text, self.encoding, real)
        return document

    def change(self, uri: str, version: int | None, edits: Iterable[ContentChange]) -> list[Change]:
        """Apply edits; what is of an older version, or of a document that is not open, changes nothing."""
        document = self._open.get(uri)
        if document is None or _older(version, document.version):
            return []
        document.version = version
        return document.edit(edits)

    def close(self, uri: str) -> Open | None:
        """Let go of a document; None if it was not open."""
        return self._open.pop(uri, None)


def _older(version: int | None, than: int | None) -> bool:
    return version is not None and than is not None and version < than
