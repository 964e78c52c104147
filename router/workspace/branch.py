"""What the branch changed since it left the main one, and what is not committed: stretches of files, asked of git."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from msgspec.structs import replace

from router import SwitchyardError
from router.context.gathering.view import Spot, View
from router.context.indexing import git
from router.context.indexing.aside import aside
from router.context.indexing.listing import slashed
from router.reviewing.changes import Wanted, changes
from router.types import Span

_MAIN = ("origin/HEAD", "origin/main", "origin/master", "main", "master")  # where a branch comes from, mostly
_FILES, _EACH = 64, 8  # files that are remembered, and stretches of each; of a larger change nothing is typical
SPOTS = 8

_AGAIN = 30.0  # seconds after which git is asked again

Stretches = Mapping[str, Sequence[tuple[int, int]]]  # by path, first and last line, from 1


class Branch:
    """What git said last; it is asked again now and then, in the background."""

    def __init__(self) -> None:
        self._found: Stretches = {}
        self._asked = float("-inf")

    def due(self, now: float) -> bool:
        """Whether git is to be asked, at `now` of the loop's clock; then whoever asks this does so."""
        due = now - self._asked >= _AGAIN
        self._asked = now if due else self._asked
        return due

    async def look(self, roots: Sequence[str]) -> None:
        """Ask git, in a thread; where it can't say, what it said last counts."""
        with suppress(OSError, ValueError, MemoryError, RuntimeError):
            self._found = await aside(partial(stretches, roots), _AGAIN)

    def forget(self) -> None:
        """Nothing is known, and git is asked next time."""
        self._found, self._asked = {}, float("-inf")

    def files(self, path: str) -> list[str]:
        """The changed files nearest to a path, the nearest first."""
        return nearest(self._found, path)

    def over(self, view: View, path: str) -> View:
        """A view with what was changed near `path`."""
        return replace(view, changed=spots(self._found, path, view)) if self._found else view


def stretches(roots: Sequence[str]) -> dict[str, list[tuple[int, int]]]:
    """What git says of all roots. Touches the disk; a root without git has none."""
    found: dict[str, list[tuple[int, int]]] = {}
    for root in roots:
        try:
            said = changes(root, Wanted(base=_base(root)))
        except (OSError, SwitchyardError):
            continue
        for file in said.files[:_FILES]:
            lines = [(min(it.added), max(it.added)) for it in file.hunks if it.added]
            if lines:
                found[os.path.join(said.root, *file.path.split("/"))] = lines[:_EACH]
    return found


def _base(root: str) -> str:
    """The first of the usual names that there is; none: only what is not committed counts."""
    for name in _MAIN:
        try:
            git.said(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except FileNotFoundError:
            raise
        except OSError:
            continue
        return name
    return ""


def spots(found: Stretches, path: str, view: View) -> tuple[Spot, ...]:
    """Those whose texts are there, in the files near `path` last, for the last count most."""
    result: list[Spot] = []
    for other in nearest(found, path):
        page = view.sheet(other)
        for first, last in found[other]:
            if last <= len(page.starts) and page.text:
                result.append(Spot(other, Span(page.starts[first - 1], page.starts[last - 1])))
    return tuple(reversed(result[:SPOTS]))


def nearest(found: Stretches, path: str) -> list[str]:
    """The files nearest to a path, the nearest first."""
    return sorted(found, key=lambda it: _shared(it, path), reverse=True)[:SPOTS]


def _shared(path: str, other: str) -> int:
    """How many folders two paths have in common; the same file most."""
    one, two = slashed(path).split("/"), slashed(other).split("/")
    return next((at for at, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
