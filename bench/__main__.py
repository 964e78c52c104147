"""All measuring programs, one after the other: `python -m bench [--json] [NAME ...]`."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
from collections.abc import Sequence

from bench import table

PROGRAMS = (
    "start",
    "keystroke",
    "reflexes",
    "reuse",
    "reuse_context",
    "recall",
    "index",
    "schedule",
    "contention",
    "reasons",
    "echo",
    "memory",
    "privacy",
    "review",
    "edits",
)


def main(arguments: Sequence[str]) -> int:
    """Run the named programs, or all of them; the exit code."""
    parser = table.flags(__doc__ or "")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(PROGRAMS)}; all by default")
    flags = parser.parse_args(arguments)
    if wrong := [name for name in flags.names if name not in PROGRAMS]:
        parser.error(f"there is no {wrong[0]}; there are {', '.join(PROGRAMS)}")
    found: dict[str, object] = {}
    for name in flags.names or PROGRAMS:
        run = importlib.import_module(f"bench.{name}").main
        said = io.StringIO()
        if not flags.json:
            print(f"== {name}\n", flush=True)
        with contextlib.redirect_stdout(said) if flags.json else contextlib.nullcontext():
            code: int = run(["--json"] if flags.json else [])
        if code:
            return code
        found[name] = json.loads(said.getvalue()) if flags.json else None
    if flags.json:
        print(json.dumps(found, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
