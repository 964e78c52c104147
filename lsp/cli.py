"""The command line: what can be asked for in a shell. Each command is a module of `commands`, imported when asked."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from importlib.metadata import version
from typing import TypeAlias

from lsp.shell import terminal
from router import SwitchyardError
from router.editing.kinds import KINDS

REVIEWERS = "bench review"
Adder: TypeAlias = "Callable[[str, str], argparse.ArgumentParser]"  # by a command's name and what it is for


def run(arguments: Sequence[str]) -> int:
    """Carry out one command; the exit code: 0, or 1 with a sentence on stderr, or 2 for a wrong command line."""
    terminal.ready()
    arguments, own = _parted(_joined(arguments))
    args = _parser().parse_args(arguments)
    args.ran = own
    try:
        command: Callable[[argparse.Namespace], int] = import_module(f"lsp.commands.{args.command}").run
        return command(args)
    except SwitchyardError as error:
        terminal.note(f"switchyard: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has gone, as in `switchyard models | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _joined(arguments: Sequence[str]) -> Sequence[str]:
    """The one command of two words is one argument: its options are others than those of its first word."""
    two = " ".join(arguments[:2])
    return (two, *arguments[2:]) if two == REVIEWERS else arguments


def _parted(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """What is ours, and the command behind `--` that is to be run and explained, with its own options."""
    own = "--" in arguments and arguments[0] == "explain"
    at = arguments.index("--") if own else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="switchyard", description="A coding assistant on your own machine: each job to the smallest model."
    )
    parser.add_argument("--version", action="version", version=f"switchyard {version('switchyard')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        said = "set one setting, as in --set runtime.engine=echo; may be repeated"
        sub.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE", help=said)
        sub.set_defaults(command=name.replace(" ", "_"))
        return sub

    _about_code(command)
    _about_edits(command)
    _about_changes(command)
    _about_models(command)
    _about_turns(command)
    return parser


def _about_code(command: Adder) -> None:
    command("lsp", "the language server, over stdio; editors start it")
    sub = command("complete", "complete at one place of a file, and print what would be inserted")
    sub.add_argument(
        "place", type=_place, metavar="FILE:LINE:COL", help="line and column from 1, as editors print them"
    )
    sub.add_argument("--manual", action="store_true", help="as if asked for by hand, not by a keystroke")
    _json(sub)
    sub = command("explain", "what is wrong at a place, in a traceback, or with a command that fails (-- COMMAND …)")
    sub.add_argument("place", nargs="?", type=_line, metavar="FILE:LINE", help="line from 1; a column may follow")
    said = "a file with what was printed, or - for stdin"
    sub.add_argument("--traceback", default="", metavar="FILE", help=said)
    _json(sub)
    sub = command(
        "why", "the prompt as it would be sent for a place: its pieces, their worth, what was left out and why"
    )
    sub.add_argument("place", type=_place, metavar="FILE:LINE:COL", help="line and column from 1")
    sub.add_argument("--task", default="complete", metavar="NAME", help="such as explain (default: %(default)s)")
    sub.add_argument("--note", default="", metavar="WORDS", help="an instruction, or what was printed")
    sub.add_argument("--prompt", action="store_true", help="only the prompt")
    _json(sub)
    sub = command("demo", "type into a file as an editor would, and show what is suggested")
    sub.add_argument("file", nargs="?", metavar="FILE", help="any source file; without it, one of Switchyard's own")
    sub.add_argument("--fast", action="store_true", help="without a typist's gaps")
    sub = command("index", "what is known of a workspace: its files by language, definitions, references")
    sub.add_argument("path", nargs="?", default=".", metavar="PATH", help="a folder; without it, this workspace")
    sub.add_argument("--symbol", default="", metavar="NAME", help="where NAME is defined, and who refers to it")
    _json(sub)


def _about_edits(command: Adder) -> None:
    for name, help in (
        ("fix", "mend what is wrong at a line, by the smallest change"),
        ("document", "write the documentation of the definition at a line, in the style of its file"),
    ):
        sub = command(name, help)
        sub.add_argument("place", type=_line, metavar="FILE:LINE", help="line from 1; a column may follow")
        if name == "fix":
            sub.add_argument("--note", default="", metavar="WORDS", help="what is known of the bug")
        _proposed(sub)
    sub = command("refactor", "change lines, or the definition at a line, as you say; or in one of the --kinds")
    sub.add_argument("place", type=_lines, metavar="FILE:LINE[-LINE]", help="lines from 1; or one, and a column")
    sub.add_argument("instruction", nargs="?", default="", metavar="WORDS", help='such as "use a dataclass"')
    sub.add_argument("--kind", default="", choices=tuple(KINDS), help="one of those that editors offer")
    _proposed(sub)


def _about_changes(command: Adder) -> None:
    sub = command("review", "what goes wrong in a change, what it does, and what was not reviewed")
    sub.add_argument("--base", default="", metavar="REF", help="what has changed since this branch left REF")
    sub.add_argument("--staged", action="store_true", help="what is staged; by default, all that is not committed")
    sub.add_argument(
        "--range", "--pr-range", dest="range", default="", metavar="A..B", help="what has changed from A to B"
    )
    sub.add_argument("--diff", default="", metavar="FILE", help="what a unified diff says; - reads stdin")
    forms = ("text", "markdown", "json", "sarif", "github")
    sub.add_argument("--format", choices=forms, default="text", help="how it is printed (default: %(default)s)")
    graves = ("error", "warning", "information", "hint")
    sub.add_argument("--fail-on", choices=graves, default="", help="exit with 1 if a finding is as grave as this")
    _json(sub)


def _about_models(command: Adder) -> None:
    _json(command("models", "the engines that are here, their models, and which one completes"))
    _json(command("doctor", "what was found, what is missing, and the command that mends it"))
    _json(command("config", "all settings, and where each value comes from"))
    sub = command("prompts", "what each job asks a model: ours, or your own beside your settings")
    sub.add_argument(
        "name", nargs="?", default="", metavar="NAME", help="print one, such as explain, as it is in force"
    )
    sub.add_argument("--diff", action="store_true", help="how your own differ from ours")
    _json(sub)
    sub = command("plan", "which model does which job, what stays in memory, and why")
    sub.add_argument("--machine", default="", metavar="NAME|FILE", help="plan for hardware that is not here")
    _json(sub)
    sub = command("pull", "fetch models through Ollama: those named, or what the plan recommends and is missing")
    sub.add_argument("models", nargs="*", metavar="MODEL", help="such as qwen2.5-coder:1.5b; without any, by the plan")
    sub.add_argument("--yes", action="store_true", help="without being asked; where nobody can be asked, it is needed")
    sub.add_argument("--dry-run", action="store_true", help="only say what would be fetched")
    _json(sub)
    sub = command("bench", "measure each model for some seconds, beside what the hardware allows")
    sub.add_argument("models", nargs="*", metavar="MODEL", help="only these; without any, all that are here")
    said = "how long each model is measured, without its loading (default: %(default)s)"
    sub.add_argument("--seconds", type=_seconds, default=5.0, metavar="S", help=said)
    _json(sub)
    sub = command(REVIEWERS, "how many seeded bugs a model finds through the proofs, and how often it errs")
    said = "one that is installed; may be repeated, so that you can choose by numbers"
    sub.add_argument("--model", dest="models", action="append", required=True, metavar="NAME", help=said)
    said = "definitions of each kind: with a bug, clean, poisoned (default: %(default)s)"
    sub.add_argument("--most", type=_count, default=20, metavar="N", help=said)
    _json(sub)


def _about_turns(command: Adder) -> None:
    sub = command("stats", "what the ledger says: latency, acceptance, reuse, energy, and what all that costs")
    said = "from when on: 7d, 4w, a date such as 2026-11-01, or all (default: %(default)s)"
    sub.add_argument("--since", type=_since, default="30d", metavar="WHEN", help=said)
    sub.add_argument("--task", default="", metavar="NAME", help="only the turns of one task, such as complete")
    sub.add_argument("--users", type=_users, default=1, metavar="N", help="reckon with N people on this machine")
    sub.add_argument("--html", default="", metavar="FILE", help="write a page with plots instead of printing")
    sub.add_argument("--forget", action="store_true", help="delete the ledger, after asking")
    sub.add_argument("--yes", action="store_true", help="with --forget: without being asked")
    _json(sub)


def _json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def _proposed(parser: argparse.ArgumentParser) -> None:
    said = "make the change; else it is shown, and in a terminal you are asked"
    parser.add_argument("--write", action="store_true", help=said)
    _json(parser)


def _since(text: str) -> datetime:
    now = datetime.now().astimezone()
    try:
        if text == "all":
            return datetime.fromtimestamp(0, now.tzinfo)
        if text[-1:] in ("d", "w") and text[:-1].isascii() and text[:-1].isdigit():
            return now - timedelta(days=int(text[:-1]) * (7 if text[-1] == "w" else 1))
        return datetime.strptime(text, "%Y-%m-%d").astimezone()
    except (ValueError, OverflowError, OSError) as error:
        raise argparse.ArgumentTypeError(f"{terminal.line(text)!r} is not 7d, 4w, 2026-11-01 or all") from error


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d{1,3}(\.\d{1,3})?", text, re.ASCII) or not 0.1 <= float(text) <= 600:
        raise argparse.ArgumentTypeError(f"{terminal.line(text)!r} is not a number of seconds from 0.1 to 600")
    return float(text)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text)):
        raise argparse.ArgumentTypeError(f"{terminal.line(text)!r} is not a number from 1")
    return int(text)


def _users(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text)):
        raise argparse.ArgumentTypeError(f"{terminal.line(text)!r} is not a number of people")
    return int(text)


def _place(text: str) -> tuple[str, int, int]:
    name, line, column = ("", *text.rsplit(":", 2))[-3:] if text.count(":") > 1 else ("", "", "")
    if not (name and line.isascii() and line.isdigit() and column.isascii() and column.isdigit()):
        raise argparse.ArgumentTypeError(f"{terminal.line(text)!r} is not FILE:LINE:COL, such as app.py:12:5")
    return name, int(line[:12]), int(column[:12])


def _line(text: str) -> tuple[str, int, int]:
    """A column of 0 is untold."""
    found = re.fullmatch(r"(.+?):(\d{1,12})(?::(\d{1,12}))?", text, re.ASCII)
    if not found:
        raise argparse.ArgumentTypeError(f"{terminal.line(text)!r} is not FILE:LINE, such as app.py:12")
    return found[1], int(found[2]), int(found[3] or 0)


def _lines(text: str) -> tuple[str, int, int, int]:
    """A file, its first and its last line (0: the one line is a place, no selection), and a column (0: untold)."""
    found = re.fullmatch(r"(.+?):(\d{1,12})(?:-(\d{1,12})|:(\d{1,12}))?", text, re.ASCII)
    if not found or (found[3] and int(found[3]) < int(found[2])):
        raise argparse.ArgumentTypeError(f"{terminal.line(text)!r} is not FILE:LINE or FILE:LINE-LINE")
    return found[1], int(found[2]), int(found[3] or 0), int(found[4] or 0)
