"""A finding's fix as changes of the text: laid out as the place is, parsed, and only if it changes the code. Pure."""

from __future__ import annotations

import re

from router.context.lines import lf, line_end
from router.editing import trees
from router.reviewing.reading import Code
from router.types import Change, Span

_FENCE = re.compile(r"\A\s*```[^\n]*\n(.*?)\n?[ \t]*```\s*\Z", re.S)


def fixed(text: str, span: Span, quote: str, fix: str) -> Change:
    """The change that puts `fix` in the place of what was quoted, as deep as that stands."""
    said = lf(found[1] if (found := _FENCE.match(fix)) else fix).strip("\n").rstrip()
    first, *others = said.split("\n")
    missing = _missing(text, span, quote, first, others)
    others = [missing + line if line.strip() else "" for line in others]
    return Change(span.start, span.end, line_end(text).join([first.lstrip(" \t"), *others]))


def _missing(text: str, span: Span, quote: str, first: str, others: list[str]) -> str:
    """The indentation that a model has left out of all lines: by what it quotes, else by what it says."""
    quoted, real = (_depths(lf(it)) for it in (quote.strip("\n"), text[span.start : span.end]))
    if quoted and len(quoted) == len(real):
        return real[0].removesuffix(quoted[0]) if real[0].endswith(quoted[0]) else ""
    deep, own = _indent(text, span.start), [_blank(line) for line in others if line.strip()]
    if deep is None or (not _blank(first) and own and min(map(len, own)) > len(deep)):
        return ""  # it begins within a line; or only the first was said without its indentation
    return deep.removeprefix(_blank(first)) if deep.startswith(_blank(first)) else ""


def _depths(text: str) -> list[str]:
    """How deep all lines but the first begin."""
    return [_blank(line) for line in text.split("\n")[1:] if line.strip()]


def _blank(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _indent(text: str, at: int) -> str | None:
    """The indentation of a line that begins at a place; None: it does not."""
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    before = text[start:at]
    return before if not before.strip(" \t") else None


def mends(code: Code, change: Change) -> bool:
    """Whether a change leaves the text as sound as it was, and is one of the code: not of blanks and comments."""
    after = Code(code.language, code.text[: change.start] + change.text + code.text[change.end :])
    if after.root is None or code.root is None:
        return "".join(change.text.split()) != "".join(code.text[change.start : change.end].split())
    return after.faults <= code.faults and trees.code(code.language, after.text) != trees.code(code.language, code.text)
