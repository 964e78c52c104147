"""A language server that does nothing: hand-written asyncio that hands each question on to an engine's socket.

It is what the wire, the pipes and the loop cost by themselves. Run by its path: `python -I bare_echo.py [PORT]`.
"""

from __future__ import annotations

import asyncio
import json
import sys


async def main(port: int) -> None:
    """Answer `initialize`; hand on every `textDocument/inlineCompletion`; pass over the rest."""
    loop = asyncio.get_running_loop()
    stdin = asyncio.StreamReader(limit=1 << 26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin.buffer)
    engine, answering = Engine(port), asyncio.create_task(asyncio.sleep(0))
    while True:
        header = await stdin.readuntil(b"\r\n\r\n")
        body = await stdin.readexactly(int(header.split(b":")[1]))
        if b'"textDocument/inlineCompletion"' in body:
            answering.cancel()
            answering = asyncio.create_task(engine.hand_on(body))
        elif b'"id"' in body:
            answer(body, {"capabilities": {}, "serverInfo": {"name": "bare"}})


class Engine:
    """A connection to the engine, kept as long as every answer on it was read to its end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._kept: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def hand_on(self, body: bytes) -> None:
        """The question's own bytes to the engine; once it has answered, or is asked again, silence to the editor."""
        reader, writer = self._kept or await asyncio.open_connection("127.0.0.1", self._port)
        self._kept = None
        try:
            writer.write(b"POST /echo HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            await reader.readuntil(b"0\r\n\r\n")
            self._kept = reader, writer
        finally:
            answer(body, None)
            if self._kept is None:
                writer.close()


def answer(question: bytes, result: object) -> None:
    """One frame to the editor."""
    body = json.dumps({"jsonrpc": "2.0", "id": json.loads(question)["id"], "result": result}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
