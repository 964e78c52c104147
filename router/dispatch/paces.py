"""How fast the models here are, learned from every turn, and how long a prompt may be by that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from router.models.budget import REUSED, prompt_tokens
from router.models.speed import Estimate, Speed, learned, replayed
from router.models.tokens import Tokenizer
from router.models.weights import Weights, weights
from router.types import Call, Route, Task, Timing, Turn

BENCH = "bench"  # the task of the lines that `switchyard bench` leaves in the ledger
SAMPLES = 24  # prompts after which a model's characters per token are known
CHANGED = 1.3  # times more or less; a budget that follows every turn would move the window, and with it the cache


class Paces:
    """What is known of each model's speed and tokens; for the event loop's use only."""

    def __init__(self) -> None:
        self._estimates: dict[Weights, Estimate] = {}
        self._tokenizers: dict[Weights, Tokenizer] = {}
        self._last: dict[Weights, str] = {}
        self._budgets: dict[tuple[str, Weights], int] = {}

    def seed(self, estimates: Mapping[Weights, Estimate]) -> None:
        """What a plan knows of models that have had no turn here yet."""
        self._estimates |= {key: seeded for key, seeded in estimates.items() if key not in self._last}

    def heard(self, call: Call, timing: Timing) -> None:
        """An answer is done: its engine's own account is one more sample."""
        key = weights(call.route)
        read = shared(self._last.get(key, ""), call.prompt)
        self._last[key] = call.prompt
        self._estimates[key] = self._estimates.get(key, Estimate()).with_turn(timing, read)
        tokenizer = self._tokenizers.get(key, Tokenizer())
        if len(tokenizer.ratios) < SAMPLES and not (call.system or call.begun):
            self._tokenizers[key] = tokenizer.with_turn(call.prompt, timing.prompt_tokens)

    def held(self, call: Call) -> float:
        """The share of a prompt that its model's engine has read already: what the prompt before began with, too."""
        return shared(self._last.get(weights(call.route), ""), call.prompt)

    def tokens(self, route: Route, text: str) -> int:
        """How many tokens a text is at the most."""
        return self._tokenizers.get(weights(route), Tokenizer()).span(text).most

    def speed(self, route: Route) -> Speed:
        """Tokens/s, as far as anybody knows."""
        return known(self._estimates.get(weights(route), Estimate()))

    def budget(self, task: Task, route: Route) -> int:
        """Tokens that a prompt may have, so that its first line comes in time; it changes when the speed has."""
        key = task.name, weights(route)
        now = prompt_tokens(task, self.speed(route), route.window, REUSED[task.lane])
        held = self._budgets.get(key, 0)
        if not held or not held / CHANGED < now < held * CHANGED:
            self._budgets[key] = held = now
        return held

    def characters(self, task: Task, route: Route) -> int:
        """Characters of code that are sure to be no more than the budget."""
        return self._tokenizers.get(weights(route), Tokenizer()).characters(self.budget(task, route))


def known(estimate: Estimate) -> Speed:
    """What turns have shown of a speed, else what was expected."""
    return learned(estimate) or estimate.expected


def estimate(turns: Iterable[Turn], expected: Speed, limit: Speed) -> Estimate:
    """What turns of the ledger, the newest first, say of one model; what was measured on purpose goes before what such
    hardware does."""
    lines = list(turns)
    measured = next((_measured(turn) for turn in lines if turn.task == BENCH), expected)
    return replayed([turn for turn in reversed(lines) if turn.task != BENCH], Estimate(measured, limit))


def line(model: Weights, speed: Speed) -> Turn:
    """What `switchyard bench` leaves in the ledger: the tokens of 100 seconds of reading, and of as many of writing."""
    engine, name = model
    ms = 100_000.0
    turn = Turn(BENCH, engine, name, "silent", total_ms=2 * ms, reused_tokens=0, prefill_ms=ms, decode_ms=ms)
    return replace(turn, prompt_tokens=round(speed.prefill * 100), answer_tokens=round(speed.decode * 100))


def _measured(turn: Turn) -> Speed:
    read, written = turn.prefill_ms / 1000, turn.decode_ms / 1000
    return Speed(turn.prompt_tokens / read if read else 0.0, turn.answer_tokens / written if written else 0.0, True)


def shared(before: str, now: str) -> float:
    """The share of a prompt that the one before began with, too; by halving, for both may be long."""
    low, high = 0, min(len(before), len(now))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if before[:middle] == now[:middle] else (low, middle - 1)
    return low / len(now) if now else 0.0
