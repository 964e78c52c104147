"""Step 3, `pack`: the corpus -> rows of tokens, shuffled, in shards of at most 60 MiB; most of it has gaps to fill."""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from itertools import groupby
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from bench.tiny import collect, rows, tokenizer
from bench.tiny.collect import Text
from bench.tiny.related import Shelf
from router.context.gathering.pack import named
from router.models import families

SHARD = 60 << 20  # bytes
HELD = 320  # rows to judge by


@cache
def loaded(path: str) -> tuple[Any, rows.Marks]:
    """A tokenizer, and what numbers it has given to the marks."""
    found = Tokenizer.from_file(path)
    said = ("endoftext", "fim_prefix", "fim_suffix", "fim_middle", "fim_pad")
    end, prefix, suffix, middle, pad = (found.token_to_id(f"<|{name}|>") for name in said)
    odds = tuple(map(found.token_to_id, families.table()[rows.FAMILY].odds))
    return found, rows.Marks(end, prefix, suffix, middle, pad, odds)


def of_package(
    texts: Sequence[Text], file: str, recipe: rows.Recipe, epoch: int, part: str = "train"
) -> tuple[list[rows.Row], list[rows.Row]]:
    """One package: the examples with gaps, and the whole files, each as tokens; every file serves one of the two."""
    made, marks = loaded(file)
    family = families.table()[rows.FAMILY]
    dice = random.Random(f"{epoch} {texts[0].package}")
    shelf = Shelf((it.path, it.text) for it in texts)

    def encode(text: str) -> Sequence[int]:
        ids: Sequence[int] = made.encode(text).ids
        return ids

    gaps: list[rows.Row] = []
    whole: list[rows.Row] = []
    for it in texts:
        if it.part != part:
            continue
        if dice.random() < recipe.gaps:
            said = rows.examples(it.path, it.text, shelf, family, recipe, dice)
            gaps += [rows.filled(one, encode, marks) for one in said]
        else:
            whole.append(rows.plain(named(it.path), it.text, family, encode, marks))
    return gaps, whole


def grouped(corpus: Path, languages: Sequence[str], part: str, share: float) -> Iterator[list[Text]]:
    """The files of one package at a time, where it has any of this part; `share` of the packages, by lot."""
    dice = random.Random(7)
    chosen = (it for it in collect.read(corpus) if it.part == part and it.language in languages)
    for _, some in groupby(chosen, key=lambda it: it.package):
        texts = list(some)
        if dice.random() < share:
            yield texts


def gathered(
    packages: Iterable[tuple[list[rows.Row], list[rows.Row]]], width: int, pad: int, dice: random.Random
) -> np.ndarray[Any, Any]:
    """All rows of an epoch in one shuffled table. Examples are mixed first, or one would answer another of its file."""
    gaps: list[rows.Row] = []
    whole: list[rows.Row] = []
    for some, files in packages:
        gaps += some
        whole += list(rows.streamed(files, width))
    dice.shuffle(gaps)
    table = np.array([*rows.packed(gaps, width, pad), *whole], np.uint16)
    np.random.default_rng(dice.randrange(1 << 30)).shuffle(table)
    return table


def described(table: np.ndarray[Any, Any], pad: int) -> dict[str, float]:
    """What the rows are made of: tokens, and the shares of padding, middles and first tokens of middles."""
    classes = table >> rows.CLASS
    return {
        "rows": len(table),
        "width": table.shape[1],
        "tokens": int((table != pad).sum()),
        "padding": round(float((table == pad).mean()), 4),
        "middles": round(float((classes >= rows.MIDDLE).mean()), 4),
        "first": round(float((classes == rows.FIRST).mean()), 4),
    }


def flags(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.tiny pack", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("build/tiny"))
    parser.add_argument("--vocabulary", type=int, default=16_384)
    parser.add_argument("--width", type=int, default=2_048, help="tokens of a row")
    parser.add_argument("--epochs", type=int, default=1, help="each with other gaps")
    parser.add_argument("--languages", nargs="*", default=list(tokenizer.SHARES))
    parser.add_argument("--share", type=float, default=1.0, help="of the packages")
    parser.add_argument("--most", type=int, default=rows.Recipe().most, help="code points shown around a gap")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--name", default="rows")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    said = flags(arguments)
    file = str(said.folder / f"tokenizer{said.vocabulary}.json")
    _, marks = loaded(file)
    recipe = rows.Recipe(most=said.most, shown=min(rows.Recipe().shown, said.most))
    for epoch in range(-1, said.epochs):  # the one before the first is the held-out part
        part = "train" if epoch >= 0 else "held"
        name = f"{said.name}-{epoch}" if epoch >= 0 else f"{said.name}-held"
        if (said.folder / f"{name}.json").exists():
            continue
        work = partial(of_package, file=file, recipe=recipe, epoch=epoch, part=part)
        packages = grouped(said.folder / "corpus.jsonl", said.languages, part, said.share if epoch >= 0 else 1.0)
        with Pool(said.processes) as pool:
            made = pool.imap(work, packages) if said.processes > 1 else map(work, packages)
            table = gathered(made, said.width, marks.pad, random.Random(epoch))
        table = table if epoch >= 0 else table[:HELD]
        each = SHARD // (2 * said.width)
        for number, at in enumerate(range(0, len(table), each)):
            np.save(said.folder / f"{name}-{number:02}.npy", table[at : at + each])
        words = json.dumps(described(table, marks.pad))
        (said.folder / f"{name}.json").write_text(words + "\n")
        print(name, words, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
