"""Meters of energy: what the machine has drawn so far, read in a thread beside the work that is measured."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol
from urllib.parse import urlsplit

from router.config import Config
from router.ledger.shares import Shares

RAPL = Path("/sys/class/powercap")
LATE = 0.1  # seconds after which a reading says nothing any more about the moment that it was asked for


class MeterFailed(Exception):
    """A meter could not be read; says why."""


class Meter(Protocol):
    """A counter of joules that only grows."""

    def joules(self) -> float:
        """What it shows now. Raises MeterFailed."""


class Steady:
    """The user's own word: so many watts, for as long as a model works."""

    def __init__(self, watts: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._watts, self._clock = watts, clock

    def joules(self) -> float:
        """What would have been drawn since the clock's beginning."""
        return self._watts * self._clock()


class Nvml:
    """All NVIDIA cards together, by the counter that the driver keeps since it was loaded (Volta and later).

    It counts all that a card draws, idle power and other programs included.
    """

    def __init__(self, nvml: Any) -> None:
        self._nvml = nvml
        try:
            nvml.nvmlInit()
            self._cards = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
            self.joules()
        except nvml.NVMLError as error:
            raise MeterFailed(f"NVML says: {error}") from error
        if not self._cards:
            raise MeterFailed("There is no NVIDIA card.")

    def joules(self) -> float:
        """The sum over the cards, from millijoules. Raises MeterFailed."""
        try:
            return sum(float(self._nvml.nvmlDeviceGetTotalEnergyConsumption(card)) for card in self._cards) / 1000
        except self._nvml.NVMLError as error:
            raise MeterFailed(f"NVML says: {error}") from error


class Rapl:
    """All processor packages together, by Linux' powercap files; mostly only root may read them.

    https://docs.kernel.org/power/powercap/powercap.html: energy_uj counts microjoules up to max_energy_range_uj, and
    then begins anew.
    """

    def __init__(self, folder: Path = RAPL) -> None:
        self._packages = sorted(folder.glob("intel-rapl:?"))
        self._ranges = [self._read(package / "max_energy_range_uj") for package in self._packages]
        self._last = [self._read(package / "energy_uj") for package in self._packages]
        self._total = 0
        if not self._packages:
            raise MeterFailed("The kernel counts no energy of this processor.")

    def joules(self) -> float:
        """What they have drawn since this meter was made. Raises MeterFailed."""
        now = [self._read(package / "energy_uj") for package in self._packages]
        for reading, last, most in zip(now, self._last, self._ranges, strict=True):
            self._total += reading - last if reading >= last else reading - last + most
        self._last = now
        return self._total / 1e6

    def _read(self, file: Path) -> int:
        try:
            return int(file.read_text())
        except (OSError, ValueError) as error:
            raise MeterFailed(f"{file} can't be read.") from error


def find(watts: float) -> Meter | None:
    """The best meter there is: what the user says, the graphics card's, the processor's, or none."""
    if watts > 0:
        return Steady(watts)
    with contextlib.suppress(ImportError, OSError, MeterFailed):
        return Nvml(import_module("pynvml"))
    with contextlib.suppress(MeterFailed):
        return Rapl()
    return None


def measurable(config: Config, engine: str) -> bool:
    """Whether this machine's meters, or the user's word, say anything of an engine: a model works, and works here."""
    if engine in ("echo", "scripted"):
        return False
    return config.cost.watts > 0 or here(config, engine)


def here(config: Config, engine: str) -> bool:
    """Whether an engine runs on this machine."""
    host = {"openai": config.runtime.openai.host, "ollama": config.runtime.ollama.host}.get(engine, "http://localhost")
    try:
        name = urlsplit(host).hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


class Sampler:
    """Reads a meter whenever a work begins or ends; `done` hears what each took, in the sampler's thread.

    The thread begins with the first work, and looks for the meter then; without one it ends again.
    """

    def __init__(
        self,
        meter: Callable[[], Meter | None],
        done: Callable[[int, float], object],
        note: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find, self._done, self._note, self._clock = meter, done, note, clock
        self._events: SimpleQueue[tuple[bool, int, float] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._idle = self._told = False

    def event(self, begins: bool, work: int) -> None:
        """A work begins, or ends, now."""
        if self._idle:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="switchyard-energy", daemon=True)
            self._thread.start()
        self._events.put((begins, work, self._clock()))

    def close(self, patience: float = 0.5) -> None:
        """Hear of the works that have ended, and stop."""
        self._idle = True
        self._events.put(None)
        if self._thread is not None:
            self._thread.join(patience)

    def _run(self) -> None:
        meter, shares = self._find(), Shares()
        if meter is None:
            self._idle = True
            return
        while (event := self._events.get()) is not None:
            begins, work, when = event
            reading = self._read(meter, when)
            if begins:
                shares.begin(work, reading)
            elif (joules := shares.end(work, reading)) is not None:
                self._done(work, joules)

    def _read(self, meter: Meter, when: float) -> float | None:
        try:
            reading = meter.joules()
        except MeterFailed as error:
            if not self._told:
                self._told = True
                self._note(f"What the last answer took in energy was not measured. {error}")
            return None
        return reading if self._clock() - when <= LATE else None
