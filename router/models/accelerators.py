"""Finds the accelerators of this machine and their free memory; what cannot be found out becomes a sentence."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from router.models import known
from router.models.hardware import Gpu

PATIENCE = 2.0  # seconds for a tool to answer; nvidia-smi hangs when a card has fallen off the bus
MIB = 1 << 20
INTEGRATED = 1 << 30  # bytes: a Radeon with less is a part of the processor, and no faster than it
METAL_SHARE = 0.75  # of unified memory that macOS lets Metal use unless iogpu.wired_limit_mb says otherwise; believed
SMI = ("nvidia-smi", "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")

# NVML's error codes, from nvml.h.
NO_DRIVER, NO_LIBRARY, LOST, MISMATCH = 9, 12, 15, 18
REASONS = {
    LOST: "it has fallen off the bus; restart the machine",
    MISMATCH: "its driver was updated while it was running; restart the machine",
}


class Found(list[Gpu]):
    """Accelerators, and the sentences about those that could not be asked."""

    def __init__(self, gpus: Sequence[Gpu] = (), notes: Sequence[str] = ()) -> None:
        super().__init__(gpus)
        self.notes = list(notes)


def nvidia() -> Found:
    """NVIDIA's cards, by NVML where its Python package is installed, else by nvidia-smi; none is no fault."""
    try:
        nvml = import_module("pynvml")
    except ImportError:
        return _by_smi()
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        code = getattr(error, "value", 0)
        return Found() if code in (NO_DRIVER, NO_LIBRARY) else Found(notes=[_sorry("NVIDIA's card", code, error)])
    try:
        return _by_nvml(nvml)
    finally:
        with contextlib.suppress(nvml.NVMLError):
            nvml.nvmlShutdown()


def _by_nvml(nvml: Any) -> Found:
    found = Found()
    try:
        count = nvml.nvmlDeviceGetCount()
    except nvml.NVMLError as error:
        return Found(notes=[_sorry("NVIDIA's card", getattr(error, "value", 0), error)])
    for index in range(count):
        name = f"NVIDIA's card {index}"
        try:
            handle = nvml.nvmlDeviceGetHandleByIndex(index)
            name = _text(nvml.nvmlDeviceGetName(handle))
            memory = nvml.nvmlDeviceGetMemoryInfo(handle)
            _add(found, name, int(memory.total), int(memory.free))
        except nvml.NVMLError as error:
            found.notes.append(_sorry(name, getattr(error, "value", 0), error))
    return found


def _by_smi() -> Found:
    try:
        code, text = output(SMI)
    except FileNotFoundError:
        return Found()
    except TimeoutError:
        return Found(notes=["nvidia-smi does not answer, so NVIDIA's card is not counted on; restart the machine."])
    except OSError as error:
        return Found(notes=[f"nvidia-smi cannot be started ({error.strerror}), so NVIDIA's card is not counted on."])
    if code:
        mismatch = MISMATCH if "mismatch" in text.lower() else 0
        without = "no devices were found" in text.lower() or "couldn't communicate" in text.lower()
        return Found() if without else Found(notes=[_sorry("NVIDIA's card", mismatch, f"nvidia-smi ended with {code}")])
    found = Found()
    for line in filter(None, map(str.strip, text.splitlines())):
        parts = re.fullmatch(r"(.+), *(\d{1,9}), *(\d{1,9})", line)
        if parts:
            _add(found, parts[1].strip(), int(parts[2]) * MIB, int(parts[3]) * MIB)
        else:
            found.notes.append("nvidia-smi does not say how much memory NVIDIA's card has, so it is not counted on.")
    return found


def amd(root: Path) -> Found:
    """AMD's cards on Linux, by what the driver says in sysfs under `root`."""
    found = Found()
    for device in _devices(root):
        total, used = (_number(device / f"mem_info_vram_{what}") for what in ("total", "used"))
        if _line(device / "vendor") != "0x1002" or (total is not None and total < INTEGRATED):
            continue
        code = _line(device / "device")
        name = _line(device / "product_name") or known.radeon(code) or f"AMD {code}".strip()
        if total is None or used is None:
            found.notes.append(f"{name} does not say how much memory it has, so it is not counted on.")
        else:
            _add(found, name, total, total - used)
    return found


def apple(facts: dict[str, str], free: int) -> Found:
    """The GPU of a Mac with Apple's processor, by what sysctl says; `free` bytes of the whole memory are."""
    brand, memory = facts.get("machdep.cpu.brand_string", ""), facts.get("hw.memsize", "")
    if not (brand.startswith("Apple") and memory.isdigit()):
        return Found()
    limit = facts.get("iogpu.wired_limit_mb", "0")
    wired = int(limit) * MIB if limit.isdigit() and int(limit) else int(int(memory) * METAL_SHARE)
    found = Found()
    _add(found, f"{brand}, {facts.get('hw.physicalcpu', '?')} cores", min(wired, int(memory)), free)
    return found


def output(command: Sequence[str]) -> tuple[int, str]:
    """A tool's exit code and all that it printed. Raises OSError; TimeoutError once it is killed."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=os.name == "posix",
    )
    try:
        said, _ = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        _kill(process)
        raise TimeoutError from None
    return process.returncode, said.decode("utf-8", "replace")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the tool with all its children; one that hangs inside the driver is not waited for."""
    with contextlib.suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.5)
    if process.stdout:
        process.stdout.close()


def _add(found: Found, name: str, total: int, free: int) -> None:
    speeds = known.card(name)
    if speeds is None:
        found.notes.append(f"How fast {name} is stands in no table; `switchyard bench` finds out.")
    bandwidth, flops = speeds or (0.0, 0.0)
    found.append(Gpu(name, total, min(max(free, 0), total), bandwidth, flops))


def _sorry(name: str, code: int, error: object) -> str:
    return f"{name} is not counted on: {REASONS.get(code) or f'{str(error).strip(chr(46))}'}."


def _text(name: str | bytes) -> str:
    """Older packages of NVML give bytes."""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name


def _devices(root: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        cards = sorted((root / "sys/class/drm").glob("card[0-9]*"))
        yield from (card / "device" for card in cards if card.name[4:].isdigit())


def _line(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    text = _line(path)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None
