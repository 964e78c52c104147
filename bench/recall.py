"""Whether the context brings the names that the next lines need: recall on histories of real repositories.

Give it folders with git repositories, or name them in SWITCHYARD_HISTORIES; without any it takes this project's own.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import TypeAlias

from bench import histories, recall_tables, repo_map, table
from bench.histories import Case
from bench.judged import MAIN, Judged, judged, relative
from bench.recall_tables import ALONE, WITHOUT
from bench.rivals import Block, Bm25, Jaccard, Policy, Ring, Window
from bench.server import ROOT
from bench.workspaces import Workspace, another, asked, cut, indexed
from router.context.gathering import gather
from router.context.gathering.view import View
from router.types import Document, Piece, Request, Span

OURS = "Switchyard"
CASES, COMMITS = 200, 1000  # of each repository
QUICK = 25
KEYS = 10  # that are typed from a case on
TELLING = ("files", "similar", "imports", "definitions", "members", "overrides", "enclosing")  # of what history has
SEED = 1
Place: TypeAlias = tuple[Path, list[Case]]


class Ours:
    """The product's own pieces, over its own index. `without` names sources that are not asked.

    A case is asked about in a view of its own, in which nothing is worked out. `once`: for the main budget only, and
    nobody types.
    """

    took: float | None = None

    def __init__(self, name: str = OURS, without: Collection[str] = (), once: bool = False) -> None:
        self.name, self.ranks = name, once
        self._without, self._once = without, once
        self._last: tuple[Case, View] | None = None

    def enter(self, workspace: Workspace) -> None:
        """Its index comes with it."""
        self._workspace = workspace

    def view(self, case: Case) -> View:
        """What surrounds a case; nothing of it is worked out when it is asked for first."""
        if self._last is None or self._last[0] is not case:
            self._last = (case, self._workspace.view(case))
        return self._last[1]

    def blocks(self, case: Case, budget: int) -> Iterable[Block]:
        """The pieces in the order of the prompt."""
        root, view = self._workspace.root, self.view(case)
        request = self._request(case, case.text, case.at)
        for piece in gather.pieces(request, view, case.shown, budget, without=self._without):
            yield Block(relative(piece.path, root), piece.text)

    def typed(self, case: Case) -> Iterator[float]:
        """A line is begun, and one more."""
        if self._once:
            return
        view, kept = self.view(case), list[Piece]()
        text, at = case.text, case.at
        for key in f"{min(case.truth)[:KEYS]}\n":
            text, at = text[:at] + key + text[at:], at + 1
            began = time.thread_time()
            kept = gather.pieces(self._request(case, text, at), view, case.shown, MAIN, kept)
            yield 1000 * (time.thread_time() - began)

    def _request(self, case: Case, text: str, at: int) -> Request:
        return Request(
            "complete", Document(str(self._workspace.root / case.path), case.language, 1, text), Span(at, at)
        )

    def leave(self) -> None:
        """Nothing to end."""


async def measured(places: Iterable[Place], policies: Sequence[Policy]) -> list[Judged]:
    """Every policy at every case."""
    found: list[Judged] = []
    for root, commits in groupby(places, key=itemgetter(0)):
        first = next(commits)
        async with indexed(root) as index:
            for _, cases in chain([first], commits):
                workspace = await another(root, index)
                for policy in policies:
                    policy.enter(workspace)
                for case in cases:
                    async with asked(workspace, case):
                        found.append(judged(case, workspace, policies))
    return found


def places(said: argparse.Namespace, folder: Path) -> Iterator[Place]:
    """Every workspace in turn; the copies of repositories lie in `folder`."""
    for older, newer in said.releases:
        yield older.resolve(), histories.of_releases(older, newer, said.cases, said.seed)
    for repository in said.repositories:
        yield from cut(repository, histories.of_history(repository, said.cases, said.commits, said.seed), folder)


def parts(said: argparse.Namespace) -> list[argparse.Namespace]:
    """The same for each pair of releases, and for each repository."""
    named = [Path(it) for it in os.environ.get("SWITCHYARD_HISTORIES", "").split(os.pathsep) if it]
    repositories = said.repositories or ([] if said.releases else named or [ROOT])
    some = [{"releases": [it], "repositories": []} for it in said.releases]
    some += [{"releases": [], "repositories": [it]} for it in repositories]
    return [argparse.Namespace(**vars(said) | it) for it in some]


def histories_of(parser: argparse.ArgumentParser, cases: int) -> None:
    """The arguments that say which cases are taken, and how many of each repository when it is not said."""
    parser.add_argument("repositories", nargs="*", type=Path, metavar="REPOSITORY", help="a folder with its history")
    parser.add_argument(
        "--releases", nargs=2, type=Path, action="append", default=[], metavar=("OLDER", "NEWER"), help="two unpacked"
    )
    usual = f" ({CASES}; {QUICK} when quick)" if not cases else f" ({cases})"
    parser.add_argument("--cases", type=int, default=cases, help=f"of each repository{usual}")
    parser.add_argument("--commits", type=int, default=COMMITS, help="how far back")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=1, help="repositories at once, each in a process of its own")


def flags(arguments: Sequence[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = table.flags(__doc__ or "")
    histories_of(parser, 0)
    parser.add_argument("--quick", action="store_true", help="few cases, and no repository map")
    parser.add_argument("--alone", action="store_true", help="ours only")
    parser.add_argument("--ablate", action="store_true", help="what is lost without each source")
    parser.add_argument("--save", type=Path, help="write the figures of the page on context to this file, too")
    said = parser.parse_args(arguments)
    said.cases = said.cases or (QUICK if said.quick else CASES)
    return said


def chosen(said: argparse.Namespace) -> list[Policy]:
    """Who takes part."""
    policies: list[Policy] = [Ours()]
    for name in TELLING if said.ablate else ():
        others = [other for other in gather.SOURCES if other != name]
        policies += [Ours(f"{WITHOUT}{name}", (name,), True), Ours(f"{ALONE}{name}", others, True)]
    if not said.alone:
        policies += [Jaccard(), Bm25(), Ring(), Window()]
        policies += repo_map.found() if not said.quick else ()
    return policies


def judge(said: argparse.Namespace) -> list[Judged]:
    """All cases that are said, in this process."""
    policies = chosen(said)
    try:
        with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder:
            return asyncio.run(measured(places(said, Path(folder)), policies))
    finally:
        for policy in policies:
            policy.leave()


def main(arguments: Sequence[str]) -> int:
    said = flags(arguments)
    with multiprocessing.Pool(said.jobs) as pool:
        found = [one for some in pool.imap(judge, parts(said)) for one in some]
    names = list(dict.fromkeys(name for one in found for name in one.found))
    table.show(recall_tables.tables(found, OURS, names), said.json)
    if said.save:
        recall_tables.save(found, OURS, names, said.save)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
