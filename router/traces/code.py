"""The code around the frames of a traceback, as pieces for a prompt: whole definitions, or some lines."""

from __future__ import annotations

from router.context.gathering.sheet import Sheet
from router.context.gathering.view import Spot, View
from router.types import Piece, Span

_LONG = 40  # lines of a definition that is shown as a whole
_ABOVE, _BELOW = 8, 4  # lines around a frame in a longer one, or in none
_FRAMES = 8
_DENSE = 4  # code points per token


def around(view: View, path: str, shown: str, budget: float) -> list[Piece]:
    """The code around a view's frames in at most `budget` tokens, the innermost first; what is `shown` of the document
    at `path` is not shown again."""
    found: list[Piece] = []
    at = (view.text(path) or "").find(shown) if shown else -1
    seen = [(path, Span(at, at + len(shown)))] if at >= 0 else []
    for depth, spot in enumerate(reversed(view.frames[-_FRAMES:])):
        page = view.sheet(spot.path)
        span = _span(view, spot, page)
        if span.end > len(page.text) or any(path == spot.path and _over(span, other) for path, other in seen):
            continue
        text = page.text[span.start : span.end]
        budget -= len(text) / _DENSE
        if budget < 0:
            break
        seen.append((spot.path, span))
        found.append(Piece("frames", spot.path, text, span.start, 1 / (1 + depth)))
    return found


def _span(view: View, spot: Spot, page: Sheet) -> Span:
    """The lines around a frame: those of the definition that it is in, where that is short."""
    row = page.at(min(spot.span.start, len(page.text)))
    within = [it.span for it in view.tags(spot.path).definitions if it.span.start <= spot.span.start <= it.span.end]
    rows = ((page.at(it.start), page.at(min(it.end, len(page.text)))) for it in within)
    short = [(first, last) for first, last in rows if first < last < first + _LONG]
    first, last = max(short, key=lambda it: it[1] - it[0], default=(row - _ABOVE, row + _BELOW))
    first, last = max(0, first), min(last, len(page.starts) - 1)
    end = page.starts[last + 1] - 1 if last + 1 < len(page.starts) else len(page.text)
    return Span(page.starts[first], max(page.starts[first], end))


def _over(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end
