"""Ollama, through its own client: hardened, and asked only for what it cannot get wrong."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from router import Incomplete, OutOfMemory, Refused, RuntimeFailure, config
from router.models import families, gguf
from router.runtimes.hardened import Hardened
from router.types import Call, Delta, Model, Option, Route, Timing

if TYPE_CHECKING:
    import ollama

FRESH = 5.0  # seconds for which a model that was seen loaded is taken to be so
PINNED = -1  # keep_alive: for ever, so that no other model's load evicts the one that completes
AT_ONCE = 4  # requests to /api/show
KEPT = (4, 5)  # tokens of a prompt's beginning that survive a cut
CLOUD = re.compile(r"[:-]cloud$")


class Tag(msgspec.Struct, frozen=True):
    """One model of `/api/tags`; the client's own type leaves `remote_host` out, and that is what we must know."""

    name: str
    digest: str = ""
    size: int = 0
    remote_host: str = ""
    remote_model: str = ""

    @property
    def remote(self) -> bool:
        return bool(self.remote_host or self.remote_model) or is_cloud(self.name)


class Tags(msgspec.Struct, frozen=True):
    """The answer to `/api/tags`."""

    models: tuple[Tag, ...] | None = ()


class Version(msgspec.Struct, frozen=True):
    """The answer to `/api/version`."""

    version: str


class Ollama:
    """A Runtime over one Ollama; constructing it costs nothing, the first call pays for the import."""

    name = "ollama"

    def __init__(self, settings: config.Ollama) -> None:
        self._settings = settings
        self._line = Hardened(settings.host)
        self._version: tuple[int, ...] | None = None
        self._shown: dict[tuple[str, str], ollama.ShowResponse] = {}
        self._remote: set[str] | None = None
        self._loaded_until: dict[str, float] = {}
        self._doubted: set[str] = set()
        self._shares: dict[str, frozenset[tuple[str, int]]] = {}
        self._windows: dict[tuple[str, int], int] = {}
        self._loads: dict[tuple[str, tuple[Option, ...]], asyncio.Task[None]] = {}

    async def models(self) -> list[Model]:
        """What was pulled, with what each can do; models that run on somebody else's machine are marked."""
        tags = await self._listed()
        gate = asyncio.Semaphore(AT_ONCE)
        loaded = set(await self._running())
        return list(await asyncio.gather(*(self._model(tag, loaded, gate) for tag in tags)))

    async def _listed(self) -> tuple[Tag, ...]:
        await self.version()
        tags = (await self._line.read("/api/tags", Tags)).models or ()
        self._remote = {tagged(tag.name) for tag in tags if tag.remote}
        return tags

    async def _model(self, tag: Tag, loaded: set[str], gate: asyncio.Semaphore) -> Model:
        model = Model(self.name, tag.name, family=families.of(tag.name), size=tag.size, remote=tag.remote)
        if tag.remote:
            return msgspec.structs.replace(model, family="")
        async with gate:
            with suppress(RuntimeFailure):  # deleted since, or of a kind that it cannot show
                model = self._completed(model, await self._show(tag))
        return msgspec.structs.replace(model, loaded=tagged(tag.name) in loaded)

    async def _show(self, tag: Tag) -> ollama.ShowResponse:
        key = (tag.name, tag.digest)
        if key not in self._shown:
            self._shown[key] = await self._line.ask((await self._line.client("probe")).show(tag.name), tag.name)
        return self._shown[key]

    def _completed(self, model: Model, shown: ollama.ShowResponse) -> Model:
        """The model with what `/api/show` adds; a template with a family's marks tells what a name does not."""
        facts = shown.modelinfo or {}
        window = facts.get(f"{facts.get('general.architecture')}.context_length")
        by_template = gguf.by_marks(shown.template or "") if "insert" in (shown.capabilities or ()) else ""
        return msgspec.structs.replace(
            model,
            family=model.family or by_template,
            parameters=_whole(facts.get("general.parameter_count")),
            window=min(_whole(window) or self._settings.window, self._settings.window),
        )

    async def version(self) -> tuple[int, ...]:
        """Ollama's version in numbers, read once; (0,) when it does not say."""
        if self._version is None:
            said = (await self._line.read("/api/version", Version)).version
            self._version = tuple(int(part) for part in re.findall(r"\d+", said)[:3]) or (0,)
        return self._version

    async def ready(self, route: Route) -> bool:
        """Whether `/api/ps` lists the model, with our window: with another one, a request would reload it.

        After a failure only a load tells: Ollama lists a model whose process has died until somebody asks for it.
        """
        name = tagged(route.model)
        if name in self._doubted:
            return False
        if time.monotonic() < self._loaded_until.get(name, 0.0):
            return True
        if not self._fits(await self._running(), route):
            return False
        self._loaded_until[name] = time.monotonic() + FRESH
        return True

    def _fits(self, running: dict[str, int], route: Route) -> bool:
        """Whether the model is among these with a window of ours: what we ask for, or what Ollama made of it."""
        name, asked = tagged(route.model), self._options(route)["num_ctx"]
        if name not in running:
            return name in self._shares and self._shares[name] <= running.items()
        return running[name] in (0, asked, self._windows.get((name, asked), asked))

    async def _running(self) -> dict[str, int]:
        """The loaded models and their windows (0: it does not say)."""
        listed = (await self._line.ask((await self._line.client("probe")).ps())).models
        return {tagged(it.model or it.name or ""): it.context_length or 0 for it in listed}

    async def load(self, route: Route) -> None:
        """Load the weights by an empty prompt. Callers share one load, and none of them can cancel it."""
        await self._refuse_remote(route.model)
        key = (route.model, route.options)
        if key not in self._loads or self._loads[key].done():
            self._loads[key] = asyncio.get_running_loop().create_task(self._load(route))
            self._loads[key].add_done_callback(_heard)
        await asyncio.shield(self._loads[key])

    async def unload(self, route: Route) -> None:
        """Give the weights' memory back, by an empty prompt that is kept for no time."""
        self._loaded_until.pop(tagged(route.model), None)
        client = await self._line.client("load")
        options = self._options(route)
        await self._line.ask(client.generate(route.model, prompt="", keep_alive=0, options=options), route.model)

    async def count(self, route: Route, text: str) -> int:
        """Not told: Ollama has no way to ask its tokenizer."""
        return -1

    async def _load(self, route: Route) -> None:
        client = await self._line.client("load")
        options = self._options(route)
        await self._line.ask(client.generate(route.model, prompt="", keep_alive=PINNED, options=options), route.model)
        name = tagged(route.model)
        self._doubted.discard(name)
        running = await self._running()
        if window := running.get(name):
            self._windows[name, self._options(route)["num_ctx"]] = window
        elif running and name not in running:  # it shares its weights, and so a process, with one of those listed
            self._shares[name] = frozenset(running.items())
        self._loaded_until[name] = time.monotonic() + FRESH

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        """Stream one answer. It counts only after `done`: Ollama ends a stream that repeats itself without one."""
        await self._refuse_remote(call.route.model)
        model, begun, last = call.route.model, False, None
        client = await self._line.client("long" if call.system else "typing")
        try:
            async with aclosing(await self._question(client, call)) as chunks:
                async for chunk in chunks:
                    begun = True
                    if last is None and (text := _text(chunk)):
                        yield Delta(text)
                    if last is None and chunk.done:
                        last = chunk
                        yield self._timing(call, chunk)
        except self._line.faults as error:
            if last is None:
                raise self._failure(error, model, begun) from error
        finally:
            if not begun:  # it may have been a load, which Ollama gives up with the request that waits for it
                self._loaded_until.pop(tagged(model), None)
        if last is None:
            raise self._line.engine.broken(model)

    def _failure(self, error: Exception, model: str, begun: bool) -> RuntimeFailure:
        failure = self._line.failure(error, model, begun=begun)
        self._loaded_until.pop(tagged(model), None)
        if isinstance(failure, (Incomplete, OutOfMemory)):
            self._doubted.add(tagged(model))
        return failure

    async def _question(self, client: ollama.AsyncClient, call: Call) -> AsyncGenerator[Any, None]:
        options = self._options(call.route) | {"num_predict": max(1, call.max_tokens), "stop": list(call.stop)}
        asked: dict[str, Any] = {"model": call.route.model, "options": options}
        if call.schema:
            asked["format"] = msgspec.json.decode(call.schema)
        if not call.system:
            asked |= {"prompt": call.prompt, "raw": True, "keep_alive": PINNED}
            return await self._line.stream(client, "generate", asked)
        turns = [{"role": "system", "content": call.system}, {"role": "user", "content": call.prompt}]
        return await self._line.stream(client, "chat", asked | {"messages": turns, "think": False})

    def _options(self, route: Route) -> dict[str, Any]:
        """The route's options, the same for every call; what samples may differ without a reload."""
        return {"num_ctx": self._settings.window, "temperature": 0, "repeat_penalty": 1.0} | dict(route.options)

    def _timing(self, call: Call, last: Any) -> Timing:
        """Ollama's own account, in ns there and ms here. Raises PromptCut when the counts say so."""
        count = last.prompt_eval_count or 0
        # 0.30.0 alone counted only the tokens that its cache did not spare.
        if self._version != (0, 30, 0) and was_cut(len(call.prompt), count, self._options(call.route)["num_ctx"]):
            raise self._line.engine.cut(call.route.model)
        self._doubted.discard(tagged(call.route.model))
        self._loaded_until[tagged(call.route.model)] = time.monotonic() + FRESH
        ended: Literal["stop", "limit"] = "limit" if last.done_reason == "length" else "stop"
        return Timing(
            prompt_tokens=count,
            answer_tokens=last.eval_count or 0,
            load_ms=(last.load_duration or 0) / 1e6,
            prefill_ms=(last.prompt_eval_duration or 0) / 1e6,
            decode_ms=(last.eval_duration or 0) / 1e6,
            ended=ended,
        )

    async def _refuse_remote(self, model: str) -> None:
        """A name may hide where its model runs: the list of models is read once, if nobody asked for it before."""
        if self._remote is None:
            await self._listed()
        if is_cloud(model) or tagged(model) in (self._remote or ()):
            raise Refused(f"{model} would be run on somebody else's machine; choose a model that is on this one.")

    async def aclose(self) -> None:
        """End the loads that are under way and close the connections."""
        loads, self._loads = [task for task in self._loads.values() if not task.done()], {}
        for task in loads:
            task.cancel()
        if loads:
            await asyncio.wait(loads)
        await self._line.aclose()


def build(settings: config.Config) -> Ollama:
    """The engine that these settings describe."""
    return Ollama(settings.runtime.ollama)


def tagged(name: str) -> str:
    """The name as Ollama lists it."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def is_cloud(name: str) -> bool:
    """Whether the name is one of those that Ollama hands on to its own servers."""
    return CLOUD.search(name) is not None


def was_cut(chars: int, count: int, window: int) -> bool:
    """Whether Ollama has silently cut a prompt of so many characters, of which it says it read `count` tokens.

    Of a prompt that is too long it keeps a whole window before 0.30.11. Since then it keeps the first 4 tokens (5
    with a mark for the beginning) and half of the rest of the window, so that very count is a cut whenever there is
    more than a character per token of the window. Code has 3 to 5.4 characters per token (5th to 95th percentile of
    1,102 files): more than 6 per token in half a window, or 8 in any, are a cut whatever Ollama keeps.
    """
    if count <= 0 or chars < 512:
        return False
    if chars >= window and count in {window - (window - keep) // 2 for keep in KEPT}:
        return True
    return count >= window or (count <= 0.6 * window and chars / 3 >= window and chars > 6 * count) or chars > 8 * count


def _text(chunk: Any) -> str:
    """The stretch of a generate's or a chat's chunk; what the model thinks aloud is left out."""
    message = getattr(chunk, "message", None)
    return (message.content if message is not None else getattr(chunk, "response", "")) or ""


def _whole(number: object) -> int:
    return number if isinstance(number, int) else 0


def _heard(task: asyncio.Task[None]) -> None:
    """A load that nobody waits for any more may fail without asyncio complaining of it."""
    if not task.cancelled():
        task.exception()
