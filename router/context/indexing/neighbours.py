"""Which files stand near which: by folder, and by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from posixpath import splitext

MOST = 256  # paths that one question is answered with
_TESTING = ("test_", "_test", ".test", ".spec", "_spec", "Tests", "Test")


class Neighbours:
    """The files of a workspace by folder and by name; paths have slashes."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._folders: dict[str, dict[str, None]] = {}
        self._named: dict[str, dict[str, None]] = {}
        self._ordered: dict[str, list[str]] = {}  # folders by their distance to one, until there are others
        for path in paths:
            self.add(path)

    def add(self, path: str) -> None:
        """A file is there."""
        folder, name = split(path)
        if folder not in self._folders:
            self._ordered.clear()
        self._folders.setdefault(folder, {})[path] = None
        self._named.setdefault(name, {})[path] = None

    def remove(self, path: str) -> None:
        """A file is there no more."""
        folder, name = split(path)
        for group, key in ((self._folders, folder), (self._named, name)):
            group.get(key, {}).pop(path, None)
            if key in group and not group[key]:
                del group[key]
                self._ordered.clear()

    def named(self, name: str) -> Iterable[str]:
        """The files with this name."""
        return self._named.get(name, ())

    def within(self, folder: str) -> Iterable[str]:
        """The files of one folder."""
        return self._folders.get(folder, ())

    def folders(self) -> Iterable[str]:
        """The folders that hold files."""
        return self._folders

    def near(self, path: str) -> list[str]:
        """At most 256 other files, the nearest first: the test of this file or what it tests, its folder, then on."""
        folder, name = split(path)
        stem = subject(name)
        others = self._by_distance(folder, splitext(name)[1])
        some = [other for other in islice(others, 4 * MOST) if other != path]
        some.sort(key=lambda other: subject(split(other)[1]) != stem)
        return some[:MOST]

    def _by_distance(self, folder: str, ending: str) -> Iterator[str]:
        """Files, those with this ending first within their folder."""
        if folder not in self._ordered:
            if len(self._ordered) > 64:
                self._ordered.clear()
            self._ordered[folder] = sorted(self._folders, key=lambda other: (distance(folder, other), other))
        for other in self._ordered[folder]:
            yield from sorted(self._folders[other], key=lambda file: (not file.endswith(ending), file))


def by_nearness(paths: Iterable[str], open_ones: Iterable[str]) -> list[str]:
    """The paths in the order of their distance to the nearest open file; what is nearest to the root breaks ties."""
    homes = {split(path)[0] for path in islice(open_ones, 16)}
    far: dict[str, tuple[int, int]] = {}
    for path in paths:
        folder = split(path)[0]
        if folder not in far:
            far[folder] = (min((distance(folder, home) for home in homes), default=0), folder.count("/"))
    return sorted(paths, key=lambda path: (far[split(path)[0]], path))


def nearest(
    room: int, files: Mapping[str, tuple[int, int]], open_ones: Sequence[str]
) -> tuple[Mapping[str, tuple[int, int]], int]:
    """As many files as fit into `room` bytes (a file's second number), the nearest first; and how many do not."""
    if sum(size for _, size in files.values()) <= room:
        return files, 0
    chosen: dict[str, tuple[int, int]] = {}
    for path in by_nearness(files, open_ones):
        room -= files[path][1]
        if room < 0:
            break
        chosen[path] = files[path]
    return chosen, len(files) - len(chosen)


def split(path: str) -> tuple[str, str]:
    """The folder and the name of a file."""
    folder, _, name = path.rpartition("/")
    return folder, name


def distance(folder: str, other: str) -> int:
    """How many folders one goes up and down again from one to the other."""
    one, two = folder.split("/"), other.split("/")
    common = 0
    for a, b in zip(one, two, strict=False):
        if a != b:
            break
        common += 1
    return len(one) + len(two) - 2 * common


def subject(name: str) -> str:
    """What a file is about by its name: `test_names.py` and `names_test.go` are about what `names` is."""
    stem = name.partition(".")[0] if not name.endswith((".test", ".spec")) else name
    for mark in _TESTING:
        stem = stem.removeprefix(mark) if mark.endswith("_") else stem.removesuffix(mark)
    return stem.lower()
