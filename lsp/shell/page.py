"""The page that `switchyard stats --html` writes: plots and their numbers, in one file that loads and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from importlib.resources import files

from lsp.shell import charts, terminal
from lsp.shell.charts import Bar, Layer, Line, Strip
from router.config import Cost
from router.ledger import reckoning, stats
from router.ledger.reckoning import amount, duration, energy, share
from router.ledger.stats import Part, Report, Taken, Tokens

HUES = ("complete", "explain", "document", "review", "review_changes", "refactor", "fix")
_WEEK = 7  # days over which an acceptance is taken together; a single day is mostly too few
_FATES: list[tuple[str, Callable[[Taken], int], float]] = [
    ("accepted", lambda it: it.accepted, 1.0),
    ("in part", lambda it: it.partly, 0.7),
    ("typed by hand", lambda it: it.typed, 0.45),
    ("dismissed", lambda it: it.dismissed, 0.2),
]
_ENOUGH = 5  # settled suggestions, below which a share says nothing


def page(report: Report, tasks: Mapping[str, Report], cost: Cost, users: int = 1) -> str:
    """The whole page; `tasks` are the reports of each task alone, by name, for what is drawn by day and task."""
    style = files("lsp").joinpath("page.css").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'"
    parts = [_latency, _acceptance, _reuse, _energy]
    sections = [part(report, tasks) for part in parts] if report.days else []
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>Switchyard's ledger</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"{_head(report, cost)}\n{''.join(sections)}{_money(report, cost, users)}</body>\n</html>\n"
    )


def _head(report: Report, cost: Cost) -> str:
    whole, days = report.whole, report.days
    when = " to ".join(dict.fromkeys((days[0].name, days[-1].name))) if days else "nothing yet"
    complete = next((it for it in report.tasks if it.name == "complete"), whole)
    spent = whole.energy
    figures = [
        ("turns", f"{whole.turns:,}", f"on {len(days)} {'day' if len(days) == 1 else 'days'}"),
        ("median first token", duration(complete.first.p50) if complete.first.count else "", complete.name),
        ("accepted", share(whole.taken.rate), f"of {whole.taken.settled:,} settled"),
        ("prompt tokens reused", share(whole.tokens.reuse), f"of {_short(whole.tokens.known)}"),
        ("energy", energy(spent.joules) if spent.measured else "", f"in {spent.measured:,} turns"),
        ("electricity", amount(reckoning.money(report, cost).electricity) if spent.measured else "", "in all"),
    ]
    shown = (
        f"<div><dt>{name}</dt><dd>{said} <small>{escape(_text(of))}</small></dd></div>"
        for name, said, of in figures
        if said
    )
    return f"<header><h1>Switchyard's ledger</h1><p>{when}</p></header><dl>{''.join(shown)}</dl>"


def _latency(report: Report, tasks: Mapping[str, Report]) -> str:
    rows = [
        Strip(_text(it.name), name, _hue(it.name), spread, weight)
        for it in report.tasks
        for name, spread, weight in (("first token", it.first, 0.6), ("whole answer", it.total, 1.0))
        if spread.count
    ]
    fastest = next((it for it in report.tasks if it.total.count), None)
    if fastest is None:
        return _section("Latency", "No model has answered in this time.", "", "")
    p50, p95 = duration(fastest.total.p50), duration(fastest.total.p95)
    title = f"Half of all answers to {_text(fastest.name)} are whole after {p50}, 95 % after {p95}"
    told = "From the request to the answer, waiting included. Thin: 5th to 95th percentile; thick: the middle half."
    plot = charts.strips("latency", title, told, rows, duration)
    columns = ("task", "answers", "waited", "first", "answer", "cached")
    return _section(
        title, f"{told} Time is on a logarithmic scale.", plot, _table(columns, map(_latency_row, report.tasks))
    )


def _latency_row(part: Part) -> list[str]:
    medians = (duration(one.p50) if one.count else "" for one in (part.queued, part.first, part.total))
    return [part.name, f"{part.total.count:,}", *medians, f"{part.outcomes.get('cached', 0):,}"]


def _acceptance(report: Report, tasks: Mapping[str, Report]) -> str:
    days = [name for name, _ in stats.calendar(report.days)]
    whole, taken = stats.calendar(report.days), report.whole.taken
    if not taken.settled:
        return _section("Acceptance", "What became of suggestions is not known yet.", "", "")
    title = f"{share(taken.rate)} of the suggestions were accepted, wholly or in part"
    told = "The share of what was settled, taken together over a week; below, how many there were each day."
    weekly = {task: _weekly(it, days) for task, it in tasks.items()}
    drawn = [Line(_text(task), _hue(task), it) for task, it in weekly.items() if any(share is not None for share in it)]
    layers = [
        Layer(name, "plain", [of(day.taken) if day else 0 for _, day in whole], weight) for name, of, weight in _FATES
    ]
    per_day = "Suggestions per day, by what became of them"
    plots = [
        charts.lines("acceptance", title, told, days, drawn) if drawn else "",
        _key(layers),
        charts.columns("fates", per_day, told, days, layers, "suggestions", "{:,.0f}".format),
    ]
    columns = ("day", "accepted", "in part", "typed", "dismissed", "share")
    return _section(title, told, "".join(plots), _table(columns, map(_fates_row, reversed(report.days))))


def _fates_row(day: Part) -> list[str]:
    return [day.name, *(f"{of(day.taken):,}" for _, of, _ in _FATES), share(day.taken.rate)]


def _weekly(report: Report, days: Sequence[str]) -> list[float | None]:
    """The share accepted in the week that ends with each day; None where that is too few."""
    found = {day.name: day.taken for day in report.days}
    shares: list[float | None] = []
    for at in range(len(days)):
        week = [found[name] for name in days[max(0, at - _WEEK + 1) : at + 1] if name in found]
        settled, taken = sum(it.settled for it in week), sum(it.accepted + it.partly for it in week)
        shares.append(taken / settled if settled >= _ENOUGH and days[at] in found else None)
    return shares


def _reuse(report: Report, tasks: Mapping[str, Report]) -> str:
    whole = stats.calendar(report.days)
    tokens = [day.tokens if day else Tokens() for _, day in whole]
    if not report.whole.tokens.prompt:
        return ""
    reuse = report.whole.tokens.reuse
    title = "Prompt tokens" if reuse is None else f"{share(reuse)} of the prompt tokens were reused, not read again"
    told = "Prompt tokens per day. What the engine still knew from the prompt before cost it next to nothing."
    layers = [
        Layer("read", "plain", [it.prompt - it.reused for it in tokens], 1.0),
        Layer("reused", "plain", [it.reused for it in tokens], 0.3),
    ]
    plot = charts.columns("reuse", title, told, [name for name, _ in whole], layers, "tokens", _short)
    table = _table(
        ("task", "prompt", "reused", "written"),
        ([it.name, f"{it.tokens.prompt:,}", share(it.tokens.reuse), f"{it.tokens.answer:,}"] for it in report.tasks),
    )
    return _section(title, told, f"{_key(layers)}{plot}", table)


def _energy(report: Report, tasks: Mapping[str, Report]) -> str:
    spent = report.whole.energy
    if not spent.measured:
        return _section("Energy", "No turn's energy was measured; set cost.watts to have it reckoned.", "", "")
    names = [name for name, _ in stats.calendar(report.days)]
    title = f"{energy(spent.joules)} of electricity went into {spent.measured:,} turns"
    most = max(report.tasks, key=lambda it: it.energy.joules)
    told = f"Watt-hours per day. {share(most.energy.joules / spent.joules)} of it went into {_text(most.name)}."
    layers = [
        Layer(_text(task), _hue(task), [found.get(name, 0.0) / 3600 for name in names], 0.85)
        for task, it in tasks.items()
        if it.whole.energy.measured and (found := {day.name: day.energy.joules for day in it.days})
    ]
    plot = charts.columns("energy", title, told, names, layers, "Wh", "{:.3g}".format)
    rows = [_energy_row(it) for it in report.tasks if it.energy.measured]
    table = _table(("task", "turns", "energy", "per turn"), rows)
    return _section(title, told, f"{_key(layers)}{plot}", table)


def _energy_row(part: Part) -> list[str]:
    it = part.energy
    return [part.name, f"{it.measured:,}", energy(it.joules), energy(it.joules / it.measured)]


def _money(report: Report, cost: Cost, users: int) -> str:
    sums, spent = reckoning.money(report, cost), report.whole.energy
    said = "".join(f"<li>{escape(sentence)}</li>" for sentence in reckoning.sentences(report, cost, users))
    account = f'<ul class="account">{said}</ul>'
    if not report.whole.tokens.prompt:
        return f"<section><h2>Money</h2>{account}</section>"
    title = "What it cost, and what an API would have taken"
    told = f"At {cost.input_tokens:g} and {cost.output_tokens:g} per million tokens, and {cost.kwh:g} per kWh."
    rows = [
        Bar("API, every token", sums.api, amount(sums.api), 0.3),
        Bar("API, reused tokens free", sums.api_evaluated, amount(sums.api_evaluated), 0.6),
        *([Bar("electricity here", sums.electricity, amount(sums.electricity))] if spent.measured else []),
    ]
    table = _table(("", "in all", "per day"), ([it.name, it.said, amount(it.value / sums.days)] for it in rows))
    return _section(title, told, f"{charts.bars('money', title, told, rows)}{account}", table)


def _section(title: str, told: str, plots: str, table: str) -> str:
    aside = f'<div class="aside" tabindex="0" role="region" aria-label="Numbers: {escape(title)}">{table}</div>'
    pair = f'<div class="pair"><figure>{plots}</figure>{aside}</div>' if plots else ""
    return f"<section><h2>{escape(title)}</h2><p>{escape(told)}</p>{pair}</section>\n"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(_rows(rows))}</tbody></table>"


def _rows(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for first, *others in rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in others)
        yield f'<tr><th scope="row">{escape(_text(first))}</th>{cells}</tr>'


def _key(layers: Sequence[Layer]) -> str:
    """What the layers are, in the order in which they lie, the topmost first."""
    entries = (
        f'<li><svg viewBox="0 0 10 10" class="{it.hue}" aria-hidden="true"><rect class="fill"'
        f' fill-opacity="{it.weight:.2f}" width="10" height="10" rx="2"/></svg>{escape(it.name)}</li>'
        for it in reversed(layers)
    )
    return f'<ul class="key">{"".join(entries)}</ul>'


def _hue(task: str) -> str:
    return task if task in HUES else "plain"


def _text(name: str) -> str:
    """A name from the ledger, of which anybody could have written a line."""
    return terminal.line(name)[:40]


def _short(count: float) -> str:
    """A large count for an axis: 1.5 M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count:.3g}"
