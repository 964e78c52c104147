"""A completion's prompt: a window of the open file, and before it the lines of other files, chosen while nobody types.

What stands in front changes only when nobody waits for it, or when the window is laid out anew after a pause: all that
follows it has to be evaluated again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from router.completing import completion
from router.config import Config
from router.context import window
from router.context.gathering.view import spoken
from router.context.syntax import Clock
from router.dispatch.paces import Paces
from router.models import families
from router.types import Call, Piece, Request, Route, Task
from router.workspace.desk import Open
from router.workspace.workspace import Workspace

if TYPE_CHECKING:
    from router.completing.weighing import Weighed

RESTED = 1.0  # seconds without a request after which a longer evaluation is least felt
CHARACTERS = 4  # that `gather` takes for a token


class Room(Struct, frozen=True):
    """How long a prompt's parts may be: `tokens` of other files, or `beside` characters; `extent` of this one."""

    tokens: int
    beside: int
    extent: window.Extent


class Prepared(Struct, frozen=True):
    """A prompt as it is sent: `call`, the `window` that it shows, and the `pieces` before it, in their order.

    Where somebody wants to know why: `weighed` are all pieces that were thought of, and `held` is the share of the
    prompt that the engine has read already, by the prompt before.
    """

    call: Call
    window: window.Window
    pieces: tuple[Piece, ...]
    room: Room
    weighed: tuple[Weighed, ...] = ()
    held: float = 0.0

    @property
    def unread(self) -> int:
        """Code points of the prompt that the engine has not read."""
        return round(len(self.call.prompt) * (1 - self.held))


class Layout:
    """Makes the prompts, each as much like the one before as is right."""

    def __init__(self, config: Config, workspace: Workspace, paces: Paces, clock: Clock) -> None:
        self.config = config
        self._workspace, self._paces, self._clock = workspace, paces, clock

    def call(self, task: Task, request: Request, route: Route, kept: Open, ways: completion.Ways = ()) -> Call:
        """The call for a request now; what it shows is remembered for the next."""
        now = self._clock()
        self._workspace.trail.came(request.document.path, request.span.start)
        rested = now - kept.asked >= RESTED and not kept.laid
        kept.asked, kept.laid = now, False
        found = self.prepared(task, request, route, kept, rested, ways=ways)
        kept.window, kept.pieces = found.window, found.pieces
        return found.call

    def ahead(self, task: Task, request: Request, route: Route, kept: Open) -> Prepared:
        """The prompt for a place at which the user rests, and what of it the engine has read."""
        found = self.prepared(task, request, route, kept, rested=True, fresh=True)
        return replace(found, held=self._paces.held(found.call))

    def take(self, found: Prepared, kept: Open) -> None:
        """The engine reads this now: the next request goes on from it."""
        kept.window, kept.pieces, kept.laid = found.window, found.pieces, True

    def seconds(self, found: Prepared) -> float:
        """How long the engine takes to read what it has not read, as far as its speed is known."""
        speed = self._paces.speed(found.call.route).prefill
        return found.unread / (CHARACTERS * speed) if speed else 0.0

    def prepared(
        self,
        task: Task,
        request: Request,
        route: Route,
        kept: Open,
        rested: bool,
        fresh: bool = False,
        ways: completion.Ways = (),
    ) -> Prepared:
        """What would be sent; nothing is remembered. `rested`: the user has paused. `fresh`: nobody waits, so that
        pieces may change that stand before a window that stays."""
        room = self.room(task, route, kept)
        shown = window.slide(kept.window, request.document.text, request.span.start, room.extent, rested)
        last = kept.window
        goes_on = last is not None and (shown.prefix, shown.suffix) == (last.prefix, last.suffix)
        changes = fresh or not kept.pieces or (rested and not goes_on)
        pieces = kept.ready if changes and kept.ready is not None else kept.pieces
        pieces = self._showable(pieces) if room.tokens else ()
        return Prepared(completion.said(task, request, route, shown, pieces, ways), shown, pieces, room)

    def room(self, task: Task, route: Route, kept: Open) -> Room:
        """How much of the prompt is whose; the window has at least half of it, and all where there is nothing else."""
        budget, characters = self._paces.budget(task, route), self._paces.characters(task, route)
        some = self._workspace.known and route.family != families.PLAIN
        tokens = completion.share(int(budget * kept.room), self.config.context.tokens) if some else 0
        beside = tokens * CHARACTERS
        taken = (tokens, beside) if kept.pieces or kept.ready else (0, 0)
        extent = completion.extent(route, task, taken[0], characters - taken[1])
        return Room(tokens, beside, window.Extent(characters=int(kept.room * extent.characters)))

    def _showable(self, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
        """Those that may still be shown: files may have been excluded since."""
        out = [path for path in {it.path for it in pieces} if not self._workspace.shows(path)]
        return tuple(it for it in pieces if it.path not in out) if out else pieces

    # While nobody types

    async def choose(self, task: Task, request: Request, route: Route, kept: Open) -> None:
        """Choose the pieces that the next prompt may show, or the files, where an engine lays out its own."""
        kept.near = await self._workspace.fetch(request, [it.path for it in kept.pieces])
        if not kept.closed and route.family != families.PLAIN:
            kept.ready = self.chosen(task, request, route, kept)

    def near(self, request: Request, kept: Open, most: int) -> list[str]:
        """The texts of files in the document's language that have most to do with it and are not open, those last."""
        language = spoken(request.document.path)
        paths = [it for it in kept.near if spoken(it) == language]
        found = [text for path in paths[:most] if (text := self._workspace.texts.get(path))]
        return found[::-1]

    def explained(self, task: Task, request: Request, route: Route, kept: Open, ways: completion.Ways = ()) -> Prepared:
        """What would be sent for this place after a pause, and what was left out of it."""
        from router.completing.weighing import weighed

        found = self.prepared(task, request, route, kept, rested=True, fresh=True, ways=ways)
        view, shown = self._workspace.view(request), _shown(found.window)
        every = tuple(weighed(request, view, shown, found.pieces)) if found.room.tokens else ()
        allowed = tuple(it for it in every if self._workspace.shows(it.piece.path))
        return replace(found, weighed=allowed, held=self._paces.held(found.call))

    def chosen(self, task: Task, request: Request, route: Route, kept: Open) -> tuple[Piece, ...]:
        """The pieces for this place, from memory."""
        room = self.room(task, route, kept)
        view = self._workspace.view(request)
        last = kept.window or window.slide(None, request.document.text, request.span.start, room.extent)
        return tuple(self._workspace.pieces(request, view, _shown(last), room.beside // CHARACTERS, kept.pieces))


def _shown(of: window.Window) -> str:
    return of.prefix + of.middle + of.suffix
