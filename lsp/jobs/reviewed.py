"""What of a saved document is to be reviewed, and what was found of it, as a review in an editor asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from lsp.documents import Open
from lsp.jobs.findings import Shown, found_again
from lsp.wire import log
from router import Superseded, SwitchyardError
from router.types import Delta, Document, Finding, Findings, Request

if TYPE_CHECKING:
    from router.engine import Router
    from router.reviewing.types import Unit


class Due(Struct, frozen=True):
    """What is to be reviewed of a document, and what need not be."""

    units: tuple[Unit, ...]
    settled: tuple[Unit, ...]


def due(router: Router, now: Document, opened: str) -> Due:
    """What has changed since it was last reviewed, or since `opened`: what was mended meanwhile and is back, counts as
    changed."""
    from router.reviewing.changed import units
    from router.reviewing.reading import Code

    there = frozenset(it.digest for it in units(Code(now.language, opened)))
    known = (router.reviews.memory.seen(now.path) or there) & there
    found = units(Code(now.language, now.text))
    return Due(tuple(it for it in found if it.digest not in known), tuple(it for it in found if it.digest in known))


async def answer(router: Router, request: Request) -> Findings | None:
    """What the router finds; None where it could not look, which is silent: nobody has asked for it."""
    try:
        async with aclosing(router.ask(request)) as answers:
            async for item in answers:
                if isinstance(item, Findings):
                    return item
                if not isinstance(item, Delta):
                    log.info("a review was refused")
    except Superseded:
        pass
    except SwitchyardError as error:
        log.info("a review failed: %s", type(error).__name__)
    return None


def shown(now: Document, found: Sequence[Finding]) -> list[Shown]:
    from router.reviewing.fingerprints import within
    from router.reviewing.proofs import marked
    from router.reviewing.reading import Code

    code = Code(now.language, now.text)
    return [Shown(marked(it, code), it, within(code.tags.definitions, it.span)) for it in found]


def again(now: Document, known: Sequence[Finding], router: Router) -> list[Shown]:
    """Those of an earlier time that stand in the text as they did, and were not dismissed since."""
    from router.reviewing.quoting import Text

    text = Text(now.text)
    moved = [it for one in known if (it := found_again(Shown("", one), now.text, text)) is not None]
    unwanted = router.reviews.memory.dismissals(router.naming.root(now.path)).unwanted
    found = [replace(it.finding, path=now.path) for it in moved]
    return [it for it in shown(now, found) if not unwanted(it.id, it.finding.rule)]


def of(it: Shown, unit: Unit, now: Document, document: Open) -> bool:
    """Whether a finding belongs to a definition that was reviewed anew."""
    if unit.name:
        return it.within == unit.name or it.within.startswith(f"{unit.name}.")
    return document.text == now.text and unit.span.start <= it.finding.span.start < unit.span.end


def where(shown: list[Shown], then: str, now: str) -> list[Shown]:
    """Findings of one text in another, which may have been edited and not been saved."""
    if then == now:
        return shown
    from router.reviewing.quoting import Text

    text = Text(now)
    return [it for one in shown if (it := found_again(one, now, text)) is not None]


def key(path: str) -> str:
    return f"shown in {path}"


def signs(name: str) -> tuple[str, str]:
    """What begins and ends a comment in a language."""
    from router.context.tagging.language import language

    found = language(name)
    if found is None or found.line or found.block is None:
        return (found.line if found and found.line else "#"), ""
    return found.block
