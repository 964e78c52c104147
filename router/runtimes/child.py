"""One child process with one model in it: started, spoken to, ended."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import re
import secrets
import sys
from importlib.util import find_spec
from pathlib import Path

import msgspec

from router import OutOfMemory, Unreachable, config
from router.runtimes.openai import OpenAI

PROGRAM = Path(__file__).with_name("embedded_child.py")
LOADING = 300.0  # seconds in which the weights must be loaded
LEAVING = 2.0  # seconds in which a child that was asked to go must be gone
# What a process returns that died of SIGILL, or of SIGKILL (that is what Linux sends for memory).
ILLEGAL, KILLED = -4, -9
OPENMP = "The embedded engine stands on the system's OpenMP library; install it with `apt install libgomp1`."
INSTALL = "The embedded engine is not installed; install it with `pip install 'switchyard[embedded]'`."


class Options(msgspec.Struct, frozen=True):
    """How a model is run: `window` in tokens for each of `slots` requests at once."""

    threads: int
    window: int
    slots: int = 1


class Order(msgspec.Struct, frozen=True):
    """What the child is to run."""

    gguf: str
    name: str
    threads: int
    window: int
    slots: int
    key: str


class Said(msgspec.Struct, frozen=True):
    """The child's first and only line."""

    port: int = 0
    error: str = ""
    missing: bool = False


class Child:
    """A running child; `engine` speaks to it. It was started with these `options`."""

    def __init__(self, process: asyncio.subprocess.Process, engine: OpenAI, options: Options) -> None:
        self.process = process
        self.engine = engine
        self.options = options

    @property
    def alive(self) -> bool:
        return self.process.returncode is None

    @property
    def held(self) -> int:
        """Bytes of main memory that it alone holds, by Linux's account: not the weights, which are mapped from their
        file and given up whenever somebody needs the room. 0: nobody says."""
        try:
            said = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii", errors="replace")
        except OSError:
            return 0
        found = re.search(r"^RssAnon:\s+(\d{1,15}) kB", said, re.MULTILINE)
        return int(found[1]) * 1024 if found else 0

    async def died(self, within: float) -> bool:
        """Whether the child is dead, or dies within so many seconds."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.process.wait(), within)
        return not self.alive

    async def end(self) -> None:
        """Ask the child to go, and see that it went."""
        await self.engine.aclose()
        await _end(self.process)


def lacking() -> str:
    """What keeps the engine from running here, as a sentence; the wheel brings all but libgomp."""
    if find_spec("xllamacpp") is None:
        return INSTALL
    if sys.platform == "linux":
        try:
            ctypes.CDLL("libgomp.so.1")
        except OSError:
            return OPENMP
    return ""


async def start(model: str, gguf: str, options: Options) -> Child:
    """Start a child and wait until it has loaded its weights. Raises Unreachable or OutOfMemory."""
    order = Order(
        gguf=gguf,
        name=model,
        threads=options.threads,
        window=options.window,
        slots=options.slots,
        key=secrets.token_urlsafe(32),
    )
    process = await _spawn()
    try:
        said = await asyncio.wait_for(_introduce(process, order), LOADING)
    except asyncio.TimeoutError as error:
        await _end(process)
        raise _refusal(Said(), None, gguf) from error
    except (OSError, ValueError) as error:  # ValueError: what it said is no line of ours
        await _end(process)
        raise _refusal(Said(), process.returncode, gguf) from error
    except asyncio.CancelledError:
        await _end(process)
        raise
    if not said.port:
        await _end(process)
        raise _refusal(said, process.returncode, gguf)
    settings = config.OpenAI(host=f"http://127.0.0.1:{said.port}")
    return Child(process, OpenAI(settings, order.key, "embedded", server="llamacpp"), options)


async def _spawn() -> asyncio.subprocess.Process:
    """A session of its own keeps a terminal's Ctrl-C from it; its end is the end of its stdin."""
    pipe, quiet = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    command = sys.executable, "-I", str(PROGRAM)
    try:
        return await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=quiet, start_new_session=True
        )
    except OSError as error:
        raise Unreachable(
            "The embedded engine cannot be started; see whether this machine has reached a limit."
        ) from error


async def _introduce(process: asyncio.subprocess.Process, order: Order) -> Said:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(order) + b"\n")
    await process.stdin.drain()
    line = await process.stdout.readline()
    return msgspec.json.decode(line, type=Said) if line else Said()


def _refusal(said: Said, code: int | None, gguf: str) -> Unreachable | OutOfMemory:
    """Why there is no engine: by what the child said, or by what it died of."""
    if said.missing:
        return Unreachable(lacking() or INSTALL)
    if code == ILLEGAL:
        return Unreachable("The embedded engine needs a processor with AVX2; use Ollama instead.")
    if said.error == "MemoryError" or code == KILLED:
        return OutOfMemory(f"The model in {gguf} does not fit into memory; choose a smaller one.")
    return Unreachable(
        f"The embedded engine cannot load {gguf}; is the file whole? Else name another in runtime.embedded.gguf."
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), LEAVING)
    except asyncio.TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
