"""One child process with one model in it: started, spoken to, ended."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from pathlib import Path

import msgspec

from router import OutOfMemory, Unreachable, config
from router.runtimes.openai import OpenAI

PROGRAM = Path(__file__).with_name("embedded_child.py")
LOADING = 300.0  # seconds in which the weights must be loaded
LEAVING = 2.0  # seconds in which a child that was asked to go must be gone
INSTALL = "The embedded engine is not installed; install it with `pip install 'switchyard[embedded]'`."


class Order(msgspec.Struct, frozen=True):
    """What the child is to run."""

    gguf: str
    name: str
    threads: int
    window: int
    key: str


class Said(msgspec.Struct, frozen=True):
    """The child's first and only line."""

    port: int = 0
    error: str = ""
    missing: bool = False


class Child:
    """A running child; `engine` speaks to it."""

    def __init__(self, process: asyncio.subprocess.Process, engine: OpenAI, model: str) -> None:
        self.process = process
        self.engine = engine
        self.model = model

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    async def died(self, within: float) -> bool:
        """Whether the child is dead, or dies within so many seconds."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.process.wait(), within)
        return not self.alive

    async def end(self) -> None:
        """Ask the child to go, and see that it went."""
        await self.engine.aclose()
        await _end(self.process)


async def start(model: str, gguf: str, threads: int, window: int) -> Child:
    """Start a child and wait until it has loaded its weights. Raises Unreachable or OutOfMemory."""
    order = Order(gguf=gguf, name=model, threads=threads, window=window, key=secrets.token_urlsafe(32))
    pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(PROGRAM), stdin=pipe, stdout=pipe, stderr=quiet
    )
    try:
        said = await asyncio.wait_for(_introduce(process, order), LOADING)
    except (OSError, asyncio.TimeoutError, msgspec.MsgspecError) as error:
        await _end(process)
        raise Unreachable(_failed(gguf)) from error
    except asyncio.CancelledError:
        await _end(process)
        raise
    if not said.port:
        await _end(process)
        raise _refusal(said, gguf)
    settings = config.OpenAI(host=f"http://127.0.0.1:{said.port}")
    return Child(process, OpenAI(settings, order.key, "embedded", llama=True), model)


async def _introduce(process: asyncio.subprocess.Process, order: Order) -> Said:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(order) + b"\n")
    await process.stdin.drain()
    return msgspec.json.decode(await process.stdout.readline(), type=Said)


def _refusal(said: Said, gguf: str) -> Unreachable | OutOfMemory:
    if said.missing:
        return Unreachable(INSTALL)
    if said.error == "MemoryError":
        return OutOfMemory(f"The model in {gguf} does not fit into memory; choose a smaller one.")
    return Unreachable(_failed(gguf))


def _failed(gguf: str) -> str:
    return f"The embedded engine cannot load {gguf}; is the file whole? Else name another in runtime.embedded.gguf."


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), LEAVING)
    except asyncio.TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
