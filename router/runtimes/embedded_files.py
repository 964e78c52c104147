"""The GGUF files that the embedded engine can run: the one that is named, or those that Ollama has downloaded."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Sequence
from pathlib import Path

import msgspec

from router import ModelMissing
from router.models import catalog, downloads, families, gguf
from router.models.types import Model

NAME = "embedded"
FITTING = 1.5e9  # parameters; the size at which completion is good and still quick without a GPU


class Found(msgspec.Struct, frozen=True):
    """A model and the file that it is in."""

    model: Model
    path: Path


class Files:
    """What is on the disk: `named` is the user's own choice, `places` are laid out as Ollama's models are."""

    def __init__(self, named: str, places: Sequence[Path]) -> None:
        self._named_file = named
        self._places = places
        self._headers: dict[tuple[str, int, int], gguf.Header | None] = {}

    def look(self) -> list[Found]:
        """What there is, the likeliest for completion first. Raises ModelMissing for a named file that is none."""
        if self._named_file:
            return [self._named(Path(os.path.expanduser(self._named_file)))]
        found = (self._inspect(name, path) for name, path in downloads.found(self._places))
        return sorted((it for it in found if it is not None), key=fitness)

    def _named(self, path: Path) -> Found:
        """The user's own choice: its marks count even if its name and header say nothing of filling in."""
        try:
            header = self._header(path)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            raise ModelMissing(f"{path} cannot be read; correct runtime.embedded.gguf.") from error
        if header is None:
            raise ModelMissing(f"{path} is not a whole GGUF file; correct runtime.embedded.gguf.")
        family = families.of(path.stem) or header.family or header.marks
        return Found(_model(path.stem, path, header, family), path)

    def _inspect(self, name: str, path: Path) -> Found | None:
        try:
            header = self._header(path)
        except OSError:
            return None
        if header is None:
            return None
        return Found(_model(name, path, header, families.of(name) or header.family), path)

    def _header(self, path: Path) -> gguf.Header | None:
        """The header, read once per version of the file; None: it is not GGUF. A pipe would be read for ever."""
        now = path.stat()
        if not stat.S_ISREG(now.st_mode):
            return None
        key = (str(path), now.st_mtime_ns, now.st_size)
        if key not in self._headers:
            with path.open("rb") as stream:
                try:
                    self._headers[key] = gguf.read(stream)
                except gguf.NotGGUF:
                    self._headers[key] = None
        return self._headers[key]


def _model(name: str, path: Path, header: gguf.Header, family: str) -> Model:
    said = Model(
        NAME,
        name,
        family=family,
        parameters=header.parameters,
        active=header.active,
        size=header.size or path.stat().st_size,
        quantisation=header.quantisation,
        window=header.window,
        shape=header.shape,
        thinks=header.thinks,
    )
    return catalog.completed(said)


def fitness(found: Found) -> tuple[bool, float]:
    """How far a model is from one that completes well; the smaller the better."""
    parameters = max(1, found.model.parameters)
    return not found.model.family, abs(math.log(parameters / FITTING))
