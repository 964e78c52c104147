"""How each family of models is asked to fill in the middle: marks, stops and the layout of the prompt."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import msgspec

from router import BadConfig

PLAIN = "plain"
ODDS = (0.04, 0.25)  # the probabilities at which a family's next mark begins
_PARTS = re.compile(r"\{(prefix|suffix|middle|ways)\}")


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One table of families.toml; see the head of that file for what the fields mean."""

    match: tuple[str, ...]
    layout: str
    stop: tuple[str, ...]
    marks: tuple[str, ...]
    file: str = ""
    way: str = ""
    odds: tuple[str, ...] = ()
    heals: bool = False

    def prompt(self, prefix: str, suffix: str, middle: str, ways: Sequence[tuple[str, float]] = ()) -> str:
        """The raw prompt. User text that holds one of the family's marks is defused first.

        `ways` are texts that may stand at the cursor, with their probabilities, the best first; a family that is told
        of such has nothing but the cursor's line in the middle.
        Where the family `heals`, it lacks a blank before the cursor, and the answer begins with that.
        """
        prefix, middle = self._parted(prefix, middle)
        blank = " " if self.heals and middle.endswith(" ") else ""
        told = "".join(self._told(blank + text, odds) for text, odds in reversed(ways)) if self.way else ""
        shown = {"prefix": prefix, "suffix": suffix, "middle": middle.removesuffix(blank)}
        escaped = {name: self.escape(text) for name, text in shown.items()} | {"ways": told}
        return _PARTS.sub(lambda part: escaped[part[1]], self.layout)

    def _parted(self, prefix: str, middle: str) -> tuple[str, str]:
        """The two, parted within no mark, as a long line may be; where a family is told of ways, before a line."""
        text, at = prefix + middle, len(prefix)
        if self.way:
            at = max(text.rfind("\n"), text.rfind("\r")) + 1
        elif self._marks is not None:
            longest = max(map(len, self.marks))
            start = max(0, at - longest)
            torn = (
                start + it.start()
                for it in self._marks.finditer(text[start : at + longest])
                if start + it.start() < at < start + it.end()
            )
            at = next(torn, at)
        return text[:at], text[at:]

    def _told(self, text: str, odds: float) -> str:
        """A text that may stand at the cursor, after the mark of its odds."""
        return self.way.replace("{odds}", self.odds[bisect(ODDS, odds)]).replace("{text}", self.escape(text))

    def stops(self, several: bool) -> tuple[str, ...]:
        """Where an answer ends; where the prompt shows several files, also where the model begins another one."""
        mark = self.file.partition("{path}")[0]
        return (*self.stop, mark) if several and mark else self.stop

    def escape(self, text: str) -> str:
        """`text` with every mark broken up, so that the tokenizer reads it as the plain text it is.

        A zero-width blank after the mark's first character does it: nothing is lost to the eye,
        and no tokenizer joins across it.
        """
        if self._marks is None:
            return text
        return self._marks.sub(lambda found: f"{found[0][0]}\u200b{found[0][1:]}", text)

    @property
    def _marks(self) -> re.Pattern[str] | None:
        return _alternation(self.marks) if self.marks else None


@cache
def _alternation(marks: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, marks)))


@cache
def table() -> dict[str, Family]:
    """All families by name, in the order of the file."""
    text = files(__package__).joinpath("families.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, Family])


def check(family: str, where: str) -> None:
    """Raise BadConfig for a family that there is not; `where` says who names it."""
    if family not in table():
        raise BadConfig(f"{where} must be one of {', '.join(table())}.")


def of(model: str) -> str:
    """The family that a model's name betrays, or an empty string: it is not known to fill in the middle."""
    name = model.lower()
    return next((family for family, it in table().items() if any(re.search(sign, name) for sign in it.match)), "")
