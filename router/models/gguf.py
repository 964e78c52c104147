"""Reads the header of a GGUF file: what the model is, without its weights."""

from __future__ import annotations

import math
import struct
from collections.abc import Collection
from typing import Any, BinaryIO, TypeVar

import msgspec

from router.models import families

# The format: ggml's docs/gguf.md. Limits keep a hostile or broken file from taking time or memory.
MAGIC = b"GGUF"
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
LONGEST_STRING = 16 << 20
MOST_ENTRIES = 4 << 20
MOST_WEIGHTS, WIDEST = 1 << 50, 1 << 40  # a thousand times the largest that there are
FIM_KEYS = ("tokenizer.ggml.fim_mid_token_id", "tokenizer.ggml.middle_token_id")

T = TypeVar("T")


class NotGGUF(ValueError):
    """The file is not GGUF, is cut short, or says impossible things of itself."""


class Header(msgspec.Struct, frozen=True):
    """What a header says. `parameters` counts weights, `window` is the trained context in tokens.

    `infills`: the header itself names a middle mark. `marks`: the family whose marks are all in the vocabulary,
    or an empty string; a chat model may have inherited a vocabulary with marks that it was never taught.
    """

    name: str
    architecture: str
    parameters: int
    window: int
    infills: bool
    marks: str

    @property
    def family(self) -> str:
        """How it fills in the middle: by its name, else by its marks if the header says that they are in use."""
        return families.of(self.name) or (self.marks if self.infills else "")


def read(stream: BinaryIO) -> Header:
    """The header of an open GGUF file. Raises NotGGUF."""
    try:
        return _read(stream)
    except (struct.error, KeyError, MemoryError, OverflowError) as error:
        raise NotGGUF("The file is not a whole GGUF file.") from error


def _read(stream: BinaryIO) -> Header:
    if stream.read(4) != MAGIC or _number(stream, "I") not in (2, 3):
        raise NotGGUF("The file is not a GGUF file of version 2 or 3.")
    tensors, entries = _number(stream, "Q"), _number(stream, "Q")
    if max(tensors, entries) > MOST_ENTRIES:
        raise NotGGUF("The file is not a whole GGUF file.")
    said = {_text(stream): _value(stream, _number(stream, "I")) for _ in range(entries)}
    architecture = _said(said, "general.architecture", "")
    return Header(
        name=_said(said, "general.name", ""),
        architecture=architecture,
        parameters=_counted(sum(_tensor(stream) for _ in range(tensors)), MOST_WEIGHTS),
        window=_counted(_said(said, f"{architecture}.context_length", 0), WIDEST),
        infills=any(key in said for key in FIM_KEYS),
        marks=by_marks(_vocabulary(said.get("tokenizer.ggml.tokens", []))),
    )


def _said(said: dict[str, Any], key: str, default: T) -> T:
    """What is said under a key, if it is of the default's type."""
    value = said.get(key, default)
    if type(value) is not type(default):
        raise NotGGUF(f"The file says under {key} what cannot stand there.")
    return value


def _vocabulary(tokens: Any) -> Collection[str]:
    if not isinstance(tokens, list):  # an array of numbers is a tuple
        raise NotGGUF("The file's vocabulary is not one.")
    return tokens


def _counted(count: int, most: int) -> int:
    if not 0 <= count <= most:
        raise NotGGUF("The file says of itself that it is larger than anything.")
    return count


def by_marks(known: Collection[str] | str) -> str:
    """The first family all of whose stops are `known` (the tokens of a vocabulary, or a template), or nothing."""
    tokens = known if isinstance(known, str) else frozenset(known)
    found = (
        name for name, family in families.table().items() if family.stop and all(it in tokens for it in family.stop)
    )
    return next(found, "")


def _number(stream: BinaryIO, kind: str) -> Any:
    size = struct.calcsize("<" + kind)
    return struct.unpack("<" + kind, stream.read(size))[0]


def _text(stream: BinaryIO) -> str:
    length = _number(stream, "Q")
    if length > LONGEST_STRING:
        raise NotGGUF("The file is not a whole GGUF file.")
    text = stream.read(length)
    if len(text) < length:
        raise NotGGUF("The file is not a whole GGUF file.")
    return text.decode("utf-8", "replace")


def _value(stream: BinaryIO, kind: int) -> Any:
    if kind == STRING:
        return _text(stream)
    if kind == ARRAY:
        return _array(stream)
    return _number(stream, SCALARS[kind])


def _array(stream: BinaryIO) -> Any:
    kind, count = _number(stream, "I"), _number(stream, "Q")
    if count > MOST_ENTRIES:
        raise NotGGUF("The file is not a whole GGUF file.")
    if kind == STRING:
        return [_text(stream) for _ in range(count)]
    # ggml refuses arrays of arrays, too: they are none of the scalars.
    return struct.unpack(f"<{count}{SCALARS[kind]}", stream.read(count * struct.calcsize("<" + SCALARS[kind])))


def _tensor(stream: BinaryIO) -> int:
    """Step over one tensor's description; the number of its weights."""
    _text(stream)
    dimensions = _number(stream, "I")
    if dimensions > 8:
        raise NotGGUF("The file is not a whole GGUF file.")
    shape = struct.unpack(f"<{dimensions}Q", stream.read(8 * dimensions))
    _number(stream, "I"), _number(stream, "Q")
    return math.prod(shape)
