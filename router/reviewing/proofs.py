"""A finding proves itself before anybody sees it: each stage stops the claims that it can show to be false. Pure.

The cheapest come first. What is left is asked about once more, with the function alone before the model's eyes: it has
to name an input or a state for which the code fails (see review.py); then it is ranked, and few are shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

from router.context import privacy
from router.reviewing.fingerprints import fingerprint, within
from router.reviewing.inert import acts, orders, plain
from router.reviewing.mending import fixed, mends
from router.reviewing.quoting import Text, inside
from router.reviewing.reading import WORD, Code
from router.reviewing.refuting import Known, refuted
from router.reviewing.rules import capped, rules
from router.reviewing.types import Claim, Counts, Scope
from router.types import Diagnostic, Finding, Severity, Span

# What stops a claim, in the order in which it is tried; the last three are review.py's.
STAGES = (
    "quote",
    "other file",
    "elsewhere",
    "comment",
    "symbols",
    "refuted",
    "known",
    "acts",
    "fix",
    "ignored",
    "duplicate",
    "dismissed",
    "second look",
)
Unwanted: TypeAlias = Callable[[str, str], bool]  # whether a fingerprint, or its rule, is dismissed here
_COMMON = frozenset(
    "and are but can for from has have into its may might not that the then this was when which will with".split()
)
_IGNORE = re.compile(
    r"switchyard:[ \t]*ignore(?P<file>-file)?\b[ \t]*(?P<rules>[a-z-]+(?:[ \t]*,[ \t]*[a-z-]+)*)?", re.I
)
_PLACES = 3  # that belong to a finding, at most
_HEAD_LINES = 10  # in which a file may say that it wants no review


class Exhibit:
    """One claim, what it is about, and where its quote was found."""

    def __init__(self, claim: Claim, scope: Scope, code: Code, found: Span) -> None:
        self.claim, self.scope, self.code, self.span = claim, scope, code, found
        self.quote = code.text[found.start : found.end]
        self.fix = () if claim.fix is None else (fixed(code.text, found, claim.quote, claim.fix),)


def proved(
    claims: Sequence[Claim], scope: Scope, most: Severity, known: Known, unwanted: Unwanted, counts: Counts
) -> list[Finding]:
    """The findings among the claims, each at `most` that grave; `counts` is told which stage stopped the others.

    `known` says whether the workspace defines a name.
    """
    code, text = Code(scope.language, scope.text), Text(scope.text)
    kept: dict[str, Finding] = {}
    for claim in claims:
        found = text.find(claim.quote, scope.spans, claim.line)
        if found is None:
            _count(counts, "quote")
            continue
        it = Exhibit(claim, scope, code, found)
        mark = _print(it)
        why = _stopped(it, known) or (
            "duplicate" if mark in kept else "dismissed" if unwanted(mark, claim.rule) else ""
        )
        if why:
            _count(counts, why)
        else:
            kept[mark] = _finding(it, most)
    return list(kept.values())


def _count(counts: Counts, stage: str) -> None:
    counts[stage] = counts.get(stage, 0) + 1


def _stopped(it: Exhibit, known: Known) -> str:
    """The stage that stops a claim; empty: none does."""
    return next((stage for stage, stops in _STOPS if stops(it, known)), "")


def _of_another_file(it: Exhibit, known: Known) -> bool:
    said = it.claim.path.replace("\\", "/").rpartition("/")[2]
    return bool(said) and said != _name(it.scope.path)


def _elsewhere(it: Exhibit, known: Known) -> bool:
    return not inside(it.span, it.scope.spans)


def _in_comment(it: Exhibit, known: Known) -> bool:
    """Comments and documentation do nothing, so they do nothing wrong."""
    return it.code.in_comment(it.span)


def _nameless(it: Exhibit, known: Known) -> bool:
    """Whether a claim speaks of something that there is not."""
    names = {word for symbol in it.claim.symbols for word in WORD.findall(symbol)}
    return any(name not in it.code.said and not known(name) for name in names)


def _refuted(it: Exhibit, known: Known) -> bool:
    return refuted(it.claim, it.span, it.code, known)


def _said_already(it: Exhibit, known: Known) -> bool:
    """Whether another tool says about the same of the same line."""
    return any(_same_line(it, other) and _alike(it.claim, other) for other in it.scope.diagnostics)


def _same_line(it: Exhibit, other: Diagnostic) -> bool:
    text = it.code.text
    first, last = (text.count("\n", 0, at) for at in (it.span.start, it.span.end))
    return text.count("\n", 0, other.span.start) <= last and first <= text.count("\n", 0, other.span.end)


def _alike(claim: Claim, other: Diagnostic) -> bool:
    if other.code and other.code.lower() == claim.rule:
        return True
    one, two = (_telling(it) for it in (f"{claim.message} {claim.rule}", f"{other.message} {other.code}"))
    return len(one & two) >= 2 or (0 < len(two) <= 2 and two <= one)


def _telling(said: str) -> set[str]:
    words = re.findall(r"[a-z][a-z0-9]{2,}", re.sub(r"([a-z])([A-Z])", r"\1 \2", said).lower())
    return {word.removesuffix("s") for word in words} - _COMMON


def _unmended(one: Exhibit, known: Known) -> bool:
    return any(privacy.hidden(it.text, one.code.text) or not mends(one.code, it) for it in one.fix)


def _acting(it: Exhibit, known: Known) -> bool:
    """Whether its words, or the words of its fix that the code did not hold, are more than a description."""
    return acts(it.claim.message) or acts(it.claim.fails) or any(map(orders, _brought(it)))


def _brought(it: Exhibit) -> list[str]:
    """The comments and texts that a fix brings along."""
    return [line for change in it.fix for line in change.text.splitlines() if line.strip() not in it.code.text]


def _ignored(it: Exhibit, known: Known) -> bool:
    """Whether a comment in the line, in the one above, or at the head of the file wants it so."""
    text, start = it.code.text, it.span.start
    begin = text.rfind("\n", 0, start) + 1
    above = text.rfind("\n", 0, max(0, begin - 1)) + 1
    end = text.find("\n", it.span.end)
    near = _IGNORE.finditer(text[above : end if end >= 0 else len(text)])
    head = "\n".join(text.split("\n", _HEAD_LINES)[:_HEAD_LINES])
    return any(not found["file"] and _names_rule(found, it.claim.rule) for found in near) or any(
        found["file"] and _names_rule(found, it.claim.rule) for found in _IGNORE.finditer(head)
    )


def _names_rule(found: re.Match[str], rule: str) -> bool:
    return not found["rules"] or rule in re.split(r"[ \t]*,[ \t]*", found["rules"].lower())


_STOPS: tuple[tuple[str, Callable[[Exhibit, Known], bool]], ...] = (
    ("other file", _of_another_file),
    ("elsewhere", _elsewhere),
    ("comment", _in_comment),
    ("symbols", _nameless),
    ("refuted", _refuted),
    ("known", _said_already),
    ("acts", _acting),
    ("fix", _unmended),
    ("ignored", _ignored),
)


def _finding(it: Exhibit, most: Severity) -> Finding:
    rule = rules()[it.claim.rule]
    return Finding(
        path=it.scope.path,
        span=it.span,
        quote=it.quote,
        severity=capped(rule.severity, most),
        rule=rule.code,
        message=plain(it.claim.message),
        fails=plain(it.claim.fails),
        fix=it.fix,
        also=_also(it),
    )


def _also(it: Exhibit) -> tuple[tuple[str, Span], ...]:
    """Where else in the file what it speaks of is defined."""
    said = {word for symbol in it.claim.symbols for word in WORD.findall(symbol)}
    names = (one for one in it.code.tags.definitions if one.name in said)
    places = (Span(one.at, one.at + len(one.name)) for one in names)
    return tuple((it.scope.path, span) for span in places if not inside(span, (it.span,)))[:_PLACES]


def _print(it: Exhibit) -> str:
    return fingerprint(_name(it.scope.path), it.claim.rule, it.quote, within(it.code.tags.definitions, it.span))


def marked(finding: Finding, code: Code) -> str:
    """The fingerprint of a finding."""
    return fingerprint(_name(finding.path), finding.rule, finding.quote, within(code.tags.definitions, finding.span))


def _name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]
