"""Makes a small llama that always says the same few tokens, with the same probability, as a GGUF file.

Its layers are zero, so that what it says next depends on the last token alone: every token asks for the first of what
it is to say, each of these for the next, and the last for the end of the text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tests.engine import random_gguf
from tests.engine.random_gguf import TOKENIZER, WIDTH

END = "<|endoftext|>"


def write(out: Path, name: str, says: Sequence[str], probability: float = 0.99) -> Path:
    """Write it to `out`; each of the tokens, and the end of the text, comes with about this probability. Tokens are
    spelt as in the tokenizer, and none comes twice."""
    return random_gguf.write(out, name, weights=_weights(says, probability))


def _weights(says: Sequence[str], probability: float) -> Iterator[tuple[str, np.ndarray]]:
    vocabulary: dict[str, int] = json.loads(TOKENIZER.read_text(encoding="utf-8"))["model"]["vocab"]
    vectors = np.zeros((len(vocabulary), WIDTH), np.float32)
    output = np.zeros((len(vocabulary), WIDTH), np.float32)
    vectors[:, 0] = 1
    logit = math.log(probability / (1 - probability) * (len(vocabulary) - 1))
    output[vocabulary[says[0]], 0] = logit / math.sqrt(WIDTH)
    for place, (token, following) in enumerate(zip(says, [*says[1:], END], strict=True), 1):
        vectors[vocabulary[token], :] = 0
        vectors[vocabulary[token], place] = 1
        output[vocabulary[following], place] = logit / math.sqrt(WIDTH)
    yield "token_embd.weight", vectors
    yield "output.weight", output
    for tensor, array in random_gguf.noise(np.random.default_rng(1)):
        if tensor.startswith("blk.") or array.ndim == 1:
            yield tensor, array if array.ndim == 1 else np.zeros_like(array)
