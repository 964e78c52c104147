"""Takes away what a model thinks aloud, whole or as it comes: it is never shown, and never applied."""

from __future__ import annotations

import re
from collections.abc import Iterator

# How models open and close their thoughts: DeepSeek, Qwen and their kin; Mistral; Gemma; Seed; OpenAI's open weights.
_PAIRS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel>thought", "<channel|>"),
    ("<|channel|>analysis", "<|channel|>final<|message|>"),
)
_CLOSING = dict(_PAIRS)
_OPEN = re.compile("|".join(re.escape(begin) for begin, _ in _PAIRS))
_END = re.compile(rf"[ \t]*(?:{'|'.join(re.escape(end) for _, end in _PAIRS)})\s*")
_ALWAYS = re.compile(r"(?<![a-z])(?:r1|qwq|think|thinking|reason|reasoning|reasoner|magistral)(?![a-z])", re.I)
_FENCE = re.compile(r"[ \t]*(?P<sign>```+|~~~+)")
_LONGEST = max(map(len, _CLOSING))


def aloud(model: str) -> bool:
    """Whether a model's name says that it always thinks first, so that its template may open the thoughts already."""
    return _ALWAYS.search(model) is not None


class Thoughts:
    """Lets through what is meant to be heard, stretch by stretch, in whatever pieces it comes.

    Within fenced code, and in the midst of a word or a quotation, such a mark is text like any other. `begun`: it may
    begin within thoughts; then nothing is let through until they end, or all of it has come.
    """

    def __init__(self, begun: bool = False) -> None:
        self._held: list[str] | None = [] if begun else None  # what may all have been thought
        self._rest = ""  # what may turn out to be a mark
        self._line = ""  # the line that is being said, as far as it was let through
        self._fence = ""  # the sign of the fence that is open
        self._awaited = ""  # the mark that ends the thoughts
        self._blank = False  # what follows thoughts begins with blanks that belong to them

    def feed(self, text: str) -> str:
        """What of it, and of what was held back before, is said for certain."""
        if self._held is not None:
            self._held.append(text)
            held = "".join(self._held)
            found = next(_ends(held), None) if any(sign in text for sign in ">]") else None
            if found is None:
                return ""
            text, self._held = held[found.end() :], None
            self._blank = True
        self._rest += text
        said: list[str] = []
        while stretch := self._next(last=False):
            said += stretch
        return "".join(said)

    def end(self) -> str:
        """The rest, for nothing comes any more; what was thought to no end stays unsaid."""
        if self._held is not None:
            self._rest, self._held = "".join(self._held), None
        said: list[str] = []
        while stretch := self._next(last=True):
            said += stretch
        return "".join(said)

    def _next(self, last: bool) -> list[str]:
        """One step: what it lets through, if only an empty text; nothing when there is nothing to do."""
        if self._awaited:
            return self._skipped(last)
        if not self._rest:
            return []
        found = _OPEN.search(self._rest) or None
        cut = found.start() if found else len(self._rest) if last else self._certain()
        if found is None:
            return [self._let(cut)] if cut else []
        said = self._let(cut)
        if self._is_text():
            return [said + self._let(len(found[0]))]
        self._awaited, self._rest = _CLOSING[found[0]], self._rest[len(found[0]) :]
        return [said]

    def _skipped(self, last: bool) -> list[str]:
        at = self._rest.find(self._awaited)
        if at < 0:
            self._rest = "" if last else self._rest[-len(self._awaited) + 1 :]
            return []
        self._rest, self._awaited, self._blank = self._rest[at + len(self._awaited) :], "", True
        return [""]

    def _certain(self) -> int:
        """How much of the rest holds no beginning of a mark."""
        for at in range(max(0, len(self._rest) - _LONGEST + 1), len(self._rest)):
            if any(begin.startswith(self._rest[at:]) for begin in _CLOSING):
                return at
        return len(self._rest)

    def _let(self, size: int) -> str:
        said, self._rest = self._rest[:size], self._rest[size:]
        if self._blank:
            said = said.lstrip()
            self._blank = not said
        *whole, line = (self._line + said).split("\n")
        for one in whole:
            self._fenced(one)
        self._line = line
        return said

    def _fenced(self, line: str) -> None:
        found = _FENCE.match(line)
        if found and not self._fence:
            self._fence = found["sign"]
        elif found and found["sign"].startswith(self._fence) and not line[found.end() :].strip():
            self._fence = ""

    def _is_text(self) -> bool:
        """Whether a mark that comes now is none."""
        return bool(self._fence) or not (self._line == "" or self._line[-1].isspace() or self._line[-1] in ".!?:>")


def without(said: str) -> str:
    """An answer without the thoughts in it; also without those whose opening mark stood in the prompt."""
    thoughts = Thoughts()
    heard = thoughts.feed(said) + thoughts.end()
    last = list(_ends(heard))[-1:]
    return heard[last[0].end() :] if last else heard


def _ends(said: str) -> Iterator[re.Match[str]]:
    """The marks that end thoughts, but for those within fenced code."""
    at, fenced = 0, False
    for line in said.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and (found := _END.match(said, at)):
            yield found
        at += len(line) + 1
