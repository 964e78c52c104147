"""One line per request: what it cost and what came of it."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from threading import Lock

from msgspec.structs import replace

from router import config
from router.ledger import archive, book, energy
from router.ledger.fates import Fates, Settled
from router.ledger.journal import KEPT, Journal
from router.types import Fate, Outcome, Request, Route, Timing, Turn

Note = Callable[[str], object]


class Journey:
    """How one request fares; `began`, `begun` and `first` are in seconds of the router's clock.

    `begun` is when its turn came, `first` when the first word did. `said` is what was shown, `why` a word on why it
    was not; `works` are the stretches of the engine's work that are its own, as Ledger.working named them.
    """

    def __init__(self, request: Request, route: Route | None, began: float, said: str = "") -> None:
        self.request, self.route, self.began = request, route, began
        self.at = time.time()
        self.begun = self.first = 0.0
        self.timing: Timing | None = None
        self.outcome: Outcome = "cached"
        self.said, self.why = said, ""
        self.works: list[int] = []

    def turn(self, now: float) -> Turn:
        """The line for the ledger, at the clock's `now`."""
        timing = self.timing or Timing()
        return Turn(
            task=self.request.task,
            engine=self.route.runtime if self.route else "",
            model=self.route.model if self.route else "",
            outcome=self.outcome,
            why=self.why,
            at=self.at,
            total_ms=self._since_it_began(now),
            first_ms=self._since_it_began(self.first),
            queued_ms=self._since_it_began(self.begun),
            prefill_ms=timing.prefill_ms,
            decode_ms=timing.decode_ms,
            prompt_tokens=timing.prompt_tokens,
            reused_tokens=timing.reused_tokens,
            answer_tokens=timing.answer_tokens,
        )

    def _since_it_began(self, when: float) -> float:
        """Milliseconds; 0 for what never was, or was before: one that takes over an answer finds its turn come."""
        return max(0.0, when - self.began) * 1000 if when else 0.0


class Ledger:
    """The last lines in memory and, where the user wants that, all of them in a file; no code is in it.

    `note` hears once, in another thread, when the file can't be written or a meter can't be read; `meter` looks for one
    that counts energy, given the settings' watts.
    """

    def __init__(
        self,
        settings: config.Config | None = None,
        note: Note = lambda sentence: None,
        meter: Callable[[float], energy.Meter | None] = energy.find,
    ) -> None:
        self.tally: Counter[str] = Counter()
        self.path = book.place(os.environ, os.path.expanduser("~"))
        self._settings = settings or config.Config(ledger=config.Ledger(keep=False))
        self._note, self._meter = note, meter
        self._turns: dict[int, Turn] = {}
        self._last = 0
        self._since = 1  # the first line that the file is to have
        self._lock = Lock()
        self._fates = Fates()
        self._journal = self._begin()
        self._works = 0
        self._lines: dict[int, int] = {}  # by work, the line that it belongs to
        self._spent: dict[int, float] = {}  # by work, its joules, until the line is there
        self._sampler = self._sample()

    @property
    def turns(self) -> Sequence[Turn]:
        """The last lines, the latest at the end."""
        return list(self._turns.values())

    def write(self, turn: Turn) -> int:
        """One more line; its number."""
        with self._lock:
            self._last += 1
            number = self._last
            self._turns[number] = turn
            self._turns.pop(number - KEPT, None)
        self.tally[turn.outcome] += 1
        if self._journal:
            self._journal.put(number, turn)
        return number

    def close(self, journey: Journey, now: float) -> None:
        """A journey is over: its line is written, and the fate of what it showed is followed from here on."""
        turn = journey.turn(now)
        number = self.write(replace(turn, path=journey.request.document.path) if self._settings.ledger.paths else turn)
        if journey.said:
            self._fates.shown(number, journey.request, journey.said)
        for work in journey.works:
            self._belongs(work, number)

    # What it took

    @asynccontextmanager
    async def working(self, engine: str) -> AsyncIterator[int]:
        """An engine works for as long as the context lasts; the work's name for Journey.works."""
        self._works += 1
        work, sampler = self._works, self._sampler
        if not energy.measurable(self._settings, engine):
            yield work
            return
        sampler.event(True, work)
        try:
            yield work
        finally:
            sampler.event(False, work)

    def _belongs(self, work: int, number: int) -> None:
        with self._lock:
            self._lines[work] = number
            self._lines.pop(work - KEPT, None)
            joules = self._spent.pop(work, 0.0)
        if joules:
            self._amend(number, joules=joules)

    def _took(self, work: int, joules: float) -> None:
        """In the sampler's thread; the line may be written by now, or not yet."""
        with self._lock:
            number = self._lines.get(work)
            if number is None:
                self._spent[work] = joules
                self._spent.pop(work - KEPT, None)
        if number is not None:
            self._amend(number, joules=joules)

    def _sample(self) -> energy.Sampler:
        watts = self._settings.cost.watts
        return energy.Sampler(lambda: self._meter(watts), self._took, self._note)

    # What came of it

    def looked(self, request: Request) -> None:
        """A request came; its text says what became of the suggestions before it."""
        self._settle(self._fates.looked(request))

    def accepted(self, path: str = "", text: str = "", fate: Fate = "accepted") -> None:
        """The editor says what became of a suggestion: mostly, that the user took it."""
        self.tally[fate] += 1
        self._settle(self._fates.said(path, text, fate))

    def closed(self, path: str) -> None:
        """A document was closed."""
        self._settle(self._fates.closed(path))

    def _settle(self, settled: Sequence[Settled]) -> None:
        for one in settled:
            self._amend(one.number, fate=one.fate)

    def _amend(self, number: int, fate: Fate = "", joules: float = 0.0) -> None:
        """The line has met its fate; or some more work that belongs to it was measured."""
        with self._lock:
            if (turn := self._turns.get(number)) is None:
                return
            turn = self._turns[number] = replace(turn, fate=fate or turn.fate, joules=turn.joules + joules)
            if self._journal and number >= self._since:
                self._journal.put(number, turn)

    # The file

    def configure(self, settings: config.Config) -> None:
        """Take new settings; what is on its way into the file gets there."""
        before, self._settings = self._settings, settings
        if settings.ledger.keep and not before.ledger.keep:
            self._since, self._journal = self._last + 1, self._begin()
        elif before.ledger.keep and not settings.ledger.keep and self._journal:
            self._journal.close(0)
            self._journal = None
        if settings.cost.watts != before.cost.watts:
            self._sampler.close(0)
            self._sampler = self._sample()

    def recent(self, engine: str, model: str, count: int = 200) -> list[Turn]:
        """The last turns of a model, the newest first, also from before this start; reads the disk. Raises BadLedger.

        Not for the event loop: in a thread, please.
        """
        return archive.recent(self.path, engine, model, count) if self._settings.ledger.keep else []

    def end(self, patience: float = 1.0) -> None:
        """Write what waits, within `patience` seconds; more lines may come, which stay in memory."""
        self._sampler.close(patience / 2)
        old, self._journal = self._journal, None
        if old:
            old.close(patience)

    def _begin(self) -> Journal | None:
        return Journal(self.path, self._settings.ledger.days, self._note) if self._settings.ledger.keep else None
