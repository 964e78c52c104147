"""The GGUF files that Ollama has downloaded, found by its manifests."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from router.models import gguf

WEIGHTS = "application/vnd.ollama.image.model"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
LIBRARY = "library"  # the namespace that is left out of a name, as Ollama itself does
LONGEST_MANIFEST = 1 << 20


class Layer(msgspec.Struct, frozen=True, rename="camel"):
    """One blob of a manifest."""

    media_type: str = ""
    digest: str = ""


class Manifest(msgspec.Struct, frozen=True):
    """As much of a manifest as leads to the weights."""

    layers: tuple[Layer, ...] = ()


def roots() -> tuple[Path, ...]:
    """Where Ollama keeps its models: what $OLLAMA_MODELS says, the user's home, the Linux service's home."""
    named = os.environ.get("OLLAMA_MODELS")
    usual = Path.home() / ".ollama/models", Path("/usr/share/ollama/.ollama/models")
    return (Path(named), *usual) if named else usual


def here(host: str) -> bool:
    """Whether an address is one of this machine's own."""
    try:
        name = urlsplit(host).hostname or ""
    except ValueError:  # it is no address
        return False
    return name in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", name) is not None


def found(places: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """Each model's name and its weights' file; what cannot be read is passed over."""
    for place in places:
        for manifest in _files(place / "manifests"):
            weights = _weights(manifest, place / "blobs")
            if weights is not None:
                yield _name(manifest.relative_to(place / "manifests").parts), weights


def header(name: str, places: Sequence[Path]) -> gguf.Header | None:
    """What the weights of that name say of themselves; None: they are not here, or they cannot be read."""
    path = next((path for found_name, path in found(places) if found_name == name), None)
    try:
        if path is None:
            return None
        with path.open("rb") as stream:
            return gguf.read(stream)
    except (OSError, gguf.NotGGUF):
        return None


def _files(folder: Path) -> list[Path]:
    """The files four levels down: host, namespace, model, tag."""
    try:
        return sorted(path for path in folder.glob("*/*/*/*") if path.is_file())
    except OSError:
        return []


def _weights(manifest: Path, blobs: Path) -> Path | None:
    try:
        if manifest.stat().st_size > LONGEST_MANIFEST:
            return None
        layers = msgspec.json.decode(manifest.read_bytes(), type=Manifest).layers
        digests = (it.digest for it in layers if it.media_type == WEIGHTS and DIGEST.fullmatch(it.digest))
        weights = next((blobs / digest.replace(":", "-") for digest in digests), None)
        return weights if weights is not None and weights.is_file() else None
    except (OSError, ValueError, RecursionError):  # ValueError: msgspec's own, and no UTF-8
        return None


def _name(parts: tuple[str, ...]) -> str:
    """A label for the user: namespace, model and tag; the host that it came from is no part of it."""
    _, namespace, model, tag = parts
    return f"{model}:{tag}" if namespace == LIBRARY else f"{namespace}/{model}:{tag}"
