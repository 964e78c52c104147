"""Step 5, `train`: rows -> weights, on a GPU or a processor; the loss of the first token in a gap is watched.

It goes on from its own checkpoint. The rate rises, stays, and falls in a line at the end (WSD, Hu et al. 2024).
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import sys
import time
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from msgspec import Struct, structs

from bench.tiny import copying, model, rows
from bench.tiny.model import SHAPES, Shape, Tensor, Weights
from bench.tiny.muon import Optimiser

WARM = 30  # steps
BEFORE = "before-decay.pt"  # from here a longer run goes on
NAMES = {rows.ORDINARY: "ordinary", rows.MIDDLE: "middle", rows.FIRST: "first"}


class Where(Struct):
    """How far a run has come; `seconds` of training, over all its parts."""

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0


class Rows:
    """All shards of an epoch after another, and then from the start again, a few rows at a time."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._shards: list[Any] = []
        self._ends: list[int] = []
        self.look()

    def look(self) -> None:
        """See which shards there are by now: `pack` may still be making the next epoch."""
        files = list(self._folder.glob(f"{self._name}-[0-9]*-[0-9]*.npy"))
        if not files:
            raise SystemExit(
                f"There are no rows {self._name} in {self._folder}; `python -m bench.tiny pack` makes them."
            )
        files.sort(key=lambda it: [int(part) for part in it.stem.split("-")[-2:]])
        self._shards = [np.load(file, mmap_mode="r") for file in files]
        self._ends = list(itertools.accumulate(map(len, self._shards)))

    @property
    def count(self) -> int:
        return self._ends[-1]

    def batch(self, step: int, size: int) -> Tensor:
        """The rows of one step, (size, width), as 64-bit integers."""
        if (step + 1) * size > self.count:
            self.look()
        found = [self._row(row % self.count) for row in range(step * size, (step + 1) * size)]
        return torch.from_numpy(np.stack(found).astype(np.int64))

    def _row(self, number: int) -> Any:
        shard = bisect(self._ends, number)
        return self._shards[shard][number - self._ends[shard] + len(self._shards[shard])]


def scale(where: Where, done: float, decay: float) -> float:
    """The share of the full rate when `done` of the run is over."""
    return min(1.0, (where.step + 1) / WARM) * min(1.0, max(0.02, (1 - done) / decay))


def judged(weights: Weights, shape: Shape, held: Tensor, device: str, size: int) -> dict[str, float]:
    """The mean loss of each class of tokens on rows that are held out."""
    sums = torch.zeros(4, dtype=torch.float64)
    counts = torch.zeros(4, dtype=torch.float64)
    with torch.no_grad(), torch.autocast(device, torch.bfloat16):
        for at in range(0, len(held), size):
            some = held[at : at + size].to(device)
            said = model.losses(weights, shape, some & rows.TOKEN).cpu().flatten().double()
            classes = (some[:, 1:] >> rows.CLASS).cpu().flatten()
            sums.index_add_(0, classes, said)
            counts.index_add_(0, classes, torch.ones_like(said))
    return {name: round(float(sums[at] / counts[at].clamp(min=1)), 4) for at, name in NAMES.items()}


class Run:
    """One training: what it learns from, its weights and how far it has come."""

    def __init__(self, said: argparse.Namespace) -> None:
        self.said = said
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.rows = Rows(said.folder, said.rows)
        held = sorted(said.folder.glob(f"{said.rows}-held-*.npy"))
        self.held = torch.from_numpy(np.concatenate([np.load(it) for it in held]).astype(np.int64))
        self.shape = structs.replace(SHAPES[said.shape], vocabulary=said.vocabulary, window=max(2_048, said.window))
        begun = copying.copying(self.shape) if said.start == "copying" else model.made(self.shape)
        copies = said.start == "copying"
        still = copying.SILENT if copies else ()
        self.weights = {name: it.to(self.device).requires_grad_(name not in still) for name, it in begun.items()}
        calm = dict.fromkeys(copying.CIRCUIT, said.calm) | {"token_embd.weight": said.words} if copies else {}
        learnt = {name: it for name, it in self.weights.items() if it.requires_grad}
        self.optimiser = Optimiser(learnt, said.rate, said.others, calm)
        self.where = Where()
        self.worth = torch.tensor([0.0, 1.0, said.middle, said.first], device=self.device)
        self.out: Path = said.folder / said.name
        self.out.mkdir(exist_ok=True)
        if (self.out / "checkpoint.pt").exists():
            self._resume()

    def _resume(self) -> None:
        kept = torch.load(self.out / "checkpoint.pt", map_location=self.device)
        self.where = Where(**kept["where"])
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(kept["weights"][name])
        self.optimiser.resume(kept["optimiser"])

    def keep(self) -> None:
        """Write the checkpoint, and what of it travels and is exported: the weights in 16 bits; each in one go."""
        weights = {name: it.detach().cpu() for name, it in self.weights.items()}
        kept = {"where": structs.asdict(self.where), "shape": structs.asdict(self.shape), "weights": weights}
        small = kept | {"weights": {name: it.half() for name, it in weights.items()}}
        for name, said in (("checkpoint", kept | {"optimiser": self.optimiser.state()}), ("weights", small)):
            torch.save(said, self.out / f"{name}.half")
            os.replace(self.out / f"{name}.half", self.out / f"{name}.pt")

    def learn(self, losses: Callable[..., Tensor]) -> Tensor:
        """The gradients of one batch; the sums and counts of the losses of each class, (2, 4)."""
        batch = self.rows.batch(self.where.step, self.said.batch)
        seen = torch.zeros(2, 4, device=self.device)
        classes = (batch[:, 1:] >> rows.CLASS).to(self.device)
        worth = self.worth[classes]
        whole = worth.sum()
        for at in range(0, len(batch), self.said.part):
            some = (batch[at : at + self.said.part] & rows.TOKEN).to(self.device, non_blocking=True)
            with torch.autocast(self.device, torch.bfloat16):
                said = losses(self.weights, self.shape, some)
            ((said * worth[at : at + self.said.part]).sum() / whole).backward()
            kinds = classes[at : at + self.said.part].flatten()
            seen[0].index_add_(0, kinds, said.detach().flatten())
            seen[1].index_add_(0, kinds, torch.ones_like(kinds, dtype=seen.dtype))
        self.where.step += 1
        self.where.tokens += int(batch.numel())
        return seen

    def done(self) -> float:
        """The share of the run that is over."""
        by_steps = self.where.step / self.said.steps if self.said.steps else 0.0
        return max(by_steps, self.where.seconds / self.said.seconds if self.said.seconds else 0.0)

    def say(self, seen: Tensor, held: bool) -> None:
        """One line for people and one for programs."""
        means = (seen[0] / seen[1].clamp(min=1)).tolist()
        line: dict[str, Any] = {
            "step": self.where.step,
            "seconds": round(self.where.seconds),
            "tokens": self.where.tokens,
        }
        line |= {name: round(means[at], 4) for at, name in NAMES.items() if seen[1, at] > 0}
        if held:
            line["held"] = judged(self.weights, self.shape, self.held[: self.said.held], self.device, self.said.part)
        line["rate"] = round(self.where.tokens / max(1.0, self.where.seconds))
        with (self.out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)


def train(run: Run) -> Iterator[None]:
    """Learn until the run is over, or this part of it; yields after each step."""
    said = run.said
    losses = torch.compile(model.losses) if said.compile else model.losses
    seen = torch.zeros(2, 4, device=run.device)
    began = kept = last = time.monotonic()
    while (done := run.done()) < 1 and not 0 < said.leave < last - began:
        seen += run.learn(losses)
        run.optimiser.step(scale(run.where, done, said.decay))
        if run.where.step % said.every == 0:
            run.say(seen, held=run.where.step % (said.every * said.judge) == 0)
            seen.zero_()
        now = time.monotonic()
        run.where.seconds += now - last
        last = now
        falling = done > 1 - said.decay and not (run.out / BEFORE).exists()
        if falling or now - kept > said.keep:
            run.keep()
            kept = now
        if falling:
            shutil.copy(run.out / "checkpoint.pt", run.out / BEFORE)
        yield


def flags(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.tiny train", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/tiny"))
    parser.add_argument("--rows", default="rows", help="what `pack --name` said")
    parser.add_argument("--name", default="run", help="folder of the checkpoint and the log")
    parser.add_argument("--shape", choices=SHAPES, default="35m")
    parser.add_argument("--start", choices=("copying", "noise"), default="copying", help="what the first weights do")
    parser.add_argument("--vocabulary", type=int, default=16_384)
    parser.add_argument("--window", type=int, default=2_048, help="tokens that the file says it can read")
    parser.add_argument("--batch", type=int, default=128, help="rows of a step")
    parser.add_argument("--part", type=int, default=32, help="rows at a time; the rest of a step waits")
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0, help="whichever is over first ends the run")
    parser.add_argument("--leave", type=float, default=0, help="seconds after which this part of the run ends")
    parser.add_argument("--rate", type=float, default=0.02, help="of the matrices (Muon)")
    parser.add_argument("--others", type=float, default=4e-3, help="of the embedding and the norms (AdamW)")
    parser.add_argument("--calm", type=float, default=0.02, help="the share of these rates for what copies already")
    parser.add_argument("--words", type=float, default=0.15, help="and for the embedding, by which it does")
    parser.add_argument("--decay", type=float, default=0.4, help="the share of the run in which the rates fall")
    parser.add_argument("--middle", type=float, default=3.0, help="the weight of what fills a gap; other text has 1")
    parser.add_argument("--first", type=float, default=3.0, help="the weight of its first token")
    parser.add_argument("--every", type=int, default=20, help="steps from one line of the log to the next")
    parser.add_argument("--judge", type=int, default=10, help="lines from one judging on held-out rows to the next")
    parser.add_argument("--held", type=int, default=128, help="held-out rows to judge by")
    parser.add_argument("--keep", type=float, default=120, help="seconds from one checkpoint to the next")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--compile", action="store_true")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    said = flags(arguments)
    if not said.steps and not said.seconds:
        print("Say how long: --steps or --seconds.", file=sys.stderr)
        return 2
    if said.threads:
        torch.set_num_threads(said.threads)
    torch.set_float32_matmul_precision("high")
    run = Run(said)
    print(f"{run.shape.parameters() / 1e6:.1f}M parameters on {run.device}, {run.rows.count:,} rows", flush=True)
    for _ in train(run):
        pass
    run.keep()
    said.held = len(run.held)
    run.say(torch.zeros(2, 4), held=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
