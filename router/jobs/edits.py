"""What fix, document and refactor are about, and the fields that only they have: the form, the style, the lines."""

from __future__ import annotations

import re

from router.context import privacy
from router.editing import docs, formats, kinds, renaming
from router.editing.blocks import Unfit
from router.editing.formats import Format
from router.editing.spans import around, imports, lined, scope, shown
from router.editing.trees import tagged
from router.jobs.fields import AROUND, About
from router.types import Document, Request, Route, Span, Task

_NEIGHBOURS, _LONGEST = 3, 600  # definitions that show how documentation is written here; code points of each
_BILLIONS = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d)?)b(?![a-z])", re.I)


def about(task: Task, request: Request) -> About:
    """The lines that an answer may replace, or the definition that is documented."""
    if task.name == "document":
        found = around(request.document, request.span)
        if found is not None:
            return About(lined(request.document.text, found.span), found.name)
    its = scope(request.document, request.span)
    return About(its.span, _target(request) or its.name)


def _target(request: Request) -> str:
    """The name that is to be changed."""
    if kinds.kind(request.note) != "rename":
        return ""
    try:
        return renaming.asked(request).name
    except Unfit:
        return ""


def more(task: Task, request: Request, about: About, route: Route) -> dict[str, str]:
    """The fields beside those that all tasks have."""
    document = request.document
    code = "\n".join(shown(document, about.span))
    form = _form(task, request, code, route)
    given = {"format": formats.TEXTS[form].replace("{name}", about.name)}
    if task.name == "document":
        return given | {"style": _style(document, about), "around": ""}
    given |= {"selected": _selected(request, about), "diagnostics": _quoted(request)}
    own = imports(document)
    if own is not None and document.text.count("\n", own.end, max(own.end, about.span.start)) > AROUND:
        given["imports"] = "\n".join(shown(document, own))
    return given


def _form(task: Task, request: Request, code: str, route: Route) -> Format:
    if task.name == "document":
        return "doc"
    if task.name == "refactor" and kinds.kind(request.note) == "rename":
        return "name"
    found = _BILLIONS.search(route.model)
    return formats.chosen(code, float(found[1]) if found else task.least, task.max_tokens)


def _selected(request: Request, about: About) -> str:
    """The lines that it is about, where they are only some of those that are shown: their numbers tell nothing here."""
    chosen = lined(request.document.text, request.span)
    whole = chosen.start <= about.span.start and about.span.end <= chosen.end
    anywhere = request.task == "refactor" and request.span.start == request.span.end
    return "" if whole or anywhere or request.diagnostics else "\n".join(shown(request.document, chosen))


def _quoted(request: Request) -> str:
    """What tools say, each beneath the first line that it is said of."""
    said: list[str] = []
    for one in request.diagnostics:
        line = shown(request.document, lined(request.document.text, Span(one.span.start, one.span.start)))
        source = f" ({one.source})" if one.source else ""
        said += [*line[:1], f"  ^ {' '.join(one.message.split())}{source}"]
    return "\n".join(said)


def _style(document: Document, about: About) -> str:
    """How the nearest definitions of the same file are documented, each to the letter."""
    found = [it for it in tagged(document.language, document.text).definitions if it.doc and it.name != about.name]
    found.sort(key=lambda it: abs(it.span.start - about.span.start))
    stretches: list[str] = []
    for one in found[:_NEIGHBOURS]:
        try:
            where = docs.place(document, one)
        except Unfit:
            continue
        said = privacy.clean(document.text[where.start : where.end]).strip("\n")
        stretches += [said] if 0 < len(said) <= _LONGEST else []
    return "\n\n".join(stretches)
