"""A model to be better than: the words that most often followed the last few, in the same corpus (stupid back-off)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"
ORDER, WORDS = 6, 40
LEAST = 0.4  # what each step back costs (Brants et al. 2007)
_WORD = re.compile(r"\n[ \t]*|[ \t]+|\w+|[^\w\s]")
_PRIME = np.uint64(0x9E3779B97F4A7C15)


class Ngram:
    """All places of a text, sorted by the words before them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._names: list[str] = []
        numbers: dict[str, int] = {}
        said: list[int] = []
        for text in texts:
            for word in _WORD.findall(text):
                said.append(numbers.setdefault(word, len(numbers)))
        self._names = list(numbers)
        self._words = np.array(said, np.int64)
        hashes = np.array([zlib.crc32(name.encode()) + 1 for name in self._names], np.uint64)[self._words]
        self._orders = [self._sorted(hashes, order) for order in range(1, ORDER)]

    def _sorted(self, hashes: Array, order: int) -> tuple[Array, Array]:
        """The hashes of each `order` words, sorted, and the word after each."""
        keys = np.zeros(max(0, len(hashes) - order), np.uint64)
        for place in range(order):
            keys = keys * _PRIME + hashes[place : place + len(keys)]
        rank = np.argsort(keys, kind="stable")
        return keys[rank], self._words[order:][rank]

    def next(self, words: Sequence[str]) -> tuple[str, float]:
        """The likeliest next word, with a score that is a probability where the longest context was seen."""
        hashes = np.array([zlib.crc32(word.encode()) + 1 for word in words[-ORDER + 1 :]], np.uint64)
        score = 1.0
        for order in range(len(hashes), 0, -1):
            key = np.uint64(0)
            with np.errstate(over="ignore"):
                for one in hashes[len(hashes) - order :]:
                    key = key * _PRIME + one
            keys, after = self._orders[order - 1]
            low, high = np.searchsorted(keys, key), np.searchsorted(keys, key, side="right")
            if high > low:
                found, counts = np.unique(after[low : min(high, low + 2_000)], return_counts=True)
                best = int(counts.argmax())
                return self._names[int(found[best])], score * float(counts[best] / counts.sum())
            score *= LEAST
        return "\n", 0.0

    def answer(self, before: str) -> tuple[str, float]:
        """How the line goes on, and the product of the scores."""
        words = _WORD.findall(before[-400:])
        said, sure = "", 1.0
        for _ in range(WORDS):
            word, score = self.next(words)
            sure *= score
            if word.startswith("\n"):
                break
            words.append(word)
            said += word
        return said, sure
