"""What was answered before: the same call again, and the user typing what was suggested."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Generic, TypeVar

import msgspec

from router.context.brackets import TYPED_FOR_YOU
from router.types import Call, Document

_BEHIND = 200  # code points before a suggestion that must still stand there, and after it
_CLOSED = 4  # brackets that an editor may close by itself while one suggestion is typed

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Recent(Generic[Key, Value]):
    """The `size` entries that were last used."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        """The entry, which now counts as just used."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key]

    def put(self, key: Key, value: Value) -> None:
        """Remember an entry, forgetting the one that was used longest ago."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)


class Suggestion(msgspec.Struct, frozen=True):
    """`text` was suggested by `engine` at `offset` of a document in which `before` and `after` stood around it."""

    engine: str
    offset: int
    before: str
    after: str
    text: str

    def rest(self, text: str, at: int) -> str | None:
        """What is left of it now that the cursor is at `at`: the user typed its beginning, and nothing else."""
        if not 0 <= at - self.offset < len(self.text):
            return None
        typed = text[self.offset : at]
        if not self.text.startswith(typed) or not text.endswith(self.before, 0, self.offset):
            return None
        after = text[at : at + _BEHIND]
        if not _alike(after, self.after):
            return None
        return self.text[len(typed) :]


class Cache:
    """Exact answers by call and the blank that it lacks, and the last suggestions by document."""

    def __init__(self, calls: int = 256, suggestions: int = 16) -> None:
        self.answers: Recent[tuple[Call, str], str] = Recent(calls)
        self._suggestions: dict[str, deque[Suggestion]] = {}
        self._each = suggestions

    def suggested(self, document: Document, at: int, text: str, engine: str) -> None:
        """Remember what was suggested, with the document's own line ends."""
        around = document.text[max(0, at - _BEHIND) : at], document.text[at : at + _BEHIND]
        kept = self._suggestions.setdefault(document.path, deque(maxlen=self._each))
        kept.appendleft(Suggestion(engine, at, *around, text))

    def continued(self, document: Document, at: int, without: str = "") -> list[str]:
        """What is left of earlier suggestions that the user has typed into, the latest first; no text twice.

        Those of the engine `without` do not count.
        """
        kept = (it for it in self._suggestions.get(document.path, ()) if it.engine != without)
        left = [rest for suggestion in kept if (rest := suggestion.rest(document.text, at))]
        return list(dict.fromkeys(left))

    def forget(self, path: str) -> None:
        """The document was closed."""
        self._suggestions.pop(path, None)


def _alike(after: str, then: str) -> bool:
    """Whether the text behind the cursor is what it was, give or take brackets that an editor closes by itself."""
    if after == then:
        return True
    bare, bare_then = after.lstrip(TYPED_FOR_YOU), then.lstrip(TYPED_FOR_YOU)
    if abs(len(after) - len(bare) - len(then) + len(bare_then)) > _CLOSED:
        return False
    if len(after) < _BEHIND and len(then) < _BEHIND:
        return bare == bare_then
    shorter = min(len(bare), len(bare_then))
    return shorter > 0 and bare[:shorter] == bare_then[:shorter]
