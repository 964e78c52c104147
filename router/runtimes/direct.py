"""HTTP/1.1 straight over asyncio's streams: the transport that httpx uses on the way from a keystroke to an engine.

httpx's own transport goes through layers for other event loops, proxies and HTTP/2; this one has none of them, and
takes a third of the time (`python -m bench reasons`). h11 does the protocol. While one connection is busy the next
stands ready: a keystroke gives the request before it up by closing its connection, and would wait for a new one.

This module imports httpx; import it where it is needed, not before.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeAlias

import h11
import httpx

CHUNK = 1 << 16
KEPT = 2  # idle connections
_OPEN_ERRORS = (OSError, asyncio.TimeoutError, ValueError, OverflowError)  # the last two: no such host, or port

Streams: TypeAlias = "tuple[asyncio.StreamReader, asyncio.StreamWriter]"
Origin: TypeAlias = "tuple[str, str, int | None]"  # scheme, host, port


class Direct(httpx.AsyncBaseTransport):
    """Sends requests to whatever host they name; for `https`, certificates are checked."""

    def __init__(self) -> None:
        self._idle: list[Connection] = []
        self._tls: ssl.SSLContext | None = None
        self._spare: asyncio.Task[None] | None = None
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The response, its body still to come. A kept connection that was closed meanwhile is made anew, once."""
        body = await request.aread()
        for kept in (self._kept(request), None):
            connection = kept or await self._open(request)
            response = None
            try:
                response = await connection.exchange(request, body, self._done)
                self._prepare(request)
                return response
            except (httpx.RemoteProtocolError, httpx.ReadError):
                # llama.cpp's server closes a connection that was left open as it likes; not one byte had come.
                if kept is None or connection.answered:
                    raise
            finally:
                if response is None:
                    connection.abort()
        raise AssertionError("A fresh connection answers or fails.")

    async def aclose(self) -> None:
        """Close what is idle, and what is still being opened."""
        self._closed = True
        for connection in self._idle:
            connection.abort()
        self._idle.clear()
        if self._spare is not None:
            self._spare.cancel()
            await asyncio.wait((self._spare,))

    def _kept(self, request: httpx.Request) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.alive and connection.origin == _origin(request):
                return connection
            connection.abort()
        return None

    def _prepare(self, request: httpx.Request) -> None:
        """Open a connection for the request that may take this one's place."""

        async def open_one() -> None:
            with suppress(httpx.ConnectError):  # the next request will say so
                self._done(await self._open(request))

        if not (self._idle or self._closed) and (self._spare is None or self._spare.done()):
            self._spare = asyncio.get_running_loop().create_task(open_one())

    def _done(self, connection: Connection) -> None:
        if connection.alive and len(self._idle) < KEPT and not self._closed:
            self._idle.append(connection)
        else:
            connection.abort()

    async def _open(self, request: httpx.Request) -> Connection:
        url, patience = request.url, request.extensions["timeout"]["connect"]
        secure = url.scheme == "https"
        if secure and self._tls is None:
            self._tls = ssl.create_default_context()
        host, port = url.raw_host.decode("ascii").strip("[]"), url.port or (443 if secure else 80)
        opening = asyncio.open_connection(host, port, ssl=self._tls if secure else None)
        try:
            reader, writer = await _within(patience, opening)
        except _OPEN_ERRORS as error:
            raise httpx.ConnectError(f"Nobody answers at port {port}.", request=request) from error
        return Connection(reader, writer, _origin(request))


async def _within(seconds: float, opening: Coroutine[Any, Any, Streams]) -> Streams:
    """What is opened. Whatever happens, cancellation first of all, no connection is left that nobody holds.

    asyncio.wait_for forgets a cancellation that comes just as it is done, before Python 3.12.
    """
    task = asyncio.get_running_loop().create_task(opening)
    try:
        await asyncio.wait((task,), timeout=seconds)
    except asyncio.CancelledError:
        task.add_done_callback(_let_go)
        task.cancel()
        raise
    if not task.done():
        task.cancel()
        task.add_done_callback(_let_go)
        raise asyncio.TimeoutError
    return task.result()


def _let_go(opened: asyncio.Task[Streams]) -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result()[1].transport.abort()


def _origin(request: httpx.Request) -> Origin:
    return request.url.scheme, request.url.host, request.url.port


class Connection:
    """One connection: at most one exchange at a time. `answered`: a byte of the answer has come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, origin: Origin) -> None:
        self._reader, self._writer, self.origin = reader, writer, origin
        self._protocol = h11.Connection(h11.CLIENT)
        self.answered = self._begun = False

    @property
    def alive(self) -> bool:
        """Whether another exchange may be tried on it: nobody has closed it, and nothing came that nobody asked for."""
        reader = self._reader
        unasked = reader._buffer  # type: ignore[attr-defined]  # a StreamReader has no other way to say so
        return not (unasked or reader.at_eof() or self._writer.is_closing() or reader.exception())

    def abort(self) -> None:
        """Close it now: the engine sees it within a millisecond and stops."""
        self._writer.transport.abort()

    async def exchange(self, request: httpx.Request, body: bytes, done: Callable[[Connection], None]) -> httpx.Response:
        """Send a request and read the head of its response; `done` takes the connection when the body was read."""
        self.answered = self._begun = False
        self._writer.write(self._sent(request, body))
        patience: dict[str, float] = request.extensions["timeout"]
        event = await self._event(request, patience)
        while isinstance(event, h11.InformationalResponse):
            event = await self._event(request, patience)
        if not isinstance(event, h11.Response):
            raise httpx.RemoteProtocolError("The answer has no head.", request=request)
        self._begun = True
        stream = Body(self, request, patience, done)
        return httpx.Response(event.status_code, headers=list(event.headers), stream=stream)

    def _sent(self, request: httpx.Request, body: bytes) -> bytes:
        """The bytes of a request. What h11 says of a wrong header quotes it, the key too: that goes no further."""
        try:
            head = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
            sent = [self._protocol.send(event) for event in (head, h11.Data(data=body), h11.EndOfMessage())]
        except h11.LocalProtocolError:
            raise httpx.LocalProtocolError("The request cannot be said in HTTP.", request=request) from None
        return b"".join(part for part in sent if part)

    async def body(self, request: httpx.Request, patience: dict[str, float]) -> AsyncIterator[bytes]:
        """The stretches of the response's body as they come."""
        while not isinstance(event := await self._event(request, patience), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                yield bytes(event.data)
        ended = self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE
        if ended and not self._protocol.trailing_data[0]:  # those would be taken for the next answer
            self._protocol.start_next_cycle()
        else:
            self._writer.close()

    async def _event(self, request: httpx.Request, patience: dict[str, float]) -> Any:
        """The next event of the protocol. Raises httpx's errors."""
        data = b"?"
        try:
            while (event := self._protocol.next_event()) is h11.NEED_DATA:
                data = await self._read(request, patience["read"])
                self.answered = self.answered or bool(data)
                self._protocol.receive_data(data)
        except h11.RemoteProtocolError as error:
            if not data and (self._begun or not self.answered):
                raise httpx.ReadError("The connection was closed.", request=request) from error
            raise httpx.RemoteProtocolError("What answers does not speak HTTP.", request=request) from error
        except OSError as error:
            raise httpx.ReadError("The connection broke.", request=request) from error
        return event

    async def _read(self, request: httpx.Request, seconds: float) -> bytes:
        # A timer costs 2 µs; asyncio.wait_for makes a task for each chunk before Python 3.12.
        late = httpx.ReadTimeout("The engine has gone silent.", request=request)
        timer = asyncio.get_running_loop().call_later(seconds, self._reader.set_exception, late)
        try:
            return await self._reader.read(CHUNK)
        finally:
            timer.cancel()


class Body(httpx.AsyncByteStream):
    """A response's body; closing it before its end closes the connection."""

    def __init__(
        self,
        connection: Connection,
        request: httpx.Request,
        patience: dict[str, float],
        done: Callable[[Connection], None],
    ) -> None:
        self._connection, self._request, self._patience, self._done = connection, request, patience, done
        self._ended = self._left = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for stretch in self._connection.body(self._request, self._patience):
            yield stretch
        self._ended = True

    async def aclose(self) -> None:
        """Give the connection back, once, or close it if the body has not come to its end."""
        if not self._ended:
            self._connection.abort()
        elif not self._left:
            self._left = True
            self._done(self._connection)
