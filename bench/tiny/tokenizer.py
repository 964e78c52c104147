"""Step 2, `tokenizer`: byte-level BPE with our marks, learnt on the corpus, split as llama.cpp splits for Qwen 2."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from bench.tiny import collect, rows, sieve

# What llama.cpp does, one after the other, where a GGUF says `tokenizer.ggml.pre = "deepseek-coder"` (llama-vocab.cpp).
SPLIT = (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"\p{N}")
# What is learnt apart on top of that: signs after which people pause, so that a token never reaches across the cursor.
APART = r""" ?_+| ?[(\[{.]| ?"{3}| ?'{3}| ?["']| +$"""
# How much of each language is learnt from, of all: what people write most is said in the fewest tokens.
SHARES = {"python": 0.45, "typescript": 0.15, "javascript": 0.15, "go": 0.13, "rust": 0.12}


def untaught() -> Any:
    """A tokenizer that knows its bytes and nothing else."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = _split(SPLIT)
    made.decoder = decoders.ByteLevel()
    return made


def _split(patterns: Sequence[str]) -> Any:
    each = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in patterns]
    return pre_tokenizers.Sequence([*each, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def taught(texts: Iterator[str], vocabulary: int) -> Any:
    """A tokenizer of so many tokens, marks and bytes included."""
    made = untaught()
    made.pre_tokenizer = _split((*SPLIT, APART))
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=rows.marks(),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        max_token_length=32,
    )
    made.train_from_iterator(texts, trainer)
    made.pre_tokenizer = _split(SPLIT)
    return made


def sample(corpus: Path, characters: float, languages: Sequence[str]) -> Iterator[str]:
    """Texts that are trained on, by the hashes of their paths, in the shares of their languages."""
    every = sum(SHARES[it] for it in languages)
    sizes = dict.fromkeys(SHARES, 0)
    for text in collect.read(corpus):
        sizes[text.language] += len(text.text) if text.part == "train" else 0
    for text in collect.read(corpus):
        wanted = min(1.0, characters * SHARES[text.language] / every / max(1, sizes[text.language]))
        if (
            text.language in languages
            and text.part == "train"
            and sieve.number(f"tokens {text.package} {text.path}") < wanted * (1 << 32)
        ):
            yield text.text


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.tiny tokenizer", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/tiny"))
    parser.add_argument("--vocabulary", type=int, default=16_384)
    parser.add_argument("--megabytes", type=float, default=60, help="of text to learn from")
    parser.add_argument("--languages", nargs="*", choices=SHARES, default=list(SHARES))
    flags = parser.parse_args(arguments)
    out = flags.folder / f"tokenizer{flags.vocabulary}.json"
    if not out.exists():
        made = taught(sample(flags.folder / "corpus.jsonl", flags.megabytes * 1e6, flags.languages), flags.vocabulary)
        made.save(str(out))
    made = Tokenizer.from_file(str(out))
    held: dict[str, list[str]] = {language: [] for language in SHARES}
    for text in collect.read(flags.folder / "corpus.jsonl"):
        if text.part == "held" and len(held[text.language]) < 200:
            held[text.language].append(text.text)
    for language, texts in held.items():
        tokens = sum(len(it.ids) for it in made.encode_batch(texts))
        print(f"{language}: {sum(map(len, texts)) / max(1, tokens):.2f} code points a token of held-out files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
