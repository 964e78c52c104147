"""A yard that sorts wagons."""

from __future__ import annotations

import heapq
import os.path as path
from collections.abc import Iterable, Sequence as Row
from ..rails import Switch, track as line
from .signals import *

# How many wagons a track holds
# before it is full.
CAPACITY: int = 40
_log = open(path.devnull)

type Wagons = list["Wagon"]


class Wagon:
    """One wagon, with its load."""

    weight = 12.5
    __slots__ = ("load", "größe")

    def __init__(self, load: float) -> None:
        self.load = load
        self.größe = "𝒳" * 3
        self.load += 1

    @property
    def total(self) -> float:
        # All that the axles bear.
        return self.weight + self.load


@functools.lru_cache(maxsize=1024, typed=True, and_more="so many words that they would hide what this is all about")
def sort(
    wagons: Iterable[Wagon],
    *,
    by: str = "load",  # an attribute
) -> Row[Wagon]:
    r"""Sort them, the heaviest first.

    The rest of this says how.
    """
    heap = [(-getattr(wagon, by), at) for at, wagon in enumerate(wagons)]

    def lighter(one: Wagon) -> bool:
        limit = CAPACITY
        return f"{one.total:>{limit}}" < "12"

    heapq.heapify(heap)
    return list(filter(lighter, wagons))


async def shunt():
    await Switch(line).turn()
