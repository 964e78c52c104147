"""What one model takes of a machine: how much memory, which share of it on the accelerator, and how fast it is then."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from router.models import memory, speed
from router.models.hardware import Machine
from router.models.memory import Need
from router.models.speed import Speed
from router.models.types import Model

GB = 10**9
MARGIN = 1 << 30  # bytes that llama.cpp's placement leaves free on a card (`--fit-target`), the desktop's among them
SYSTEM = 2 << 30  # bytes of main memory that the editor and the system are left, beside what they hold already
PROCESSOR = "embedded"  # the engine that leaves a card of its own memory alone: its wheel has no code for one
PROMPTS = 512 << 20  # bytes of earlier prompts that are kept in main memory, per model; notes say how to hold it there
LEAST_SHARE = 0.15  # of the weights on the accelerator; below it the processor alone does as well
BATCH = {"typing": 256, "attended": 512, "background": 512}  # tokens; also the step at which a prefill can be stopped


class Room(Struct, frozen=True):
    """Bytes that models may take: `fast` where they run, `slow` of main memory beside a card (0: it is the same)."""

    fast: float
    slow: float = 0.0

    def without(self, fits: Iterable[Fit]) -> Room:
        """What is left beside these."""
        fits = list(fits)
        return Room(self.fast - sum(it.fast for it in fits), self.slow - sum(it.slow for it in fits))


class Fit(Struct, frozen=True):
    """A model in its place: `need` in all, of which `fast` and `slow` bytes in the two memories.

    `share` of the weights is on the accelerator; `speed` is measured, or what such hardware does.
    """

    model: Model
    window: int
    slots: int
    need: Need
    fast: float
    slow: float
    share: float
    speed: Speed


def room(machine: Machine, models: Iterable[Model], spare: int) -> Room:
    """What models may take, those that are loaded included; `spare` bytes are left free (0: by the machine)."""
    loaded = [model for model in models if model.loaded]
    held = sum(model.held for model in loaded)
    main = machine.free if machine.memory else math.inf  # a system that does not say: what is tried may yet work
    if machine.unified:
        return Room(sum(gpu.free for gpu in machine.gpus) + held - (spare or MARGIN // 2))
    if machine.gpus:
        cards = sum(gpu.free - (spare or MARGIN) for gpu in machine.gpus)
        aside = sum(model.held for model in loaded if model.runtime == PROCESSOR)
        return Room(max(0.0, cards + held - aside), max(0.0, main + aside - SYSTEM))
    return Room(main + held - (spare or SYSTEM))


def fit(
    machine: Machine, room: Room, model: Model, window: int, slots: int, batch: int, known: Speed | None
) -> Fit | None:
    """The model in this room with this window, or None; what a card can't hold goes to main memory."""
    split = bool(machine.gpus) and not machine.unified
    if split and model.runtime == PROCESSOR:
        return aside(machine, room, model, window, slots, batch, known)
    overhead = memory.CONTEXT if split else 0
    need = memory.need(model, window, slots=slots, batch=batch, prompt_cache=PROMPTS, overhead=overhead)
    fast, slow, share = float(need.total), float(need.host), 1.0
    if not split:
        fast, slow = fast + slow, 0.0
    if fast > room.fast:
        fixed, movable = need.compute + need.overhead, need.weights + need.kv
        share = (room.fast - fixed) / movable if movable else 0.0
        if not split or share < LEAST_SHARE:
            return None
        fast, slow = room.fast, slow + (1 - share) * movable
    if slow > room.slow:
        return None
    rate = known if known and share == 1.0 else speed.roofline(machine, model, window, share=share)
    return Fit(model, window, slots, need, fast, slow, share, rate)


def aside(
    machine: Machine, room: Room, model: Model, window: int, slots: int, batch: int, known: Speed | None
) -> Fit | None:
    """The model in main memory beside a card, for the processor to run; None: no room there, or it is no place apart.

    For the engine that has no code for a card that is the whole of it; of any other, nothing is on the accelerator.
    """
    if not machine.gpus or machine.unified:
        return None
    found = fit(replace(machine, gpus=()), Room(room.slow), model, window, slots, batch, known)
    share = 1.0 if model.runtime == PROCESSOR else 0.0
    return found and replace(found, fast=0.0, slow=found.fast, share=share)


def alone(model: Model, window: int, known: Speed | None) -> Fit:
    """A model that takes nothing of this machine's memory, as far as anybody knows."""
    return Fit(model, window, 1, Need(0, 0, 0, 0), 0.0, 0.0, 1.0, known or Speed())
