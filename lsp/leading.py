"""Where the URIs of an editor lead on this machine."""

from __future__ import annotations

import os
from collections.abc import Sequence

from lsp import convert


def folders(uris: Sequence[str]) -> list[str]:
    """Those that are folders of this machine."""
    return [path for uri in uris if (path := convert.path(uri)) != uri]


def real(uri: str) -> str:
    """Where the links of a file's path lead to; of what is no file, the path that its URI spells."""
    path = convert.path(uri)
    try:
        return os.path.realpath(path) if path != uri else convert.bare(uri)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return ""
