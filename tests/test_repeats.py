"""A model that only repeats itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.answers.repeats import TAIL, repeats


@given(st.text(min_size=1, max_size=80), st.text(max_size=9))
def test_what_is_said_over_and_over_is_noticed(stretch: str, before: str) -> None:
    assert repeats(before + stretch * TAIL)


@pytest.mark.parametrize(
    "said",
    ["", "-" * 80, "```\n" + "    x = 1\n" * 9, "".join(f"- line {number} is wrong\n" for number in range(99))],
    ids=["nothing", "a ruler", "a few lines alike", "a list"],
)
def test_what_goes_on_is_left_alone(said: str) -> None:
    assert not repeats(said)
