"""How long until `initialize` is answered, beside bare pygls and bare asyncio; and what one open document costs."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue

from bench import table, trace
from bench.engine import Engine, Event
from bench.server import BARE_ECHO, BARE_PYGLS, OURS, URI, Server, with_settings

ROUNDS = 15
PEERS = {"bare pygls": BARE_PYGLS, "Switchyard": OURS, "bare asyncio": BARE_ECHO}
LIMIT_MB = 80


def started(command: Sequence[str]) -> float:
    """Milliseconds from the spawn to the answered `initialize`."""
    began = time.perf_counter()
    server = Server(command)
    try:
        server.start()
        return (time.perf_counter() - began) * 1000
    finally:
        server.stop()


def starts(rounds: int) -> table.Table:
    """All servers in turn, in every round; a round before the first fills the caches."""
    times: dict[str, list[float]] = {name: [] for name in PEERS}
    for number in range(rounds + 1):
        for name, command in PEERS.items():
            took = started(command)
            if number:
                times[name].append(took)
    pygls = times["bare pygls"]
    rows = []
    for name, all_of_it in times.items():
        ratio = statistics.median(ours / theirs for ours, theirs in zip(all_of_it, pygls, strict=True))
        rows.append((name, statistics.median(all_of_it), min(all_of_it), max(all_of_it), ratio))
    return table.Table(
        f"From spawn to the answered `initialize`, {rounds} rounds in turn",
        ("server", "median ms", "least", "most", "x bare pygls"),
        tuple(rows),
        ("The last column is the median of the rounds' own ratios. Aim: at most 1.00, better 0.50.", table.load()),
    )


def memory() -> table.Table:
    """Our server's memory with one document open, after a completion."""
    text, at = trace.document()
    rows = []
    for name, opened in (("a file of 300 lines", _lines(text, 300)), ("a file of 11,000 lines", text)):
        resident, share = _completed(opened, min(at, len(opened)))
        rows.append((name, resident, share, resident / LIMIT_MB))
    return table.Table(
        "Memory with one document open, after a completion by Ollama",
        ("document", "resident MB", "proportional MB", f"of {LIMIT_MB} MB"),
        tuple(rows),
    )


def _lines(text: str, count: int) -> str:
    return "\n".join(text.split("\n")[:count]) + "\n"


def _completed(text: str, at: int) -> tuple[float, float]:
    with completed(text, at) as (server, _):
        time.sleep(0.5)  # for what the server does once it has nothing else to do
        return server.memory()


@contextmanager
def completed(text: str, at: int) -> Iterator[tuple[Server, Engine]]:
    """Our server with a document open after a completion by Ollama, and the engine that plays Ollama."""
    events: SimpleQueue[Event] = SimpleQueue()
    engine = Engine(events)
    server = Server(with_settings(runtime__engine="ollama", runtime__ollama__host=engine.host), events)
    try:
        server.start()
        server.open(text)
        complete(server, text, at)
        yield server, engine
    finally:
        server.stop()
        engine.close()


def complete(server: Server, text: str, at: int, patience: float = 30.0) -> None:
    """Ask for a completion until the engine hears of it. Raises TimeoutError."""
    line_start = text.rfind("\n", 0, at) + 1
    place = {"line": text.count("\n", 0, at), "character": at - line_start}
    params = {"textDocument": {"uri": URI}, "position": place, "context": {"triggerKind": 1}}
    end = time.monotonic() + patience
    while time.monotonic() < end:
        number, body = server.question("textDocument/inlineCompletion", params)
        server.send(body)
        heard = set()
        try:
            while ("answer", number) not in heard:
                event = server.events.get(timeout=5)
                heard.add(("request", 0) if event[0] == "request" else event)
        except Empty:
            continue
        if ("request", 0) in heard:
            return
        time.sleep(0.1)
    raise TimeoutError("The server answered, but the engine was never asked.")


def measure(rounds: int = ROUNDS) -> list[table.Table]:
    """Both tables."""
    return [starts(rounds), memory()]


def main(arguments: Sequence[str]) -> int:
    parser = table.flags(__doc__ or "")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    flags = parser.parse_args(arguments)
    table.show(measure(flags.rounds), flags.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
