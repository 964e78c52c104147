"""Divides what an energy meter shows among the works that go on at the same time."""

from __future__ import annotations


class Shares:
    """Joules by work. While several go on, each takes an equal part: nobody can tell what either of them draws.

    Readings are of a counter that only grows; None is a reading that failed, and a counter that went back is one, too.
    What goes on across such a reading was not measured.
    """

    def __init__(self) -> None:
        self._last: float | None = None
        self._open: dict[int, float | None] = {}

    def begin(self, work: int, reading: float | None) -> None:
        """A work begins, at this reading."""
        self._divide(reading)
        self._open[work] = None if reading is None else 0.0

    def end(self, work: int, reading: float | None) -> float | None:
        """A work ends, at this reading; the joules that it took, or None: it was not measured."""
        self._divide(reading)
        return self._open.pop(work, None)

    def _divide(self, reading: float | None) -> None:
        last, self._last = self._last, reading
        failed = reading is None or last is None or reading < last
        part = 0.0 if reading is None or last is None or not self._open else (reading - last) / len(self._open)
        for work, joules in self._open.items():
            self._open[work] = None if failed or joules is None else joules + part
