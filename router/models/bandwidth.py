"""How fast this machine's main memory is: measured for half a second, once, and remembered."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from router import homes

BLOCK = 32 << 20  # bytes of each of a thread's two buffers: together more than the caches of all but the largest
THREADS = 4  # enough to fill two memory channels
SECONDS = 0.3  # of measuring; filling the buffers takes some tenths more
LASTS = 30 * 86400  # seconds that a result is believed; it may have been measured on a busy machine
SANE = (1e9, 1e13)  # bytes/s


def folder() -> Path | None:
    """Where the user's caches are, or None where there is no home."""
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return Path(homes.cache(os.environ, str(home), sys.platform))


def of_memory(key: str, cores: int, cache: Path | None) -> float:
    """Bytes/s that main memory can be read with; `key` tells machines apart in the folder `cache` (None: no cache).

    0 where the system has no way to measure it.
    """
    file = cache / "bandwidth.json" if cache else None
    remembered = _read(file)
    now = time.time()
    known = remembered.get(key)
    if known and SANE[0] < known[0] < SANE[1] and 0 <= now - known[1] < LASTS:
        return known[0]
    measured = measure(min(cores, THREADS))
    if measured and file:
        _write(file, {**remembered, key: (measured, now)})
    return measured


def measure(threads: int, block: int = BLOCK, seconds: float = SECONDS) -> float:
    """Bytes/s that so many threads read at once. They compare equal buffers, which only reads, as an engine does."""
    compare = _comparer()
    if compare is None:
        return 0.0
    try:
        pairs = [(_filled(block), _filled(block)) for _ in range(max(1, threads))]
    except MemoryError:
        return 0.0
    began = time.perf_counter()
    counts = [0] * len(pairs)

    def work(at: int) -> None:
        one, other = (ctypes.addressof(buffer) for buffer in pairs[at])
        while time.perf_counter() - began < seconds:
            compare(one, other, block)  # ctypes lets other threads run meanwhile
            counts[at] += 2 * block

    workers = [threading.Thread(target=work, args=(at,), daemon=True) for at in range(len(pairs))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(counts) / max(time.perf_counter() - began, 1e-9)


def _comparer() -> Callable[[int, int, int], int] | None:
    try:
        library = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)
        compare = library.memcmp
    except (OSError, AttributeError):
        return None
    compare.argtypes = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t
    compare.restype = ctypes.c_int
    return compare


def _filled(size: int) -> ctypes.Array[ctypes.c_char]:
    """A buffer that has been written to: untouched pages are all one and the same page, which a cache holds."""
    buffer = ctypes.create_string_buffer(size)
    ctypes.memset(buffer, 1, size)
    return buffer


def _read(file: Path | None) -> dict[str, tuple[float, float]]:
    """What was measured before: bytes/s and when; what is not well-formed is forgotten."""
    try:
        found = json.loads(file.read_text("utf-8")) if file else {}
        return {str(key): (float(value[0]), float(value[1])) for key, value in found.items()}
    except (OSError, ValueError, AttributeError, TypeError, LookupError, RecursionError):
        return {}


def _write(file: Path, values: dict[str, tuple[float, float]]) -> None:
    """Remember; a disk that is full or read-only costs half a second the next time, and nothing else."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.write_text(json.dumps(values), "utf-8")
        draft.replace(file)
