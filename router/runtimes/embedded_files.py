"""The GGUF files that the embedded engine can run: the one that is named; else Ollama's downloads, and our own."""

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
from router.runtimes import embedded_own
from router.runtimes.embedded_own import Own

NAME = "embedded"
FITTING = 1.5e9  # parameters; the size at which completion is good and still quick without a GPU


class Found(msgspec.Struct, frozen=True):
    """A model and the file that it is in; `own`: what is said of it, if it came with Switchyard."""

    model: Model
    path: Path
    own: Own | None = None

    def fault(self) -> str:
        """What is wrong with the file now, if anybody can say; reads all of one that came with Switchyard."""
        return embedded_own.fault(self.path, self.own) if self.own else ""


class Files:
    """What is on the disk: `named` is the user's own choice, `places` are laid out as Ollama's models are, `own` is
    where the weights lie that come with Switchyard, if elsewhere than they should.

    `fault` is a sentence about those, when they could not be listed.
    """

    def __init__(self, named: str, places: Sequence[Path], own: Path | None = None) -> None:
        self.fault = ""
        self._named_file = named
        self._places = places
        self._own = own or embedded_own.PLACE
        self._faults: dict[tuple[str, int, int], str] = {}
        self._headers: dict[tuple[str, int, int], gguf.Header | None] = {}

    def look(self) -> list[Found]:
        """What there is, the likeliest for completion first, our own last. Raises ModelMissing for a named file that is
        none."""
        if self._named_file:
            return [self._named(Path(os.path.expanduser(self._named_file)))]
        found = (self._inspect(name, path) for name, path in downloads.found(self._places))
        theirs = sorted((it for it in found if it is not None), key=fitness)
        self.fault = ""
        return [*theirs, *self._shipped()]

    def _shipped(self) -> list[Found]:
        try:
            said = embedded_own.shipped(self._own)
        except (OSError, ValueError):
            self.fault = embedded_own.DAMAGED.format(self._own)
            return []
        return [found for name, own in said.items() if (found := self._ours(name, own)) is not None]

    def _ours(self, name: str, own: Own) -> Found | None:
        path = self._own / own.file
        if said := self._once(path, own):
            self.fault = said
            return None
        found = self._inspect(name, path)
        if found is None:
            return None
        window = min(found.model.window, own.window)
        model = msgspec.structs.replace(
            found.model, window=window, languages=own.languages, sure=(own.whole, own.inside)
        )
        return Found(model, path, own)

    def _once(self, path: Path, own: Own) -> str:
        """What is wrong with the file, read once per version of it."""
        try:
            now = path.stat()
        except OSError:
            return embedded_own.fault(path, own)
        key = (str(path), now.st_mtime_ns, now.st_size)
        if key not in self._faults:
            self._faults[key] = embedded_own.fault(path, own)
        return self._faults[key]

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
