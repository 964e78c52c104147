"""A task that needs more than fits goes elsewhere, goes in parts, or is refused with the number; it is never cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from router import TooLong, tasks
from router.config import Config, Models
from router.models import catalog, known, length, plan
from router.models.types import Survey

JOBS = tasks.shipped()
ALL = [catalog.candidate(it) for it in catalog.table().values()]
PLAN = plan.make([Survey("ollama")], JOBS, known.named("rtx4090"), Config(), also=ALL)


def test_what_fits_goes_where_it_was_planned() -> None:
    way = length.way(PLAN, JOBS["explain"], 5000)
    assert (way.choice.task, way.parts, way.why) == ("explain", 1, "")


def test_what_is_longer_goes_to_the_largest_window_that_is_planned() -> None:
    way = length.way(PLAN, JOBS["explain"], 12_000)
    assert way.choice.route.window >= 12_000 + JOBS["explain"].max_tokens
    assert "12,000 tokens are more than" in way.why


def test_a_review_goes_in_parts() -> None:
    way = length.way(PLAN, JOBS["review_changes"], 100_000)
    assert way.choice.task == "review_changes"
    assert way.parts == 7
    assert "7 parts" in way.why


def test_what_can_be_done_neither_way_is_refused_with_both_numbers() -> None:
    with pytest.raises(TooLong, match=r"100,000 tokens, and the largest window that fits here takes 14,884"):
        length.way(PLAN, JOBS["refactor"], 100_000)


@given(st.sampled_from(sorted(JOBS)), st.integers(0, 200_000))
def test_whatever_goes_somewhere_fits_there_whole(job: str, tokens: int) -> None:
    try:
        way = length.way(PLAN, JOBS[job], tokens)
    except TooLong:
        return
    assert tokens <= way.parts * length.room(way.choice, JOBS[job])


def test_a_model_that_only_fills_in_the_middle_explains_nothing_however_large_its_window() -> None:
    models = [catalog.candidate(it) for it in catalog.table().values() if it.name in ("starcoder2:7b", "phi4-mini")]
    named = Config(models=Models(complete="starcoder2:7b"))
    found = plan.make([Survey("ollama", tuple(models))], JOBS, None, named)
    only = structs.replace(found.choices["complete"].route, window=1 << 17)
    wide = structs.replace(found.choices["complete"], route=only)
    found = structs.replace(found, choices={"complete": wide, "explain": found.choices["explain"]})
    with pytest.raises(TooLong):
        length.way(found, JOBS["explain"], 50_000)
