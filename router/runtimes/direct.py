"""HTTP/1.1 straight over asyncio's streams: the transport that httpx uses on the way from a keystroke to an engine.

httpx's own transport takes 1.2 ms from the call to the socket, most of it in layers for other event loops, proxies
and HTTP/2; this one has none of them. h11 does the protocol. While one connection is busy the next stands ready: a
keystroke gives the request before it up by closing its connection, and would wait for a new one (measured: 0.7 ms).

This module imports httpx; import it where it is needed, not before.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import h11
import httpx

CHUNK = 1 << 16
KEPT = 2  # idle connections
_OPEN_ERRORS = (OSError, asyncio.TimeoutError)


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
        while True:
            kept = self._kept()
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

    async def aclose(self) -> None:
        self._closed = True
        if self._spare is not None:
            await asyncio.wait((self._spare,))  # cancelling it could lose a connection that is just there
        for connection in self._idle:
            connection.abort()
        self._idle.clear()

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.alive:
                return connection
            connection.abort()
        return None

    def _prepare(self, request: httpx.Request) -> None:
        """Open a connection for the request that may take this one's place."""

        async def open_one() -> None:
            with suppress(httpx.ConnectError):  # the next request will say so
                self._done(await self._open(request))

        if not self._idle and (self._spare is None or self._spare.done()):
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
        port = url.port or (443 if secure else 80)
        opening = asyncio.open_connection(url.host.strip("[]"), port, ssl=self._tls if secure else None)
        try:
            return Connection(*await asyncio.wait_for(opening, patience))
        except _OPEN_ERRORS as error:
            raise httpx.ConnectError(f"Nobody answers at port {port}.", request=request) from error


class Connection:
    """One connection: at most one exchange at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._protocol = h11.Connection(h11.CLIENT)
        self.answered = False

    @property
    def alive(self) -> bool:
        """Whether another exchange may be tried on it."""
        return not (self._reader.at_eof() or self._writer.is_closing() or self._reader.exception())

    def abort(self) -> None:
        """Close it now: the engine sees it within a millisecond and stops."""
        self._writer.transport.abort()

    async def exchange(self, request: httpx.Request, body: bytes, done: Callable[[Connection], None]) -> httpx.Response:
        """Send a request and read the head of its response; `done` takes the connection when the body was read."""
        self.answered = False
        target = request.url.raw_path
        head = h11.Request(method=request.method, target=target, headers=request.headers.raw)
        sent = [self._protocol.send(event) for event in (head, h11.Data(data=body), h11.EndOfMessage())]
        self._writer.write(b"".join(part for part in sent if part))
        patience: dict[str, float] = request.extensions["timeout"]
        event = await self._event(request, patience)
        while isinstance(event, h11.InformationalResponse):
            event = await self._event(request, patience)
        if not isinstance(event, h11.Response):
            raise httpx.RemoteProtocolError("The answer has no head.", request=request)
        stream = Body(self, request, patience, done)
        return httpx.Response(event.status_code, headers=list(event.headers), stream=stream)

    async def body(self, request: httpx.Request, patience: dict[str, float]) -> AsyncIterator[bytes]:
        """The stretches of the response's body as they come."""
        while not isinstance(event := await self._event(request, patience), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                yield bytes(event.data)
        if self._protocol.our_state is h11.DONE and self._protocol.their_state is h11.DONE:
            self._protocol.start_next_cycle()
        else:
            self._writer.close()

    async def _event(self, request: httpx.Request, patience: dict[str, float]) -> Any:
        """The next event of the protocol. Raises httpx's errors."""
        try:
            while (event := self._protocol.next_event()) is h11.NEED_DATA:
                data = await self._read(request, patience["read"])
                self.answered = self.answered or bool(data)
                self._protocol.receive_data(data)
        except h11.RemoteProtocolError as error:
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
        self._ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for stretch in self._connection.body(self._request, self._patience):
            yield stretch
        self._ended = True

    async def aclose(self) -> None:
        if self._ended:
            self._done(self._connection)
        else:
            self._connection.abort()
