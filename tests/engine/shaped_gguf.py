"""Writes GGUF files of real models' shapes with few layers and no weights: for what llama.cpp says of its memory.

The tensors are a hole in a sparse file, so a file costs a few pages of disk however large it says it is. It can be
loaded and never run: it has no tokenizer, only the size of one.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from msgspec import Struct, structs

KIND = gguf.GGMLQuantizationType
Tensor = tuple[str, tuple[int, ...]]


class Built(Struct, frozen=True):
    """A model to write; the names are those of router.models.types.Shape, sizes as its model card has them."""

    architecture: str
    layers: int
    embedding: int
    heads: int
    kv_heads: int | tuple[int, ...]
    feed_forward: int
    vocabulary: int
    key: int = 0
    value: int = 0
    window: int = 0
    experts: int = 0
    used: int = 0
    expert: int = 0
    shared: int = 0
    tied: bool = True
    more: dict[str, Any] = {}

    @property
    def head(self) -> int:
        return self.key or self.embedding // self.heads

    def of(self, layers: int) -> Built:
        """The same with so many layers."""
        return structs.replace(self, layers=layers)

    def saying(self, more: dict[str, Any]) -> Built:
        """The same with more key-values."""
        return structs.replace(self, more=more)

    def keeps(self, at: int) -> int:
        """The heads of a layer's keys and values."""
        return self.kv_heads[at] if isinstance(self.kv_heads, tuple) else self.kv_heads

    def short(self, at: int) -> bool:
        """Whether a layer looks back through a window; only of those that say so layer by layer."""
        pattern = self.more.get("attention.sliding_window_pattern")
        return bool(pattern and pattern[at])

    def facts(self) -> dict[str, Any]:
        """The header's key-values."""
        return {"general.architecture": self.architecture} | {f"{self.architecture}.{k}": v for k, v in _said(self)}


def gemma4(every: int, layers: int) -> dict[str, Any]:
    """What Gemma 4 says besides: which layers look back through a window, and their smaller heads."""
    return {
        "attention.sliding_window_pattern": [(at + 1) % every != 0 for at in range(layers)],
        "attention.key_length_swa": 256,
        "attention.value_length_swa": 256,
    }


DELTA_NET: dict[str, Any] = {
    "ssm.conv_kernel": 4,
    "ssm.inner_size": 4096,
    "ssm.state_size": 128,
    "ssm.time_step_rank": 32,
    "ssm.group_count": 16,
    "full_attention_interval": 4,
    "rope.dimension_sections": [11, 11, 10, 0],
    "rope.dimension_count": 64,
}
MAMBA: dict[str, Any] = {
    "ssm.conv_kernel": 4,
    "ssm.inner_size": 3072,
    "ssm.state_size": 128,
    "ssm.time_step_rank": 48,
    "ssm.group_count": 1,
}

REAL = {
    "llama3.1-8b": Built("llama", 32, 4096, 32, 8, 14336, 128256, tied=False),
    "qwen2.5-coder-1.5b": Built("qwen2", 28, 1536, 12, 2, 8960, 151936),
    "qwen2.5-coder-7b": Built("qwen2", 28, 3584, 28, 4, 18944, 152064, tied=False),
    "qwen3-4b": Built("qwen3", 36, 2560, 32, 8, 9728, 151936, 128, 128),
    "qwen3-30b-a3b": Built("qwen3moe", 48, 2048, 32, 4, 6144, 151936, 128, 128, 0, 128, 8, 768, tied=False),
    "gemma2-2b": Built("gemma2", 26, 2304, 8, 4, 9216, 256000, 256, 256, 4096),
    "gemma3-4b": Built("gemma3", 34, 2560, 8, 4, 10240, 262208, 256, 256, 1024),
    "gemma3-27b": Built("gemma3", 62, 5376, 32, 16, 21504, 262208, 128, 128, 1024),
    "phi3.5": Built("phi3", 32, 3072, 32, 32, 8192, 32064, tied=False),
    "starcoder2-3b": Built("starcoder2", 30, 3072, 24, 2, 12288, 49152),
    "gpt-oss-20b": Built("gpt-oss", 24, 2880, 64, 8, 2880, 201088, 64, 64, 128, 32, 4, 2880, tied=False),
    "qwen3.5-9b": Built("qwen35", 32, 4096, 16, 4, 12288, 248320, 256, 256, tied=False).saying(DELTA_NET),
    "qwen3.6-35b-a3b": Built(
        "qwen35moe", 40, 2048, 16, 2, 512, 248320, 256, 256, 0, 256, 8, 512, 512, tied=False
    ).saying(DELTA_NET),
    "granite4-tiny-h": Built(
        "granitehybrid", 40, 1536, 12, (0, 0, 0, 0, 0, 4, 0, 0, 0, 0) * 4, 512, 100352, 128, 128, 0, 64, 6, 512, 1024
    ).saying(MAMBA),
    "gemma4-e4b": Built("gemma4", 42, 2560, 8, 2, 10240, 262144, 512, 512, 512).saying(
        gemma4(6, 42) | {"attention.shared_kv_layers": 18, "embedding_length_per_layer_input": 256}
    ),
    "gemma4-31b": Built("gemma4", 60, 5376, 32, (16, 16, 16, 16, 16, 4) * 10, 21504, 262144, 512, 512, 1024).saying(
        gemma4(6, 60) | {"embedding_length_per_layer_input": 0}
    ),
}


def write(out: Path, built: Built, kind: gguf.GGMLQuantizationType = KIND.Q8_0) -> Path:
    """Write the model to `out`; every matrix is of one kind, as far as its rows allow it."""
    writer = gguf.GGUFWriter(out, built.architecture)
    for key, value in _said(built):
        _add(writer, f"{built.architecture}.{key}", value)
    writer.add_tokenizer_model("no_vocab")
    end = 0
    for name, dimensions in _tensors(built):
        its = KIND.F32 if len(dimensions) < 2 or re.search("ssm_(a|d|conv|norm)|gate_inp|bias", name) else kind
        per, size = gguf.GGML_QUANT_SIZES[its]
        size = math.prod(dimensions) // per * size
        end += -(-size // 32) * 32
        writer.add_tensor_info(name, dimensions[::-1], np.dtype(np.float32), size, raw_dtype=its)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    os.truncate(out, -(-out.stat().st_size // 32) * 32 + end)
    return out


def _said(built: Built) -> Iterator[tuple[str, Any]]:
    yield "context_length", 131072
    yield "block_count", built.layers
    yield "embedding_length", built.embedding
    yield "feed_forward_length", built.feed_forward
    yield "attention.head_count", built.heads
    yield "attention.head_count_kv", list(built.kv_heads) if isinstance(built.kv_heads, tuple) else built.kv_heads
    yield "attention.layer_norm_rms_epsilon", 1e-6
    yield "attention.layer_norm_epsilon", 1e-6
    yield "vocab_size", built.vocabulary
    if built.key:
        yield "attention.key_length", built.key
        yield "attention.value_length", built.value
    if built.window:
        yield "attention.sliding_window", built.window
    if built.experts:
        yield "expert_count", built.experts
        yield "expert_used_count", built.used
        yield "expert_feed_forward_length", built.expert
    if built.shared:
        yield "expert_shared_feed_forward_length", built.shared
    yield from built.more.items()


def _add(writer: gguf.GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    else:
        writer.add_array(key, value)


def _tensors(built: Built) -> Iterator[Tensor]:
    """Names and dimensions, the contiguous one first, as llama.cpp's src/models/*.cpp ask for them."""
    yield "token_embd.weight", (built.embedding, built.vocabulary)
    yield "output_norm.weight", (built.embedding,)
    if built.architecture == "starcoder2":
        yield "output_norm.bias", (built.embedding,)
    if not built.tied:
        yield "output.weight", (built.embedding, built.vocabulary)
    if per_layer := built.more.get("embedding_length_per_layer_input"):
        yield "per_layer_token_embd.weight", (per_layer * built.layers, built.vocabulary)
        yield "per_layer_model_proj.weight", (built.embedding, per_layer * built.layers)
        yield "per_layer_proj_norm.weight", (per_layer,)
    if built.architecture == "gemma4":
        yield "rope_freqs.weight", (built.head // 2,)
    for at in range(built.layers):
        yield from ((f"blk.{at}.{name}", dimensions) for name, dimensions in _layer(built, at))


def _layer(built: Built, at: int) -> Iterator[Tensor]:
    wide, which = built.embedding, built.architecture
    yield "attn_norm.weight", (wide,)
    if not _recurs(built, at):
        yield from _attention(built, at)
    else:
        yield from _mamba(built) if which == "granitehybrid" else _delta_net(built)
    if which in ("gemma2", "gemma3", "gemma4"):
        yield "post_ffw_norm.weight", (wide,)
    if which in ("gemma2", "gemma3", "gemma4", "gpt-oss", "qwen35", "qwen35moe"):
        yield "post_attention_norm.weight", (wide,)
    if which not in ("gpt-oss", "qwen35", "qwen35moe"):
        yield "ffn_norm.weight", (wide,)
    yield from _experts(built) if built.experts else _dense(built)
    if per_layer := built.more.get("embedding_length_per_layer_input"):
        yield "inp_gate.weight", (wide, per_layer)
        yield "proj.weight", (per_layer, wide)
        yield "post_norm.weight", (wide,)


def _recurs(built: Built, at: int) -> bool:
    every = built.more.get("full_attention_interval", 1)
    return bool((at + 1) % every) or not built.keeps(at)


def _attention(built: Built, at: int) -> Iterator[Tensor]:
    head = built.more["attention.key_length_swa"] if built.short(at) else built.head
    wide, query, kv = built.embedding, built.heads * head, built.keeps(at) * head
    which = built.architecture
    gated = 2 if which in ("qwen35", "qwen35moe") else 1
    if which == "phi3":
        yield "attn_qkv.weight", (wide, query + 2 * kv)
    else:
        yield "attn_q.weight", (wide, query * gated)
        yield "attn_k.weight", (wide, kv)
        yield "attn_v.weight", (wide, kv)
    yield "attn_output.weight", (query, wide)
    if which in ("qwen2", "starcoder2", "gpt-oss"):
        yield "attn_q.bias", (query,)
        yield "attn_k.bias", (kv,)
        yield "attn_v.bias", (kv,)
    if which in ("qwen3", "qwen3moe", "gemma3", "gemma4", "qwen35", "qwen35moe"):
        yield "attn_q_norm.weight", (head,)
        yield "attn_k_norm.weight", (head,)
    if which == "starcoder2":
        yield "attn_norm.bias", (wide,)
        yield "ffn_norm.bias", (wide,)
    if which in ("starcoder2", "gpt-oss"):
        yield "attn_output.bias", (wide,)
    if which == "gpt-oss":
        yield "attn_sinks.weight", (built.heads,)


def _delta_net(built: Built) -> Iterator[Tensor]:
    """A recurrent layer as Qwen has it since 3-Next."""
    wide, inner, state = built.embedding, built.more["ssm.inner_size"], built.more["ssm.state_size"]
    ranks, groups = built.more["ssm.time_step_rank"], built.more["ssm.group_count"]
    yield "attn_qkv.weight", (wide, inner + 2 * groups * state)
    yield "attn_gate.weight", (wide, inner)
    yield "ssm_conv1d.weight", (built.more["ssm.conv_kernel"], inner + 2 * groups * state)
    yield "ssm_dt.bias", (ranks,)
    yield "ssm_a", (ranks,)
    yield "ssm_beta.weight", (wide, ranks)
    yield "ssm_alpha.weight", (wide, ranks)
    yield "ssm_norm.weight", (state,)
    yield "ssm_out.weight", (inner, wide)


def _mamba(built: Built) -> Iterator[Tensor]:
    """A recurrent layer as Granite 4 has it."""
    wide, inner, state = built.embedding, built.more["ssm.inner_size"], built.more["ssm.state_size"]
    ranks, groups = built.more["ssm.time_step_rank"], built.more["ssm.group_count"]
    yield "ssm_in.weight", (wide, 2 * inner + 2 * groups * state + ranks)
    yield "ssm_conv1d.weight", (built.more["ssm.conv_kernel"], inner + 2 * groups * state)
    yield "ssm_conv1d.bias", (inner + 2 * groups * state,)
    yield "ssm_dt.bias", (ranks,)
    yield "ssm_a", (1, ranks)
    yield "ssm_d", (1, ranks)
    yield "ssm_norm.weight", (inner // groups, groups)
    yield "ssm_out.weight", (inner, wide)


def _dense(built: Built) -> Iterator[Tensor]:
    wide, hidden = built.embedding, built.feed_forward
    fused = 2 if built.architecture == "phi3" else 1
    if built.architecture not in ("phi3", "starcoder2"):
        yield "ffn_gate.weight", (wide, hidden)
    yield "ffn_up.weight", (wide, hidden * fused)
    yield "ffn_down.weight", (hidden, wide)
    if built.architecture == "starcoder2":
        yield "ffn_up.bias", (hidden,)
        yield "ffn_down.bias", (wide,)


def _experts(built: Built) -> Iterator[Tensor]:
    wide, hidden, experts = built.embedding, built.expert, built.experts
    yield "ffn_gate_inp.weight", (wide, experts)
    for name in ("gate", "up", "down"):
        down = name == "down"
        yield f"ffn_{name}_exps.weight", (hidden, wide, experts) if down else (wide, hidden, experts)
        if built.architecture == "gpt-oss":
            yield f"ffn_{name}_exps.bias", (wide if down else hidden, experts)
        if built.shared:
            yield f"ffn_{name}_shexp.weight", (built.shared, wide) if down else (wide, built.shared)
    if built.architecture == "gpt-oss":
        yield "ffn_gate_inp.bias", (experts,)
    if built.architecture == "qwen35moe":
        yield "ffn_gate_inp_shexp.weight", (wide,)
