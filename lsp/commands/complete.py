"""`switchyard complete`: what would be suggested at one place of a file."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from msgspec.structs import replace

from lsp.commands.config import read_settings
from lsp.shell import files, terminal
from lsp.shell.asked import ready
from router.config import Config
from router.engine import Router
from router.types import Document, Insertion, Request, Route, Span, Status


class Found:
    """What one question to the router brought; `status` is the last thing that was said of the engine."""

    def __init__(self, say: Callable[[str], None] = lambda _: None) -> None:
        self.say = say
        self.insertions: list[Insertion] = []
        self.route: Route | None = None
        self.status = Status("offline", "No engine was found.")

    def tell(self, status: Status) -> None:
        """Keep the newest, and say it to whoever waits."""
        self.status = status
        self.say(status.message)

    @property
    def silence(self) -> str:
        """Why nothing was suggested."""
        if self.status.state != "ready" or self.route is None:
            return self.status.message
        return f"{self.route.runtime} has nothing to suggest here that it is sure of."


def run(args: argparse.Namespace) -> int:
    """Print what would be inserted at a place of a file; line and column from 1. Raises SwitchyardError."""
    name, line, column = args.place
    document = files.read(name)
    at = files.offset(document, name, line, column)
    chosen = read_settings(args.settings, files.workspace(Path(document.path)))
    found = Found()
    if args.manual or chosen.complete.automatic:
        request = Request("complete", document, Span(at, at), manual=args.manual)
        with terminal.waiting("asking the engine") as say:
            found = Found(say)
            asyncio.run(_ask(chosen, request, found))
    else:
        found.status = Status("off", "Automatic suggestions are switched off; --manual asks all the same.")
    if args.json:
        terminal.as_json(_completion(document, found))
    elif found.insertions:
        print(terminal.clean(found.insertions[0].text))
    else:
        terminal.note(f"switchyard: silent. {found.silence}")
    return int(found.status.state == "offline")


async def _ask(settings: Config, request: Request, found: Found) -> None:
    root = files.workspace(Path(request.document.path))
    async with aclosing(Router(settings, found.tell, roots=[str(root)])) as engine:
        engine.opened(request.document)
        await ready(engine, found.say)
        # Nobody sees what is printed here as ghost text: it belongs to no one's acceptance.
        engine.ledger.configure(replace(settings, ledger=replace(settings.ledger, keep=False)))
        found.route = engine.route
        if found.route is None:
            return
        await engine.choose(request)
        async with aclosing(engine.ask(request)) as answers:
            async for answer in answers:
                if isinstance(answer, Insertion):
                    found.insertions.append(answer)
        if engine.ledger.turns:  # `echo` may have been asked in the place of a model
            turn = engine.ledger.turns[-1]
            found.route = replace(found.route, runtime=turn.engine, model=turn.model)


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
