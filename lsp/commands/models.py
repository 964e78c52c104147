"""`switchyard models`: the engines that are here, their models, and which one completes."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

from lsp.commands.config import read_settings
from lsp.shell import terminal
from router.config import Config
from router.dispatch.paces import Paces
from router.dispatch.planning import Planning
from router.engine import Router
from router.ledger import Ledger
from router.models.types import Model, Survey
from router.models.weights import weights
from router.types import Route


def run(args: argparse.Namespace) -> int:
    """Print the engines and their models, and which one completes. Raises BadConfig."""
    chosen = read_settings(args.settings, Path.cwd())
    with terminal.waiting("asking the engines"):
        surveys = asyncio.run(survey(chosen))
    route, why = choose(surveys, chosen)
    if args.json:
        terminal.as_json(_surveyed(surveys, route, why))
        return 0
    columns = ("", "engine", "model", "fills in the middle", "parameters>", "size>", "window>", "is")
    rows = [_row(it, _is_route(it, route)) for found in surveys for it in found.models]
    terminal.table(columns, rows, ("size", "parameters"))
    for found in surveys:
        if found.error:
            terminal.say(f"{found.engine}: {found.error}")
    terminal.say(f"{route.runtime} completes. {why}" if route else f"Nothing completes. {why}")
    return 0


async def survey(settings: Config) -> list[Survey]:
    """What every engine says of itself; no model is loaded by asking."""
    engine = Router(settings)
    try:
        return await engine.survey()
    finally:
        await engine.aclose()


def choose(surveys: Sequence[Survey], settings: Config) -> tuple[Route | None, str]:
    """The route that these settings choose on this machine, as the server would, and why; or None, and why not."""
    planning = Planning(Paces(), Ledger(settings).recent, terminal.note)
    found = asyncio.run(planning.make(surveys, settings))
    if "complete" not in found.choices:
        return None, found.regrets["complete"]
    route = found.choices["complete"].route
    return route, route.why


def _is_route(model: Model, route: Route | None) -> bool:
    return route is not None and weights(model) == weights(route)


def _row(model: Model, in_force: bool) -> tuple[str, ...]:
    billions = model.parameters / 1e9
    parameters = "" if not billions else f"{billions:.1f}B" if billions >= 0.1 else f"{billions * 1000:.0f}M"
    window = f"{model.window:,}" if model.window else ""
    family = model.family or "no"
    state = ", ".join(word for word, holds in (("loaded", model.loaded), ("remote", model.remote)) if holds)
    mark = "→" if in_force else ""
    if model.runtime == "echo":
        return mark, "echo", "(no weights)", "by copying", "", "", "", ""
    return mark, model.runtime, model.name, family, parameters, terminal.size(model.size), window, state


def _surveyed(surveys: Sequence[Survey], route: Route | None, why: str) -> dict[str, object]:
    def plain(model: Model) -> dict[str, object]:
        return {name: getattr(model, name) for name in Model.__struct_fields__} | {"in_force": _is_route(model, route)}

    engines = [{"engine": it.engine, "error": it.error, "models": [plain(m) for m in it.models]} for it in surveys]
    return {"engine": route.runtime if route else "", "why": why, "engines": engines}
