"""Search-and-replace blocks: read from an answer, and found again in the lines that a model was shown.

    <<<<<<< SEARCH
    lines as they stand
    =======
    what is to stand there
    >>>>>>> REPLACE

The marks are those of git's conflicts, which models have seen by the thousand; other tools ask for the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from router.context.lines import depth
from router.editing.style import fitted, key

SEARCH, DIVIDER, REPLACE = "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE"
_BEGIN = re.compile(r"\s*<{5,9} ?(?:SEARCH|ORIGINAL|OLD|HEAD)?[^\w<]*")
_DIVIDE = re.compile(r"\s*={5,9}\s*")
_END = re.compile(r"\s*>{5,9} ?(?:REPLACE|UPDATED|NEW)?[^\w>]*")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})[^`]*")
_HUNK = re.compile(r"@@(?: |$)")
_PATH = re.compile(r"[\s`*#]*(?:(?:file|path)(?:name)?\s*:)?[\s`*]*([\w./\\@+-]*[\w-]\.\w{1,12})[\s`*:]*", re.I)
Reading: TypeAlias = "tuple[list[str], list[str]]"
_Alike: TypeAlias = "Callable[[Sequence[str], Sequence[str]], bool]"


class Block(Struct, frozen=True):
    """`lines` between the outer marks; `path` as it stands above them, or empty."""

    lines: tuple[str, ...]
    path: str = ""

    def readings(self) -> Iterator[Reading]:
        """What is searched and what takes its place, most searched first: a line that divides may belong to either."""
        for at in reversed([at for at, line in enumerate(self.lines) if _DIVIDE.fullmatch(line)]):
            yield _bare(self.lines[:at]), _bare(self.lines[at + 1 :])


class Unfit(Exception):
    """An answer that can't be used; its text is the sentence for the user, and never quotes the answer."""


def marked(text: str) -> bool:
    """Whether a text holds a line that begins a block, or one that ends it."""
    return any(_BEGIN.fullmatch(line) or _END.fullmatch(line) for line in text.split("\n"))


def blocks(said: str) -> list[Block]:
    """The blocks of an answer, in its order; none where it has no marks. Raises Unfit for what is only half of one."""
    found: list[Block] = []
    begun: int | None = None
    lines = said.split("\n")
    for at, line in enumerate(lines):
        if begun is None and _BEGIN.fullmatch(line):
            begun = at
        elif begun is not None and _BEGIN.fullmatch(line) and "SEARCH" in line:
            break
        elif begun is not None and _END.fullmatch(line):
            found.append(Block(tuple(lines[begun + 1 : at]), _path(lines[:begun])))
            begun = None
    if begun is not None or not all(any(block.readings()) for block in found):
        raise Unfit("The model's answer broke off within a change; ask again.")
    return list(dict.fromkeys(found))


def hunks(said: str) -> list[Block]:
    """The hunks of a unified diff as blocks, if an answer is one; the numbers in it are not looked at."""
    lines = said.split("\n")
    if not any(_HUNK.match(line) for line in lines):
        return []
    found: list[Block] = []
    path, old, new = "", list[str](), list[str]()
    for line in [*lines, "@@ end"]:
        if _HUNK.match(line) or _FENCE.fullmatch(line) or line.startswith(("--- ", "+++ ", "diff ")):
            found += [Block((*old, DIVIDER, *new), path)] if old != new else []
            old, new = [], []
            path = line[4:].split("\t")[0].removeprefix("b/").strip() if line.startswith("+++ ") else path
        else:
            bare = line[1:] if line[:1] in (" ", "-", "+") else line
            old += [bare] if line[:1] != "+" else []
            new += [bare] if line[:1] != "-" else []
    return found


def _path(above: Sequence[str]) -> str:
    """The file that is named right above a block."""
    near = next((line for line in reversed(above) if line.strip() and not _FENCE.fullmatch(line)), "")
    found = _PATH.fullmatch(near)
    return found[1] if found else ""


def _bare(lines: Sequence[str]) -> list[str]:
    """Lines without a fence around them."""
    if len(lines) > 1 and _FENCE.fullmatch(lines[0]) and _FENCE.fullmatch(lines[-1]):
        return list(lines[1:-1])
    return list(lines)


class Place(Struct, frozen=True):
    """So many lines from `first` on are to be `lines`."""

    first: int
    count: int
    lines: tuple[str, ...]


def place(block: Block, shown: Sequence[str], text: str, language: str = "") -> Place | None:
    """Where a block belongs in the lines that were shown, and what takes their place; None: nowhere. Raises Unfit.

    Lines agree to the letter; or but for blanks at their ends; or all are shifted alike. Two places are none.
    """
    for search, replace in block.readings():
        while search and replace and not search[0].strip() and not replace[0].strip():
            del search[0], replace[0]
        while search and replace and not search[-1].strip() and not replace[-1].strip():
            del search[-1], replace[-1]
        for alike in (_to_the_letter, _but_for_blanks, _but_for_depth):
            if starts := _found(search, shown, alike):
                if len(starts) > 1:
                    raise Unfit("The model's change fits several places, and it did not say which; ask again.")
                there = shown[starts[0] : starts[0] + len(search)]
                return Place(starts[0], len(search), tuple(_set(replace, search, there, text, language)))
    return None


def _found(search: Sequence[str], shown: Sequence[str], alike: _Alike) -> list[int]:
    if not any(line.strip() for line in search):
        return []
    starts = range(len(shown) - len(search) + 1)
    return [at for at in starts if alike(search, shown[at : at + len(search)])]


def _to_the_letter(search: Sequence[str], there: Sequence[str]) -> bool:
    return list(search) == list(there)


def _but_for_blanks(search: Sequence[str], there: Sequence[str]) -> bool:
    return all(key(one) == key(other) for one, other in zip(search, there, strict=True))


def _but_for_depth(search: Sequence[str], there: Sequence[str]) -> bool:
    if not all(key(one).strip() == key(other).strip() for one, other in zip(search, there, strict=True)):
        return False
    shifts = {depth(other) - depth(one) for one, other in zip(search, there, strict=True) if one.strip()}
    return len(shifts) == 1


def _set(replace: Sequence[str], search: Sequence[str], there: Sequence[str], text: str, language: str) -> list[str]:
    """What takes their place, shifted as the lines that were searched stand shifted."""
    if list(search) == list(there) or not any(line.strip() for line in replace):
        return list(replace)
    lead, said = list(there), list(search)
    moved = fitted([*said, *replace], lead, text, language)  # with what it is to be measured by at its head
    return moved[len(said) :]
