"""Asks a real llama.cpp how much memory a model takes, by its own log, without giving it any.

The engine lays out weights, caches and buffers as for use and allocates no weights, so a model of any size costs next
to nothing. What it does after that it cannot do without weights, so it is held there, and ended once it has spoken.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct, structs

THERE = importlib.util.find_spec("xllamacpp") is not None and sys.platform != "win32"
PATIENCE = 20.0  # seconds
MIB = 1 << 20

PROGRAM = """
import ctypes, json, signal, sys
import xllamacpp as engine

libc = ctypes.CDLL(None)
libc.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
for its in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT):
    libc.signal(its, ctypes.cast(libc.pause, ctypes.c_void_p))
order = json.loads(sys.argv[1])
params = engine.CommonParams()
params.model.path = order["gguf"]
params.hostnames, params.port, params.ui = ["127.0.0.1"], 0, False
if not order["allocate"]:
    params.no_alloc, params.load_mode = True, engine.llama_load_mode.LLAMA_LOAD_MODE_NONE
params.n_ctx, params.n_parallel = order["window"] * order["slots"], order["slots"]
params.n_batch = params.n_ubatch = order["batch"]
params.n_gpu_layers = 0
params.cache_type_k = params.cache_type_v = getattr(engine.ggml_type, "GGML_TYPE_" + order["cache"].upper())
attention = engine.llama_flash_attn_type
params.flash_attn_type = getattr(attention, "LLAMA_FLASH_ATTN_TYPE_" + ("AUTO" if order["flash"] else "DISABLED"))
params.warmup, params.fit_params, params.cache_ram_mib, params.verbosity = False, False, 0, 4
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
engine.Server(params)
"""


class Case(Struct, frozen=True):
    """One way to load a model. `allocate`: with all its weights, for a file that is small enough."""

    gguf: str
    window: int = 4096
    slots: int = 1
    batch: int = 512
    cache: str = "f16"
    flash: bool = True
    allocate: bool = False


class Log(Struct, frozen=True):
    """What the engine said, in bytes; its own lines are in MiB with two digits. `kv` holds recurrent states, too."""

    weights: int
    kv: int
    compute: int

    @property
    def total(self) -> int:
        return self.weights + self.kv + self.compute


def said(case: Case) -> Log:
    """The engine's account of one case; raises RuntimeError with its last words where it gives none."""
    order = [sys.executable, "-I", "-c", PROGRAM, json.dumps(structs.asdict(case))]
    environment = {**os.environ, "GGML_NO_BACKTRACE": "1"}
    process = subprocess.Popen(order, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment)
    ending = threading.Timer(PATIENCE, process.kill)
    ending.start()
    lines = []
    try:
        assert process.stderr is not None
        for line in process.stderr:
            lines.append(line.decode("utf-8", "replace"))
            if "compute buffer size" in lines[-1]:
                return _read("".join(lines))
    finally:
        ending.cancel()
        process.kill()
        process.communicate()
    raise RuntimeError(f"llama.cpp has not said what {Path(case.gguf).stem} takes: {''.join(lines[-8:])}")


def all_said(cases: Sequence[Case]) -> Iterable[Log]:
    """The engine's account of each case, in their order; as many engines at once as there are cores."""
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        yield from pool.map(said, cases)


def _read(log: str) -> Log:
    weights = sum(_sizes(log, r"model buffer size") or [0])
    if not weights:  # none was allocated; what the tensors have is said, too, but in a unit that suits it
        number, unit = re.findall(r"file size\s*=\s*([\d.]+) (.)iB", log)[0]
        weights = float(number) * {"K": 1 / 1024, "M": 1.0, "G": 1024.0}[unit]
    kv = [float(it) for it in re.findall(r"kv_cache: size =\s*([\d.]+) MiB", log)]
    states, compute = _sizes(log, "RS buffer size"), _sizes(log, "compute buffer size")
    return Log(int(weights * MIB), int((sum(kv) + sum(states)) * MIB), int(sum(compute) * MIB))


def _sizes(log: str, what: str) -> list[float]:
    return [float(it) for it in re.findall(what + r"\s*=\s*([\d.]+) MiB", log)]
