"""Prompt tokens that llama.cpp evaluates anew at each keystroke, by its own timings: our layout beside llama.vim's.

The recorded typing goes into the middle of a long document. At each key each layout makes its prompt, and an engine of
its own, one slot, answers it with one token. The weights are random: what is evaluated does not depend on them.
"""

from __future__ import annotations

import http.client
import importlib
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from bench import table, trace
from bench.server import ROOT
from router.completing import completion
from router.context import window
from router.models import families
from router.types import Document, Request, Route, Span, Task

KEYS = 2000
HOT = 1.0  # seconds since the key before, as the trace tells them; it tells whole seconds
WINDOW = 16_384  # tokens; so wide that it never cuts a prompt
FAMILY = "qwen"
PATH = "/home/ada/measured.py"
TASK = Task("complete", "Complete", "cursor", "insertion", "typing", 2.0, 128)

Layout: TypeAlias = Callable[[str, int, bool], str]


class Key(Struct, frozen=True):
    """The text after a keystroke, the cursor in it, and whether the key before was less than a second ago."""

    text: str
    cursor: int
    hot: bool


def keys() -> Iterator[Key]:
    """The recorded typing; what is no single key only changes the text."""
    text, base = trace.document()
    last = float("-inf")
    for step in trace.steps(base):
        text = trace.applied(text, step.edits)
        if step.key:
            yield Key(text, step.cursor, step.second - last < HOT)
            last = step.second


class Ours:
    """The prompt as the product makes it, from the window of the key before."""

    def __init__(self) -> None:
        self._last: window.Window | None = None
        self._route = Route("embedded", "random", family=FAMILY, window=WINDOW)
        self._extent = completion.extent(self._route, TASK, 0)

    def __call__(self, text: str, at: int, hot: bool) -> str:
        request = Request(TASK.name, Document(PATH, "python", 1, text), Span(at, at))
        self._last = window.slide(self._last, text, at, self._extent, not hot)
        return completion.said(TASK, request, self._route, self._last, ()).prompt


class OursAsLong:
    """Our layout with as many lines as llama.vim shows, and no other limit."""

    def __init__(self) -> None:
        self._last: window.Window | None = None

    def __call__(self, text: str, at: int, hot: bool) -> str:
        self._last = window.slide(self._last, text, at, window.Extent(characters=1 << 20), not hot)
        return families.table()[FAMILY].prompt(self._last.prefix, self._last.suffix, self._last.middle)


def llama_vim(text: str, at: int, hot: bool, before: int = 256, after: int = 64) -> str:
    """llama.vim's layout, from its description: 256 lines above the cursor's, what follows it in 64 lines, and after
    the middle mark the cursor's line up to the cursor, left out with the rest of that line when it is all blank."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at) % (len(text) + 1)
    blank = not text[start:end].strip()
    above = text[:start].split("\n")[-before - 1 :]
    below = text[end + 1 :].split("\n", after)[:after]
    middle, rest = ("", "") if blank else (text[start:at], text[at:end])
    return families.table()[FAMILY].prompt("\n".join(above), "\n".join([rest, *below, ""]), middle)


LAYOUTS: dict[str, Callable[[], Layout]] = {
    "llama.vim": lambda: llama_vim,
    "Switchyard": Ours,
    "Switchyard, as long": OursAsLong,
}


class Llama:
    """The llama.cpp that the product starts, with a random-weight model, spoken to directly."""

    def __init__(self, gguf: Path) -> None:
        key = secrets.token_hex(16)
        program = str(ROOT / "router" / "runtimes" / "embedded_child.py")
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, "-I", program], stdin=pipe, stdout=pipe, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"gguf": str(gguf), "name": "random", "threads": 1, "window": WINDOW, "key": key}
        print(json.dumps(order), file=self._process.stdin, flush=True)
        said = json.loads(self._process.stdout.readline() or "{}")
        if "port" not in said:
            raise SystemExit("llama.cpp does not start here; `make install` brings it where there is a wheel.")
        self._http = http.client.HTTPConnection("127.0.0.1", said["port"])
        self._head = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def evaluated(self, prompt: str) -> tuple[int, int]:
        """How many tokens of the prompt were evaluated, and how many it has."""
        asked = {"prompt": prompt, "n_predict": 1, "cache_prompt": True, "temperature": 0}
        self._http.request("POST", "/completion", json.dumps(asked), self._head)
        answer = json.loads(self._http.getresponse().read())
        if answer.get("truncated"):
            raise SystemExit("The engine has cut a prompt: the measurement would flatter the longer layout.")
        timings = answer["timings"]
        return timings["prompt_n"], timings["prompt_n"] + timings["cache_n"]

    def stop(self) -> None:
        """End the engine."""
        self._http.close()
        self._process.kill()
        self._process.communicate()


class Cost(Struct):
    """Tokens evaluated per key, on hot keys and on all, and the prompts' lengths."""

    hot: list[int] = []
    all: list[int] = []
    prompt: list[int] = []


def cost(layout: Layout, gguf: Path, count: int) -> Cost:
    """One layout on an engine of its own; the first prompt, which nothing could spare, does not count."""
    found = Cost()
    engine = Llama(gguf)
    try:
        for number, key in enumerate(islice(keys(), count + 1)):
            evaluated, length = engine.evaluated(layout(key.text, key.cursor, key.hot))
            if number:
                found.all.append(evaluated)
                found.prompt.append(length)
                if key.hot:
                    found.hot.append(evaluated)
    finally:
        engine.stop()
    return found


def model(folder: str) -> Path:
    """A model with our test's tokenizer, as small as the engine takes it: only its token counts are looked at."""
    random_gguf = importlib.import_module("tests.engine.random_gguf")
    tiny = {"WIDTH": 64, "LAYERS": 1, "HIDDEN": 64, "HEADS": 2, "KV_HEADS": 2, "WINDOW": WINDOW}
    for name, value in tiny.items():
        setattr(random_gguf, name, value)
    written: Path = random_gguf.write(Path(folder) / "random.gguf")
    return written


def measure(count: int = KEYS) -> list[table.Table]:
    """Hot keys and all keys."""
    with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder:
        gguf = model(folder)
        costs = {name: cost(make(), gguf, count) for name, make in LAYOUTS.items()}
    return [
        _table(costs, "hot", f"hot keys, less than {HOT:g} s after the one before"),
        _table(costs, "all", "all keys"),
    ]


def _table(costs: dict[str, Cost], which: str, words: str) -> table.Table:
    peer = statistics.mean(getattr(costs["llama.vim"], which))
    rows = []
    for name, found in costs.items():
        tokens: list[int] = getattr(found, which)
        share = partial(table.percentile, tokens)
        mean = statistics.mean(tokens)
        rows.append((name, mean, share(0.5), share(0.9), share(0.99), mean / peer, statistics.mean(found.prompt)))
    return table.Table(
        f"Prompt tokens evaluated per keystroke: {words}, {len(tokens):,} of them",
        ("layout", "mean", "median", "p90", "p99", "x llama.vim", "tokens in a prompt"),
        tuple(rows),
        ("Aim on hot keys: at most 0.50 of llama.vim's layout (n_prefix 256, n_suffix 64).",),
    )


def main(arguments: Sequence[str]) -> int:
    return table.main(arguments, __doc__, measure, KEYS, "how many keys each layout is asked at")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
