"""The process in which files are parsed that nobody has open: it may hang, crash or run out of memory.

Its stdin brings frames of texts (`crossing.py`); each text is answered in its turn with a frame on stdout, and an
empty frame at the start says that it is there. It lives until stdin ends: that is, until its parent does.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from contextlib import suppress

from router.context.parsing import crossing
from router.context.tagging.tags import tags

MEMORY = 2 << 30  # bytes of address space; a tree takes about twenty times its source, which is 2 MB at most
NICENESS = 10
PR_SET_PDEATHSIG = 1
_LONG = 700_000  # code points for which a text is given as much time again; the slowest takes 0.6 s for a million
_GARBAGE = 1_000  # texts after which cycles are looked for; parsing makes none


def main() -> None:
    """Parse until stdin ends; `argv[1]` is how many seconds of computing a short text may take."""
    patience = float(sys.argv[1])
    _be_modest()
    gc.disable()
    out = _private_stdout()
    _write(out, crossing.frame(b""))
    count = 0
    while content := _read():
        for language, text in crossing.ordered(content):
            _limit(patience * (1 + len(text) / _LONG))
            found = tags(language, text)
            _limit(0)
            _write(out, crossing.told(found))
            count += 1
            if count % _GARBAGE == 0:
                gc.collect()


def _be_modest() -> None:
    """After everybody else, in bounded memory, no longer than the parent, and without a trace on the disk."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if sys.platform != "win32":
        import resource

        os.nice(NICENESS)
        for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
            with suppress(ValueError, OSError):  # macOS bounds no address space; a lower limit than ours may stand
                resource.setrlimit(limit, (value, resource.getrlimit(limit)[1]))


def _limit(seconds: float) -> None:
    """After so many seconds of computing the system ends this process, whoever holds the interpreter; 0: never.

    On Windows there is no such clock, and only the parent's counts.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _private_stdout() -> int:
    """Keep the pipe to the parent for ourselves; whatever a library prints goes nowhere."""
    pipe = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return pipe


def _read() -> bytes:
    head = sys.stdin.buffer.read(crossing.HEAD)
    return sys.stdin.buffer.read(int.from_bytes(head, "big"))


def _write(out: int, frame: bytes) -> None:
    left = memoryview(frame)
    while left:
        left = left[os.write(out, left) :]


if __name__ == "__main__":
    main()
