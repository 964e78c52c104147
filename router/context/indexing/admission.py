"""Whether a file of the workspace may be read at all: the gate's word, its ignore files read when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os.path import realpath

from router.context import privacy
from router.context.gating.ignored import UNREAD, Ignored
from router.context.indexing.listing import slashed


def admission(roots: Sequence[str], patterns: tuple[str, ...], ignored: Ignored) -> Callable[[str], bool]:
    """What tells of a path below one of the roots whether it may be read; it may be asked in any thread.

    `patterns` are the user's own. Where a root is a link, what it leads to counts, too.
    """
    linked = links(roots)

    def reason(path: str) -> str:
        why = ignored.reason(path)
        if why == UNREAD:
            ignored.load(path)
            why = ignored.reason(path)
        return why

    def allowed(path: str) -> bool:
        return not privacy.reason(path, real_path(path, linked), patterns, reason)

    return allowed


def links(roots: Sequence[str]) -> list[tuple[str, str]]:
    """The roots that are links, and where they lead to. Touches the disk."""
    ways = [(slashed(root), slashed(realpath(root))) for root in roots]
    return [(root, real) for root, real in ways if root != real]


def real_path(path: str, linked: Sequence[tuple[str, str]]) -> str:
    """Where a path leads to that begins with such a root; empty for others."""
    return next((real + path[len(root) :] for root, real in linked if path.startswith(f"{root}/")), "")
