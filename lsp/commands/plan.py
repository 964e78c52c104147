"""`switchyard plan`: which model does which job on this machine, or on one that you do not have, and why."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import to_builtins

from lsp.commands.config import read_settings
from lsp.commands.models import survey
from lsp.shell import terminal
from router import BadConfig
from router.config import Config
from router.dispatch.paces import Paces
from router.dispatch.planning import Planning
from router.jobs import prompts
from router.ledger import Ledger
from router.models import catalog, known, machine, plan
from router.models.hardware import Machine
from router.models.plan import Choice, Plan
from router.models.reasons import amount, spell
from router.models.types import Model, Survey
from router.models.weights import weights
from router.runtimes.embedded_files import Files
from router.types import Task

COLUMNS = ("job", "model", "weights>", "bits", "window>", "in memory", "prompt>", "first line>", "tokens/s>", "is")
SPARE = ("is", "bits", "weights", "window", "prompt")  # on a narrow terminal, the first goes first
STAYS = {"pinned": "always", "resident": "stays", "swapped": "comes and goes", "elsewhere": "at its server"}


def run(args: argparse.Namespace) -> int:
    """Print the plan; 1 if a job has no model. Raises BadConfig."""
    chosen = read_settings(args.settings, Path.cwd())
    jobs = prompts.in_force()
    if args.machine:
        here, there = described(args.machine), list[Model]()
        found = plan.make([Survey("ollama"), own_weights()], jobs, here, chosen, also=candidates())
    else:
        with terminal.waiting("looking at the machine and its engines"):
            here, found, there = asyncio.run(recommended(chosen))
    missing = [] if args.machine else plan.missing(found, there)
    if args.json:
        terminal.as_json(_plain(here, found, there))
    else:
        _print(here, found, jobs, there, missing, imagined=bool(args.machine))
    return int(bool(found.regrets))


async def recommended(settings: Config) -> tuple[Machine, Plan, list[Model]]:
    """This machine, what the plan recommends for it, and the models that its engines have. Raises BadConfig."""
    surveys = await survey(settings)
    planning = Planning(Paces(), Ledger(settings).recent, terminal.note)
    found = await planning.make(surveys, settings, candidates())
    assert planning.machine is not None
    return planning.machine, found, [model for it in surveys for model in it.models]


def described(name: str) -> Machine:
    """The machine of that name, or of the file of that name. Raises BadConfig."""
    if here := known.named(name):
        return here
    if Path(name).is_file():
        return machine.read(Path(name))
    raise BadConfig(f"There is no machine {name!r}; there are {', '.join(known.names())}, or name a file.")


def own_weights() -> Survey:
    """What the embedded engine has wherever it is installed: the weights that come with Switchyard, if any do."""
    return Survey("embedded", tuple(it.model for it in Files("", ()).look()))


def candidates() -> list[Model]:
    """What could be fetched, by the catalogue."""
    return [catalog.candidate(it) for it in catalog.table().values()]


def _print(
    here: Machine,
    found: Plan,
    jobs: Mapping[str, Task],
    there: Sequence[Model],
    missing: Sequence[Model],
    *,
    imagined: bool,
) -> None:
    terminal.say(_machine(here))
    order = sorted(jobs, key=lambda name: (jobs[name].size, name))
    rows = [_row(found.choices[name], there, imagined) for name in order if name in found.choices]
    terminal.table(COLUMNS, rows, SPARE)
    terminal.say("")
    for name in order:
        terminal.say(f"{name}: {found.choices[name].route.why if name in found.choices else found.regrets[name]}")
    if len(found.order) > 1:
        terminal.say(f"Loaded in this order, nothing evicts another: {', '.join(it.model for it in found.order)}.")
    for note in (*here.notes, *found.notes, *_estimated(found)):
        terminal.say(note)
    if missing:
        size = amount(sum(model.size for model in missing))
        terminal.say(f"`switchyard pull` brings what is missing, {size}: {', '.join(it.name for it in missing)}.")


def _estimated(found: Plan) -> list[str]:
    guessed = any(it.taken.fit.speed.decode and not it.taken.fit.speed.measured for it in found.choices.values())
    return ["* as such hardware does it; `switchyard bench` measures what is there."] if guessed else []


def _machine(here: Machine) -> str:
    """One line: the cards, the memory, and what of it is free."""
    cards = [f"{gpu.name}, {amount(gpu.free)} of {amount(gpu.total)} free" for gpu in here.gpus]
    memory = f"{amount(here.free)} of {amount(here.memory)} main memory free"
    return f"{here.name}: {'; '.join([*cards, *([] if here.unified else [memory])])}."


def _row(choice: Choice, there: Sequence[Model], imagined: bool) -> tuple[str, ...]:
    taken, model = choice.taken, choice.taken.fit.model
    is_there = weights(model) in {weights(it) for it in there}
    state = "" if imagined else ("loaded" if model.loaded else "there") if is_there else "to fetch"
    part = f", {taken.fit.share:.0%} on the card" if taken.fit.share < 1 else ""
    rate = f"{taken.fit.speed.decode:.0f}{'' if taken.fit.speed.measured else ' *'}" if taken.fit.speed.decode else ""
    return (
        choice.task,
        model.name,
        terminal.size(model.size),
        model.quantisation,
        f"{choice.route.window:,}",
        STAYS[choice.stay] + part,
        f"{taken.prompt:,}",
        spell(taken.first, fine=True) if taken.first else "",
        rate,
        state,
    )


def _plain(here: Machine, found: Plan, there: Sequence[Model]) -> dict[str, Any]:
    """The plan as plain values; sizes in bytes, times in seconds, speeds in tokens/s."""
    names = {weights(it) for it in there}
    return {
        "machine": to_builtins(here),
        "jobs": {name: _choice(it, names) for name, it in found.choices.items()},
        "without": found.regrets,
        "order": [it.model for it in found.order],
        "notes": [*here.notes, *found.notes],
    }


def _choice(choice: Choice, there: set[tuple[str, str]]) -> dict[str, Any]:
    taken, model, route = choice.taken, choice.taken.fit.model, choice.route
    return {
        "engine": route.runtime,
        "model": route.model,
        "installed": weights(route) in there,
        "parameters": model.parameters,
        "active": model.active or model.parameters,
        "size": model.size,
        "quantisation": model.quantisation,
        "window": route.window,
        "slots": route.slots,
        "options": dict(route.options),
        "memory": {"accelerator": round(taken.fit.fast), "main": round(taken.fit.slow), "share": taken.fit.share},
        "stays": choice.stay,
        "unload": [it.model for it in choice.moves.unload],
        "load": [it.model for it in choice.moves.load],
        "without_completion": choice.moves.gap,
        "prefill": taken.fit.speed.prefill,
        "decode": taken.fit.speed.decode,
        "measured": taken.fit.speed.measured,
        "prompt_tokens": taken.prompt,
        "first_line": taken.first,
        "whole_answer": taken.whole,
        "why": route.why,
    }
