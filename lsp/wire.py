"""The wire: whole bodies in, whole frames out, each by a thread of its own; and every id is answered exactly once."""

from __future__ import annotations

import logging
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeAlias

import msgspec

from lsp import messages
from lsp.frames import Broken, Frames, frame
from lsp.messages import CANCELLED, INVALID_REQUEST, Id

CHUNK = 1 << 16
AT_ONCE = 4096  # bytes; a pipe that is ready for writing takes as much without blocking (PIPE_BUF)
PLENTY = 1 << 20  # bytes that wait for a client that does not read; from here on it gets answers only
TOO_MUCH = 64 << 20  # bytes; such a client will not come back

log = logging.getLogger("switchyard")


def claim() -> tuple[int, int]:
    """Take stdin and stdout for ourselves: descriptors that nobody else knows and no child inherits.

    From then on whatever prints prints on stderr, and whatever reads reads nothing, so that frames stay whole.
    """
    stdin, stdout = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2 if _is_open(2) else nothing, 1)
    os.close(nothing)
    sys.stdout = sys.stderr
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (stdin, stdout):
            msvcrt.setmode(descriptor, os.O_BINARY)
    return stdin, stdout


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def listen(stdin: int, heard: Callable[[list[bytes]], object], ended: Callable[[str], object]) -> None:
    """Start the thread that reads; it calls `heard` with whole bodies and `ended`, once, with the reason."""

    def run() -> None:
        frames = Frames()
        reason = "the editor closed the connection"
        try:
            while chunk := os.read(stdin, CHUNK):
                over, bodies = frames.over, frames.feed(chunk)
                if frames.over > over:
                    log.warning("a message was passed over: it is longer than any document that is looked at")
                if bodies:
                    heard(bodies)
        except Broken as error:
            reason = str(error)
        except OSError as error:
            reason = f"stdin cannot be read ({error.strerror})"
        ended(reason)

    threading.Thread(target=run, name="stdin", daemon=True).start()


class Writer:
    """Writes frames in order and never makes the caller wait; `lost` is called, once, when nobody reads any more."""

    def __init__(self, stdout: int, lost: Callable[[], object]) -> None:
        self._stdout = stdout
        self._lost = lost
        self._waiting = 0  # bytes
        self._frames: deque[bytes] = deque()
        self._change = threading.Condition()
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll is not None:
            self._poll.register(stdout, select.POLLOUT)
        threading.Thread(target=self._run, name="stdout", daemon=True).start()

    @property
    def waiting(self) -> int:
        """Bytes that the client has not taken yet."""
        return self._waiting

    def write(self, body: bytes) -> None:
        """Send one body: at once where that cannot block, else through the thread."""
        whole = frame(body)
        if not self._waiting and len(whole) <= AT_ONCE and self._ready():
            whole = whole[self._put(whole) :]
        if whole and self._waiting <= TOO_MUCH:
            with self._change:
                self._waiting += len(whole)
                self._frames.append(whole)
                self._change.notify_all()
            if self._waiting > TOO_MUCH:
                self._lost()

    def drain(self, seconds: float) -> None:
        """Wait until all is written, but not for ever."""
        with self._change:
            self._change.wait_for(lambda: not self._waiting, seconds)

    def _ready(self) -> bool:
        return self._poll is not None and any(event & select.POLLOUT for _, event in self._poll.poll(0))

    def _put(self, whole: bytes) -> int:
        try:
            return os.write(self._stdout, whole)
        except OSError:
            self._lost()
            return len(whole)

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: bool(self._frames))
                whole = self._frames.popleft()
            rest = memoryview(whole)
            while rest:
                rest = rest[self._put(bytes(rest[:CHUNK])) :]
            with self._change:
                self._waiting -= len(whole)
                self._change.notify_all()


# Hears the result of what the client was asked, in JSON; None: it could not.
Heard: TypeAlias = "Callable[[bytes | None], object]"


class Work(Protocol):
    """What a pending request is cancelled by."""

    def cancel(self) -> object: ...


class Wire:
    """Who waits for what. Whoever answers, an id is answered once: the second answer is dropped."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._asked = 0
        self._replies: dict[str, Heard] = {}
        self.pending: dict[Id, Work | None] = {}

    def admit(self, id: Id) -> bool:
        """Note that a request waits; False, and it is refused, if one with its id waits already."""
        if id in self.pending:
            self.error(id, INVALID_REQUEST, "Another request with this id is still running.")
            return False
        self.pending[id] = None
        return True

    def answer(self, id: Id, result: object) -> None:
        """The result of a request."""
        if self._settle(id):
            self._writer.write(messages.write({"jsonrpc": "2.0", "id": id, "result": result}))

    def refuse(self, id: Id, code: int, sentence: str) -> None:
        """The error that a request ends with."""
        if self._settle(id):
            self.error(id, code, sentence)

    def error(self, id: Id, code: int, sentence: str) -> None:
        """An error for what never was a pending request; `id` null if it could not be read."""
        body = {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": sentence}}
        self._writer.write(messages.write(body))

    def cancel(self, id: Id) -> None:
        """The client no longer wants an answer; it gets the error that says so, and the work is told."""
        work = self.pending.get(id)
        self.refuse(id, CANCELLED, "The request was cancelled.")
        if work is not None:
            work.cancel()

    def notify(self, method: str, params: object) -> None:
        """Tell the client something; a client that has stopped reading is spared it."""
        if self._writer.waiting < PLENTY:
            self._writer.write(messages.write({"jsonrpc": "2.0", "method": method, "params": params}))

    def ask(self, method: str, params: object, then: Heard = lambda result: None) -> None:
        """Ask the client something; `then` hears what came of it."""
        self._asked += 1
        id = f"switchyard-{self._asked}"
        self._replies[id] = then
        self._writer.write(messages.write({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))

    def replied(self, id: Id, result: bytes | None) -> bool:
        """The client has answered; False: it was not we who asked."""
        then = self._replies.pop(id, None) if isinstance(id, str) else None
        if then is not None:
            then(result)
        return then is not None

    def relay(self, body: bytes) -> None:
        """Send what somebody else has put into words, unless it answers what has been answered."""
        message = messages.read(body)
        if message.method is not msgspec.UNSET or (message.id is not msgspec.UNSET and self._settle(message.id)):
            self._writer.write(body)

    def _settle(self, id: Id) -> bool:
        waits = id in self.pending
        self.pending.pop(id, None)
        return waits


def deadline(seconds: float, code: int) -> None:
    """End the process in so many seconds, whatever hangs."""

    def run() -> None:
        time.sleep(seconds)
        os._exit(code)

    threading.Thread(target=run, name="deadline", daemon=True).start()
