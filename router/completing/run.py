"""An engine's answer in the making: whoever asked last hears it, and typing what it says does not begin it anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

from router import Superseded
from router.context.brackets import TYPED_FOR_YOU
from router.types import Request, Timing

LINGER = 0.03  # seconds; editors cancel a request right before they send the one that goes on with it


class Run:
    """One answer, made by `work` in a task of its own; `said` grows, and `typed` of it the user has typed already."""

    def __init__(self, request: Request, work: Callable[[Run], Coroutine[None, None, str]]) -> None:
        self.request = request
        self.typed = ""
        self.said = ""
        self.why = ""  # a word on why nothing is shown
        self.timing: Timing | None = None
        self.begun = self.first = 0.0  # when its turn came, and the engine's first word
        self.work = 0  # what the ledger calls the engine's work for it
        self._task = asyncio.get_running_loop().create_task(work(self))
        self._task.add_done_callback(self._done)
        self._listener: asyncio.Future[str] | None = None

    def goes_on(self, request: Request) -> str:
        """What `request` has typed more than the last one, where the engine has said that; empty: it does not go on."""
        typed = "" if self._task.done() else self._typed_since(request)
        return typed if typed and self.said.startswith(self.typed + typed) else ""

    def takes_over(self, request: Request) -> bool:
        """Whether `request` goes on with this one: then it hears the rest."""
        typed = self.goes_on(request)
        if not typed:
            return False
        self._supersede()
        self.request, self.typed = request, self.typed + typed
        return True

    def _typed_since(self, request: Request) -> str | None:
        """What was typed between the last request and this one; None: something else happened."""
        text, at = self.request.document.text, self.request.span.start
        now, cursor = request.document.text, request.span.start
        if cursor < at or now[:at] != text[:at]:
            return None
        rest, rest_now = text[at:], now[cursor:]
        closed = len(rest_now) == len(rest) + 1 and rest_now[0] in TYPED_FOR_YOU and rest_now[1:] == rest
        return now[at:cursor] if closed or rest_now == rest else None

    def hears(self, text: str) -> str:
        """The engine said some more; all that it said beyond what is typed."""
        self.said += text
        return self.said[len(self.typed) :]

    async def answer(self, request: Request) -> str:
        """What `request`, which began or took over this run, gets to hear. Raises Superseded, RuntimeFailure.

        Whoever is cancelled here gives the run up, unless another can take it over, and does so at once.
        """
        if self._task.done():
            return self._task.result()
        self._listener = asyncio.get_running_loop().create_future()
        try:
            return await self._listener
        except asyncio.CancelledError:
            if self.said:
                asyncio.get_running_loop().call_later(LINGER, self._give_up, request)
            else:
                self._give_up(request)
            raise

    def stop(self) -> None:
        """Nobody wants it any more: the engine stops now."""
        self._supersede()
        self._task.cancel()

    def _give_up(self, request: Request) -> None:
        if self.request is request:
            self.stop()

    def _supersede(self) -> None:
        if self._listener is not None and not self._listener.done():
            self._listener.set_exception(Superseded("A newer request took its place."))

    def _done(self, task: asyncio.Task[str]) -> None:
        """Pass on how it ended; a failure that nobody hears of is of no interest."""
        error = None if task.cancelled() else task.exception()
        if self._listener is None or self._listener.done():
            return
        if task.cancelled():
            self._supersede()
        elif error is not None:
            self._listener.set_exception(error)
        else:
            self._listener.set_result(task.result())
