"""The llama.cpp that the product starts, asked directly: what it says, how sure it is and how long it took."""

from __future__ import annotations

import http.client
import json
import math
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from msgspec import Struct

from bench.server import ROOT

PROGRAM = ROOT / "router" / "runtimes" / "embedded_child.py"


class Said(Struct, frozen=True):
    """An answer. `sure`: the product of its tokens' probabilities, that of its end too, as the product reckons it;
    `first`: the likeliest first tokens with theirs."""

    text: str
    sure: float
    first: tuple[tuple[int, float], ...]
    evaluated: int
    tokens: int
    prompt_ms: float
    answer_ms: float
    ms: float


class Llama:
    """One model in a child process; use it in a `with`."""

    def __init__(self, gguf: Path, window: int = 2_048, threads: int = 1) -> None:
        key = secrets.token_hex(16)
        pipe = subprocess.PIPE
        began = time.perf_counter()
        self._child = subprocess.Popen([sys.executable, "-I", str(PROGRAM)], stdin=pipe, stdout=pipe, text=True)
        if self._child.stdin is None or self._child.stdout is None:
            raise RuntimeError("The engine's pipes are not there.")
        order = {"gguf": str(gguf), "name": "tiny", "key": key, "threads": threads, "window": window, "slots": 1}
        self._child.stdin.write(json.dumps(order) + "\n")
        self._child.stdin.flush()
        said = json.loads(self._child.stdout.readline() or "{}")
        if "port" not in said:
            raise SystemExit(f"llama.cpp does not load {gguf}: {said.get('error', 'it ended')}.")
        self.load = time.perf_counter() - began
        self._head = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        self._port: int = said["port"]

    def __enter__(self) -> Llama:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.communicate()

    def spent(self) -> float:
        """Seconds of a processor that the engine has had; unlike the time that went by, no neighbour changes it."""
        fields = Path(f"/proc/{self._child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(
        self, prompt: str | Sequence[int], most: int = 48, *, warm: bool = False, likeliest: int = 1, line: bool = True
    ) -> Said:
        """Greedy; `warm`: what is known of the prompt's beginning is used; `line`: no further than its end."""
        asked = {
            "prompt": prompt if isinstance(prompt, str) else list(prompt),
            "n_predict": most,
            "stop": ["\n"] if line else [],
            "n_probs": likeliest,
            "cache_prompt": warm,
        }
        return self._asked(asked)

    def _asked(self, asked: Mapping[str, object]) -> Said:
        began = time.perf_counter()
        # A connection for each: the server closes one that is idle for some seconds.
        with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)) as connection:
            asked = {**asked, "temperature": 0, "stream": True}  # else nothing is told of the token that ends the line
            connection.request("POST", "/completion", json.dumps(asked), self._head)
            body = connection.getresponse().read().decode()
        ms = (time.perf_counter() - began) * 1000
        events = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: ")]
        if not events or "timings" not in events[-1]:
            raise RuntimeError(f"llama.cpp refused: {body}")
        said = events[-1] | {"content": "".join(it["content"] for it in events)}
        each = [it for event in events for it in event.get("completion_probabilities", [])]
        first = tuple((it["id"], it["logprob"]) for it in (each[0]["top_logprobs"] if each else ()))
        spent = said["timings"]
        sure = math.exp(sum(it["logprob"] for it in each)) if each else 0.0
        times = (spent["prompt_n"], spent["predicted_n"], spent["prompt_ms"], spent["predicted_ms"])
        return Said(said["content"], sure, first, *times, ms)
