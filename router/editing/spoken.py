"""The code in what a model said: out of its fence, without its talk and its control tokens, with nothing left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from router.context.tagging.language import language
from router.editing.blocks import Unfit
from router.editing.style import key
from router.editing.trees import tagged

_OPEN = re.compile(r"( *)(`{3,}|~{3,})[^`]*")
_MARK = re.compile(r"<[|｜]/?[^\W\d][\w.▁-]*[|｜]>|</?s>\s*\Z|<(?:end|start)_of_turn>")  # control tokens, of any family
_LEFT_OUT = re.compile(  # what stands for lines that a model did not care to repeat
    r"(?:\.\.\.|…).{0,60}\b(?:code|existing|method|function|rest|remain\w*|same|unchanged|previous|other|omitted|above|below)\b"
    r"|\b(?:rest|remainder) of (?:the|your|this)\b|\b(?:remain\w*|existing|original|previous|other|same) (?:\w+ ){0,3}"
    r"(?:code|unchanged|methods?|functions?|logic|implementation|here|as before|stays?|remains?)\b"
    r"|\b(?:unchanged|omitted|as before|no changes?)\b|^\W*(?:\.\.\.|…)\W*$",
    re.I,
)
_SHOWN = re.compile(r"\s*(?:<<<[0-9a-f]{16} \w+|[0-9a-f]{16}>>>)\s*")
_DOTS = re.compile(r"\s*(?:\.{3}|…)\s*")


def without_marks(said: str, text: str) -> str:
    """What was said up to the first control token that the file itself does not hold."""
    found = next((it for it in _MARK.finditer(said) if it[0].strip() not in text), None)
    return said[: found.start()] if found else said


def code(said: str, name: str, spoken: str, shown: Sequence[str]) -> list[str]:
    """The lines of code in an answer. Raises Unfit where there are none, or two that differ.

    Fenced; of several fences, that which defines `name` and is not what was `shown`; else that which stands alone.
    Without a fence, all of it, if it defines the name or begins as what was shown does.
    """
    held = fenced(said)
    if not held:
        lines = _trimmed(_unfenced(said.split("\n")))
        if lines and (
            name in _defined(spoken, lines) or [line.strip() for line in _trimmed(shown)[:1]] == [lines[0].strip()]
        ):
            return lines
        raise Unfit("The model's answer holds no code; ask again.")
    own = [key(line).strip() for line in _trimmed(shown)]
    wanted = [it for it in held if name and name in _defined(spoken, it)] or held
    others = [it for it in wanted if [key(line).strip() for line in it] != own]
    if len(others) > 1:
        raise Unfit("The model answered with several versions, and did not say which it means; ask again.")
    return (others or wanted)[0]


def fenced(said: str) -> list[list[str]]:
    """What stands between fences, in order, each once and none empty; a fence that is not closed ends with the text."""
    found: list[list[str]] = []
    inside: list[str] | None = None
    closing = re.compile("")
    for line in said.split("\n"):
        opening = _OPEN.fullmatch(line)
        if inside is None and opening:
            inside = []
            closing = re.compile(rf" {{0,{len(opening[1])}}}{opening[2][0]}{{{len(opening[2])},}}[ \t]*")
        elif inside is not None and closing.fullmatch(line):
            found.append(inside)
            inside = None
        elif inside is not None:
            inside.append(line)
    bare = (_trimmed(_unfenced(it)) for it in ([*found, inside] if inside else found))
    return [list(it) for it in dict.fromkeys(tuple(it) for it in bare) if it]


def _unfenced(lines: Sequence[str]) -> list[str]:
    """Without the marks between which the prompt showed the code."""
    return [line for line in lines if not _SHOWN.fullmatch(line)]


def _trimmed(lines: Iterable[str]) -> list[str]:
    """Without the empty lines at both ends."""
    held = list(lines)
    while held and not held[0].strip():
        del held[0]
    while held and not held[-1].strip():
        del held[-1]
    return held


def _defined(spoken: str, lines: Sequence[str]) -> set[str]:
    return {it.name for it in tagged(spoken, "\n".join(lines)).definitions}


def leaves_out(lines: Sequence[str], shown: Sequence[str], spoken: str) -> bool:
    """Whether a new line stands for others, as in `# ... rest of the code`."""
    known = {key(line).strip() for line in shown}
    new = (line for line in lines if key(line).strip() not in known)
    return any(_stands_for_others(line, spoken) for line in new)


def _stands_for_others(line: str, spoken: str) -> bool:
    if _DOTS.fullmatch(line):
        return True
    found = language(spoken)
    signs = [sign for sign in ((found.line, *(found.block or ())) if found else ("#", "//")) if sign]
    bare = line.strip()
    sign = next((sign for sign in signs if bare.startswith(sign)), None)
    return sign is not None and _LEFT_OUT.search(bare.removeprefix(sign)) is not None
