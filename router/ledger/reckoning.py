"""What the models' work costs at home, what an API would have taken for it, and what follows from that."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from router.config import Cost
from router.ledger.stats import Report

MONTH = 30.44  # days, on average
WORKDAY = 8 * 3600.0  # seconds in which people ask
_JOULES = 3.6e6  # per kilowatt-hour
_YEARS = 20  # a card is not paid back in more than that


class Money(Struct, frozen=True):
    """All in the user's currency, over `days` days.

    `api` is what the same tokens would have cost, every prompt counted whole, as an API without a prompt cache counts
    them; `api_evaluated` counts only the tokens that were not reused, as if cached ones were free. `electricity` is
    that of the turns that were measured.
    """

    days: int
    kwh: float
    electricity: float
    api: float
    api_evaluated: float

    @property
    def saved(self) -> float:
        """Per day, by the more careful of the two comparisons; negative: the API would have been cheaper."""
        return (self.api_evaluated - self.electricity) / self.days if self.days else 0.0


def money(report: Report, cost: Cost) -> Money:
    """The two sides of the account."""
    tokens, kwh = report.whole.tokens, report.whole.energy.joules / _JOULES
    answers = tokens.answer * cost.output_tokens
    return Money(
        days=report.span,
        kwh=kwh,
        electricity=kwh * cost.kwh,
        api=(tokens.prompt * cost.input_tokens + answers) / 1e6,
        api_evaluated=((tokens.prompt - tokens.reused) * cost.input_tokens + answers) / 1e6,
    )


def pay_back(money: Money, card: float, users: int = 1) -> float | None:
    """Days until `card` is saved by `users` people who work as this ledger's owner does; None: never."""
    days = card / (money.saved * users) if money.saved > 0 else float("inf")
    return days if days <= _YEARS * 365 else None


def amount(value: float) -> str:
    """Money for people: enough digits for small sums, and none to spare for large ones."""
    if value == 0:
        return "0"
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.2g}" if abs(value) >= 0.0001 else "less than 0.0001"


def energy(joules: float) -> str:
    """Energy for people: 350 J, 12.5 Wh, 1.2 kWh."""
    if joules < 3600:
        return f"{joules:,.3g} J" if joules < 1000 else f"{joules:,.0f} J"
    hours = joules / 3600
    return f"{hours:.3g} Wh" if hours < 1000 else f"{hours / 1000:,.3g} kWh"


def duration(ms: float) -> str:
    """A short time for people."""
    if ms < 9.95:
        return f"{ms:.1f} ms"
    return f"{ms:.0f} ms" if ms < 999.5 else f"{ms / 1000:.1f} s" if ms < 99_950 else f"{ms / 1000:,.0f} s"


def share(value: float | None) -> str:
    """A share for people; nothing where there is none."""
    return "" if value is None else f"{value:.0%}"


def long_time(days: float) -> str:
    """A long time for people: 40 days, 5 months, 2.5 years."""
    if days < 90:
        return f"{days:,.0f} days"
    return f"{days / MONTH:,.0f} months" if days < 730 else f"{days / 365:.1f} years"


def sentences(report: Report, cost: Cost, users: int = 1) -> list[str]:
    """The account in words, also where there is nothing to account for."""
    if not report.whole.tokens.prompt:
        return ["No model has read a prompt in this time, so there is nothing to reckon."]
    return list(_sentences(report, cost, money(report, cost), users))


def _sentences(report: Report, cost: Cost, sums: Money, users: int) -> Iterator[str]:
    tokens = report.whole.tokens
    days = "one day" if sums.days == 1 else f"{sums.days} days"
    yield (
        f"In {days} the models read {tokens.prompt:,} tokens and wrote {tokens.answer:,}. An API at"
        f" {cost.input_tokens:g} and {cost.output_tokens:g} per million would have taken {amount(sums.api)}."
    )
    if tokens.reused:
        yield (
            f"{tokens.reused:,} of those read were reused from one prompt to the next. Most APIs count them all the"
            f" same; if they were free there, it would be {amount(sums.api_evaluated)}."
        )
    yield _electricity(report, cost, sums)
    if cost.card and report.whole.energy.measured:
        yield _card(cost, sums, 1)
    if users > 1 and report.whole.energy.measured:
        yield from _shared(report, cost, sums, users)


def _electricity(report: Report, cost: Cost, sums: Money) -> str:
    spent = report.whole.energy
    if not spent.measured:
        return "No turn's energy was measured; set cost.watts to what the machine draws more while a model works."
    told = f"Electricity: {energy(spent.joules)} at {cost.kwh:g} per kWh, {amount(sums.electricity)}"
    if spent.measured < spent.busy:
        return f"{told}, for the {spent.measured:,} of {spent.busy:,} turns that were measured."
    return f"{told}."


def _card(cost: Cost, sums: Money, users: int) -> str:
    days = pay_back(sums, cost.card, users)
    if days is None:
        return f"At that rate a card of {amount(cost.card)} is never paid back."
    return (
        f"At that rate, reused tokens counted as free, a card of {amount(cost.card)} is paid back in {long_time(days)}."
    )


def _shared(report: Report, cost: Cost, sums: Money, users: int) -> Iterator[str]:
    each = sums.electricity / sums.days * MONTH
    load = report.whole.energy.seconds / sums.days * users / WORKDAY
    yield (
        f"{users} people who work like this on one machine: {amount(each * users)} of electricity a month,"
        f" {amount(each)} per person; it would be busy for {load:.0%} of an eight-hour day."
    )
    if load > 1:
        yield "That is more than one machine can do, unless it answers several at once."
    if cost.card:
        yield f"Shared: {_card(cost, sums, users)[0].lower()}{_card(cost, sums, users)[1:]}"
