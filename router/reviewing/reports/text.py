"""A review for a terminal: compilers' lines, so that editors find the places; then what was not reviewed. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from router.reviewing.types import Reported, Review, Skipped


def report(review: Review) -> str:
    """The whole of it; nothing in it is cleaned for a terminal yet."""
    parts = ["\n".join(_finding(it)) for it in review.reported]
    if review.summary:
        parts.insert(0, f"What the change does:\n{review.summary}")
    if review.skipped:
        parts.append("\n".join(["Not reviewed:", *(f"  {skipped(it)}" for it in review.skipped)]))
    return "\n\n".join([*parts, tally(review)]) + "\n"


def _finding(it: Reported) -> Iterator[str]:
    finding, place = it.finding, it.place
    yield f"{it.path}:{place.line}:{place.column}: {finding.severity}: {finding.message} [{finding.rule}]"
    yield from (f"    | {line}" for line in finding.quote.splitlines())
    if finding.fails:
        yield f"    It fails for: {finding.fails}"
    for change in finding.fix:
        yield "    A fix:"
        yield from (f"    + {line}" for line in change.text.splitlines())


def skipped(it: Skipped) -> str:
    """One thing that was not reviewed, in a line."""
    return f"{it.path}{f' ({it.name})' if it.name else ''}: {it.why}"


def tally(review: Review) -> str:
    """What was looked at and found, in a sentence."""
    if not review.units:
        return "Nothing was reviewed, see above." if review.skipped else "Nothing has changed."
    found = _count(len(review.reported), "finding")
    known = f", {review.known} of them known from before" if review.known else ""
    rest = f" {len({it.path for it in review.skipped})} not reviewed." if review.skipped else ""
    return f"{found} in {_count(review.units, 'changed definition')}{known}." + (
        f"{rest[:-1]}, see above." if rest else ""
    )


def _count(number: int, what: str) -> str:
    return f"{number or 'No'} {what}{'' if number == 1 else 's'}"
