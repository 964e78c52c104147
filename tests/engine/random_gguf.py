"""Makes a small llama with random weights, as a GGUF file: a real engine for tests, with nothing to download.

The tokenizer beside this file is ours: 4,096 byte-level tokens with Qwen's fill-in-the-middle marks. What the
model says is noise, and always the same noise; assert the request, the stream and the cancellation, never the text.
"""

from __future__ import annotations

import atexit
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import gguf
import numpy as np

TOKENIZER = Path(__file__).with_name("tokenizer4096.json")
WIDTH, LAYERS, HEADS, KV_HEADS, HIDDEN, WINDOW = 256, 4, 4, 2, 768, 4096
CHATML = (
    "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{'<|im_start|>assistant\n'}}{% endif %}"
)
# llama.cpp ends a generation at these two and puts a file name before them in /infill; noise should run on.
RENAMED = {"<|repo_name|>": "<|reserved_0|>", "<|file_sep|>": "<|reserved_1|>"}


@cache
def made(*, fim: bool = True) -> Path:
    """The model's file, made once per process and gone with it."""
    folder = tempfile.mkdtemp(prefix="switchyard-model-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    name = "switchyard-random-4m" if fim else "prose-random-4m"
    return write(Path(folder) / f"{name}.gguf", name, fim=fim)


def write(
    out: Path,
    name: str = "switchyard-random-4m",
    *,
    fim: bool = True,
    weights: Iterable[tuple[str, np.ndarray]] | None = None,
) -> Path:
    """Write the model to `out`, about 4 MB, in a fraction of a second; `fim=False` leaves the marks out."""
    writer = gguf.GGUFWriter(out, "llama")
    _describe(writer, name)
    _tokens(writer, fim=fim)
    for tensor, array in weights or noise(np.random.default_rng(20260823)):
        _add(writer, tensor, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


def _describe(writer: gguf.GGUFWriter, name: str) -> None:
    writer.add_name(name)
    writer.add_context_length(WINDOW)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(10000.0)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(2)


@cache
def _tokenizer() -> Any:
    return json.loads(TOKENIZER.read_text(encoding="utf-8"))


def _tokens(writer: gguf.GGUFWriter, *, fim: bool) -> None:
    table = _tokenizer()
    vocabulary: dict[str, int] = table["model"]["vocab"]
    special = {token["id"] for token in table["added_tokens"]}
    names = [RENAMED.get(token, token) for token in sorted(vocabulary, key=vocabulary.__getitem__)]
    if not fim:
        names = [f"<|unmarked_{at}|>" if "fim_" in token else token for at, token in enumerate(names)]
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(names)
    writer.add_token_types([control if at in special else normal for at in range(len(names))])
    writer.add_token_merges([" ".join(pair) for pair in table["model"]["merges"]])
    writer.add_eos_token_id(vocabulary["<|endoftext|>"])
    writer.add_eot_token_id(vocabulary["<|im_end|>"])
    writer.add_pad_token_id(vocabulary["<|endoftext|>"])
    writer.add_add_bos_token(False)
    for key, mark in (("pre", "prefix"), ("suf", "suffix"), ("mid", "middle")) if fim else ():
        writer.add_uint32(f"tokenizer.ggml.fim_{key}_token_id", vocabulary[f"<|fim_{mark}|>"])
    writer.add_chat_template(CHATML)


def noise(dice: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """The tensors by name, all of them random but the norms."""

    def drawn(rows: int, columns: int) -> np.ndarray:
        return dice.normal(0.0, 0.02, (rows, columns)).astype(np.float32)

    kv = WIDTH // HEADS * KV_HEADS
    yield "token_embd.weight", drawn(len(_tokenizer()["model"]["vocab"]), WIDTH)
    yield "output_norm.weight", np.ones(WIDTH, np.float32)
    for layer in range(LAYERS):
        yield f"blk.{layer}.attn_norm.weight", np.ones(WIDTH, np.float32)
        yield f"blk.{layer}.ffn_norm.weight", np.ones(WIDTH, np.float32)
        yield f"blk.{layer}.attn_q.weight", drawn(WIDTH, WIDTH)
        yield f"blk.{layer}.attn_k.weight", drawn(kv, WIDTH)
        yield f"blk.{layer}.attn_v.weight", drawn(kv, WIDTH)
        yield f"blk.{layer}.attn_output.weight", drawn(WIDTH, WIDTH)
        yield f"blk.{layer}.ffn_gate.weight", drawn(HIDDEN, WIDTH)
        yield f"blk.{layer}.ffn_up.weight", drawn(HIDDEN, WIDTH)
        yield f"blk.{layer}.ffn_down.weight", drawn(WIDTH, HIDDEN)


def _add(writer: gguf.GGUFWriter, name: str, array: np.ndarray) -> None:
    kind = gguf.GGMLQuantizationType.F32 if array.ndim == 1 else gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor(name, gguf.quants.quantize(array, kind), raw_dtype=kind)


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
