"""Why a prompt is as it is: what it shows and what was left out, how long it may be and by what, what is read anew."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from router.completing.layout import Prepared
from router.completing.weighing import Weighed, weighed
from router.context import privacy
from router.dispatch.paces import Paces
from router.jobs import render
from router.jobs.asking import PIECES, Asking
from router.models.speed import Speed
from router.types import Call, Piece, Request, Span, Task
from router.workspace.noted import frames
from router.workspace.workspace import Workspace

Pieces: TypeAlias = "Callable[[Request, str, int], Awaitable[Sequence[Piece]]]"


class Why(Struct, frozen=True):
    """`call` as it would be sent; `shown` is what it shows of the document.

    `budget` is how many tokens the prompt may have, `beside` how many of these are other files'; `speed` is what the
    budget comes from. `weighed` are all pieces that were thought of, those that are shown first. `held` is the share
    of the prompt that is read already when the user types on from where they were before; `told` is how many
    characters of it each request of this task begins with.
    """

    task: Task
    call: Call
    shown: Span
    budget: int
    beside: int
    speed: Speed
    weighed: tuple[Weighed, ...] = ()
    held: float = 0.0
    told: int = 0


def of_completion(task: Task, request: Request, paces: Paces, found: Prepared) -> Why:
    """Of a completion."""
    route, window = found.call.route, found.window
    end = request.span.start + len(window.suffix)
    shown = Span(window.start, min(end, len(request.document.text)))
    budget = paces.budget(task, route)
    return Why(task, found.call, shown, budget, found.room.tokens, paces.speed(route), found.weighed, found.held)


async def of_job(
    task: Task, request: Request, asking: Asking, workspace: Workspace, paces: Paces, pieces: Pieces
) -> Why:
    """Of any other task. Raises SwitchyardError, among them RuntimeFailure."""
    route, about, given = await asking.prepared(task, request)
    call = render.call(task, route, given, "", paces.characters(task, route))
    budget = paces.budget(task, route)
    beside, shown = int(budget * PIECES), request.document.text[about.span.start : about.span.end]
    packed = await pieces(request, shown, beside)
    view = workspace.view(request, await frames(request.note, workspace))
    every = await asyncio.to_thread(weighed, request, view, shown, packed)
    seen = (it for it in every if workspace.shows(it.piece.path))
    fitted = tuple(it if it.why or _says(call, it.piece) else _left(it) for it in seen)
    speed = paces.speed(route)
    return Why(task, call, about.span, budget, beside, speed, _ordered(fitted), told=len(call.system))


def _says(call: Call, piece: Piece) -> bool:
    return piece.text in call.prompt or privacy.clean(piece.text) in call.prompt


def _left(one: Weighed) -> Weighed:
    return replace(one, why="the rest of the prompt leaves no room for it")


def _ordered(every: tuple[Weighed, ...]) -> tuple[Weighed, ...]:
    return (*(it for it in every if not it.why), *(it for it in every if it.why))
