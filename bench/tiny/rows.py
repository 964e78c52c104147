"""Rows of tokens to learn from: text to go on with, and gaps to fill, laid out by the very functions that prompt.

A token takes 14 bits; the two above them say how it is learnt (`CLASS`): not at all, like any text, as what fills a
gap, or as the first of that.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct

from bench.tiny.related import Shelf
from router import echo
from router.completing import completion
from router.context import window
from router.context.gathering.laid import headed, laid
from router.models import families
from router.models.families import Family
from router.types import Piece

FAMILY = "switchyard"
TOKEN, CLASS = (1 << 14) - 1, 14
SILENT, ORDINARY, MIDDLE, FIRST = range(4)
KINDS = (("inside", 0.50), ("whole", 0.40), ("within", 0.10))
OPEN = 48  # rows that are filled at a time
Row: TypeAlias = "np.ndarray[Any, np.dtype[np.uint16]]"
Encode: TypeAlias = Callable[[str], Sequence[int]]


def marks() -> list[str]:
    """The special tokens, which get the first numbers; the end of a text comes first."""
    said = families.table()[FAMILY].marks
    return sorted(said, key=lambda mark: (mark != "<|endoftext|>", said.index(mark)))


class Marks(Struct, frozen=True):
    """The numbers of the special tokens."""

    end: int
    prefix: int
    suffix: int
    middle: int
    pad: int
    odds: tuple[int, ...]


class Recipe(Struct, frozen=True):
    """How gaps are made: code points of the text shown around one, and how often other files are shown, of how much."""

    least: int = 300
    most: int = 2_400
    pieces: float = 0.3
    shown: int = 1_500
    laid: float = 0.3  # of those with pieces: the engine reads them, too, and not only the ways to go on that they give
    gaps: float = 0.85  # of the files; the others are read whole


class Gap(Struct, frozen=True):
    """A place in a text and what is to be said there: `text[at:end]`."""

    at: int
    end: int


class Example(Struct, frozen=True):
    """What is asked, as the engine gets it, and what should be answered."""

    prompt: str
    answer: str


def gap(text: str, dice: random.Random) -> Gap | None:
    """A gap somewhere in the code: the rest of a line, all of one but its indentation, or part of one."""
    kind = dice.choices([name for name, _ in KINDS], [share for _, share in KINDS])[0]
    for _ in range(8):
        start = text.rfind("\n", 0, dice.randrange(len(text))) + 1
        end = _line_end(text, start)
        body = text[start:end]
        first = start + len(body) - len(body.lstrip())
        if end - first >= 4:
            return _placed(text, kind, first, end, dice)
    return None


def _placed(text: str, kind: str, first: int, end: int, dice: random.Random) -> Gap:
    last = first + len(text[first:end].rstrip())
    if kind == "whole":
        return Gap(first, last)
    at = dice.randrange(first, last)
    if kind == "inside" and dice.random() < 0.6:  # most people pause between words
        while at > first and _inner(text[at - 1]) and _inner(text[at]):
            at -= 1
    if kind == "within":
        return Gap(at, min(last, at + 1 + dice.randrange(24)))
    return Gap(at, last)


def _inner(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def example(
    path: str,
    text: str,
    hole: Gap,
    characters: int,
    family: Family,
    pieces: Sequence[Piece] = (),
    laid_out: bool = True,
) -> Example:
    """The prompt for a cursor at the gap, in a window of so many code points, and the answer.

    `laid_out`: the pieces stand in the prompt themselves, not only in what they tell of how the line may go on.
    """
    left = text[: hole.at] + text[hole.end :]
    shown = window.slide(None, left, hole.at, window.Extent(characters=characters))
    *_, ways = echo.ways(left[: hole.at], left[hole.at :], [it.text for it in pieces], completion.WAYS)
    before = laid(pieces, family) + headed(path, family) if pieces and laid_out else ""
    blank = " " if family.heals and shown.middle.endswith(" ") else ""
    told = [(it.text, it.probability) for it in ways]
    prompt = before + family.prompt(shown.prefix, shown.suffix, shown.middle, told)
    return Example(prompt, blank + family.escape(text[hole.at : hole.end]))


def examples(
    path: str, text: str, shelf: Shelf, family: Family, recipe: Recipe, dice: random.Random
) -> Iterator[Example]:
    """Gaps all over a text, in windows of many sizes; together they show about as much as the text has."""
    left = len(text)
    while left > 0:
        size = round(recipe.least * math.exp(dice.random() * math.log(recipe.most / recipe.least)))
        left -= size
        hole = gap(text, dice)
        if hole is None:
            continue
        pieces: Sequence[Piece] = ()
        if dice.random() < recipe.pieces:
            pieces = shelf.near(path, text[: hole.at], text[hole.end :], recipe.shown)
        yield example(path, text, hole, size, family, pieces, dice.random() < recipe.laid)


def filled(said: Example, encode: Encode, marks: Marks) -> Row:
    """An example's tokens. Read and not learnt are the ways to go on, and the last token before the cursor, for it may
    be half a word."""
    prompt, answer = list(encode(said.prompt)), [*encode(said.answer), marks.end]
    silent = {*_told(prompt, marks), len(prompt) - 2, len(prompt) - 1}
    silent |= {at for at, token in enumerate(prompt) if token in (marks.prefix, marks.suffix)}
    classes = [SILENT if at in silent else ORDINARY for at in range(len(prompt))]
    classes += [FIRST] + [MIDDLE] * (len(answer) - 1)
    return _row(prompt + answer, classes)


def _told(prompt: Sequence[int], marks: Marks) -> range:
    """Where the ways to go on stand: from the odds of the first to the end of the last."""
    told = [at for at, token in enumerate(prompt) if token == marks.end or token in marks.odds]
    return range(told[0], told[-1] + 1) if told else range(0)


def plain(path: str, text: str, family: Family, encode: Encode, marks: Marks) -> Row:
    """A whole file, its path before it."""
    head = list(encode(family.file.replace("{path}", family.escape(path))))
    body = list(encode(family.escape(text)))
    return _row([*head, *body, marks.end], [SILENT] * len(head) + [ORDINARY] * (len(body) + 1))


def _row(tokens: Sequence[int], classes: Sequence[int]) -> Row:
    found: Row = (np.array(tokens) | np.array(classes) << CLASS).astype(np.uint16)
    return found


def packed(found: Iterable[Row], width: int, pad: int) -> Iterator[Row]:
    """Examples side by side in rows of one width, each whole; those that are wider are left out."""
    rows: list[list[Row]] = []
    room: list[int] = []
    for it in found:
        if len(it) > width:
            continue
        fits = [place for place, left in enumerate(room) if left >= len(it)]
        if fits:
            place = min(fits, key=lambda number: room[number])
            rows[place].append(it)
            room[place] -= len(it)
        else:
            rows.append([it])
            room.append(width - len(it))
        if len(rows) > OPEN:
            fullest = room.index(min(room))
            yield _padded(rows.pop(fullest), width, pad)
            room.pop(fullest)
    yield from (_padded(row, width, pad) for row in rows)


def _padded(row: Sequence[Row], width: int, pad: int) -> Row:
    said = np.concatenate(row)
    return np.concatenate([said, np.full(width - len(said), pad, np.uint16)])


def streamed(found: Iterable[Row], width: int) -> Iterator[Row]:
    """Files one after the other, cut into rows of one width; what is left over at the end is dropped."""
    held: list[Row] = []
    size = 0
    for it in found:
        held.append(it)
        size += len(it)
        if size >= width:
            said = np.concatenate(held)
            yield from said[: size - size % width].reshape(-1, width)
            held, size = [said[size - size % width :]], size % width
