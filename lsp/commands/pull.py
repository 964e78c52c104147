"""`switchyard pull`: fetches the models that are named, or those that the plan recommends and that are missing."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from lsp.commands.config import read_settings
from lsp.commands.plan import recommended
from lsp.shell import terminal
from router import Refused, SwitchyardError, Unreachable
from router.config import Config
from router.models import catalog, downloads, plan
from router.runtimes import ollama_pull
from router.runtimes.hardened import Hardened
from router.runtimes.ollama_dialect import tagged
from router.runtimes.ollama_models import Shelf
from router.runtimes.ollama_pull import Progress

WITHOUT = (
    "Pulling needs Ollama, also where the embedded engine runs the models; or put a GGUF file anywhere on this machine "
    "and name it in runtime.embedded.gguf."
)
SPARE = 100_000_000  # bytes that are left free on the disk


class Wanted(Struct, frozen=True):
    """A model to fetch: `size` in bytes (0: nobody knows yet); `there`: it is fetched already, and would be renewed."""

    name: str
    size: int = 0
    there: bool = False


def run(args: argparse.Namespace) -> int:
    """Fetch the models, once that is agreed to. Raises BadConfig, RuntimeFailure."""
    chosen = read_settings(args.settings, Path.cwd())
    names = [ollama_pull.check(name) for name in dict.fromkeys(args.models)]
    with terminal.waiting("asking Ollama what is there"):
        there = asyncio.run(_there(chosen))
    models = [_wanted(name, size, there) for name, size in (sized(names) if names else wanted(chosen))]
    say = terminal.note if args.json else terminal.say
    if not models:
        say("Everything that the plan recommends is there.")
        return 0
    for model in models:
        say(_described(model))
    _make_sure(chosen, sum(it.size for it in models if not it.there))
    if args.dry_run:
        return 0
    if not (args.yes or _agreed(models)):
        return 1
    return _fetch(chosen, models, as_json=args.json)


def wanted(settings: Config) -> list[tuple[str, int]]:
    """What the plan recommends and is missing: names and bytes. Raises BadConfig."""
    _, found, there = asyncio.run(recommended(settings))
    return [(model.name, model.size) for model in plan.missing(found, there) if model.runtime == "ollama"]


def sized(names: Sequence[str]) -> list[tuple[str, int]]:
    """The names with their bytes, by the catalogue; 0: it does not know."""
    return [(name, _size(name)) for name in names]


def _size(name: str) -> int:
    known = catalog.of(name)
    if known is None:
        return 0
    if tagged(name) in map(tagged, (known.name, *known.also)):
        return known.sizes[known.quantisation]
    return next((size for kind, size in known.sizes.items() if name.lower().endswith(f"-{kind.lower()}")), 0)


async def _there(settings: Config) -> dict[str, int]:
    """What Ollama has, by name, and its bytes. Raises Unreachable with both ways out."""
    line = Hardened(settings.runtime.ollama.host)
    try:
        return {tagged(tag.name): tag.size for tag in await Shelf(line).listed()}
    except Unreachable as error:
        raise Unreachable(f"{error} {WITHOUT}") from error
    finally:
        await line.aclose()


def _wanted(name: str, size: int, there: dict[str, int]) -> Wanted:
    return Wanted(name, size or there.get(tagged(name), 0), tagged(name) in there)


def _described(model: Wanted) -> str:
    size = terminal.size(model.size) or "size unknown until it is asked for"
    return f"{model.name}: {size}{'; it is there, only what is new of it is fetched' if model.there else ''}"


def _agreed(models: Sequence[Wanted]) -> bool:
    """Ask, where somebody is there to answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        terminal.note("switchyard: nothing was fetched, for nobody is there to be asked; add --yes.")
        return False
    size = terminal.size(sum(it.size for it in models))
    print(
        f"Fetch {'this' if len(models) == 1 else 'these'}{f', {size}' if size else ''}? [y/N] ", end="", file=sys.stderr
    )
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


# How much room there is


def free(settings: Config) -> int | None:
    """Bytes that are free where Ollama keeps its models; None: that is another machine, or nobody knows the place."""
    if not downloads.here(settings.runtime.ollama.host):
        return None
    place = next((it for it in downloads.roots() if it.is_dir()), None)
    try:
        return None if place is None else shutil.disk_usage(place).free
    except OSError:
        return None


def _make_sure(settings: Config, needed: int) -> None:
    """Raise Refused when the disk has no room for so many bytes more."""
    room = free(settings)
    if room is not None and needed and needed + SPARE > room:
        raise Refused(
            f"{terminal.size(needed)} are needed and {terminal.size(room) or 'nothing'} is free where Ollama keeps its "
            "models; make room, or choose a smaller model."
        )


# Fetching, and saying how far it is

Report = Callable[[Wanted, Progress], None]


def _fetch(settings: Config, models: Sequence[Wanted], *, as_json: bool) -> int:
    """Fetch one model after the other; what has come stays, whatever ends it."""
    left = [model.name for model in models]
    try:
        with _reporting(as_json) as report:
            for model in models:
                asyncio.run(_pull(settings, model, report))
                left.remove(model.name)
    except KeyboardInterrupt:
        terminal.note(f"Stopped. What has come stays for now; `switchyard pull {' '.join(left)}` goes on from there.")
        return 130
    except SwitchyardError as error:
        if as_json:
            _json_line({"model": left[0], "error": str(error)})
        raise
    return 0


async def _pull(settings: Config, model: Wanted, report: Report) -> None:
    checked = 0
    async with aclosing(ollama_pull.pull(settings.runtime.ollama.host, model.name)) as steps:
        async for step in steps:
            report(model, step)
            if step.total > checked:
                checked = step.total
                _make_sure(settings, step.total - step.completed)


@contextmanager
def _reporting(as_json: bool) -> Iterator[Report]:
    """Who says how far it is: lines of JSON, a bar where somebody looks, else lines."""
    if as_json:
        yield _changes(lambda model, step: _json_line({"model": model.name} | asdict(step)))
    elif sys.stdout.isatty():
        with _bar() as report:
            yield report
    else:
        yield _changes(lambda model, step: terminal.say(f"{model.name}: {_far(step)}"))


def _changes(say: Report) -> Report:
    """Hand on what is new: something else that is done, and each tenth of the way."""
    last: list[tuple[str, str, int]] = []

    def report(model: Wanted, step: Progress) -> None:
        now = (model.name, "" if step.pulling else step.status, 10 * step.completed // step.total if step.total else 0)
        if last != [now]:
            last[:] = [now]
            say(model, step)

    return report


def _far(step: Progress) -> str:
    return f"{100 * step.completed // step.total} % of {terminal.size(step.total)}" if step.pulling else step.status


def _json_line(said: dict[str, object]) -> None:
    print(json.dumps(said), flush=True)


@contextmanager
def _bar() -> Iterator[Report]:
    """A bar for each model, with the speed and the time that is left."""
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    rows: dict[str, progress.TaskID] = {}
    with progress.Progress(*columns, console=terminal.console()) as shown:

        def report(model: Wanted, step: Progress) -> None:
            total = step.total or model.size or None
            if model.name not in rows:
                rows[model.name] = shown.add_task(model.name, total=total)
            aside = "" if step.pulling else f": {terminal.line(step.status)}"
            shown.update(rows[model.name], description=model.name + aside, completed=step.completed, total=total)

        yield report
