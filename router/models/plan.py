"""The plan: which model does which task on this machine, what stays in memory together, and why, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from router import BadConfig
from router.config import Config
from router.models import reasons
from router.models.choice import LEAST_WINDOW, Taken, reckoned
from router.models.fit import Fit, Room
from router.models.hardware import Machine
from router.models.picker import ANYWHERE, Picker, Speeds, placed, yard
from router.models.residency import Moves, Place, Yard, fits, moves
from router.models.types import Model, Survey
from router.models.weights import Weights, weights
from router.types import Route, Task

# Seconds after an answer; of what is idle, Ollama evicts the one with the shortest time first.
KEPT = {"pinned": -1, "resident": 3600, "swapped": 300, "elsewhere": -1}

Stay: TypeAlias = Literal["pinned", "resident", "swapped", "elsewhere"]


class Choice(msgspec.Struct, frozen=True):
    """One task's model and route. `moves` is what asking for it takes when only what stays in memory is there; of
    what stays itself, its first load, if the model that completes makes way for that."""

    task: str
    route: Route
    taken: Taken
    stay: Stay
    moves: Moves = Moves()

    @property
    def why(self) -> str:
        return self.route.why


class Plan(msgspec.Struct, frozen=True):
    """All tasks' choices by name, and a sentence for each that has none. `order`: the loads of what stays in memory,
    first to last. `places`: every model that a choice names, by its route."""

    choices: dict[str, Choice] = {}
    regrets: dict[str, str] = {}
    order: tuple[Route, ...] = ()
    places: tuple[Place, ...] = ()
    yard: Yard = Yard(Room(0.0), 0, False)
    notes: tuple[str, ...] = ()

    def moves(self, route: Route, loaded: Sequence[Route]) -> Moves:
        """What has to leave and to come before `route` can be used, of those routes that are loaded now.

        What an earlier plan has loaded and this one has no use for leaves, too: else it would stay for good.
        """
        known = {weights(place.route): place for place in self.places}
        if weights(route) not in known or route.runtime in ANYWHERE:
            return Moves()
        here = [it for it in loaded if it.runtime not in ANYWHERE]
        there = [known[weights(it)] for it in here if weights(it) in known]
        found = moves(known[weights(route)], there, self.yard)
        return replace(found, unload=(*found.unload, *(it for it in here if weights(it) not in known)))


def make(
    surveys: Sequence[Survey],
    jobs: Mapping[str, Task],
    machine: Machine | None,
    config: Config,
    speeds: Speeds = MappingProxyType({}),
    also: Sequence[Model] = (),
) -> Plan:
    """The plan for what these engines have; a task for which that is not of the right size may have one of `also`,
    models that could be fetched. Without a machine everything is taken to fit, at a speed nobody knows."""
    models = [model for survey in surveys for model in survey.models]
    picker = Picker(machine, yard(machine, models, config), config, speeds, also)
    regrets: dict[str, str] = {}
    taken: dict[str, Taken] = {}
    try:
        taken["complete"] = picker.completion(jobs["complete"], surveys)
    except BadConfig as error:
        regrets["complete"] = str(error)
    for name in sorted(set(jobs) - {"complete"}, key=lambda name: (jobs[name].size, -jobs[name].max_tokens)):
        found = picker.other(jobs[name], models, taken)
        if found is None:
            regrets[name] = reasons.regret(jobs[name], models, picker.named(name), picker.yard)
        else:
            taken[name] = found
    return _laid_out(taken, jobs, picker, regrets, surveys)


def missing(plan: Plan, models: Sequence[Model]) -> list[Model]:
    """The models that a plan counts on and that are not among these, in the order of their tasks' sizes."""
    there = {weights(model) for model in models}
    wanted = {weights(it.taken.fit.model): it.taken.fit.model for it in plan.choices.values()}
    return [model for name, model in wanted.items() if name not in there]


def _laid_out(
    taken: Mapping[str, Taken],
    jobs: Mapping[str, Task],
    picker: Picker,
    regrets: dict[str, str],
    surveys: Sequence[Survey],
) -> Plan:
    """One place per model, with one window for all of its tasks; then who stays, and the sentences."""
    places = _places(taken, picker)
    stays = _stays(places, picker.yard)
    places = {it: replace(place, route=replace(place.route, keep=KEPT[stays[it]])) for it, place in places.items()}
    resident = [places[it] for it, stay in stays.items() if stay in ("pinned", "resident")]
    choices: dict[str, Choice] = {}
    for name, found in taken.items():
        it = weights(found.fit.model)
        place, stay = places[it], stays[it]
        asked = _asked(place, stay, resident, picker.yard)
        now = replace(reckoned(jobs[name], place.fit), misses=found.misses, late=found.late)
        why = reasons.why(jobs[name], now, stay, asked, picker.named(name), surveys)
        choices[name] = Choice(name, replace(place.route, why=why), now, stay, asked)
    order = tuple(place.route for place in sorted(resident, key=lambda place: -place.fit.fast))
    notes = reasons.notes(choices, jobs, picker.mixture(jobs, surveys, resident), picker.yard, list(places.values()))
    return Plan(choices, regrets, order, tuple(places.values()), picker.yard, notes)


def _asked(place: Place, stay: Stay, resident: Sequence[Place], yard: Yard) -> Moves:
    """What asking for it takes beside what stays; of what stays itself, what its first use takes of completion."""
    if stay == "swapped":
        return moves(place, resident, yard)
    first = moves(place, [it for it in resident if it.pinned], yard)
    return first if stay == "resident" and first.gap else Moves()


def _places(taken: Mapping[str, Taken], picker: Picker) -> dict[Weights, Place]:
    """Each model once, the one that completes first, with the largest window that any of its tasks has; but no part of
    the model that completes leaves the card for a wider one."""
    fits_of: dict[Weights, list[Fit]] = {}
    for found in taken.values():
        fits_of.setdefault(weights(found.fit.model), []).append(found.fit)
    own = taken["complete"].fit if "complete" in taken else None
    places: dict[Weights, Place] = {}
    pinned: list[Place] = []
    for it, found_fits in fits_of.items():
        completes = own is not None and it == weights(own.model)
        able = [fit for fit in found_fits if own is None or not completes or fit.share >= own.share]
        place = placed(max(able, key=lambda fit: fit.window), completes)
        places[it] = place if completes else _spared(place, pinned, picker)
        pinned += [place] if completes else []
    return places


def _spared(place: Place, pinned: Sequence[Place], picker: Picker) -> Place:
    """The place with half the window, if only that lets it come in while the model that completes stays."""
    window = place.fit.window // 2
    if window < LEAST_WINDOW or not moves(place, pinned, picker.yard).gap:
        return place
    half = picker.refit(place.fit, window, pinned)
    smaller = placed(half, False) if half else place
    return place if moves(smaller, pinned, picker.yard).gap else smaller


def _stays(places: Mapping[Weights, Place], yard: Yard) -> dict[Weights, Stay]:
    """Who stays in memory: the one that completes, then as many as there is room for, the smallest tasks first."""
    stays: dict[Weights, Stay] = {}
    there: list[Place] = []
    for it, place in places.items():
        if place.route.runtime in ANYWHERE:
            stays[it] = "elsewhere"
        elif place.pinned or _together([*there, place], yard):
            stays[it] = "pinned" if place.pinned else "resident"
            there.append(place)
        else:
            stays[it] = "swapped"
    return stays


def _together(places: Sequence[Place], yard: Yard) -> bool:
    """Whether they can be loaded one after the other, the largest first, and none evicts another."""
    order = sorted(places, key=lambda place: -place.fit.fast)
    return all(place.fit.share == 1 and fits(place, order[:at], yard) for at, place in enumerate(order))
