"""Step 6, `export`: a checkpoint -> GGUF files, the engine's probabilities held against the model's own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.tiny import gguf_file, model
from bench.tiny.engine import Llama
from bench.tiny.model import Shape, Weights

LENGTHS = (1, 8, 64, 300, 1_500)  # tokens of a prompt whose next token both are asked for
CLOSE = {"f32": 0.02, "f16": 0.05}  # nats; only what is not quantised is held to it


def kept(folder: Path) -> tuple[Shape, Weights]:
    """The shape and the weights of a run."""
    file = folder / "weights.pt"
    said = torch.load(file if file.exists() else folder / "checkpoint.pt", map_location="cpu")
    return Shape(**said["shape"]), {name: it.float() for name, it in said["weights"].items()}


def write(out: Path, shape: Shape, weights: Weights, tokenizer: Path, kind: str) -> None:
    """One GGUF file; its name tells the family, by which the product knows how to prompt it."""
    sizes = gguf_file.Sizes(
        shape.width,
        shape.layers,
        shape.heads,
        shape.kv,
        shape.hidden,
        shape.vocabulary,
        shape.window,
        model.EPSILON,
        model.BASE,
        shape.turned,
        shape.head,
    )
    name = f"switchyard-{max(1, round(shape.parameters() / 1e6))}m"
    gguf_file.write(out, name, sizes, {at: it.detach().numpy() for at, it in weights.items()}, tokenizer, kind)


def parity(file: Path, shape: Shape, weights: Weights, rows: np.ndarray[Any, Any]) -> list[float]:
    """How far engine and model are apart on the likeliest next tokens, in nats, for prompts from these rows."""
    apart = []
    with Llama(file) as engine:
        for row in rows:
            for length in LENGTHS:
                prompt = [int(it) for it in row[:length]]
                said = engine.ask(prompt, 1, likeliest=5, line=False).first
                with torch.no_grad():
                    ours = torch.log_softmax(model.logits(weights, shape, torch.tensor([prompt]))[0, -1].float(), -1)
                if said:  # nothing is told of a mark that ends the answer
                    apart.append(max(abs(float(ours[token]) - probability) for token, probability in said))
    return apart


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.tiny export", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/tiny"))
    parser.add_argument("--name", default="run")
    parser.add_argument("--rows", default="rows", help="whose held-out part engine and model are both asked about")
    parser.add_argument("--kinds", nargs="*", choices=gguf_file.KINDS, default=["f16", "q8_0", "q5_1", "q4_0"])
    flags = parser.parse_args(arguments)
    shape, weights = kept(flags.folder / flags.name)
    rows = np.load(flags.folder / f"{flags.rows}-held-00.npy")[:4] & ((1 << 14) - 1)
    wrong = 0
    for kind in flags.kinds:
        out = flags.folder / flags.name / f"switchyard-{kind}.gguf"
        write(out, shape, weights, flags.folder / f"tokenizer{shape.vocabulary}.json", kind)
        apart = parity(out, shape, weights, rows)
        wrong += kind in CLOSE and max(apart) > CLOSE[kind]
        far = f"{np.mean(apart):.4f} nats from the model, {max(apart):.4f} at most"
        print(f"{out.name}: {out.stat().st_size / 1e6:.1f} MB; {far}")
    if wrong:
        print("The engine does not say what the model says.", file=sys.stderr)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
