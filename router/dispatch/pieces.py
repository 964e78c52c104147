"""How much of a long prompt an engine reads at once: no server gives up reading within a token, as it does writing."""

from __future__ import annotations

from msgspec.structs import replace

from router.dispatch.loads import named
from router.types import Call, Timing

PIECE = 0.025  # seconds; a keystroke's answer may have to share the accelerator with a token's writing as well
REST = 64  # who has not typed for so many times as long as a piece takes is not about to
LEAST = 128  # characters: a shorter piece takes an engine no less time
FIRST = 400  # characters of the piece by which an engine's pace is found
KNOWN = 8  # tokens, of which at least a piece must be to tell a pace
SLOWER = 4  # times slower than the one before: the engine begins anew with each piece


class Reader:
    """One prompt on its way into an engine's cache, as growing beginnings of itself; `paces`: characters/s per model.

    `read` characters of the call's prompt are there. `reused` (tokens, -1: it does not say) and `took` (ms) are the
    engine's account of all pieces together.
    """

    def __init__(self, call: Call, paces: dict[str, float]) -> None:
        self.read, self.took, self.reused = 0, 0.0, -1
        self.call, self._paces = call, paces
        self._kept = call.route.runtime != "echo"

    def piece(self, rested: float) -> Call | None:
        """What makes the engine read on, when the last key was `rested` seconds ago; None: the rest at once.

        It asks for a token, for a question that asks for none is one for many to Ollama.
        """
        pace = self._paces.get(named(self.call.route), 0.0)
        size = max(LEAST, pace * max(PIECE, rested / REST)) if pace else FIRST
        if not self._kept or size >= len(self.call.prompt) - self.read:
            return None
        begun = self.call.prompt[: self.read + int(size)]
        return replace(self.call, prompt=begun, max_tokens=1, stop=(), schema="")

    def heard(self, piece: Call, timing: Timing) -> None:
        """A piece is read. If the engine has not kept those before it, there are no more of them."""
        length, tokens, model = len(piece.prompt), timing.prompt_tokens, named(piece.route)
        added = tokens * (length - self.read) / length
        fresh = added if timing.reused_tokens < 0 else tokens - timing.reused_tokens
        pace = fresh * length * 1000 / (tokens * timing.prefill_ms) if fresh >= KNOWN and timing.prefill_ms else 0.0
        if self.read:
            self._kept = fresh <= 2 * added + LEAST and not 0 < pace * SLOWER < self._paces.get(model, 0.0)
        else:
            self.reused = timing.reused_tokens
        if self.read and not timing.prefill_ms and (fresh >= KNOWN or not tokens):
            self._kept = False  # it does not tell how long it reads, so no pace will ever be found
        if pace and self._kept:
            self._paces[model] = pace
        self.read, self.took = length, self.took + timing.prefill_ms

    def account(self, timing: Timing) -> Timing:
        """The engine's account of the answer, with that of the pieces in it."""
        if not self.read:
            return timing
        return replace(timing, reused_tokens=self.reused, prefill_ms=timing.prefill_ms + self.took)
