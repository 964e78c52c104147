"""How many tokens a text is, about, where the engine has no way to tell: by its characters, and with a bound."""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

# Characters per token of code and comments, from the 5th to the 95th percentile of files: 3 to 5.4.
LOWEST, USUAL, HIGHEST = 3.0, 4.0, 5.4
KEPT = 64  # samples
SHORTEST = 200  # characters; a sample below says more of its marks than of its text
WIDENED = 0.05  # of the calibrated ratios, beyond the extremes that were seen

# What merges into tokens unlike code does. Digits may be a token each; a character beyond ASCII up to as many tokens
# as it has bytes in UTF-8, since every tokenizer of these models falls back to bytes; and so may letters without a
# blank or an underscore (base64, hashes), runs of marks and of empty lines.
_ODD = re.compile(
    r" ?[^\x00-\x7f]+|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+|[A-Za-z0-9+/=]{32,}|\d+|[^\w\s]{6,}|\n{4,}", re.ASCII
)
_PIECES = re.compile(r"\w+|[^\w\s]+|\n+", re.ASCII)
_ODD_USUAL = 0.6  # tokens per byte of what is odd; of CJK it is rather 0.4
_MOST_ODD = 0.2  # of a text's characters; with more it calibrates nothing


class Span(Struct, frozen=True):
    """An estimate of tokens: likely `usual`, hardly fewer than `least`, and no more than `most`."""

    least: int
    usual: int
    most: int


class Measure(Struct, frozen=True):
    """What an estimate depends on: characters that are like code, bytes that are not, and pieces between blanks."""

    plain: int
    odd: int
    pieces: int


class Tokenizer(Struct, frozen=True):
    """Characters per token of one model, calibrated by past turns; `with_turn` gives the next one.

    `extra`: tokens that the engine's template adds to each prompt.
    """

    ratios: tuple[float, ...] = ()
    extra: int = 0

    def with_turn(self, text: str, tokens: int) -> Tokenizer:
        """The same, after an engine said that `text` was `tokens` tokens; unchanged if that tells nothing.

        Only what was not cut may be given: a prompt that was is shorter than its text.
        """
        its = measure(text)
        tokens -= self.extra
        if len(text) < SHORTEST or tokens <= 0 or its.odd > _MOST_ODD * len(text):
            return self
        ratio = its.plain / max(tokens - _ODD_USUAL * its.odd, 1.0)
        return replace(self, ratios=(*self.ratios, ratio)[-KEPT:]) if 1 <= ratio <= 12 else self

    def span(self, text: str) -> Span:
        """How many tokens the text is. What was calibrated on lies within; the span of what is unlike code is wide."""
        its = measure(text)
        low, usual, high = self._band()
        most = max(its.plain / low, its.pieces) + its.odd
        return Span(
            least=int(its.plain / high) + self.extra,
            usual=round(its.plain / usual + _ODD_USUAL * its.odd) + self.extra,
            most=int(min(most, len(text.encode("utf-8", "replace")))) + 1 + self.extra,
        )

    def characters(self, tokens: int) -> int:
        """How many characters of code are sure to be no more than `tokens` tokens."""
        return max(0, int((tokens - self.extra) * self._band()[0]))

    def _band(self) -> tuple[float, float, float]:
        """The lowest, usual and highest ratio. Few samples leave the table's band in place around them."""
        if not self.ratios:
            return LOWEST, USUAL, HIGHEST
        seen = sorted(self.ratios)
        low, usual, high = seen[0] * (1 - WIDENED), seen[len(seen) // 2], seen[-1] * (1 + WIDENED)
        return (low, usual, high) if len(seen) >= 8 else (min(low, LOWEST), usual, max(high, HIGHEST))


def measure(text: str) -> Measure:
    """Count what an estimate depends on; linear in the text."""
    odd = _ODD.findall(text)
    return Measure(
        plain=len(text) - sum(map(len, odd)),
        odd=sum(len(run.encode("utf-8", "replace")) for run in odd),
        pieces=len(_PIECES.findall(text)),
    )
