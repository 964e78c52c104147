"""A request's note where it is what was printed: where it leads in the workspace, and what of it may be shown."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from router.context.gathering.view import Spot
from router.context.indexing.listing import slashed
from router.types import Request
from router.workspace.workspace import Workspace

if TYPE_CHECKING:
    from router.traces import Trace
    from router.traces.places import Places

_PATHS, _PARTS = 200, 8  # that are looked at


async def frames(note: str, workspace: Workspace) -> tuple[Spot, ...]:
    """The places in the workspace to which a traceback leads, the innermost last; their texts are brought."""
    if not note or not workspace.known:
        return ()
    from router.traces.telling import spots

    trace, places = await _read(note, workspace)
    await workspace.bring(dict.fromkeys(path for frame in trace.frames if (path := places.resolved(frame))))
    return spots(trace, places, workspace.text)


async def worded(request: Request, workspace: Workspace) -> Request:
    """The request, its note without code that is quoted of files which may not be shown."""
    if not request.note:
        return request
    from router.traces.telling import redacted

    return replace(request, note=redacted(request.note, *await _read(request.note, workspace)))


async def _read(note: str, workspace: Workspace) -> tuple[Trace, Places]:
    """An output, and the files that it may be of."""
    from router import traces
    from router.traces.places import Places

    trace = await asyncio.to_thread(traces.read, note)
    hidden = await asyncio.to_thread(kept_back, trace, workspace.roots, workspace.admits)
    return trace, await asyncio.to_thread(Places, workspace.files(), workspace.roots, "", hidden)


def kept_back(trace: Trace, roots: Sequence[str], admits: Callable[[str], bool]) -> list[str]:
    """The files below the roots which frames may mean, by the ends of their paths, and which `admits` does not let
    through. Touches the disk."""
    paths = list(dict.fromkeys(slashed(frame.path) for frame in trace.frames))[:_PATHS]
    found: list[str] = []
    for parts in ([part for part in path.replace("\\", "/").split("/") if part] for path in paths):
        tails = (
            "/".join(parts[-count:]) for count in range(1, min(len(parts), _PARTS) + 1) if ".." not in parts[-count:]
        )
        ways = [f"{slashed(root).rstrip('/')}/{tail}" for tail in tails for root in roots]
        found += [way for way in ways if _is_file(way) and not admits(way)]
    return found


def _is_file(path: str) -> bool:
    try:
        return os.path.lexists(path) and not os.path.isdir(path)
    except ValueError:  # a NUL
        return False
