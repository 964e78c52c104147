"""Writes a model as a GGUF file that llama.cpp runs unchanged: tensors, tokens, marks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from msgspec import Struct

KINDS = {
    "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    "q5_1": (gguf.GGMLQuantizationType.Q5_1, gguf.LlamaFileType.MOSTLY_Q5_1),
    "q5_0": (gguf.GGMLQuantizationType.Q5_0, gguf.LlamaFileType.MOSTLY_Q5_0),
    "q4_0": (gguf.GGMLQuantizationType.Q4_0, gguf.LlamaFileType.MOSTLY_Q4_0),
}
BLOCK = 32  # numbers that are quantised together
WORDS = ("token_embd.weight", "output.weight")


class Sizes(Struct, frozen=True):
    """What the header says of the model's shape."""

    width: int
    layers: int
    heads: int
    kv: int
    hidden: int
    vocabulary: int
    window: int
    epsilon: float
    base: float
    turned: int
    head: int


def write(
    out: Path, name: str, sizes: Sizes, tensors: Mapping[str, np.ndarray[Any, Any]], tokenizer: Path, kind: str
) -> None:
    """Write the file; `tensors` are named as in GGUF, `tokenizer` is what the step of that name has made."""
    writer = gguf.GGUFWriter(out, "llama")
    writer.add_name(name)
    writer.add_license("MIT")
    _describe(writer, sizes)
    writer.add_file_type(KINDS[kind][1])
    writer.add_quantization_version(2)
    _tokens(writer, json.loads(tokenizer.read_text(encoding="utf-8")))
    for tensor, array in [*tensors.items(), ("rope_freqs.weight", slowness(sizes))]:
        own = _kind(tensor, array, kind)
        writer.add_tensor(tensor, gguf.quants.quantize(array.astype(np.float32), own), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def slowness(sizes: Sizes) -> np.ndarray[Any, Any]:
    """What llama.cpp divides the speed of each pair of dimensions by: some turn as told, the others never."""
    head, pairs = sizes.head, np.arange(sizes.head // 2)
    wanted = np.where(pairs < sizes.turned // 2, sizes.base ** (-2 * pairs / sizes.turned), 1e-12)
    return (sizes.base ** (-2 * pairs / head) / wanted).astype(np.float32)


def _kind(tensor: str, array: np.ndarray[Any, Any], kind: str) -> gguf.GGMLQuantizationType:
    """Norms and biases stay as they are; the embedding and the output are kept in eight bits at least."""
    if array.ndim == 1 or kind == "f32":
        return gguf.GGMLQuantizationType.F32
    if kind == "f16" or array.shape[1] % BLOCK:
        return gguf.GGMLQuantizationType.F16
    return gguf.GGMLQuantizationType.Q8_0 if tensor in WORDS else KINDS[kind][0]


def _describe(writer: gguf.GGUFWriter, sizes: Sizes) -> None:
    writer.add_vocab_size(sizes.vocabulary)
    writer.add_context_length(sizes.window)
    writer.add_embedding_length(sizes.width)
    writer.add_block_count(sizes.layers)
    writer.add_feed_forward_length(sizes.hidden)
    writer.add_head_count(sizes.heads)
    writer.add_head_count_kv(sizes.kv)
    writer.add_layer_norm_rms_eps(sizes.epsilon)
    writer.add_key_length(sizes.head)
    writer.add_value_length(sizes.head)
    writer.add_rope_dimension_count(sizes.head)
    writer.add_rope_freq_base(sizes.base)


def _tokens(writer: gguf.GGUFWriter, said: Any) -> None:
    vocabulary: dict[str, int] = said["model"]["vocab"]
    special = {token["id"] for token in said["added_tokens"]}
    names = sorted(vocabulary, key=vocabulary.__getitem__)
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("deepseek-coder")
    writer.add_token_list(names)
    writer.add_token_types([control if at in special else normal for at in range(len(names))])
    writer.add_token_merges([it if isinstance(it, str) else " ".join(it) for it in said["model"]["merges"]])
    end = vocabulary["<|endoftext|>"]
    writer.add_eos_token_id(end)
    writer.add_eot_token_id(vocabulary["<|im_end|>"])
    writer.add_pad_token_id(vocabulary["<|fim_pad|>"])
    writer.add_add_bos_token(False)
    for key, mark in (("pre", "prefix"), ("suf", "suffix"), ("mid", "middle"), ("pad", "pad")):
        writer.add_uint32(f"tokenizer.ggml.fim_{key}_token_id", vocabulary[f"<|fim_{mark}|>"])
