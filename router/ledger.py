"""One line per request: what it cost and what came of it."""

from __future__ import annotations

from collections import Counter, deque

from router.types import Outcome, Request, Route, Timing, Turn

KEPT = 1000  # lines


class Journey:
    """How one request fares; `began` and `first` (when the first word came) are in seconds of the router's clock."""

    def __init__(self, request: Request, route: Route | None, began: float) -> None:
        self.request, self.route, self.began = request, route, began
        self.first = 0.0
        self.timing: Timing | None = None
        self.outcome: Outcome = "cached"

    def turn(self, now: float) -> Turn:
        """The line for the ledger, at the clock's `now`."""
        timing = self.timing or Timing()
        return Turn(
            task=self.request.task,
            engine=self.route.runtime if self.route else "",
            model=self.route.model if self.route else "",
            outcome=self.outcome,
            total_ms=(now - self.began) * 1000,
            first_ms=(self.first - self.began) * 1000 if self.first else 0.0,
            prompt_tokens=timing.prompt_tokens,
            reused_tokens=timing.reused_tokens,
            answer_tokens=timing.answer_tokens,
        )


class Ledger:
    """The last lines, and how often each outcome was; no code is in it."""

    def __init__(self) -> None:
        self.turns: deque[Turn] = deque(maxlen=KEPT)
        self.tally: Counter[str] = Counter()

    def write(self, turn: Turn) -> None:
        """One more line."""
        self.turns.append(turn)
        self.tally[turn.outcome] += 1

    def accepted(self) -> None:
        """The user took a suggestion."""
        self.tally["accepted"] += 1
