"""Weights to begin with that copy already: what followed the last few words where they stood before, follows again.

Layer 0 looks one, two, three and four tokens back and notes what stands there. Layer 1 looks for places before which
the same stands as here, and says what stands at them (induction heads, Olsson et al. 2022; here they are not found but
written). All of it is trained further.
"""

from __future__ import annotations

import torch
from msgspec import Struct

from bench.tiny.model import BASE, Shape, Tensor, Weights, made

BACK = 4  # tokens before the last whose signs are noted
NEAR = (20.0, 14.0, 8.0)  # how sharply the fast turns of RoPE tell neighbours apart; the slow ones, as SLOW
SLOW = 4.0
MATCH = (8.0, 6.0, 5.0, 4.0)  # what it is worth that the last token is the same, the one before it, ...
LENGTH, NOTED, COPIED, SURE = 3.0, 1.5, 4.0, 12.0  # of a name, of a sign, of what is copied; of its logit


class Places(Struct, frozen=True):
    """Which dimensions of the stream hold what: a token's `name`, the signs of those before it, and what is `said`."""

    name: int
    sign: int
    said: int
    copied: int

    def note(self, back: int) -> slice:
        """Where the sign of the token so many places before the last is noted, from 1."""
        return slice(self.name + (back - 1) * self.sign, self.name + back * self.sign)


def places(shape: Shape) -> Places:
    """Three eighths for the name, as much for the signs, the rest for what is said, as much of it as a head carries."""
    name, sign = shape.width * 3 // 8, shape.width * 3 // 32
    said = name + BACK * sign
    return Places(name, sign, said, min(shape.head, shape.width - said))


# What must not be lost while the rest is learnt, for steps that are long for it are not for the rest.
CIRCUIT = (
    "token_embd.weight", "blk.0.attn_norm.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight",
    "blk.0.attn_output.weight", "blk.1.attn_norm.weight", "blk.1.attn_q.weight", "blk.1.attn_k.weight",
    "blk.1.attn_v.weight", "blk.1.attn_output.weight",
)  # fmt: skip


def copying(shape: Shape, seed: int = 0) -> Weights:
    """Weights as of `made`, in which the first two layers copy, and what the layers add is nothing at first.

    The shape has four heads at least, each with keys of its own.
    """
    dice = torch.Generator().manual_seed(seed)
    at, found = places(shape), made(shape, seed)
    for name, weight in found.items():
        if name.endswith(("attn_output.weight", "ffn_down.weight")):
            weight.zero_()
    names = torch.nn.functional.normalize(torch.randn(shape.vocabulary, at.name, generator=dice), dim=1)
    found["token_embd.weight"][:] = 0
    found["token_embd.weight"][:, : at.name] = LENGTH * names
    sign = _slanted(at.sign, at.name, dice)
    word = _slanted(at.copied, at.name, dice)
    _look_back(found, shape, at, sign)
    _match(found, shape, at, sign, dice)
    _say(found, shape, at, word)
    for layer in ("blk.0.attn_", "blk.1.attn_"):
        _balance(found[f"{layer}v.weight"], found[f"{layer}output.weight"])
    found["output.weight"].mul_(0.2)
    said = torch.nn.functional.normalize(names @ word.T, dim=1)
    scale = shape.width**0.5 * COPIED / (LENGTH**2 + BACK * NOTED**2 + COPIED**2) ** 0.5
    found["output.weight"][:, at.said : at.said + at.copied] = SURE / scale * said
    return found


def _slanted(rows: int, columns: int, dice: torch.Generator) -> Tensor:
    """A projection onto random directions that are at right angles; it keeps lengths, on average."""
    return torch.linalg.qr(torch.randn(columns, rows, generator=dice))[0].T * (columns / rows) ** 0.5


def _look_back(found: Weights, shape: Shape, at: Places, sign: Tensor) -> None:
    """Layer 0: head n attends to the token n + 1 back, by its biases alone, and notes its sign."""
    half = shape.turned // 2
    steps = BASE ** (-torch.arange(half).float() / half)
    sharp = torch.tensor([*NEAR, *[SLOW] * (half - len(NEAR))]).mul(shape.head**0.5).sqrt()
    query, key = (found[f"blk.0.attn_{it}.bias"] for it in "qk")
    for it in "qk":
        found[f"blk.0.attn_{it}.weight"].mul_(0.1)
    for back in range(1, BACK + 1):
        first = (back - 1) * shape.head
        angle = -back * steps
        query[first : first + 2 * half] = torch.stack((sharp * angle.cos(), sharp * angle.sin()), 1).flatten()
        key[first : first + 2 * half : 2] = sharp
        carried = slice(first, first + at.sign)
        found["blk.0.attn_v.weight"][carried, : at.name] = sign
        found["blk.0.attn_output.weight"][at.note(back), carried] = torch.eye(at.sign) * NOTED / shape.width**0.5


def _match(found: Weights, shape: Shape, at: Places, sign: Tensor, dice: torch.Generator) -> None:
    """Layer 1: a place is sought by the signs before it; each head has its own slant, so that they err apart."""
    worth = torch.tensor(MATCH).mul(shape.head**0.5).sqrt()
    query, key = torch.zeros(BACK * at.sign, shape.width), torch.zeros(BACK * at.sign, shape.width)
    for back in range(BACK):
        rows = slice(back * at.sign, (back + 1) * at.sign)
        noted = torch.eye(at.sign) * worth[back] * _length(shape) / NOTED
        key[rows, at.note(back + 1)] = noted
        if back == 0:
            query[rows, : at.name] = sign * worth[back] * _length(shape) / LENGTH
        else:
            query[rows, at.note(back)] = noted
    for head in range(shape.heads):
        first, free = head * shape.head, head * shape.head + shape.turned
        slant = _slanted(shape.head - shape.turned, BACK * at.sign, dice)
        for it, sought in (("q", query), ("k", key)):
            found[f"blk.1.attn_{it}.weight"][first:free] *= 0.1
            found[f"blk.1.attn_{it}.weight"][free : first + shape.head] = slant @ sought


def _say(found: Weights, shape: Shape, at: Places, word: Tensor) -> None:
    """Layer 1: what stands at the places that were found is carried to where the output reads it."""
    found["blk.1.attn_v.weight"][:] = 0
    for head in range(shape.heads):
        carried = slice(head * shape.head, head * shape.head + at.copied)
        found["blk.1.attn_v.weight"][carried, : at.name] = word * _length(shape) / LENGTH
        said = slice(at.said, at.said + at.copied)
        found["blk.1.attn_output.weight"][said, carried] = torch.eye(at.copied) * COPIED / shape.heads


def _balance(one: Tensor, other: Tensor) -> None:
    """Make both equally long, their product the same: a step of Muon is as long for the one as for the other."""
    times = (other.norm() / one.norm()).sqrt()
    one.mul_(times)
    other.div_(times)


def _length(shape: Shape) -> float:
    """What the stream before layer 1 is divided by: the root of its mean square."""
    return float((LENGTH**2 + BACK * NOTED**2) ** 0.5 / shape.width**0.5)
