"""Step 7, `evaluate`: hidden ends of lines in unseen packages, asked of the model, an n-gram, copy and `echo`.

And, as the product has it, of the model where it is sure enough and of `echo` elsewhere. What is enough, other lines
have taught.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

from msgspec import structs, to_builtins

from bench import echo as echoes
from bench import table
from bench.tiny import cases, collect, rows, tables
from bench.tiny.cases import Case
from bench.tiny.engine import Llama
from bench.tiny.ngram import Ngram
from bench.tiny.scores import Answered, Score, score, threshold
from router import echo
from router.completing import completion
from router.models import families

Ask: TypeAlias = Callable[[Case], tuple[str, float]]
AND_PIECES = " and pieces"
LEARNT = 6_000_000  # code points of each language that the n-gram model learns from


def prompt(case: Case, characters: int, pieces: bool) -> str:
    """What the product would ask in a window of so many code points."""
    text, at = case.before + case.after, len(case.before)
    hole = rows.Gap(at, at)
    return rows.example(
        case.path, text, hole, characters, families.table()[rows.FAMILY], case.pieces if pieces else ()
    ).prompt


def healed(before: str, said: str) -> str:
    """Without the blank that stands before the cursor already and was left for the model to say."""
    return said.removeprefix(" ") if before.endswith(" ") else said


def of_model(engine: Llama, characters: int, pieces: bool) -> Ask:
    def ask(case: Case) -> tuple[str, float]:
        said = engine.ask(prompt(case, characters, pieces))
        return healed(case.before, said.text), said.sure

    return ask


def of_echo(pieces: bool) -> Ask:
    def ask(case: Case) -> tuple[str, float]:
        texts = [it.text for it in case.pieces] if pieces else []
        *_, said = echo.stages(case.before, case.after, texts, echo.Gate(0.0, 0.0, 2.0))
        return (said.text, said.probability) if said else ("", 0.0)

    return ask


def of_best(pieces: bool) -> Ask:
    """Whoever chose the right one of the ways that a model is told of, wherever it is among them."""

    def ask(case: Case) -> tuple[str, float]:
        texts = [it.text for it in case.pieces] if pieces else []
        *_, found = echo.ways(case.before, case.after, texts, completion.WAYS)
        wanted = case.target.rstrip()
        return (wanted if any(it.text == wanted for it in found) else ""), 0.0

    return ask


def of_copy(pieces: bool) -> Ask:
    def ask(case: Case) -> tuple[str, float]:
        return echoes.copied(case.before, case.after, [it.text for it in case.pieces] if pieces else []), 0.0

    return ask


def answered(found: Sequence[Case], ask: Ask) -> list[Answered]:
    """Every case asked once, one after the other."""
    said = []
    for case in found:
        began = time.perf_counter()
        text, sure = ask(case)
        said.append(Answered(text.partition("\n")[0], case.target, sure, (time.perf_counter() - began) * 1000))
    return said


def of_models(
    characters: int, engines: dict[str, Llama], asked: Sequence[Case], taught: Sequence[Case]
) -> Iterator[tuple[str, Score]]:
    """How good each model is, and what is shown where it is asked first and `echo` after it, by name."""
    for (name, engine), pieces in itertools.product(engines.items(), (False, True)):
        ask, more = of_model(engine, characters, pieces), AND_PIECES * pieces
        said, least = answered(asked, ask), threshold(answered(taught, ask))
        yield name + more, score(said, least)
        if taught:
            yield f"{name}{tables.ELSE_ECHO}{more}", score(instead(said, least, of_shown_echo(asked, pieces)), 0.0)


def instead(said: Sequence[Answered], least: float, echoed: Sequence[Answered]) -> list[Answered]:
    """What is shown: an answer that is sure enough, or what `echo` shows."""
    both = zip(said, echoed, strict=True)
    return [own if own.sure >= least else structs.replace(other, ms=own.ms + other.ms) for own, other in both]


def of_shown_echo(asked: Sequence[Case], pieces: bool) -> list[Answered]:
    """What `echo` shows: below its gate nothing."""
    found = []
    for case, it in zip(asked, answered(asked, of_echo(pieces)), strict=True):
        least = getattr(echo.GATE, case.where)
        found.append(it if it.sure >= least else structs.replace(it, text=""))
    return found


def of_rivals(
    corpus: Path, language: str, asked: Sequence[Case], taught: Sequence[Case]
) -> Iterator[tuple[str, Score]]:
    """How good everybody else is who is asked about a language, by name."""
    for name, ask in _rivals(corpus, language):
        yield name, score(answered(asked, ask), threshold(answered(taught, ask)))
    for pieces in (False, True):
        yield f"echo, as shown{AND_PIECES * pieces}", score(of_shown_echo(asked, pieces), 0.0)


def _rivals(corpus: Path, language: str) -> Iterator[tuple[str, Ask]]:
    for pieces in (False, True):
        yield f"copy{AND_PIECES * pieces}", of_copy(pieces)
        yield f"echo{AND_PIECES * pieces}", of_echo(pieces)
        yield f"{tables.BEST}{AND_PIECES * pieces}", of_best(pieces)
    yield "6-gram", lambda case: _ngram(corpus, language).answer(case.before)


def others(found: Sequence[Case], asked: Sequence[Case]) -> list[Case]:
    """The places that are not asked about."""
    lines = {(it.path, it.before.count("\n")) for it in asked}
    return [it for it in found if (it.path, it.before.count("\n")) not in lines]


@cache
def _ngram(corpus: Path, language: str) -> Ngram:
    texts = (it.text for it in collect.read(corpus) if it.part == "train" and it.language == language)
    return Ngram(_upto(texts, LEARNT))


def _upto(texts: Iterator[str], most: int) -> Iterator[str]:
    for text in texts:
        yield text
        most -= len(text)
        if most <= 0:
            return


def pace(engine: Llama, found: Sequence[Case], characters: int) -> dict[str, float]:
    """Milliseconds to a line: of a prompt that is not known, and after one more sign of it has been typed."""
    cold, warm, tokens = [], [], []
    for case in found:
        asked = prompt(case, characters, pieces=True)
        said = engine.ask(asked)
        cold.append(said.ms)
        tokens.append(said.evaluated)
        engine.ask(asked, 1, warm=True)
        typed = structs.replace(case, before=case.before + case.target[:1])
        warm.append(engine.ask(prompt(typed, characters, pieces=True), warm=True).ms)
    return {
        "prompt tokens": table.percentile(tokens, 0.5),
        "cold p50": table.percentile(cold, 0.5),
        "cold p95": table.percentile(cold, 0.95),
        "warm p50": table.percentile(warm, 0.5),
        "warm p95": table.percentile(warm, 0.95),
        "load": engine.load * 1000,
    }


def flags(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.tiny evaluate", description=__doc__)
    parser.add_argument("ggufs", nargs="*", type=Path, metavar="GGUF")
    parser.add_argument("--folder", type=Path, default=Path("build/tiny"))
    parser.add_argument("--languages", nargs="*", default=["python", "typescript", "javascript", "go", "rust"])
    parser.add_argument("--cases", type=int, default=1_000, help="lines of each language; each is asked for twice")
    parser.add_argument("--characters", type=int, default=2_400, help="of the open file, in a prompt")
    parser.add_argument("--pieces", type=int, default=1_500, help="code points of other files")
    parser.add_argument("--threads", type=int, default=1, help="of the engine; the product gives a small model one")
    parser.add_argument("--tune", type=int, default=300, help="other lines, which teach the thresholds; 0: none")
    parser.add_argument("--window", type=int, default=4_096, help="tokens that the engine keeps room for")
    parser.add_argument("--seed", type=int, default=7, help="which lines")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--save", type=Path, help="write the scores to this file, too")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    said = flags(arguments)
    corpus = said.folder / "corpus.jsonl"
    texts = [it for it in collect.read(corpus) if it.part == "unseen" and it.language in said.languages]
    found = cases.cases(texts, said.cases, said.pieces, said.seed)
    taught = others(cases.cases(texts, said.tune, said.pieces, said.seed + 1), found)
    engines = {it.stem: Llama(it, window=said.window, threads=said.threads) for it in said.ggufs}
    scores: dict[tuple[str, str, str], Score] = {}
    for language, where in itertools.product(said.languages, cases.WHERE):
        asked, known = ([it for it in some if (it.language, it.where) == (language, where)] for some in (found, taught))
        models = of_models(said.characters, engines, asked, known)
        for name, found_out in itertools.chain(models, of_rivals(corpus, language, asked, known)):
            scores[language, where, name] = found_out
            print(language, where, name, round(found_out.exact, 4), file=sys.stderr, flush=True)
    paces = {name: pace(engine, found[:100], said.characters) for name, engine in engines.items()}
    for engine in engines.values():
        engine.__exit__()
    if said.save:
        kept = {" ".join(key): to_builtins(it) for key, it in scores.items()}
        said.save.write_text(json.dumps({"scores": kept, "paces": paces}, indent=1) + "\n")
    sizes = {it.stem: it.stat().st_size / 1e6 for it in said.ggufs}
    tables.show(scores, paces, sizes, said.json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
