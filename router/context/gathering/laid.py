"""Pieces as a prompt says them: clean, the lines of one file together, its path before them in the model's own way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from router.context import privacy
from router.context.gathering.pack import named
from router.context.gathering.view import spoken
from router.context.tagging.language import language
from router.models.families import Family
from router.types import Piece


def laid(pieces: Sequence[Piece], family: Family) -> str:
    """`pieces` in their order, ready to stand before a prompt; empty where there are none.

    Nothing in them is a mark of the family, a secret, or anything that cannot be seen.
    """
    return "".join(
        headed(path, family) + "".join(family.escape(privacy.clean(piece.text)) + "\n" for piece in some)
        for path, some in groupby(pieces, key=lambda piece: piece.path)
    )


def headed(path: str, family: Family) -> str:
    """What stands before the text of a file."""
    said = family.escape(" ".join(privacy.clean(named(path)).split()))
    if family.file:
        return family.file.replace("{path}", said)
    known = language(spoken(path))
    if known and not known.line and known.block:
        return f"{known.block[0]} {said} {known.block[1]}\n"
    return f"{(known and known.line) or '#'} {said}\n"
