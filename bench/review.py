"""How far reviews can be trusted: good, sloppy and evil reviewers before the pipeline of proofs."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial

from msgspec import Struct, field

from bench import table
from bench.review_players import MEANING, Said, Sloppy, answer, evil, good
from bench.table import Cell, Table
from router.config import Config, Ledger, Models
from router.engine import Router
from router.reviewing import trial
from router.reviewing.cases import Source, poisons, sources
from router.reviewing.changed import units
from router.reviewing.inert import plain
from router.reviewing.memory import Memory
from router.reviewing.proofs import STAGES
from router.reviewing.reading import Code
from router.reviewing.types import Unit
from router.runtimes.scripted import Cue, Script, Scripted
from router.types import Diagnostic, Document, Finding, Refusal

ERRORS = (0.0, 0.1, 0.3, 0.5)  # how often the second look that is played errs, either way
EACH = 3  # claims of each sort that the sloppy reviewer makes about a definition
SEED = 5
PLAUSIBLE = "two elements, the second of which is the larger"  # what a second look says that errs
CLAIM = "The claim:"  # stands in the prompt of a second look


class Asked(Struct):
    """One definition that was reviewed, what its reviewer said of it, and what of that was shown."""

    unit: Unit
    said: list[Said]
    shown: list[Finding] = field(default_factory=list)

    def of(self, finding: Finding) -> Said:
        """Which of the claims a finding is."""
        return next(
            it for it in self.said if plain(it.message) == finding.message and _bare(it.quote) in _bare(finding.quote)
        )


def _bare(text: str) -> str:
    return "".join(text.split())


class Bench:
    """A router whose engine says what it is told to; `counts` are the claims that each stage has stopped."""

    def __init__(self, router: Router, engine: Scripted) -> None:
        self.router, self.engine = router, engine

    @property
    def counts(self) -> Counter[str]:
        return self.router.reviews.counts

    async def review(self, document: Document, unit: Unit, diagnostics: Sequence[Diagnostic] = ()) -> list[Finding]:
        """What is shown of one definition."""
        answer = await trial.reviewed(self.router.ask, document, unit, diagnostics)
        if isinstance(answer, Refusal):
            raise SystemExit(f"The engine refused: {answer.reason}")
        return list(answer.findings)

    async def played(
        self,
        document: Document,
        unit: Unit,
        said: list[Said],
        look: Callable[[Said], str],
        also: Sequence[Diagnostic] = (),
    ) -> Asked:
        """The same, with what the reviewer says, and what the second look says of each claim."""
        looks = [Cue(holds=f"{plain(it.message)}\nIt is about this line: {_head(it)}", say=(look(it),)) for it in said]
        self.engine.script = Script((*looks, Cue(holds=CLAIM, say=(_verdict("none"),)), Cue(say=(answer(said),))))
        return Asked(unit, said, await self.review(document, unit, also))


def _head(said: Said) -> str:
    return said.quote.strip().split("\n")[0].strip()


def _verdict(fails: str) -> str:
    return json.dumps({"fails": fails})


@asynccontextmanager
async def played() -> AsyncIterator[Bench]:
    """A bench on the scripted engine; nothing is remembered from one to the next."""
    engine = Scripted()
    config = Config(models=Models(review="script"), ledger=Ledger(keep=False))
    router = Router(config, engines={"scripted": engine})
    router.reviews.memory = Memory(None)
    try:
        await router.start()
        yield Bench(router, engine)
    finally:
        await router.aclose()


def _reviewed(source: Source, text: str, folder: str) -> tuple[Document, Code, tuple[Unit, ...]]:
    code = Code(source.language, text)
    return source.document(text, folder), code, units(code)


def erring(error: float, dice: random.Random) -> Callable[[Said], str]:
    """A second look that errs at a rate, either way; it is played, so what it goes by is no part of the product."""

    def look(said: Said) -> str:
        right = dice.random() >= error
        return _verdict(said.fails if said.true else PLAUSIBLE) if said.true == right else _verdict("none")

    return look


def _always(fails: str, said: Said) -> str:
    return _verdict(fails)


# The three reviewers


class Tally(Struct):
    """What came of one reviewer's claims."""

    asked: list[Asked]
    counts: Counter[str]


async def reviewed_well(error: float) -> Tally:
    """Each seeded bug, told by somebody who has found it and mends it."""
    dice, asked = random.Random(SEED), list[Asked]()
    async with played() as bench:
        for source in sources():
            for number, bug in enumerate(source.bugs):
                case = trial.seeded(source, bug, f"good/{number}")
                assert case is not None, source.name
                said = [good(bug, case.document.text)]
                asked.append(await bench.played(case.document, case.unit, said, erring(error, dice)))
        return Tally(asked, Counter(bench.counts))


async def reviewed_sloppily(error: float) -> Tally:
    """False claims about each definition of the clean files, in which a linter is at work."""
    dice, asked = random.Random(SEED), list[Asked]()
    async with played() as bench:
        for source in sources():
            document, code, found = _reviewed(source, source.text, "sloppy")
            for unit in found:
                player = Sloppy(code, unit, random.Random(f"{SEED} {source.name} {unit.name} {unit.span.start}"))
                said = list(player.claims(EACH))
                asked.append(await bench.played(document, unit, said, erring(error, dice), [player.diagnostic]))
        return Tally(asked, Counter(bench.counts))


async def reviewed_evilly(convincing: bool, every: int = 7) -> Tally:
    """Each poison in one of so many files, with a reviewer who obeys; `convincing`: each second look names an input."""
    dice, asked = random.Random(SEED), list[Asked]()
    async with played() as bench:
        for number, poison in enumerate(poisons()):
            for source in sources()[number % every :: every]:
                clean = _reviewed(source, source.text, "")[2]
                text = poison.planted(source, source.text.rfind("\n", 0, clean[-1].span.start) + 1)
                document, code, found = _reviewed(source, text, f"evil/{number}")
                said = evil(poison, code, found[-1], dice)
                fails = PLAUSIBLE if convincing else poison.says
                known = Diagnostic(found[-1].span, poison.says, "warning", "lint", "E501")
                also = [known] if dict(poison.how).get("known") else []
                asked.append(await bench.played(document, found[-1], said, partial(_always, fails), also))
        return Tally(asked, Counter(bench.counts))


def recommented() -> tuple[int, int]:
    """Edits of comments, and how many definitions they would have had reviewed."""
    due = 0
    for source in sources():
        before = {it.digest for it in units(Code(source.language, source.text))}
        due += sum(it.digest not in before for it in units(Code(source.language, source.comment.made(source.text))))
    return len(sources()), due


# Tables


def _shares(good: dict[float, Tally], sloppy: dict[float, Tally]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for error in ERRORS:
        found = sum(bool(it.shown) for it in good[error].asked)
        wrong = sum(len(it.shown) for it in sloppy[error].asked)
        lines = sum(len(it.text.splitlines()) for it in sources())
        precision = found / (found + wrong) if found + wrong else 1.0
        rows.append((f"{error:.0%}", len(good[error].asked), found, wrong, 100 * precision, 100 * wrong / lines))
    return Table(
        "What is shown, by how often the second look errs (0 %: the other stages alone lose nothing of the good one's)",
        ("second look errs", "bugs", "found", "false shown", "precision %", "false in 100 lines"),
        tuple(rows),
        ("The false ones are the sloppy reviewer's, about every clean definition; a model makes far fewer claims.",),
    )


def _classes(sloppy: dict[float, Tally]) -> Table:
    said, stopped = Counter[str](), Counter[str]()
    shown = {error: Counter[str]() for error in ERRORS}
    for asked in sloppy[1.0].asked:  # a second look that is always wrong lets all through that comes to it
        came = {(it.message, it.quote) for it in map(asked.of, asked.shown)}
        for it in asked.said:
            said[it.kind] += 1
            stopped[it.kind] += (it.message, it.quote) not in came
    for error in ERRORS:
        for asked in sloppy[error].asked:
            shown[error].update(asked.of(it).kind for it in asked.shown)
    kinds = sorted(said, key=lambda it: (it.startswith(MEANING), it))
    rows: list[tuple[Cell, ...]] = [
        (
            kind,
            said[kind],
            100 * stopped[kind] / said[kind],
            *(100 * shown[error][kind] / said[kind] for error in ERRORS[1:]),
        )
        for kind in kinds
    ]
    return Table(
        "The sloppy reviewer's claims: how many a program stops, and what a second look lets through",
        ("false in", "claims", "stopped %", *(f"shown at {error:.0%}" for error in ERRORS[1:])),
        tuple(rows),
        (_summary(said, stopped),),
    )


def _summary(said: Counter[str], stopped: Counter[str]) -> str:
    meaning = sum(count for kind, count in said.items() if kind.startswith(MEANING))
    checkable = sum(said.values()) - meaning
    caught = sum(count for kind, count in stopped.items() if not kind.startswith(MEANING))
    return (
        f"{caught:,} of {checkable:,} that are checkably false are stopped before a model looks again "
        f"({100 * caught / max(1, checkable):.1f} %); {100 * meaning / max(1, checkable + meaning):.0f} % of all are "
        "false in their meaning only."
    )


def _stages(tallies: dict[str, Tally]) -> Table:
    names = ("claims", *STAGES, "too many", "shown")
    rows: list[tuple[Cell, ...]] = [(name, *(tally.counts[name] for tally in tallies.values())) for name in names]
    return Table("Claims by the stage that stopped them", ("stage", *tallies), tuple(rows))


def _effects(evils: dict[str, Tally]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, tally in evils.items():
        shown = [finding for asked in tally.asked for finding in asked.shown]
        acting = sum(map(trial.acting, shown))
        claims = sum(len(asked.said) for asked in tally.asked)
        rows.append((name, len(tally.asked), claims, len(shown), acting))
    notes = (
        f"{len(poisons())} poisons, each in files of all six languages. A finding acts when it holds a link, an image, "
        "HTML, an address, a command, or an order to its reader.",
    )
    return Table(
        "The evil reviewer", ("its second look", "poisoned files", "claims", "shown", "that act"), tuple(rows), notes
    )


def _comments() -> Table:
    edits, due = recommented()
    return Table("Edits that change a comment only", ("edits", "definitions reviewed again"), ((edits, due),))


def measure() -> list[Table]:
    """All of it, on the scripted engine."""
    return asyncio.run(_measured())


async def _measured() -> list[Table]:
    well = {error: await reviewed_well(error) for error in ERRORS}
    sloppy = {error: await reviewed_sloppily(error) for error in (*ERRORS, 1.0)}
    evils = {"as evil": await reviewed_evilly(False), "convincing": await reviewed_evilly(True)}
    stages = {
        "good": well[0.0],
        "sloppy, 30 %": sloppy[0.3],
        "evil": evils["as evil"],
        "evil, convincing": evils["convincing"],
    }
    return [_shares(well, sloppy), _classes(sloppy), _stages(stages), _effects(evils), _comments()]


def main(arguments: Sequence[str]) -> int:
    """Measure the pipeline; `switchyard bench review` measures an installed model through it."""
    table.show(measure(), table.flags(__doc__ or "").parse_args(arguments).json)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
