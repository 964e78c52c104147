"""Looks at this machine, or reads its description: memory that is free, accelerators, and how fast both are."""

from __future__ import annotations

import ctypes
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

from msgspec import Struct

from router import BadConfig
from router.models import accelerators, bandwidth, known
from router.models.hardware import Machine, System

LONGEST_FILE = 1 << 20  # bytes
CLOCK = 3e9  # Hz, where the system does not tell
SYSCTL = "hw.memsize hw.physicalcpu machdep.cpu.brand_string iogpu.wired_limit_mb".split()
FREE_PAGES = "free", "inactive", "speculative", "purgeable"  # of vm_stat: what macOS gives to who asks


class Processor(Struct, frozen=True):
    """`flops` is what its vector units could do with fp32, by cores and clock."""

    name: str
    cores: int
    flops: float


def read(path: Path) -> Machine:
    """The machine that a file describes. Raises BadConfig, which names file, line and key."""
    try:
        path = path.expanduser()
        if path.stat().st_size > LONGEST_FILE:
            raise BadConfig(f"{path} is too long to describe a machine; correct machine.file.")
        text = path.read_text("utf-8")
    except OSError as error:
        raise BadConfig(f"{path} cannot be read: {error.strerror}; correct machine.file.") from error
    except ValueError as error:  # a NUL in the name, or no UTF-8
        raise BadConfig(f"{path} is not a UTF-8 text file; correct machine.file.") from error
    return known.described(text, str(path))


def found(file: str) -> Machine:
    """The machine that `machine.file` describes, or this one as it is now. Raises BadConfig."""
    return read(Path(file)) if file else probe()


def probe(root: Path = Path("/"), cache: Path | None = None) -> Machine:
    """This machine as it is now. Blocks for about a second the first time, later for some hundredths.

    `root` is where /proc and /sys are, `cache` the folder that remembers how fast memory is (None: the user's). Never
    raises: what cannot be found out is a note.
    """
    cache = cache or bandwidth.folder()
    if sys.platform == "darwin":
        return _mac(cache)
    system: System = "windows" if sys.platform == "win32" else "linux"
    memory, free = _windows_memory() if system == "windows" else _linux_memory(root)
    found = accelerators.nvidia()
    radeons = accelerators.amd(root)
    cpu = _processor(root)
    speed = bandwidth.of_memory(f"{cpu.name}, {cpu.cores} cores", cpu.cores, cache)
    notes = [*found.notes, *radeons.notes, *_regrets(memory, speed)]
    gpus = (*found, *radeons)
    name = ", ".join(it.name for it in gpus) or cpu.name
    return Machine(name, memory, free, speed, cpu.flops, cpu.cores, gpus, system=system, notes=tuple(notes))


def _regrets(memory: int, speed: float) -> list[str]:
    """What to say of main memory when it could not be asked."""
    said = "" if memory else "The system does not say how much memory it has; describe the machine in machine.file."
    slow = "" if speed else "How fast main memory is cannot be measured here; describe the machine in machine.file."
    return [it for it in (said, slow) if it]


def _linux_memory(root: Path) -> tuple[int, int]:
    """Bytes in all and free, in what this process may use of them: a container may have a limit of its own."""
    facts: dict[str, str] = dict(re.findall(r"(?m)^(\w+): +(\d{1,15}) kB", _text(root / "proc/meminfo")))
    memory = _number(facts.get("MemTotal", "")) * 1024
    free = _number(facts.get("MemAvailable") or facts.get("MemFree", "")) * 1024
    for limit, used in _limits(root):
        if limit < memory:
            memory, free = limit, min(free, max(0, limit - used))
    return memory, free


def _limits(root: Path) -> list[tuple[int, int]]:
    """The memory limits of this process' control groups and all groups above, in both versions, and what is used."""
    found = []
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers and "memory" not in controllers.split(","):
            continue
        top = root / ("sys/fs/cgroup/memory" if controllers else "sys/fs/cgroup")
        limit, usage = ("limit_in_bytes", "usage_in_bytes") if controllers else ("max", "current")
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(parts), -1, -1):
            group = top.joinpath(*parts[:depth])
            most, used = (_number(_text(group / f"memory.{what}")) for what in (limit, usage))
            if most:
                reclaimable = re.search(r"(?m)^inactive_file (\d+)$", _text(group / "memory.stat"))
                found.append((most, max(0, used - int(reclaimable[1] if reclaimable else 0))))
    return found


def _windows_memory() -> tuple[int, int]:
    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_uint32), ("load", ctypes.c_uint32)] + [
            (name, ctypes.c_uint64)
            for name in ("total", "free", "pages", "pages_free", "virtual", "virtual_free", "more")
        ]

    status = Status(length=ctypes.sizeof(Status))
    kernel: Any = getattr(ctypes, "windll").kernel32  # noqa: B009  # the type checker runs elsewhere, too
    kernel.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(status.total), int(status.free)


def _processor(root: Path) -> Processor:
    text = _text(root / "proc/cpuinfo")
    named = re.search(r"(?m)^model name\s*:\s*(.+)$", text)
    logical = _affinity()
    pairs = set(re.findall(r"(?m)^physical id\s*:\s*(\d+)$[\s\S]*?^core id\s*:\s*(\d+)$", text))
    cores = min(len(pairs) or logical, logical, _quota(root) or logical)
    fastest = _number(_text(root / "sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")) * 1e3
    now = max((float(it) * 1e6 for it in re.findall(r"(?m)^cpu MHz\s*:\s*([\d.]{1,9})$", text)), default=0.0)
    # Two fused multiply-adds per cycle on 256 bits, or on the 128 bits of what has no AVX2.
    wide = re.search(r"\bavx2\b", text) if text else platform.machine().lower() in ("amd64", "x86_64")
    name = named[1].strip() if named else platform.processor() or "processor"
    return Processor(name, cores, cores * (fastest or now or CLOCK) * (32 if wide else 16))


def _affinity() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _quota(root: Path) -> int:
    """Whole cores that the control group allows, at least one; 0: no limit."""
    quota, _, period = _text(root / "sys/fs/cgroup/cpu.max").partition(" ")
    return max(1, _number(quota) // _number(period)) if _number(quota) and _number(period) else 0


def _mac(cache: Path | None) -> Machine:
    facts = dict(re.findall(r"(?m)^([\w.]+): (.*)$", _asked("sysctl", *SYSCTL)))
    memory = _number(facts.get("hw.memsize", ""))
    pages = _asked("vm_stat")
    size = re.search(r"page size of (\d+) bytes", pages)
    free = sum(map(int, re.findall(rf"(?m)^Pages (?:{'|'.join(FREE_PAGES)}):\s+(\d+)\.", pages)))
    free *= int(size[1]) if size else 4096
    found = accelerators.apple(facts, free)
    cores = _number(facts.get("hw.physicalcpu", "")) or os.cpu_count() or 1
    name = facts.get("machdep.cpu.brand_string", "processor")
    speed = found[0].bandwidth if found else 0.0
    speed = speed or bandwidth.of_memory(f"{name}, {cores} cores", cores, cache)
    notes = (*found.notes, *_regrets(memory, speed))
    flops = cores * CLOCK * 16  # half of a Mac's cores are efficient ones, the others do twice as much
    return Machine(name, memory, free, speed, flops, cores, tuple(found), bool(found), "darwin", notes)


def _asked(*command: str) -> str:
    """What a tool of the system says, or nothing."""
    try:
        return accelerators.output(command)[1]
    except OSError:
        return ""


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _number(text: str) -> int:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0
