"""`python -I -m lsp`: without arguments the language server, as is `switchyard lsp`; else the command line.

The server's start is waited for in every editor, so its way in parses by hand and imports no argparse and no rich.
"""

from __future__ import annotations

import sys


def settings_only(arguments: list[str]) -> list[str] | None:
    """The values of `--set KEY=VALUE` if nothing else is there; None: argparse shall look at it."""
    if len(arguments) % 2 or any(flag != "--set" for flag in arguments[::2]):
        return None
    return arguments[1::2]


def main(arguments: list[str]) -> int:
    """Run what the arguments name; the exit code."""
    rest = arguments[1:] if arguments[:1] == ["lsp"] else arguments
    settings = settings_only(rest)
    if settings is not None:
        return _serve(settings)
    from lsp.cli import run

    return run(arguments)


def _serve(settings: list[str]) -> int:
    from lsp.server import serve
    from router import SwitchyardError

    try:
        return serve(settings)
    except SwitchyardError as error:
        print(f"switchyard: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
