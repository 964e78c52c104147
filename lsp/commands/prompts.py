"""`switchyard prompts`: what each job asks a model, which of it is the user's own, how that differs, what is wrong."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from lsp.shell import terminal
from router import BadTask, tasks
from router.jobs import prompts
from router.jobs.prompts import Prompt
from router.reviewing import steps


def run(args: argparse.Namespace) -> int:
    """Print the prompts, or one of them; 1 if one of the user's own can't be used. Raises BadTask for no such task."""
    own = prompts.folder(os.environ, os.path.expanduser("~"))
    found = {**prompts.found(own), **steps.found(own)}
    if args.name and args.name not in found:
        raise BadTask(f"There is no task {terminal.line(args.name)!r}; there are {', '.join(found)}.")
    shown = {args.name: found[args.name]} if args.name else found
    if args.json:
        terminal.as_json({name: _as_json(name, prompt) for name, prompt in shown.items()})
    elif args.diff:
        for line in (line for name, prompt in shown.items() for line in _difference(name, prompt)):
            terminal.say(line)
    elif args.name:
        sys.stdout.write(terminal.clean(found[args.name].text))
    else:
        _table(found)
        terminal.say(f"Your own go into {own}; `switchyard prompts explain` prints what to begin with.")
    faults = [prompt.fault for prompt in shown.values() if prompt.fault]
    strays = [] if args.name else [f"{own / name}: there is no such task." for name in _strays(own)]
    for sentence in (*faults, *strays):
        terminal.note(f"switchyard: {sentence}")
    return 1 if faults or strays else 0


def _table(found: Mapping[str, Prompt]) -> None:
    rows = [
        (name, prompt.task.title, f"{prompt.task.size:g}B", f"{prompt.task.max_tokens:,}", _from(prompt))
        for name, prompt in found.items()
    ]
    terminal.table(("task", "what it does", "model>", "answer>", "in force"), rows)


def _strays(own: Path) -> list[str]:
    """The user's files that are nobody's prompt."""
    return [*prompts.strays(own, tasks.texts()), *prompts.strays(own, steps.texts(), f"{steps.FOLDER}/")]


def _from(prompt: Prompt) -> str:
    if prompt.fault:
        return "ours, for yours can't be used"
    return prompt.path if prompt.own else "ours"


def _difference(name: str, prompt: Prompt) -> Iterator[str]:
    """The lines by which the user's file differs from ours."""
    if prompt.own:
        ours, own = (tasks.texts() | steps.texts())[name].splitlines(), prompt.text.splitlines()
        yield from difflib.unified_diff(ours, own, f"prompts/{name}.md", prompt.path, lineterm="")


def _as_json(name: str, prompt: Prompt) -> dict[str, object]:
    return {
        "title": prompt.task.title,
        "from": prompt.path if prompt.own else "",
        "fault": prompt.fault,
        "text": prompt.text,
        "diff": list(_difference(name, prompt)),
    }
