"""Waiting for what an editor is to show, with a deadline and never for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


def until(wish: Callable[[], Any], seconds: float, pause: Callable[[], None], seen: Callable[[], str]) -> Any:
    """What `wish` returns once that is true; `pause` is between two looks, `seen` tells what there is in its place."""
    end = time.monotonic() + seconds
    while True:
        if answer := wish():
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain; {seen()}")
        pause()
