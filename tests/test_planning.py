"""How the plan comes about: what is known of speed, and what is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from router import config, tasks
from router.config import Config
from router.dispatch.paces import Paces, line
from router.dispatch.planning import Planning
from router.models import catalog, known
from router.models import machine as looked_at
from router.models.speed import Speed
from router.models.types import Model, Survey
from router.types import Turn

MODEL = catalog.candidate(catalog.table()["qwen2.5-coder:1.5b"])
COMPLETE = tasks.shipped()["complete"]


def planned(model: Model, paces: Paces, *turns: Turn) -> Planning:
    def recent(engine: str, name: str) -> Sequence[Turn]:
        return turns

    planning = Planning(paces, recent)
    asyncio.run(planning.make([Survey(model.runtime, (model,))], Config()))
    return planning


@pytest.fixture(autouse=True)
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looked_at, "found", lambda file: known.named("rtx4090"))


@pytest.mark.parametrize("engine", ["ollama", "embedded"])
def test_the_first_prompt_is_as_long_as_the_plan_says(engine: str) -> None:
    """The embedded engine leaves the card alone: at the card's speed its first answer would take twenty seconds."""
    paces = Paces()
    complete = planned(replace(MODEL, runtime=engine), paces).plan.choices["complete"]
    assert paces.speed(complete.route) == complete.taken.fit.speed
    assert paces.budget(COMPLETE, complete.route) == complete.taken.prompt


def test_what_was_measured_meanwhile_counts_for_a_model_that_has_answered_nothing_yet() -> None:
    paces = Paces()
    planned(MODEL, paces)
    measured = line((MODEL.runtime, MODEL.name), Speed(700.0, 30.0))
    route = planned(MODEL, paces, measured).plan.choices["complete"].route
    assert (paces.speed(route).prefill, paces.speed(route).measured) == (700.0, True)


def test_a_description_that_is_wrong_is_told_once_and_again_when_it_is_wrong_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    told: list[str] = []
    planning = Planning(Paces(), lambda engine, model: [], told.append)
    for file in ("/nowhere", "/nowhere", "/elsewhere", "/nowhere"):
        asyncio.run(planning.make([], Config(machine=config.Machine(file=file))))
    assert [sentence.split()[0] for sentence in told] == ["/nowhere", "/elsewhere", "/nowhere"]


def test_what_was_measured_of_a_very_slow_model_is_not_rounded_away() -> None:
    paces = Paces()
    route = planned(MODEL, paces, line((MODEL.runtime, MODEL.name), Speed(3.3, 0.4))).plan.choices["complete"].route
    assert paces.speed(route) == Speed(3.3, 0.4, measured=True)
