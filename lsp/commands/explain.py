"""`switchyard explain`: what is wrong at a place, in a traceback, or with a command that fails; and how to mend it."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path

from lsp.commands.config import read_settings
from lsp.shell import files, prose, ran, terminal, traced
from lsp.shell.asked import Told, ask
from lsp.shell.traced import Question
from router import SwitchyardError
from router.types import Prose

_LONGEST = 4_000_000  # bytes of a traceback that are read


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
        asyncio.run(ask(settings, asked.request, asked.root, told))
    if not isinstance(told.answer, Prose):
        terminal.note(f"switchyard: {told.reason}")
        return 1
    if args.json:
        terminal.as_json(_as_json(told.answer, asked))
    else:
        written.end(told.answer)
        if Path(asked.request.document.path).is_absolute():
            terminal.note(f"switchyard: to have it mended: switchyard fix {_place(asked)}")
    return 0


def _place(asked: Question) -> str:
    """Where it is, as one would type it here."""
    document = asked.request.document
    path, here = Path(document.path), Path.cwd()
    name = str(path.relative_to(here)) if path.is_relative_to(here) else document.path
    return f"{shlex.quote(name)}:{files.place(document, asked.request.span.start)[0]}"


def _of_output(args: argparse.Namespace) -> Question | None:
    """None: the command did what it should, and there is nothing to explain."""
    if args.traceback:
        return traced.of_output(files.given(args.traceback, _LONGEST).decode("utf-8", "replace"), args.settings)
    ended = ran.run(args.ran, sys.stderr if args.json else sys.stdout)
    if ended.interrupted:
        raise KeyboardInterrupt
    if ended.code == 0:
        terminal.note("switchyard: the command ended well; there is nothing to explain.")
        return None
    return traced.of_output(ended.output, args.settings, f"$ {ran.spoken(args.ran)}\n[it ended with {ended.how}]\n")


def _as_json(answer: Prose, asked: Question) -> dict[str, object]:
    mentions = [
        {"text": answer.text[it.start : it.end], "path": it.path, "line": it.line, "real": bool(it.path)}
        for it in answer.mentions
    ]
    frames = [{"path": path, "line": line} for path, line in asked.frames]
    return {"markdown": answer.text, "mentions": mentions, "frames": frames}
