"""The catalogue: what it knows, under which names, and that it never overrides what a runtime says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from router.models import catalog, families
from router.models.types import Layers, Model, Shape
from router.tasks import shipped

GB = 1e9
NAMES = list(catalog.table())

# What Ollama and model repositories publish, in GB: the file that a name brings, without an eye.
PUBLISHED = [
    ("qwen2.5-coder:1.5b", "Q4_K_M", 0.986),
    ("qwen2.5-coder:1.5b", "Q8_0", 1.65),
    ("qwen2.5-coder:3b", "Q4_K_M", 1.93),
    ("qwen2.5-coder:7b", "Q4_K_M", 4.68),
    ("qwen2.5-coder:7b", "Q8_0", 8.10),
    ("qwen2.5-coder:7b", "AWQ", 5.58),
    ("qwen2.5-coder:14b", "Q5_K_M", 10.5),
    ("qwen2.5-coder:32b", "Q4_K_M", 19.85),
    ("codegemma:2b", "Q4_0", 1.55),
    ("starcoder2:3b", "Q4_0", 1.71),
    ("deepseek-coder:1.3b", "Q4_0", 0.776),
    ("deepseek-coder:6.7b", "Q4_0", 3.83),
    ("deepseek-coder:33b", "Q4_0", 18.8),
    ("gemma2:2b", "Q4_0", 1.63),
    ("gemma2:27b", "Q4_0", 15.6),
    ("phi4", "Q4_K_M", 9.05),
    ("granite4:tiny-h", "Q4_K_M", 4.2),
    ("codestral:22b", "Q4_0", 12.57),
    ("devstral:24b", "Q4_K_M", 14.3),
    ("qwen3-coder-next", "Q4_K_M", 48.4),
]


@pytest.mark.parametrize(("name", "quantisation", "size"), PUBLISHED)
def test_sizes_computed_from_bits_per_weight_are_the_published_ones(name: str, quantisation: str, size: float) -> None:
    assert catalog.table()[name].sizes[quantisation] / GB == pytest.approx(size, rel=0.025)


@pytest.mark.parametrize(
    ("quantisation", "bits"),
    [
        ("Q3_K_M", 3.996),
        ("IQ4_XS", 4.4597),
        ("Q4_K_S", 4.6672),
        ("Q4_K_M", 4.8944),
        ("Q5_K_S", 5.5704),
        ("Q5_K_M", 5.7036),
        ("Q6_K", 6.5633),
        ("Q8_0", 8.5008),
        ("F16", 16.0005),
    ],
)
def test_bits_per_weight_are_those_that_llama_cpp_publishes(quantisation: str, bits: float) -> None:
    """Of Llama 3.1 8B in all: 8.03 billion parameters, 525 million of them vectors that come in, as many go out."""
    layers, incoming, outgoing = catalog.BITS[quantisation]
    assert (6.98 * layers + 0.525 * (incoming + outgoing)) / 8.03 == pytest.approx(bits, rel=0.002)


UNGATED = ("starcoder", "starcoder2")
BESIDE = {"qwen35moe": 512, "qwen3next": 512, "deepseek2": 2816, "gemma4": 2112}  # width of what no expert is


def counted(built: catalog.Built) -> float:
    """The parameters that a shape comes to, in billions; norms and biases, which are few, left out."""
    wide, matrices = built.embedding, 2 if built.architecture in UNGATED else 3
    total = built.vocabulary * wide * (1 if built.tied else 2)
    for at in range(built.layers):
        total += _mixing(built, at)
        if not built.experts or (built.architecture == "deepseek2" and at == 0):
            total += matrices * wide * built.feed_forward
            continue
        granite = {1536: 1024, 4096: 1536}.get(wide, 0) if built.architecture == "granitehybrid" else 0
        beside = BESIDE.get(built.architecture, granite)
        total += matrices * wide * (built.expert * built.experts + beside) + wide * built.experts
    return total / 1e9


def _mixing(built: catalog.Built, at: int) -> int:
    """The parameters of a layer's attention, or of its recurrence."""
    wide, its = built.embedding, built.recurrent
    if its is not None and built.attention and at not in built.attention:
        return wide * (2 * its.inner + 2 * its.groups * its.state + its.ranks) + its.inner * wide
    if its is not None and not built.attention and (at + 1) % 4:
        return wide * (3 * its.inner + 2 * its.groups * its.state + 2 * its.ranks)
    if built.architecture == "deepseek2":
        return wide * (built.heads * 192 + 576) + 512 * built.heads * 256 + built.heads * 128 * wide
    full = built.full_head and (at + 1) % built.every == 0
    head, kv_heads = (built.full_head, built.full_kv_heads) if full else (built.head, built.kv_heads)
    gated = 2 if built.architecture.startswith(("qwen35", "qwen3next")) else 1
    return wide * head * (built.heads * (1 + gated) + 2 * kv_heads)


@pytest.mark.parametrize("name", NAMES)
def test_a_shape_comes_to_the_parameters_of_the_model_s_card(name: str) -> None:
    """So a wrong number in a row is seen. The small Gemmas have tables of vectors per layer besides."""
    entry = catalog.entries()[name]
    tables = 262144 * 256 * entry.shape.layers / 1e9 if entry.shape.shared else 0.0
    assert counted(entry.shape) + tables == pytest.approx(entry.parameters, rel=0.07 if tables else 0.01)


@pytest.mark.parametrize("name", NAMES)
def test_a_row_is_consistent(name: str) -> None:
    known = catalog.table()[name]
    assert known.family == "" or known.family in families.table()
    assert set(known.jobs) <= set(shipped())
    assert known.quantisation in known.sizes
    assert known.sizes["Q4_K_M"] <= known.sizes["Q8_0"] * 1.2 <= known.sizes["F16"] * 1.2
    assert 0 <= known.active < known.parameters
    assert bool(known.shape.experts) == bool(known.shape.experts_used)
    assert sum(layer.kv_heads for layer in known.shape.layers) > 0


def test_rows_stand_in_the_order_of_preference() -> None:
    assert [known.rank for known in catalog.table().values()] == list(range(len(NAMES)))


def test_every_task_has_models_to_choose_from() -> None:
    for task in shipped():
        assert len([known for known in catalog.table().values() if task in known.jobs]) >= 3, task


def test_whatever_is_good_at_completing_fills_in_the_middle() -> None:
    assert not [known.name for known in catalog.table().values() if "complete" in known.jobs and not known.family]


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("qwen2.5-coder:1.5b", "qwen2.5-coder:1.5b"),
        ("qwen2.5-coder", "qwen2.5-coder:7b"),
        ("qwen2.5-coder:latest", "qwen2.5-coder:7b"),
        ("qwen2.5-coder:1.5b-instruct-q4_K_M", "qwen2.5-coder:1.5b"),
        ("someone/Qwen2.5-Coder-7B-Instruct-GGUF:Q5_K_M", "qwen2.5-coder:7b"),
        ("hf.co/bartowski/Qwen2.5-Coder-14B-Instruct-GGUF:IQ4_XS", "qwen2.5-coder:14b"),
        ("Qwen/Qwen2.5-Coder-32B-Instruct-AWQ", "qwen2.5-coder:32b"),
        ("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf", "qwen2.5-coder:1.5b"),
        ("Qwen2.5 Coder 1.5B Instruct", "qwen2.5-coder:1.5b"),
        ("google/gemma-2-2b-it", "gemma2:2b"),
        ("gemma3:27b-it-qat", "gemma3:27b"),
        ("google/gemma-4-26B-A4B-it", "gemma4:26b"),
        ("microsoft/Phi-3.5-mini-instruct", "phi3.5"),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "qwen3-coder:30b"),
        ("Qwen/Qwen3-30B-A3B-Instruct-2507", "qwen3:30b"),
        ("unsloth/Qwen3.6-35B-A3B-GGUF:UD-Q4_K_M", "qwen3.6:35b-a3b"),
        ("openai/gpt-oss-20b", "gpt-oss:20b"),
        ("mistralai/Codestral-22B-v0.1", "codestral:22b"),
        ("mistralai/Devstral-Small-2507", "devstral:24b"),
        ("bigcode/starcoder2-3b", "starcoder2:3b"),
        ("granite-4.0-h-tiny", "granite4:tiny-h"),
    ],
)
def test_a_model_is_known_by_all_its_names(name: str, known: str) -> None:
    found = catalog.of(name)
    assert found is not None
    assert found.name == known


@pytest.mark.parametrize(
    "name", ["", ":", "/", "latest", "qwen2.5:7b", "llama3.1", "qwen2.5-coder:15b", "coder", "q4_0"]
)
def test_a_model_that_is_another_is_not_known(name: str) -> None:
    assert catalog.of(name) is None


@given(st.text(max_size=60))
def test_any_name_is_looked_up(name: str) -> None:
    catalog.of(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_candidate_is_found_again_by_its_name(name: str) -> None:
    known = catalog.table()[name]
    for quantisation in ("", "Q8_0", "F16"):
        model = catalog.candidate(known, quantisation)
        found = catalog.of(model.name)
        assert found is not None
        assert found.name == name
        assert not model.loaded


def test_another_quantisation_is_named_as_ollama_names_it() -> None:
    names = {(name, kind): catalog.candidate(catalog.table()[name], kind).name for name, kind in NAMED}
    assert names == NAMED


NAMED = {
    ("qwen2.5-coder:7b", "q5_k_m"): "qwen2.5-coder:7b-instruct-q5_K_M",
    ("qwen3:4b", "Q8_0"): "qwen3:4b-q8_0",
    ("gemma3:4b", "F16"): "gemma3:4b-it-fp16",
    ("phi4", "Q8_0"): "phi4:q8_0",
    ("qwen2.5-coder:7b", "Q4_K_M"): "qwen2.5-coder:7b",
}


def test_what_the_runtime_left_open_is_filled_in() -> None:
    found = catalog.completed(Model("openai", "Qwen/Qwen2.5-Coder-7B-Instruct"))
    known = catalog.table()["qwen2.5-coder:7b"]
    assert (found.family, found.parameters, found.window) == ("qwen", known.parameters, 32768)
    assert (found.shape, found.size) == (known.shape, known.sizes["Q4_K_M"])


def test_the_size_is_that_of_the_quantisation_that_the_runtime_names() -> None:
    found = catalog.completed(Model("ollama", "qwen2.5-coder:7b-instruct-q8_0", quantisation="Q8_0"))
    assert found.size == catalog.table()["qwen2.5-coder:7b"].sizes["Q8_0"]


@given(st.sampled_from(NAMES), st.integers(1, 1 << 40), st.integers(1, 1 << 20))
def test_what_the_runtime_says_stays(name: str, size: int, window: int) -> None:
    own = Shape("own", (Layers(1, 1, 1, 1),), vocabulary=7)
    said = Model("ollama", name, "plain", 0, 1, size, "IQ1_S", window, True, own, "digest", 5, True)
    found = catalog.completed(said)
    known = catalog.table()[name]
    assert found == structs.replace(said, parameters=known.parameters, thinks=known.thinks)


def test_a_header_without_its_vocabulary_gets_the_known_one() -> None:
    """Ollama leaves arrays of more than 1,024 entries out of what it shows."""
    known = catalog.table()["qwen3:4b"]
    said = Model("ollama", "qwen3:4b", shape=structs.replace(known.shape, vocabulary=0))
    assert catalog.completed(said).shape == known.shape


def test_a_model_that_only_borrows_a_name_is_left_as_it_is() -> None:
    other = Model("ollama", "me/qwen2.5-coder:7b", parameters=500_000_000)
    assert catalog.completed(other) == other
    unknown = Model("ollama", "own-model")
    assert catalog.completed(unknown) == unknown


def test_the_catalogue_is_not_read_before_it_is_needed() -> None:
    program = "import lsp.server, router.engine, router.models.catalog as it; print(it.entries.cache_info().currsize)"
    root = Path(__file__).parent.parent
    said = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "0"
