"""HTTP over bare sockets: what is kept, what is closed, and that nothing is left open, whatever a server does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.runtimes import direct, transport

Answer: TypeAlias = "bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]"

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nAfter: all\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n"
CLOSED = b""
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


class Server:
    """Gives the answers in order, one for each request; an empty one is the end of its connection."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.answers = list(answers)
        self.heard: list[int] = []  # for each request, the number of its connection
        self.asked = asyncio.Event()
        self.host = ""
        self.writers: list[asyncio.StreamWriter] = []
        self.serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        number, task = len(self.writers), asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            while await self._one(reader, writer, number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.serving.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        sized = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(sized or 0))
        self.heard.append(number)
        self.asked.set()
        answer = self.answers.pop(0)
        if not isinstance(answer, bytes):
            await answer(reader, writer)
            return False
        writer.write(answer)
        await writer.drain()
        return bool(answer) and b"HTTP/1.0" not in answer

    async def empty(self) -> None:
        """Wait until every connection has ended."""
        while self.serving:
            await asyncio.wait_for(asyncio.wait(set(self.serving)), 5)


@asynccontextmanager
async def serving(*answers: Answer, ready: bool = False, read: float = 5) -> AsyncIterator[tuple[Server, Any]]:
    """A server and a client; at the end no connection may be left. `ready`: the next one stands ready."""
    double = Server(answers)
    server = await asyncio.start_server(double.serve, "127.0.0.1", 0)
    double.host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    way = direct.Direct()
    if not ready:
        way._prepare = lambda request: None  # type: ignore[method-assign]
    client = httpx.AsyncClient(transport=way, base_url=double.host, timeout=transport.timeout(read))
    try:
        yield double, client
    finally:
        await client.aclose()
        server.close()
        await double.empty()


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


@pytest.mark.parametrize(
    ("method", "answer", "body"),
    [
        ("GET", SIZED, b"hello"),
        ("POST", SIZED, b"hello"),
        ("GET", CHUNKED, b"hello"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", b""),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b""),
        ("POST", b"HTTP/1.1 100 Continue\r\n\r\n" + SIZED, b"hello"),
    ],
    ids=["sized", "posted", "chunked", "204", "304", "HEAD", "100"],
)
def test_what_has_an_end_leaves_its_connection_to_the_next(method: str, answer: bytes, body: bytes) -> None:
    async def work() -> None:
        async with serving(answer, SIZED) as (server, client):
            first = await client.request(method, "/a", content=b"x" if method == "POST" else None)
            assert first.content == body
            assert (await client.get("/b")).content == b"hello"
            assert server.heard == [1, 1]

    run(work)


def test_what_ends_with_its_connection_is_read_to_its_end() -> None:
    async def work() -> None:
        async with serving(b"HTTP/1.0 200 OK\r\n\r\nhello", SIZED) as (server, client):
            assert (await client.get("/")).content == b"hello"
            assert (await client.get("/")).content == b"hello"
            assert server.heard == [1, 2]

    run(work)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=20), st.sampled_from((SIZED, CHUNKED)))
def test_an_answer_may_be_cut_anywhere(sizes: list[int], answer: bytes) -> None:
    class Pieces(asyncio.StreamReader):
        async def read(self, n: int = -1) -> bytes:
            size = sizes[len(self.rest) % len(sizes)]
            piece, self.rest = self.rest[:size], self.rest[size:]
            return piece

        rest = answer

    class Nowhere:
        def write(self, said: bytes) -> None: ...
        def is_closing(self) -> bool:
            return False

    async def work() -> None:
        connection = direct.Connection(Pieces(), Nowhere(), ("http", "a", None))  # type: ignore[arg-type]
        request = httpx.Request("GET", "http://a/", extensions={"timeout": {"read": 5}})
        response = await connection.exchange(request, b"", lambda connection: None)
        assert await response.aread() == b"hello"
        assert connection.alive

    run(work)


# Servers that close


@pytest.mark.parametrize(
    ("answers", "heard"), [((CLOSED,), [1]), ((SIZED, CLOSED, CLOSED), [1, 1, 2])], ids=["fresh", "kept"]
)
def test_a_server_that_ends_before_a_byte_has_broken_off(answers: tuple[bytes, ...], heard: list[int]) -> None:
    async def work() -> None:
        async with serving(*answers) as (server, client):
            for _ in answers[:-2]:
                await client.get("/")
            with pytest.raises(httpx.ReadError):
                await client.get("/")
            assert server.heard == heard

    run(work)


def test_a_kept_connection_that_the_server_closes_is_made_anew_once() -> None:
    async def work() -> None:
        async with serving(SIZED, CLOSED, SIZED) as (server, client):
            await client.get("/")
            assert (await client.get("/")).content == b"hello"
            assert server.heard == [1, 1, 2]

    run(work)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", httpx.RemoteProtocolError, id="another protocol"),
        pytest.param(b"HTTP/1.1 200", httpx.RemoteProtocolError, id="half a head"),
        pytest.param(HEAD + b"zz\r\n", httpx.RemoteProtocolError, id="no chunk"),
        pytest.param(HEAD + b"9\r\nab", httpx.ReadError, id="half a chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", httpx.ReadError, id="half a body"),
    ],
)
def test_an_answer_that_breaks_off_is_told_from_one_that_is_none(answer: bytes, fault: type[Exception]) -> None:
    async def ending(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    async def work() -> None:
        async with serving(ending, SIZED) as (server, client):
            with pytest.raises(fault) as caught:
                await client.get("/")
            assert type(caught.value) is fault
            assert (await client.get("/")).content == b"hello"
            assert server.heard == [1, 2]

    run(work)


# Bytes that nobody asked for


def test_bytes_behind_an_answer_are_not_the_next_one() -> None:
    async def work() -> None:
        async with serving(SIZED + EVIL, SIZED) as (server, client):
            assert (await client.get("/")).content == b"hello"
            assert (await client.get("/")).content == b"hello"
            assert server.heard == [1, 2]

    run(work)


def test_bytes_that_come_while_nobody_asks_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        async with serving(SIZED, SIZED) as (server, client):
            await client.get("/")
            (idle,), came = client._transport._idle, asyncio.Event()
            feed = idle._reader.feed_data
            monkeypatch.setattr(idle._reader, "feed_data", lambda said: (feed(said), came.set()))
            server.writers[0].write(EVIL)
            await came.wait()
            assert (await client.get("/")).content == b"hello"
            assert server.heard == [1, 2]

    run(work)


def test_a_connection_is_for_the_host_it_was_made_to() -> None:
    async def work() -> None:
        async with serving(SIZED) as (other, _), serving(SIZED) as (_, client):
            await client.get("/")
            await client.get(other.host)
            assert other.heard == [1]

    run(work)


def test_a_body_that_is_closed_twice_is_given_back_once() -> None:
    async def work() -> None:
        async with serving(SIZED) as (_, client):
            response = await client.get("/")
            await response.stream.aclose()
            assert len(client._transport._idle) == 1

    run(work)


# Patience, and the lack of it


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Nothing, until the other side has gone."""
    await reader.read()


async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    await reader.read()


@pytest.mark.parametrize("answer", [silence, half])
def test_silence_ends_the_connection(answer: Answer) -> None:
    async def work() -> None:
        async with serving(answer, SIZED, read=0.05) as (server, client):
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/")
            assert not client._transport._idle
            assert (await client.get("/")).content == b"hello"
            assert server.heard == [1, 2]

    run(work)


@pytest.mark.parametrize("answer", [silence, half], ids=["head", "body"])
def test_a_request_given_up_closes_its_connection(answer: Answer) -> None:
    async def work() -> None:
        async with serving(answer) as (server, client):
            asking = asyncio.create_task(client.get("/"))
            await server.asked.wait()
            asking.cancel()
            await server.empty()
            assert asking.cancelled()

    run(work)


def test_a_request_given_up_just_as_it_connects_leaves_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    real = asyncio.open_connection

    async def work() -> None:
        async with serving(SIZED) as (server, client):

            async def racing(*args: Any, **named: Any) -> Any:
                opened = await real(*args, **named)
                asking.cancel()
                return opened

            monkeypatch.setattr(asyncio, "open_connection", racing)
            asking = asyncio.create_task(client.get("/"))
            await asyncio.wait((asking,))
            assert asking.cancelled()
            await server.empty()
            assert not server.heard

    run(work)


def test_what_takes_too_long_to_connect_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*args: Any, **named: Any) -> Any:
        await asyncio.Event().wait()

    async def work() -> None:
        async with serving() as (_, client):
            monkeypatch.setattr(asyncio, "open_connection", never)
            with pytest.raises(httpx.ConnectError):
                await client.get("/", timeout=httpx.Timeout(5, connect=0.01))

    run(work)


@pytest.mark.parametrize("arrived", [False, True])
def test_the_connection_that_stands_ready_is_closed_too(monkeypatch: pytest.MonkeyPatch, arrived: bool) -> None:
    real = asyncio.open_connection

    async def work() -> None:
        async with serving(SIZED, ready=True) as (server, client):
            opening = asyncio.Event()

            async def slow(*args: Any, **named: Any) -> Any:
                opening.set()
                if not arrived:
                    await asyncio.Event().wait()
                return await real(*args, **named)

            asking = asyncio.create_task(client.get("/"))
            await server.asked.wait()
            monkeypatch.setattr(asyncio, "open_connection", slow)
            await asking
            await opening.wait()
            spare = client._transport._spare
            if arrived:
                await asyncio.wait((spare,))
            await client.aclose()
            assert spare.done()
            await server.empty()
            assert not client._transport._idle

    run(work)


# What cannot be sent


@pytest.mark.parametrize("host", ["http://a..b", "http://127.0.0.1:99999", f"http://{'a' * 70}.example"])
def test_what_is_no_address_is_where_nobody_answers(host: str) -> None:
    async def work() -> None:
        async with serving() as (_, client):
            with pytest.raises(httpx.ConnectError):
                await client.get(host)

    run(work)


def test_a_header_that_cannot_be_sent_is_not_quoted() -> None:
    async def work() -> None:
        async with serving() as (_, client):
            with pytest.raises(httpx.LocalProtocolError) as caught:
                await client.get("/", headers={"authorization": "Bearer SE\nCRET"})
            assert "CRET" not in str(caught.value)
            assert caught.value.__cause__ is None

    run(work)
