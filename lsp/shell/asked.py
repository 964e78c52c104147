"""The router for one command of a shell: engines found, the workspace read, a question's answer heard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from router.config import Config
from router.engine import Router
from router.types import Answer, Delta, Refusal, Request, Status

_SETTLED = 20.0  # seconds that are waited for the workspace to be read


class Told:
    """What came of it; `status` is the last thing that was said of the engine."""

    def __init__(self, say: Callable[[str], None], hear: Callable[[str], None]) -> None:
        self.say, self.hear = say, hear
        self.answer: Answer | None = None
        self.status = ""

    def tell(self, status: Status) -> None:
        """Keep the newest."""
        self.status = "" if status.state == "ready" else status.message
        self.say(status.message)

    @property
    def reason(self) -> str:
        """Why there is no answer."""
        return self.answer.reason if isinstance(self.answer, Refusal) else self.status or "The engine said nothing."


async def ask(settings: Config, request: Request, root: Path, told: Told) -> None:
    """Ask a router that works for this question alone."""
    async with aclosing(Router(settings, told.tell, roots=[str(root)])) as engine:
        engine.opened(request.document)
        await ready(engine, told.say)
        told.say("asking the engine")
        async with aclosing(engine.ask(request)) as answer:
            async for item in answer:
                if isinstance(item, Delta):
                    told.hear(item.text)
                else:
                    told.answer = item


async def ready(engine: Router, say: Callable[[str], object]) -> None:
    """Find the engines and read the workspace, the latter for no longer than somebody waits gladly."""
    await asyncio.gather(engine.start(), _known(engine, say))


async def _known(engine: Router, say: Callable[[str], object]) -> None:
    await engine.workspace.start()
    say(f"reading {' '.join(engine.workspace.roots)}")
    settled = asyncio.ensure_future(engine.workspace.settled())
    await asyncio.wait([settled], timeout=_SETTLED)
    settled.cancel()
