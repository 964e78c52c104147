"""What Ollama has, on its disk and in memory, told as our models."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from router import RuntimeFailure
from router.models import catalog, downloads, families, gguf, shape
from router.models.types import Model
from router.runtimes import ollama_dialect as dialect
from router.runtimes.hardened import Hardened

if TYPE_CHECKING:
    import ollama

NAME = "ollama"
AT_ONCE = 4  # requests to /api/show


class Details(msgspec.Struct, frozen=True):
    """What Ollama says of a model in words."""

    parameter_size: str = ""
    quantization_level: str = ""


class Tag(msgspec.Struct, frozen=True):
    """One model of `/api/tags`; the client's own type leaves `remote_host` out, and that is what we must know."""

    name: str
    digest: str = ""
    size: int = 0
    remote_host: str = ""
    remote_model: str = ""
    details: Details | None = None

    @property
    def remote(self) -> bool:
        return bool(self.remote_host or self.remote_model) or dialect.is_cloud(self.name)


class Tags(msgspec.Struct, frozen=True):
    """The answer to `/api/tags`."""

    models: tuple[Tag, ...] | None = ()


class Running(msgspec.Struct, frozen=True):
    """One model of `/api/ps`: `size` bytes in all, `size_vram` of them on accelerators; both as llama.cpp's log has it.

    `context_length` is its window, 0 where an old Ollama does not say.
    """

    name: str = ""
    model: str = ""
    digest: str = ""
    size: int = 0
    size_vram: int = 0
    context_length: int = 0

    @property
    def held(self) -> int:
        """Bytes on the accelerators, or in main memory where nothing is on one."""
        return max(0, self.size_vram or self.size)


class Processes(msgspec.Struct, frozen=True):
    """The answer to `/api/ps`."""

    models: tuple[Running, ...] | None = ()


class Version(msgspec.Struct, frozen=True):
    """The answer to `/api/version`."""

    version: str


class Shelf:
    """What one Ollama has, as of its last list: its `version`, the names that are `remote`, the `digests` by name.

    `places` are the folders of its models, if they are on this machine.
    """

    def __init__(self, line: Hardened, places: Sequence[Path] = ()) -> None:
        self._line = line
        self._places = places
        self._headers: dict[tuple[str, str], gguf.Header | None] = {}
        self._shown: dict[tuple[str, str], ollama.ShowResponse] = {}
        self.version: tuple[int, ...] | None = None
        self.remote: set[str] | None = None
        self.digests: dict[str, str] = {}

    async def models(self) -> list[Model]:
        """What was pulled and can write, with what each can do; models on somebody else's machine are marked."""
        tags = await self.listed()
        gate = asyncio.Semaphore(AT_ONCE)
        running = await self.running()
        found = await asyncio.gather(*(self._model(tag, running, gate) for tag in tags))
        return [model for model in found if model is not None]

    async def listed(self) -> tuple[Tag, ...]:
        """The models on its disk. What was shown of those that are gone, or are others now, is forgotten."""
        self.version = _numbers((await self._line.read("/api/version", Version)).version)
        tags = (await self._line.read("/api/tags", Tags)).models or ()
        self.remote = {dialect.tagged(tag.name) for tag in tags if tag.remote}
        self.digests = {dialect.tagged(tag.name): tag.digest for tag in tags}
        there = {(tag.name, tag.digest) for tag in tags}
        self._shown = {key: shown for key, shown in self._shown.items() if key in there}
        return tags

    async def running(self) -> dict[str, Running]:
        """The models in memory; one that is still being loaded is not among them."""
        listed = (await self._line.read("/api/ps", Processes)).models or ()
        return {dialect.tagged(it.model or it.name): it for it in listed}

    async def shown(self, name: str, digest: str = "") -> ollama.ShowResponse:
        """What `/api/show` says of a model, asked once for each version of it. Raises RuntimeFailure."""
        key = (name, digest or self.digests.get(dialect.tagged(name), ""))
        if key not in self._shown:
            self._shown[key] = await self._line.ask((await self._line.client("probe")).show(name), name)
        return self._shown[key]

    async def _model(self, tag: Tag, running: Mapping[str, Running], gate: asyncio.Semaphore) -> Model | None:
        """The model of a tag; None for one that makes vectors, and no text."""
        model = Model(NAME, tag.name, family=families.of(tag.name), size=tag.size, digest=tag.digest, remote=tag.remote)
        if tag.remote:
            return msgspec.structs.replace(model, family="")
        shown = None
        async with gate:
            with suppress(RuntimeFailure):  # deleted since, or of a kind that it cannot show
                shown = await self.shown(tag.name, tag.digest)
        able = (shown.capabilities if shown else None) or ()
        if "embedding" in able and "completion" not in able:
            return None
        process = running.get(dialect.tagged(tag.name))
        mine = process is not None and process.digest in ("", tag.digest)  # else it is what the name meant before
        held = process.held if process is not None and mine else 0
        model = await self._shaped(catalog.completed(completed(model, tag, shown)))
        return msgspec.structs.replace(model, loaded=mine, held=held)

    async def _shaped(self, model: Model) -> Model:
        """A model that nobody knows, with its shape from its file, if that is here: `/api/show` leaves arrays out."""
        if model.shape is not None or not self._places:
            return model
        key = (model.name, model.digest)
        if key not in self._headers:
            self._headers[key] = await asyncio.to_thread(downloads.header, dialect.tagged(model.name), self._places)
        if (header := self._headers[key]) is None:
            return model
        window = model.window or header.window
        return msgspec.structs.replace(model, shape=header.shape, active=header.active, window=window)


def _numbers(version: str) -> tuple[int, ...]:
    """A version in numbers; (0,) when there are none."""
    return tuple(int(part) for part in re.findall(r"\d{1,9}", version)[:3]) or (0,)


def completed(model: Model, tag: Tag, shown: ollama.ShowResponse | None) -> Model:
    """The model with what `/api/show` adds; a template with a family's marks tells what a name does not."""
    facts: Mapping[str, Any] = (shown.modelinfo if shown else None) or {}
    capabilities = (shown.capabilities if shown else None) or ()
    details = tag.details or Details()
    by_template = gguf.by_marks((shown.template if shown else None) or "") if "insert" in capabilities else ""
    return msgspec.structs.replace(
        model,
        family=model.family or by_template,
        parameters=dialect.whole(facts.get("general.parameter_count")) or dialect.counted(details.parameter_size),
        quantisation=details.quantization_level if details.quantization_level != "unknown" else "",
        window=dialect.whole(facts.get(f"{facts.get('general.architecture')}.context_length")),
        shape=shape.of(facts),
        thinks="thinking" in capabilities,
    )
