"""`switchyard lsp`: the language server over stdio."""

from __future__ import annotations

import argparse

from lsp import server


def run(args: argparse.Namespace) -> int:
    """Serve one editor until it leaves. Raises BadConfig for wrong arguments."""
    return server.serve(args.settings)
