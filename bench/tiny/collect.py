"""Step 1, `collect`: packages of permissive licence -> clean texts without repetitions, and a manifest of them."""

from __future__ import annotations

import argparse
import lzma
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.tiny import archives, licences, sieve
from bench.tiny.alike import Seen
from bench.tiny.clients import CLIENTS, Came
from router.context import privacy

HERE = Path(__file__).parent
LICENCES = {"python": "PSF-2.0", "go": "BSD-3-Clause"}  # of the standard libraries
OURS = "switchyard"
ORDER = ("unseen", "held", "train")  # what repeats a file that is held out is not trained on


class Text(Struct):
    """One file of the corpus; `part` as in sieve.part."""

    package: str
    path: str
    language: str
    part: str
    text: str


class Entry(Struct):
    """A line of the manifest: what came, by which client, and how much of it was taken."""

    source: str
    name: str
    version: str
    sha256: str
    licence: str
    unseen: bool = False
    files: int = 0
    bytes: int = 0


class Packages(Struct):
    """packages.toml."""

    unseen: list[str]
    caps: dict[str, float]
    here: dict[str, list[str]]
    pip: dict[str, str]
    npm: dict[str, str]
    go: dict[str, str]
    cargo: dict[str, str]

    def wanted(self, source: str) -> list[str]:
        """The packages that a client is asked for, each once."""
        said = getattr(self, source).values()
        return list(dict.fromkeys(name for one in said for name in (one.split() if isinstance(one, str) else one)))


def packages() -> Packages:
    return msgspec.toml.decode((HERE / "packages.toml").read_bytes(), type=Packages)


def manifest(path: Path = HERE / "manifest.json") -> list[Entry]:
    """What the committed corpus was made of; nothing if there is none."""
    return msgspec.json.decode(path.read_bytes(), type=list[Entry]) if path.exists() else []


def read(path: Path) -> Iterator[Text]:
    """The texts of a corpus, one after the other; of NAME.xz where there is no NAME, as it travels."""
    decoder = msgspec.json.Decoder(Text)
    packed = path.with_name(f"{path.name}.xz")
    with path.open("rb") if path.exists() or not packed.exists() else lzma.open(packed) as lines:
        yield from map(decoder.decode, lines)


def files(came: Came) -> dict[str, bytes]:
    """The files of a package that may matter: source code, and what tells its licence."""
    if came.archive.is_dir():
        paths = (path for path in came.archive.rglob("*") if sieve.language(path.name) and path.is_file())
        return {path.relative_to(came.archive).as_posix(): path.read_bytes() for path in sorted(paths)}
    return dict(archives.members(came.archive))


def taken(came: Came, found: dict[str, bytes], cap: float, unseen: frozenset[str], why: Counter[str]) -> list[Text]:
    """The package's files that are fit, clean, up to `cap` megabytes; `why` counts what is left out by its reason."""
    chosen: list[Text] = []
    room = cap * 1e6
    for path in sorted(found, key=lambda path: sieve.number(f"{came.name} {path}")):
        reason = sieve.misplaced(path) or ("another copy" if _twin(path, found) else "")
        reason = reason or ("beyond the cap" if room <= 0 else "")
        text = "" if reason else found[path].decode("utf-8", "replace").replace("\r\n", "\n")
        reason = reason or sieve.unfit(path, text)
        if not reason:
            chosen.append(_text(came, path, privacy.clean(text), unseen))
            room -= len(text)
        why[reason or "taken"] += 1
    return sorted(chosen, key=lambda it: it.path)


def _text(came: Came, path: str, text: str, unseen: frozenset[str]) -> Text:
    return Text(came.name, path, sieve.language(path), sieve.part(came.name, path, unseen), text)


def _twin(path: str, found: dict[str, bytes]) -> bool:
    """Whether a JavaScript file was made of a TypeScript one that lies in src, or beside it."""
    if sieve.language(path) != "javascript" or "src/index.ts" not in found:
        return False
    return not path.startswith("src/") or path.rpartition(".")[0] + ".ts" in found


def package(came: Came, out: Path, said: Packages, unseen: frozenset[str], why: Counter[str]) -> Entry:
    """Write a package's texts to a file of their own, the entry of the manifest first; done once."""
    if out.exists():
        with out.open("rb") as lines:
            return msgspec.json.decode(lines.readline(), type=Entry)
    found = files(came)
    licence = LICENCES.get(came.name, "") if came.source == "here" else archives.licence(found)
    entry = Entry(came.source, came.name, came.version, came.digest(), licence)
    chosen: list[Text] = []
    if licences.permissive(licence) and came.name != OURS:
        chosen = taken(came, found, said.caps[came.source], unseen, why)
    entry.files, entry.bytes = len(chosen), sum(len(it.text.encode()) for it in chosen)
    entry.unseen = any(it.part == "unseen" for it in chosen)
    half = out.with_suffix(".half")
    half.write_bytes(b"".join(msgspec.json.encode(it) + b"\n" for it in (entry, *chosen)))
    half.replace(out)
    return entry


def packaged(folder: Path, sources: Sequence[str], newest: bool) -> Iterator[tuple[Entry, Path]]:
    """Every package that comes, with the file of its texts."""
    said = packages()
    unseen = frozenset(said.unseen)
    pinned = {} if newest else {(it.source, it.name): it.version for it in manifest()}
    for source in sources:
        (folder / "downloads" / source).mkdir(parents=True, exist_ok=True)
        (folder / "packages" / source).mkdir(parents=True, exist_ok=True)
        why: Counter[str] = Counter()
        wanted = {name: pinned.get((source, name), "") for name in said.wanted(source)}
        for came in CLIENTS[source](wanted, folder / "downloads" / source):
            out = folder / "packages" / source / f"{came.name.replace('/', '~')}.jsonl"
            yield package(came, out, said, unseen, why), out
        print(f"{source}: " + ", ".join(f"{count:,} {reason}" for reason, count in why.most_common()), flush=True)


def unrepeated(paths: Iterable[Path], part: str, seen: Seen) -> Iterator[Text]:
    """The texts of one part that repeat none seen before."""
    decoder = msgspec.json.Decoder(Text)
    for path in paths:
        with path.open("rb") as lines:
            next(lines)
            texts = map(decoder.decode, lines)
            yield from (it for it in texts if it.part == part and not seen.repeats(it.text))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.tiny collect", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/tiny"), help="where everything is kept")
    parser.add_argument("--only", nargs="*", choices=CLIENTS, default=list(CLIENTS), help="which clients to ask")
    parser.add_argument("--newest", action="store_true", help="not the versions of the manifest")
    flags = parser.parse_args(arguments)
    flags.folder.mkdir(parents=True, exist_ok=True)
    found = [(entry, out) for entry, out in packaged(flags.folder.resolve(), flags.only, flags.newest) if entry.files]
    seen, sizes = Seen(), Counter[str]()
    with (flags.folder / "corpus.half").open("wb") as out:
        for part in ORDER:
            for text in unrepeated([path for _, path in found], part, seen):
                out.write(msgspec.json.encode(text) + b"\n")
                sizes[f"{part} {text.language}"] += len(text.text)
    (flags.folder / "corpus.half").replace(flags.folder / "corpus.jsonl")
    lines = ",\n".join(msgspec.json.encode(entry).decode() for entry, _ in found)
    (flags.folder / "manifest.json").write_text(f"[\n{lines}\n]\n")
    print("\n".join(f"{size / 1e6:8.1f} MB {what}" for what, size in sorted(sizes.items())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
