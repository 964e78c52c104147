"""Reads the header of a GGUF file: what the model is, without its weights."""

from __future__ import annotations

import math
import struct
from collections.abc import Collection
from typing import Any, BinaryIO, TypeVar

import msgspec

from router.models import families, shape
from router.models.types import Shape

# The format: ggml's docs/gguf.md. Limits keep a hostile or broken file from taking time or memory.
MAGIC = b"GGUF"
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY = 8, 9
LONGEST_STRING = 16 << 20
MOST_ENTRIES = 4 << 20
MOST_WEIGHTS, WIDEST = 1 << 50, 1 << 40  # a thousand times the largest that there are
TEMPLATE = "tokenizer.chat_template"
THINKING = ("enable_thinking", "<think>", "<|think|>", "<|channel|>", "reasoning_effort")
LOOKED_UP = "per_layer_token_embd."  # Gemma's table of vectors per layer: a token reads one row of it
FIM_KEYS = ("tokenizer.ggml.fim_mid_token_id", "tokenizer.ggml.middle_token_id")

# By weights in a block and ggml's number of a type: bytes of a block (ggml's own GGML_QUANT_SIZES, gguf 0.19).
_BYTES = {
    1: {0: 4, 1: 2, 24: 1, 25: 2, 26: 4, 27: 8, 28: 8, 30: 2},
    32: {2: 18, 3: 20, 6: 22, 7: 24, 8: 34, 9: 40, 20: 18, 39: 17},
    64: {40: 36},
    128: {41: 18},
    256: {10: 84, 11: 110, 12: 144, 13: 176, 14: 210, 15: 292, 16: 66, 17: 74, 18: 98, 19: 50, 21: 110, 22: 82}
    | {23: 136, 29: 56, 34: 54, 35: 66},
}
BLOCKS = {kind: (per, size) for per, kinds in _BYTES.items() for kind, size in kinds.items()}
# By the number under general.file_type (llama.cpp's enum llama_ftype), as the names are spelt in file names.
QUANTISATIONS = dict(
    enumerate(
        "F32 F16 Q4_0 Q4_1 - - - Q8_0 Q5_0 Q5_1 Q2_K Q3_K_S Q3_K_M Q3_K_L Q4_K_S Q4_K_M Q5_K_S Q5_K_M Q6_K IQ2_XXS"
        " IQ2_XS Q2_K_S IQ3_XS IQ3_XXS IQ1_S IQ4_NL IQ3_S IQ3_M IQ2_S IQ2_M IQ4_XS IQ1_M BF16 - - - TQ1_0 TQ2_0"
        " MXFP4 NVFP4 Q1_0".split()
    )
)

T = TypeVar("T")


class NotGGUF(ValueError):
    """The file is not GGUF, is cut short, or says impossible things of itself."""


class Header(msgspec.Struct, frozen=True):
    """What a header says. `parameters` counts weights, `window` is the trained context in tokens.

    `infills`: the header itself names a middle mark. `marks`: the family whose marks are all in the vocabulary,
    or an empty string; a chat model may have inherited a vocabulary with marks that it was never taught.
    `size` is the sum of the tensors' bytes (0: one of them is of a type that is not known), `active` how many of the
    parameters a token is computed with, `thinks` whether the chat template speaks of thinking.
    """

    name: str
    architecture: str
    parameters: int
    window: int
    infills: bool
    marks: str
    size: int = 0
    active: int = 0
    quantisation: str = ""
    thinks: bool = False
    shape: Shape | None = None

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
    built = shape.of(said)
    share = built.experts_used / built.experts if built and built.experts else 1.0
    parameters, active, size = _tensors(stream, tensors, share)
    template = said.get(TEMPLATE, "")
    return Header(
        size=size,
        active=active,
        quantisation=QUANTISATIONS.get(_number_of(said.get("general.file_type")), "").strip("-"),
        thinks=isinstance(template, str) and any(sign in template for sign in THINKING),
        shape=built,
        name=_said(said, "general.name", ""),
        architecture=architecture,
        parameters=parameters,
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
    return _texts(stream, 1)[0]


def _texts(stream: BinaryIO, count: int) -> list[str]:
    """So many strings, each after its length. A vocabulary with its merges has 300,000: the loop is a plain one."""
    read, length_of, found = stream.read, struct.Struct("<Q").unpack, []
    for _ in range(count):
        (length,) = length_of(read(8))
        if length > LONGEST_STRING:
            raise NotGGUF("The file is not a whole GGUF file.")
        text = read(length)
        if len(text) < length:
            raise NotGGUF("The file is not a whole GGUF file.")
        found.append(text.decode("utf-8", "replace"))
    return found


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
        return _texts(stream, count)
    # ggml refuses arrays of arrays, too: they are none of the scalars.
    return struct.unpack(f"<{count}{SCALARS[kind]}", stream.read(count * struct.calcsize("<" + SCALARS[kind])))


def _tensors(stream: BinaryIO, count: int, share: float) -> tuple[int, int, int]:
    """Weights, those of them that a token is computed with, and bytes; of the experts, `share` of them are active."""
    parameters = active = size = 0
    known = True
    for _ in range(count):
        name, weights, kind = _tensor(stream)
        parameters = _counted(parameters + weights, MOST_WEIGHTS)
        active += 0 if name.startswith(LOOKED_UP) else int(weights * share) if "_exps." in name else weights
        per, block = BLOCKS.get(kind, (0, 0))
        known = known and per > 0
        size += -(-weights // per) * block if per else 0
    return parameters, active, size if known else 0


def _tensor(stream: BinaryIO) -> tuple[str, int, int]:
    """Step over one tensor's description: its name, the number of its weights, and of their type."""
    name = _text(stream)
    dimensions = _number(stream, "I")
    if dimensions > 8:
        raise NotGGUF("The file is not a whole GGUF file.")
    sides = struct.unpack(f"<{dimensions}Q", stream.read(8 * dimensions))
    kind, _ = _number(stream, "I"), _number(stream, "Q")
    return name, math.prod(sides), kind


def _number_of(value: Any) -> int:
    return value if isinstance(value, int) else -1
