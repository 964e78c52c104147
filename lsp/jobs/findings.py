"""Findings as an editor shows them: diagnostics that move with the text, and are gone when what they quote is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lsp import convert
from lsp.documents import Open
from lsp.jobs.actions import Action, Place, action
from router.context.lines import line_end
from router.reviewing.quoting import Text
from router.reviewing.rules import rules
from router.types import Change, Document, Finding, Severity, Span

SOURCE = "Switchyard"
COMMAND = "switchyard.finding"  # takes what is to be done, a URI and a finding's id
CHANGES = "switchyard.reviewChanges"  # takes a folder's URI, which change, and a token for what is said as it goes
APPLY, DISMISS, NEVER, IGNORE = DEEDS = "apply", "dismiss", "never", "ignore"
_SEVERITIES: dict[Severity, int] = {"error": 1, "warning": 2, "information": 3, "hint": 4}
_UNNECESSARY = 1  # DiagnosticTag: editors show it faded
_QUICKFIX = "quickfix"


class Shown(Struct, frozen=True):
    """A finding where it stands now; `id` is its fingerprint, `within` the name of the definition around it."""

    id: str
    finding: Finding
    within: str = ""


def moved(shown: Sequence[Shown], changes: Sequence[Change], before: str, after: str) -> list[Shown]:
    """Those that are left after an edit, each where it stands now; `changes` in order, from one text to the other.

    What an edit touches is gone. Where all of the text is sent anew, each is looked for by what it quotes.
    """
    if any(it.start == 0 and it.end >= len(before) for it in changes):
        text = Text(after)
        return [it for one in shown if (it := found_again(one, after, text)) is not None]
    kept = list(shown)
    for change in changes:
        kept = [it for one in kept if (it := _moved(one, change)) is not None]
    return kept


def _moved(one: Shown, change: Change) -> Shown | None:
    span = _shifted(one.finding.span, change)
    if span is None:
        return None
    by = span.start - one.finding.span.start
    fix = tuple(replace(it, start=it.start + by, end=it.end + by) for it in one.finding.fix)
    places = ((path, _shifted(it, change) if path == one.finding.path else it) for path, it in one.finding.also)
    also = tuple((path, it) for path, it in places if it is not None)
    return replace(one, finding=replace(one.finding, span=span, fix=fix, also=also))


def _shifted(span: Span, change: Change) -> Span | None:
    """Where a span stands after a change; None: the change has touched it."""
    by = len(change.text) - (change.end - change.start)
    if change.end < span.start or (change.end == span.start and change.text[-1:] in ("", "\n", "\r", " ", "\t")):
        return Span(span.start + by, span.end + by)
    if change.start > span.end or (change.start == span.end and change.text[:1] in ("", "\n", "\r")):
        return span
    return None


def found_again(one: Shown, text: str, searched: Text) -> Shown | None:
    """A finding in a text of which nobody knows what has happened to it; None: what it quotes stands there no more."""
    line = text.count("\n", 0, min(one.finding.span.start, len(text))) + 1
    found = searched.find(one.finding.quote, (Span(0, len(text)),), line)
    if found is None or text[found.start : found.end] != one.finding.quote:
        return None
    by = found.start - one.finding.span.start
    fix = tuple(replace(it, start=it.start + by, end=it.end + by) for it in one.finding.fix)
    return replace(one, finding=replace(one.finding, span=found, fix=fix, also=()))


def diagnostics(document: Open, shown: Iterable[Shown]) -> list[dict[str, Any]]:
    """What is published of a document."""
    return [_diagnostic(document, it) for it in shown]


def _diagnostic(document: Open, it: Shown) -> dict[str, Any]:
    finding = it.finding
    said = f"{finding.message}\nIt fails for: {finding.fails}" if finding.fails else finding.message
    found: dict[str, Any] = {
        "range": document.range(finding.span),
        "severity": _SEVERITIES[finding.severity],
        "code": finding.rule,
        "codeDescription": {"href": page(finding.rule)},
        "source": SOURCE,
        "message": said,
        "data": {"id": it.id, "rule": finding.rule, "fix": bool(finding.fix)},
    }
    if finding.rule == "unused-name":
        found["tags"] = [_UNNECESSARY]
    if finding.also:
        found["relatedInformation"] = [_related(document, finding, path, span) for path, span in finding.also]
    return found


def _related(document: Open, finding: Finding, path: str, span: Span) -> dict[str, Any]:
    """Places that belong to it: so far, where what it speaks of is defined in the same document."""
    where = {"uri": document.uri, "range": document.range(span)}
    return {"location": where, "message": f"{document.text[span.start : span.end]} is defined here."}


def page(rule: str) -> str:
    """Where a rule is explained: a file that comes with the program, so that nobody is asked in the net."""
    return convert.uri(str(files("prompts").joinpath("rules").joinpath(f"{rule}.md")))


def ignoring(document: Document, one: Shown, signs: tuple[str, str]) -> Change | None:
    """The comment that silences a rule in the finding's line, or above it; None: no comment can stand at either.

    `signs` begin and end a comment.
    """
    from router.editing import trees

    def sound(change: Change) -> bool:
        after = text[: change.start] + change.text + text[change.end :]
        unbroken = trees.faults(document.language, after) <= trees.faults(document.language, text)
        return unbroken and trees.code(document.language, after) == trees.code(document.language, text)

    text, at = document.text, one.finding.span.start
    start = max(text.rfind(sign, 0, at) for sign in "\r\n") + 1
    end = min((found for sign in "\r\n" if (found := text.find(sign, at)) >= 0), default=len(text))
    said = " ".join(filter(None, (signs[0], f"switchyard: ignore {one.finding.rule}", signs[1])))
    blank = text[start : start + len(text[start:end]) - len(text[start:end].lstrip(" \t"))]
    ways = (Change(end, end, f"  {said}"), Change(start, start, f"{blank}{said}{line_end(text)}"))
    return next(filter(sound, ways), None)


def offer(place: Place) -> Iterator[Action]:
    """What can be done about each finding at a place."""
    for reported, raw in place.reported:
        its = raw.get("data") if isinstance(raw, dict) else None
        if reported.source != SOURCE or not isinstance(its, dict) or its.get("rule") not in rules():
            continue
        named, title = [place.document.uri, its.get("id")], rules()[its["rule"]].title.lower()
        if its.get("fix"):
            yield action("Mend it", _QUICKFIX, COMMAND, [APPLY, *named], [raw]) | {"isPreferred": True}
        yield action("Dismiss: it is not wrong", _QUICKFIX, COMMAND, [DISMISS, *named], [raw])
        yield action(f"Ignore “{title}” in this line", _QUICKFIX, COMMAND, [IGNORE, *named], [raw])
        yield action(f"Never report “{title}” in this workspace", _QUICKFIX, COMMAND, [NEVER, *named], [raw])
