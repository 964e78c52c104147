"""What a model takes, held against a real llama.cpp's own log, and against what cannot be otherwise."""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.models import catalog, gguf, memory, shape
from router.models.types import Layers, Model, Shape
from tests.engine import engine_log, shaped_gguf
from tests.engine.engine_log import Case, Log

MIB, GIB = 1 << 20, 1 << 30
KNOWN = st.sampled_from(sorted(catalog.table()))
WINDOWS, SLOTS = st.integers(1, 300_000), st.integers(1, 8)

# A model's name, a window, slots, a batch, the kind of cache: every architecture, and each of the rest in turn.
LOADED = [
    ("llama3.1-8b", 2048, 1, 512, "f16"),
    ("llama3.1-8b", 32768, 2, 128, "q8_0"),
    ("qwen2.5-coder-1.5b", 4096, 1, 256, "f16"),
    ("qwen2.5-coder-1.5b", 5000, 3, 512, "f16"),
    ("qwen2.5-coder-7b", 8192, 4, 512, "q4_0"),
    ("qwen2.5-coder-7b", 32768, 1, 2048, "f16"),
    ("qwen3-4b", 16384, 1, 128, "f16"),
    ("qwen3-30b-a3b", 8192, 2, 512, "f16"),
    ("qwen3-30b-a3b", 32768, 1, 1024, "q8_0"),
    ("gemma2-2b", 2048, 4, 128, "f16"),
    ("gemma2-2b", 8192, 1, 512, "f16"),
    ("gemma3-4b", 2048, 1, 128, "f16"),
    ("gemma3-4b", 32768, 2, 512, "f16"),
    ("gemma3-27b", 8192, 1, 512, "q8_0"),
    ("gemma3-27b", 32768, 1, 512, "q4_0"),
    ("gemma4-e4b", 8192, 1, 512, "f16"),
    ("gemma4-31b", 16384, 2, 256, "f16"),
    ("phi3.5", 4096, 1, 512, "f16"),
    ("starcoder2-3b", 4096, 2, 512, "f16"),
    ("gpt-oss-20b", 8192, 1, 512, "f16"),
    ("gpt-oss-20b", 32768, 4, 128, "q8_0"),
    ("qwen3.5-9b", 8192, 4, 512, "f16"),
    ("qwen3.6-35b-a3b", 32768, 1, 512, "q8_0"),
    ("granite4-tiny-h", 8192, 3, 512, "f16"),
]


def reckoned(name: str, window: int, slots: int, batch: int, cache: str, *, flash: bool = True) -> tuple[int, int]:
    """Keys and values, and compute buffer, as this project has them."""
    built = shape.of(shaped_gguf.REAL[name].facts())
    assert built is not None
    kv = memory.kv_bytes(built, window, slots, cache, batch, flash=flash)
    return kv, memory.compute_bytes(built, window, slots, batch, flash=flash)


@pytest.mark.skipif(not engine_log.THERE, reason="no llama.cpp here")
def test_the_estimate_is_what_llama_cpp_s_log_says(tmp_path: Path) -> None:
    files = {name: str(shaped_gguf.write(tmp_path / f"{name}.gguf", built)) for name, built in shaped_gguf.REAL.items()}
    cases = [Case(files[name], window, slots, batch, cache) for name, window, slots, batch, cache in LOADED]
    logs = list(engine_log.all_said(cases))
    errors = []
    for loaded, log in zip(LOADED, logs, strict=True):
        kv, compute = reckoned(*loaded)
        assert abs(kv - log.kv) <= 0.02 * MIB * 4, loaded  # the log has two digits, of up to four caches
        with open(files[loaded[0]], "rb") as stream:
            weights = gguf.read(stream).size
        errors.append(weights + kv + compute - log.total)
    relative = [abs(error) / log.total for error, log in zip(errors, logs, strict=True)]
    assert statistics.median(relative) <= 0.01, sorted(zip(relative, LOADED, strict=True))
    assert max(map(abs, errors)) <= 100 * MIB, sorted(zip(errors, LOADED, strict=True))
    bare = [
        abs(sum(reckoned(*its)) - it.kv - it.compute) / (it.kv + it.compute)
        for its, it in zip(LOADED, logs, strict=True)
    ]
    assert statistics.median(bare) <= 0.01, "and so it is without the weights"


@pytest.mark.skipif(not engine_log.THERE, reason="no llama.cpp here")
def test_without_flash_attention_the_scores_are_kept_for_every_head(tmp_path: Path) -> None:
    loaded = ("qwen2.5-coder-1.5b", 8192, 2, 512, "f16")
    path = shaped_gguf.write(tmp_path / "qwen.gguf", shaped_gguf.REAL[loaded[0]])
    (log,) = engine_log.all_said([Case(str(path), *loaded[1:], flash=False)])
    kv, compute = reckoned(*loaded, flash=False)
    assert (kv, compute) == (pytest.approx(log.kv, rel=0.001), pytest.approx(log.compute, rel=0.03))
    assert compute > 2 * reckoned(*loaded)[1]


@pytest.mark.skipif(not engine_log.THERE, reason="no llama.cpp here")
def test_a_model_that_is_really_loaded_takes_what_one_takes_that_is_not(tmp_path: Path) -> None:
    small = shaped_gguf.REAL["qwen2.5-coder-1.5b"].of(2)
    path = str(shaped_gguf.write(tmp_path / "small.gguf", small))
    loaded, laid_out = engine_log.all_said([Case(path, allocate=True), Case(path)])
    assert loaded == Log(pytest.approx(laid_out.weights, rel=0.001), laid_out.kv, laid_out.compute)


def test_the_cache_of_a_plain_model_is_heads_times_head_times_two() -> None:
    """Qwen 2.5 Coder 7B: 56 KiB a token."""
    qwen = catalog.table()["qwen2.5-coder:7b"].shape
    assert memory.kv_bytes(qwen, 8192) == 8192 * 56 << 10
    assert memory.kv_bytes(qwen, 8000) == 8192 * 56 << 10, "a window is rounded up to 256 tokens"
    assert memory.kv_bytes(qwen, 8192, cache="q8_0") == 8192 * 56 * 1024 * 34 // 64


def test_a_window_spares_what_it_does_not_look_at() -> None:
    """Gemma 3 27B at 32k takes a fifth of what its layers would without windows."""
    gemma = catalog.table()["gemma3:27b"].shape
    naive = 62 * 16 * 2 * 128 * 2 * 32768
    assert memory.kv_bytes(gemma, 32768) / naive == pytest.approx(0.2, abs=0.01)


def test_a_recurrent_state_does_not_grow_with_the_text() -> None:
    qwen = catalog.table()["qwen3.6:27b"].shape
    states = sum(layer.count * layer.state for layer in qwen.layers)
    for window in (4096, 65536):
        assert memory.kv_bytes(qwen, window) == states + 64 * 1024 * window


def test_a_model_without_a_shape_is_guessed_upward_and_says_so() -> None:
    for known in catalog.table().values():
        model = catalog.candidate(known)
        exact = memory.need(model, 8192)
        guess = memory.need(Model(model.runtime, "?", parameters=model.parameters), 8192)
        assert guess.guessed
        assert not exact.guessed
        assert guess.kv >= exact.kv
        assert guess.compute >= exact.compute


def test_the_prompt_cache_is_the_runtime_s_own_unless_one_says_otherwise() -> None:
    model = catalog.candidate(catalog.table()["qwen2.5-coder:1.5b"])
    assert memory.need(model, 4096).host >= 8 * GIB
    assert memory.need(model, 4096, prompt_cache=0).host < MIB
    embedded = Model("embedded", "x", shape=model.shape, size=model.size)
    assert memory.need(embedded, 4096).host < 257 * MIB


def test_what_lies_beside_the_accelerator_is_not_in_the_total() -> None:
    need = memory.Need(weights=1, kv=2, compute=3, overhead=4, host=1000)
    assert need.total == 10


@given(KNOWN, WINDOWS, SLOTS)
def test_more_of_anything_never_takes_less(name: str, window: int, slots: int) -> None:
    model = catalog.candidate(catalog.table()[name])
    need = memory.need(model, window, slots=slots)
    for more in (
        memory.need(model, window + 4096, slots=slots),
        memory.need(model, window, slots=slots + 1),
        memory.need(model, window, slots=slots, batch=1024),
    ):
        assert more.total >= need.total
    assert memory.need(model, window, slots=slots, cache="q4_0").kv <= need.kv
    assert min(need.weights, need.kv, need.compute, need.host) > 0


@given(st.integers(-5, 1 << 62), st.integers(-5, 1 << 20), st.integers(-5, 1 << 20))
def test_odd_numbers_are_no_trouble(window: int, slots: int, batch: int) -> None:
    odd = Shape("x", (Layers(512, 1 << 20, 1 << 20, 1 << 20, 1 << 20, 1 << 60),), 1 << 20, 1 << 20, 1 << 20, 1 << 24)
    assert memory.need(Model("ollama", "x", shape=odd), window, slots=slots, batch=batch).total > 0
    assert memory.need(Model("ollama", "x"), window, slots=slots, batch=batch).total > 0


def test_ollama_s_own_prediction_knows_no_windows_and_no_head_sizes() -> None:
    """By hand from Ollama 0.33's `PredictServerVRAM`: 2 x layers x heads x (embedding / heads) x window x 2."""
    gemma = catalog.candidate(catalog.table()["gemma3:27b"])
    assert memory.ollama_predicts(gemma, 8192) == gemma.size + 2 * 62 * 16 * (5376 // 32) * 8192 * 2
    qwen = catalog.candidate(catalog.table()["qwen2.5-coder:7b"])
    assert qwen.shape is not None
    assert memory.ollama_predicts(qwen, 8192, 2) == qwen.size + memory.kv_bytes(qwen.shape, 16384)


def test_ollama_s_own_prediction_stops_at_the_trained_window_and_adds_for_large_batches() -> None:
    phi = catalog.candidate(catalog.table()["phi4"])
    assert memory.ollama_predicts(phi, 1 << 20) == memory.ollama_predicts(phi, 16384)
    assert memory.ollama_predicts(phi, 4096, batch=1024) - memory.ollama_predicts(phi, 4096) == 768 * MIB
    assert memory.ollama_predicts(phi, 4096, batch=2048) - memory.ollama_predicts(phi, 4096) == 2 * GIB


def test_ollama_s_own_prediction_takes_the_poorest_layer_s_heads() -> None:
    """Granite's header says 0 heads of its recurrent layers, which Ollama takes for 1; Qwen's the same of all."""
    granite = catalog.candidate(catalog.table()["granite4:tiny-h"])
    assert memory.ollama_predicts(granite, 4096) - granite.size == 2 * 40 * 1 * (1536 // 12) * 4096 * 2
    qwen = catalog.candidate(catalog.table()["qwen3.6:27b"])
    assert memory.ollama_predicts(qwen, 4096) - qwen.size == 2 * 64 * 4 * (5120 // 24) * 4096 * 2
