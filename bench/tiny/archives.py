"""What lies in an archive that a registry's client brought: its files, and the licence that it states."""

from __future__ import annotations

import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

from bench.tiny import licences

_LICENCE = re.compile(r"(^|/)(licen[cs]e|copying|unlicense)([-._][\w.-]*)?$", re.IGNORECASE)
_SAID = {  # how authors write a licence where SPDX has a name for it
    "mit license": "MIT", "the mit license": "MIT", "mit licence": "MIT", "expat": "MIT",
    "apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "apache license, version 2.0": "Apache-2.0",
    "apache2": "Apache-2.0", "apache-2": "Apache-2.0", "apache 2": "Apache-2.0", "asl 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0", "apache software license 2.0": "Apache-2.0",
    "3-clause bsd license": "BSD-3-Clause", "bsd 3-clause": "BSD-3-Clause", "bsd 3-clause license": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause", "new bsd": "BSD-3-Clause", "new bsd license": "BSD-3-Clause",
    "simplified bsd": "BSD-2-Clause", "isc license": "ISC", "psf": "PSF-2.0", "psf license": "PSF-2.0",
}  # fmt: skip
_VAGUE = frozenset(("", "bsd", "bsd license", "bsd-license", "apache", "unknown", "dual license"))


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Every file with its path within the package, in the order of their paths; .whl, .zip, .tgz or .crate."""
    if archive.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(archive) as opened:
            for name in sorted(opened.namelist()):
                if not name.endswith("/"):
                    yield _within(archive, name), opened.read(name)
        return
    found: dict[str, bytes] = {}
    with tarfile.open(archive) as bundle:
        for member in bundle:  # in its own order: to go back in one means to unpack it from the start
            stream = bundle.extractfile(member) if member.isfile() else None
            if stream is not None:
                found[_within(archive, member.name)] = stream.read()
    yield from sorted(found.items())


def _within(archive: Path, name: str) -> str:
    """Without the folder that all of an archive's files lie in: a wheel has none, a Go module's ends in its version."""
    if archive.suffix == ".whl":
        return name
    if archive.suffix == ".zip":
        return name.partition("@")[2].partition("/")[2]
    return name.partition("/")[2]


def licence(files: dict[str, bytes]) -> str:
    """An SPDX expression for the whole package: what its metadata say, else how its licence file reads; or nothing."""
    said = _stated(files)
    if said.lower() in _VAGUE:
        texts = sorted((path for path in files if _LICENCE.search(path)), key=lambda path: (path.count("/"), path))
        near = [path for path in texts if path.count("/") == texts[0].count("/")]
        found = {licences.of_text(files[path].decode("utf-8", "replace")) for path in near}
        said = " AND ".join(sorted(found - {""}))
    return said


def _stated(files: dict[str, bytes]) -> str:
    for path, body in files.items():
        if path.endswith(".dist-info/METADATA") and path.count("/") == 1:
            return _of_wheel(body.decode("utf-8", "replace"))
    if "package.json" in files:
        try:
            said = json.loads(files["package.json"]).get("license", "")
        except ValueError:
            return ""
        said = said.get("type", "") if isinstance(said, dict) else said
        return _named(said) if isinstance(said, str) else ""
    if "Cargo.toml" in files:
        found = re.search(r'^license = "([^"]+)"', files["Cargo.toml"].decode("utf-8", "replace"), re.MULTILINE)
        return found[1] if found else ""
    return ""


def _of_wheel(text: str) -> str:
    head = HeaderParser().parsestr(text)
    if said := head.get("License-Expression"):
        return str(said)
    header = _named(str(head.get("License", "")))
    if header and len(header) <= 60 and "\n" not in header and header.lower() not in _VAGUE:
        return header
    trove = licences.of_classifiers([str(line) for line in head.get_all("Classifier") or ()])
    return "" if trove == "BSD-License" else trove


def _named(said: str) -> str:
    return _SAID.get(said.strip().strip("()").lower(), said.strip())
