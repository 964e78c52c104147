"""One connection's life: which message may come when, who handles it, and that nothing goes wrong silently."""

from __future__ import annotations

import asyncio
import os
import traceback
from asyncio import Task
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ParamSpec

from msgspec import UNSET, Raw

from lsp import messages
from lsp.messages import Id, Malformed, Message
from lsp.wire import Wire, log

if TYPE_CHECKING:
    from lsp.rest import Rest

A = ParamSpec("A")


class Connection:
    """Dispatches messages; `end` is called with the exit code and the reason when the editor has left.

    `requests` and `notifications` are handled here and now, by type of their parameters; all others, and requests
    whose handler says that they are ANOTHERS, by `rest`, which comes later: until then they wait. `initialize` answers
    the first request and begins everything.
    """

    def __init__(self, wire: Wire, end: Callable[[int, str], object]) -> None:
        self.wire = wire
        self.requests: dict[str, tuple[type, Callable[[Id, Any], object]]] = {}
        self.notifications: dict[str, tuple[type, Callable[[Any], object]]] = {}
        self.initialize: Callable[[Id, messages.Initialize, bytes], object] = lambda id, params, body: None
        self._end = end
        self._state = "new"  # then "running", then "shut down"
        self._rest: Rest | None = None
        self._waiting: list[tuple[Id, bytes]] = []
        self._tasks: set[Task[None]] = set()

    def receive(self, bodies: Sequence[bytes]) -> None:
        """Handle messages in order; nothing that one of them does keeps the next from being handled."""
        for body in bodies:
            try:
                message = messages.read(body)
            except Malformed as error:
                self.wire.error(error.id, error.code, str(error))
                continue
            id = None if message.id is UNSET else message.id
            if message.method is UNSET or id is None or self.wire.admit(id):
                with self._guard(id):
                    self._dispatch(id, message, body)

    def _dispatch(self, id: Id, message: Message, body: bytes) -> None:
        if message.method is UNSET:
            self._replied(id, message, body)
        elif id is None:
            self._notified(message.method, message.params, body)
        else:
            self._requested(id, message.method, message.params, body)

    def _requested(self, id: Id, method: str, params: Raw, body: bytes) -> None:
        if self._state == "new" and method != "initialize":
            raise Malformed(messages.NOT_INITIALIZED, "The first request must be initialize.")
        if self._state == "shut down" or (self._state == "running" and method == "initialize"):
            raise Malformed(messages.INVALID_REQUEST, f"The server is {self._state} already.")
        if method == "initialize":
            client = messages.params(params, messages.Initialize)
            self._state = "running"
            self.initialize(id, client, body)
        elif method == "shutdown":
            self._shutdown(id)
        elif method in self.requests:
            kind, handle = self.requests[method]
            if handle(id, messages.params(params, kind)) is messages.ANOTHERS:
                self._leave_to_the_rest(id, body)
        else:
            self._leave_to_the_rest(id, body)

    def _notified(self, method: str, params: Raw, body: bytes) -> None:
        if method == "exit":
            self.lost("the editor said exit without shutdown")
        elif self._state != "running":
            log.info("a notification came while the server is %s", self._state)
        elif method == "$/cancelRequest":
            self._cancel(messages.params(params, messages.Cancel).id)
        elif method in self.notifications:
            kind, handle = self.notifications[method]
            handle(messages.params(params, kind))
        else:
            self._leave_to_the_rest(None, body)

    def _replied(self, id: Id, message: Message, body: bytes) -> None:
        if id in self.wire.pending:
            log.warning("the editor answered its own request")  # pygls would take it for an answer to one of its own
        elif id is not None and not self.wire.replied(id, None if message.error else bytes(message.result)):
            self._leave_to_the_rest(None, body)

    @contextmanager
    def _guard(self, id: Id) -> Iterator[None]:
        """Whatever goes wrong inside becomes an answer, if one is waited for, and at most one line in the log."""
        try:
            yield
        except Malformed as error:
            if id is None:
                log.warning("a notification was not understood: %s", error)
            self.wire.refuse(id, error.code, str(error))
        except asyncio.CancelledError:
            self.wire.refuse(id, messages.CANCELLED, "The request was cancelled.")
        except Exception as error:
            log.error("%s at %s", type(error).__name__, _where(error))
            self.wire.refuse(id, messages.INTERNAL_ERROR, "Switchyard failed to do this; its log says where.")

    def start(self, id: Id, work: Callable[A, Awaitable[object]], *args: A.args, **named: A.kwargs) -> Task[None]:
        """Run something on the loop; with an id, so that the request is answered and can be cancelled."""

        async def run() -> None:
            with self._guard(id):
                await work(*args, **named)

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if id is not None:
            self.wire.pending[id] = task
        return task

    def bring(self, rest: Rest, initialize: bytes) -> None:
        """Take in whoever handles the rest: `initialize` is told again, then what has come meanwhile."""
        rest.handle(initialize)  # its answer is the second one to that id, and dropped
        self._rest, waiting, self._waiting = rest, self._waiting, []
        for id, body in waiting:
            if id is None or id in self.wire.pending:
                with self._guard(id):
                    rest.handle(body)

    def _leave_to_the_rest(self, id: Id, body: bytes) -> None:
        if self._rest is not None:
            self._rest.handle(body)
        else:
            self._waiting.append((id, body))

    def _cancel(self, id: Id) -> None:
        if id in self.wire.pending:
            self.wire.cancel(id)
            if self._rest is not None:
                self._rest.cancel(id)

    def _shutdown(self, id: Id) -> None:
        self._state = "shut down"
        for other in [it for it in self.wire.pending if it != id]:
            self._cancel(other)
        self.wire.answer(id, None)

    def lost(self, reason: str) -> None:
        """The editor has left; whether that is well depends on whether it said so before."""
        self._end(0 if self._state == "shut down" else 1, reason)

    async def aclose(self) -> None:
        """Stop whatever runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _where(error: BaseException) -> str:
    """The way to an exception, without its message and without the lines of source: both may quote code."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return " > ".join(f"{os.path.basename(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)
