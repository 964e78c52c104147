"""Models that do one thing: they complete single lines, of some languages, and only where they are sure."""

from __future__ import annotations

from router.models.types import Model
from router.types import Request, Route, Timing

UNSURE = "not sure enough"


def modest(it: Model | Route) -> bool:
    """Whether it is such a model: it has probabilities below which it is not shown."""
    return max(it.sure) > 0


def serves(route: Route, language: str) -> bool:
    """Whether a route completes a language at all."""
    return not route.languages or language in route.languages


def unsure(route: Route, request: Request, timing: Timing | None) -> bool:
    """Whether what the route's model said at the request's cursor is too improbable to be shown.

    What counts is the probability of the whole line, its end included: the product of its tokens'.
    """
    if not modest(route):
        return False
    whole, inside = route.sure
    text, at = request.document.text, request.span.start
    typed = text[max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1 : at]
    return timing is None or timing.sure < (inside if typed.strip() else whole)
