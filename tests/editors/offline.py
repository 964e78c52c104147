"""The double of Ollama beside a test that has a loop of its own: it comes, answers and goes when told to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests import fake_ollama
from tests.fake_ollama import Fake, Way


@contextmanager
def ollama(ways: dict[str, Way] | None = None, port: int = 0) -> Iterator[Fake]:
    """A fake on a loopback port while the block runs, in a thread; `heard` may be read at any time."""
    there, over = threading.Event(), asyncio.Event()
    found: list[Fake] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with fake_ollama.serving(ways, port) as fake:
            found.append(fake)
            there.set()
            await over.wait()
            await asyncio.sleep(0)  # whose connection has only just been accepted begins
            for task in fake.serving:  # connections that a client keeps ready
                task.cancel()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert there.wait(10)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
