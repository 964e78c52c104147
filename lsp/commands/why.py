"""`switchyard why`: the prompt as it would be sent for a place, what it is made of, and what was left out and why."""

from __future__ import annotations

import argparse
import asyncio
import re
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

from msgspec.structs import replace

from lsp.commands.config import read_settings
from lsp.shell import files, kept_out, prompted, terminal
from lsp.shell.asked import ready
from lsp.shell.prompted import Found, Seen
from router import BadTask, RuntimeFailure, SwitchyardError
from router.completing.weighing import Weighed
from router.config import Config
from router.context import privacy
from router.context.indexing.index import wide
from router.engine import Router
from router.types import Document, Request, Span
from router.why import Why

_STARS = re.compile(r"\*{6,}")


def run(args: argparse.Namespace) -> int:
    """Print it, and 0; 1 where no engine can be asked. Raises SwitchyardError."""
    name, line, column = args.place
    document = files.read(name)
    at = files.offset(document, name, line, column)
    root = files.workspace(Path(document.path))
    settings = read_settings(args.settings, root)
    request = Request(args.task, document, Span(at, at), manual=True, consent=True, note=args.note)
    with terminal.waiting("reading the workspace") as say:
        found = asyncio.run(_found(settings, request, root, say))
    if args.json:
        terminal.as_json(prompted.as_json(found))
    elif args.prompt:
        prompted.prompt(found)
    else:
        prompted.tell(found)
    return int(found.offline)


# What is found


async def _found(settings: Config, request: Request, root: Path, say: Callable[[str], None]) -> Found:
    async with aclosing(Router(settings, roots=[str(root)])) as engine:
        engine.opened(request.document)
        await ready(engine, say)
        say("laying out the prompt")
        if silent := _silent(request):
            return Found(request, root, silent=silent)
        try:
            return await _asked(engine, settings, request, root)
        except BadTask:
            raise
        except SwitchyardError as error:
            return Found(request, root, silent=str(error), offline=isinstance(error, RuntimeFailure))


def _silent(request: Request) -> str:
    """What keeps a completion from being asked for here, beside what keeps any task; empty: nothing does."""
    if request.task != "complete":
        return ""
    if privacy.at_secret(request.document.text, request.span.start):
        return "The cursor stands at what looks like a secret; nobody is asked to go on with one."
    return ""


async def _asked(engine: Router, settings: Config, request: Request, root: Path) -> Found:
    before = _line_before(request) if request.task == "complete" else None
    why = await engine.why(request, before)
    texts: dict[str, str] = {request.document.path: request.document.text}
    seen = tuple(_seen(engine, why, it, texts) for it in why.weighed)
    tokens = engine.paces.tokens(why.call.route, why.call.system + why.call.prompt + why.call.suffix)
    out = {} if wide(str(root)) else (await asyncio.to_thread(kept_out.listing, root, settings.privacy.exclude))[1]
    return Found(request, root, why, seen, tokens, _masked(why, texts), dict(Counter(out.values())))


def _line_before(request: Request) -> Request | None:
    """The request for the end of the line above, before this line was typed; None: there is none."""
    text, at = request.document.text, request.span.start
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at))
    if start < 0:
        return None
    above = start - (text[start - 1 : start + 1] == "\r\n")
    document = replace(request.document, text=text[:above] + text[at:])
    return Request(request.task, document, Span(above, above), manual=True)


def _seen(engine: Router, why: Why, one: Weighed, texts: dict[str, str]) -> Seen:
    piece = one.piece
    if piece.path not in texts:
        texts[piece.path] = _text(piece.path)
    text = texts[piece.path]
    at = piece.start if text.startswith(piece.text, piece.start) else text.find(piece.text)
    at = at if at >= 0 else min(piece.start, len(text))
    line = files.place(Document(piece.path, "", 1, text), at)[0] if text else 0
    return Seen(one, line, engine.paces.tokens(why.call.route, piece.text))


def _text(path: str) -> str:
    """What a file of the workspace says; nothing where it can't be read any more."""
    try:
        return files.read(path).text
    except SwitchyardError:
        return ""


def _masked(why: Why, texts: dict[str, str]) -> int:
    """How many secrets are masked in the prompt: stretches of stars that none of the files has."""
    own = Counter(found[0] for text in texts.values() for found in _STARS.finditer(text))
    stars = Counter(found[0] for found in _STARS.finditer(why.call.prompt + why.call.suffix))
    return sum((stars - own).values())
