"""Holds an edited text against Python's own compiler, or the user's own command; nothing of it is ever executed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence

_PATIENCE = 5.0  # seconds
_CHECKED = 30.0  # seconds that the user's own command may take
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
    read = [text.removeprefix("\ufeff") for text in texts]  # as Python reads a file
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _PROGRAM],
            input=json.dumps(read).encode("ascii"),
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


def judged(check: Sequence[str], path: str, before: str, after: str) -> str:
    """What the user's own command makes of a file before an edit and after: each time of a copy of the same name.

    `{file}` in it stands for the copy, which is the command's last word where none does. Takes up to 60 s.
    """
    name = os.path.basename(check[0])
    program = shutil.which(check[0])
    if program is None:
        return f"{name}, which is to check fixes, is not there."
    was, now = (_content(program, check[1:], path, text) for text in (before, after))
    if now is None:
        return f"{name} took too long to check the file, or could not be run."
    if now:
        return f"{name} is content with the file{'' if was else ' now'}."
    return f"{name} {'objects to the file now' if was else 'still objects to the file'}."


def _content(program: str, words: Sequence[str], path: str, text: str) -> bool | None:
    """Whether a command ends well on a copy of a file; None: it came to no end."""
    with tempfile.TemporaryDirectory(prefix="switchyard-") as folder:
        copy = os.path.join(folder, os.path.basename(path))
        try:
            with open(copy, "wb") as file:
                file.write(text.encode("utf-8", "replace"))
            line = [word.replace("{file}", copy) for word in words]
            done = subprocess.run(
                [program, *line, *([] if any("{file}" in word for word in words) else [copy])],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_CHECKED,
                check=False,
                cwd=folder,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except (OSError, ValueError, subprocess.SubprocessError):
            return None
        return done.returncode == 0
