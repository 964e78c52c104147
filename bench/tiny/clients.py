"""Asks the registries' own clients for packages: pip, npm, go and cargo, told which versions and where to put them.

Nothing of a package is built or run: wheels, packed sources and module archives only.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

BATCH = 12  # packages per call; where one of them fails, each is asked for alone
_WHEEL = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)-.+\.whl")
_CRATE = re.compile(r"(?P<name>.+?)-(?P<version>\d+\.\d+\.\d+.*)\.crate")


class Came(Struct, frozen=True):
    """A package as it came: its archive, or the folder of what is installed here."""

    source: str
    name: str
    version: str
    archive: Path

    def digest(self) -> str:
        """The SHA-256 of the archive; of a folder there is none."""
        return hashlib.sha256(self.archive.read_bytes()).hexdigest() if self.archive.is_file() else ""


Wanted = Mapping[str, str]  # names with the version to ask for; an empty one is the newest


def _batches(wanted: Wanted, ask: Callable[[Sequence[str]], bool], spec: str) -> list[str]:
    """Ask for all of them; the names that could not be had. `spec` joins a name and its version."""
    said = {name: f"{name}{spec}{version}" if version else name for name, version in wanted.items()}
    names, lost = list(said), []
    for at in range(0, len(names), BATCH):
        some = names[at : at + BATCH]
        if not ask([said[name] for name in some]):
            lost += [name for name in some if not ask([said[name]])]
    return lost


def _run(arguments: Sequence[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, cwd=folder, env=os.environ | more, capture_output=True, text=True, timeout=900, check=False
    )


def plain(name: str) -> str:
    """A Python package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pip(wanted: Wanted, folder: Path) -> Iterator[Came]:
    """Wheels: they hold the package's own files, without its tests."""
    here = {plain(it.name) for it in _wheels(folder)}
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", "."]
    missing = {name: version for name, version in wanted.items() if plain(name) not in here}
    _tell("pip", _batches(missing, lambda names: _run([*command, *names], folder).returncode == 0, "=="))
    names = {plain(name) for name in wanted}
    yield from (it for it in _wheels(folder) if plain(it.name) in names)


def _wheels(folder: Path) -> Iterator[Came]:
    for archive in sorted(folder.glob("*.whl")):
        if found := _WHEEL.fullmatch(archive.name):
            yield Came("pip", plain(found["name"]), found["version"], archive)


def npm(wanted: Wanted, folder: Path) -> Iterator[Came]:
    """Packed packages; none of their scripts runs."""
    listed = folder / "packed.json"
    packed: dict[str, list[str]] = json.loads(listed.read_text()) if listed.exists() else {}

    def ask(names: Sequence[str]) -> bool:
        done = _run(["npm", "pack", "--json", "--ignore-scripts", *names], folder)
        if done.returncode == 0:
            said = json.loads(done.stdout)
            for it in said.values() if isinstance(said, dict) else said:
                packed[it["name"]] = [it["version"], it["filename"]]
            listed.write_text(json.dumps(packed))
        return done.returncode == 0

    _tell("npm", _batches({name: it for name, it in wanted.items() if name not in packed}, ask, "@"))
    for name, (version, file) in packed.items():
        if name in wanted:
            yield Came("npm", name, version, folder / file)


def go(wanted: Wanted, folder: Path) -> Iterator[Came]:
    """Module archives, in a module cache of their own."""
    came: dict[str, Came] = {}

    def ask(names: Sequence[str]) -> bool:
        specs = [name if "@" in name else f"{name}@latest" for name in names]
        said = {"GOMODCACHE": str(folder), "GOFLAGS": "-modcacherw", "GOTOOLCHAIN": "local", "GO111MODULE": "on"}
        done = _run(["go", "mod", "download", "-json", *specs], folder, **said)
        for it in _documents(done.stdout):
            if "Zip" in it:
                came[it["Path"]] = Came("go", it["Path"], it["Version"], Path(it["Zip"]))
        return done.returncode == 0

    _tell("go", [name for name in _batches(wanted, ask, "@") if name not in came])
    yield from (came[name] for name in wanted if name in came)


def _documents(text: str) -> Iterator[dict[str, str]]:
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        found, at = decoder.raw_decode(text, at)
        yield found


def cargo(wanted: Wanted, folder: Path) -> Iterator[Came]:
    """Packed crates, in a cargo home of their own; what they depend on comes along and is not taken."""
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "lib.rs").touch()
    lines = [
        f'd{at} = {{ package = "{name}", version = "{"=" + version if version else "*"}", default-features = false }}'
        for at, (name, version) in enumerate(wanted.items())
    ]
    head = '[package]\nname = "corpus"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\n'
    (folder / "Cargo.toml").write_text(head + "\n".join(lines) + "\n")
    done = _run(["cargo", "fetch"], folder, CARGO_HOME=str(folder / "home"))
    if done.returncode:
        print(f"cargo: {done.stderr.strip()[-600:]}", file=sys.stderr)
    newest: dict[str, Came] = {}
    for archive in sorted(folder.glob("home/registry/cache/*/*.crate")):
        found = _CRATE.fullmatch(archive.name)
        if found and found["name"] in wanted:
            newest[found["name"]] = Came("cargo", found["name"], found["version"], archive)
    yield from newest.values()


def here(wanted: Wanted, folder: Path) -> Iterator[Came]:
    """The standard libraries of Python and Go, as they are installed."""
    if "python" in wanted:
        version = ".".join(map(str, sys.version_info[:3]))
        yield Came("here", "python", version, Path(sysconfig.get_paths()["stdlib"]))
    if "go" in wanted:
        said = _run(["go", "env", "GOVERSION", "GOROOT"], folder).stdout.split()
        if len(said) == 2:
            yield Came("here", "go", said[0].removeprefix("go"), Path(said[1]) / "src")


def _tell(client: str, lost: Sequence[str]) -> None:
    if lost:
        print(f"{client} could not bring {', '.join(lost)}.", file=sys.stderr)


CLIENTS: dict[str, Callable[[Wanted, Path], Iterator[Came]]] = {
    "here": here,
    "pip": pip,
    "npm": npm,
    "go": go,
    "cargo": cargo,
}
