"""What the ledger's lines say together: nothing negative, nothing lost, and words where there is nothing."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.config import Cost
from router.ledger import reckoning, stats
from router.ledger.stats import Report, Spread, Taken
from router.types import Turn

NOW = 1_800_000_000.0  # a Friday, 08:00 UTC
DAY = 86400.0


def turn(**what: Any) -> Turn:
    usual: dict[str, Any] = {"task": "complete", "engine": "ollama", "model": "qwen", "outcome": "shown"}
    return Turn(**(usual | {"total_ms": 100.0, "at": NOW} | what))


def report(*turns: Turn, **named: Any) -> Report:
    return stats.report(turns, NOW, **named)


anything = st.floats(allow_nan=True, allow_infinity=True)
counts = st.integers(-5, 10**7)
turns = st.lists(
    st.builds(
        Turn,
        task=st.sampled_from(["complete", "review", "no such task", ""]),
        engine=st.sampled_from(["ollama", "echo"]),
        model=st.just("m"),
        outcome=st.sampled_from(["shown", "silent", "cached", "superseded", "cancelled", "failed"]),
        fate=st.sampled_from(["", "accepted", "partly accepted", "typed", "dismissed"]),
        total_ms=anything,
        first_ms=anything,
        queued_ms=anything,
        prefill_ms=anything,
        decode_ms=anything,
        prompt_tokens=counts,
        reused_tokens=counts,
        answer_tokens=counts,
        joules=anything,
        at=st.one_of(anything, st.floats(NOW - 1000 * DAY, NOW)),
    ),
    max_size=20,
)


def numbers(value: object) -> list[float]:
    """Every number in a tree of structs."""
    if isinstance(value, (int, float)):
        return [value]
    if isinstance(value, dict):
        return [it for inner in value.values() for it in numbers(inner)]
    if isinstance(value, (tuple, list)):
        return [it for inner in value for it in numbers(inner)]
    fields = getattr(value, "__struct_fields__", ())
    return [it for name in fields for it in numbers(getattr(value, name))]


@given(turns, st.floats(0, 1000))
def test_nothing_is_negative_and_the_parts_make_up_the_whole(some: list[Turn], watts: float) -> None:
    found = report(*some, watts=watts)
    assert all(number >= 0 for number in numbers(found))
    for parts in (found.tasks, found.days):
        assert sum(it.turns for it in parts) == found.whole.turns == len(some) - found.ahead
        assert sum(it.taken.shown for it in parts) == found.whole.taken.shown
        assert sum(it.tokens.prompt for it in parts) == found.whole.tokens.prompt
        assert sum(it.tokens.answer for it in parts) == found.whole.tokens.answer
        assert sum(it.energy.measured for it in parts) == found.whole.energy.measured
    assert sum(found.whole.outcomes.values()) == found.whole.turns
    assert 0 <= (found.whole.tokens.reuse or 0) <= 1
    assert 0 <= (found.whole.taken.rate or 0) <= 1
    assert found.whole.total.p5 <= found.whole.total.p50 <= found.whole.total.p95


@given(turns, st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1e6), st.integers(1, 1000))
def test_the_account_is_made_of_sentences_whatever_the_ledger_says(
    some: list[Turn], price: float, kwh: float, card: float, users: int
) -> None:
    cost = Cost(input_tokens=price, output_tokens=price, kwh=kwh, card=card)
    for sentence in reckoning.sentences(report(*some), cost, users):
        assert sentence.endswith(".")
        assert "nan" not in sentence.split()
        assert "inf" not in sentence


def test_an_empty_ledger_is_an_empty_report() -> None:
    found = report()
    assert (found.whole.turns, found.tasks, found.days, found.span) == (0, (), (), 0)
    assert (found.whole.taken.rate, found.whole.tokens.reuse) == (None, None)
    assert reckoning.sentences(found, Cost(), 10) == [
        "No model has read a prompt in this time, so there is nothing to reckon."
    ]


def test_percentiles_are_durations_that_were() -> None:
    assert stats.spread(range(1, 101)) == Spread(100, 5, 25, 50, 75, 95)
    assert stats.spread([7.0]) == Spread(1, 7, 7, 7, 7, 7)
    assert stats.spread([float("nan"), -1.0, float("inf")]) == Spread()


def test_latency_is_that_of_what_a_model_answered() -> None:
    found = report(
        turn(total_ms=100.0, first_ms=60.0, queued_ms=5.0),
        turn(total_ms=300.0, outcome="silent"),
        turn(total_ms=0.1, outcome="cached"),
        turn(total_ms=9000.0, outcome="cancelled"),
        turn(total_ms=5000.0, task="review"),
    )
    complete, review = found.tasks
    assert (complete.total.count, complete.total.p50, complete.total.p95) == (2, 100, 300)
    assert (complete.first.count, complete.first.p50) == (1, 60)
    assert review.total.p50 == 5000
    assert complete.outcomes == {"shown": 1, "silent": 1, "cached": 1, "cancelled": 1}


def test_acceptance_is_of_what_was_settled() -> None:
    fates = ["accepted"] * 3 + ["partly accepted", "typed", "dismissed", "dismissed", "dismissed", "", ""]
    found = report(*(turn(fate=fate) for fate in fates), turn(outcome="silent"), turn(outcome="cached"))
    assert found.whole.taken == Taken(3, 1, 1, 3, 2)
    assert found.whole.taken.shown == 10
    assert found.whole.taken.rate == 0.5


def test_reuse_is_of_the_prompts_whose_engine_says() -> None:
    tokens = [(1000, 900), (500, -1), (10, 99)]
    found = report(*(turn(prompt_tokens=prompt, reused_tokens=reused) for prompt, reused in tokens))
    assert found.whole.tokens == stats.Tokens(1510, 1010, 910, 0)
    assert found.whole.tokens.reuse == 910 / 1010


def test_what_nobody_measured_draws_the_watts_of_the_settings() -> None:
    some = turn(prefill_ms=400.0, decode_ms=600.0), turn(joules=50.0, decode_ms=100.0), turn(outcome="cached")
    assert report(*some).whole.energy == stats.Energy(50, 1, 2, 1.1)
    assert report(*some, watts=200.0).whole.energy == stats.Energy(250, 2, 2, 1.1)


def test_days_are_those_of_the_user() -> None:
    evening = turn(at=NOW - 8 * 3600 - 1)
    assert [day.name for day in report(turn(), evening).days] == ["2027-01-14", "2027-01-15"]
    assert [day.name for day in report(turn(), evening, zone=timezone(timedelta(hours=9))).days] == ["2027-01-15"]


def test_a_day_on_which_nothing_happened_is_a_gap() -> None:
    found = report(turn(), turn(at=NOW - 3 * DAY))
    assert found.span == 4
    assert [part is None for _, part in stats.calendar(found.days)] == [False, True, True, False]
    assert len(stats.calendar(report(turn(), turn(at=0.0)).days)) == 366


def test_lines_from_a_clock_that_ran_ahead_are_told_not_counted() -> None:
    found = report(turn(), turn(at=NOW + 400 * DAY), turn(at=-1.0), turn(at=float("nan")))
    assert (found.whole.turns, found.ahead, found.span) == (1, 3, 1)


# Money


def month(**what: Any) -> Report:
    """Ten days of a million tokens each, nine in ten of them reused."""
    each = {"prompt_tokens": 1_000_000, "reused_tokens": 900_000, "joules": 360_000.0, "decode_ms": 3.6e6} | what
    return report(*(turn(at=NOW - day * DAY, **each) for day in range(10)))


def test_the_account_counts_reused_tokens_both_ways() -> None:
    sums = reckoning.money(month(), Cost(kwh=0.30))
    assert (sums.days, sums.kwh, sums.electricity) == (10, 1.0, 0.30)
    assert (round(sums.api, 6), round(sums.api_evaluated, 6)) == (8.80, 0.88)
    assert round(sums.saved, 6) == 0.058


def test_answers_have_a_price_of_their_own() -> None:
    sums = reckoning.money(month(answer_tokens=100_000), Cost(input_tokens=1.0, output_tokens=3.0))
    assert round(sums.api, 6) == 13.0


def test_a_card_is_paid_back_or_it_is_not() -> None:
    sums = reckoning.money(month(), Cost())
    assert round(reckoning.pay_back(sums, 58.0) or 0) == 1000
    assert round(reckoning.pay_back(sums, 58.0, users=10) or 0) == 100
    assert reckoning.pay_back(sums, 5800.0) is None
    assert reckoning.pay_back(reckoning.money(month(joules=1e9), Cost()), 1.0) is None
    assert reckoning.pay_back(reckoning.money(report(), Cost()), 1.0) is None


def test_the_account_in_words() -> None:
    assert reckoning.sentences(month(), Cost(card=58), users=10) == [
        "In 10 days the models read 10,000,000 tokens and wrote 0. An API at 0.88 and 0.88 per million would have"
        " taken 8.80.",
        "9,000,000 of those read were reused from one prompt to the next. Most APIs count them all the same; if they"
        " were free there, it would be 0.88.",
        "Electricity: 1 kWh at 0.3 per kWh, 0.3.",
        "At that rate, reused tokens counted as free, a card of 58.00 is paid back in 2.7 years.",
        "10 people who work like this on one machine: 9.13 of electricity a month, 0.91 per person; it would be busy"
        " for 125% of an eight-hour day.",
        "That is more than one machine can do, unless it answers several at once.",
        "Shared: at that rate, reused tokens counted as free, a card of 58.00 is paid back in 3 months.",
    ]


def test_without_a_measurement_the_account_says_how_to_have_one() -> None:
    (_, last) = reckoning.sentences(report(turn(prompt_tokens=5, decode_ms=1.0)), Cost(card=100.0), users=3)
    assert "set cost.watts" in last


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (1234.5, "1,234.50"),
        (0.123, "0.12"),
        (0.00051, "0.00051"),
        (1e-9, "less than 0.0001"),
        (-2, "-2.00"),
    ],
)
def test_amounts_are_said_as_people_say_them(value: float, said: str) -> None:
    assert reckoning.amount(value) == said


@pytest.mark.parametrize(
    ("joules", "said"), [(0, "0 J"), (12.34, "12.3 J"), (2000, "2,000 J"), (36_000, "10 Wh"), (4.5e6, "1.25 kWh")]
)
def test_energy_is_said_as_people_say_it(joules: float, said: str) -> None:
    assert reckoning.energy(joules) == said
