"""A recorded history of typing, replayed into the middle of a long Python document."""

from __future__ import annotations

import gzip
import json
import sysconfig
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

from msgspec import Struct

TRACE = Path(__file__).parent / "data" / "sveltecomponent.json.gz"
LONGEST_KEY = 8  # characters in and out; more is a paste, for which no editor asks at every character
MODULES = (
    *("argparse", "ast", "configparser", "dataclasses", "datetime", "difflib", "doctest", "enum", "inspect"),
    *("locale", "optparse", "pathlib", "pdb", "pickle", "smtplib", "statistics", "subprocess", "tarfile"),
    *("tempfile", "threading", "turtle", "typing", "uuid", "zipfile"),
)


class Edit(Struct, frozen=True):
    """`text` takes the place of `deleted` code points at `at`."""

    at: int
    deleted: int
    text: str


class Step(Struct, frozen=True):
    """Edits that were one step of the editor. `second` is when; `key`: it was one keystroke, not a paste."""

    second: float
    edits: tuple[Edit, ...]

    @property
    def key(self) -> bool:
        edit = self.edits[0]
        return len(self.edits) == 1 and len(edit.text) + edit.deleted <= LONGEST_KEY

    @property
    def cursor(self) -> int:
        return self.edits[-1].at + len(self.edits[-1].text)


def steps(base: int) -> Iterator[Step]:
    """The recorded history, shifted so that it begins at `base` of another text."""
    recorded = json.loads(gzip.decompress(TRACE.read_bytes()))
    for step in recorded["txns"]:
        edits = tuple(Edit(base + at, deleted, text) for at, deleted, text in step["patches"])
        yield Step(datetime.fromisoformat(step["time"].replace("Z", "+00:00")).timestamp(), edits)


def applied(text: str, edits: Sequence[Edit]) -> str:
    """The text after the edits."""
    for edit in edits:
        text = text[: edit.at] + edit.text + text[edit.at + edit.deleted :]
    return text


@cache
def document(lines: int = 11_000) -> tuple[str, int]:
    """So many lines of this Python's own library, and the offset of a place in its middle to type at."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    sources = [(folder / f"{name}.py").read_text("utf-8") for name in MODULES if (folder / f"{name}.py").is_file()]
    kept = "".join(sources).split("\n")[:lines]
    if len(kept) < lines:
        raise SystemExit(f"This Python's library has only {len(kept)} of the {lines} lines that are measured on.")
    middle = next(at for at in range(lines // 2, lines) if kept[at].startswith(("def ", "class ")))
    return "\n".join(kept) + "\n", sum(len(line) + 1 for line in kept[:middle])
