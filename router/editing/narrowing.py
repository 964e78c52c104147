"""Of an answer that says more than it was asked about, what was: out of its class, without the rest of the file."""

from __future__ import annotations

from collections.abc import Sequence

from router.context.tagging.tags import Definition
from router.editing.blocks import Unfit
from router.editing.hoisting import led
from router.editing.spans import SMALL, Scope, lined, with_lead
from router.editing.style import key
from router.editing.trees import tagged
from router.types import Document, Span


def narrowed(lines: Sequence[str], about: Scope, document: Document) -> list[str]:
    """The lines of the definition that was asked about, and of new ones beside it; all, if there is nothing else.

    Raises Unfit where what else is said is not what the file says: half of a change is none.
    """
    answer = Document("", document.language, 0, "\n".join(lines))
    found = [it for it in tagged(document.language, answer.text).definitions if it.kind not in SMALL]
    wanted = _wanted(found, about, document, answer)
    if wanted is None:
        return list(lines)
    there = _others(document, about)
    beside = [it for it in found if it.parent == wanted.parent]
    kept = [it for it in beside if it is wanted or it.name not in there]
    if wanted.parent == "" and len(kept) == len(beside):
        return list(lines)
    taken = [with_lead(answer, lined(answer.text, it.span)) for it in kept]
    _agreed(answer, [*taken], document, {it.name for it in beside if it not in kept})
    apart = [""] if wanted.parent else ["", ""]
    parts = [answer.text[span.start : span.end].split("\n") for span in taken]
    imports = list(lines[: led(lines, document.language)])
    return [*imports, *parts[0], *(line for part in parts[1:] for line in (*apart, *part))]


def _wanted(found: Sequence[Definition], about: Scope, document: Document, answer: Document) -> Definition | None:
    """The definition that an answer is about: of this name, kind and header; None: none. Raises Unfit for several."""
    named = [it for it in found if about.name and it.name == about.name and it.parent in ("", about.parent)]
    named = [it for it in named if it.kind == about.kind] or named
    if len(named) > 1:
        header = _line(document.text, about.at)
        named = [it for it in named if _line(answer.text, it.at) == header]
        if len(named) != 1:
            raise Unfit(f"The model's answer defines {about.name} several times; ask again.")
    return named[0] if named else None


def _line(text: str, at: int) -> str:
    line = lined(text, Span(at, at))
    return text[line.start : line.end].strip()


def _others(document: Document, about: Scope) -> dict[str, Definition]:
    """The definitions beside the one that was asked about."""
    known = tagged(document.language, document.text).definitions
    outside = (it for it in known if not about.span.start <= it.span.start < about.span.end)
    return {it.name: it for it in outside if it.parent == about.parent and it.kind not in SMALL}


def _agreed(answer: Document, taken: Sequence[Span], document: Document, dropped: set[str]) -> None:
    """Raises Unfit if a line that is not taken is none of the document's."""
    own = {key(line).strip() for line in document.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")}
    at = 0
    for line in answer.text.split("\n"):
        inside = any(span.start <= at <= span.end for span in taken)
        if not inside and line.strip() and key(line).strip() not in own and not _abridged(line):
            more = f" ({', '.join(sorted(dropped))})" if dropped else ""
            raise Unfit(f"The model changed more than it was asked about{more}; ask again, or select all of it.")
        at += len(line) + 1


def _abridged(line: str) -> bool:
    """Whether a line only stands for what a model did not care to repeat, where that need not be repeated."""
    bare = line.strip()
    return bare in ("...", "…", "pass") or bare.startswith(("#", "//", "/*", "*", "--"))
