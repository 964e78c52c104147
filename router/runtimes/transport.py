"""HTTP to an engine, hardened: no proxy, redirect or compression, no endless line, a key only where it belongs.

This module imports httpx; import it where it is needed, not before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx

from router import Incomplete, RuntimeFailure
from router.runtimes.direct import Direct

if TYPE_CHECKING:
    from router.runtimes.faults import Engine

LINE = 1 << 20  # bytes; an honest line of an answer has some hundred
ANSWER = 4 << 20  # bytes; the longest answer that any task could use

# httpx splits a text into lines at these too, where JSON leaves them as they are: escaped, they mean the same.
ODD_LINE_ENDS = {mark.encode(): f"\\u{ord(mark):04x}".encode() for mark in "\x85\u2028\u2029"}


# Seconds of silence after which an engine is given up. The longest silence is that before the first token, when the
# weights are loaded and the prompt is read; httpx knows one time for reading, so it holds between tokens as well.
PROBE, TYPING, LONG, LOAD = 3.0, 30.0, 180.0, 600.0
PULL = 1800.0  # while Ollama checks the sum of what it has fetched it says nothing, and a disk may read 30 MB/s


def timeout(silence: float) -> httpx.Timeout:
    """A second to connect, `silence` seconds for each byte to come."""
    return httpx.Timeout(connect=1.0, read=silence, write=5.0, pool=1.0)


class Guarded(httpx.AsyncBaseTransport):
    """Carries requests to one host; what comes back comes in whole lines, within the caps."""

    def __init__(self, host: str, key: str = "", most: int = ANSWER) -> None:
        self._inner = Direct()
        self._host = httpx.URL(host).host
        self._key = key
        self._most = most

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. The ollama client puts OLLAMA_API_KEY on every request: that goes nowhere."""
        request.headers.pop("authorization", None)
        if self._key and request.url.host == self._host:
            request.headers["authorization"] = f"Bearer {self._key}"
        request.headers["accept-encoding"] = "identity"
        response = await self._inner.handle_async_request(request)
        if response.headers.get("content-encoding", "identity") != "identity":
            await response.aclose()
            raise Incomplete("The engine compressed its answer though it was told not to; reach it without a gateway.")
        stream = response.stream
        assert isinstance(stream, httpx.AsyncByteStream)
        return httpx.Response(
            response.status_code,
            headers=response.headers,
            stream=Lines(stream, self._most),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        await self._inner.aclose()


class Lines(httpx.AsyncByteStream):
    """A body, one whole line at a time, blank ones left out."""

    def __init__(self, inner: httpx.AsyncByteStream, most: int = ANSWER) -> None:
        self._inner = inner
        self._most = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for line in lines(self._inner, self._most):
            yield line

    async def aclose(self) -> None:
        await self._inner.aclose()


async def lines(chunks: AsyncIterator[bytes] | httpx.AsyncByteStream, most: int = ANSWER) -> AsyncIterator[bytes]:
    """The chunks' lines, each with its line end. Raises Incomplete when a cap is reached; `most` bytes are one."""
    kept = bytearray()
    total = 0
    async for chunk in chunks:
        total += len(chunk)
        kept += chunk
        if b"\n" in chunk:
            *whole, rest = kept.split(b"\n")
            kept = bytearray(rest)
            for line in whole:
                if line.strip():
                    yield _tamed(line) + b"\n"
        if total > most or len(kept) > LINE:
            raise Incomplete("The engine's answer has no end and was cut off; ask again, or choose another model.")
    if kept.strip():
        yield _tamed(kept)


def _tamed(line: bytes | bytearray) -> bytes:
    tame = bytes(line)
    for odd, escaped in ODD_LINE_ENDS.items():
        tame = tame.replace(odd, escaped)
    return tame


def client(host: str, silence: float, key: str = "", most: int = ANSWER) -> httpx.AsyncClient:
    """A client for one host. Raises ValueError or httpx.InvalidURL when `host` is not an address."""
    return httpx.AsyncClient(base_url=host, **settings(host, silence, key, most))


def settings(host: str, silence: float, key: str = "", most: int = ANSWER) -> dict[str, Any]:
    """What a client of httpx is constructed with; the ollama client hands it on. Raises as `client` does."""
    _look_at(host)
    return {
        "transport": Guarded(host, key, most),
        "timeout": timeout(silence),
        "follow_redirects": False,
        "trust_env": False,
    }


def _look_at(host: str) -> None:
    """Raise ValueError or httpx.InvalidURL for what httpx takes for an address and no socket can be opened to."""
    url = httpx.URL(host)
    url.raw_host.decode("ascii").encode("idna")  # as the socket will: no empty label, none of more than 63 characters
    if url.scheme not in ("http", "https") or not url.host or not 0 < (url.port or 80) < 1 << 16:
        raise ValueError("This is not the address of a server.")
    if url.userinfo or url.query or url.fragment:
        raise ValueError("An address has no password in it, no question and no fragment.")


def failure(error: Exception, engine: Engine, model: str = "", *, begun: bool = False) -> RuntimeFailure:
    """Our error for one of httpx or of the socket below it; `begun`: part of the answer had come."""
    if isinstance(error, httpx.ReadTimeout):
        return engine.silent()
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, ConnectionError)):
        return engine.absent()
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError)):
        return engine.stranger()
    if isinstance(error, httpx.HTTPError):
        return engine.stranger() if isinstance(error, httpx.RemoteProtocolError) and not begun else engine.broken(model)
    return engine.garbled(model) if begun else engine.stranger()
