"""Weights to begin with that copy already: what followed the last few words where they stood before, follows again.

Layer 0 looks one and two tokens back and notes what stands there, and after which mark it stands. Layer 1 looks
further, at such notes. Layer 2 looks for a place before which the same seven tokens stand as here, rather in what was
told of the line and is likely, and says what stands at it (an induction head, Olsson et al. 2022; here it is not found
but written). All of it is trained further.
"""

from __future__ import annotations

import torch
from msgspec import Struct

from bench.tiny.model import BASE, Shape, Tensor, Weights, made
from bench.tiny.rows import FAMILY, marks
from router.models import families

NEAR = (20.0, 14.0, 8.0)  # how sharply the fast turns of RoPE tell neighbours apart; the slow ones, as SLOW
SLOW = 4.0
MATCH = (8.0, 6.0, 5.0, 4.0)  # what it is worth that the last token is the same, the one before it, ...
FURTHER = 2.5  # ... and each of the three before these
MARKS = marks()[:8]  # the tokenizer gives them the first numbers
MIDDLE = MARKS.index("<|fim_middle|>")  # after which an answer begins
TOLD = [MARKS.index(mark) for mark in families.table()[FAMILY].odds]  # and after which what may stand there
SOUGHT = 3.0  # so many times as much, where that token is the mark after which an answer begins, or one like it
WORTH = {**dict(zip(TOLD, (4.0, 8.0, 12.0), strict=True)), MIDDLE: -8.0}  # that a place is after such a mark
NEARER, SLOWEST = 5.0, slice(3, 7)  # what it is worth that a place is near, by these turns of RoPE
MARKED, LATEST = 60.0, 15.0  # how much more a mark is looked at than other tokens, and how much more the last one
LENGTH, NOTED, COPIED, SURE = 3.0, 1.5, 4.0, 12.0  # of a name, of a sign, of what is copied; of its logit


class Places(Struct, frozen=True):
    """Which dimensions of the stream hold what: a token's `name`, the signs of the four before it, the mark before it,
    what was gathered to seek with and to be found by, and what is `said`."""

    name: int
    sign: int
    far: int
    copied: int

    def note(self, back: int) -> slice:
        """Where the sign of the token so many places before the last is noted, from 1."""
        return slice(self.name + (back - 1) * self.sign, self.name + back * self.sign)

    @property
    def marked(self) -> slice:
        return slice(self.note(4).stop, self.note(4).stop + len(MARKS))

    @property
    def seeks(self) -> slice:
        return slice(self.marked.stop, self.marked.stop + self.far)

    @property
    def found(self) -> slice:
        return slice(self.seeks.stop, self.seeks.stop + self.far)

    @property
    def said(self) -> slice:
        return slice(self.found.stop, self.found.stop + self.copied)


def places(shape: Shape) -> Places:
    """What one head compares is all that it does not turn, but for one dimension."""
    free = shape.head - shape.turned - 1
    sign = free * 3 // 16
    found = Places(shape.width * 3 // 10, sign, free - len(MATCH) * sign, shape.width // 5)
    if found.said.stop > shape.width:
        raise ValueError(f"Copying takes a width of {found.said.stop} at least.")
    return found


# What must not be lost while the rest is learnt, for steps that are long for it are not for the rest.
CIRCUIT = (
    *(f"blk.{layer}.attn_{it}.weight" for layer in range(3) for it in ("norm", "output")),
    *(f"blk.{layer}.attn_{it}.{kind}" for layer in range(3) for it in "qkv" for kind in ("weight", "bias")),
)
# What adds nothing, and stays so: it would make the stream longer, and so what is compared in it shorter.
SILENT = tuple(f"blk.{layer}.ffn_{it}.weight" for layer in range(2) for it in ("norm", "gate", "up", "down"))


def copying(shape: Shape, seed: int = 0) -> Weights:
    """Weights as of `made`, in which the first three layers copy, and what the layers add is nothing at first.

    The shape has three heads at least, each with keys of its own.
    """
    dice = torch.Generator().manual_seed(seed)
    at, found = places(shape), made(shape, seed)
    for name, weight in found.items():
        if name.endswith(("attn_output.weight", "ffn_down.weight")):
            weight.zero_()
    names = _names(shape.vocabulary, at.name, dice)
    found["token_embd.weight"][:] = 0
    found["token_embd.weight"][:, : at.name] = LENGTH * names
    sign = _signs(at, names, dice)
    word = _slanted(at.copied, at.name, dice)
    for head, back in enumerate((1, 2)):
        _look(found, shape, (0, head), back)
        _carry(found, shape, (0, head), sign, slice(0, at.name), at.note(back), NOTED)
    _mark(found, shape, at, names)
    _gather(found, shape, at, sign, dice)
    _match(found, shape, at, sign, names)
    _carry(found, shape, (2, 0), word, slice(0, at.name), at.said, COPIED)
    for layer in range(3):
        _balance(found[f"blk.{layer}.attn_v.weight"], found[f"blk.{layer}.attn_output.weight"])
    found["output.weight"].mul_(0.2)
    said = torch.nn.functional.normalize(names @ word.T, dim=1)
    found["output.weight"][:, at.said] = SURE * _length(shape, 3) / COPIED * said
    return found


def _names(count: int, size: int, dice: torch.Generator) -> Tensor:
    """Random directions, those of the marks at right angles to all others."""
    names = torch.randn(count, size, generator=dice)
    marks = torch.linalg.qr(names[: len(MARKS)].T)[0].T
    names -= (names @ marks.T) @ marks
    names[: len(MARKS)] = marks
    return torch.nn.functional.normalize(names, dim=1)


def _signs(at: Places, names: Tensor, dice: torch.Generator) -> Tensor:
    """What makes a sign of a name: random directions, and one that all marks share after which an answer may begin."""
    some = names[list(WORTH)]
    words = _slanted(at.sign - 1, at.name, dice)
    return torch.cat((words - (words @ some.T) @ some, some.sum(0, keepdim=True)))


def _slanted(rows: int, columns: int, dice: torch.Generator) -> Tensor:
    """A projection onto random directions that are at right angles; it keeps lengths, on average."""
    return torch.linalg.qr(torch.randn(columns, rows, generator=dice))[0].T * (columns / rows) ** 0.5


def _rows(shape: Shape, head: int, count: int) -> slice:
    """The first of the rows that are a head's."""
    return slice(head * shape.head, head * shape.head + count)


def _look(found: Weights, shape: Shape, where: tuple[int, int], back: int) -> None:
    """The head attends to the token so many back, by its biases alone."""
    layer, head = where
    half = shape.turned // 2
    steps = BASE ** (-torch.arange(half).float() / half)
    sharp = torch.tensor([*NEAR, *[SLOW] * (half - len(NEAR))]).mul(shape.head**0.5).sqrt()
    rows, angle = _rows(shape, head, shape.turned), -back * steps
    found[f"blk.{layer}.attn_q.bias"][rows] = torch.stack((sharp * angle.cos(), sharp * angle.sin()), 1).flatten()
    found[f"blk.{layer}.attn_k.bias"][rows.start : rows.stop : 2] = sharp
    for it in "qk":
        found[f"blk.{layer}.attn_{it}.weight"][_rows(shape, head, shape.head)] *= 0.1


def _carry(
    found: Weights, shape: Shape, where: tuple[int, int], seen: Tensor, of: slice, to: slice, length: float
) -> None:
    """The head carries what is `seen` in some dimensions of the stream to others, where it is so long.

    `seen` is for a name; what reads a note is LENGTH / NOTED times that.
    """
    layer, head = where
    rows = _rows(shape, head, len(seen))
    found[f"blk.{layer}.attn_v.weight"][rows] = 0
    found[f"blk.{layer}.attn_v.weight"][rows, of] = seen * _length(shape, layer) / LENGTH
    found[f"blk.{layer}.attn_output.weight"][to, rows] = torch.eye(len(seen)) * length


def _mark(found: Weights, shape: Shape, at: Places, names: Tensor) -> None:
    """Layer 0: the third head attends to the last mark, and notes which it is."""
    every, rows = _rows(shape, 2, shape.head), _rows(shape, 2, shape.turned)
    free = rows.stop
    for it in "qk":
        found[f"blk.0.attn_{it}.weight"][every] *= 0.1
        found[f"blk.0.attn_{it}.bias"][rows.start + 4 : rows.stop - 2 : 2] = (LATEST * shape.head**0.5) ** 0.5
    found["blk.0.attn_k.weight"][free] = 0
    found["blk.0.attn_k.weight"][free, : at.name] = names[: len(MARKS)].sum(0) * _length(shape, 0) / LENGTH
    found["blk.0.attn_q.bias"][free] = MARKED * shape.head**0.5
    _carry(found, shape, (0, 2), names[: len(MARKS)], slice(0, at.name), at.marked, NOTED)


def _gather(found: Weights, shape: Shape, at: Places, sign: Tensor, dice: torch.Generator) -> None:
    """Layer 1: one head notes what stands three and four tokens back; the others gather the three tokens before these,
    as they are sought and as they are found, which is one token further."""
    _look(found, shape, (1, 0), 2)
    noted = torch.eye(2 * at.sign) * LENGTH / NOTED
    _carry(
        found, shape, (1, 0), noted, slice(at.name, at.note(2).stop), slice(at.note(3).start, at.note(4).stop), NOTED
    )
    turned = [torch.linalg.qr(torch.randn(at.far, at.sign, generator=dice))[0] for _ in range(3)]
    seen = torch.cat((turned[0] @ sign, turned[1] * LENGTH / NOTED, turned[2] * LENGTH / NOTED), 1)
    for head, back, to in ((1, 4, at.seeks), (2, 5, at.found)):
        _look(found, shape, (1, head), back)
        _carry(found, shape, (1, head), seen, slice(0, at.note(2).stop), to, NOTED / 2)


def _match(found: Weights, shape: Shape, at: Places, sign: Tensor, names: Tensor) -> None:
    """Layer 2: the first head seeks a place by the signs before it."""
    length, root = _length(shape, 2), shape.head**0.5
    worth = torch.tensor(MATCH).mul(root).sqrt()
    first, rows = shape.turned, _rows(shape, 0, shape.head)
    query, key = (found[f"blk.2.attn_{it}.weight"] for it in "qk")
    query[rows] *= 0.1
    key[rows] *= 0.1
    query[first : shape.head] = 0
    key[first : shape.head] = 0
    for back, each in enumerate(worth):
        some = slice(first + back * at.sign, first + (back + 1) * at.sign)
        noted = torch.eye(at.sign) * each * length / NOTED
        key[some, at.note(back + 1)] = noted
        if back:
            query[some, at.note(back)] = noted
        else:
            more = (SOUGHT - 1) * torch.outer(sign @ names[MIDDLE], names[MIDDLE])
            query[some, : at.name] = (sign + more) * each * length / LENGTH
    some = slice(first + len(MATCH) * at.sign, shape.head - 1)
    far = torch.eye(at.far) * (FURTHER * root) ** 0.5 * length / (NOTED / 2)
    query[some, at.seeks], key[some, at.found] = far, far
    slow = slice(2 * SLOWEST.start, 2 * SLOWEST.stop, 2)
    for it in "qk":
        found[f"blk.2.attn_{it}.bias"][slow] = (NEARER * root) ** 0.5
    bias, last = found["blk.2.attn_q.bias"], shape.head - 1
    bias[slow.start + 1 : slow.stop + 1 : 2] = bias[slow]  # a turn of 45 degrees, where the cosine falls
    bias[last] = root
    for mark, said in WORTH.items():
        key[last, at.marked.start + mark] = said * length / NOTED


def _balance(one: Tensor, other: Tensor) -> None:
    """Make both equally long, their product the same: a step of Muon is as long for the one as for the other."""
    times = (other.norm() / one.norm()).sqrt()
    one.mul_(times)
    other.div_(times)


def _length(shape: Shape, layer: int) -> float:
    """What the stream before a layer is divided by, about: the root of its mean square."""
    notes = (3 * (layer > 0) + 2 * (layer > 1)) * NOTED**2
    gathered = 2 * 3 * (NOTED / 2) ** 2 * (layer > 1)
    return float((LENGTH**2 + notes + gathered + COPIED**2 * (layer > 2)) ** 0.5 / shape.width**0.5)
