"""The only file that knows UTF-16, URIs and LSP ranges: inside, a position is a code-point offset. Pure."""

from __future__ import annotations

import posixpath
import re
from typing import Annotated, Literal, TypeAlias
from urllib.parse import quote, unquote

import msgspec

from router.context.lines import parted

Encoding: TypeAlias = Literal["utf-8", "utf-16", "utf-32"]
ENCODINGS: tuple[Encoding, ...] = ("utf-8", "utf-16", "utf-32")
DEFAULT: Encoding = "utf-16"  # as the protocol demands where nothing was agreed on
Unsigned: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class Position(msgspec.Struct, frozen=True):
    """A line, and a column in code units of the encoding that was agreed on."""

    line: Unsigned
    character: Unsigned


class Range(msgspec.Struct, frozen=True):
    """From `start` up to `end`."""

    start: Position
    end: Position


def encoding(offered: list[str]) -> Encoding:
    """The client's first choice among those that we know."""
    return next((known for offer in offered for known in ENCODINGS if known == offer), DEFAULT)


def lines(text: str) -> list[str]:
    """The lines of a text with their ends; the last one has none and may be empty."""
    found = parted(text)
    if not found or found[-1][-1] in "\r\n":
        found.append("")
    return found


def column(line: str, units: int, encoding: Encoding) -> int:
    """Code points before the column `units`; within a character: before it; past the line's end: at its end."""
    content = line.rstrip("\r\n")
    head = content[:units]
    if encoding == "utf-32" or head.isascii():
        return len(head)
    for index, char in enumerate(head):
        units -= width(char, encoding)
        if units <= 0:
            return index + (units == 0)
    return len(head)


def units(text: str, encoding: Encoding) -> int:
    """How many code units a stretch of one line has."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    return sum(width(char, encoding) for char in text)


def width(char: str, encoding: Encoding) -> int:
    """Code units of one character; a lone surrogate has one in UTF-16, and in UTF-8 the three of U+FFFD."""
    code = ord(char)
    if encoding == "utf-16":
        return 2 if code > 0xFFFF else 1
    return 1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF) if encoding == "utf-8" else 1


def bare(uri: str) -> str:
    """What a URI of any scheme has for a path, decoded: without the scheme, the question and the fragment."""
    return unquote(re.split(r"[?#]", uri.partition(":")[2], maxsplit=1)[0])


def path(uri: str) -> str:
    """The path of a `file:` URI on this machine; what is anything else keeps its URI for a name."""
    scheme, _, rest = uri.partition(":")
    if scheme.lower() != "file" or not rest.startswith("//"):
        return uri
    host, slash, name = rest[2:].partition("/")
    if host.lower() not in ("", "localhost") or not slash:
        return uri
    name = posixpath.normpath("/" + unquote(name, errors="surrogateescape"))
    return name[1:] if re.match(r"/[A-Za-z]:", name) else name  # file:///c:/a


def uri(path: str) -> str:
    """The `file:` URI of a path on this machine; what is a URI already stays as it is."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:", path):
        return path
    name = path.replace("\\", "/") if re.match(r"[A-Za-z]:|\\\\", path) else path
    return "file://" + quote(name if name.startswith("/") else f"/{name}", safe="/:@", errors="surrogateescape")
