"""An answer's lines set as the file sets its own: how deep, by tabs or blanks, with which line ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from fractions import Fraction
from itertools import pairwise
from typing import TypeAlias

from router.context.gating.invisible import visible
from router.context.lines import depth, parted, step
from router.editing.trees import in_strings
from router.types import Change

_TAB = 4  # columns, as `depth` counts them
_FEW = 2000  # lines; of more, only those that both ends have in common are told from the rest
_LEAD = " \t"
Opcode: TypeAlias = "tuple[str, int, int, int, int]"


def key(line: str) -> str:
    """What is left of a line when it has lost what nobody sees: two that agree in it are one and the same."""
    return visible(line).rstrip()


# How deep


def fitted(lines: Sequence[str], model: Sequence[str], text: str, language: str = "") -> list[str]:
    """An answer's lines as deep as those that they are meant for, which are `model`, in a file that says `text`.

    All are shifted alike, so that both begin equally deep; their steps are stretched where the file's are others.
    Tabs or blanks are the file's. What a string says over several lines is left alone, if the file says it just so.
    """
    said, meant = _first(lines), _first(model)
    if not said or not meant:
        return list(lines)
    anchor = depth(said)
    if _begun_without(lines, model):
        lines = [
            meant[: len(meant) - len(meant.lstrip(_LEAD))] + line.lstrip(_LEAD) if line is said else line
            for line in lines
        ]
        anchor = depth(meant)
    ratio, tabs = _ratio(lines, model, text, (anchor, depth(meant))), _tabbed(model, text)
    same = ratio == 1 and not any(_foreign(line, tabs) for line in lines)
    if same and anchor == depth(meant):
        return list(lines)
    own, quoted = set(model), in_strings(language, "\n".join(lines))
    return [
        line if at in quoted and line in own else _moved(line, anchor, depth(meant), ratio, tabs, same)
        for at, line in enumerate(lines)
    ]


def _first(lines: Sequence[str]) -> str:
    return next((line for line in lines if line.strip()), "")


def _begun_without(lines: Sequence[str], model: Sequence[str]) -> bool:
    """Whether only the first line lacks its indentation, because it was said from its first word on."""
    one, other = ([depth(line) for line in each if line.strip()][:2] for each in (lines, model))
    rest = [line for line in lines if line.strip()][1:]
    alike = not _deepens(rest) or step("\n".join(rest)) == step("\n".join(model))
    return len(one) == len(other) == 2 and one[0] < other[0] and one[1] == other[1] and alike


def _ratio(lines: Sequence[str], model: Sequence[str], text: str, anchors: tuple[int, int]) -> Fraction:
    """By how much an answer's steps are to be stretched; lines that both have must bear it out, if there are any."""
    own, wanted = step("\n".join(lines)), step("\n".join(model) if _stepped(model) else text)
    deep = [depth(line) - anchors[0] for line in lines if line.strip()]
    if own == wanted or not _stepped(lines) or any(it % own for it in deep):
        return Fraction(1)
    there = {line.strip(): depth(line) - anchors[1] for line in model if line.strip()}
    seen = Counter(
        Fraction(there[line.strip()], said)
        for line in lines
        if there.get(line.strip(), 0) > 0 and (said := depth(line) - anchors[0]) > 0
    )
    ratio = Fraction(wanted, own)
    return ratio if not seen or seen[ratio] >= max(1, seen[Fraction(1)]) else Fraction(1)


def _deepens(lines: Sequence[str]) -> bool:
    """Whether a line is deeper than the one before it, so that these lines have a step."""
    return any(depth(one) < depth(other) for one, other in pairwise(lines))


def _stepped(lines: Sequence[str]) -> bool:
    return len({depth(line) for line in lines if line.strip()}) > 1


def _tabbed(model: Sequence[str], text: str) -> bool:
    """Whether a stretch of a file is indented by tabs; where it is not indented, whether the file is."""
    for lines in (model, parted(text)):
        tabs, blanks = (sum(line.startswith(sign) and bool(line.strip()) for line in lines) for sign in ("\t", "  "))
        if tabs or blanks:
            return tabs > blanks
    return False


def _foreign(line: str, tabs: bool) -> bool:
    """Whether a line begins with what the file does not indent by."""
    lead = line[: len(line) - len(line.lstrip(_LEAD))]
    return bool(line.strip()) and (" " * _TAB in lead if tabs else "\t" in lead)


def _moved(line: str, anchor: int, meant: int, ratio: Fraction, tabs: bool, same: bool) -> str:
    """A line that stood `depth - anchor` deep, as deep from `meant` on."""
    bare = line.lstrip(_LEAD)
    if not bare:
        return ""
    if same and meant > anchor:
        return _lead(meant - anchor, tabs) + line
    return _lead(max(0, meant + int((depth(line) - anchor) * ratio)), tabs) + bare


def _lead(columns: int, tabs: bool) -> str:
    return "\t" * (columns // _TAB) + " " * (columns % _TAB) if tabs else " " * columns


# What is left as it was


def restored(original: str, shown: Sequence[str], new: Sequence[str], end: str) -> str:
    """`new` lines in the place of `original`, of which a model was `shown` as many; `end` ends each that is new.

    What the model left alone is as it was: secrets that it saw masked, blanks at line ends, each line's own end.
    """
    kept, result = parted(original), list[str]()
    for tag, first, last, start, stop in opcodes([key(line) for line in shown], [key(line) for line in new]):
        lines = kept[first:last] if tag == "equal" else [line.rstrip(_LEAD) + end for line in new[start:stop]]
        if result and lines:
            result[-1] = result[-1] if result[-1][-1:] in ("\n", "\r") else result[-1] + end
        result += lines
    return "".join([*result[:-1], result[-1].rstrip("\r\n")]) if result else ""


def changes(before: str, after: str, at: int = 0) -> tuple[Change, ...]:
    """The fewest whole lines that make `after` of `before`, which stands at `at`."""
    old, new = parted(before), parted(after)
    found: list[Change] = []
    for tag, first, last, start, stop in opcodes(old, new):
        if tag != "equal":
            begin = at + sum(map(len, old[:first]))
            found.append(Change(begin, begin + sum(map(len, old[first:last])), "".join(new[start:stop])))
    return tuple(found)


def opcodes(old: Sequence[str], new: Sequence[str]) -> list[Opcode]:
    """What lines have in common and what is other: those of `difflib`, in time that is bounded."""
    head = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    most = min(len(old), len(new)) - head
    pairs = zip(reversed(old), reversed(new), strict=False)
    tail = min(most, next((at for at, (a, b) in enumerate(pairs) if a != b), most))
    inner_old, inner_new = old[head : len(old) - tail], new[head : len(new) - tail]
    inner: list[Opcode] = [("replace", 0, len(inner_old), 0, len(inner_new))] if inner_old or inner_new else []
    if inner_old and inner_new and max(len(inner_old), len(inner_new)) <= _FEW:
        inner = list(SequenceMatcher(None, inner_old, inner_new, autojunk=False).get_opcodes())
    found: list[Opcode] = [("equal", 0, head, 0, head)] if head else []
    found += [(tag, a + head, b + head, c + head, d + head) for tag, a, b, c, d in inner]
    if tail:
        found.append(("equal", len(old) - tail, len(old), len(new) - tail, len(new)))
    return found


def applied(text: str, changes: Sequence[Change]) -> str:
    """`text` with changes made whose places are its own, in order, none over another."""
    parts, at = list[str](), 0
    for change in changes:
        parts += [text[at : change.start], change.text]
        at = change.end
    return "".join([*parts, text[at:]])
