"""The language servers that are measured, and an editor's side of the wire to them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

from bench.engine import Event

ROOT = Path(__file__).resolve().parent.parent
# What `python -I -m lsp` does, for a checkout that is not installed, too.
OURS = (sys.executable, "-I", "-c", f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r}); runpy.run_module('lsp', run_name='__main__')")  # fmt: skip  # noqa: E501
BARE_ECHO = (sys.executable, "-I", str(ROOT / "bench" / "bare_echo.py"))
BARE_PYGLS = (sys.executable, "-I", str(ROOT / "bench" / "bare_pygls.py"))
URI = "file:///switchyard-bench/measured.py"


def with_settings(**settings: str) -> tuple[str, ...]:
    """Our server with launch settings; `__` stands for the dot in their names."""
    pairs = (f"{name.replace('__', '.')}={value}" for name, value in settings.items())
    return (*OURS, "lsp", *(word for pair in pairs for word in ("--set", pair)))


class Server:
    """One running language server. Its answers go into `events` as ("answer", id)."""

    def __init__(self, command: Sequence[str], events: SimpleQueue[Event] | None = None) -> None:
        self.events: SimpleQueue[Event] = events if events is not None else SimpleQueue()
        self._asked = 0
        self._home = tempfile.TemporaryDirectory(prefix="switchyard-bench-")
        # Neither this user's settings nor a proxy may bear on what is measured.
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        folders = {f"XDG_{kind}_HOME": self._home.name for kind in ("CONFIG", "STATE", "CACHE")}
        places = {"HOME": self._home.name, "SWITCHYARD_CONFIG": ""} | folders
        pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=nowhere, cwd=self._home.name, env=kept | places, bufsize=0
        )
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def send(self, *bodies: bytes) -> None:
        """Write messages in one go, as an editor does with a change and the question that follows it."""
        assert self.process.stdin is not None
        rest = memoryview(b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies))
        while rest:
            rest = rest[self.process.stdin.write(rest) :]

    def question(self, method: str, params: object) -> tuple[int, bytes]:
        """The id and the body of a request."""
        self._asked += 1
        return self._asked, encoded(method, params, self._asked)

    def start(self) -> float:
        """Shake hands; the seconds until `initialize` is answered."""
        began = time.perf_counter()
        number, body = self.question("initialize", _HELLO)
        self.send(body)
        self.wait(number)
        took = time.perf_counter() - began
        self.send(encoded("initialized", {}))
        return took

    def open(self, text: str) -> None:
        """Open the one document."""
        item = {"uri": URI, "languageId": "python", "version": 1, "text": text}
        self.send(encoded("textDocument/didOpen", {"textDocument": item}))

    def wait(self, number: int, patience: float = 30.0) -> None:
        """Until the request `number` is answered. Raises queue.Empty."""
        while self.events.get(timeout=patience) != ("answer", number):
            pass

    def memory(self) -> tuple[float, float]:
        """What the server holds in MB: resident, and its proportional share of what it shares (0: unknown)."""
        process = Path("/proc", str(self.process.pid))
        found = [0.0, 0.0]
        for at, (name, field) in enumerate((("status", "VmRSS:"), ("smaps_rollup", "Pss:"))):
            lines = (process / name).read_text().splitlines() if (process / name).is_file() else []
            found[at] = next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(field)), 0.0)
        return found[0], found[1]

    def stop(self) -> None:
        """End the server."""
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        self._home.cleanup()

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        held = b""
        while chunk := stream.read(1 << 18):
            held += chunk
            while (whole := _first(held)) is not None:
                body, held = whole
                self._hear(json.loads(body))

    def _hear(self, message: dict[str, object]) -> None:
        number = message.get("id")
        if "method" in message and number is not None:
            self.send(json.dumps({"jsonrpc": "2.0", "id": number, "result": None}).encode())
        elif isinstance(number, int):
            self.events.put(("answer", number))


def encoded(method: str, params: object, number: int | None = None) -> bytes:
    """The body of a request, or of a notification when it has no number."""
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    return json.dumps(message if number is None else message | {"id": number}).encode()


def _first(held: bytes) -> tuple[bytes, bytes] | None:
    """The first body and what follows it, once it is all there."""
    head, found, rest = held.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split()[0]) if found else 0
    return (rest[:length], rest[length:]) if found and len(rest) >= length else None


_HELLO = {
    "processId": None,
    "clientInfo": {"name": "bench"},
    "rootUri": None,
    "capabilities": {
        "general": {"positionEncodings": ["utf-16"]},
        "textDocument": {"inlineCompletion": {"dynamicRegistration": True}, "synchronization": {"didSave": True}},
        "workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}},
        "window": {"workDoneProgress": True},
    },
}
