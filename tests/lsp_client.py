"""The tests' editor: a real server, real stdio, every byte our own; at the end nothing may be owed or unread."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lsp.frames import Frames, frame

PATIENCE = 20.0  # seconds; a server that says nothing for so long has failed
SERVER = (sys.executable, "-I", "-m", "lsp", "lsp")
STATUS = {"experimental": {"switchyardStatus": True}}


class Editor:
    """One server. `heard` are its notifications and its requests to us, in order, until somebody takes them."""

    def __init__(
        self, settings: Sequence[str] = (), env: dict[str, str] | None = None, program: Sequence[str] = SERVER
    ) -> None:
        flags = [word for setting in settings for word in ("--set", setting)]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [*program, *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "SWITCHYARD_CONFIG": "/nowhere/config.toml", **(env or {})},
            bufsize=0,
        )
        assert self.process.stdin
        assert self.process.stdout
        self.stdin, self.stdout = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.stdin, False)
        self.owed: list[Any] = []  # ids that wait for an answer
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self.heard: list[dict[str, Any]] = []
        self._frames = Frames()
        self._ids = 0

    # Writing

    def write(self, chunk: bytes) -> None:
        """Bytes, as they are."""
        rest = memoryview(chunk)
        while rest:
            assert select.select([], [self.stdin], [], PATIENCE)[1], f"the server does not read; {self.log()}"
            rest = rest[os.write(self.stdin, rest) :]

    def send(self, message: object) -> None:
        """A message, whatever is wrong with it."""
        self.write(frame(json.dumps(message).encode()))

    def notify(self, method: str, params: object) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, params: object, id: Any = None) -> Any:
        """Send a request; its id."""
        self._ids += 1
        id = self._ids if id is None else id
        self.owed.append(id)
        self.send({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
        return id

    def request(self, method: str, params: object, id: Any = None) -> Any:
        """Send a request and wait for its result."""
        answer = self.answer(self.ask(method, params, id))
        assert "error" not in answer, answer
        return answer["result"]

    # Reading

    def answer(self, id: Any) -> dict[str, Any]:
        """Wait for the answer to an id."""
        key = json.dumps(id)
        self.listen(lambda: bool(self.answers.get(key)))
        return self.answers[key].pop(0)

    def error(self, id: Any) -> int:
        """Wait for the error that an id is answered with; its code."""
        answer = self.answer(id)
        assert "error" in answer, answer
        return int(answer["error"]["code"])

    def wait(self, method: str) -> Any:
        """Wait for a notification, or a request to us; its parameters."""
        self.listen(lambda: any(it["method"] == method for it in self.heard))
        found = next(it for it in self.heard if it["method"] == method)
        self.heard.remove(found)
        return found.get("params")

    def listen(self, until: Any, patience: float = PATIENCE) -> None:
        """Read until a condition holds."""
        end = time.monotonic() + patience
        while not until():
            assert select.select([self.stdout], [], [], max(0, end - time.monotonic()))[0], f"silence; {self.log()}"
            chunk = os.read(self.stdout, 1 << 16)
            assert chunk, f"the server has ended; {self.log()}"
            self._take(chunk)

    def _take(self, chunk: bytes) -> None:
        for body in self._frames.feed(chunk):
            message = json.loads(body)
            if "method" in message:
                self.heard.append(message)
                if "id" in message:
                    self.send({"jsonrpc": "2.0", "id": message["id"], "result": None})
            else:
                if message["id"] is not None:
                    assert message["id"] in self.owed, f"answered twice, or not asked: {message}"
                    self.owed.remove(message["id"])
                self.answers.setdefault(json.dumps(message["id"]), []).append(message)

    # Gestures

    def hello(self, **params: Any) -> Any:
        """The handshake; the server's capabilities."""
        known = {"processId": None, "rootUri": None, "capabilities": STATUS, **params}
        result = self.request("initialize", known)
        self.notify("initialized", {})
        return result["capabilities"]

    def ready(self) -> None:
        """Wait until an engine answers; statuses before that are passed over."""
        while self.wait("switchyard/status")["state"] != "ready":
            pass

    def open(self, uri: str, text: str, language: str = "python", version: int = 1) -> None:
        item = {"uri": uri, "languageId": language, "version": version, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, version: int | None, *edits: object) -> None:
        """Each edit is a whole text, or ((line, character), (line, character), text)."""
        changes = [{"text": it} if isinstance(it, str) else {"range": span(*it[:2]), "text": it[2]} for it in edits]
        document = {"uri": uri, "version": version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def complete(self, uri: str, line: int, character: int, trigger: int = 2, **context: Any) -> Any:
        """Ask for an inline completion; the id."""
        return self.ask(
            "textDocument/inlineCompletion",
            {
                "textDocument": {"uri": uri},
                "position": {"line": line, "character": character},
                "context": {"triggerKind": trigger, **context},
            },
        )

    def ghosts(self, uri: str, line: int, character: int, trigger: int = 2, **context: Any) -> list[str]:
        """The texts of an inline completion."""
        answer = self.answer(self.complete(uri, line, character, trigger, **context))
        assert "error" not in answer, answer
        return [item["insertText"] for item in (answer["result"] or {"items": []})["items"]]

    def bye(self) -> None:
        """Leave as an editor does; nothing may be owed, unread or twice answered, and the exit code is 0."""
        self.request("shutdown", None)
        self.notify("exit", None)
        assert self.ended() == 0, self.log()
        while chunk := os.read(self.stdout, 1 << 16):
            self._take(chunk)
        assert not self.owed, f"never answered: {self.owed}"
        assert not any(self.answers.values()), f"unread: {self.answers}"
        assert not self._frames.rest, "the last frame is not whole"

    def ended(self, patience: float = PATIENCE) -> int:
        """Wait for the end; the exit code."""
        return self.process.wait(patience)

    def log(self) -> str:
        """What the server has said on stderr."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def kill(self) -> None:
        """End the process if it still runs, and give back what belongs to it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        self._log.close()


def span(start: tuple[int, int], end: tuple[int, int]) -> dict[str, Any]:
    """An LSP range."""
    first, last = ({"line": line, "character": character} for line, character in (start, end))
    return {"start": first, "end": last}


@contextmanager
def editor(*settings: str, say_hello: bool = True, env: dict[str, str] | None = None, **hello: Any) -> Iterator[Editor]:
    """A server that is greeted, used, and left in good order."""
    it = Editor(settings, env)
    try:
        if say_hello:
            it.hello(**hello)
        yield it
        if it.process.poll() is None:
            it.bye()
    finally:
        it.kill()


def scripted(folder: Path, script: str) -> tuple[str, ...]:
    """Launch settings for the scripted engine, with its script in a file."""
    file = folder / "script.toml"
    file.write_text(script, "utf-8")
    return "runtime.engine=scripted", f"runtime.scripted.script={file}"
