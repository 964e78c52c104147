"""How far a job is, in the editor's own bar, in which the user may stop it."""

from __future__ import annotations

import asyncio
import time
from asyncio import Task
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from lsp.connection import Connection
from lsp.messages import Done
from lsp.present import Notices

Report: TypeAlias = "Callable[[int, int, str], None]"  # how many are done, of how many, and what comes now


class Bars:
    """The bars of what is under way; an editor that announced none gets none."""

    def __init__(self, connection: Connection, notices: Notices) -> None:
        self._wire, self._notices = connection.wire, notices
        self._tasks: dict[int | str, Task[Any]] = {}
        self._count = 0
        self._shown: set[str] = set()
        connection.notifications["window/workDoneProgress/cancel"] = (Done, self._cancelled)

    @contextmanager
    def bar(self, title: str, measured: bool = False) -> Iterator[Report]:
        """A bar while it lasts, `measured` if it hears how far it is; stopping it there cancels the current task."""
        task = asyncio.current_task()
        assert task is not None
        self._count += 1
        token, begun = f"switchyard-job-{self._count}", time.monotonic()
        self._tasks[token] = task
        if self._notices.progress:
            begin = {"kind": "begin", "title": title, "cancellable": True} | ({"percentage": 0} if measured else {})
            self._wire.ask(
                "window/workDoneProgress/create", {"token": token}, lambda result: self._begin(token, begin, result)
            )
        try:
            yield lambda done, of, what: self._report(token, done, of, what, time.monotonic() - begun)
        finally:
            self._tasks.pop(token, None)
            if token in self._shown:
                self._shown.discard(token)
                self._say(token, {"kind": "end"})

    def _begin(self, token: str, begin: dict[str, Any], created: bytes | None) -> None:
        if created is not None and token in self._tasks:
            self._shown.add(token)
            self._say(token, begin)

    def _report(self, token: str, done: int, of: int, what: str, spent: float) -> None:
        if token in self._shown:
            left = f"{spent / done * (of - done):.0f} s left, " if done else ""
            self._say(token, {"kind": "report", "message": f"{left}{what}", "percentage": 100 * done // max(1, of)})

    def _say(self, token: str, value: dict[str, Any]) -> None:
        self._wire.notify("$/progress", {"token": token, "value": value})

    def _cancelled(self, params: Done) -> None:
        if (task := self._tasks.get(params.token)) is not None:
            task.cancel()
