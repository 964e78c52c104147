"""The child process that holds the embedded llama.cpp; needs nothing of ours, so it is run by its path.

The parent writes one line of JSON to stdin: `gguf`, `name`, `key`, `threads`, `window`, `slots`. The child answers
with one line on stdout, `{"port": …}` or `{"error": …}`, and lives until stdin ends: that is, until its parent does.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from typing import Any, NoReturn
from urllib.parse import urlsplit

BATCH = 128  # tokens; a prefill that nobody waits for any more ends at the next batch
CACHE_MIB = 256  # of RAM for the prompts of other files; llama.cpp's own default is 8192
PR_SET_PDEATHSIG = 1


def main() -> NoReturn:
    """Serve until stdin ends."""
    _die_with_parent()
    say = _private_stdout()
    order = json.loads(sys.stdin.readline())
    try:
        server = _serve(order)
    except (ImportError, RuntimeError, ValueError, OSError, MemoryError) as error:
        say({"error": type(error).__name__, "missing": isinstance(error, ImportError)})
        os._exit(1)
    say({"port": urlsplit(server.listening_address).port})
    sys.stdin.read()
    os._exit(0)  # at once: an answer that nobody can receive is not worth finishing


def _die_with_parent() -> None:
    """Linux ends the child even when its stdin is held open by somebody else."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _private_stdout() -> Any:
    """Keep the pipe to the parent for ourselves; whatever a library prints goes nowhere."""
    pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)

    def say(words: dict[str, Any]) -> None:
        print(json.dumps(words), file=pipe, flush=True)

    return say


def _serve(order: dict[str, Any]) -> Any:
    engine = importlib.import_module("xllamacpp")
    params = engine.CommonParams()
    params.model.path = order["gguf"]
    params.model_alias = {order["name"]}
    params.api_keys = [order["key"]]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.ui = False
    slots = order.get("slots", 1)
    params.n_ctx = order["window"] * slots  # llama.cpp divides it among the slots
    params.n_parallel = slots
    params.n_batch = params.n_ubatch = BATCH
    params.cache_ram_mib = CACHE_MIB
    params.verbosity = 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order["threads"]
    return engine.Server(params)


if __name__ == "__main__":
    main()
