"""A finding's fix as changes of the text: laid out as the place is, parsed, and only if it changes the code. Pure."""

from __future__ import annotations

import re

from router.context.lines import lf, line_end
from router.editing import trees
from router.reviewing.reading import Code
from router.types import Change, Span

_FENCE = re.compile(r"\A\s*```[^\n]*\n(.*?)\n?[ \t]*```\s*\Z", re.S)
_BLANK = re.compile(r"[ \t]*")


def fixed(text: str, span: Span, quote: str, fix: str) -> Change:
    """The change that puts `fix` in the place of what was quoted, as deep as that stands."""
    said = lf(found[1] if (found := _FENCE.match(fix)) else fix).strip("\n").rstrip()
    first, *others = said.split("\n")
    deep = _indent(text, span.start)
    if deep is not None:
        own = [_BLANK.match(line)[0] for line in others if line.strip()]  # type: ignore[index]
        said_first = _BLANK.match(first)[0] if first.strip() else ""  # type: ignore[index]
        missing = deep.removeprefix(said_first) if deep.startswith(said_first) else ""
        if missing and own and all(len(it) >= len(deep) for it in own) and not said_first:
            missing = ""  # only the first line was said without its indentation
        others = [missing + line if line.strip() else "" for line in others]
    return Change(span.start, span.end, line_end(text).join([first.lstrip(" \t"), *others]))


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
