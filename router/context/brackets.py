"""Brackets and quotes as far as a text alone tells: what is open, what closes nothing, what stands there already."""

from __future__ import annotations

import re
from functools import cache
from typing import TypeAlias

from router.context.lines import depth, last_line, lf

TYPED_FOR_YOU = ")]}>\"'`"  # what an editor closes by itself
CLOSERS = frozenset(")]}>\"'`;,: \t")  # what an editor puts behind the cursor, and what ends a line
PAIRS = {")": "(", "]": "[", "}": "{"}
Found: TypeAlias = "tuple[int, str]"  # where a bracket stands, and which it is

SHELLS = frozenset({"bash", "sh", "shellscript", "zsh"})

_STRING = r'''
    """[\s\S]*?""" | \'\'\'[\s\S]*?\'\'\' | "(?:\\.|[^"\\\n])*" | `(?:\\.|[^`\\\n])*`
  | (?<=[<&])'[a-z_]\w*\b(?!')                                    # a lifetime
  | (?<!\w)[bBfFrRuUL]{0,2}'(?:\\.|[^'\\\n])*'(?!\w)              # not an apostrophe, nor between digits
  | (?<=[(,=:!&|?;{}])[ ]*/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\\\n]){0,80}\]|[^/\\\n\[]){1,200}/   # a regular expression
'''
_COMMENT = r"/\*[\s\S]*?\*/ | (?<!\S)(?:\#[ !#]|--[ -]).*"
_SLASHES = r"(?<!\S)//.*"
_DIVIDING = SHELLS | {"elixir", "lua", "perl", "python", "r", "ruby"}  # where `//` is no comment
_RUN = re.compile(r"[)\]};, \t]*$", re.M)
_MARK = re.compile(r"\s*\d+")  # of a list, as in `1)`
_CASE = re.compile(r"^[ \t]*case\b.*\bin[ \t]*$", re.M)
_PATTERN = re.compile(r"\s*[\w*?.|\"'$\[\]-]+")  # of a shell's `case`, as in `start)`


@cache
def _tokens(dividing: bool) -> re.Pattern[str]:
    slashes = "" if dividing else f"| {_SLASHES}"
    return re.compile(rf"{_STRING} | {_COMMENT} {slashes} | [()\[\]{{}}]", re.X)


def brackets(text: str, language: str = "") -> list[Found]:
    """The brackets of a text that stand outside strings and comments."""
    return [(found.start(), found[0]) for found in _tokens(language in _DIVIDING).finditer(text) if len(found[0]) == 1]


def unclosed(found: list[Found]) -> list[Found]:
    """The brackets that are open at the end, outermost first."""
    stack: list[Found] = []
    for index, sign in found:
        if sign not in PAIRS:
            stack.append((index, sign))
        elif stack and stack[-1][1] == PAIRS[sign]:
            stack.pop()
    return stack


def unopened(found: list[Found]) -> list[Found]:
    """The closing brackets that nothing among these opened, in order."""
    stack: list[str] = []
    loose: list[Found] = []
    for index, sign in found:
        if sign not in PAIRS:
            stack.append(sign)
        elif stack:
            stack.pop()
        else:
            loose.append((index, sign))
    return loose


def balanced(before: str, after: str, meant: str, language: str = "") -> str:
    """`meant`, cut before the first bracket that closes nothing which is still open, if it begins or ends its line.

    Elsewhere such a sign is a case, an item, a smile. Closing signs right behind the cursor count as not there:
    an editor put them, and they will be typed over.
    """
    before, after = lf(before), lf(after)
    rest = after.partition("\n")[0]
    text, start = before + meant, len(before)
    found = brackets(text, language)
    opened = [one for one in found if one[0] < start]
    spare = _spare(opened, before, after[len(rest) :] if CLOSERS.issuperset(rest) else after, language)
    own: list[str] = []
    again = ""  # what the line opens again that it has closed: it will be closed by what closed it before
    for index, sign in found[len(opened) :]:
        if sign not in PAIRS:
            own += [] if sign == again else [sign]
            again = "" if sign == again else again
        elif (own or spare)[-1:] == [PAIRS[sign]]:
            (own or spare).pop()
        elif _opened_again(text, index):
            again = PAIRS[sign]
        elif _ends_a_block(text, index, language):
            return text[start:index]
    return meant


def _opened_again(text: str, index: int) -> bool:
    """Whether a line opens last what it closes, as in `} else {`."""
    line = text[index:].partition("\n")[0].rstrip(" \t|")
    return len(line) > 1 and line[-1] == PAIRS[line[0]]


def _ends_a_block(text: str, index: int, language: str) -> bool:
    """Whether a closing bracket begins its line, or belongs to the closing signs at its end."""
    head = text[text.rfind("\n", 0, index) + 1 : index]
    if not head.strip(")]};, \t"):
        return True
    if text[index] == ")" and (_MARK.fullmatch(head) or (_PATTERN.fullmatch(head) and _in_case(text, index, language))):
        return False
    return _RUN.match(text, index) is not None


def _in_case(text: str, index: int, language: str) -> bool:
    return language in SHELLS or _CASE.search(text, 0, index) is not None


def _spare(found: list[Found], before: str, after: str, language: str) -> list[str]:
    """The brackets among those `found` in `before` the cursor that nothing `after` it closes, outermost first."""
    spare = unclosed(found)
    levels = [depth(before[before.rfind("\n", 0, index) + 1 :].partition("\n")[0]) for index, _ in spare]
    for index, sign in unopened(brackets(after, language)):
        line = after[after.rfind("\n", 0, index) :].partition("\n")[2].partition("\n")[0]
        level = depth(line) if "\n" in after[:index] and line.lstrip()[0] in PAIRS else None
        if (matching := _match(spare, levels, PAIRS[sign], level)) is not None:
            del spare[matching], levels[matching]
    return [sign for _, sign in spare]


def _match(spare: list[Found], levels: list[int], opening: str, level: int | None) -> int | None:
    """Which of the `spare` brackets is closed by one on a line at this level; the innermost where that is not known."""
    fitting = [index for index, one in enumerate(spare) if one[1] == opening]
    if level is not None:
        fitting = [index for index in fitting if levels[index] <= level]
        fitting = [index for index in fitting if levels[index] == level] or fitting
    return fitting[-1] if fitting else None


def typed_over(before: str, rest: str, meant: str) -> int:
    """How many signs of `rest`, behind the cursor, `meant` brings itself; 0 unless all of them are closing signs."""
    if not CLOSERS.issuperset(rest):
        return 0
    head = last_line(before)
    within = [(index - len(head), sign) for index, sign in brackets(head + meant) if index >= len(head)]
    loose, told, last = unopened(within), 0, -1
    for run in re.finditer(r"([\"'`])\1*|\S", rest):
        place = _told(run[0], meant, last, loose)
        if place is None:
            break
        told, last = run.end(), place
    return told


def _told(sign: str, meant: str, last: int, loose: list[Found]) -> int | None:
    """Where `meant` says a closing sign of its own, after the `last` one; None: it does not."""
    if sign in PAIRS:
        index, other = next((one for one in loose if one[0] > last), (-1, ""))
        return index if other == sign else None
    if sign == ">":
        return _unopened_angle(meant, last)
    if sign[0] in "\"'`":
        places = [found.start() for found in re.finditer(rf"\\.|{sign}", meant) if found[0] == sign]
        return places[-1] if len(places) % 2 and places[-1] > last else None
    return _ending(sign, meant, last)


def _unopened_angle(meant: str, last: int) -> int | None:
    level = 0
    for found in re.finditer(r"[-=]>|<|>", meant):
        level += {"<": 1, ">": -1}.get(found[0], 0)
        if level < 0 and found.start() > last:
            return found.start()
    return None


def _ending(sign: str, meant: str, last: int) -> int | None:
    """Where a sign follows the `last` one, or ends what is said; a colon: its first line."""
    tail = meant[last + 1 :]
    if last >= 0 and tail.lstrip(" \t").startswith(sign):
        return last + 1 + tail.index(sign)
    said = (meant.partition("\n")[0] if sign == ":" else meant).rstrip()
    return len(said) - 1 if said.endswith(sign) and len(said) - 1 > last else None
