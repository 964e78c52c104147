"""The weights that come with Switchyard, if any do: what is said of them, and whether their file is still whole."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

PLACE = Path(__file__).with_name("weights")
WAY_OUT = "install Switchyard again, or run `ollama pull qwen2.5-coder:1.5b`"
DAMAGED = "The model that comes with Switchyard is damaged ({}); " + WAY_OUT + "."
_AT_A_TIME = 1 << 20  # bytes

Probability = Annotated[float, Meta(gt=0, le=1)]


class Score(Struct, frozen=True, forbid_unknown_fields=True):
    """Shares of `lines` held-out lines: `shown` by the probability, and `right` of those, to the end of the line."""

    lines: int
    shown: float
    right: float


class Scores(Struct, frozen=True, forbid_unknown_fields=True):
    """Of whole lines, and of the rest of lines."""

    whole: Score
    inside: Score


class Own(Struct, frozen=True, forbid_unknown_fields=True):
    """A TOML file of the folder; its name is the model's.

    `file` lies beside it. Below the probabilities `whole` and `inside` nothing is shown, of a whole line and of the
    rest of one; they were chosen on other lines than the `scores` are from. `languages` are named as editors do. No
    prompt and answer together have more than `window` tokens, however many the file says that it can read.
    """

    file: str
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    bytes: Annotated[int, Meta(gt=0)]
    languages: Annotated[tuple[str, ...], Meta(min_length=1)]
    window: Annotated[int, Meta(ge=1024)]
    whole: Probability
    inside: Probability
    scores: Scores


def shipped(place: Path = PLACE) -> dict[str, Own]:
    """What comes with Switchyard, by name; reads the disk. Raises OSError and ValueError for what cannot be read."""
    return {path.stem: msgspec.toml.decode(path.read_bytes(), type=Own) for path in sorted(place.glob("*.toml"))}


def fault(path: Path, own: Own) -> str:
    """What is wrong with the file of these weights, as a sentence with the way out; empty: it is what was packaged.

    Reads all of it: not for the event loop.
    """
    try:
        if path.stat().st_size == own.bytes and _sha256(path) == own.sha256:
            return ""
    except OSError:
        return f"The model that comes with Switchyard cannot be read ({path}); {WAY_OUT}."
    return DAMAGED.format(path)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_AT_A_TIME):
            digest.update(block)
    return digest.hexdigest()
