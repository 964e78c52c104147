"""Who asks one accelerator for completions and large jobs: us, and what others do that go straight to the runtime."""

from __future__ import annotations

import asyncio
import statistics
from collections import deque
from collections.abc import Sequence
from contextlib import aclosing, suppress
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bench.card import Card, Weights
from bench.typist import Key, Screen, base
from router import Superseded, config
from router.dispatch.fleet import Planned
from router.dispatch.loads import Alone, Moves
from router.engine import Router
from router.models import families
from router.models.types import Survey
from router.types import Call, Change, Document, Insertion, Request, Route, Span

GIB = float(1 << 30)
# A 24 GB card of 1 TB/s; weights are read at 2.5 GB/s. A client asks for the large model with 16k of window; the plan
# halves that, so that by Ollama's prediction, too, there is room for it beside the model that completes.
SMALL = Weights("completes-1.5b", 1.6 * GIB, 1.5 * GIB, 0.7, 9000.0, 250.0)
MEDIUM = Weights("reviews-14b", 10.5 * GIB, 11.5 * GIB, 4.0, 2600.0, 75.0)
LARGE = Weights("refactors-27b", 18.0 * GIB, 20.0 * GIB, 7.0, 1400.0, 42.0)
HALVED = replace(LARGE, size=17.4 * GIB, predicted=17.6 * GIB)
MEMORY = 24.0 * GIB
COMPLETE = Route("ollama", SMALL.name, "qwen", 4096, why="It completes.")
REVIEW = Route("ollama", MEDIUM.name, window=8192, keep=300)
REFACTOR = Route("ollama", LARGE.name, window=8192, keep=300)
PATH = "/home/ada/typed.txt"
TASKS = {REVIEW: "review_changes", REFACTOR: "refactor"}
SOURCE = "".join(f"line {number} of what is to be worked on\n" for number in range(400))  # about 4,000 tokens
EDIT = "".join(f"line {number} of the answer\n" for number in range(130))  # about 800 tokens

Jobs: TypeAlias = "Sequence[Sequence[tuple[float, Route]]]"  # when due, and which model; each row one after the other
IDLE: Jobs = ()


class Outcome(Struct):
    """How it went: seconds from a request to its answer, from asking for a large job to its end, and what it took.

    `keys`: when a key was typed that had not been suggested, and whether an answer stood there before the next one.
    """

    waits: list[float] = []
    jobs: list[float] = []
    keys: list[tuple[float, bool]] = []
    loads: list[tuple[float, float]] = []
    shown: int = 0
    computed: int = 0
    evictions: int = 0


class Client:
    """A client with a card of its own, on which the model that completes is loaded."""

    large = LARGE

    def __init__(self) -> None:
        self.card = Card(MEMORY, {it.name: it for it in (SMALL, MEDIUM, self.large)}, self._says)
        self.screen, self.outcome = Screen(), Outcome()
        self.key: Key | None = None
        self.answered = False

    async def start(self) -> None:
        """Before the first key."""
        await self.card.load(COMPLETE)

    async def complete(self, key: Key, goes_on: bool) -> None:
        """The completion at a key; `goes_on`: the ghost text has come true so far."""
        raise NotImplementedError

    async def job(self, route: Route, prompt: str) -> None:
        """A large job, to the end of its answer."""
        async with aclosing(self.card.generate(Call(route, prompt, max_tokens=999))) as stream:
            async for _ in stream:
                pass

    async def close(self) -> None:
        """After the last key."""

    def show(self, key: Key, text: str) -> None:
        """An answer has come; too late, if there is another key."""
        if self.key is key:
            self.screen.ghost, self.answered = text, True

    def _says(self, call: Call) -> str:
        return EDIT if call.route.model != SMALL.name or self.key is None else self.key.suggestion()

    async def play(self, typed: Sequence[Key], jobs: Jobs, rest: float) -> Outcome:
        """Type everything, then rest; meanwhile the large jobs are asked for when they are due."""
        loop = asyncio.get_running_loop()
        await self.start()
        began = loop.time()
        self.card.loads.clear()
        going = [loop.create_task(self._jobs(row, began)) for row in jobs]
        for at, key in enumerate(typed):
            until = typed[at + 1].second if at + 1 < len(typed) else key.second + rest
            await self._type(key, began + until)
        await _ended(*going)
        await self.close()
        self.outcome.loads, self.outcome.shown = self.card.loads, self.screen.shown
        self.outcome.computed = self.card.computed[SMALL.name]
        self.outcome.evictions = self.card.evictions[SMALL.name]
        return self.outcome

    async def _type(self, key: Key, until: float) -> None:
        """A key, and the time up to the next one; then what is not answered yet is cancelled, as editors do."""
        loop = asyncio.get_running_loop()
        now, goes_on = loop.time(), self.screen.type(key)
        self.key, self.answered = key, False
        asked = loop.create_task(self.complete(key, goes_on))
        await asyncio.sleep(max(0.0, until - now))
        if not goes_on:
            self.outcome.keys.append((now, self.answered))
        await _ended(asked)

    async def _jobs(self, row: Sequence[tuple[float, Route]], began: float) -> None:
        loop = asyncio.get_running_loop()
        for number, (due, route) in enumerate(row):
            await asyncio.sleep(max(0.0, began + due - loop.time()))
            asked = loop.time()
            await self.job(route, f"job {number}\n{SOURCE}")
            self.outcome.jobs.append(loop.time() - asked)


async def _ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError, Superseded):
            await task


class Straight(Client):
    """Asks at every key, and cancels when the next one comes."""

    def pause(self) -> float:
        """Seconds to wait for another key before a request is sent."""
        return 0.0

    async def complete(self, key: Key, goes_on: bool) -> None:
        if goes_on:
            return  # the editor itself keeps what has come true so far
        await asyncio.sleep(self.pause())
        loop, text = asyncio.get_running_loop(), ""
        sent = loop.time()
        async with aclosing(self.card.generate(Call(COMPLETE, prompt(key)))) as stream:
            async for item in stream:
                text += getattr(item, "text", "")
        self.outcome.waits.append(loop.time() - sent)
        self.show(key, text)


class Continue(Straight):
    """Sends when no key has come for 350 ms (continuedev/continue, parameters.ts)."""

    def pause(self) -> float:
        return 0.35


class Tabby(Straight):
    """Waits 1.5 of the usual time between two keys less the usual time of an answer, 100 ms to 1 s (tabby-agent)."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: deque[float] = deque(maxlen=10)

    def pause(self) -> float:
        assert self.key is not None
        self._keys.append(self.key.second)
        gaps = [later - earlier for earlier, later in zip(self._keys, list(self._keys)[1:], strict=False)]
        waits = self.outcome.waits[-10:]
        wanted = 1.5 * statistics.mean(gaps or [0.2]) - statistics.mean(waits or [0.2])
        return min(1.0, max(0.1, wanted))


def prompt(key: Key) -> str:
    """Continue's prompt: 1,024 tokens at most, 30 % of them before the cursor, 20 % after it."""
    before, after = key.text[: key.cursor][-1228:], key.text[key.cursor :][:820]
    return families.table()["qwen"].prompt(before, after, "")


class Ours(Client):
    """Switchyard's router, on the same card."""

    large = HALVED
    window = 4096

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        settings = config.Config(ledger=config.Ledger(keep=False))
        self.router = Router(settings, clock=loop.time, engines={"ollama": self.card}, planner=self._planned)
        await self.router.start()
        self._version = 1
        self.router.opened(Document(PATH, "plaintext", self._version, base()[0]))

    async def complete(self, key: Key, goes_on: bool) -> None:
        self._version += 1
        document = Document(PATH, "plaintext", self._version, key.text)
        changes = [Change(edit.at, edit.at + edit.deleted, edit.text) for edit in key.edits]
        self.router.edited(document, changes)
        async with aclosing(self.router.ask(Request("complete", document, Span(key.cursor, key.cursor)))) as answer:
            async for item in answer:
                if isinstance(item, Insertion):
                    self.show(key, item.text)
        turn = self.router.ledger.turns[-1]  # it keeps but the last ones
        if turn.model == SMALL.name and turn.outcome in ("shown", "silent"):
            self.outcome.waits.append(turn.total_ms / 1000)

    async def job(self, route: Route, prompt: str) -> None:
        request = Request(TASKS[route], Document("/home/ada/job.py", "python", 1, ""), Span(0, 0))
        async with aclosing(
            self.router.stream(request, prompt, lambda route: Call(route, prompt, max_tokens=999))
        ) as it:
            async for _ in it:
                pass

    async def _planned(self, surveys: Sequence[Survey], settings: config.Config) -> Planned:
        complete = replace(COMPLETE, window=self.window)
        return Planned({"complete": complete, "refactor": REFACTOR, "review_changes": REVIEW}, moves=_moves)

    async def close(self) -> None:
        await self.router.aclose()


def _moves(route: Route, loaded: Sequence[Route]) -> Moves:
    """The two large models have no room beside each other; either has beside the one that completes."""
    large = (REFACTOR, REVIEW)
    return Alone((route,), tuple(it for it in loaded if it in large and route in large and it != route))


CLIENTS: dict[str, type[Client]] = {
    "straight to the runtime": Straight,
    "debounce 350 ms, then send": Continue,
    "adaptive debounce": Tabby,
    "Switchyard": Ours,
}


class AsShort(Ours):
    """The same with prompts as short as Continue's."""

    window = 1024
