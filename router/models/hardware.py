"""What a machine is, as far as a plan goes: its accelerators, its memory, and how fast both are."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

System: TypeAlias = Literal["linux", "darwin", "windows"]


class Gpu(Struct, frozen=True):
    """One accelerator: `total` and `free` memory in bytes, `bandwidth` in bytes/s, `flops` in dense fp16 FLOP/s.

    Of unified memory, `total` is the share that the system lets the accelerator use.
    """

    name: str
    total: int
    free: int
    bandwidth: float = 0.0
    flops: float = 0.0


class Machine(Struct, frozen=True):
    """A whole machine: `memory` and `free` in bytes, `bandwidth` of main memory in bytes/s, `flops` of the processor.

    `unified`: the accelerator has no memory of its own. `notes`: what could not be found out, a sentence each.
    """

    name: str
    memory: int
    free: int
    bandwidth: float = 0.0
    flops: float = 0.0
    cores: int = 1
    gpus: tuple[Gpu, ...] = ()
    unified: bool = False
    system: System = "linux"
    notes: tuple[str, ...] = ()
