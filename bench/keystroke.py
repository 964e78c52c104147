"""From a keystroke to the whole request on the engine's socket: recorded typing over real stdio, beside a bare echo.

Every key is a change and a question, written at once; the clock starts before the write and stops when this same
process, which plays the engine too, has the request's last byte. The servers take turns, a block of keys each.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from queue import SimpleQueue

from msgspec import Struct

from bench import table, trace
from bench.engine import MODEL, Engine, Event
from bench.server import BARE_ECHO, URI, Server, encoded, with_settings
from bench.start import complete

KEYS, BLOCK, WARM_UP = 1000, 50, 100
GAP = 0.03  # seconds between two keys, less than any typist's, so that work put off is done, and is felt if it is long
AIM_P50, AIM_P99 = 2.0, 10.0


class Key(Struct, frozen=True):
    """What an editor sends for one keystroke: the change, and where the cursor is then."""

    changes: tuple[dict[str, object], ...]
    place: dict[str, int]


class Typed:
    """One server, the engine it asks and what it made of the keys so far; milliseconds. `held`: see `Engine.hold`."""

    def __init__(self, name: str, settings: dict[str, str] | None, held: bool) -> None:
        self.name = name
        self.times: list[float] = []
        self.resident = 0.0
        self.unasked = 0
        self._version = 1
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._engine = Engine(self._events)
        self._held = held
        if settings is None:
            command: Sequence[str] = (*BARE_ECHO, str(self._engine.port))
        else:
            command = with_settings(**{name: said.format(host=self._engine.host) for name, said in settings.items()})
        self._server = Server(command, self._events)

    def open(self, text: str, at: int) -> None:
        """Start, open the document and wait until the engine is asked."""
        self._server.start()
        self._server.open(text)
        complete(self._server, text, at)
        self._engine.hold = self._held

    def type(self, keys: Sequence[Key], counted: bool) -> None:
        """One key after the other."""
        for key in keys:
            self._pause()
            took = self._press(key)
            if counted and took is None:
                self.unasked += 1
            elif counted and took is not None:
                self.times.append(took * 1000)

    def _pause(self) -> None:
        time.sleep(GAP)
        while not self._events.empty():
            self._events.get()

    def _press(self, key: Key) -> float | None:
        """Seconds until the engine has the request; None: the answer came without one."""
        self._version += 1
        document = {"uri": URI, "version": self._version}
        change = encoded("textDocument/didChange", {"textDocument": document, "contentChanges": key.changes})
        where = {"textDocument": {"uri": URI}, "position": key.place, "context": {"triggerKind": 2}}
        number, question = self._server.question("textDocument/inlineCompletion", where)
        began = time.perf_counter()
        self._server.send(change, question)
        took = None
        while True:
            kind, value = self._events.get(timeout=30)
            if kind == "request":
                took = float(value) - began
            if (kind == "request" and self._held) or (kind, value) == ("answer", number):
                return took

    def stop(self) -> None:
        """End the server and the engine, and note what memory the server held at last."""
        self.resident = self._server.memory()[0]
        self._server.stop()
        self._engine.close()


def keys() -> Iterator[Key]:
    """The recorded typing as an editor tells it; what is no single key joins the change of the next that is."""
    text, base = trace.document()
    changes: list[dict[str, object]] = []
    line, lines = text.count("\n", 0, base), base
    kept = text[base:]  # only what may change: counting lines from the start would cost more than what is measured
    for step in trace.steps(base):
        for edit in step.edits:
            start, end = edit.at - lines, edit.at - lines + edit.deleted
            span = {"start": _place(kept, start, line), "end": _place(kept, end, line)}
            changes.append({"range": span, "text": edit.text})
            kept = kept[:start] + edit.text + kept[end:]
        if step.key:
            yield Key(tuple(changes), _place(kept, step.cursor - lines, line))
            changes = []


def _place(text: str, at: int, first: int) -> dict[str, int]:
    return {"line": first + text.count("\n", 0, at), "character": at - text.rfind("\n", 0, at) - 1}


COMPETITORS: dict[str, dict[str, str] | None] = {
    "bare echo": None,
    "Switchyard, Ollama": {"runtime__engine": "ollama", "runtime__ollama__host": "{host}", "models__complete": MODEL},
    "Switchyard, OpenAI": {"runtime__engine": "openai", "runtime__openai__host": "{host}"},
}


def replay(count: int, held: bool) -> table.Table:
    """All servers type the same keys, block by block in turn."""
    text, base = trace.document()
    typed = [Typed(name, settings, held) for name, settings in COMPETITORS.items()]
    try:
        for it in typed:
            it.open(text, base)
        coming = keys()
        for number in range(-WARM_UP // BLOCK, count // BLOCK):
            block = list(islice(coming, BLOCK))
            for it in typed:
                it.type(block, counted=number >= 0)
    finally:
        for it in typed:
            it.stop()
    return _table(typed, held)


def _table(typed: Sequence[Typed], held: bool) -> table.Table:
    bare = table.percentile(typed[0].times, 0.5)
    rows = []
    for it in typed:
        p50, p99 = table.percentile(it.times, 0.5), table.percentile(it.times, 0.99)
        rows.append((it.name, p50, p99, p50 / bare, p99 / bare, len(it.times), it.unasked, it.resident))
    state = "while the engine still answers the key before" if held else "the key before was answered"
    return table.Table(
        f"Keystroke to request, milliseconds; {state}; a document of 11,000 lines",
        ("server", "p50", "p99", "x bare p50", "x bare p99", "keys", "unasked", "MB at the end"),
        tuple(rows),
        (
            f"Aim: p50 <= {AIM_P50:g}, p99 <= {AIM_P99:g}. Unasked: answered from a cache, or not at all.",
            table.load(),
        ),
    )


def measure(count: int = KEYS) -> list[table.Table]:
    """Both situations: the engine is idle, and the engine is busy with the key before."""
    return [replay(count, held=False), replay(count, held=True)]


def main(arguments: Sequence[str]) -> int:
    return table.main(arguments, __doc__, measure, KEYS, "how many keys each server types")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
