"""Fetches a model through Ollama, however often the way there breaks, and says how far it is.

This module imports httpx; import it where it is needed, not before.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

import httpx
import msgspec

from router import BadConfig, Incomplete, ModelMissing, Refused, RuntimeFailure, Unreachable
from router.runtimes import transport
from router.runtimes.faults import Engine
from router.runtimes.hardened import engine
from router.runtimes.ollama_dialect import is_cloud, whole

# A name of Ollama's own registry: no host before it, no address, no digest. Lengths and signs as Ollama has them.
NAMED = re.compile(r"(?:\w[\w-]{0,79}/)?\w[\w.-]{0,79}(?::\w[\w.-]{0,79})?", re.ASCII)
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # seconds between two tries; after the last one that brought nothing, it ends
SUCCESS = "success"

# The texts are Ollama's own and those of Go and its systems, read in server/images.go and server/download.go.
FULL = re.compile(r"no space left|not enough (disk )?space|disk quota")
UNKNOWN = re.compile(r"file does not exist|manifest unknown|not found|invalid model name|name unknown")
FORBIDDEN = re.compile(r"unauthorized|access denied|denied: |forbidden")
UNWRITABLE = re.compile(r"permission denied|read-only file system")
OLD = re.compile(r"newer version|update ollama|requires.{0,80}(version|support)|\b412\b")
BROKEN = re.compile(
    r"max retries|eof|connection (reset|refused)|broken pipe|time(d )?out|deadline exceeded|no such host|unreachable"
    r"|temporary failure|server misbehaving|digest mismatch|stalled|tls|try again|too many requests|\b(429|50[0234])\b"
)


class Progress(msgspec.Struct, frozen=True):
    """How far a pull is: `completed` of the `total` bytes that are known of so far, and what Ollama does now."""

    status: str
    completed: int = 0
    total: int = 0

    @property
    def pulling(self) -> bool:
        """Whether bytes come now."""
        return self.status.startswith("pulling ") and self.total > 0


class Line(msgspec.Struct, frozen=True):
    """One line of `/api/pull`."""

    status: str = ""
    digest: str = ""
    total: int | None = 0
    completed: int | None = 0
    error: str = ""


class Broken(Exception):
    """The way there broke: worth another try. `failure` is what is raised when there is none left."""

    def __init__(self, failure: RuntimeFailure) -> None:
        super().__init__(str(failure))
        self.failure = failure


def check(name: str) -> str:
    """The name, if it is one that may be fetched. Raises ModelMissing, or Refused for what runs elsewhere."""
    if not NAMED.fullmatch(name):
        raise ModelMissing(
            f"{name} is not the plain name of a model; write it as qwen2.5-coder:1.5b or namespace/model:tag."
        )
    if is_cloud(name):
        raise Refused(f"{name} would be run on somebody else's machine; choose a model that runs on this one.")
    return name


async def pull(host: str, name: str) -> AsyncGenerator[Progress, None]:
    """Fetch a model, from where it was left; ends when it is whole. Closing the generator stops it, and loses nothing.

    Ollama keeps what it has fetched and goes on from there, so a break is answered by the same request, later each
    time and for as long as something comes. Raises RuntimeFailure, BadConfig.
    """
    check(name)
    try:
        client = transport.client(host, transport.PULL, most=1 << 62)  # a line each 60 ms, for hours
    except (ValueError, httpx.InvalidURL) as error:
        raise BadConfig("runtime.ollama.host is not an address; write it as http://HOST:PORT.") from error
    most, tries, begun = 0, 0, False
    async with client:
        while True:
            try:
                async with aclosing(_once(client, engine(host), name)) as steps:
                    async for step in steps:
                        begun = True
                        if step.completed > most:
                            most, tries = step.completed, 0
                        yield step
                return
            except Broken as broken:
                if tries == len(PAUSES) or (isinstance(broken.failure, Unreachable) and not begun):
                    raise broken.failure from broken
                pause, tries = PAUSES[tries], tries + 1
            yield Progress(f"the connection broke; going on in {pause:.0f} s", most)
            await asyncio.sleep(pause)


async def _once(client: httpx.AsyncClient, speak: Engine, name: str) -> AsyncGenerator[Progress, None]:
    """One request, to its end. Raises Broken, RuntimeFailure."""
    blobs: dict[str, tuple[int, int]] = {}
    begun = ended = False
    try:
        async with client.stream("POST", "/api/pull", json={"model": name, "stream": True}) as response:
            if response.status_code != 200:
                said = (await response.aread()).decode("utf-8", "replace")
                raise _refusal(speak, name, response.status_code, said)
            async for text in response.aiter_raw():
                line = msgspec.json.decode(text, type=Line)
                begun = True
                if line.error:
                    raise _refusal(speak, name, -1, line.error)
                if line.digest:
                    blobs[line.digest] = (whole(line.completed), whole(line.total))
                ended = ended or line.status == SUCCESS
                done, total = (sum(part[at] for part in blobs.values()) for at in (0, 1))
                yield Progress(line.status, done, total)
    except (httpx.HTTPError, OSError, ValueError, RecursionError) as error:
        raise Broken(transport.failure(error, speak, name, begun=begun)) from error
    if not ended:
        raise Broken(speak.broken(name))


def _refusal(speak: Engine, name: str, status: int, text: str) -> Broken | RuntimeFailure:
    """What Ollama's words for why it could not fetch a model mean."""
    lower = text.lower()
    if FULL.search(lower):
        return Refused(
            f"The disk is full where Ollama keeps its models; make room and ask for {name} again: what has come stays."
        )
    if OLD.search(lower):
        return Refused(f"This Ollama cannot run {name}; update Ollama, or choose another model.")
    if UNWRITABLE.search(lower):
        return Refused("Ollama may not write where it keeps its models; see to whom that folder belongs.")
    if FORBIDDEN.search(lower):
        return Refused(f"{name} may not be fetched by everybody; see its spelling, or choose another model.")
    if BROKEN.search(lower):
        return Broken(
            Incomplete(f"Ollama does not get {name} from where it comes from; see whether its machine is online.")
        )
    if UNKNOWN.search(lower):
        return ModelMissing(f"Nobody has a model {name} to fetch; see its spelling, the part after the colon too.")
    if status in (-1, 500):
        return Incomplete(f"Ollama could not fetch {name}; see its log, and ask again.")
    return speak.refusal(name, status, text)
