"""Two reflexes: typing what was suggested is answered without the engine; a request given up stops the engine."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

from bench import table, trace
from bench.engine import Event
from bench.server import URI, Server, encoded, with_settings
from bench.start import completed

KEYS, CANCELS = 200, 60
SETTLED = 1.5  # seconds for the first parse and the late imports
GAP = 0.03  # seconds between two keys
AIM_THROUGH, AIM_STOP = 5.0, 50.0
_SUGGESTED = "result = " + " + ".join(f"value_{number:02}" for number in range(30))


def through(keys: int) -> list[float]:
    """Milliseconds from a key that was suggested to the rest of the suggestion."""
    text, at = trace.document()
    events: SimpleQueue[Event] = SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script.toml")
        script.write_text(f"[[cue]]\nsay = ['{_SUGGESTED}']\n", encoding="utf-8")
        server = Server(with_settings(runtime__engine="scripted", runtime__scripted__script=str(script)), events)
        try:
            server.start()
            server.open(text)
            time.sleep(SETTLED)
            line = text.count("\n", 0, at)
            column = at - text.rfind("\n", 0, at) - 1
            _ask(server, line, column)
            return [_typed(server, number, sign, line, column) for number, sign in enumerate(_SUGGESTED[:keys])]
        finally:
            server.stop()


def _typed(server: Server, number: int, sign: str, line: int, first: int) -> float:
    time.sleep(GAP)
    place = {"line": line, "character": first + number}
    change = {"range": {"start": place, "end": place}, "text": sign}
    document = {"uri": URI, "version": number + 2}
    edit = encoded("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    return _ask(server, line, first + number + 1, edit)


def _ask(server: Server, line: int, column: int, *before: bytes) -> float:
    where = {"textDocument": {"uri": URI}, "position": {"line": line, "character": column}}
    number, question = server.question("textDocument/inlineCompletion", where | {"context": {"triggerKind": 2}})
    began = time.perf_counter()
    server.send(*before, question)
    server.wait(number)
    return (time.perf_counter() - began) * 1000


def stops(count: int) -> list[float]:
    """Milliseconds from `$/cancelRequest` to the closed socket of an engine that is generating."""
    with completed(*trace.document()) as (server, engine):
        engine.hold = True
        return [_stopped(server, server.events, number) for number in range(count)]


def _stopped(server: Server, events: SimpleQueue[Event], line: int) -> float:
    where = {"textDocument": {"uri": URI}, "position": {"line": line, "character": 0}, "context": {"triggerKind": 1}}
    number, question = server.question("textDocument/inlineCompletion", where)
    server.send(question)
    _until(events, "request")
    time.sleep(GAP)
    began = time.perf_counter()
    server.send(encoded("$/cancelRequest", {"id": number}))
    return (_until(events, "closed") - began) * 1000


def _until(events: SimpleQueue[Event], kind: str) -> float:
    while (event := events.get(timeout=30))[0] != kind:
        pass
    return float(event[1])


def measure() -> list[table.Table]:
    """Both, in one table."""
    rows = []
    for name, times, aim in (
        ("a key that was suggested -> the rest of it", through(KEYS), AIM_THROUGH),
        ("$/cancelRequest -> the engine's socket is closed", stops(CANCELS), AIM_STOP),
    ):
        rows.append((name, table.percentile(times, 0.5), table.percentile(times, 0.99), aim, len(times)))
    title = "Reflexes, milliseconds; over stdio, in a document of 11,000 lines"
    return [table.Table(title, ("from -> to", "p50", "p99", "aim", "times"), tuple(rows), (table.load(),))]


def main(arguments: Sequence[str]) -> int:
    return table.main(arguments, __doc__, measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
