"""Fetches releases of packages to choose numbers on: `python -m bench.releases FOLDER click==8.1.7 click==8.2.0 ...`.

Each is unpacked to FOLDER/NAME-VERSION; `python -m bench.recall --releases OLDER NEWER` then makes cases of what
stands between two. pip brings them, as you have set it up. Source distributions hold a package's tests, too, but pip
runs what builds them to learn their names; `--wheels` brings what was built, and runs nothing.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path


def fetched(pip: Sequence[str], release: str, folder: Path, wheels: bool) -> Path:
    """The folder that a release, as in `click==8.2.0`, was unpacked to; nothing is fetched that is there."""
    name, _, version = release.partition("==")
    target = folder / f"{name}-{version}"
    if target.is_dir():
        return target
    kind = "--only-binary" if wheels else "--no-binary"
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as place:
        command = [*pip, "download", "--quiet", "--no-deps", kind, name, "--dest", place, release]
        if subprocess.run(command, check=False).returncode:
            raise SystemExit(f"pip does not bring {release}; --pip names another one, --wheels takes what is built.")
        unpacked = Path(place, "unpacked")
        unpack(next(Path(place).iterdir()), unpacked)
        below = list(unpacked.iterdir())
        shutil.move(below[0] if len(below) == 1 and below[0].is_dir() and not wheels else unpacked, target)
    return target


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a release; nothing lands outside of the folder."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
        return
    with tarfile.open(archive) as packed:
        inside = [it for it in packed if it.isfile() and _inside(folder, folder / it.name)]
        for member in inside:
            source = packed.extractfile(member)
            target = folder / member.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read() if source else b"")


def _inside(folder: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("releases", nargs="+", metavar="NAME==VERSION")
    parser.add_argument("--wheels", action="store_true", help="wheels instead of source distributions")
    parser.add_argument("--pip", nargs="+", default=[sys.executable, "-m", "pip"], help="the program that fetches")
    said = parser.parse_args(arguments)
    said.folder.mkdir(parents=True, exist_ok=True)
    for release in said.releases:
        print(fetched(said.pip, release, said.folder, said.wheels))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
