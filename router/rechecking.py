"""Holds a Python text against Python's own compiler, in a child process; nothing of the text is ever executed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

_PATIENCE = 5.0  # seconds
_PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")

def fault(text):
    try:
        compile(text, "file", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno or 1
    except (MemoryError, OverflowError, RecursionError, ValueError):
        return -1
    return 0

print(json.dumps([fault(text) for text in json.load(sys.stdin)]))
"""


def faults(texts: Sequence[str]) -> list[int] | None:
    """The line of each text, from 1, at which this Python gives up; 0: at none; -1: nobody knows. None: no answer.

    Takes up to 5 s; to be called in a thread.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            input=json.dumps(list(texts)).encode("ascii"),
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return [int(it) for it in found] if len(found) == len(texts) else None


def told(before: int, after: int) -> tuple[str, bool]:
    """What the compiler's two answers say to the user, and whether the edit has made things worse."""
    if before == 0 and after > 0:
        return f"Python's compiler rejects what the model made of the file, at line {after}.", True
    if after > 0:
        return f"Python's compiler still rejects the file, at line {after}.", False
    if before > 0 and after == 0:
        return "Python compiles the file again.", False
    return ("Python compiles it." if after == 0 else ""), False
