"""What a model said -> an edit of the files that we named, or a refusal: total, and whatever is not sure is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from router.answers import thinking
from router.answers.ground import Ground
from router.context.lines import lf, line_end, parted
from router.editing import docs, hoisting, kinds, renaming, spoken, words
from router.editing.blocks import Block, Place, Unfit, blocks, hunks, marked, place
from router.editing.checks import Asked, objection, remark
from router.editing.narrowing import narrowed
from router.editing.spans import Scope, around, imports, lined, scope, shown
from router.editing.style import changes, fitted, restored
from router.editing.trees import code
from router.types import Answer, Change, Document, Edit, FileEdit, Refusal, Request, Span

NOTHING = "There is no definition here that could be documented; put the cursor into one."


def edit(request: Request, said: str, ground: Ground) -> Answer:
    """The edit that a model meant when it `said` this, held against its file; a Refusal with a reason else."""
    if not ground.whole:
        return Refusal("The model's answer broke off at its limit, so it was not applied; select less.")
    meant = spoken.without_marks(thinking.without(lf(said)), request.document.text)
    try:
        if request.task == "document":
            return _documented(request, meant)
        if kinds.kind(request.note) == "rename":
            return renaming.alone(request, meant)
        return _rewritten(request, meant)
    except Unfit as why:
        return Refusal(str(why))


# Fix and refactor


def _rewritten(request: Request, said: str) -> Answer:
    document = request.document
    about = scope(document, request.span)
    quoted = blocks(said) if marked(said) else hunks(said)
    made = _by_blocks(document, about, quoted) if quoted else _as_a_whole(request, about, said)
    asked = Asked(document, about.span, request.note if request.task == "refactor" else "")
    if why := objection(asked, made):
        return Refusal(why)
    notes = tuple(filter(None, (remark(asked, made),)))
    return Edit(_title(request, about), (FileEdit(document, made),), notes)


def _title(request: Request, about: Scope) -> str:
    named = f" {about.name}" if about.name else ""
    found = kinds.kind(request.note) if request.task == "refactor" else ""
    if found:
        return f"Refactor{named}: {kinds.KINDS[found].title}"
    return f"{request.task.capitalize()}{named}"


def _by_blocks(document: Document, about: Scope, quoted: Sequence[Block]) -> tuple[Change, ...]:
    """Blocks may change the lines of the scope, and the file's imports."""
    reach = [about.span]
    own = imports(document)
    if own is not None and (own.end < about.span.start or about.span.end < own.start):
        reach.append(own)
    held: dict[Span, list[Place]] = {span: [] for span in reach}
    for block in quoted:
        if block.path and not _same(block.path, document.path):
            raise Unfit("The model's answer names a file that it was not asked to change.")
        found = {
            span: it for span in reach if (it := place(block, shown(document, span), document.text, document.language))
        }
        if len(found) != 1:
            raise Unfit("The model's change quotes lines that do not stand here so, or not once; ask again.")
        span, its = found.popitem()
        held[span].append(its)
    made = [change for span in reach for change in _replaced(document, span, held[span])]
    return tuple(sorted(made, key=lambda it: it.start))


def _same(said: str, path: str) -> bool:
    """Whether a path that a model wrote is the end of the one that it was given."""
    own, its = ([part for part in it.replace("\\", "/").split("/") if part not in ("", ".")] for it in (path, said))
    return bool(its) and own[-len(its) :] == its


def _replaced(document: Document, span: Span, places: Sequence[Place]) -> tuple[Change, ...]:
    before = shown(document, span)
    after, reached = list[str](), 0
    for one in sorted(places, key=lambda it: it.first):
        if one.first < reached:
            raise Unfit("The model's changes overlap each other; ask again.")
        after += [*before[reached : one.first], *one.lines]
        reached = one.first + one.count
        _complete(one.lines, before, document)
    return _settled(document, span, [*after, *before[reached:]])


def _complete(lines: Sequence[str], before: Sequence[str], document: Document) -> None:
    if spoken.leaves_out(lines, before, document.language):
        raise Unfit("The model left out lines that it was to repeat; ask again, or select less.")


def _settled(document: Document, span: Span, after: Sequence[str]) -> tuple[Change, ...]:
    """The changes that make these lines of a span of the document."""
    own = document.text[span.start : span.end]
    return changes(own, restored(own, shown(document, span), after, line_end(document.text)), span.start)


def _as_a_whole(request: Request, about: Scope, said: str) -> tuple[Change, ...]:
    document = request.document
    before = shown(document, about.span)
    lines = narrowed(spoken.code(said, about.name, document.language, before), about, document)
    head: tuple[Change, ...] = ()
    leading = hoisting.led(lines, document.language)
    if 0 < leading < len(lines) and not hoisting.led([line.strip() for line in before], document.language):
        head, lines = hoisting.hoisted(document, lines[:leading]), lines[leading:]
    left = _left(document, about, before, lines)
    _complete(lines, before, document)
    set_right = fitted(lines, before[left:], document.text, document.language)
    made = _settled(document, about.span, [*before[:left], *set_right])
    if head and head[0].start > about.span.start:
        raise Unfit("The model's answer needs an import, and this file has no place for it that is certain.")
    return (*head, *made)


def _left(document: Document, about: Scope, before: Sequence[str], lines: Sequence[str]) -> int:
    """How many of the comments and decorators that a definition begins with a model has left out at the start."""
    above = document.text[about.span.start : lined(document.text, Span(about.at, about.at)).start]
    count = len(parted(above)) if about.name else 0
    first, bare = lines[0].strip(), [line.strip() for line in before[: count + 1]]
    return bare.index(first) if first in bare else count if _names(first, about.name) else 0


def _names(line: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", line) is not None and not line.startswith(("@", "#", "/", "*"))


# Document


def _documented(request: Request, said: str) -> Answer:
    document = request.document
    found = around(document, request.span)
    if found is None:
        raise Unfit(NOTHING)
    where = docs.place(document, found)
    end = line_end(document.text)
    text = words.laid(words.words(said, found.name, document.language), where, document, end)
    change = Change(where.start, where.end, f"{where.lead}{text}{where.tail}")
    asked = Asked(document, Span(where.start, where.end), f"replace {found.name}")
    after = document.text[: change.start] + change.text + document.text[change.end :]
    if why := objection(asked, (change,)):
        return Refusal(why)
    if (before := code(document.language, document.text)) is None or before != code(document.language, after):
        return Refusal("The documentation can't be told from the code here, so it was not applied.")
    its = (
        lined(document.text, Span(where.start, where.end)) if where.start < where.end else Span(where.start, where.end)
    )
    own = document.text[its.start : its.end]
    made = changes(own, after[its.start : len(after) - (len(document.text) - its.end)], its.start)
    return Edit(f"Document {found.name}", (FileEdit(document, made),))
