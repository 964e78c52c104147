"""An editor in miniature: starts the language server over stdio, as an editor would, and speaks LSP with it."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lsp.shell.terminal import line
from router import SwitchyardError
from router.context.lines import LINE_END, place
from router.types import Insertion, Span, Status

SERVER = (sys.executable, "-I", "-m", "lsp", "lsp")
# utf-32 makes a column a code point, which is what this side counts in.
_CAPABILITIES = {
    "general": {"positionEncodings": ["utf-32"]},
    "textDocument": {"inlineCompletion": {}, "synchronization": {}},
    "window": {"workDoneProgress": True},
    "experimental": {"switchyardStatus": True},
}


class ServerEnded(SwitchyardError):
    """The language server went away while an answer was owed."""


class Client:
    """One language server of one's own. `statuses` are the engine's, as they were said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.statuses: asyncio.Queue[Status] = asyncio.Queue()
        self._process = process
        self._ids = itertools.count(1)
        self._owed: dict[int, asyncio.Future[Any]] = {}
        self._complaint = ""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._hear_complaints())]

    @classmethod
    async def start(cls, root: Path, settings: Sequence[str] = (), program: Sequence[str] = SERVER) -> Client:
        """Start a server for the workspace `root` with launch settings `key=value`, and shake hands."""
        flags = [word for setting in settings for word in ("--set", setting)]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*program, *flags, stdin=pipe, stdout=pipe, stderr=pipe, cwd=root)
        client = cls(process)
        folder = {"uri": root.as_uri(), "name": root.name}
        hello = {"processId": None, "rootUri": root.as_uri(), "workspaceFolders": [folder]}
        try:
            await client.request("initialize", {**hello, "capabilities": _CAPABILITIES})
        except SwitchyardError:
            await client.stop()
            raise
        client.notify("initialized", {})
        return client

    async def request(self, method: str, params: object, patience: float = 60) -> Any:
        """The result. Raises SwitchyardError: the server refused, went away, or took longer than `patience` s."""
        number = next(self._ids)
        answer = self._owed[number] = asyncio.get_running_loop().create_future()
        if self._tasks[0].done():
            raise self._ended()
        self._send({"id": number, "method": method, "params": params})
        try:
            return await asyncio.wait_for(answer, patience)
        except asyncio.TimeoutError as error:
            raise SwitchyardError(
                f"The language server did not answer {method} within {patience:g} seconds."
            ) from error
        finally:
            self._owed.pop(number, None)

    def notify(self, method: str, params: object) -> None:
        """Send what asks for no answer."""
        self._send({"method": method, "params": params})

    async def stop(self) -> None:
        """End the server as an editor does, and by force if that takes longer than five seconds."""
        if self._process.returncode is None and not self._tasks[0].done():
            try:
                await self.request("shutdown", None, 5)
                self.notify("exit", None)
                await asyncio.wait_for(self._process.wait(), 5)
            except (SwitchyardError, asyncio.TimeoutError, OSError):
                pass
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _send(self, message: dict[str, object]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    async def _listen(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        try:
            while True:
                header = await stream.readuntil(b"\r\n\r\n")
                found = re.search(rb"content-length: *(\d+)", header, re.IGNORECASE)
                self._hear(json.loads(await stream.readexactly(int(found[1]) if found else 0)))
        except (asyncio.IncompleteReadError, ValueError, OSError):
            await self._process.wait()
            await asyncio.wait({self._tasks[1]}, timeout=1)
            for answer in self._owed.values():
                if not answer.done():
                    answer.set_exception(self._ended())

    def _hear(self, message: dict[str, Any]) -> None:
        method, number = message.get("method"), message.get("id")
        if method is None:
            self._settle(message)
        elif number is not None:  # it asks for a progress token or the like: an editor says yes
            self._send({"id": number, "result": None})
        elif method == "switchyard/status":
            it = message["params"]
            self.statuses.put_nowait(Status(it["state"], line(it["message"]), line(it.get("engine", ""))))

    def _settle(self, message: dict[str, Any]) -> None:
        answer = self._owed.get(message.get("id", 0))
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(SwitchyardError(line(str(message["error"].get("message", "")))))
        else:
            answer.set_result(message.get("result"))

    async def _hear_complaints(self) -> None:
        assert self._process.stderr is not None
        while said := await self._process.stderr.read(4096):
            self._complaint = (self._complaint + said.decode("utf-8", "replace"))[-2000:]

    def _ended(self) -> ServerEnded:
        last = line((self._complaint.strip().splitlines() or ["it said nothing"])[-1])
        return ServerEnded(f"The language server ended with exit code {self._process.returncode}: {last}")


class Buffer:
    """One open document; what is done to it is told to the server. Nothing is ever written to the disk."""

    def __init__(self, client: Client, path: Path, language: str, text: str) -> None:
        self.text = text
        self.uri = path.as_uri()
        self._client = client
        self._version = 1
        item = {"uri": self.uri, "languageId": language, "version": 1, "text": text}
        client.notify("textDocument/didOpen", {"textDocument": item})

    def replace(self, start: int, end: int, text: str) -> None:
        """Put `text` in the place of what stands from `start` to `end`, in code points."""
        span = {"start": self._position(start), "end": self._position(end)}
        self.text = self.text[:start] + text + self.text[end:]
        self._version += 1
        document = {"uri": self.uri, "version": self._version}
        changes = [{"range": span, "text": text}]
        self._client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    async def suggest(self, at: int, manual: bool = False) -> Insertion | None:
        """What the server would insert at the cursor; None is silence."""
        context = {"triggerKind": 1 if manual else 2}
        where = {"textDocument": {"uri": self.uri}, "position": self._position(at), "context": context}
        result = await self._client.request("textDocument/inlineCompletion", where)
        items = (result.get("items") if isinstance(result, dict) else result) or []
        if not items:
            return None
        span = items[0]["range"]
        return Insertion(items[0]["insertText"], Span(self._offset(span["start"]), self._offset(span["end"])))

    async def accept(self, insertion: Insertion) -> None:
        """Take a suggestion over, and say so, as an editor does when Tab is pressed."""
        self.replace(insertion.span.start, insertion.span.end, insertion.text)
        command = {"command": "switchyard.accepted", "arguments": [self.uri, insertion.text]}
        await self._client.request("workspace/executeCommand", command)

    def _position(self, offset: int) -> dict[str, int]:
        number, column = place(self.text, offset)
        return {"line": number - 1, "character": column - 1}

    def _offset(self, position: dict[str, int]) -> int:
        ends = (found.end() for found in LINE_END.finditer(self.text))
        start = next(itertools.islice(ends, position["line"] - 1, None), 0) if position["line"] else 0
        return start + position["character"]
