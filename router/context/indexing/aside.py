"""Runs what may block (a dead network drive, a slow disk) beside the event loop, and gives it up in the end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def aside(function: Callable[[], T], patience: float) -> T:
    """What `function` returns or raises, from a thread of its own; TimeoutError after `patience` seconds.

    The thread is a daemon: one that hangs in the kernel keeps neither the loop nor the process alive. asyncio's own
    threads would, because both wait for them to end.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def tell(value: T | None, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)  # type: ignore[arg-type]  # T may be None

    def work() -> None:
        try:
            said: tuple[T | None, BaseException | None] = (function(), None)
        except (OSError, ValueError, MemoryError, RuntimeError) as error:
            said = (None, error)
        if not loop.is_closed():
            loop.call_soon_threadsafe(tell, *said)

    threading.Thread(target=work, name="switchyard-index", daemon=True).start()
    # Not wait_for: before Python 3.12 it swallows a cancellation that comes together with the answer.
    deadline = loop.call_later(patience, tell, None, TimeoutError(f"nothing after {patience:g} s"))
    try:
        return await answer
    finally:
        deadline.cancel()
