"""`switchyard fix`: the smallest change that mends what is wrong at a line."""

from __future__ import annotations

import argparse

from lsp.shell import files, proposed
from router.types import Request


def run(args: argparse.Namespace) -> int:
    """Print the change, and write it where the user says so. Raises SwitchyardError."""
    name, line, column = args.place
    document = files.read(name)
    span = proposed.at(document, name, line, column) if column else proposed.span(document, name, line, line)
    return proposed.run(args, Request("fix", document, span, manual=True, consent=True, note=args.note))
