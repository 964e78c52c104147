"""Two parsers where there is much to be parsed: a workspace that is indexed from nothing is done in half the time."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Protocol

from router.context.parsing.parser import Parser
from router.context.tagging.tags import Tags

_MUCH = 200_000  # code points that one parser may have before it before another is started


class Parsing(Protocol):
    """What one of them can do."""

    async def tags(self, path: str, language: str, text: str) -> Tags | None:
        """The tags of a text; None: it can't be told."""

    async def aclose(self) -> None:
        """End it."""


class Parsers:
    """Gives each text to the first parser that has not much before it, else to the one that has least.

    So there is one process for single files. Each ends by itself when it is idle.
    """

    def __init__(self, count: int = 0, make: Callable[[], Parsing] = Parser) -> None:
        self._parsers = [make() for _ in range(count or min(2, os.cpu_count() or 1))]
        self._ahead = [0] * len(self._parsers)

    async def tags(self, path: str, language: str, text: str) -> Tags | None:
        """The tags of a text; None: it can't be told."""
        free = next((at for at, ahead in enumerate(self._ahead) if ahead < _MUCH), None)
        at = self._ahead.index(min(self._ahead)) if free is None else free
        self._ahead[at] += len(text)
        try:
            return await self._parsers[at].tags(path, language, text)
        finally:
            self._ahead[at] -= len(text)

    async def aclose(self) -> None:
        """End them all."""
        await asyncio.gather(*(parser.aclose() for parser in self._parsers))
