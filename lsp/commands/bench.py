"""`switchyard bench`: how fast each model is here, beside what the hardware allows."""

from __future__ import annotations

import argparse
import asyncio
import signal
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from lsp.commands.config import read_settings
from lsp.shell import terminal
from router import BadConfig, ModelMissing, RuntimeFailure, runtimes
from router.config import Config
from router.dispatch import paces
from router.ledger import Ledger
from router.models import catalog, machine, speed, trial
from router.models.budget import FIRST_LINE
from router.models.hardware import Machine
from router.models.speed import Speed
from router.models.trial import Measured, Tell
from router.models.types import Model
from router.models.weights import weights
from router.runtimes.types import Runtime

READ = 2048  # tokens of the prompt for which the time to the first line is reckoned, and of the cache for the bound
WEIGHTLESS = ("echo",)  # engines without a model
FITTING = 1.15  # of a model's weights are what it takes of a card, about, with its cache
COLUMNS = ("engine", "model", "size>", "prefill tok/s>", "expected>", "decode tok/s>", "expected>", "of the bound>")


class Row(Struct, frozen=True):
    """One model, measured; `bound` is what physics allows, `expected` what such hardware does."""

    measured: Measured
    bound: Speed
    expected: Speed

    @property
    def share(self) -> float:
        """How much of the bound of decoding was reached; 0: unknown."""
        return self.measured.speed.decode / self.bound.decode if self.bound.decode else 0.0

    @property
    def first_line(self) -> float:
        """Seconds to the first line after a prompt of READ tokens that no cache knows; 0: unknown."""
        its = self.measured.speed
        return READ / its.prefill + FIRST_LINE / its.decode if its.prefill and its.decode else 0.0


def run(args: argparse.Namespace) -> int:
    """Print what was measured, also if the user stops it; 1 if no model was measured. Raises BadConfig."""
    chosen = read_settings(args.settings, Path.cwd())
    rows: list[Row] = []
    with terminal.waiting("looking at the machine") as tell:
        code = whole(bench(chosen, args.models, args.seconds, rows, tell))
    if args.json:
        terminal.as_json([_plain(row) for row in rows])
    elif rows:
        _print(rows)
    if code:
        stopped(rows)
    return code or int(not any(row.measured.speed.measured for row in rows))


async def bench(settings: Config, names: Sequence[str], seconds: float, rows: list[Row], tell: Tell) -> None:
    """Measure each model, one after the other, and put it into `rows` at once. Raises BadConfig."""
    here = await asyncio.to_thread(machine.found, settings.machine.file)
    its = engines(settings)
    try:
        for model in wanted(await installed(its, tell), names):
            found = await trial.measure(its[model.runtime], model, seconds, tell)
            rows.append(row(found, here))
            _keep(settings, found)
    finally:
        for engine in its.values():
            await engine.aclose()


def engines(settings: Config) -> dict[str, Runtime]:
    """The engines whose models can be measured."""
    return {name: it for name, it in runtimes.build(settings).items() if name not in WEIGHTLESS}


def _keep(settings: Config, found: Measured) -> None:
    """Leave in the ledger what was measured: the plan and the prompts go by it."""
    if found.speed.measured:
        ledger = Ledger(settings, terminal.note)
        ledger.write(replace(paces.line(weights(found.model), found.speed), at=time.time()))
        ledger.end()


async def installed(engines: dict[str, Runtime], tell: Tell) -> list[Model]:
    """What can be measured: of models that several engines have, the first's; no remote one. Raises ModelMissing."""
    found: dict[str, Model] = {}
    errors: list[str] = []
    for name, engine in engines.items():
        tell(f"asking {name}")
        try:
            for model in await engine.models():
                if not model.remote:
                    found.setdefault(model.name.removesuffix(":latest"), model)
        except RuntimeFailure as error:
            errors.append(str(error))
    if not found:
        raise ModelMissing(" ".join(errors) or "No engine here has a model to measure; `switchyard pull` brings one.")
    return list(found.values())


def wanted(models: Sequence[Model], names: Sequence[str]) -> list[Model]:
    """Those that were named, or all, the smallest first. Raises BadConfig."""
    known = {model.name.removesuffix(":latest"): model for model in models}
    for name in names:
        if name.removesuffix(":latest") not in known:
            raise BadConfig(f"No engine here has a model {terminal.line(name)!r}; `switchyard models` lists them.")
    if names:
        return [known[name] for name in dict.fromkeys(name.removesuffix(":latest") for name in names)]
    return sorted(models, key=lambda model: model.size)


def row(found: Measured, here: Machine) -> Row:
    """What was measured, beside what this machine could do."""
    model = catalog.completed(found.model)
    bound, expected = (way(here, model, READ, share=_share(model, here)) for way in (speed.bound, speed.roofline))
    return Row(found, bound, expected)


def _share(model: Model, here: Machine) -> float:
    """The share of the weights that a card holds; the llama.cpp of the wheel runs on the processor but for a Mac."""
    if model.runtime == "embedded" and not here.unified:
        return 0.0
    free = sum(gpu.free for gpu in here.gpus) + (model.held if model.loaded else 0)
    return min(1.0, free / (model.size * FITTING)) if model.size else 1.0


def whole(work: Coroutine[None, None, None]) -> int:
    """Do the work, and stop it in good order at Ctrl-C; the exit code."""

    async def done() -> None:
        task = asyncio.ensure_future(work)
        with suppress(NotImplementedError, RuntimeError, ValueError):  # Windows
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, task.cancel)
        await task

    try:
        asyncio.run(done())
    except (asyncio.CancelledError, KeyboardInterrupt):  # the latter on Windows with Python 3.10
        return 130
    return 0


def stopped(rows: Sequence[object]) -> None:
    """Say what there is when the user has stopped it."""
    until_then = "what was measured until then stands above" if rows else "nothing was measured"
    terminal.note(f"switchyard: stopped; {until_then}.")


def _print(rows: Sequence[Row]) -> None:
    columns = (*COLUMNS, "first line at 2k>", "load>")
    terminal.table(columns, [_row(it) for it in rows], ("load", "engine", "first line at 2k", "of the bound", "size"))
    for it in rows:
        if it.measured.error:
            terminal.say(f"{it.measured.model.name}: {it.measured.error}")


def _row(it: Row) -> tuple[str, ...]:
    model, its = it.measured.model, it.measured.speed
    rates = (its.prefill, it.expected.prefill, its.decode, it.expected.decode)
    share = f"{it.share:.0%}" if it.share else ""
    line = f"{it.first_line:.2f} s" if it.first_line else ""
    load = f"{it.measured.load:.1f} s" if it.measured.load else ""
    return model.runtime, model.name, terminal.size(model.size), *map(_rate, rates), share, line, load


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}" if rate else ""


def _plain(it: Row) -> dict[str, Any]:
    """One row as plain values: tokens/s and seconds; 0 is what could not be told."""
    model, its = it.measured.model, it.measured.speed
    return {
        "engine": model.runtime,
        "model": model.name,
        "quantisation": model.quantisation,
        "size": model.size,
        "prefill": its.prefill,
        "decode": its.decode,
        "expected": {"prefill": it.expected.prefill, "decode": it.expected.decode},
        "bound": {"prefill": it.bound.prefill, "decode": it.bound.decode},
        "share_of_bound": it.share,
        "first_line_seconds": it.first_line,
        "load_seconds": it.measured.load,
        "rounds": it.measured.rounds,
        "error": it.measured.error,
    }
