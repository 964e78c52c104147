"""`switchyard document`: documentation for the definition at a line, in the style of its file."""

from __future__ import annotations

import argparse

from lsp.shell import files, proposed
from router.types import Request


def run(args: argparse.Namespace) -> int:
    """Print the change, and write it where the user says so. Raises SwitchyardError."""
    name, line, column = args.place
    document = files.read(name)
    span = proposed.at(document, name, line, column)
    return proposed.run(args, Request("document", document, span, manual=True, consent=True))
