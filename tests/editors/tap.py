"""A tap on the line between the server and its engine: it hears all, and can hold a stream back."""

from __future__ import annotations

import json
import re
import select
import socket
import threading
from types import TracebackType
from typing import Any

HEAD = re.compile(rb"POST (?P<path>\S+) HTTP/1\.1\r\n(?P<headers>.*?)\r\n\r\n", re.S)
LENGTH = re.compile(rb"content-length: *(\d+)", re.I)


class Tap:
    """Passes bytes on to `engine` (host, port). `streaming`: a stretch of an answer has gone through."""

    def __init__(self, engine: tuple[str, int]) -> None:
        self.engine = engine
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        self.asked, self.said = b"", b""
        self.held = self.closing = False
        self.hung_up = 0  # how often the server closed a stream that had not come to its end
        self.streaming = threading.Event()
        self.threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Tap:
        self.threads[0].start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.closing = True
        for thread in self.threads:
            thread.join()
        self.door.close()

    def _accept(self) -> None:
        while not self.closing:
            if select.select([self.door], [], [], 0.05)[0]:
                self.threads.append(threading.Thread(target=self._pass_on, args=(self.door.accept()[0],)))
                self.threads[-1].start()

    def _pass_on(self, client: socket.socket) -> None:
        said = b""
        with client, socket.create_connection(self.engine) as engine:
            while not self.closing:
                held = self.held and b"data: " in said
                for side in select.select([client] if held else [client, engine], [], [], 0.05)[0]:
                    stretch = side.recv(1 << 16)
                    if side is client and not stretch:
                        self.hung_up += b"data: " in said and b"data: [DONE]" not in said
                    if not stretch:
                        return
                    if side is client:
                        self.asked, said = self.asked + stretch, b""
                        engine.sendall(stretch)
                    else:
                        self.said, said = self.said + stretch, said + stretch
                        client.sendall(stretch)
                        if b"data: " in said:
                            self.streaming.set()

    def questions(self) -> list[tuple[str, dict[str, Any]]]:
        """Path and body of every POST."""
        found = []
        for head in HEAD.finditer(self.asked):
            length = LENGTH.search(head["headers"])
            body = self.asked[head.end() : head.end() + int(length[1] if length else 0)]
            found.append((head["path"].decode(), json.loads(body)))
        return found
