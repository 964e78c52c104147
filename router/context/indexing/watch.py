"""Hears from the operating system which files change, in a thread of its own, and tells the event loop in batches."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial

from msgspec import Struct

BATCH = 400  # ms in which changes are gathered
_STEP = 200  # ms without a change after which they are told at once
_IDLE = 500  # ms after which the watcher says that it is there
_WHOLE = sys.platform in ("darwin", "win32")  # watches a folder with all below it for the price of one


class Batch(Struct, frozen=True):
    """Paths that were made or changed, and paths that are gone; with both empty, it is being watched now."""

    there: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


class Watch:
    """Watches some folders. `hear` gets batches, `lost` the reason why there will be no more; both in the loop.

    On Linux each folder is watched by itself: of a whole tree the watcher would follow the links, out of the
    workspace too, and would spend the system's watches on what no source file lies in. Polling is never used.
    """

    def __init__(self, hear: Callable[[Batch], None], lost: Callable[[str], None]) -> None:
        self._hear, self._lost = hear, lost
        self._loop = asyncio.get_running_loop()
        self._stop: threading.Event | None = None

    def over(self, folders: Sequence[str], beside: Sequence[str] = ()) -> None:
        """Watch these, the first of which holds all others but those `beside`.

        What was watched before is heard of until these are.
        """
        before, stop = self._stop, threading.Event()
        self._stop = stop
        chosen = (*(folders[:1] if _WHOLE else folders), *beside)
        threading.Thread(target=self._run, args=(chosen, stop, before), name="switchyard-watch", daemon=True).start()

    def close(self) -> None:
        """Hear no more."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _run(self, folders: Sequence[str], stop: threading.Event, before: threading.Event | None) -> None:
        from watchfiles import Change, watch  # half of its time is spent on what only this thread needs

        try:
            changes = watch(
                *folders,
                watch_filter=None,
                debounce=BATCH,
                step=_STEP,
                stop_event=stop,
                rust_timeout=_IDLE,
                yield_on_timeout=True,
                raise_interrupt=False,
                force_polling=False,
                recursive=_WHOLE,
                ignore_permission_denied=True,
            )
            for count, batch in enumerate(changes):
                if count == 0:
                    self._tell(stop, partial(self._hear, Batch()))
                    _end(before)
                if batch:
                    gone = frozenset(path for change, path in batch if change is Change.deleted)
                    there = frozenset(path for change, path in batch if change is not Change.deleted)
                    self._tell(stop, partial(self._hear, Batch(there - gone, gone)))
        except (OSError, RuntimeError) as error:  # RuntimeError: the root of what the watcher's own library raises
            self._tell(stop, partial(self._lost, str(error)))
        finally:
            _end(before)

    def _tell(self, stop: threading.Event, said: Callable[[], None]) -> None:
        def tell() -> None:
            if not stop.is_set():
                said()

        if not stop.is_set() and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(tell)


def _end(before: threading.Event | None) -> None:
    if before is not None:
        before.set()
