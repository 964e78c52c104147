"""Keeps what is known of a workspace on the disk, so that the next start reads instead of parsing."""

from __future__ import annotations

import os
import sys
import tempfile
import time
import zlib
from array import array
from contextlib import suppress
from hashlib import blake2b
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import msgspec

from router.context.indexing.catalogue import Catalogue, Image, Snapshot
from router.context.indexing.postings import WIDTH

_MARK = b"switchyard index 1\n"
_HEAD = len(_MARK) + 16 + 4  # the mark, the stamp, the checksum of what follows
_UNUSED = 60 * 86_400.0  # seconds after which the file of a workspace that nobody opened goes
_SMALL = 10_000  # names that are never too many
_ROOMS = (
    "indexing/catalogue.py",
    *(f"tagging/{room}.py" for room in ("flat", "headers", "imports", "stretches", "tags")),
    "languages",
)
_decoder = msgspec.msgpack.Decoder(Image)


def place(cache: Path, root: str) -> Path:
    """The file of one workspace; its name does not tell which."""
    return cache / "index" / f"{blake2b(os.fsencode(root), digest_size=16).hexdigest()}.bin"


def read(path: Path, root: str) -> Image | None:
    """What was kept of `root`; None: nothing, or nothing that today's grammars would say, or it is damaged."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body = memoryview(content)[_HEAD:]
    if content[:_HEAD] != _head(body):
        return None
    try:
        image = _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not all(kept.path.startswith(f"{root}/") for kept in image.files if kept.path):
        return None
    with suppress(OSError):
        os.utime(path)  # it is in use
    return image


def keep(path: Path, catalogue: Catalogue, shot: Snapshot) -> int:
    """Write a snapshot. Bytes; 0: most of its names are no longer said, so that it is better made anew."""
    image = catalogue.packed(shot)
    if worn(image):
        path.unlink(missing_ok=True)
        return 0
    written = write(path, image)
    tidy(path.parent)
    return written


def write(path: Path, image: Image) -> int:
    """Keep `image`, for its owner only; all of it or what was there before. Returns its bytes; raises OSError."""
    body = msgspec.msgpack.encode(image)
    path.parent.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # the mode is that of the last folder only
    path.parent.mkdir(mode=0o700, exist_ok=True)
    number, beside = tempfile.mkstemp(prefix=f"{path.stem}.", suffix=".part", dir=path.parent)  # its mode is 0600
    try:
        with open(number, "wb") as file:
            file.write(_head(body))
            file.write(body)
        os.replace(beside, path)
    except OSError:
        with suppress(OSError):
            os.unlink(beside)
        raise
    return _HEAD + len(body)


def worn(image: Image) -> bool:
    """Whether most names of an image are said by no file any more: texts that were typed have left them."""
    if len(image.names) < _SMALL:
        return False
    bounds = [array("I", table[0]) for table in (image.definers, image.referrers)]
    idle = 0
    for (a, b), (c, d) in zip(pairwise(bounds[0]), pairwise(bounds[1]), strict=True):
        idle += a == b and c == d
    return idle * 2 > len(image.names)


def tidy(folder: Path, now: float | None = None) -> None:
    """Delete what was not used for 60 days, and what a process that was ended has left half-written."""
    before = (time.time() if now is None else now) - _UNUSED
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            age = _UNUSED - 3600.0 if entry.name.endswith(".part") else 0.0
            with suppress(OSError):
                if entry.stat(follow_symlinks=False).st_mtime < before + age:
                    os.unlink(entry.path)


def size(path: Path) -> int:
    """Bytes on the disk; 0: there is no such file."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _head(body: bytes | memoryview) -> bytes:
    return _MARK + _stamp() + zlib.crc32(body).to_bytes(4, "big")


def _stamp() -> bytes:
    """What the tags depend on: our own rooms and queries, the grammars' versions, how this machine writes numbers."""
    here = Path(__file__).parent.parent
    said: list[object] = [sys.byteorder, WIDTH, sys.version_info[:2]]
    for name in _ROOMS:
        found = here / name
        said += [_look(it) for it in (sorted(found.iterdir()) if found.is_dir() else [found])]
    spec = find_spec("tree_sitter")
    with suppress(OSError):
        packages = Path(spec.origin).parent.parent if spec and spec.origin else here
        said += sorted(it for it in os.listdir(packages) if it.startswith("tree_sitter") and it.endswith(".dist-info"))
    return blake2b(repr(said).encode(), digest_size=16).digest()


def _look(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return path.name, 0, 0
    return path.name, found.st_size, found.st_mtime_ns
