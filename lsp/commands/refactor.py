"""`switchyard refactor`: lines or a definition, changed as the user says, or in one of the ways that are offered."""

from __future__ import annotations

import argparse

from lsp.shell import files, proposed
from router import SwitchyardError
from router.editing.kinds import instruction
from router.types import Request


def run(args: argparse.Namespace) -> int:
    """Print the change, and write it where the user says so. Raises SwitchyardError."""
    if not (args.kind or args.instruction.strip()):
        raise SwitchyardError('Say what is to be different, as in "use a dataclass", or choose a --kind.')
    name, first, last, column = args.place
    document = files.read(name)
    span = proposed.span(document, name, first, last) if last else proposed.at(document, name, first, column)
    note = instruction(args.kind, args.instruction)
    return proposed.run(args, Request("refactor", document, span, manual=True, consent=True, note=note))
