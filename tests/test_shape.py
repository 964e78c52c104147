"""A model's shape from what a header says of it, and from what a hostile one says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.models import shape
from router.models.types import Layers
from tests.engine.shaped_gguf import REAL


def facts(architecture: str, **said: Any) -> dict[str, Any]:
    """Key-values of a small model; a double underscore stands for a dot."""
    usual = {"block_count": 12, "embedding_length": 1024, "attention__head_count": 16, "attention__head_count_kv": 4}
    named = {f"{architecture}.{key.replace('__', '.')}": value for key, value in {**usual, **said}.items()}
    return {"general.architecture": architecture, **named}


def layers(architecture: str, **said: Any) -> tuple[Layers, ...]:
    built = shape.of(facts(architecture, **said))
    assert built is not None
    return built.layers


def test_the_size_of_a_head_is_the_embedding_over_the_heads_unless_it_is_said() -> None:
    assert layers("llama") == (Layers(12, 4, 64, 64),)
    assert layers("llama", attention__key_length=192, attention__value_length=128) == (Layers(12, 4, 192, 128),)


def test_heads_may_be_said_layer_by_layer_and_without_a_word_are_those_of_the_query() -> None:
    assert layers("llama", attention__head_count_kv=[8] * 2 + [2] * 10) == (Layers(2, 8, 64, 64), Layers(10, 2, 64, 64))
    assert layers("llama", attention__head_count_kv=None) == (Layers(12, 16, 64, 64),)


@pytest.mark.parametrize(
    ("architecture", "full"),
    [("gemma2", 30), ("gemma3", 10), ("gpt-oss", 30), ("gptoss", 30), ("cohere2", 15), ("llama4", 15), ("plamo3", 7)],
)
def test_every_so_many_layers_one_looks_at_all(architecture: str, full: int) -> None:
    found = layers(architecture, block_count=60, attention__sliding_window=512)
    assert sum(layer.count for layer in found if not layer.window) == full
    assert {layer.window for layer in found} == {0, 512}


def test_the_header_s_own_pattern_goes_before_the_usual_one() -> None:
    every = layers("gemma3", attention__sliding_window=512, attention__sliding_window_pattern=4)
    assert sum(layer.count for layer in every if not layer.window) == 3
    one_by_one = [True, True, False, True] * 3
    said = layers("granite", attention__sliding_window=512, attention__sliding_window_pattern=one_by_one)
    assert said == (Layers(9, 4, 64, 64, 512), Layers(3, 4, 64, 64))


@pytest.mark.parametrize("architecture", ["phi3", "llama", "qwen2", "starcoder2"])
def test_a_window_that_llama_cpp_does_not_use_is_none(architecture: str) -> None:
    assert layers(architecture, attention__sliding_window=2048) == (Layers(12, 4, 64, 64),)


def test_gemma_2_has_a_window_even_when_its_header_forgets_it() -> None:
    assert layers("gemma2") == (Layers(6, 4, 64, 64, 4096), Layers(6, 4, 64, 64))


def test_layers_that_share_anothers_keys_keep_none() -> None:
    built = shape.of(REAL["gemma4-e4b"].facts())
    assert built is not None
    assert built.layers == (Layers(20, 2, 256, 256, 512), Layers(4, 2, 512, 512), Layers(18))


def test_recurrent_layers_keep_a_state_and_no_keys() -> None:
    built = shape.of(REAL["qwen3.5-9b"].facts())
    assert built is not None
    state = 4 * (3 * (4096 + 2 * 16 * 128) + 128 * 4096)
    assert built.layers == (Layers(24, state=state), Layers(8, 4, 256, 256))


def test_a_hybrid_names_its_recurrent_layers_by_having_no_heads_for_them() -> None:
    built = shape.of(REAL["granite4-tiny-h"].facts())
    assert built is not None
    assert [(layer.count, layer.kv_heads, layer.state > 0) for layer in built.layers] == [(36, 0, True), (4, 4, False)]


def test_compressed_attention_keeps_one_key_and_no_value() -> None:
    said = {"attention__key_length": 576, "attention__value_length": 512, "attention__key_length_mla": 192}
    assert layers("deepseek2", attention__head_count_kv=1, **said) == (Layers(12, 1, 576, 0),)


def test_layers_that_draft_ahead_are_not_counted() -> None:
    assert layers("llama", nextn_predict_layers=1) == (Layers(11, 4, 64, 64),)


def test_experts_are_as_wide_as_one_of_them() -> None:
    built = shape.of(REAL["qwen3-30b-a3b"].facts())
    assert built is not None
    assert (built.experts, built.experts_used, built.feed_forward) == (128, 8, 768)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"general.architecture": 7},
        {"general.architecture": "llama"},
        facts("llama", block_count=0),
        facts("llama", block_count=1 << 40),
        facts("llama", block_count=-1),
        facts("llama", block_count="many"),
        facts("llama", block_count=None),
        facts("llama", nextn_predict_layers=12),
        facts("llama", attention__head_count=0),
        facts("llama", embedding_length=1 << 63),
        facts("llama", attention__head_count_kv=[-1] * 12),
        facts("llama", attention__head_count_kv=float("nan")),
        facts("llama", attention__key_length=float("inf")),
        facts("llama", attention__key_length=2.5),
        facts("gemma3", attention__sliding_window=512, attention__sliding_window_pattern=-3),
    ],
)
def test_facts_that_cannot_be_are_no_shape(said: dict[str, Any]) -> None:
    assert shape.of(said) is None


KEYS = sorted({key.split(".", 1)[1] for built in REAL.values() for key in built.facts() if "." in key})
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 1 << 70),
    st.floats(),
    st.text(max_size=3),
    st.lists(st.one_of(st.integers(-1, 9), st.none(), st.booleans()), max_size=600),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@given(st.sampled_from(sorted(REAL)), st.dictionaries(st.sampled_from(KEYS), ODD, max_size=4))
def test_whatever_a_header_says_the_answer_is_sane(name: str, odd: dict[str, Any]) -> None:
    architecture = REAL[name].architecture
    built = shape.of(REAL[name].facts() | {f"{architecture}.{key}": value for key, value in odd.items()})
    if built is not None:
        assert 1 <= sum(layer.count for layer in built.layers) <= shape.MOST_LAYERS
        assert 0 <= built.embedding <= shape.WIDEST
        assert all(0 <= it.kv_heads * (it.key + it.value) <= 2 * shape.WIDEST**2 for it in built.layers)
        assert all(0 <= it.state < 1 << 53 for it in built.layers)
