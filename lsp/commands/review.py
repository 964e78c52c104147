"""`switchyard review`: what goes wrong in a change, what the change does, and what was not reviewed."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from lsp.commands.config import read_settings
from lsp.shell import files, terminal
from lsp.shell.asked import ready
from router import SwitchyardError
from router.config import Config
from router.engine import Router
from router.reviewing.changes import Changes, Wanted, changes
from router.reviewing.reports import github, json, markdown, sarif, text
from router.reviewing.rules import GRAVITY
from router.reviewing.types import Review
from router.reviewing.whole import Progress, Whole
from router.types import Severity, Status

FORMS: dict[str, Callable[[Review], str]] = {
    "text": text.report,
    "markdown": markdown.report,
    "json": json.report,
    "sarif": sarif.report,
    "github": github.report,
}
_LONGEST = 64_000_000  # bytes of a diff that are read


def run(args: argparse.Namespace) -> int:
    """Print the review; 1 if a finding is as grave as --fail-on says, or nothing could be reviewed for the engine."""
    chosen = [it for it in (args.base, args.staged, args.range, args.diff) if it]
    if len(chosen) > 1:
        raise SwitchyardError("Choose one of --base, --staged, --range and --diff.")
    found = _changes(args)
    settings = read_settings(args.settings, Path(found.root))
    with terminal.progress() as progress:
        review, status = asyncio.run(_review(settings, found, progress))
    form = "json" if args.json else args.format
    said = FORMS[form](review)
    print(said if form in ("json", "sarif") else terminal.clean(said), end="")
    if review.failure:
        terminal.note(f"switchyard: {status or f'{review.failure}.'}")
        return 1
    return int(bool(args.fail_on) and any(_grave(it.finding.severity, args.fail_on) for it in review.reported))


def _changes(args: argparse.Namespace) -> Changes:
    """What is to be reviewed. Raises SwitchyardError."""
    wanted = Wanted(args.base, args.staged, args.range, args.diff)
    try:
        return changes(str(Path.cwd()), wanted, partial(files.given, args.diff, _LONGEST))
    except SwitchyardError as error:
        if args.diff:
            raise
        raise SwitchyardError(f"{error} A diff can be had with --diff FILE.") from error


def _grave(severity: Severity, least: Severity) -> bool:
    return GRAVITY[severity] >= GRAVITY[least]


async def _review(settings: Config, found: Changes, progress: Progress) -> tuple[Review, str]:
    """The review, and what there is to say of the engine if it does not work."""
    said: list[Status] = []
    async with aclosing(Router(settings, said.append, roots=[found.root])) as router:
        if found.files:
            progress(0, 0, "the engine")
            await ready(router, partial(progress, 0, 0))
        slots = await router.slots("review_changes")
        whole = Whole(router.ask, router.kept_out, settings.review.max_findings, progress, slots)
        review = await whole.review(found)
        counts = router.reviews.counts + _counted(review)
        known = counts.pop("remembered", 0)
        review = replace(review, known=known, counts=tuple(sorted(counts.items())))
        return review, "" if not said or said[-1].state == "ready" else said[-1].message


def _counted(review: Review) -> Counter[str]:
    return Counter(dict(review.counts))
