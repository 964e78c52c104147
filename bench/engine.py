"""An engine that answers at once, or holds its answer back, and stamps the moment at which a whole request is there.

It lives in the measuring program itself, so that a key and its request are stamped by one clock.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from queue import SimpleQueue
from typing import TypeAlias

Event: TypeAlias = "tuple[str, float | int]"

MODEL = "qwen2.5-coder:1.5b"
UNTYPED = "§"  # what an engine says that holds its answer back: were it typed, there would be no new request
ASKED = ("/api/generate", "/v1/completions", "/echo")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Engine:
    """Speaks as much of Ollama's and OpenAI's protocols as a completion needs.

    Each request for a completion puts ("request", seconds) into `events`, and one that is given up ("closed", seconds).
    `hold`: the answer begins but does not end, as a model's does while it thinks, until the other side gives up.
    """

    def __init__(self, events: SimpleQueue[Event]) -> None:
        self.hold = False
        self._events = events
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    def close(self) -> None:
        """Stop listening; open connections end with their other side."""
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        held = b""
        try:
            while chunk := connection.recv(1 << 18):
                held += chunk
                head, found, body = held.partition(b"\r\n\r\n")
                length = _LENGTH.search(head)
                if found and len(body) >= (int(length[1]) if length else 0):
                    self._answer(connection, head.split(b" ", 2)[1].decode())
                    held = b""
        except OSError:
            return
        finally:
            connection.close()

    def _answer(self, connection: socket.socket, path: str) -> None:
        if path not in ASKED:
            connection.sendall(_whole(_said_of_itself(path)))
            return
        self._events.put(("request", time.perf_counter()))
        kind, first, last = _completion(path, UNTYPED if self.hold else " ")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        if self.hold:
            connection.sendall(head + _chunk(first))
            while connection.recv(1 << 16):
                pass
            self._events.put(("closed", time.perf_counter()))
        else:
            connection.sendall(head + _chunk(first) + _chunk(last) + b"0\r\n\r\n")


def _completion(path: str, word: str) -> tuple[str, bytes, bytes]:
    """The content type, and the first and the last stretch of an answer that begins with this word."""
    if path == "/api/generate":
        last = {"response": "", "done": True, "done_reason": "stop", "eval_count": 1, "prompt_eval_count": 1}
        lines = [json.dumps({"model": MODEL, "done": False, "response": word} | extra) + "\n" for extra in ({}, last)]
        return "application/x-ndjson", lines[0].encode(), lines[1].encode()
    choice = {"index": 0, "text": word, "finish_reason": None}
    lines = [f"data: {json.dumps({'choices': [choice | extra]})}\n\n" for extra in ({}, {"finish_reason": "stop"})]
    return "text/event-stream", lines[0].encode(), (lines[1] + "data: [DONE]\n\n").encode()


def _said_of_itself(path: str) -> dict[str, object]:
    size = {"size": 986_061_892, "digest": "0" * 64, "details": {"family": "qwen2", "parameter_size": "1.5B"}}
    ollamas = {"name": MODEL, "model": MODEL, **size}
    answers: dict[str, dict[str, object]] = {
        "/api/version": {"version": "0.30.0"},
        "/api/tags": {"models": [ollamas | {"modified_at": "2026-01-01T00:00:00Z"}]},
        "/api/ps": {"models": [ollamas | {"expires_at": "2999-01-01T00:00:00Z", "size_vram": 0, "context_length": 0}]},
        "/api/show": {
            "capabilities": ["completion", "insert"],
            "details": size["details"],
            "model_info": {"general.architecture": "qwen2", "qwen2.context_length": 32768},
        },
        "/v1/models": {"object": "list", "data": [{"id": MODEL, "object": "model", "owned_by": "somebody"}]},
    }
    return answers.get(path, {"status": "ok"})


def _whole(said: dict[str, object]) -> bytes:
    body = json.dumps(said).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def _chunk(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(body), body)
