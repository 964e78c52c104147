"""What a model said -> what may be shown: total functions from text to an answer, or to None, which is silence.

A model repeats what already stands there, goes on for ever, wraps code in fences, chats, thinks aloud, writes
its own control tokens. Each rule below takes one such habit away; when a rule is not sure, nothing is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from router.context.brackets import CLOSERS, balanced, typed_over
from router.context.lines import around, depth, first_line, fitted, last_line, lf, line_end
from router.types import Insertion, Span

_PROSE = frozenset(
    "asciidoc git-commit gitcommit latex markdown mdx norg org plaintext quarto rmd restructuredtext rst tex text "
    "typst vimwiki".split()
)
_COMMENT = re.compile(r"\s*(#|//|/?\*|--|;|%|<!--)")
_CHATTER = re.compile(
    r"\s*((?:sure|certainly|of course)[,!]|here(?:'s| is| are)\b|i'm sorry|i am sorry|as an ai\b|i can(?:not|'t)\b)",
    re.I,
)
_THINKING = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>\s*", re.S)
_THOUGHT = re.compile(r"\A\s*<think|^[ \t]*</think", re.M)
_FENCE = re.compile(r"\A\s*```[^\n]*\n(?P<inside>.*?)(?:\n[ \t]*```.*|\Z)", re.S)
_NEXT_FENCE = re.compile(r"\n[ \t]*```")
_MARK = re.compile(r"<[|｜]/?[^\W\d][\w.▁-]*[|｜]>")  # a control token that nobody writes, of whatever family
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_COMMON = re.compile(  # lines that open or close many a block: one of them alone tells nothing
    r"\W*(?:(?:begin|break|case|catch|const|continue|def|default|do|else|end|ensure|except|finally|fn|for|func|function|if"
    r"|let|loop|pass|private|protected|public|return|static|switch|then|try|unsafe|var|void|while)\b\W*)*|[@#]\W?\w.*|\[\w+\]"
    r"|<\w[^<>]*>|//.*|/?\*.*"
)
_RULERS = "-=*#_~./ "  # what people draw lines with


def insertion(text: str, at: int, said: str, language: str = "", marks: Iterable[str] = ()) -> Insertion | None:
    """The insertion at `at` in `text` that a model meant when it `said` this, or None.

    `marks` are the control tokens of its family.
    """
    before, after = map(lf, around(text, at))
    meant = _without_marks(lf(said), marks)
    if not _in_prose(text, at, language):
        meant = _without_talk(meant)
    if _THOUGHT.search(meant) or (_CONTROL.search(meant) and not _known(_CONTROL.findall(meant), text)):
        return None
    meant = _one_line_inside_a_line(meant, after)
    meant = fitted(_going_on(meant, before), before)
    meant = _without_what_follows(meant, before, after)
    meant = balanced(before, after, meant, language)
    if _endless(before, meant):
        return None
    meant = _trimmed(meant, first_line(after))
    return place(text, at, meant) if meant.strip() else None


def place(text: str, at: int, meant: str) -> Insertion | None:
    """Put `meant` at `at`: in the document's own line ends, over closing brackets that stand there already.

    None when that would change nothing.
    """
    before, after = around(text, at)
    end = at + typed_over(before, first_line(after), lf(meant))
    meant = lf(meant).replace("\n", line_end(text))
    return None if not meant or text[at:end] == meant else Insertion(meant, Span(at, end))


def _trimmed(meant: str, rest: str) -> str:
    """Without blanks at its end; before the rest of a line, one may part it from what is said."""
    if CLOSERS.issuperset(rest):
        return meant.rstrip()
    return meant.rstrip() if rest[:1].isspace() else meant.rstrip("\n")


def _in_prose(text: str, at: int, language: str) -> bool:
    """Whether words and fences are at home here: in a text, a comment, a docstring."""
    if language in _PROSE or _COMMENT.match(last_line(around(text, at)[0])):
        return True
    quoted = any(text.count(quotes, 0, at) % 2 for quotes in ('"""', "'''"))
    return quoted or text.rfind("/*", 0, at) > text.rfind("*/", 0, at)


def _without_marks(said: str, marks: Iterable[str]) -> str:
    """Without thoughts that were thought to their end, and up to the first control token."""
    said = _THINKING.sub("", said)
    found = _MARK.search(said)
    own = (index for mark in marks if (index := said.find(mark)) >= 0)
    return said[: min([*own, found.start() if found else len(said)])]


def _without_talk(said: str) -> str:
    """Without fences; empty where it is chatter."""
    fenced, fence = _FENCE.match(said), _NEXT_FENCE.search(said)
    if fenced:
        said = fenced["inside"]
    elif fence:
        said = said[: fence.start()]
    if said.lstrip().startswith("```"):  # a fence of which only the first line was waited for
        return ""
    return "" if _CHATTER.match(said) else said


def _known(signs: list[str], text: str) -> bool:
    """Whether all of these invisible signs are ones that the document itself uses."""
    return all(sign in text for sign in signs)


def _one_line_inside_a_line(meant: str, after: str) -> str:
    """Inside a line only the line is continued, up to what stands there already: more would tear it apart."""
    rest = first_line(after)
    return meant if CLOSERS.issuperset(rest) else first_line(meant).removesuffix(rest.rstrip())


def _going_on(meant: str, before: str) -> str:
    """From the cursor on: a model that begins the line anew means what comes after what stands there."""
    line = last_line(before)
    typed, anew = line.strip(), meant.lstrip()
    if len(typed) < 3 or not anew.startswith(typed):
        return meant
    rest = anew[len(typed) :]
    return rest if line.rstrip() == line else rest.lstrip(" \t")


def _without_what_follows(meant: str, before: str, after: str) -> str:
    """Up to where it begins to repeat the lines that already stand after the cursor."""
    coming = [line.rstrip() for line in after.split("\n")[1:] if line.strip()][:2]
    lines = (last_line(before) + meant).split("\n")
    for index, line in enumerate(lines):
        if coming and line.rstrip() == coming[0] and _repeated(lines, index, coming):
            return "\n".join(meant.split("\n")[:index])
    return meant


def _repeated(lines: list[str], index: int, coming: list[str]) -> bool:
    """Whether a line that is equal to the one that follows the cursor is that one, and not one more of its kind."""
    ends = depth(coming[0]) < depth(lines[0]) or not coming[0].strip(")]};, \t")
    if ends or not _COMMON.fullmatch(coming[0].strip()):
        return True
    further = next((line.rstrip() for line in lines[index + 1 :] if line.strip()), None)
    return further is not None and coming[1:] == [further]


def _endless(before: str, meant: str) -> bool:
    """Whether it only says the same thing again and again, or the line above once more."""
    above, _, typed = before.rpartition("\n")
    if len(meant.strip()) > 3 and above.rsplit("\n", 1)[-1].strip() == (typed + meant).strip():
        return True
    lines = [line.strip() for line in meant.split("\n") if line.strip()]
    if any(len(set(lines[index : index + 3])) == 1 for index in range(len(lines) - 2) if len(lines[index]) > 3):
        return True
    tail = meant.rstrip()[-240:]
    for period in range(1, 41):
        stretch = tail[-period * 6 :]
        if len(stretch) == period * 6 and stretch == stretch[:period] * 6 and stretch.strip(_RULERS):
            return True
    return False
