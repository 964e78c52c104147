"""The machine: what is known by name, what is described in a file, and what is found by looking."""

from __future__ import annotations

import pytest

from router import BadConfig
from router.models import known
from router.models.known import GIB


def test_the_named_machines_are_what_their_names_say() -> None:
    assert set(known.names()) == {"rtx3060", "rtx4090", "m3pro-36gb", "cpu-16gb", "h200"}
    found = {name: known.named(name) for name in known.names()}
    small, large, mac, laptop, server = (found[name] for name in known.names())
    assert small is not None
    assert small.gpus[0].total == 12 * GIB
    assert (small.gpus[0].bandwidth, small.gpus[0].flops) == (360e9, 51e12)
    assert large is not None
    assert large.gpus[0].bandwidth == 1008e9
    assert mac is not None
    assert mac.unified
    assert mac.gpus[0].total == 27 * GIB == mac.memory * 3 // 4
    assert laptop is not None
    assert not laptop.gpus
    assert server is not None
    assert server.gpus[0].bandwidth == 4.8e12
    assert known.named("abacus") is None


@pytest.mark.parametrize(
    ("name", "bandwidth"),
    [
        ("NVIDIA GeForce RTX 3060", 360),
        ("NVIDIA GeForce RTX 3060 Ti", 448),
        ("NVIDIA GeForce RTX 3060 Laptop GPU", 336),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", 672),
        ("GeForce RTX4090", 1008),
        ("NVIDIA A100-SXM4-80GB", 2039),
        ("NVIDIA A10", 600),
        ("NVIDIA H100 80GB HBM3", 3350),
        ("NVIDIA H200", 4800),
        ("Apple M3 Pro", 150),
        ("Apple M3 Max", 300),
        ("Apple M3 Max, 16 cores", 400),
        ("AMD Radeon(TM) RX 7900 XTX", 960),
        ("Intel(R) Arc(TM) B580 Graphics", 456),
    ],
)
def test_a_card_is_known_by_the_name_that_its_driver_gives_it(name: str, bandwidth: float) -> None:
    found = known.card(name)
    assert found is not None
    assert found[0] == bandwidth * 1e9


@pytest.mark.parametrize("name", ["", "Matrox Mystique", "NVIDIA GeForce RTX 30600", "M3 Pro", "A"])
def test_a_card_that_is_not_in_the_table_is_none(name: str) -> None:
    assert known.card(name) is None


def test_every_card_is_found_by_its_own_name_and_none_is_absurd() -> None:
    for name, (bandwidth, tflops) in known.table().cards.items():
        assert known.card(name) == (bandwidth * 1e9, tflops * 1e12)
        assert 60 <= bandwidth <= 10_000
        assert 2 <= tflops <= 3000
    assert all(known.card(name) for name in known.table().amd.values())


def test_a_file_describes_a_machine() -> None:
    text = """
name = "the box"
memory = 64
free = 48.5
bandwidth = 76.8
[[gpu]]
name = "NVIDIA GeForce RTX 4090"
memory = 24
[[gpu]]
name = "an engineering sample"
memory = 48
free = 40
bandwidth = 2000
tflops = 200
"""
    box = known.described(text, "box.toml")
    assert (box.name, box.memory, box.free) == ("the box", 64 * GIB, int(48.5 * GIB))
    first, second = box.gpus
    assert (first.free, first.bandwidth) == (24 * GIB, 1008e9)
    assert (second.free, second.bandwidth, second.flops) == (40 * GIB, 2e12, 2e14)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("memory = 16\nbandwidth = 'fast'\n", "box.toml:2: bandwidth: expected"),
        ("memory = 16\n\n", "box.toml:1: bandwidth: "),
        ("memory = -1\nbandwidth = 1\n", "box.toml:1: memory: expected"),
        ("memory = 16\nbandwidth = 50\nspeed = 1\n", "box.toml:3: speed: "),
        ("memory = 16\nbandwidth = 50\n[[gpu]]\nname = 'x'\nmemory = true\n", "box.toml:5: gpu.memory: expected"),
        ("memory = 16\nbandwidth = 50\n[[gpu]]\nname = 'x'\nmemory = 8\n", "box.toml:3: gpu 1 (x) is in no table"),
        ("memory = \n", "box.toml:1: this is not TOML"),
        ("memory = nan\nbandwidth = 50\n", "box.toml:1: memory"),
    ],
)
def test_a_wrong_description_names_file_line_and_key(text: str, said: str) -> None:
    with pytest.raises(BadConfig) as raised:
        known.described(text, "box.toml")
    assert str(raised.value).startswith(said)
