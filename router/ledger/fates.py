"""What became of the suggestions that were shown: told by editors, or seen from what the user typed next."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from msgspec import Struct

from router.types import Fate, Request

_BEHIND = 200  # code points before a suggestion that must still stand there
_EACH = 8  # suggestions per document whose fate is still followed

# A later fate takes the place of an earlier one only if it says more: an editor's word comes after the text itself,
# and somebody may come back to what was dismissed.
_RANK: dict[Fate, int] = {"": 0, "dismissed": 1, "typed": 2, "partly accepted": 3, "accepted": 4}


class Settled(Struct, frozen=True):
    """The line of the ledger with this `number` has met its `fate`."""

    number: int
    fate: Fate


class _Shown:
    """One suggestion: `text` stood for `offset` of a document, after `before`."""

    def __init__(self, number: int, request: Request, text: str) -> None:
        at = request.span.start
        self.number, self.text, self.offset = number, text, at
        self.before = request.document.text[max(0, at - _BEHIND) : at]
        self.fate: Fate = ""

    def typed(self, text: str, at: int) -> str | None:
        """How much of it stands between its place and the cursor; None: the cursor or the text is elsewhere."""
        typed = text[self.offset : at]
        went_on = 0 <= at - self.offset <= len(self.text) and self.text.startswith(typed)
        return typed if went_on and text.endswith(self.before, 0, self.offset) else None

    def is_meant(self, text: str) -> bool:
        """Whether an editor that says `text` means this one: the whole of it, its rest, or with a word before it."""
        return bool(text) and (self.text.endswith(text) or text.endswith(self.text))


class Fates:
    """The suggestions whose fate is open, by document. Each call says which lines have met theirs.

    - What the editor says counts most: accepted, or a word or a line of it.
    - Whoever types all of it by hand, character by character, has typed it: it was right and saved nothing.
    - Whoever types something else, goes elsewhere or closes the document has dismissed it.
    - Typed through so far, and the same text shown again, are one suggestion: its fate is that of the first line.
    """

    def __init__(self) -> None:
        self._shown: dict[str, deque[_Shown]] = {}

    def shown(self, number: int, request: Request, text: str) -> None:
        """The line `number` is about `text`, shown at the request's cursor."""
        at, kept = request.span.start, self._shown.setdefault(request.document.path, deque(maxlen=_EACH))
        for one in kept:
            typed = one.typed(request.document.text, at)
            if typed is not None and one.text == typed + text:
                return
        kept.appendleft(_Shown(number, request, text))

    def looked(self, request: Request) -> list[Settled]:
        """A request came: what does its text say of the suggestions before it?"""
        text, at = request.document.text, request.span.start
        return list(self._seen(request.document.path, text, at))

    def _seen(self, path: str, text: str, at: int) -> Iterator[Settled]:
        for one in self._shown.get(path, ()):
            typed = one.typed(text, at)
            if typed is None:
                yield from _settle(one, "dismissed")
            elif typed == one.text:
                yield from _settle(one, "typed")

    def said(self, path: str, text: str, fate: Fate) -> list[Settled]:
        """The editor says what became of the suggestion `text`, the latest of which is meant."""
        meant = next((one for one in self._shown.get(path, ()) if one.is_meant(text)), None)
        return list(_settle(meant, fate)) if meant else []

    def closed(self, path: str) -> list[Settled]:
        """The document was closed: whatever is still open is not going to be accepted."""
        gone = self._shown.pop(path, ())
        return [settled for one in gone for settled in _settle(one, "dismissed")]


def _settle(one: _Shown, fate: Fate) -> Iterator[Settled]:
    if _RANK[fate] > _RANK[one.fate]:
        one.fate = fate
        yield Settled(one.number, fate)
