"""Which files say a name, and how often: packed numbers, because a struct for each would fill the memory."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate

WIDTH = array("I").itemsize  # bytes of one number


class Postings:
    """For each name, by its number, pairs of a file's number and a count, one after the other.

    What was packed (`bounds` and `pairs`, as `packed` gives them) is left alone: what changes lies beside it.
    """

    def __init__(self, bounds: bytes = b"", pairs: bytes = b"") -> None:
        self._bounds = array("I", bounds)
        self._pairs = array("I", pairs)
        self._own: dict[int, array[int]] = {}
        self.shared = False  # another thread packs these now: an array is not changed, but another put in its place

    def of(self, name: int) -> Sequence[int]:
        """The pairs of one name; not to be changed."""
        own = self._own.get(name)
        if own is not None:
            return own
        if name + 1 >= len(self._bounds):
            return ()
        return self._pairs[self._bounds[name] : self._bounds[name + 1]]

    def count(self, name: int) -> int:
        """How many files say a name; no list is made of them."""
        own = self._own.get(name)
        if own is not None:
            return len(own) // 2
        return (self._bounds[name + 1] - self._bounds[name]) // 2 if name + 1 < len(self._bounds) else 0

    def shift(self, file: int, before: Mapping[int, int], after: Mapping[int, int]) -> None:
        """A file that said each name so often (`before`) says it so often now; only what differs is touched."""
        for name, count in after.items():
            if before.get(name) != count:
                self._put(name, file, count, name in before)
        for name in before:
            if name not in after:
                self._put(name, file, 0, True)

    def _put(self, name: int, file: int, count: int, known: bool) -> None:
        pairs = self._own.get(name)
        if pairs is None or self.shared:
            self._own[name] = pairs = array("I", self.of(name))
        if not known:
            pairs.append(file)
            pairs.append(count)
            return
        at = _place(pairs, file)
        if count:
            pairs[at + 1] = count
        else:
            del pairs[at : at + 2]

    def snapshot(self) -> dict[int, array[int]]:
        """What has changed since it was packed, for `packed` in another thread; say `shared` until that is done."""
        return dict(self._own)

    def packed(self, own: Mapping[int, array[int]], names: int) -> tuple[bytes, bytes]:
        """The bounds and pairs of the first `names` names, with a snapshot's changes in them."""
        empty = array("I")
        packed = max(0, len(self._bounds) - 1)
        runs = [own.get(name, empty) for name in range(names)]
        for name in range(min(packed, names)):
            if name not in own:
                runs[name] = self._pairs[self._bounds[name] : self._bounds[name + 1]]
        return array("I", accumulate(map(len, runs), initial=0)).tobytes(), b"".join(runs)


def _place(pairs: array[int], file: int) -> int:
    """Where the pair of a file that is there begins; a count may equal its number."""
    at = pairs.index(file)
    while at % 2:
        at = pairs.index(file, at + 1)
    return at
