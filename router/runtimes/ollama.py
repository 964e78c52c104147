"""Ollama, through its own client: hardened, and asked only for what it cannot get wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeAlias

from router import Incomplete, ModelMissing, OutOfMemory, Refused, RuntimeFailure, config
from router.models import downloads
from router.models.types import Model
from router.runtimes import ollama_dialect as dialect
from router.runtimes.hardened import Hardened
from router.runtimes.ollama_dialect import tagged
from router.runtimes.ollama_models import NAME, Running, Shelf
from router.types import Call, Delta, Option, Route, Timing

if TYPE_CHECKING:
    import ollama

FRESH = 5.0  # seconds for which a model that was seen loaded is taken to be so
LOOKS, LOOKING = 100, 0.1  # how often it is looked whether an unloaded model is gone, and how many seconds in between
UNHEARD = 4  # questions in a row that were given up before a word came: then the model's name may mean another

Key: TypeAlias = "tuple[str, int]"  # a model's name with its tag, and the num_ctx that is asked for


class Ollama:
    """A Runtime over one Ollama; constructing it costs nothing, the first call pays for the import."""

    name = NAME

    def __init__(self, settings: config.Ollama) -> None:
        self._most = settings.window
        self._line = Hardened(settings.host)
        self._shelf = Shelf(self._line, downloads.roots() if downloads.here(settings.host) else ())
        self._told: dict[str, str] = {}  # the digests of the models that were told of, by name
        self._loaded_until: dict[Key, float] = {}
        self._doubted: set[str] = set()
        self._unheard: dict[str, int] = {}
        self._shares: dict[str, frozenset[Key]] = {}
        self._windows: dict[Key, int] = {}
        self._loads: dict[tuple[str, tuple[Option, ...]], asyncio.Task[None]] = {}

    async def models(self) -> list[Model]:
        """What was pulled, with what each can do; models that run on somebody else's machine are marked."""
        models = await self._shelf.models()
        self._told = dict(self._shelf.digests)
        return models

    async def ready(self, route: Route) -> bool:
        """Whether `/api/ps` lists the model, with our window: with another one, a request would reload it.

        After a failure only a load tells: Ollama lists a model whose process has died until somebody asks for it.
        While something is being loaded, Ollama is asked each time: that may push this model out. Raises ModelMissing
        once, when the name has come to mean another model than the one that was told of.
        """
        name = tagged(route.model)
        if name in self._doubted:
            return False
        if not self._loads and time.monotonic() < self._loaded_until.get(self._key(route), 0.0):
            return True
        if self._unheard.get(name, 0) >= UNHEARD:
            await self._look_for(route.model)
        if not self._fits(await self._shelf.running(), route):
            self._loaded_until.pop(self._key(route), None)
            return False
        self._seen(route)
        return True

    def _key(self, route: Route) -> Key:
        return tagged(route.model), dialect.window(route, self._most)

    def _seen(self, route: Route) -> None:
        self._loaded_until[self._key(route)] = time.monotonic() + FRESH

    async def _look_for(self, model: str) -> None:
        """Whether the name still means what it meant when the models were told of. Raises ModelMissing."""
        await self._shelf.listed()
        name = tagged(model)
        told, now = self._told.get(name), self._shelf.digests.get(name)
        if now is None:
            raise self._line.engine.missing(model)
        self._unheard.pop(name, None)
        if told is not None and told != now:
            self._told[name] = now
            raise ModelMissing(f"{model} has been replaced by another version of it; the models are looked at anew.")

    def _fits(self, running: dict[str, Running], route: Route) -> bool:
        """Whether the model is among these with a window of ours: what we ask for, or what Ollama made of it."""
        name, asked = self._key(route)
        if name not in running:
            return name in self._shares and self._shares[name] <= _windows(running)
        found, now = running[name], self._shelf.digests.get(name, "")
        if found.digest and now and found.digest != now:  # the weights that the name stood for before
            return False
        return not asked or found.context_length in (0, asked, self._windows.get((name, asked), asked))

    async def load(self, route: Route) -> None:
        """Load the weights by an empty prompt. Callers share one load, and none of them can cancel it."""
        await self._refuse_remote(route.model)
        key = (route.model, route.options)
        if key not in self._loads:
            self._loads[key] = asyncio.get_running_loop().create_task(self._load(route))
            self._loads[key].add_done_callback(lambda task: self._heard(key, task))
        await asyncio.shield(self._loads[key])

    def _heard(self, key: tuple[str, tuple[Option, ...]], task: asyncio.Task[None]) -> None:
        """A load that nobody waits for any more may fail without asyncio complaining of it."""
        if self._loads.get(key) is task:
            del self._loads[key]
        if not task.cancelled():
            task.exception()

    async def _load(self, route: Route) -> None:
        client = await self._line.client("load")
        options, keep = dialect.options(route, self._most), dialect.load_keep(route)
        await self._line.ask(client.generate(route.model, prompt="", keep_alive=keep, options=options), route.model)
        name, asked = self._key(route)
        self._doubted.discard(name)
        self._loaded_until.clear()  # this load may have pushed any other model out
        running = await self._shelf.running()
        if name in running and running[name].context_length:
            self._windows[name, asked] = running[name].context_length
        elif running and name not in running:  # it shares its weights, and so a process, with one of those listed
            self._shares[name] = _windows(running)
        self._seen(route)

    async def unload(self, route: Route) -> None:
        """Give the weights' memory back, by an empty prompt that is kept for no time; wait until it is there again.

        Ollama answers at once, lets a request that still runs come to its end, and on a discrete card waits up to 5 s
        until the driver has noticed; only then may the next load count on the room.
        """
        name, listed = tagged(route.model), await self._shelf.running()
        self._gone(name)
        if name not in listed and name not in self._shares:
            return
        self._shares.pop(name, None)
        client = await self._line.client("probe")
        await self._line.ask(client.generate(route.model, prompt="", keep_alive=0), route.model)
        for _ in range(LOOKS):
            if name not in await self._shelf.running():
                break
            await asyncio.sleep(LOOKING)
        self._gone(name)  # an answer that came to its end meanwhile has seen it once more

    def _gone(self, name: str) -> None:
        for key in [key for key in self._loaded_until if key[0] == name]:
            del self._loaded_until[key]

    async def count(self, route: Route, text: str) -> int:
        """Not told: Ollama has no way to ask its tokenizer."""
        return -1

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        """Stream one answer. It counts only after `done`: Ollama ends a stream that repeats itself without one."""
        await self._refuse_remote(call.route.model)
        model, begun, last = call.route.model, False, None
        client = await self._line.client("long" if call.system else "typing")
        try:
            async with aclosing(await self._question(client, call)) as chunks:
                async for chunk in chunks:
                    begun = True
                    if last is None and (text := dialect.text(chunk)):
                        yield Delta(text)
                    if last is None and chunk.done:
                        last = chunk
                        yield self._timing(call, chunk)
        except self._line.faults as error:
            if last is None:
                raise self._failure(error, call.route, begun) from error
        finally:
            if not begun:  # it may have been a load, which Ollama gives up with the request that waits for it
                self._loaded_until.pop(self._key(call.route), None)
                self._unheard[tagged(model)] = self._unheard.get(tagged(model), 0) + 1
        if last is None:
            raise self._line.engine.broken(model)

    def _failure(self, error: Exception, route: Route, begun: bool) -> RuntimeFailure:
        failure = self._line.failure(error, route.model, begun=begun)
        self._loaded_until.pop(self._key(route), None)
        if isinstance(failure, (Incomplete, OutOfMemory)):
            self._doubted.add(tagged(route.model))
        return failure

    async def _question(self, client: ollama.AsyncClient, call: Call) -> AsyncGenerator[Any, None]:
        if not call.system:
            return await self._line.stream(client, "generate", dialect.completion(call, self._most))
        if call.begun and (rendered := await self._rendered(call)):
            asked = dialect.continuation(call, rendered, self._most)
            return await self._line.stream(client, "generate", asked)
        return await self._line.stream(client, "chat", dialect.chat(call, self._most))

    async def _rendered(self, call: Call) -> str:
        """The prompt of a chat whose template would not let an answer go on; empty: it would, or nobody knows.

        A model with a template of its own (Jinja) is handed to llama.cpp's chat, which goes on with a last message of
        the assistant, grammar included. Of the other templates and renderers, some close that message and begin anew.
        """
        shown = await self._shelf.shown(call.route.model)
        if "{%" in (shown.template or ""):
            return ""
        question = dialect.rendering(call, self._most)
        said = await self._line.read("/api/chat", dialect.Debug, question, call.route.model)
        return said.debug.rendered_template

    def _timing(self, call: Call, last: Any) -> Timing:
        """Ollama's own account. Raises PromptCut when the counts say so."""
        timing, chars = dialect.timing(last), len(call.prompt) + len(call.begun)
        asked = dialect.window(call.route, self._most)
        # 0.30.0 alone counted only the tokens that its cache did not spare.
        if self._shelf.version != (0, 30, 0) and dialect.was_cut(chars, timing.prompt_tokens, asked):
            raise self._line.engine.cut(call.route.model)
        self._doubted.discard(tagged(call.route.model))
        self._unheard.pop(tagged(call.route.model), None)
        self._seen(call.route)
        return timing

    async def _refuse_remote(self, model: str) -> None:
        """A name may hide where its model runs: the list of models is read once, if nobody asked for it before."""
        if self._shelf.remote is None:
            await self._shelf.listed()
        if dialect.is_cloud(model) or tagged(model) in (self._shelf.remote or ()):
            raise Refused(f"{model} would be run on somebody else's machine; choose a model that is on this one.")

    async def aclose(self) -> None:
        """End the loads that are under way and close the connections."""
        loads, self._loads = [task for task in self._loads.values() if not task.done()], {}
        for task in loads:
            task.cancel()
        if loads:
            await asyncio.wait(loads)
        await self._line.aclose()


def _windows(running: dict[str, Running]) -> frozenset[Key]:
    return frozenset((name, it.context_length) for name, it in running.items())


def build(settings: config.Config) -> Ollama:
    """The engine that these settings describe."""
    return Ollama(settings.runtime.ollama)
