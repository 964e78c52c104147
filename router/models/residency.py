"""Which models stay in memory together, and what has to leave and to come, in which order, when one is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from router.models import memory
from router.models.fit import Fit, Room
from router.models.speed import load_seconds
from router.models.weights import weights
from router.types import Route

FULL = 0.8  # of what is free; Ollama evicts before a load of which it predicts more (server/sched.go, 0.30 to 0.33)


class Yard(Struct, frozen=True):
    """Where models stand: the memory, how many Ollama holds at once, and whether there are `cards`.

    Without a card Ollama loads whatever it is asked for, and asks nobody whether the memory is there.
    """

    room: Room
    most: int
    cards: bool


class Place(Struct, frozen=True):
    """A route's model in memory; the one that completes is `pinned`."""

    route: Route
    fit: Fit
    pinned: bool = False


class Moves(Struct, frozen=True):
    """What is done before a route can be used: unload these, then load those, in this order; it takes `seconds`.

    `gap`: for how many of them the model that completes is not there. `stranded`: it cannot come back beside this one.
    """

    unload: tuple[Route, ...] = ()
    load: tuple[Route, ...] = ()
    seconds: float = 0.0
    gap: float = 0.0
    stranded: bool = False


def moves(wanted: Place, loaded: Sequence[Place], yard: Yard) -> Moves:
    """How `wanted` comes into memory in which `loaded` are.

    What need not go stays. What goes is unloaded by us, and beforehand: Ollama's own eviction begins with whatever is
    idle, the pinned model among them, if another is just answering. Where it would evict the pinned one whatever else
    has gone, that one makes way and comes back after, when nobody reckons any more what the large one takes.
    """
    if any(weights(place.route) == weights(wanted.route) for place in loaded):
        return Moves()
    stay, leave = list(loaded), list[Place]()
    while stay and not fits(wanted, stay, yard):
        leave.append(max(stay, key=_first_to_go))
        stay.remove(leave[-1])
    away = [place for place in leave if place.pinned]
    again = [place for place in away if fits(place, [*stay, wanted], yard)]
    seconds = sum(load_seconds(place.fit.model.size) for place in (wanted, *again))
    return Moves(
        unload=tuple(place.route for place in leave),
        load=tuple(place.route for place in (wanted, *again)),
        seconds=seconds,
        gap=seconds if away else 0.0,
        stranded=len(again) < len(away),
    )


def fits(wanted: Place, beside: Sequence[Place], yard: Yard) -> bool:
    """Whether it can be loaded beside these without any of them being evicted."""
    left = yard.room.without(place.fit for place in beside)
    if wanted.fit.fast > left.fast or wanted.fit.slow > left.slow:
        return False
    if wanted.route.runtime != "ollama":
        return True
    its_own = [place for place in beside if place.route.runtime == "ollama"]
    return len(its_own) < yard.most and not (its_own and yard.cards and _evicts(wanted, left))


def _evicts(wanted: Place, left: Room) -> bool:
    """Whether Ollama would evict another model first; it does not ask where the route says how many layers go onto
    the card (`num_gpu`, and not all of them)."""
    if "num_gpu" in dict(wanted.route.options):
        return False
    return memory.ollama_predicts(wanted.fit.model, wanted.fit.window, wanted.fit.slots) > FULL * left.fast


def _first_to_go(place: Place) -> tuple[bool, float]:
    """The largest, so that few have to go; the pinned one last."""
    return not place.pinned, place.fit.fast
