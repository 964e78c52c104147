"""A text for a grammar to read: as long as the original, one byte for each code point, so offsets need no sums."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

_ALONE = re.compile(r"\r(?!\n)")


def flat(text: str) -> str:
    """`text` in ASCII, code point for code point.

    What may stand in a name becomes a letter, a blank a blank, all else a question mark; outside of strings and
    comments there is hardly any. A carriage return alone becomes a line feed: grammars know no other line end.
    """
    if not text.isascii():
        text = text.encode("ascii", "switchyard.flat").decode("ascii")
    if "\0" in text:
        text = text.replace("\0", " ")  # some scanners take it for the end
    return _ALONE.sub("\n", text) if "\r" in text else text


@lru_cache(maxsize=4096)
def _plain(sign: str) -> str:
    if f"a{sign}".isidentifier():
        return "x"
    return " " if sign.isspace() or sign == "\ufeff" else "?"


def _flatten(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(map(_plain, error.object[error.start : error.end])), error.end


codecs.register_error("switchyard.flat", _flatten)
