"""The engine without weights: says how the same words went on elsewhere in the call's own text, or nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

from router import echo
from router.config import Config
from router.models.types import Model
from router.types import Call, Delta, Route, Timing

NAME = "echo"
FAMILY = "plain"


class Echo:
    """A Runtime that is always there, and silent below its `gate`."""

    name = NAME

    def __init__(self, gate: echo.Gate = echo.GATE) -> None:
        self.gate = gate

    async def models(self) -> list[Model]:
        return [Model(self.name, NAME, family=FAMILY, loaded=True)]

    async def ready(self, route: Route) -> bool:
        return True

    async def load(self, route: Route) -> None:
        return None

    async def unload(self, route: Route) -> None:
        return None

    async def count(self, route: Route, text: str) -> int:
        return -1

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        """At most one stretch, then the Timing; the loop gets its turn between one text and the next."""
        began = time.perf_counter()
        answer = None
        for step in echo.stages(call.prompt, call.suffix, call.context, self.gate):
            answer = step
            await asyncio.sleep(0)
        text = _within(_until(answer.text, call.stop), 4 * call.max_tokens) if answer else ""
        if text:
            yield Delta(text)
        spent = (time.perf_counter() - began) * 1000
        sure = answer.probability if answer else -1.0
        yield Timing(answer_tokens=len(echo.TOKEN.findall(text)), decode_ms=spent, sure=sure)

    async def aclose(self) -> None:
        return None


def build(config: Config) -> Echo:
    """The engine that is always there."""
    return Echo()


def _until(text: str, stops: tuple[str, ...]) -> str:
    return text[: min((text.find(stop) for stop in stops if stop and stop in text), default=len(text))]


def _within(text: str, limit: int) -> str:
    """The whole lines of `text` that fit into so many code points."""
    return text if len(text) <= limit else text[:limit].rpartition("\n")[0]
