"""How texts and tags cross the pipe between a parser and its child: frames of msgpack, references as packed numbers."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator

import msgspec

from router.context.tagging.imports import Import
from router.context.tagging.tags import Definition, Tags

HEAD = 4  # bytes that tell the length of a frame, the high one first
_SLICE = 10_000  # references that are unpacked at a time


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """The tags of one text: the names of its references, one a line, and their places as an array of `I`.

    A struct for each reference would take three times as long to read.
    """

    definitions: tuple[Definition, ...]
    names: str
    places: bytes
    imports: tuple[Import, ...]


_encode = msgspec.msgpack.Encoder().encode
_answer = msgspec.msgpack.Decoder(Answer).decode
_texts = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode


def frame(content: bytes) -> bytes:
    return len(content).to_bytes(HEAD, "big") + content


def order(texts: list[tuple[str, str]]) -> bytes:
    """The frame of some pairs of a language and a text; half a surrogate pair, which UTF-8 can't say, becomes `?`."""
    return frame(_encode([(language, text.encode("utf-8", "replace")) for language, text in texts]))


def ordered(content: bytes) -> Iterator[tuple[str, str]]:
    return ((language, text.decode("utf-8")) for language, text in _texts(content))


def told(tags: Tags) -> bytes:
    """The frame of an answer."""
    names = "\n".join([name for name, _ in tags.references])
    places = array("I", [at for _, at in tags.references]).tobytes()
    return frame(_encode(Answer(tags.definitions, names, places, tags.imports)))


def heard(content: bytes) -> Answer:
    """Raises ValueError where it is no answer of ours."""
    return _answer(content)


def references(answer: Answer) -> Iterator[list[tuple[str, int]]]:
    """The references, some at a time; equal names are one string in all files, or they would fill the memory."""
    if answer.places:
        places, names = array("I", answer.places), answer.names.split("\n")
        for at in range(0, len(places), _SLICE):
            yield list(zip(map(sys.intern, names[at : at + _SLICE]), places[at : at + _SLICE], strict=True))
