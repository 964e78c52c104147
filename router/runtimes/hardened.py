"""The `ollama` client, hardened: nothing ambient reaches it, nothing endless comes through it, its errors are ours."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import AsyncGenerator, Awaitable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, cast

import msgspec

from router import BadConfig, RuntimeFailure
from router.runtimes.faults import Engine

if TYPE_CHECKING:
    import ollama

T = TypeVar("T")
Kind: TypeAlias = Literal["probe", "typing", "long", "load"]

# The package makes a client of its own as it is imported, from these: a malformed one would fail the import.
AMBIENT = {"OLLAMA_HOST", "OLLAMA_API_KEY", "SSL_CERT_FILE", "SSL_CERT_DIR"}
AMBIENT |= {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}
# What the client raises on an answer of the wrong shape, pydantic's and json's errors among the first.
MISSHAPEN = (ValueError, TypeError, AttributeError, RecursionError, msgspec.MsgspecError)


def engine(host: str) -> Engine:
    """How to speak of the Ollama at a host."""
    return Engine(
        title="Ollama",
        host=host,
        start="start it with `ollama serve`",
        setting="runtime.ollama.host",
        key="sign in with `ollama signin`, or see what stands in front of it",
        pull="run `ollama pull {model}`",
        window="raise runtime.ollama.window",
    )


class Hardened:
    """Clients for one host, one per patience (httpx holds it per client), made when they are first wanted."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._ollama: Any = None
        self._transport: Any = None
        self._clients: dict[Kind, ollama.AsyncClient] = {}
        self.faults: tuple[type[Exception], ...] = MISSHAPEN
        self.engine = engine(host)

    async def client(self, kind: Kind) -> ollama.AsyncClient:
        """The client for what takes so long. Raises BadConfig when the host is not an address."""
        if self._ollama is None:
            self._ollama, self._transport = await asyncio.to_thread(_imported)
            httpx = self._transport.httpx
            self.faults = (self._ollama.ResponseError, httpx.HTTPError, httpx.InvalidURL, OSError, *MISSHAPEN)
        if kind not in self._clients:
            try:
                ways = self._transport.settings(self._host, getattr(self._transport, kind.upper()))
                self._clients[kind] = self._ollama.AsyncClient(self._host, **ways)
            except (ValueError, self._transport.httpx.InvalidURL) as error:
                raise BadConfig("runtime.ollama.host is not an address; write it as http://HOST:PORT.") from error
        return self._clients[kind]

    async def ask(self, question: Awaitable[T], model: str = "") -> T:
        """The client's answer, or the error of ours for what it raised."""
        try:
            return await question
        except self.faults as error:
            raise self.failure(error, model) from error

    async def stream(
        self, client: ollama.AsyncClient, kind: Literal["generate", "chat"], question: dict[str, Any]
    ) -> AsyncGenerator[Any, None]:
        """The chunks of an answer. The client's own methods have no `truncate`, and without it Ollama cuts a prompt.

        It does so in silence, and to know whether it must, it tokenizes all that have as many bytes as the window has
        tokens once more: 6 to 8 ms for 4 to 8 kB (0.33.0-rc2). An Ollama before 0.12.6 doesn't know the word.
        """
        shape = self._ollama.GenerateResponse if kind == "generate" else self._ollama.ChatResponse
        asked = client._request(
            shape, "POST", f"/api/{kind}", json=question | {"stream": True, "truncate": False}, stream=True
        )
        return cast("AsyncGenerator[Any, None]", await asked)

    async def read(self, path: str, shape: type[T], question: dict[str, Any] | None = None, model: str = "") -> T:
        """What the client has no method for, or whose answer it shortens: a GET, or a POST if there is a question."""
        http = (await self.client("probe" if question is None else "long"))._client
        try:
            response = await (http.get(path) if question is None else http.post(path, json=question))
            if response.status_code != 200:
                raise self.engine.refusal(model, response.status_code, response.text)
            return msgspec.json.decode(response.content, type=shape)
        except self.faults as error:
            raise self.failure(error, model) from error

    def failure(self, error: Exception, model: str = "", *, begun: bool = False) -> RuntimeFailure:
        """Our error for one of the client's; what it quotes of the answer is not passed on."""
        if isinstance(error, self._ollama.ResponseError):
            return self.engine.refusal(model, error.status_code, str(error.error))
        failure: RuntimeFailure = self._transport.failure(error, self.engine, model, begun=begun)
        return failure

    async def aclose(self) -> None:
        """Close the connections."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client._client.aclose()


def _imported() -> tuple[Any, Any]:
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.upper() in AMBIENT}
    try:
        return importlib.import_module("ollama"), importlib.import_module("router.runtimes.transport")
    finally:
        os.environ.update(hidden)
