"""Step 8, `ship`: a GGUF file into the product's folder of weights, with what is said of it there."""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from router.models import families
from router.runtimes.embedded_own import PLACE, Own, Score, Scores


def ship(
    gguf: Path,
    place: Path,
    languages: Sequence[str],
    thresholds: tuple[float, float],
    scores: Scores,
    window: int = 2_048,
    name: str = "",
) -> Own:
    """Copy the file, and write its TOML beside it; its own name is the model's, unless another is given.

    Raises ValueError for what the product would not take.
    """
    name = name or gguf.stem
    if families.of(name) != "switchyard":
        raise ValueError(f"{name} does not begin as our models do, so the product would not know how to prompt it.")
    weights = gguf.read_bytes()
    digest = hashlib.sha256(weights).hexdigest()
    text = _said(Own(f"{name}.gguf", digest, len(weights), tuple(languages), window, *thresholds, scores))
    own = msgspec.toml.decode(text, type=Own)
    place.mkdir(exist_ok=True)
    (place / f"{name}.toml").write_text(text, encoding="utf-8")
    if (place / own.file).resolve() != gguf.resolve():
        shutil.copyfile(gguf, place / own.file)
    return own


def _said(own: Own) -> str:
    lines = [
        f'file = "{own.file}"',
        f'sha256 = "{own.sha256}"',
        f"bytes = {own.bytes}",
        f"languages = [{', '.join(map(_quoted, own.languages))}]",
        f"window = {own.window}",
        "# The probabilities below which nothing is shown; chosen on other lines than the scores are from.",
        f"whole = {own.whole}",
        f"inside = {own.inside}",
        "# Of held-out lines: the share that is shown, and the share of these that is right to the end of the line.",
        *(_scored("whole", own.scores.whole), _scored("inside", own.scores.inside)),
    ]
    return "\n".join(lines) + "\n"


def _scored(where: str, score: Score) -> str:
    return f"scores.{where} = {{ lines = {score.lines}, shown = {score.shown}, right = {score.right} }}"


def _quoted(text: str) -> str:
    return f'"{text}"'


def flags(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.tiny ship", description=__doc__)
    parser.add_argument("gguf", type=Path)
    parser.add_argument("--name", default="", help="of the model; without it that of the file")
    parser.add_argument("--place", type=Path, default=PLACE)
    parser.add_argument("--languages", nargs="+", default=["python"], help="as editors name them")
    parser.add_argument("--window", type=int, default=2_048, help="tokens of a prompt and its answer, as evaluated")
    parser.add_argument("--thresholds", nargs=2, type=float, required=True, metavar=("WHOLE", "INSIDE"))
    parser.add_argument("--lines", nargs=2, type=int, default=[1_000, 1_000], metavar=("WHOLE", "INSIDE"))
    parser.add_argument("--shown", nargs=2, type=float, required=True, metavar=("WHOLE", "INSIDE"), help="shares")
    parser.add_argument("--right", nargs=2, type=float, required=True, metavar=("WHOLE", "INSIDE"), help="of the shown")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    said = flags(arguments)
    scores = Scores(*(Score(*it) for it in zip(said.lines, said.shown, said.right, strict=True)))
    own = ship(said.gguf, said.place, said.languages, tuple(said.thresholds), scores, said.window, said.name)
    print(f"{said.place / own.file}: {own.bytes:,} bytes. Say in {said.place / 'card.md'} what it is.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
