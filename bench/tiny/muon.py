"""Muon for the matrices (Jordan et al. 2024) beside AdamW for the embedding, the output, the norms and the biases."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import torch

from bench.tiny.model import Tensor, Weights

MOMENTUM, DECAY = 0.95, 0.01
NEWTON = (3.4445, -4.7750, 2.0315)  # the quintic iteration of Jordan's


class Optimiser:
    """Takes a step on all weights; `matrices` and `others` are the rates of the two kinds.

    What is named in `calm` takes steps of only this share: it is good as it is.
    """

    def __init__(self, weights: Weights, matrices: float, others: float, calm: Mapping[str, float] = {}) -> None:
        self._groups: defaultdict[tuple[int, ...], list[Tensor]] = defaultdict(list)
        rest = []
        for name, weight in weights.items():
            if weight.ndim == 2 and name not in ("token_embd.weight", "output.weight"):
                self._groups[tuple(sorted(weight.shape))].append(weight)
            else:
                rest.append(weight)
        self._speeds = {id(it): torch.zeros_like(it) for some in self._groups.values() for it in some}
        self._names = {id(weight): name for name, weight in weights.items()}
        self._rate, self._others = matrices, others
        self._adam = torch.optim.AdamW(rest, others, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
        self._rest = rest
        self._calm = {id(weights[name]): share for name, share in calm.items()}

    def step(self, scale: float) -> None:
        """One step, the rates times `scale`; gradients are gone afterwards."""
        torch.nn.utils.clip_grad_norm_(self._rest, 1.0)
        for group in self._adam.param_groups:
            group["lr"] = self._others * scale
        before = [(weight, weight.detach().clone()) for weight in self._rest if id(weight) in self._calm]
        self._adam.step()
        self._adam.zero_grad()
        with torch.no_grad():
            for weight, was in before:
                weight.copy_(was.lerp(weight, self._calm[id(weight)]))
            for some in self._groups.values():
                self._turn(some, self._rate * scale)

    def _turn(self, some: list[Tensor], rate: float) -> None:
        wide = []
        for weight in some:
            speed = self._speeds[id(weight)]
            speed.lerp_(weight.grad, 1 - MOMENTUM)
            aim = weight.grad.lerp(speed, MOMENTUM)
            wide.append(aim.T if aim.shape[0] > aim.shape[1] else aim)
            weight.grad = None
        for weight, said in zip(some, orthogonal(torch.stack(wide)), strict=True):
            turn = said.T if weight.shape[0] > weight.shape[1] else said
            own = rate * self._calm.get(id(weight), 1.0)
            weight.mul_(1 - own * DECAY)
            weight.add_(turn.to(weight.dtype), alpha=-own * math.sqrt(max(1.0, weight.shape[0] / weight.shape[1])))

    def state(self) -> dict[str, Any]:
        """What is needed to go on."""
        return {
            "speeds": {self._names[at]: speed for at, speed in self._speeds.items()},
            "adam": self._adam.state_dict(),
        }

    def resume(self, said: Mapping[str, Any]) -> None:
        """Go on from such a state."""
        for at, speed in self._speeds.items():
            speed.copy_(said["speeds"][self._names[at]])
        self._adam.load_state_dict(said["adam"])


def orthogonal(stack: Tensor) -> Tensor:
    """The nearest half-orthogonal matrix of each (count, rows <= columns), about: five steps of Newton and Schulz."""
    first, second, third = NEWTON
    x = stack.bfloat16()
    x = x / (x.float().flatten(1).norm(dim=1)[:, None, None].bfloat16() + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = first * x + (second * square + third * (square @ square)) @ x
    return x
