"""What is known of a workspace's files, kept small: a file is its packed record, a name a number, a query a look-up."""

from __future__ import annotations

from array import array
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

import msgspec
from msgspec import Raw, Struct
from msgspec.msgpack import Decoder, Encoder

from router.context.indexing.neighbours import Neighbours
from router.context.indexing.postings import Postings
from router.context.tagging.imports import Import
from router.context.tagging.tags import Definition, Tags
from router.types import Span

MOST = 256  # files that one question is answered with
DEFINERS = 64  # files that define one name: where there are more, none of them is what is meant
_LATELY = 32  # changes that are remembered one by one
_NOTHING = Tags()


class Stamp(Struct, frozen=True, array_like=True, gc=False):
    """How a file was when it was read; two that are equal are not read twice. `modified` is in nanoseconds.

    `modified` is 0 where time can't tell: the text came from an editor, or the file was written just then.
    """

    modified: int
    size: int
    digest: bytes = b""


class Kept(Struct, frozen=True, array_like=True, gc=False):
    """One file: its language by an editor's name, its packed tags (`Record`), or why it has none."""

    path: str
    language: str
    stamp: Stamp
    record: bytes = b""
    why: str = ""


class Record(Struct, frozen=True, array_like=True, gc=False):
    """A file's tags, packed: `said` are numbers of names and `at` where they stand, in order, four bytes each."""

    names: list[str]
    definitions: list[Raw]
    imports: Raw
    said: bytes
    at: bytes


class Image(Struct, frozen=True, array_like=True):
    """A whole catalogue as it is stored; a file's number is its place."""

    names: list[str]
    files: list[Kept]
    definers: tuple[bytes, bytes]
    referrers: tuple[bytes, bytes]


class Snapshot(Struct, frozen=True):
    """What another thread may pack while the catalogue changes."""

    names: list[str]
    files: list[Kept]
    definers: dict[int, array[int]]
    referrers: dict[int, array[int]]


GONE = Kept("", "", Stamp(0, 0))
_encode = Encoder().encode
_definition = Decoder(tuple[str, str, int, int, int, str, str, str]).decode
_imports = Decoder(list[tuple[str, list[tuple[str, str]], int, int]]).decode
_record = Decoder(Record).decode


class Catalogue:
    """Definitions, references and imports of the files of one root. Nothing here waits, and nothing reads a disk."""

    def __init__(self, image: Image | None = None) -> None:
        self.names = image.names if image else []
        self.files = image.files if image else []
        self._ids = dict(zip(self.names, range(len(self.names)), strict=True))
        self._numbers = {kept.path: number for number, kept in enumerate(self.files) if kept.path}
        self._free = [number for number, kept in enumerate(self.files) if not kept.path]
        self._definers = Postings(*(image.definers if image else ()))
        self._referrers = Postings(*(image.referrers if image else ()))
        self.neighbours = Neighbours(self._numbers)
        self.version = 0  # how often something was put, restamped or dropped
        self._lately: deque[str] = deque(maxlen=_LATELY)  # of which file, if it was there and still is

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, path: str) -> bool:
        return path in self._numbers

    def paths(self) -> Sequence[str]:
        """All files, in no order that means anything."""
        return list(self._numbers)

    def kept(self, path: str) -> Kept | None:
        """What is kept of one file."""
        number = self._numbers.get(path)
        return None if number is None else self.files[number]

    def numbers(self, references: Sequence[tuple[str, int]]) -> array[int]:
        """The numbers of the names of some references; `put` takes them, where they were asked for piece by piece."""
        return array("I", map(self._name, (name for name, _ in references)))

    def put(
        self, path: str, language: str, stamp: Stamp, tags: Tags | None, why: str = "", said: array[int] | None = None
    ) -> None:
        """A file has these tags now; None: none that can be known, and `why`."""
        self._changed(path if path in self._numbers else "")
        number = self._number(path)
        tags = tags or _NOTHING
        said = self.numbers(tags.references) if said is None else said
        defined = Counter(map(self._name, (it.name for it in tags.definitions)))
        self._say(number, defined, Counter(said))
        record = _packed(tags, said) if said or defined or tags.imports else b""
        self.files[number] = Kept(path, language, stamp, record, why)

    def restamp(self, path: str, stamp: Stamp) -> None:
        """A file was written anew and says the same."""
        if (number := self._numbers.get(path)) is not None:
            self._changed(path)
            self.files[number] = msgspec.structs.replace(self.files[number], stamp=stamp)

    def drop(self, path: str) -> None:
        """A file is there no more."""
        number = self._numbers.get(path)
        if number is not None:
            self._changed("")
            self._say(number, Counter(), Counter())
            del self._numbers[path]
            self.files[number] = GONE
            self._free.append(number)
            self.neighbours.remove(path)

    def defined(self, name: str) -> Iterator[tuple[str, Definition]]:
        """Where a name is defined, in at most 64 files."""
        for file, _ in islice(self._pairs(self._definers, name), DEFINERS):
            kept = self.files[file]
            record = _opened(kept.record)
            for at, defined in enumerate(record.names):
                if defined == name:
                    yield kept.path, _unpacked(record.definitions[at])

    def referring(self, name: str) -> Iterator[tuple[str, int]]:
        """Which files say a name, and how often, beside where they define or import it."""
        for file, count in self._pairs(self._referrers, name):
            yield self.files[file].path, count

    def spread(self, name: str) -> int:
        """How many files `referring` tells of."""
        number = self._ids.get(name)
        return min(self._referrers.count(number), MOST) if number is not None else 0

    def places(self, path: str, name: str) -> list[int]:
        """Where in a file a name is said."""
        kept, wanted = self.kept(path), self._ids.get(name)
        if kept is None or wanted is None or not kept.record:
            return []
        record = _opened(kept.record)
        said = array("I", record.said)
        return [at for name_, at in zip(said, array("I", record.at), strict=True) if name_ == wanted]

    def tags(self, path: str) -> Tags | None:
        """All tags of one file; None: it is not known, or none can be."""
        kept = self.kept(path)
        if kept is None or kept.why:
            return None
        if not kept.record:
            return _NOTHING
        record = _opened(kept.record)
        names = (self.names[it] for it in array("I", record.said))
        return Tags(
            tuple(map(_unpacked, record.definitions)),
            tuple(zip(names, array("I", record.at), strict=True)),
            self.imports(path),
        )

    def imports(self, path: str) -> tuple[Import, ...]:
        """What one file imports."""
        kept = self.kept(path)
        if kept is None or not kept.record:
            return ()
        found = _imports(_opened(kept.record).imports)
        return tuple(Import(module, tuple(names), Span(start, end)) for module, names, start, end in found)

    def counts(self) -> tuple[int, int]:
        """How many definitions and references there are in all."""
        records = [_record(kept.record) for kept in self.files if kept.record]
        return sum(len(it.names) for it in records), sum(len(it.at) for it in records) // array("I").itemsize

    def since(self, version: int) -> list[str] | None:
        """The files that others are known of since a version; None: too many, or some came or went."""
        count = self.version - version
        some = list(self._lately)[len(self._lately) - count :] if 0 <= count <= len(self._lately) else [""]
        return None if "" in some else some

    def _changed(self, path: str) -> None:
        self.version += 1
        self._lately.append(path)

    def snapshot(self) -> Snapshot:
        """What `packed` makes an image of; until `settled` is called nothing of it is changed."""
        self._definers.shared = self._referrers.shared = True
        return Snapshot(self.names[:], self.files[:], self._definers.snapshot(), self._referrers.snapshot())

    def packed(self, shot: Snapshot) -> Image:
        """The image of a snapshot; may be called in another thread."""
        count = len(shot.names)
        definers = self._definers.packed(shot.definers, count)
        return Image(shot.names, shot.files, definers, self._referrers.packed(shot.referrers, count))

    def settled(self) -> None:
        """Nobody needs the snapshot any more."""
        self._definers.shared = self._referrers.shared = False

    def _number(self, path: str) -> int:
        number = self._numbers.get(path)
        if number is None:
            number = self._free.pop() if self._free else len(self.files)
            if number == len(self.files):
                self.files.append(GONE)
            self._numbers[path] = number
            self.neighbours.add(path)
        return number

    def _name(self, name: str) -> int:
        number = self._ids.get(name)
        if number is None:
            self._ids[name] = number = len(self.names)
            self.names.append(name)
        return number

    def _say(self, number: int, defined: Counter[int], said: Counter[int]) -> None:
        """A file defines and says these names now, and no others."""
        before = self.files[number].record
        record = _opened(before) if before else None
        was_defined = Counter(map(self._name, record.names)) if record else Counter[int]()
        was_said = Counter(array("I", record.said)) if record else Counter[int]()
        self._definers.shift(number, was_defined, defined)
        self._referrers.shift(number, was_said, said)

    def _pairs(self, postings: Postings, name: str) -> Iterator[tuple[int, int]]:
        number = self._ids.get(name)
        pairs = postings.of(number) if number is not None else ()
        return islice(zip(pairs[::2], pairs[1::2], strict=True), MOST)


def _packed(tags: Tags, said: array[int]) -> bytes:
    definitions = [
        (it.name, it.kind, it.span.start, it.span.end, it.at, it.signature, it.doc, it.parent)
        for it in tags.definitions
    ]
    imports = [(it.module, it.names, it.span.start, it.span.end) for it in tags.imports]
    at = array("I", (place for _, place in tags.references))
    return _encode(([it.name for it in tags.definitions], definitions, imports, said.tobytes(), at.tobytes()))


@lru_cache(512)
def _opened(record: bytes) -> Record:
    return _record(record)


def _unpacked(definition: Raw) -> Definition:
    name, kind, start, end, at, signature, doc, parent = _definition(definition)
    return Definition(name, kind, Span(start, end), at, signature, doc, parent)
