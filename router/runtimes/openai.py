"""Any OpenAI-compatible server; proved on llama.cpp's own, whose timings it reads."""

from __future__ import annotations

import asyncio
import importlib
import os
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from router import Refused, Unreachable, config
from router.models import catalog, families
from router.models.types import Model
from router.runtimes import dialect
from router.runtimes.faults import Engine
from router.types import Call, Delta, Route, Timing

if TYPE_CHECKING:
    import httpx

FRESH = 3.0  # seconds for which an engine that was seen ready is taken to be so
LOADING = 600.0  # seconds after which a server that loads is given up


class OpenAI:
    """A Runtime behind `/v1`. `key` goes before the settings'; `server` is what it calls itself (None: find out)."""

    def __init__(
        self, settings: config.OpenAI, key: str | None = None, name: str = "openai", *, server: str | None = None
    ) -> None:
        self.name = name
        self._settings = settings
        self._key = key
        self._server = server
        self._transport: Any = None
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self._ready_until = 0.0
        self._engine = _engine(name, settings.host)

    async def models(self) -> list[Model]:
        """What `/v1/models` lists."""
        status, body = await self._get("/v1/models")
        if status != 200:
            raise self._engine.refusal("", status, body.decode("utf-8", "replace"))
        try:
            entries = dialect.listing(body)
        except msgspec.MsgspecError as error:
            raise self._engine.stranger() from error
        self._server = next((entry.owned_by for entry in entries if entry.owned_by), "")
        return [self._model(entry) for entry in entries]

    def _model(self, entry: dialect.Entry) -> Model:
        meta = entry.meta or dialect.Meta()
        said = Model(
            self.name,
            entry.id,
            family=self._settings.family or families.of(entry.id),
            parameters=meta.n_params,
            size=meta.size,
            window=meta.n_ctx or entry.max_model_len or 0,
            fixed=True,
            loaded=True,
        )
        return catalog.completed(said)

    async def ready(self, route: Route) -> bool:
        """Servers hold their model all the time; llama.cpp's says at `/health` when it does not yet."""
        if time.monotonic() < self._ready_until:
            return True
        status, _ = await self._get("/health")
        if status == 503:
            return False
        self._ready_until = time.monotonic() + FRESH
        return True

    async def load(self, route: Route) -> None:
        """Wait until the server has loaded what it serves; it loads whether or not anybody waits."""
        end = time.monotonic() + LOADING
        while not await self.ready(route):
            if time.monotonic() > end:
                raise self._engine.silent()
            await asyncio.sleep(0.1)

    async def unload(self, route: Route) -> None:
        """Nothing: what a server holds is its owner's business."""

    async def count(self, route: Route, text: str) -> int:
        """How many tokens the server makes of a text, marks read as marks; -1 where it has no way to say."""
        if self._server is None:
            await self.models()
        if (question := dialect.tokenize(self._server or "", route.model, text)) is None:
            return -1
        status, body = await self._exchange("POST", "/tokenize", question)
        if status != 200:  # a gateway need not pass it on
            return -1
        try:
            return dialect.tokenized(body)
        except msgspec.MsgspecError:
            return -1

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        """Stream one answer; it counts only once the server has said why it ended."""
        if self._server is None:
            await self.models()
        ended, last = "", dialect.Event()
        tokens: list[dialect.Token] = []
        async with aclosing(self._events(call)) as events:
            async for event in events:
                if text := event.text:
                    yield Delta(text)
                ended = event.ended or ended
                tokens += event.tokens
                last = event if event.usage or event.timings else last
        if not ended:
            raise self._engine.broken(call.route.model)
        self._ready_until = time.monotonic() + FRESH
        yield dialect.timing(last, ended, tokens)

    async def _events(self, call: Call) -> AsyncGenerator[dialect.Event, None]:
        path, body = dialect.question(call, self._server or "")
        model, begun = call.route.model, False
        client = await self._client(typing=not call.system)
        try:
            async with client.stream("POST", path, json=body) as response:
                await self._check(response, model)
                async for line in response.aiter_raw():
                    if (event := dialect.event(line)) is not None:
                        begun = True
                        if said := event.refusal:
                            raise self._engine.refusal(model, -1, said)
                        yield event
        except (self._transport.httpx.HTTPError, OSError, msgspec.MsgspecError) as error:
            raise self._transport.failure(error, self._engine, model, begun=begun) from error

    async def _check(self, response: httpx.Response, model: str) -> None:
        if response.status_code != 200:
            text = (await response.aread()).decode("utf-8", "replace")
            raise self._engine.refusal(model, response.status_code, text)
        if "event-stream" not in response.headers.get("content-type", ""):
            raise self._engine.stranger()

    async def _get(self, path: str) -> tuple[int, bytes]:
        return await self._exchange("GET", path)

    async def _exchange(self, method: str, path: str, question: object = None) -> tuple[int, bytes]:
        client = await self._client(typing=True)
        patience = self._transport.timeout(self._transport.PROBE)
        try:
            response = await client.request(method, path, json=question, timeout=patience)
        except (self._transport.httpx.HTTPError, OSError) as error:
            raise self._transport.failure(error, self._engine) from error
        return response.status_code, response.content

    async def _client(self, *, typing: bool) -> httpx.AsyncClient:
        """One client for completions and probes, one for what may take long: httpx holds the patience per client."""
        if self._transport is None:
            self._transport = await asyncio.to_thread(importlib.import_module, "router.runtimes.transport")
        if typing not in self._clients:
            silence = self._transport.TYPING if typing else self._transport.LONG
            key = self._bearer()
            try:
                self._clients[typing] = self._transport.client(self._settings.host, silence, key)
            except (ValueError, self._transport.httpx.InvalidURL) as error:
                raise Unreachable("runtime.openai.host is not an address; write it as http://HOST:PORT.") from error
        return self._clients[typing]

    def _bearer(self) -> str:
        """The key, or an empty string. Raises Refused when the settings name one that is not there, or is none."""
        key = self._named_key() if self._key is None else self._key
        if not (key.isascii() and key.isprintable()):
            raise Refused("The key for runtime.openai has signs in it that no key has; copy it anew, on one line.")
        return key

    def _named_key(self) -> str:
        if self._settings.key_file:
            return _first_line(self._settings.key_file)
        if not self._settings.key_env:
            return ""
        if key := _variable(self._settings.key_env):
            return key
        raise Refused("The variable that runtime.openai.key_env names is not set; set it, or use key_file.")

    async def aclose(self) -> None:
        """Close the connections."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()


def _engine(name: str, host: str) -> Engine:
    ours = name != "openai"  # behind the embedded engine, too, stands such a server
    return Engine(
        title=f"the {name} engine" if ours else "the OpenAI-compatible server",
        host=host,
        start="ask again" if ours else "start it",
        setting=f"runtime.{name}" if ours else "runtime.openai.host",
        key="set runtime.openai.key_file or runtime.openai.key_env",
        pull="correct models.complete, or load it there",
        window=f"raise runtime.{name}.window" if ours else "start the server with a larger one",
    )


def build(settings: config.Config) -> OpenAI | None:
    """The engine that these settings describe; none, unless they name a host. Raises BadConfig."""
    if family := settings.runtime.openai.family:
        families.check(family, "runtime.openai.family")
    return OpenAI(settings.runtime.openai) if settings.runtime.openai.host else None


def _variable(name: str) -> str:
    return os.environ.get(name, "").strip()


def _first_line(path: str) -> str:
    try:  # an editor may have put a byte order mark before it
        lines = Path(os.path.expanduser(path)).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a NUL in the name
        raise Refused("The file that runtime.openai.key_file names cannot be read; correct the path.") from error
    return lines[0].strip() if lines else ""
