"""Draws plots as SVG, for the page that `switchyard stats` writes: axes with units, direct labels, nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from html import escape
from itertools import pairwise

from msgspec import Struct

from router.ledger.stats import Spread

WIDTH = 640
_LEFT, _RIGHT, _EDGE = (
    52,
    132,
    18,
)  # room for the numbers of an axis, for the names at the ends of lines, for half a date
_ROW = 22

# A hue is the name of a CSS class, which sets `color`; shapes take it over.
Hue = str


class Layer(Struct, frozen=True):
    """One layer of stacked columns: a value per day. `weight` is how strongly it is painted, from 0 to 1."""

    name: str
    hue: Hue
    values: Sequence[float]
    weight: float = 1.0


class Line(Struct, frozen=True):
    """A value per day; None: there is none."""

    name: str
    hue: Hue
    values: Sequence[float | None]


class Strip(Struct, frozen=True):
    """How one duration lies; `group` is written where it differs from the strip above."""

    group: str
    name: str
    hue: Hue
    spread: Spread
    weight: float = 1.0


class Bar(Struct, frozen=True):
    """One amount, with what is written at its end."""

    name: str
    value: float
    said: str
    weight: float = 1.0


def strips(key: str, title: str, told: str, rows: Sequence[Strip], said: Callable[[float], str]) -> str:
    """Percentile strips on one logarithmic axis of time: 5 to 95 thin, the middle half thick, a tick at the median."""
    left, right = 190, 108
    low, high = _decades(rows)
    span = WIDTH - left - right

    def x(value: float) -> float:
        return left + (math.log10(max(value, low)) - math.log10(low)) / math.log10(high / low) * span

    bottom = 26 + sum(_ROW + (8 if row.group != before else 0) for row, before in _with_group_before(rows))
    shapes = [_text(WIDTH, 12, "median · slowest 5 %", "end"), *_decade_lines(low, high, x, bottom, said)]
    y = 14.0
    for row, before in _with_group_before(rows):
        first = row.group != before
        y += _ROW + (8 if first else 0)
        shapes += [_text(0, y + 4, row.group, kind=f"name {row.hue}")] if first else []
        shapes += [_text(left - 10, y + 4, row.name, "end"), *_strip(row, x, y)]
        ends = f"{said(row.spread.p50)} · {said(row.spread.p95)}"
        shapes.append(_text(WIDTH, y + 4, ends, "end", "value"))
    return _svg(key, title, told, bottom + 26, shapes)


def _with_group_before(rows: Sequence[Strip]) -> Iterable[tuple[Strip, str]]:
    return zip(rows, ["", *(row.group for row in rows)], strict=False)


def _decades(rows: Sequence[Strip]) -> tuple[float, float]:
    low = min((row.spread.p5 for row in rows), default=1.0)
    high = max((row.spread.p95 for row in rows), default=1.0)
    bottom = 10.0 ** math.floor(math.log10(max(low, 0.1)))
    return bottom, max(bottom * 10, 10.0 ** math.ceil(math.log10(max(high, 0.1))))


def _decade_lines(
    low: float, high: float, x: Callable[[float], float], bottom: float, said: Callable[[float], str]
) -> Iterable[str]:
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        at = x(10.0**power)
        yield f'<path class="grid" d="M{at:.1f} 22V{bottom:.1f}"/>'
        yield _text(at, bottom + 18, _bare(said(10.0**power)), "middle")


def _bare(text: str) -> str:
    """1.0 s on an axis is 1 s."""
    return text.replace(".0 ", " ")


def _strip(row: Strip, x: Callable[[float], float], y: float) -> list[str]:
    it, weight = row.spread, row.weight
    p5, p25, p50, p95 = (f"{x(value):.1f}" for value in (it.p5, it.p25, it.p50, it.p95))
    wide = max(1.0, x(it.p75) - x(it.p25))
    return [
        f'<g class="{row.hue}">',
        f'<path class="thin" d="M{p5} {y:.1f}H{p95}"/>',
        f'<rect class="fill" fill-opacity="{0.5 * weight:.2f}" x="{p25}" y="{y - 5:.1f}" width="{wide:.1f}" height="10" rx="2"/>',  # noqa: E501
        f'<path class="tick" d="M{p50} {y - 8:.1f}V{y + 8:.1f}"/>',
        "</g>",
    ]


def columns(
    key: str,
    title: str,
    told: str,
    days: Sequence[str],
    layers: Sequence[Layer],
    unit: str,
    said: Callable[[float], str],
) -> str:
    """Stacked columns, one per day, from zero."""
    height, top = 180.0, 28.0
    highest = max((sum(layer.values[at] for layer in layers) for at in range(len(days))), default=0.0)
    ticks = nice(highest)
    base = top + height

    def y(value: float) -> float:
        return base - value / ticks[-1] * height

    shapes = [_text(0, 12, unit), *_across(ticks, y, said), *_dates(days, base, WIDTH - _EDGE)]
    step = (WIDTH - _EDGE - _LEFT) / max(1, len(days))
    wide = max(1.0, min(26.0, step * 0.72))
    for at in range(len(days)):
        below = 0.0
        left = _LEFT + step * (at + 0.5) - wide / 2
        for layer in layers:
            value = layer.values[at]
            if value > 0:
                shapes.append(_column(layer, left, y(below + value), wide, y(below) - y(below + value)))
            below += value
    return _svg(key, title, told, base + 28, shapes)


def _column(layer: Layer, x: float, y: float, wide: float, high: float) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{high:.1f}"'
    return f'<g class="{layer.hue}"><rect class="fill" fill-opacity="{layer.weight:.2f}" {place}/></g>'


def lines(key: str, title: str, told: str, days: Sequence[str], drawn: Sequence[Line]) -> str:
    """Shares over time, from 0 to 100 %; each line has its name at its end."""
    height, top = 190.0, 12.0
    base = top + height
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(days))

    def place(at: int, value: float) -> tuple[float, float]:
        return _LEFT + step * (at + 0.5), base - value * height

    shapes = [
        *_across([0, 0.25, 0.5, 0.75, 1.0], lambda value: base - value * height, "{:.0%}".format, WIDTH - _RIGHT),
        *_dates(days, base, WIDTH - _RIGHT),
    ]
    ends: list[tuple[float, float, Line]] = []
    for line in drawn:
        points = [place(at, value) for at, value in enumerate(line.values) if value is not None]
        if points:
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
            x, y = points[-1]
            shapes.append(f'<g class="{line.hue}"><path class="line" d="M{path}"/><circle class="fill" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/></g>')  # noqa: E501  # fmt: skip
            ends.append((x, y, line))
    for (x, _, line), y in zip(ends, apart([y for _, y, _ in ends], 15), strict=True):
        last = next(value for value in reversed(line.values) if value is not None)
        shapes.append(_text(max(x + 9, 0), y + 4, f"{line.name} {last:.0%}", kind=f"name {line.hue}"))
    return _svg(key, title, told, base + 28, shapes)


def apart(places: Sequence[float], least: float) -> list[float]:
    """The places, moved as little as keeps labels `least` apart, in the order given."""
    moved = list(places)
    order = sorted(range(len(places)), key=lambda at: places[at])
    for one, other in pairwise(order):
        moved[other] = max(moved[other], moved[one] + least)
    return moved


def bars(key: str, title: str, told: str, rows: Sequence[Bar]) -> str:
    """Amounts beside each other, from zero, each with its number."""
    left, right = 236, 90
    highest = max((row.value for row in rows), default=0.0) or 1.0
    shapes = [f'<path class="grid" d="M{left} 6V{len(rows) * 34 + 6}"/>']
    for at, row in enumerate(rows):
        y = 6 + at * 34 + 17
        long = max(1.0, row.value / highest * (WIDTH - left - right))
        shapes += [
            _text(left - 12, y + 4, row.name, "end"),
            f'<g class="plain"><rect class="fill" fill-opacity="{row.weight:.2f}" x="{left}" y="{y - 9}" width="{long:.1f}" height="18" rx="2"/></g>',  # noqa: E501
            _text(left + long + 8, y + 4, row.said, kind="value"),
        ]
    return _svg(key, title, told, len(rows) * 34 + 14, shapes)


def nice(highest: float) -> list[float]:
    """Round numbers from 0 to beyond `highest`, four or five of them."""
    if not (highest > 0 and math.isfinite(highest)):
        return [0.0, 1.0]
    raw = highest / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= raw), 10 * power)
    return [step * at for at in range(math.ceil(highest / step - 1e-9) + 1)]


def _across(
    ticks: Sequence[float], y: Callable[[float], float], said: Callable[[float], str], right: float = WIDTH - _EDGE
) -> Iterable[str]:
    for value in ticks:
        kind = "base" if value == 0 else "grid"
        yield f'<path class="{kind}" d="M{_LEFT} {y(value):.1f}H{right}"/>'
        yield _text(_LEFT - 8, y(value) + 4, said(value), "end")


def _dates(days: Sequence[str], base: float, right: float) -> Iterable[str]:
    """A date below every so many days, so that they do not touch; the last one is always there."""
    step = (right - _LEFT) / max(1, len(days))
    every = max(1, math.ceil(62 / step))
    for at in range(len(days) - 1, -1, -every):
        x = _LEFT + step * (at + 0.5)
        yield f'<path class="base" d="M{x:.1f} {base:.1f}v4"/>'
        it = date.fromisoformat(days[at])
        yield _text(x, base + 18, f"{it.day} {it:%b}", "middle")


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    side = f' text-anchor="{anchor}"' if anchor != "start" else ""
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{side}{named}>{escape(text)}</text>'


def _svg(key: str, title: str, told: str, height: float, shapes: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-labelledby="{key}-title {key}-told">'
        f'<title id="{key}-title">{escape(title)}</title><desc id="{key}-told">{escape(told)}</desc>'
        f"{''.join(shapes)}</svg>"
    )
