"""What two decisions rest on: a transport of our own under httpx, and a parser that works in slices."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from queue import SimpleQueue
from unittest import mock

import httpx

from bench import table, trace
from bench.engine import MODEL, Engine, Event
from router import config
from router.context.syntax import SLICE, Syntax
from router.runtimes import direct, transport
from router.runtimes.ollama import Ollama
from router.types import Call, Change, Route

CALLS, WARM_UP = 150, 20
PROMPT = 9_000  # code points
TYPED = ("x", "(", '"', '"""')


class Httpx(httpx.AsyncHTTPTransport):
    """httpx's own transport, as lean as its settings make it."""

    def __init__(self) -> None:
        super().__init__(verify=False, trust_env=False)


def transports(calls: int) -> table.Table:
    """From the call of the Ollama runtime to the request on the engine's socket, by either transport."""
    times = {name: asyncio.run(_calls(kind, calls)) for name, kind in (("httpx's own", Httpx), ("ours", direct.Direct))}
    base = statistics.median(times["httpx's own"])
    rows = [
        (name, statistics.median(it), table.percentile(it, 0.95), statistics.median(it) / base)
        for name, it in times.items()
    ]
    title = "From a runtime's call to the request on the socket, milliseconds; the request before was given up"
    return table.Table(title, ("transport", "p50", "p95", "x httpx"), tuple(rows), (table.load(),))


async def _calls(kind: type[httpx.AsyncBaseTransport], calls: int) -> list[float]:
    events: SimpleQueue[Event] = SimpleQueue()
    engine = Engine(events)
    with mock.patch.object(transport, "Direct", kind):
        runtime = Ollama(config.Ollama(host=engine.host))
        try:
            await runtime.models()
            engine.hold = True
            return [await _call(runtime, events, number) for number in range(WARM_UP + calls)][WARM_UP:]
        finally:
            await runtime.aclose()
            engine.close()


async def _call(runtime: Ollama, events: SimpleQueue[Event], number: int) -> float:
    while not events.empty():
        events.get()
    route = Route("ollama", MODEL, "qwen", 4096, (("num_ctx", 4096),))
    began = time.perf_counter()
    async with aclosing(runtime.generate(Call(route, "x" * PROMPT + str(number)))) as stream:
        await anext(stream)
        asked = float(events.get(timeout=30)[1])
    await asyncio.sleep(0.005)  # a typist gives the engine that much
    return (asked - began) * 1000


def parses() -> table.Table:
    """What one typed sign costs the parser in the middle of a long file, at once and in slices."""
    text, at = trace.document()
    rows = []
    for sign in TYPED:
        syntax = Syntax("python", text, time.monotonic)
        syntax.refresh(60)
        syntax.edited([Change(at, at, sign)], text[:at] + sign + text[at:])
        slices = []
        done = False
        while not done:
            began = time.perf_counter()
            done = syntax.refresh()
            slices.append((time.perf_counter() - began) * 1000)
        rows.append((sign, sum(slices), len(slices), max(slices)))
    title = f"Parsing a document of 11,000 lines anew after one typed sign, milliseconds; slices of {SLICE * 1000:g}"
    return table.Table(title, ("typed", "in all", "slices", "longest"), tuple(rows), (table.load(),))


def measure() -> list[table.Table]:
    """Both tables."""
    return [transports(CALLS), parses()]


def main(arguments: Sequence[str]) -> int:
    return table.main(arguments, __doc__, measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
