"""A second, naive model of a text in an editor: bytes of code units, in which LSP's edits are made one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

CODEC = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
_LINE = re.compile("(?<=\r\n)|(?<=\n)|(?<=\r)(?!\n)")


def edited(text: str, edits: Sequence[Mapping[str, Any]], encoding: str = "utf-16") -> str:
    """The text after LSP's edits, whose places are those of the text as it is."""
    codec, width = CODEC[encoding]
    starts = [0]
    for line in _LINE.split(text):
        starts.append(starts[-1] + len(line.encode(codec, "surrogatepass")))
    raw = text.encode(codec, "surrogatepass")

    def place(position: Mapping[str, int]) -> int:
        return starts[position["line"]] + position["character"] * width

    for one in sorted(edits, key=lambda it: place(it["range"]["start"]), reverse=True):
        start, end = place(one["range"]["start"]), place(one["range"]["end"])
        raw = raw[:start] + one["newText"].encode(codec, "surrogatepass") + raw[end:]
    return raw.decode(codec, "surrogatepass")
