"""The plan for machines that people have: a golden each, and what the table of sizes promises."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from router import tasks
from router.config import Config, Machine, Models, Ollama, Runtime, Swap
from router.models import catalog, hardware, known, plan
from router.models.plan import Plan
from router.models.types import Survey
from router.types import Route
from tests import golden

JOBS = tasks.shipped()
ALL = [catalog.candidate(it) for it in catalog.table().values()]


def planned(name: str, config: Config | None = None) -> Plan:
    """What the catalogue recommends for a machine on which nothing is installed."""
    return plan.make([Survey("ollama")], JOBS, known.named(name), config or Config(), also=ALL)


def picture(found: Plan) -> str:
    """A plan as a person reads it."""
    lines = []
    for name, choice in found.choices.items():
        taken, leaving = choice.taken, ", ".join(route.model for route in choice.moves.unload)
        lines += [
            f"{name}: {choice.route.model} {taken.fit.model.quantisation}, {choice.route.window:,} tokens, "
            f"{choice.stay}",
            f"    {taken.fit.fast / 1e9:.1f} GB, {taken.fit.share:.0%} of it on the accelerator, "
            f"{taken.fit.speed.prefill:,.0f} and {taken.fit.speed.decode:.0f} tokens/s, prompt {taken.prompt:,}, "
            f"first line {taken.first:.1f} s, answer {taken.whole:.0f} s",
            *([f"    first {leaving} must leave; {choice.moves.gap:.0f} s without completion"] if leaving else []),
            *(f"    {sentence}." for sentence in choice.route.why.rstrip(".").split(". ")),
        ]
    lines += [f"{name}: nothing. {why}" for name, why in found.regrets.items()]
    lines += ["", "loaded in this order: " + ", ".join(route.model for route in found.order), *found.notes]
    return "\n".join(lines) + "\n"


def billions(found: Plan, job: str) -> float:
    return found.choices[job].taken.fit.model.parameters / 1e9


@pytest.mark.parametrize("machine", ["rtx3060", "rtx4090", "m3pro-36gb"])
def test_the_plan_of_a_machine_is_the_one_that_was_read(machine: str) -> None:
    golden.check(f"plan/{machine}.txt", picture(planned(machine)))


@pytest.mark.parametrize("machine", ["rtx3060", "rtx4090", "m3pro-36gb", "h200"])
def test_the_sizes_are_those_of_the_table(machine: str) -> None:
    found = planned(machine)
    assert 1.5 <= billions(found, "complete") <= 3
    assert 3 <= billions(found, "explain") <= 4.3
    assert 6.7 <= billions(found, "review") <= 9.3
    assert found.choices["complete"].stay == "pinned"


def test_a_card_of_12_gb_swaps_the_large_jobs_in_and_says_what_stays_in_main_memory() -> None:
    found = planned("rtx3060")
    assert 6.7 <= billions(found, "review_changes") <= 16
    assert found.choices["review_changes"].stay == "swapped"
    large = found.choices["refactor"]
    mixture = large.taken.fit.model.active < large.taken.fit.model.parameters
    assert mixture or billions(found, "refactor") > 11
    assert large.taken.fit.share == 1 or "main memory" in large.route.why


def test_a_card_of_24_gb_refactors_with_27b_beside_the_model_that_completes() -> None:
    found = planned("rtx4090")
    assert 13 <= billions(found, "review_changes") <= 16
    assert 26 <= billions(found, "refactor") <= 28
    large = found.choices["refactor"]
    assert large.taken.fit.share == 1
    assert not large.moves.stranded
    both = large.taken.fit.fast + found.choices["complete"].taken.fit.fast
    assert both <= found.yard.room.fast


def test_a_macbook_of_36_gb_refactors_with_27b_or_a_mixture_of_experts() -> None:
    found = planned("m3pro-36gb")
    assert 13 <= billions(found, "review_changes") <= 16
    assert 26 <= billions(found, "refactor") <= 36
    assert found.choices["refactor"].taken.fit.share == 1


def test_where_swapping_is_never_allowed_nothing_pushes_the_model_that_completes_out() -> None:
    for machine in known.names():
        found = planned(machine, Config(machine=Machine(swap="never")))
        for choice in found.choices.values():
            assert choice.moves.gap == 0
            both = choice.taken.fit.fast + found.choices["complete"].taken.fit.fast
            assert choice.route.model == found.choices["complete"].route.model or both <= found.yard.room.fast


def test_a_model_that_the_settings_name_is_taken_whatever_the_table_says() -> None:
    found = planned("rtx4090", Config(models=Models(refactor="devstral:24b", complete="codegemma:2b")))
    assert found.choices["refactor"].route.model == "devstral:24b"
    assert found.choices["complete"].route.model == "codegemma:2b"
    assert "your settings name" in found.choices["refactor"].route.why


def installed(*names: str, runtime: str = "ollama") -> Survey:
    """An engine with these of the catalogue's models."""
    return Survey(runtime, tuple(replace(it, runtime=runtime) for it in ALL if it.name in names))


def on(surveys: list[Survey], machine: hardware.Machine | None, config: Config | None = None) -> Plan:
    return plan.make(surveys, JOBS, machine, config or Config())


def card(free: int, name: str = "rtx3060") -> hardware.Machine:
    """A machine that people have, with so many bytes free on its card."""
    found = known.named(name)
    assert found is not None
    return replace(found, gpus=(replace(found.gpus[0], free=free),))


@pytest.mark.parametrize("swap", ["ask", "never"])
def test_the_only_model_there_is_takes_its_room_once_whatever_it_does(swap: Swap) -> None:
    found = on([installed("qwen2.5-coder:7b")], card(8 << 30), Config(machine=Machine(swap=swap)))
    assert set(found.choices) == set(JOBS)
    assert {choice.taken.fit.share for choice in found.choices.values()} == {1.0}


def test_no_part_of_the_model_that_completes_leaves_the_card_for_a_longer_window() -> None:
    found = on([installed("qwen2.5-coder:7b")], card(int(7.2e9)))
    assert found.choices["complete"].taken.fit.share == 1
    assert found.choices["complete"].route.window < JOBS["refactor"].context


def test_beside_a_card_without_room_the_processor_completes_and_the_plan_says_so() -> None:
    found = on([installed("qwen2.5-coder:1.5b")], card(300 << 20))
    complete = found.choices["complete"]
    assert dict(complete.route.options)["num_gpu"] == 0
    assert (complete.taken.fit.fast, complete.taken.fit.share) == (0, 0)
    assert "the card has no room" in complete.why
    assert 0 < complete.taken.fit.speed.decode < 60


def test_what_the_embedded_engine_holds_is_no_room_on_the_card() -> None:
    ours = replace(ALL[0], runtime="embedded", loaded=True, held=10**9)
    assert on([Survey("embedded", (ours,))], card(8 << 30)).yard.room.fast == on([], card(8 << 30)).yard.room.fast


def test_a_model_of_a_server_of_its_own_makes_way_for_nothing() -> None:
    there = installed("qwen2.5-coder:1.5b", runtime="openai"), installed("qwen3.6:27b", "qwen2.5-coder:7b")
    found = on(list(there), known.named("rtx4090"))
    complete, large = (found.choices[job].route for job in ("complete", "refactor"))
    assert (complete.runtime, large.model) == ("openai", "qwen3.6:27b")
    assert found.moves(large, [complete]).unload == ()
    assert found.moves(complete, [large, found.choices["review"].route]).unload == ()


def test_what_an_earlier_plan_has_loaded_and_this_one_does_not_need_leaves() -> None:
    found = on([installed("qwen2.5-coder:1.5b")], card(12 << 30))
    old = Route("ollama", "codegemma:2b")
    assert found.moves(found.choices["complete"].route, [old]).unload == (old,)


def test_ollama_holds_three_models_per_card_or_as_many_in_all_as_it_was_told() -> None:
    one = card(12 << 30)
    two = replace(one, gpus=one.gpus * 2)
    told = Config(runtime=Runtime(ollama=Ollama(loaded=4)))
    assert [on([], machine, settings).yard.most for machine in (one, two) for settings in (None, told)] == [3, 4, 6, 4]


@pytest.mark.parametrize("name", ["rtx3060", "cpu-16gb"])
def test_a_system_that_does_not_say_how_much_memory_it_has_completes_all_the_same(name: str) -> None:
    machine = known.named(name)
    assert machine is not None
    found = on([installed("qwen2.5-coder:1.5b")], replace(machine, memory=0, free=0))
    assert found.choices["complete"].route.model == "qwen2.5-coder:1.5b"


def test_what_stays_but_pushes_the_model_that_completes_out_as_it_comes_says_so() -> None:
    found = on([installed("qwen2.5-coder:1.5b", "gemma3:12b")], card(12 << 30, "rtx4090"))
    review, complete = found.choices["review"], found.choices["complete"].route
    assert review.stay == "resident"
    assert review.moves == found.moves(review.route, [complete])
    assert "The first time, qwen2.5-coder:1.5b leaves for it and comes back" in review.why


def test_the_machine_that_the_page_describes_can_be_planned_for() -> None:
    page = Path(__file__).parent.parent / "docs" / "plan.md"
    here = known.described(page.read_text("utf-8").split("```toml\n")[1].split("```")[0], "the page")
    found = plan.make([Survey("ollama")], JOBS, here, Config(), also=ALL)
    assert set(found.choices) == set(JOBS)
