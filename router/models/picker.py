"""Picks the models of one plan, task by task: the machine, its room, the settings, what was measured before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from router import BadConfig
from router.config import Config
from router.models import reasons
from router.models.choice import Fitter, Taken, band, choose, is_named, size
from router.models.fit import BATCH, Fit, Room, alone, aside, fit, room
from router.models.hardware import Machine
from router.models.modest import modest
from router.models.residency import Place, Yard, fits
from router.models.speed import Speed
from router.models.types import Model, Survey
from router.models.weights import Weights, weights
from router.types import Option, Route, Task

UNASKED = 4e9  # parameters: a larger model does not complete in our own process unless the user names it
OLLAMAS_OWN = 3  # models that Ollama holds per card, unless it is told another number in all (server/sched.go)
ANYWHERE = ("openai", "echo", "scripted")  # engines whose models take nothing of what we plan with

Speeds: TypeAlias = "Mapping[Weights, Speed]"
Placer: TypeAlias = "Callable[[Machine, Room, Model, int, int, int, Speed | None], Fit | None]"


class Picker:
    """Picks the models of one plan, task by task."""

    def __init__(
        self, machine: Machine | None, yard: Yard, config: Config, speeds: Speeds, also: Sequence[Model]
    ) -> None:
        self.machine, self.yard, self.config, self.speeds, self.also = machine, yard, config, speeds, also

    def fitter(self, task: Task, beside: Sequence[Fit] = (), place: Placer = fit) -> Fitter:
        """Places models in what these leave; a model that is among them does not take the room twice."""

        def fitted(model: Model, window: int) -> Fit | None:
            known = self.speeds.get(weights(model))
            window = min(window, self._cap(model))
            if self.machine is None or model.runtime in ANYWHERE:
                return alone(model, window, known)
            room = self.yard.room.without(it for it in beside if weights(it.model) != weights(model))
            return place(self.machine, room, model, window, 1, BATCH[task.lane], known)

        return fitted

    def _cap(self, model: Model) -> int:
        caps = {"ollama": self.config.runtime.ollama.window, "embedded": self.config.runtime.embedded.window}
        return caps.get(model.runtime, 1 << 30)

    def completion(self, task: Task, surveys: Sequence[Survey]) -> Taken:
        """Of the first engine, in the order given, that has a model which fills in the middle, and fits; one of our own
        only where nothing better could be fetched, either."""
        named, task = self.named(task.name), replace(task, least=0)
        fitter, least = self.fitter(task), None
        for survey in surveys:
            able = [model for model in survey.models if model.family and not model.remote]
            if survey.engine == "embedded" and not (named or self.config.runtime.embedded.gguf):
                able = [model for model in able if size(model) <= UNASKED]
            if named and survey.engine != "echo":
                able = [model for model in able if is_named(model, named)]
            found = choose(task, able, fitter) or choose(task, able, self.fitter(task, place=aside))
            if found and not (self.also and (survey.engine == "echo" or modest(found.fit.model))):
                return self._or_better(task, found, fitter)
            least = found if found and modest(found.fit.model) else least
        found = choose(task, self._fetchable(named), fitter)
        if least and (found is None or found.late):
            return least
        if found:
            return found
        raise BadConfig(reasons.no_completion(surveys, named))

    def _or_better(self, task: Task, found: Taken, fitter: Fitter) -> Taken:
        """What is there, unless something of the right size could be fetched and it is not."""
        if self.named(task.name) or (band(task, found.fit.model) == 0 and not found.late):
            return found
        better = choose(task, self.also, fitter, smaller=False)
        return better or found

    def _fetchable(self, named: str) -> list[Model]:
        return [model for model in self.also if not named or is_named(model, named)]

    def _staying(self, fitter: Fitter, complete: Sequence[Fit]) -> Fitter:
        """Where nothing may be swapped, only what can be loaded while the model that completes stays: by the memory,
        and by Ollama's own rule."""
        if self.config.machine.swap != "never":
            return fitter
        there = [placed(it, True) for it in complete if it.model.runtime not in ANYWHERE]

        def fitted(model: Model, window: int) -> Fit | None:
            found = fitter(model, window)
            others = [place for place in there if weights(place.fit.model) != weights(model)]
            free = found is not None and (model.runtime in ANYWHERE or fits(placed(found, False), others, self.yard))
            return found if free else None

        return fitted

    def named(self, task: str) -> str:
        """The model that the settings name for a task; empty: none."""
        named: str = getattr(self.config.models, task, "")
        return named

    def refit(self, found: Fit, window: int, beside: Sequence[Place]) -> Fit | None:
        """The same model with another window, in what these leave."""
        if self.machine is None:
            return None
        room = self.yard.room.without(place.fit for place in beside)
        known = self.speeds.get(weights(found.model))
        return fit(self.machine, room, found.model, window, found.slots, BATCH["attended"], known)

    def mixture(self, tasks: Mapping[str, Task], surveys: Sequence[Survey], there: Sequence[Place]) -> Taken | None:
        """The mixture of experts that would do the largest task wholly in memory, beside the model that completes."""
        task = max(tasks.values(), key=lambda task: task.size)
        models = [model for survey in surveys for model in survey.models]
        mixed = [it for it in [*models, *self.also] if 0 < it.active < it.parameters]
        fitter = self.fitter(task, [place.fit for place in there if place.pinned])
        found = choose(task, mixed, fitter, smaller=False)
        return found if found and found.fit.share == 1 else None

    def other(self, task: Task, models: Sequence[Model], taken: Mapping[str, Taken]) -> Taken | None:
        """Beside the model that completes if anything of the wanted size fits there; else in its place, if that helps
        and the settings allow it; else what is smaller."""
        named = self.named(task.name)
        if named:
            task = replace(task, least=0)
        complete = [taken["complete"].fit] if "complete" in taken else []
        beside = self._staying(self.fitter(task, complete), complete)
        instead = self.fitter(task) if self.config.machine.swap != "never" else beside
        there = [model for model in models if not named or is_named(model, named)]
        fetched = self._fetchable(named)
        used = {it.fit.model.name for it in taken.values()}
        for models, fitter in ((there, beside), (fetched, beside), (there, instead), (fetched, instead)):
            if found := choose(task, models, fitter, smaller=False, used=used):
                return found
        every, slow = [*there, *fetched], self._staying(self.fitter(task, complete, aside), complete)
        return choose(task, every, beside, used=used) or choose(task, every, slow, used=used)


def yard(machine: Machine | None, models: Sequence[Model], config: Config) -> Yard:
    if machine is None:
        return Yard(Room(float("inf"), float("inf")), 99, False)
    cards = len(machine.gpus)
    most = config.runtime.ollama.loaded or OLLAMAS_OWN * max(1, cards)
    return Yard(room(machine, models, config.machine.spare * 10**6), most, bool(cards))


def placed(found: Fit, completes: bool) -> Place:
    """A model in its place, with the one set of options that it is loaded with."""
    model = found.model
    options: tuple[Option, ...] = ()
    if model.runtime == "ollama":
        batch = BATCH["typing" if completes else "attended"]
        options = (("num_ctx", found.window), ("num_batch", batch), *_layers(found))
    route = Route(model.runtime, model.name, model.family, found.window, options)
    return Place(replace(route, languages=model.languages, sure=model.sure), found, completes)


def _layers(found: Fit) -> tuple[Option, ...]:
    """How many layers go onto the card, where not all do: said by us, Ollama does not evict others to make room."""
    count = sum(layers.count for layers in found.model.shape.layers) if found.model.shape else 0
    return (("num_gpu", int(found.share * count)),) if found.share < 1 and (count or not found.share) else ()
