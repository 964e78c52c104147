"""The commands that ask the router itself: complete, models and config."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from pathlib import Path

import router.config
from lsp import files, terminal
from lsp.settings import WORKSPACE_FILE, layer, user_file
from router import BadConfig
from router.config import Config, Layer
from router.engine import Router
from router.models import plan
from router.models.plan import Survey
from router.types import Document, Insertion, Model, Request, Route, Span, Status


class Found:
    """What one question to the router brought; `status` is the last thing that was said of the engine."""

    def __init__(self, say: Callable[[str], None] = lambda _: None) -> None:
        self._say = say
        self.insertions: list[Insertion] = []
        self.route: Route | None = None
        self.status = Status("offline", "No engine was found.")

    def tell(self, status: Status) -> None:
        """Keep the newest, and say it to whoever waits."""
        self.status = status
        self._say(status.message)

    @property
    def silence(self) -> str:
        """Why nothing was suggested."""
        if self.status.state != "ready" or self.route is None:
            return self.status.message
        return f"{self.route.runtime} has nothing to suggest here that it is sure of."


def complete(name: str, line: int, column: int, *, settings: Sequence[str], manual: bool, as_json: bool) -> int:
    """Print what would be inserted at a place of a file; line and column from 1. Raises SwitchyardError."""
    document = files.read(name)
    at = files.offset(document, name, line, column)
    chosen = read_settings(settings, files.workspace(Path(document.path)))
    found = Found()
    if manual or chosen.complete.automatic:
        request = Request("complete", document, Span(at, at), manual=manual)
        with terminal.waiting("asking the engine") as say:
            found = Found(say)
            asyncio.run(_ask(chosen, request, found))
    else:
        found.status = Status("off", "Automatic suggestions are switched off; --manual asks all the same.")
    if as_json:
        terminal.as_json(_completion(document, found))
    elif found.insertions:
        print(terminal.clean(found.insertions[0].text))
    else:
        terminal.note(f"switchyard: silent. {found.silence}")
    return int(found.status.state == "offline")


async def _ask(settings: Config, request: Request, found: Found) -> None:
    engine = Router(settings, found.tell)
    try:
        engine.opened(request.document)
        await engine.start()
        found.route = engine.route
        if found.route is None:
            return
        async with aclosing(engine.ask(request)) as answers:
            async for answer in answers:
                if isinstance(answer, Insertion):
                    found.insertions.append(answer)
    finally:
        await engine.aclose()


def _completion(document: Document, found: Found) -> dict[str, object]:
    def place(offset: int) -> dict[str, int]:
        line, column = files.place(document, offset)
        return {"line": line, "column": column}

    insertions = [
        {"text": it.text, "start": place(it.span.start), "end": place(it.span.end)} for it in found.insertions
    ]
    route = found.route or Route("", "")
    silent = "" if insertions else found.silence
    return {"engine": route.runtime, "model": route.model, "why": route.why, "insertions": insertions, "silent": silent}


def models(settings: Sequence[str], as_json: bool) -> int:
    """Print the engines and their models, and which one completes. Raises BadConfig."""
    chosen = read_settings(settings, Path.cwd())
    with terminal.waiting("asking the engines"):
        surveys = asyncio.run(survey(chosen))
    route, why = choose(surveys, chosen)
    if as_json:
        terminal.as_json(_surveyed(surveys, route, why))
        return 0
    rows = [_row(it, _is_route(it, route)) for found in surveys for it in found.models]
    terminal.table(("", "engine", "model", "fills in the middle", "parameters>", "size>", "window>", "is"), rows)
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
    """The route that these settings choose, and why; or None, and why not."""
    try:
        route = plan.choose(surveys, settings)
    except BadConfig as error:
        return None, str(error)
    return route, route.why


def _is_route(model: Model, route: Route | None) -> bool:
    return route is not None and (model.runtime, model.name) == (route.runtime, route.model)


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


def config(settings: Sequence[str], as_json: bool) -> int:
    """Print every setting, its value and where that comes from. Raises BadConfig."""
    found = layers(settings, Path.cwd())
    known = router.config.settings()
    rows: dict[str, tuple[object, str]] = {}
    for count in range(len(found) + 1):  # who changed a value last is where it comes from
        merged = router.config.merge(found[:count])
        for path, setting in known.items():
            value = _leaf(merged.config, path)
            if setting.key not in rows or rows[setting.key][0] != value:
                rows[setting.key] = (value, found[count - 1].name if count else "")
    for complaint in router.config.merge(found).complaints:
        terminal.note(f"switchyard: {complaint}")
    if as_json:
        terminal.as_json({key: {"value": value, "from": source} for key, (value, source) in rows.items()})
    else:
        terminal.table(
            ("setting", "value", "from"), [(key, str(value), source) for key, (value, source) in rows.items()]
        )
    return 0


def _leaf(tree: object, path: Sequence[str]) -> object:
    for name in path:
        tree = getattr(tree, name)
    return tree


def layers(settings: Sequence[str], folder: Path) -> list[Layer]:
    """The settings of the user, of the command line and of the workspace `folder`. Raises BadConfig."""
    launched = router.config.launch([_pair(setting) for setting in settings])
    found = layer(user_file(), "user"), launched, layer(str(folder / WORKSPACE_FILE), "workspace")
    return [it for it in found if it is not None]


def _pair(setting: str) -> tuple[str, str]:
    key, is_pair, value = setting.partition("=")
    if not is_pair:
        raise BadConfig(f"--set {setting}: it must be KEY=VALUE, as in --set runtime.engine=echo.")
    return key, value


def read_settings(settings: Sequence[str], folder: Path) -> Config:
    """The tree in force for the workspace `folder`; what it may not ask for is noted on stderr. Raises BadConfig."""
    merged = router.config.merge(layers(settings, folder))
    for complaint in merged.complaints:
        terminal.note(f"switchyard: {complaint}")
    return merged.config
