"""Machines by name or by description, and how fast common cards are; machines.toml is the table."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from router import BadConfig, toml
from router.models.hardware import Gpu, Machine, System

GIB = 1 << 30

Amount = Annotated[float, Meta(gt=0, le=1e6)]
Share = Annotated[float, Meta(ge=0, le=1e6)]


class Card(Struct, frozen=True, forbid_unknown_fields=True):
    """One accelerator as a person writes it down: GiB, GB/s, dense fp16 TFLOP/s."""

    name: str
    memory: Amount
    free: Share | None = None
    bandwidth: Amount | None = None
    tflops: Amount | None = None


class Described(Struct, frozen=True, forbid_unknown_fields=True):
    """A machine as a person writes it down; see the head of machines.toml."""

    memory: Amount
    bandwidth: Amount
    tflops: Amount = 0.5
    free: Share | None = None
    cores: Annotated[int, Meta(ge=1, le=4096)] = 8
    system: System = "linux"
    unified: bool = False
    name: str = ""
    gpu: tuple[Card, ...] = ()


class Table(Struct, frozen=True):
    """The whole of machines.toml."""

    machine: dict[str, Described]
    cards: dict[str, tuple[float, float]]
    amd: dict[str, str]


@cache
def table() -> Table:
    """machines.toml as it stands."""
    return msgspec.toml.decode(files(__package__).joinpath("machines.toml").read_bytes(), type=Table)


def names() -> tuple[str, ...]:
    """The names of the machines that can be planned for without a file."""
    return tuple(table().machine)


def named(name: str) -> Machine | None:
    """One of `names()`, or None."""
    found = table().machine.get(name)
    return None if found is None else _machine(found, name)


def described(text: str, where: str) -> Machine:
    """The machine that a TOML text describes. Raises BadConfig, which names `where`, line and key."""
    values = toml.decode(where, text)
    try:
        found = msgspec.convert(values, Described)
    except msgspec.ValidationError as error:
        raise BadConfig(_complaint(str(error), text, where)) from error
    for index, it in enumerate(found.gpu, 1):
        if card(it.name) is None and (it.bandwidth is None or it.tflops is None):
            line = _line(text, ("gpu",))
            said = f"gpu {index} ({it.name}) is in no table, so it needs bandwidth and tflops"
            raise BadConfig(f"{where}:{line}: {said}, in GB/s and TFLOP/s.")
    return _machine(found, found.name or where)


def card(name: str) -> tuple[float, float] | None:
    """Bandwidth (bytes/s) and dense fp16 FLOP/s of the card of this name, or None when the table lacks it."""
    words = _words(name)
    fitting = [known for known in table().cards if _within(known.split(), words)]
    if not fitting:
        return None
    bandwidth, tflops = table().cards[max(fitting, key=lambda known: (len(known.split()), len(known)))]
    return bandwidth * 1e9, tflops * 1e12


def radeon(device: str) -> str:
    """The name of AMD's card with this PCI device number, such as 0x744c; an empty string when the table lacks it."""
    return table().amd.get(device.strip().lower(), "")


def _machine(it: Described, name: str) -> Machine:
    return Machine(
        name,
        memory=int(it.memory * GIB),
        free=int(min(it.memory if it.free is None else it.free, it.memory) * GIB),
        bandwidth=it.bandwidth * 1e9,
        flops=it.tflops * 1e12,
        cores=it.cores,
        gpus=tuple(map(_gpu, it.gpu)),
        unified=it.unified,
        system=it.system,
    )


def _gpu(it: Card) -> Gpu:
    bandwidth, flops = card(it.name) or (0.0, 0.0)
    return Gpu(
        it.name,
        total=int(it.memory * GIB),
        free=int(min(it.memory if it.free is None else it.free, it.memory) * GIB),
        bandwidth=bandwidth if it.bandwidth is None else it.bandwidth * 1e9,
        flops=flops if it.tflops is None else it.tflops * 1e12,
    )


def _words(name: str) -> list[str]:
    """The words of a card's name, as drivers and makers write it: `A100-SXM4-80GB`, `RTX3060`, `Radeon(TM)`."""
    plain = re.sub(r"\((?:tm|r)\)", " ", name.lower())
    return re.findall(r"[a-z0-9]+", re.sub(r"\b(gtx|rtx|rx)(?=\d)", r"\1 ", plain))


def _within(part: list[str], whole: list[str]) -> bool:
    return any(whole[at : at + len(part)] == part for at in range(len(whole) - len(part) + 1))


def _complaint(said: str, text: str, where: str) -> str:
    """msgspec's message, as a sentence with file, line and key."""
    what, _, path = said.partition(" - at `$")
    keys = tuple(re.findall(r"\w+", re.sub(r"\[[^\]]*\]", "", path)))
    missing = re.search(r"field `(\w+)`", what)
    key = ".".join((*keys, missing[1]) if missing else keys)
    line = _line(text, (*keys, missing[1]) if missing else keys)
    return f"{where}:{line}: {key or 'the file'}: {what[:1].lower()}{what[1:]}.".replace("`", "")


def _line(text: str, keys: tuple[str, ...]) -> int:
    """The line of the key, or of the nearest thing around it."""
    lines = toml.lines(text)
    return next((lines[keys[:end]] for end in range(len(keys), 0, -1) if keys[:end] in lines), 1)
