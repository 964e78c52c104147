"""Finds files that nearly repeat another: one permutation hashing of their shingles (Li, Owen and Zhang 2012)."""

from __future__ import annotations

import re
import zlib
from typing import Any, TypeAlias

import numpy as np

Signature: TypeAlias = "np.ndarray[Any, np.dtype[np.uint32]]"
SHINGLE = 5  # words
BINS, BAND = 64, 4
ALIKE = 0.75  # of the bins that either fills; about the share of shingles that two files have in common
_WORD = re.compile(r"\w+|[^\w\s]")
_EMPTY = np.uint32(0xFFFFFFFF)


def signature(text: str) -> Signature:
    """The smallest shingle of each bin, as 32-bit hashes."""
    words = np.fromiter((zlib.crc32(word.encode()) for word in _WORD.findall(text)), np.uint64)
    found = np.full(BINS, _EMPTY, np.uint32)
    if len(words) < SHINGLE:
        return found
    hashes = np.zeros(len(words) - SHINGLE + 1, np.uint64)
    for place in range(SHINGLE):  # wraps around, as a hash may
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + words[place : place + len(hashes)]
    hashes ^= hashes >> np.uint64(29)
    hashes *= np.uint64(0xBF58476D1CE4E5B9)
    np.minimum.at(found, (hashes >> np.uint64(58)).astype(np.int64), (hashes >> np.uint64(20)).astype(np.uint32))
    return found


def likeness(one: Signature, other: Signature) -> float:
    """An estimate of the share of shingles that two files have in common."""
    filled = (one != _EMPTY) | (other != _EMPTY)
    return float((one == other)[filled].mean()) if filled.any() else 0.0


class Seen:
    """The files so far, found again by any of their bands."""

    def __init__(self) -> None:
        self._bands: dict[bytes, int] = {}
        self._signatures: list[Signature] = []

    def repeats(self, text: str) -> bool:
        """Whether a file nearly repeats one before it; it is remembered if it does not."""
        mine = signature(text)
        keys = [bytes((at,)) + mine[at : at + BAND].tobytes() for at in range(0, BINS, BAND)]
        keys = [key for key in keys if key[1:] != _EMPTY.tobytes() * BAND]
        found = {self._bands[key] for key in keys if key in self._bands}
        if any(likeness(mine, self._signatures[number]) >= ALIKE for number in found):
            return True
        for key in keys:
            self._bands.setdefault(key, len(self._signatures))
        self._signatures.append(mine)
        return False
