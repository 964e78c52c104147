"""What a model said -> what may be shown: total functions from text to an answer, or to None, which is silence.

A model repeats what already stands there, goes on for ever, wraps code in fences, chats, thinks aloud, writes
its own control tokens. Each rule below takes one such habit away; when a rule is not sure, nothing is shown.
"""

from __future__ import annotations

import re
from functools import cache

from router.models import families
from router.types import Insertion, Span

_CHATTER = re.compile(
    r"\s*(sure[,! ]|certainly\b|here(?:'s| is| are)\b|i'm sorry|i am sorry|as an ai|i can(?:not|'t)\b)", re.I
)
_THINKING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>\s*", re.S)
_FENCE = re.compile(r"\A\s*```[^\n]*\n(?P<inside>.*?)(?:\n```.*|\Z)", re.S)
_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_PAIRS = {")": "(", "]": "[", "}": "{"}
_CLOSERS = frozenset(")]}>\"'`;,: \t")
_RULERS = "-=*#_~./ "  # what people draw lines with
_NEAR = 4_000  # code points to either side of the cursor that the rules look at


def insertion(text: str, at: int, said: str) -> Insertion | None:
    """The insertion at `at` in `text` that a model meant when it `said` this, or None."""
    before, after = text[max(0, at - _NEAR) : at], text[at : at + _NEAR]
    meant = _plain(said)
    if meant is None or (_CONTROL.search(meant) and not _known(_CONTROL.findall(meant), text)):
        return None
    meant = _one_line_inside_a_line(_lf(meant), after)
    meant = _indented(_going_on(meant, before), before)
    meant = _without_what_follows(meant, before, after)
    meant = balanced(before, after, meant)
    if _endless(before, meant):
        return None
    meant = meant.rstrip()
    return place(text, at, meant) if meant.strip() else None


def place(text: str, at: int, meant: str) -> Insertion | None:
    """Put `meant` at `at`: in the document's own line ends, over closing brackets that stand there already.

    None when that would change nothing.
    """
    rest = _first_line(text[at : at + _NEAR])
    end = at + len(rest.rstrip()) if _typed_over(rest, meant) else at
    meant = _lf(meant).replace("\n", _line_end(text))
    return None if not meant or text[at:end] == meant else Insertion(meant, Span(at, end))


def _typed_over(rest: str, meant: str) -> bool:
    """Whether what stands behind the cursor is only closing signs, and `meant` brings the same ones itself."""
    closers = rest.strip()
    if not closers or not _CLOSERS.issuperset(closers):
        return False
    brackets = [sign for sign in closers if sign in _PAIRS]
    told = iter(meant)
    return all(sign in told for sign in closers) and _unopened(meant)[: len(brackets)] == brackets


def balanced(before: str, after: str, meant: str) -> str:
    """`meant`, cut before the first bracket that closes nothing which is still open.

    Closing signs right behind the cursor count as not there: an editor put them, and they will be typed over.
    """
    rest = _first_line(after)
    spare = _spare(before, after[len(rest) :] if _CLOSERS.issuperset(rest) else after)
    own: list[str] = []
    for index, sign in _brackets(meant):
        if sign not in _PAIRS:
            own.append(sign)
        elif not (own or spare) or (own or spare).pop() != _PAIRS[sign]:
            return meant[:index]
    return meant


def _spare(before: str, after: str) -> list[str]:
    """The brackets opened `before` that nothing `after` closes, outermost first."""
    spare = _unclosed(before)
    for sign in _unopened(after):
        matching = next((index for index in reversed(range(len(spare))) if spare[index] == _PAIRS[sign]), None)
        if matching is not None:
            del spare[matching]
    return spare


def _plain(said: str) -> str | None:
    """Without thinking, fences, chatter and control tokens; None where nothing trustworthy is left."""
    said = _THINKING.sub("", said)
    if "<think" in said or "</think" in said:
        return None
    fenced = _FENCE.match(said)
    if fenced:
        said = fenced["inside"]
    elif "\n```" in said:
        said = said[: said.index("\n```")]
    if _CHATTER.match(said):
        return None
    mark = min((found for mark in _marks() if (found := said.find(mark)) >= 0), default=len(said))
    return said[:mark]


@cache
def _marks() -> frozenset[str]:
    return frozenset(mark for family in families.table().values() for mark in family.marks)


def _known(signs: list[str], text: str) -> bool:
    """Whether all of these invisible signs are ones that the document itself uses."""
    return all(sign in text for sign in signs)


def _one_line_inside_a_line(meant: str, after: str) -> str:
    """Inside a line only the line is continued, up to what stands there already: more would tear it apart."""
    rest = _first_line(after)
    return meant if _CLOSERS.issuperset(rest) else _first_line(meant).removesuffix(rest)


def _going_on(meant: str, before: str) -> str:
    """From the cursor on: a model that begins the line anew means what comes after what stands there."""
    line = before[before.rfind("\n") + 1 :]
    typed, anew = line.strip(), meant.lstrip()
    if len(typed) < 3 or not anew.startswith(typed):
        return meant
    rest = anew[len(typed) :]
    return rest if line.rstrip() == line else rest.lstrip(" \t")


def _indented(meant: str, before: str) -> str:
    """On a blank line: with no more indentation than the place asks for."""
    line = before[before.rfind("\n") + 1 :]
    if line.strip():
        return meant
    body = meant.lstrip("\n")
    own = body[: len(body) - len(body.lstrip(" \t"))]
    above = next((text for text in reversed(before.split("\n")[:-1]) if text.strip()), "")
    depth = above[: len(above) - len(above.lstrip(" \t"))]
    wanted = depth + (_unit(before) if above.rstrip().endswith((":", "{", "(", "[")) else "")
    if own and len(line) + len(own) > len(wanted):
        return wanted[len(line) :] + body.lstrip(" \t")
    return body


def _unit(text: str) -> str:
    """One step of indentation as this text makes it."""
    if re.search(r"^\t", text, re.M):
        return "\t"
    steps = [len(step) for step in re.findall(r"^( {2,8})\S", text, re.M)]
    return " " * min(steps, default=4)


def _without_what_follows(meant: str, before: str, after: str) -> str:
    """Up to where it begins to repeat the lines that already stand after the cursor."""
    coming = next((line.rstrip() for line in after.splitlines()[1:] if line.strip()), None)
    lines = (before[before.rfind("\n") + 1 :] + meant).split("\n")
    repeated = next((index for index, line in enumerate(lines) if line.rstrip() == coming), None)
    return meant if repeated is None else "\n".join(meant.split("\n")[:repeated])


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


def _unclosed(before: str) -> list[str]:
    """The brackets that are open at the end of a text, outermost first."""
    stack: list[str] = []
    for _, sign in _brackets(before):
        if sign in _PAIRS.values():
            stack.append(sign)
        elif stack and stack[-1] == _PAIRS[sign]:
            stack.pop()
    return stack


def _unopened(after: str) -> list[str]:
    """The closing brackets of a text that nothing in it opened, in order."""
    stack: list[str] = []
    loose: list[str] = []
    for _, sign in _brackets(after):
        if sign in _PAIRS.values():
            stack.append(sign)
        elif stack:
            stack.pop()
        else:
            loose.append(sign)
    return loose


_BRACKETS = re.compile(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\\n])*`|[()\[\]{}]")


def _brackets(text: str) -> list[tuple[int, str]]:
    """The brackets of a text that stand outside strings (as far as one line tells), with their places."""
    return [(found.start(), found[0]) for found in _BRACKETS.finditer(text) if len(found[0]) == 1]


def _lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _first_line(text: str) -> str:
    return re.split(r"[\r\n]", text, maxsplit=1)[0]


def _line_end(text: str) -> str:
    found = re.search(r"\r\n|\n|\r", text)
    return found[0] if found else "\n"
