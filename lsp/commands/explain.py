"""`switchyard explain`: what is wrong at a place, in a traceback, or with a command that fails; and how to mend it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable
from contextlib import ExitStack, aclosing
from pathlib import Path

from lsp import prose, ran, terminal, traced
from lsp.commands.config import read_settings
from lsp.traced import Question
from router import SwitchyardError
from router.config import Config
from router.engine import Router
from router.types import Delta, Prose, Refusal, Status

_LONGEST = 4_000_000  # bytes of a traceback that are read
_SETTLED = 20.0  # seconds that are waited for the workspace to be read


class Told:
    """What came of it; `status` is the last thing that was said of the engine."""

    def __init__(self, say: Callable[[str], None], hear: Callable[[str], None]) -> None:
        self.say, self.hear = say, hear
        self.answer: Prose | Refusal | None = None
        self.status = ""

    def tell(self, status: Status) -> None:
        """Keep the newest."""
        self.status = "" if status.state == "ready" else status.message
        self.say(status.message)

    @property
    def reason(self) -> str:
        """Why there is no explanation."""
        return self.answer.reason if isinstance(self.answer, Refusal) else self.status or "The engine said nothing."


def run(args: argparse.Namespace) -> int:
    """Print the explanation, and 0; 1 where there is none, with the reason on stderr. Raises SwitchyardError."""
    if sum(map(bool, (args.place, args.traceback, args.ran))) != 1:
        raise SwitchyardError("Name a place (app.py:12), or --traceback and a file, or -- and a command.")
    asked = traced.of_place(*args.place) if args.place else _of_output(args)
    if asked is None:
        return 0
    settings = read_settings(args.settings, asked.root)
    with prose.Written(live=not args.json) as written, ExitStack() as spinner:

        def hear(text: str) -> None:
            spinner.close()
            written.hear(text)

        told = Told(spinner.enter_context(terminal.waiting("asking the engine")), hear)
        asyncio.run(_ask(settings, asked, told))
    if not isinstance(told.answer, Prose):
        terminal.note(f"switchyard: {told.reason}")
        return 1
    if args.json:
        terminal.as_json(_as_json(told.answer, asked))
    else:
        written.end(told.answer)
    return 0


def _of_output(args: argparse.Namespace) -> Question | None:
    """None: the command did what it should, and there is nothing to explain."""
    if args.traceback:
        return traced.of_output(_read(args.traceback), args.settings)
    ended = ran.run(args.ran, sys.stderr if args.json else sys.stdout)
    if ended.interrupted:
        raise KeyboardInterrupt
    if ended.code == 0:
        terminal.note("switchyard: the command ended well; there is nothing to explain.")
        return None
    return traced.of_output(ended.output, args.settings, f"$ {ran.spoken(args.ran)}\n[it ended with {ended.how}]\n")


def _read(name: str) -> str:
    """What a file says, or what is given on stdin. Raises SwitchyardError."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(_LONGEST).decode("utf-8", "replace")
        with open(name, "rb") as file:
            return file.read(_LONGEST).decode("utf-8", "replace")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "the name is not one"
        raise SwitchyardError(f"{name} can't be read: {reason}.") from error


async def _ask(settings: Config, asked: Question, told: Told) -> None:
    engine = Router(settings, told.tell, roots=[str(asked.root)])
    try:
        engine.opened(asked.request.document)
        await asyncio.gather(engine.start(), _known(engine, asked.root, told.say))
        told.say("asking the engine")
        async with aclosing(engine.ask(asked.request)) as answer:
            async for item in answer:
                if isinstance(item, Delta):
                    told.hear(item.text)
                elif isinstance(item, (Prose, Refusal)):
                    told.answer = item
    finally:
        await engine.aclose()


async def _known(engine: Router, root: Path, say: Callable[[str], None]) -> None:
    """Read the workspace, but for no longer than somebody waits gladly."""
    await engine.workspace.start()
    say(f"reading {root}")
    settled = asyncio.ensure_future(engine.workspace.settled())
    await asyncio.wait([settled], timeout=_SETTLED)
    settled.cancel()


def _as_json(answer: Prose, asked: Question) -> dict[str, object]:
    mentions = [
        {"text": answer.text[it.start : it.end], "path": it.path, "line": it.line, "real": bool(it.path)}
        for it in answer.mentions
    ]
    frames = [{"path": path, "line": line} for path, line in asked.frames]
    return {"markdown": answer.text, "mentions": mentions, "frames": frames}
