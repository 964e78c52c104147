"""Whether the context brings the names that the next lines need: recall on histories of real repositories.

Give it folders with git repositories, or name them in SWITCHYARD_HISTORIES; without any it takes this project's own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from bench import histories, recall_tables, repo_map, table
from bench.histories import Case
from bench.judged import Judged, judged, relative
from bench.rivals import Block, Bm25, Jaccard, Policy, Ring, Window
from bench.server import ROOT
from bench.workspaces import Workspace, asked, cut, opened
from router.context.gathering import gather
from router.types import Document, Request, Span

OURS = "Switchyard"
CASES, COMMITS = 200, 1000  # of each repository
QUICK = 25
SEED = 1
Place: TypeAlias = tuple[Path, list[Case]]


class Ours:
    """The product's own pieces, over its own index. `without` names sources that are not asked."""

    ranks = False
    took: float | None = None

    def __init__(self, name: str = OURS, without: Collection[str] = ()) -> None:
        self.name = name
        self._without = without

    def enter(self, workspace: Workspace) -> None:
        """Its index comes with it."""
        self._workspace = workspace

    def blocks(self, case: Case, budget: int) -> Iterable[Block]:
        """The pieces in the order of the prompt."""
        root = self._workspace.root
        document = Document(str(root / case.path), case.language, 1, case.text)
        request = Request("complete", document, Span(case.at, case.at))
        view = self._workspace.view(case)
        for piece in gather.pieces(request, view, case.shown, budget, without=self._without):
            yield Block(relative(piece.path, root), piece.text)

    def leave(self) -> None:
        """Nothing to end."""


async def measured(places: Iterable[Place], policies: Sequence[Policy]) -> list[Judged]:
    """Every policy at every case."""
    found: list[Judged] = []
    for root, cases in places:
        async with opened(root) as workspace:
            for policy in policies:
                policy.enter(workspace)
            for case in cases:
                async with asked(workspace, case):
                    found.append(judged(case, workspace, policies))
    return found


def places(said: argparse.Namespace, folder: Path) -> Iterator[Place]:
    """Every workspace in turn; the copies of repositories lie in `folder`."""
    named = [Path(it) for it in os.environ.get("SWITCHYARD_HISTORIES", "").split(os.pathsep) if it]
    count = said.cases or (QUICK if said.quick else CASES)
    for older, newer in said.releases:
        yield older.resolve(), histories.of_releases(older, newer, count, said.seed)
    for repository in said.repositories or ([] if said.releases else named or [ROOT]):
        yield from cut(repository, histories.of_history(repository, count, said.commits, said.seed), folder)


def flags(arguments: Sequence[str]) -> argparse.Namespace:
    """What the command line says."""
    parser = table.flags(__doc__ or "")
    parser.add_argument("repositories", nargs="*", type=Path, metavar="REPOSITORY", help="a folder with its history")
    parser.add_argument(
        "--releases", nargs=2, type=Path, action="append", default=[], metavar=("OLDER", "NEWER"), help="two unpacked"
    )
    parser.add_argument("--cases", type=int, help=f"of each repository ({CASES}; {QUICK} when quick)")
    parser.add_argument("--commits", type=int, default=COMMITS, help="how far back")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--quick", action="store_true", help="few cases, and no repository map")
    parser.add_argument("--alone", action="store_true", help="ours only")
    parser.add_argument("--ablate", action="store_true", help="what is lost without each source")
    parser.add_argument("--save", type=Path, help="write the figures of the page on context to this file, too")
    return parser.parse_args(arguments)


def chosen(said: argparse.Namespace) -> list[Policy]:
    """Who takes part."""
    policies: list[Policy] = [Ours()]
    if said.ablate:
        policies += [Ours(f"without {name}", (name,)) for name in gather.SOURCES]
    if not said.alone:
        policies += [Jaccard(), Bm25(), Ring(), Window()]
        policies += repo_map.found() if not said.quick else ()
    return policies


def main(arguments: Sequence[str]) -> int:
    said = flags(arguments)
    policies = chosen(said)
    try:
        with tempfile.TemporaryDirectory(prefix="switchyard-bench-") as folder:
            found = asyncio.run(measured(places(said, Path(folder)), policies))
    finally:
        for policy in policies:
            policy.leave()
    names = [it.name for it in policies]
    table.show(recall_tables.tables(found, OURS, names), said.json)
    if said.save:
        recall_tables.save(found, OURS, names, said.save)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
