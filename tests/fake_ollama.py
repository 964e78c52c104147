"""A double of Ollama made of bare sockets: it says, cuts, stalls and lies on cue, byte for byte."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

Writer: TypeAlias = asyncio.StreamWriter
Way: TypeAlias = "Callable[[Writer], Awaitable[None]]"


class Fake:
    """Answers each request by the way of its path; `heard` are the requests, `hung_up` is set when a client goes."""

    def __init__(self, ways: dict[str, Way]) -> None:
        self.ways = USUAL | ways
        self.heard: list[tuple[str, dict[str, str], bytes]] = []
        self.hung_up = asyncio.Event()
        self.serving: set[asyncio.Task[None]] = set()
        self.host = ""

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.heard]

    def bodies(self, path: str) -> list[Any]:
        return [json.loads(body) for heard, _, body in self.heard if heard == path]

    async def answer(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        """Serve one connection; one that a client only keeps ready does not count as a client that goes."""
        heard = len(self.heard)
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if len(self.heard) > heard:
                self.hung_up.set()
            writer.close()
            try:  # only then is the socket given back, and the loop may end
                await writer.wait_closed()
            except OSError:
                pass
            except asyncio.CancelledError:  # who is served no longer reads what was written
                writer.transport.abort()
                await asyncio.sleep(0)
            self.serving.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: Writer) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        path = head[0].split()[1]
        self.heard.append((path, headers, body))
        answering = asyncio.ensure_future(self.ways.get(path, refuse(404, '{"error": "not found"}'))(writer))
        leaving = asyncio.ensure_future(reader.read(1))  # nobody pipelines: this ends when the client hangs up
        await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            answering.cancel()
            await asyncio.wait((answering,))
            leaving.exception()
            return False
        leaving.cancel()
        await asyncio.wait((leaving,))
        answering.result()
        return not writer.is_closing() and not reader.at_eof()


@asynccontextmanager
async def serving(ways: dict[str, Way] | None = None, port: int = 0) -> AsyncIterator[Fake]:
    """A fake on a loopback port (0: any) while the block runs."""
    fake = Fake(ways or {})
    server = await asyncio.start_server(fake.answer, "127.0.0.1", port)
    fake.host = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield fake
    finally:
        server.close()
        if fake.serving:  # all clients have gone; what is left only has to notice
            await asyncio.wait(fake.serving, timeout=5)


# Ways to answer. Those that stream leave the connection open unless they say otherwise.


def reply(said: Any, status: int = 200, kind: str = "application/json", extra: str = "") -> Way:
    """A whole answer at once; `said` is JSON unless it is a str already."""
    text = said if isinstance(said, str) else json.dumps(said)

    async def way(writer: Writer) -> None:
        body = text.encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return way


def refuse(status: int, text: str, extra: str = "") -> Way:
    return reply(text, status, extra=extra)


def html(status: int = 200) -> Way:
    return reply("<!doctype html><title>Welcome</title>", status, "text/html")


def stream(*parts: bytes, end: Way | None = None, kind: str = "application/x-ndjson") -> Way:
    """A chunked answer of these bytes, one HTTP chunk each; then `end`, which is by default its honest end."""

    async def way(writer: Writer) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for part in parts:
            writer.write(b"%x\r\n%s\r\n" % (len(part), part))
            await writer.drain()
        await (end or whole)(writer)

    return way


async def whole(writer: Writer) -> None:
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def cut(writer: Writer) -> None:
    """FIN in the middle of the answer."""
    await writer.drain()
    writer.close()


async def reset(writer: Writer) -> None:
    """RST in the middle of the answer, after what was said has had time to be read."""
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def silence(writer: Writer) -> None:
    await asyncio.Event().wait()


async def endless(writer: Writer) -> None:
    """A line without an end, as long as somebody listens."""
    while True:
        writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        await writer.drain()


async def chatter(writer: Writer) -> None:
    """Lines without an end, each of them in order, as long as somebody listens."""
    line = ndjson({"response": "x" * 4096, "done": False})
    while True:
        writer.write(b"%x\r\n%s\r\n" % (len(line), line))
        await writer.drain()


def ndjson(*said: Any) -> bytes:
    return b"".join(json.dumps(it, ensure_ascii=False).encode() + b"\n" for it in said)


def say(*texts: str) -> tuple[bytes, ...]:
    return tuple(ndjson({"model": "m", "response": text, "done": False}) for text in texts)


def done(**more: Any) -> bytes:
    return ndjson({"model": "m", "response": "", "done": True, "done_reason": "stop", **more})


USUAL: dict[str, Way] = {
    "/api/version": reply({"version": "0.32.0"}),
    "/api/tags": reply({"models": [{"name": "qwen2.5-coder:1.5b", "model": "qwen2.5-coder:1.5b", "size": 986}]}),
    "/api/ps": reply({"models": [{"name": "qwen2.5-coder:1.5b", "model": "qwen2.5-coder:1.5b"}]}),
    "/api/show": reply({"template": "", "capabilities": ["completion", "insert"], "model_info": {}, "details": {}}),
    "/api/generate": stream(*say("a", "b"), done(prompt_eval_count=7, eval_count=2)),
    "/api/chat": reply({"error": "not found"}, 404),
}
