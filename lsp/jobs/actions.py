"""What can be done at a place, as code actions: one function per offer, each naming a command of jobs.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from lsp.convert import Range
from lsp.documents import Open
from lsp.messages import CodeAction, Reported
from router.types import Span

QUICKFIX, REWRITE, EXTRACT, EXPLAIN = "quickfix", "refactor.rewrite", "refactor.extract", "switchyard.explain"
KINDS = (QUICKFIX, REWRITE, EXTRACT, EXPLAIN)
# The commands that carry jobs out, for `initialize`, which waits for nothing of what they import; see jobs.py.
NAMES = (
    "switchyard.document", "switchyard.explain", "switchyard.fix", "switchyard.refactor",
    "switchyard.finding", "switchyard.reviewChanges",
)  # fmt: skip
AUTOMATIC = 2  # triggerKind: the cursor came by, nobody asked
_SHORT = 60  # characters of a diagnostic in a title

Action: TypeAlias = "dict[str, Any]"


class Place(Struct, frozen=True):
    """Where it is asked what can be done. `reported` are the diagnostics there, each beside the editor's own words.

    `automatic`: nobody asked, the cursor only came by; then what can be done anywhere is not worth a light bulb.
    """

    document: Open
    range: Range
    span: Span
    reported: tuple[tuple[Reported, Any], ...] = ()
    automatic: bool = False

    @property
    def selected(self) -> bool:
        """Whether something is selected."""
        return self.span.start < self.span.end


Offer: TypeAlias = "Callable[[Place], Iterable[Action]]"


def action(title: str, kind: str, command: str, arguments: Sequence[object], mends: Sequence[object] = ()) -> Action:
    """One code action: a title by which it is told from other assistants' own, and the command that does it.

    `mends` are the diagnostics that it is for, in the editor's own words.
    """
    named = f"{title} (Switchyard)"
    found: Action = {
        "title": named,
        "kind": kind,
        "command": {"title": named, "command": command, "arguments": list(arguments)},
    }
    return found | ({"diagnostics": list(mends)} if mends else {})


def explain(place: Place) -> Iterator[Action]:
    """Explain each diagnostic; where there is none and somebody asks, the selection or the line."""
    uri = place.document.uri
    for reported, raw in place.reported:
        arguments = [uri, reported.range, None, None, {"diagnostics": [raw]}]
        yield action(told("Explain this bug", reported, place), QUICKFIX, "switchyard.explain", arguments, [raw])
    if not place.reported and not place.automatic:
        title = "Explain the selection" if place.selected else "Explain this line"
        yield action(title, EXPLAIN, "switchyard.explain", [uri, place.range])


# In the order in which they are shown.
OFFERS: tuple[Offer, ...] = (explain,)


def actions(
    document: Open, params: CodeAction, known: Sequence[object], offers: Sequence[Offer] = OFFERS
) -> list[Action]:
    """What can be done at a place, of the kinds that are asked for; `known` are the diagnostics there."""
    context = params.context
    automatic = context.trigger_kind == AUTOMATIC
    reported = tuple((it, raw) for raw in known if (it := read(raw)) is not None)
    span, range = document.span(params.range), params.range
    if span.end - span.start == 1:  # some editors have no cursor but a selection of one character
        span, range = Span(span.start, span.start), Range(range.start, range.start)
    place = Place(document, range, span, reported, automatic)
    found = (it for offer in offers for it in offer(place))
    return [it for it in found if context.only is None or any(_of_kind(it["kind"], only) for only in context.only)]


def read(raw: object) -> Reported | None:
    """A diagnostic as the editor words it; None for what is none."""
    try:
        return msgspec.convert(raw, Reported)
    except msgspec.ValidationError:
        return None


def _of_kind(kind: str, wanted: str) -> bool:
    return not wanted or kind == wanted or kind.startswith(f"{wanted}.")


def told(said: str, reported: Reported, place: Place) -> str:
    """What is said, and where there are several diagnostics, of which."""
    if len(place.reported) < 2:
        return said
    message = " ".join(reported.message.split())
    return f"{said}: {message if len(message) <= _SHORT else message[: _SHORT - 1] + '…'}"
