"""Whether the editor that started us is still there; if it is killed, somebody else may hold the pipe open."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

POLL = 3.0  # seconds, as vscode-languageserver-node has it


async def watch(pid: int | None, gone: Callable[[str], object]) -> None:
    """Call `gone` when the process has ended; a pid that was given to another process since is not it.

    A pid that does not exist at the start tells nothing: the editor lives in another container, or machine.
    """
    birth = born(pid) if pid else ""
    while birth:
        await asyncio.sleep(POLL)
        if born(pid or 0) != birth:
            gone("the editor has ended")
            return


def born(pid: int) -> str:
    """What tells a running process from a later one with the same number; empty: it does not run."""
    if sys.platform == "linux":
        return _linux(pid)
    if os.name != "posix":
        return ""  # there signal 0 would be sent for real; the closed pipe has to do
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except OSError:
        pass  # it is somebody else's, but it is there
    return "runs"


def _linux(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]  # the state, and the start time in ticks since boot
