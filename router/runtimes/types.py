"""What every runtime can do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from router.models.types import Model
from router.types import Call, Delta, Route, Timing


class Runtime(Protocol):
    """Where models run. Every method may raise a RuntimeFailure; none of them blocks the loop."""

    name: str

    async def models(self) -> list[Model]:
        """What this engine could run now."""

    async def ready(self, route: Route) -> bool:
        """Whether a keystroke may be sent to the route's model now: its weights are loaded."""

    async def load(self, route: Route) -> None:
        """Bring the route's weights into memory; goes on even if whoever waits here is cancelled."""

    async def unload(self, route: Route) -> None:
        """Give the memory of the route's weights back; nothing if they are not there, or not ours to unload."""

    async def count(self, route: Route, text: str) -> int:
        """How many tokens the route's model makes of a text; -1 where the engine has no way to tell."""

    def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        """The answer as it arrives, then one Timing; ending without a Timing is a failure.

        Closing the generator stops the model.
        """

    async def aclose(self) -> None:
        """Give back connections and processes; idempotent."""
