"""Weights to begin with that copy already: what followed the last few words where they stood before, follows again.

Layer 0 looks one, two, three and four tokens back and notes what stands there. Layer 1 looks for places before which
the same stands as here, and says what stands at them (induction heads, Olsson et al. 2022; here they are not found but
written). All of it is trained further.
"""

from __future__ import annotations

import torch

from bench.tiny.model import BASE, Shape, Tensor, Weights, made

NAME, SIGN, BACK = 96, 24, 4  # dimensions of a token's name, of its sign, and how many signs of tokens before it
SAID = NAME + SIGN * BACK  # where the dimensions begin that the output reads
NEAR = (20.0, 14.0, 8.0)  # how sharply the fast turns of RoPE tell neighbours apart; the slow ones, as SLOW
SLOW = 4.0
MATCH = (8.0, 6.0, 5.0, 4.0)  # what it is worth that the last token is the same, the one before it, ...
LENGTH, NOTED, COPIED, SURE = 3.0, 1.5, 4.0, 12.0  # of a name, of a sign, of what is copied; of its logit

# What must not be lost while the rest is learnt, for steps that are long for it are not for the rest.
CIRCUIT = (
    "token_embd.weight", "blk.0.attn_norm.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight",
    "blk.0.attn_output.weight", "blk.1.attn_norm.weight", "blk.1.attn_q.weight", "blk.1.attn_k.weight",
    "blk.1.attn_v.weight",
)  # fmt: skip


def copying(shape: Shape, seed: int = 0) -> Weights:
    """Weights as of `made`, in which the first two layers copy, and what the layers add is nothing at first."""
    dice = torch.Generator().manual_seed(seed)
    found = made(shape, seed)
    for name, weight in found.items():
        if name.endswith(("attn_output.weight", "ffn_down.weight")):
            weight.zero_()
    names = torch.nn.functional.normalize(torch.randn(shape.vocabulary, NAME, generator=dice), dim=1)
    found["token_embd.weight"][:] = 0
    found["token_embd.weight"][:, :NAME] = LENGTH * names
    sign = _slanted(SIGN, NAME, dice)
    word = _slanted(shape.width - SAID, NAME, dice)
    _look_back(found, shape, sign)
    _match(found, shape, sign, word, dice)
    found["output.weight"].mul_(0.2)
    said = torch.nn.functional.normalize(names @ word.T, dim=1)
    scale = shape.width**0.5 * COPIED / (LENGTH**2 + BACK * NOTED**2 + COPIED**2) ** 0.5
    found["output.weight"][:, SAID:] = SURE / scale * said
    return found


def _slanted(rows: int, columns: int, dice: torch.Generator) -> Tensor:
    """A projection onto random directions that are at right angles; it keeps lengths, on average."""
    return torch.linalg.qr(torch.randn(columns, rows, generator=dice))[0].T * (columns / rows) ** 0.5


def _look_back(found: Weights, shape: Shape, sign: Tensor) -> None:
    """Layer 0: head n attends to the token n + 1 back, by its biases alone, and notes its sign."""
    half = shape.turned // 2
    steps = BASE ** (-torch.arange(half).float() / half)
    sharp = torch.tensor([*NEAR, *[SLOW] * (half - len(NEAR))]).mul(shape.head**0.5).sqrt()
    blank = {it: found[f"blk.0.attn_{it}"] for it in ("q.weight", "k.weight", "q.bias", "k.bias", "v.weight")}
    for it in ("q.weight", "k.weight"):
        blank[it].mul_(0.1)
    for head in range(BACK):
        at = head * shape.head
        angle = -(head + 1) * steps
        blank["q.bias"][at : at + 2 * half] = torch.stack((sharp * angle.cos(), sharp * angle.sin()), 1).flatten()
        blank["k.bias"][at : at + 2 * half : 2] = sharp
        blank["v.weight"][at : at + SIGN, :NAME] = sign
        to = NAME + head * SIGN
        length = shape.width**0.5
        found["blk.0.attn_output.weight"][to : to + SIGN, at : at + SIGN] = torch.eye(SIGN) * NOTED / length


def _match(found: Weights, shape: Shape, sign: Tensor, word: Tensor, dice: torch.Generator) -> None:
    """Layer 1: a place is sought by the signs before it; each head has its own slant, so that they err apart."""
    free, turned = shape.head - shape.turned, shape.turned
    length = (LENGTH**2 + BACK * NOTED**2) ** 0.5 / shape.width**0.5
    for head in range(shape.heads):
        at = head * shape.head
        slant = _slanted(free, BACK * SIGN, dice)
        worth = torch.tensor(MATCH).mul(shape.head**0.5).sqrt()
        query, key = torch.zeros(BACK * SIGN, shape.width), torch.zeros(BACK * SIGN, shape.width)
        for back in range(BACK):
            rows = slice(back * SIGN, (back + 1) * SIGN)
            noted = torch.eye(SIGN) * worth[back] * length / NOTED
            key[rows, NAME + back * SIGN : NAME + (back + 1) * SIGN] = noted
            if back == 0:
                query[rows, :NAME] = sign * worth[back] * length / LENGTH
            else:
                query[rows, NAME + (back - 1) * SIGN : NAME + back * SIGN] = noted
        for it, sought in (("q", query), ("k", key)):
            found[f"blk.1.attn_{it}.weight"][at : at + turned] *= 0.1
            found[f"blk.1.attn_{it}.weight"][at + turned : at + shape.head] = slant @ sought
        found["blk.1.attn_v.weight"][at : at + shape.head] = 0
        wide = shape.width - SAID
        found["blk.1.attn_v.weight"][at : at + wide, :NAME] = word * length / LENGTH
        found["blk.1.attn_output.weight"][SAID:, at : at + wide] = torch.eye(wide) * COPIED / shape.heads
