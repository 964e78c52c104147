"""The model: a llama (RoPE on some dimensions, biased queries, SwiGLU) as a function of its tensors, in plain PyTorch.

The tensors bear the names that they have in a GGUF file. Most dimensions of a head are not turned by RoPE: what they
find, they find at any distance, which is what copying needs.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import torch
import torch.nn.functional as F
from msgspec import Struct

Tensor: TypeAlias = Any  # torch.Tensor; torch is no part of the environment in which types are checked
Weights: TypeAlias = dict[str, Tensor]
EPSILON, BASE = 1e-5, 10_000.0


class Shape(Struct, frozen=True):
    """Sizes in numbers; `window` in tokens."""

    width: int
    layers: int
    heads: int
    kv: int
    hidden: int
    head: int
    vocabulary: int = 16_384
    window: int = 2_048
    turned: int = 16  # of the dimensions of a head

    def parameters(self) -> int:
        """How many there are; the embedding and the output are apart."""
        wide, kv = self.heads * self.head, self.kv * self.head
        attention = 2 * self.width * wide + 2 * self.width * kv + wide + 2 * kv
        each = attention + 3 * self.width * self.hidden + 2 * self.width
        return 2 * self.vocabulary * self.width + self.layers * each + self.width


# By millions of parameters, the embedding included. Few wide layers: each costs a start of the threads.
SHAPES = {
    "8m": Shape(320, 5, 3, 3, 512, 128, vocabulary=4_096),
    "19m": Shape(320, 6, 3, 3, 896, 128),
    "24m": Shape(384, 7, 3, 3, 960, 128),
    "35m": Shape(448, 8, 4, 4, 1_216, 128),
    "40m": Shape(512, 8, 4, 4, 1_216, 128),
}


def made(shape: Shape, seed: int = 0) -> Weights:
    """Random weights to begin with: what adds to the stream is smaller the more layers there are (GPT-2)."""
    dice = torch.Generator().manual_seed(seed)
    wide, kv, out = shape.heads * shape.head, shape.kv * shape.head, 0.02 / math.sqrt(2 * shape.layers)

    def noise(rows: int, columns: int, spread: float = 0.02) -> Tensor:
        return torch.randn(rows, columns, generator=dice) * spread

    found = {
        "token_embd.weight": noise(shape.vocabulary, shape.width),
        "output.weight": noise(shape.vocabulary, shape.width),
        "output_norm.weight": torch.ones(shape.width),
    }
    for layer in range(shape.layers):
        at = f"blk.{layer}."
        found[at + "attn_norm.weight"] = torch.ones(shape.width)
        found[at + "ffn_norm.weight"] = torch.ones(shape.width)
        found[at + "attn_q.weight"] = noise(wide, shape.width)
        found[at + "attn_k.weight"] = noise(kv, shape.width)
        found[at + "attn_v.weight"] = noise(kv, shape.width)
        for name, count in (("q", wide), ("k", kv), ("v", kv)):
            found[f"{at}attn_{name}.bias"] = torch.zeros(count)
        found[at + "attn_output.weight"] = noise(shape.width, wide, out)
        found[at + "ffn_gate.weight"] = noise(shape.hidden, shape.width)
        found[at + "ffn_up.weight"] = noise(shape.hidden, shape.width)
        found[at + "ffn_down.weight"] = noise(shape.width, shape.hidden, out)
    return found


def turns(shape: Shape, length: int, device: str) -> tuple[Tensor, Tensor]:
    """Cosines and sines of RoPE, each (length, turned / 2)."""
    steps = BASE ** (-torch.arange(0, shape.turned, 2, device=device).float() / shape.turned)
    angles = torch.outer(torch.arange(length, device=device).float(), steps)
    return angles.cos(), angles.sin()


def turned(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """RoPE on the first of (batch, heads, length, head): neighbours are pairs, as llama.cpp has it here."""
    some = 2 * cosines.shape[-1]
    even, odd = x[..., 0:some:2], x[..., 1:some:2]
    cosines, sines = cosines.to(x.dtype), sines.to(x.dtype)
    pairs = torch.stack((even * cosines - odd * sines, even * sines + odd * cosines), -1).flatten(-2)
    return torch.cat((pairs, x[..., some:]), -1)


def hidden(weights: Weights, shape: Shape, tokens: Tensor) -> Tensor:
    """Tokens (batch, length) -> the stream after the last layer, normed (batch, length, width)."""
    x = weights["token_embd.weight"][tokens]
    cosines, sines = turns(shape, tokens.shape[1], str(tokens.device))
    for layer in range(shape.layers):
        own = {name: weights[f"blk.{layer}.{name}.weight"] for name in NAMES}
        own |= {f"{name}.bias": weights[f"blk.{layer}.{name}.bias"] for name in ("attn_q", "attn_k", "attn_v")}
        x = x + _attended(own, shape, _normed(x, own["attn_norm"]), cosines, sines)
        y = _normed(x, own["ffn_norm"])
        x = x + F.linear(F.silu(F.linear(y, own["ffn_gate"])) * F.linear(y, own["ffn_up"]), own["ffn_down"])
    return _normed(x, weights["output_norm.weight"])


NAMES = (
    "attn_norm", "ffn_norm", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down",
)  # fmt: skip


def _normed(x: Tensor, weight: Tensor) -> Tensor:
    return F.rms_norm(x, (x.shape[-1],), weight.to(x.dtype), EPSILON)


def _attended(own: Weights, shape: Shape, x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    batch, length, _ = x.shape

    def heads(name: str, count: int) -> Tensor:
        return F.linear(x, own[name], own[f"{name}.bias"]).view(batch, length, count, shape.head).transpose(1, 2)

    query, key = (
        turned(heads(name, count), cosines, sines) for name, count in (("attn_q", shape.heads), ("attn_k", shape.kv))
    )
    value = heads("attn_v", shape.kv)
    times = shape.heads // shape.kv
    if times > 1:
        key, value = key.repeat_interleave(times, 1), value.repeat_interleave(times, 1)
    said = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    return F.linear(said.transpose(1, 2).reshape(batch, length, -1), own["attn_output"])


def logits(weights: Weights, shape: Shape, tokens: Tensor) -> Tensor:
    """Tokens (batch, length) -> (batch, length, vocabulary)."""
    x = hidden(weights, shape, tokens)
    return F.linear(x, weights["output.weight"].to(x.dtype))


def losses(weights: Weights, shape: Shape, tokens: Tensor) -> Tensor:
    """The loss at each token but the first, in nats (batch, length - 1)."""
    said = logits(weights, shape, tokens[:, :-1])
    return F.cross_entropy(said.float().flatten(0, 1), tokens[:, 1:].flatten(), reduction="none").view(len(tokens), -1)
