"""One accelerator in simulated time, behind a scheduler with Ollama's rules: what contention does, without a GPU.

The rules are those of Ollama 0.30 to 0.33 (server/sched.go, llm/llama_server.go) and of the llama-server under it:

- A request for a model that is loaded goes to that model's queue: first in, first out, one at a time (NUM_PARALLEL 1).
- All others wait in one line; while the first of them is loaded for, nobody else's load begins. The load waits for
  the weights, and dies with the request that it is for.
- While a model's predicted size exceeds 80 % of the free memory and another is there, one is evicted: the first idle
  one by keep_alive, then by path; if none is idle, the first, once it is. No keep_alive protects.
- A prompt costs what it does not share with the last one of its model, and the first token comes with it. A batch of it
  takes no less than a token of an answer, for all weights are read for either.
- Leaving while the answer comes stops the model with the token; leaving before is noticed when llama-server next polls,
  which it does each second. A step that has begun is computed to its end, whoever has left.
- All that compute at once share the accelerator's speed.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from typing import Any, TypeVar

from msgspec import Struct

from bench.share import Share
from router.models.types import Model
from router.types import Call, Delta, Route, Timing

BATCH = 256  # tokens of a prompt that are evaluated at once
LETTERS = 4  # per token
RECOVERY = 1.0  # seconds until a card's memory counts as free again, by Ollama's own comment
ROOMS = 3  # models at once (MAX_LOADED_MODELS)

Result = TypeVar("Result")


class Weights(Struct, frozen=True):
    """A model: `size` in bytes, and as Ollama predicts it; `load` in seconds, `prefill` and `decode` in tokens/s."""

    name: str
    size: float
    predicted: float
    load: float
    prefill: float
    decode: float


class Runner:
    """A model that is loaded, and its one slot."""

    def __init__(self, weights: Weights, keep: float) -> None:
        self.weights, self.keep = weights, keep
        self.queue, self.slot = asyncio.Lock(), asyncio.Lock()
        self.cached = ""
        self.users = 0
        self.idle = asyncio.Event()
        self.expiry: asyncio.TimerHandle | None = None


class Card:
    """A Runtime: `memory` bytes, models by name, and `says`, which makes a call's answer.

    `computed` counts tokens per model, `evictions` how often each was pushed out.
    """

    name = "ollama"

    def __init__(self, memory: float, models: Mapping[str, Weights], says: Callable[[Call], str]) -> None:
        self.memory, self.weights, self._says = memory, models, says
        self.loaded: dict[str, Runner] = {}
        self.computed: Counter[str] = Counter()
        self.evictions: Counter[str] = Counter()
        self.loads: list[tuple[float, float]] = []  # when each began and ended
        self._line = asyncio.Lock()
        self._speed = Share()

    async def models(self) -> list[Model]:
        return [Model(self.name, name, "qwen", loaded=name in self.loaded) for name in self.weights]

    async def ready(self, route: Route) -> bool:
        return route.model in self.loaded

    async def load(self, route: Route) -> None:
        self._release(await self._runner(route))

    async def unload(self, route: Route) -> None:
        if runner := self.loaded.get(route.model):
            runner.keep = 0
            await runner.idle.wait()
            self.loaded.pop(route.model, None)

    async def count(self, route: Route, text: str) -> int:
        return len(text) // LETTERS

    async def aclose(self) -> None:
        return None

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        runner = await self._runner(call.route)
        try:
            async with runner.queue:
                prompt, answer = call.prompt + call.begun, self._says(call)[len(call.begun) :]
                reused, seconds = await self._until_polled(runner, prompt)
                try:
                    for at in range(0, min(len(answer), LETTERS * call.max_tokens), LETTERS):
                        if at:
                            await self._compute(runner, 1)
                        runner.cached += answer[at : at + LETTERS]
                        yield Delta(answer[at : at + LETTERS])
                finally:
                    runner.slot.release()
                whole = len(prompt) // LETTERS
                yield Timing(whole, reused, len(answer) // LETTERS, prefill_ms=1000 * seconds)
        finally:
            self._release(runner)

    async def _until_polled(self, runner: Runner, prompt: str) -> tuple[int, float]:
        """Have the prompt evaluated; the slot is ours then. Who leaves before leaves the work behind for a while."""
        loop = asyncio.get_running_loop()
        work, began = loop.create_task(self._prefill(runner, prompt)), loop.time()
        try:
            return await asyncio.shield(work)
        except (asyncio.CancelledError, GeneratorExit):
            loop.call_later(1 - math.fmod(loop.time() - began, 1), work.cancel)
            work.add_done_callback(lambda work: None if work.cancelled() else runner.slot.release())
            raise

    async def _prefill(self, runner: Runner, prompt: str) -> tuple[int, float]:
        """The tokens that were not evaluated again, and the seconds that the others took."""
        await runner.slot.acquire()
        began, whole = asyncio.get_running_loop().time(), len(prompt) // LETTERS
        try:
            reused = min(_common(runner.cached, prompt) // LETTERS, whole - 1)
            for at in range(reused, whole, BATCH):
                await self._compute(runner, min(BATCH, whole - at))
                runner.cached = prompt[: (at + BATCH) * LETTERS]
        except BaseException:
            runner.slot.release()
            raise
        return reused, asyncio.get_running_loop().time() - began

    async def _compute(self, runner: Runner, tokens: int) -> None:
        weights = runner.weights
        self.computed[weights.name] += tokens
        await self._speed.work(max(tokens / weights.prefill, 1 / weights.decode))

    async def _runner(self, route: Route) -> Runner:
        """The model of the route, for one more user, when its turn to be loaded has come."""
        runner = self.loaded.get(route.model)
        if runner is None:
            async with self._line:
                runner = self.loaded.get(route.model) or await self._load(self.weights[route.model])
        runner.keep = math.inf if route.keep < 0 else route.keep
        runner.users += 1
        runner.idle.clear()
        if runner.expiry:
            runner.expiry.cancel()
        return runner

    async def _load(self, weights: Weights) -> Runner:
        while self.loaded and (weights.predicted > 0.8 * self._free() or len(self.loaded) >= ROOMS):
            ordered = sorted(self.loaded.values(), key=lambda it: (it.keep, it.weights.name))
            victim = next((it for it in ordered if not it.users), ordered[0])
            victim.keep = 0
            await victim.idle.wait()
            self.loaded.pop(victim.weights.name, None)
            self.evictions[victim.weights.name] += 1
            await asyncio.sleep(RECOVERY)
        now = asyncio.get_running_loop().time()
        self.loads.append((now, now + weights.load))
        await asyncio.sleep(weights.load)
        self.loaded[weights.name] = Runner(weights, 0)
        return self.loaded[weights.name]

    def _free(self) -> float:
        return self.memory - sum(runner.weights.size for runner in self.loaded.values())

    def _release(self, runner: Runner) -> None:
        runner.users -= 1
        if runner.users:
            return
        runner.idle.set()
        if math.isfinite(runner.keep):
            loop = asyncio.get_running_loop()
            runner.expiry = loop.call_later(runner.keep, self._expire, runner)

    def _expire(self, runner: Runner) -> None:
        if not runner.users and self.loaded.get(runner.weights.name) is runner:
            del self.loaded[runner.weights.name]


def _common(one: str, other: str) -> int:
    """How many signs two texts begin with alike."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


class _Hourglass(asyncio.SelectorEventLoop):
    """An event loop in which nothing takes time but what waits for time: its clock jumps to the next thing due."""

    def __init__(self) -> None:
        self._now = 0.0
        loop = self

        class Jump(selectors.SelectSelector):
            def select(self, timeout: float | None = None) -> Any:
                if timeout is None:
                    raise RuntimeError("everything waits, and nothing is to come")
                loop._now += timeout
                return super().select(0)

        super().__init__(Jump())

    def time(self) -> float:
        return self._now

    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        """What is left to a thread takes no time, either."""

        async def done() -> Any:
            return func(*args)

        return self.create_task(done())


def simulated(story: Coroutine[None, None, Result]) -> Result:
    """Run a story in simulated time."""
    loop = _Hourglass()
    try:
        return loop.run_until_complete(story)
    finally:
        loop.run_until_complete(_emptied())
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _emptied() -> None:
    """Nothing is left that would go on."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
