"""Makes the plan: looks at the machine, asks the ledger how fast its models were, and gives the fleet its routes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from router import BadConfig, BadLedger, TooLong
from router.config import Config
from router.dispatch import paces
from router.dispatch.fleet import Planned
from router.jobs import prompts
from router.models import length, machine, plan, speed
from router.models.hardware import Machine
from router.models.picker import ANYWHERE
from router.models.plan import Plan
from router.models.speed import Estimate, Speed
from router.models.types import Model, Survey
from router.models.weights import Weights, weights
from router.types import Route, Task, Turn

Recent = Callable[[str, str], Sequence[Turn]]
Note = Callable[[str], object]


class Planning:
    """A fleet's planner; `paces` learns from each turn what the next plan, and each prompt, goes by.

    `recent` gives the ledger's last lines of an engine's model, the newest first; it is called in a thread.
    """

    def __init__(self, learned: paces.Paces, recent: Recent, note: Note = lambda sentence: None) -> None:
        self.paces = learned
        self.plan = Plan()
        self.machine: Machine | None = None
        self._recent, self._note = recent, note
        self._told = ""

    async def __call__(self, surveys: Sequence[Survey], config: Config) -> Planned:
        """The routes for what these engines have. Raises BadConfig when nothing, not even `echo`, can complete."""
        await self.make(surveys, config)
        if not self.plan.choices:
            raise BadConfig(self.plan.regrets["complete"])
        routes = {name: choice.route for name, choice in self.plan.choices.items()}
        return Planned(routes, self.plan.regrets, self.plan.moves, self._wide)

    def _wide(self, task: Task, tokens: int) -> Route:
        """Raises TooLong, also where only the parts of what is asked for would fit: whoever asks has to divide it."""
        found = length.way(self.plan, task, tokens)
        if found.parts > 1:
            raise TooLong(found.why)
        return found.choice.route

    async def make(self, surveys: Sequence[Survey], config: Config, also: Sequence[Model] = ()) -> Plan:
        """The plan for what these engines have; see plan.make."""
        self.machine, estimates = await asyncio.to_thread(self._look, surveys, config)
        speeds = {key: it for key, seeded in estimates.items() if (it := paces.known(seeded)).measured}
        jobs = prompts.in_force()  # in a thread, for with many models it takes longer than a key may wait
        self.plan = await asyncio.to_thread(plan.make, surveys, jobs, self.machine, config, speeds, also)
        for place in self.plan.places:  # what nobody has measured is as fast as its place lets it be
            key = weights(place.route)
            if key in estimates and key not in speeds:
                estimates[key] = replace(estimates[key], expected=place.fit.speed)
        self.paces.seed(estimates)
        return self.plan

    def _look(self, surveys: Sequence[Survey], config: Config) -> tuple[Machine, dict[Weights, Estimate]]:
        """In a thread: the machine, and what is known of each model on it."""
        here = self._found(config)
        models = [model for it in surveys for model in it.models if not (model.remote or model.runtime == "echo")]
        return here, {weights(model): self._estimate(model, here) for model in models}

    def _found(self, config: Config) -> Machine:
        """The machine; a description of it that is wrong is told once, and the machine itself is looked at."""
        before, self._told = self._told, ""
        try:
            return machine.found(config.machine.file)
        except BadConfig as error:
            self._told = str(error)
            if self._told != before:
                self._note(self._told)
            return machine.probe()

    def _estimate(self, model: Model, here: Machine) -> Estimate:
        try:
            turns = self._recent(model.runtime, model.name)
        except BadLedger:
            turns = []
        if model.runtime in ANYWHERE:
            return paces.estimate(turns, Speed(), Speed())
        window = min(model.window or 4096, 4096)
        return paces.estimate(turns, speed.roofline(here, model, window), speed.bound(here, model, window))
