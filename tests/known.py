"""A workspace in memory for tests: an index of some texts, as the product's own catalogue answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from router.context.gathering.view import View
from router.context.indexing.catalogue import Catalogue, Stamp
from router.context.indexing.resolving import resolve
from router.context.tagging.imports import Import
from router.context.tagging.language import language_of
from router.context.tagging.tags import Definition, Tags, tags
from router.types import Span


class Known:
    """What an index knows of files by their path."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._catalogue = Catalogue()
        for path, text in files.items():
            language = language_of(path.rpartition("/")[2])
            self._catalogue.put(path, language, Stamp(1, len(text)), tags(language, text))

    def defined(self, name: str) -> Sequence[tuple[str, Definition]]:
        return list(self._catalogue.defined(name))

    def referring(self, name: str) -> Sequence[tuple[str, int]]:
        return list(self._catalogue.referring(name))

    def spread(self, name: str) -> int:
        return self._catalogue.spread(name)

    def places(self, path: str, name: str) -> Sequence[int]:
        return self._catalogue.places(path, name)

    def tags(self, path: str) -> Tags | None:
        return self._catalogue.tags(path)

    def imports(self, path: str) -> Sequence[Import]:
        return self._catalogue.imports(path)

    def resolve(self, path: str, module: str, name: str = "") -> str | None:
        return resolve(path, module, name, self._catalogue.neighbours)

    def near(self, path: str) -> Sequence[str]:
        return self._catalogue.neighbours.near(path)


def view(files: Mapping[str, str]) -> View:
    """What surrounds a request in a workspace of these files."""
    return View(Known(files), files.get)


def place(files: Mapping[str, str], path: str, line: str) -> Span:
    """Where a line stands in a file."""
    at = files[path].index(line)
    return Span(at, at + len(line))
