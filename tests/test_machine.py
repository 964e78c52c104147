"""The machine: what is known by name, what is described in a file, and what is found by looking."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router import BadConfig
from router.models import accelerators, bandwidth, known, machine
from router.models.hardware import Gpu, Machine
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
    for name, (rate, tflops) in known.table().cards.items():
        assert known.card(name) == (rate * 1e9, tflops * 1e12)
        assert 60 <= rate <= 10_000
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


keys = st.sampled_from("memory free bandwidth tflops cores system unified name gpu gpu.name [gpu] [[gpu]] gpus".split())
values = st.one_of(
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(
        ['"linux"', '"RTX 3060"', "true", "[]", "{}", '[{name="RTX 3060", memory=8}]', '"', "0x10", "1979-05-27"]
    ),
    st.text(max_size=8),
)


@given(st.lists(st.tuples(keys, values), max_size=8), st.text(max_size=20))
def test_whatever_a_description_says_it_is_a_machine_or_a_sentence(lines: list[tuple[str, str]], more: str) -> None:
    text = "memory = 16\nbandwidth = 50\n" + "\n".join(f"{key} = {value}" for key, value in lines) + more
    box, said = None, ""
    try:
        box = known.described(text, "box.toml")
    except BadConfig as error:
        said = str(error)
    if box is None:
        assert said.startswith("box.toml:")
        assert "\n" not in said
    else:
        assert 0 <= box.free <= box.memory
        assert all(0 <= it.free <= it.total for it in box.gpus)


# What is found by looking.


class NVMLError(Exception):
    """As the package raises it: a code, and a message."""

    def __init__(self, value: int, message: str = "Unknown Error") -> None:
        super().__init__(message)
        self.value = value


class Nvml:
    """A double of the package pynvml; `faults` are raised by the functions of these names."""

    NVMLError = NVMLError

    def __init__(self, *cards: tuple[str | bytes, int, int], **faults: NVMLError) -> None:
        self.cards = cards
        self.faults = faults
        self.ended = False

    def _may_fail(self, name: str) -> None:
        if name in self.faults:
            raise self.faults[name]

    def nvmlInit(self) -> None:
        self._may_fail("init")

    def nvmlShutdown(self) -> None:
        self.ended = True

    def nvmlDeviceGetCount(self) -> int:
        self._may_fail("count")
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        self._may_fail(f"handle{index}")
        return index

    def nvmlDeviceGetName(self, handle: int) -> str | bytes:
        return self.cards[handle][0]

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        self._may_fail(f"memory{handle}")
        _, total, free = self.cards[handle]
        return SimpleNamespace(total=total, free=free)


Install = Callable[[object], None]
RTX = "NVIDIA GeForce RTX 3060"


@pytest.fixture
def pynvml(monkeypatch: pytest.MonkeyPatch) -> Install:
    return lambda module: monkeypatch.setitem(sys.modules, "pynvml", module)  # type: ignore[arg-type]


@pytest.fixture
def smi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pynvml: Install) -> Callable[[str], None]:
    """Puts a script of this body in the place of nvidia-smi; the package for NVML is not there."""
    if sys.platform == "win32":
        pytest.skip("a script cannot stand in for a program on Windows")
    pynvml(None)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def place(body: str) -> None:
        script = tmp_path / "nvidia-smi"
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)

    return place


def test_nvml_tells_total_and_free_memory_of_each_card(pynvml: Install) -> None:
    double = Nvml((RTX, 12 * GIB, 11 * GIB), (b"NVIDIA A100-SXM4-80GB", 80 * GIB, 2 * GIB))
    pynvml(double)
    found = accelerators.nvidia()
    assert found == [
        Gpu(RTX, 12 * GIB, 11 * GIB, 360e9, 51e12),
        Gpu("NVIDIA A100-SXM4-80GB", 80 * GIB, 2 * GIB, 2039e9, 312e12),
    ]
    assert not found.notes
    assert double.ended


@pytest.mark.parametrize("code", [accelerators.NO_DRIVER, accelerators.NO_LIBRARY])
def test_a_machine_without_an_nvidia_driver_is_not_worth_a_word(pynvml: Install, code: int) -> None:
    pynvml(Nvml(init=NVMLError(code)))
    found = accelerators.nvidia()
    assert found == []
    assert not found.notes


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (
            {"init": NVMLError(accelerators.MISMATCH)},
            "its driver was updated while it was running; restart the machine.",
        ),
        ({"init": NVMLError(999, "Something odd.")}, "NVIDIA's card is not counted on: Something odd."),
        ({"count": NVMLError(999)}, "NVIDIA's card is not counted on: Unknown Error."),
        ({"handle0": NVMLError(accelerators.LOST)}, "card 0 is not counted on: it has fallen off the bus"),
        ({"memory0": NVMLError(3, "Not Supported")}, f"{RTX} is not counted on: Not Supported."),
    ],
)
def test_nvml_that_fails_is_a_sentence_and_not_a_crash(
    pynvml: Install, faults: dict[str, NVMLError], said: str
) -> None:
    pynvml(Nvml((RTX, 12 * GIB, 11 * GIB), **faults))
    found = accelerators.nvidia()
    assert found == []
    (note,) = found.notes
    assert said in note


def test_a_card_that_falls_off_the_bus_between_two_looks_leaves_the_others(pynvml: Install) -> None:
    double = Nvml((RTX, 12 * GIB, 11 * GIB), ("NVIDIA GeForce RTX 4090", 24 * GIB, 20 * GIB))
    pynvml(double)
    assert len(accelerators.nvidia()) == 2
    double.faults = {"memory1": NVMLError(accelerators.LOST)}
    found = accelerators.nvidia()
    assert [it.name for it in found] == [RTX]
    assert found.notes[0].startswith("NVIDIA GeForce RTX 4090 is not counted on")


def test_nvidia_smi_is_asked_where_nvml_is_not_installed(smi: Callable[[str], None]) -> None:
    smi(f"echo '{RTX}, 12288, 11000'; echo 'NVIDIA, the odd one, 8192, 8000'; echo 'NVIDIA GB10, [N/A], [N/A]'")
    found = accelerators.nvidia()
    assert [(it.name, it.total, it.free) for it in found] == [
        (RTX, 12 * GIB, 11000 << 20),
        ("NVIDIA, the odd one", 8 * GIB, 8000 << 20),
    ]
    assert found[1].bandwidth == 0
    assert "stands in no table" in found.notes[0]
    assert "does not say how much memory" in found.notes[1]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18", "restart the machine"),
        ("echo 'Segmentation fault'; exit 139", "nvidia-smi ended with 139"),
        ("echo 'No devices were found'; exit 6", ""),
        ('echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."; exit 9', ""),
        ("printf '\\377\\000'", "does not say how much"),
    ],
)
def test_nvidia_smi_that_fails_is_a_sentence_or_no_card(smi: Callable[[str], None], body: str, said: str) -> None:
    smi(body)
    found = accelerators.nvidia()
    assert found == []
    assert said in " ".join(found.notes)
    assert bool(found.notes) == bool(said)


def test_nvidia_smi_that_hangs_is_killed_with_its_children(
    smi: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(accelerators, "PATIENCE", 0.2)
    smi(f"sleep 300 & echo $! > {tmp_path / 'child'}; wait")
    found = accelerators.nvidia()
    assert found == []
    assert "does not answer" in found.notes[0]
    assert ended(int((tmp_path / "child").read_text()))


def ended(process: int) -> bool:
    """Whether it comes to its end: who is killed on a busy machine may still be there for a moment."""
    try:
        watched = os.pidfd_open(process)
    except (AttributeError, ProcessLookupError):  # AttributeError: only Linux can watch what is nobody's own child
        return True
    try:
        return bool(select.select([watched], [], [], 20)[0])
    finally:
        os.close(watched)


def test_no_nvidia_at_all_is_no_card_and_no_note(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pynvml: Install
) -> None:
    pynvml(None)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = accelerators.nvidia()
    assert found == []
    assert not found.notes
    (tmp_path / "nvidia-smi").write_text("no program")
    (tmp_path / "nvidia-smi").chmod(0o755)
    if sys.platform != "win32":
        assert "cannot be started" in accelerators.nvidia().notes[0]


class Root:
    """A folder that looks like / to who only looks."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self["proc/meminfo"] = "MemTotal:       32000000 kB\nMemFree:  100 kB\nMemAvailable:   20000000 kB\n"

    def __setitem__(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def radeon(self, card: int, **files: str) -> None:
        for name, text in files.items():
            self[f"sys/class/drm/card{card}/device/{name}"] = text + "\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pynvml: Install) -> Root:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(bandwidth, "measure", lambda threads: 40e9)
    pynvml(Nvml(init=NVMLError(accelerators.NO_LIBRARY)))
    return Root(tmp_path / "root")


def look(root: Root) -> Machine:
    return machine.probe(root.folder, root.folder / "cache")


def test_a_machine_without_a_card_is_its_memory_and_its_processor(root: Root) -> None:
    root["proc/cpuinfo"] = "model name\t: Intel(R) Core(TM) i7\ncpu MHz\t\t: 2000.000\nflags\t\t: fpu avx2 fma\n"
    found = look(root)
    assert (found.name, found.memory, found.free) == ("Intel(R) Core(TM) i7", 32_000_000 * 1024, 20_000_000 * 1024)
    assert found.bandwidth == 40e9
    assert found.flops == found.cores * 2e9 * 32
    assert not found.gpus
    assert not found.notes


def test_amds_driver_tells_what_is_free(root: Root) -> None:
    named = {"vendor": "0x1002", "mem_info_vram_total": str(24 * GIB), "mem_info_vram_used": str(GIB)}
    root.radeon(0, vendor="0x1002", device="0x15bf", mem_info_vram_total=str(GIB // 2), mem_info_vram_used="0")
    root.radeon(1, device="0x744c", **named)
    root.radeon(2, device="0x1234", product_name="AMD Radeon PRO W7900", **named)
    root.radeon(10, vendor="0x1002", device="0x7550")
    root.radeon(11, vendor="0x10de", device="0x2504")
    found = look(root)
    assert [(it.name, it.total, it.free) for it in found.gpus] == [
        ("AMD Radeon RX 7900 GRE", 24 * GIB, 23 * GIB),
        ("AMD Radeon PRO W7900", 24 * GIB, 23 * GIB),
    ]
    assert found.gpus[1].bandwidth == 864e9
    assert found.notes == ("AMD Radeon RX 9070 does not say how much memory it has, so it is not counted on.",)


def test_a_container_has_no_more_than_its_limit(root: Root) -> None:
    root["proc/self/cgroup"] = "0::/box/inner\n"
    root["sys/fs/cgroup/box/memory.max"] = f"{8 * GIB}\n"
    root["sys/fs/cgroup/box/memory.current"] = f"{5 * GIB}\n"
    root["sys/fs/cgroup/box/memory.stat"] = f"anon 1\ninactive_file {2 * GIB}\n"
    root["sys/fs/cgroup/box/inner/memory.max"] = "max\n"
    found = look(root)
    assert (found.memory, found.free) == (8 * GIB, 5 * GIB)


def test_the_first_version_of_control_groups_is_understood_too(root: Root) -> None:
    root["proc/self/cgroup"] = "9:name=systemd:/\n4:cpu,memory:/gone\n0::/\n"
    root["sys/fs/cgroup/memory/memory.limit_in_bytes"] = f"{4 * GIB}\n"
    root["sys/fs/cgroup/memory/memory.usage_in_bytes"] = f"{GIB}\n"
    assert (look(root).memory, look(root).free) == (4 * GIB, 3 * GIB)
    root["sys/fs/cgroup/memory/memory.limit_in_bytes"] = "9223372036854771712\n"
    assert look(root).memory == 32_000_000 * 1024


@given(
    st.text(max_size=200), st.text(max_size=50), st.sampled_from(["proc/meminfo", "proc/cpuinfo", "proc/self/cgroup"])
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_system_says_the_machine_is_one(root: Root, text: str, more: str, path: str) -> None:
    for spot in (path, "sys/fs/cgroup/memory.max", "sys/fs/cgroup/cpu.max", "sys/class/drm/card0/device/vendor"):
        root[spot] = (text if spot == path else more).encode("utf-8", "replace").decode()
    found = look(root)
    assert found.free >= 0
    assert found.flops > 0


def test_a_system_that_says_nothing_is_said(tmp_path: Path, root: Root) -> None:
    found = machine.probe(tmp_path / "nowhere", tmp_path / "cache")
    assert (found.memory, found.free) == (0, 0)
    assert "machine.file" in found.notes[0]


SYSCTL = """hw.memsize: 38654705664
hw.physicalcpu: 12
machdep.cpu.brand_string: Apple M3 Pro
iogpu.wired_limit_mb: 0
"""
VM_STAT = """Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                              500000.
Pages active:                            700000.
Pages inactive:                          600000.
Pages speculative:                        65536.
Pages purgeable:                              0.
"""


def test_a_mac_lets_its_gpu_have_three_quarters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    said = {"sysctl": SYSCTL, "vm_stat": VM_STAT}
    monkeypatch.setattr(accelerators, "output", lambda command: (0, said[command[0]]))
    found = machine.probe(cache=tmp_path)
    assert found.unified
    assert (found.system, found.memory, found.cores) == ("darwin", 36 * GIB, 12)
    assert found.free == (500_000 + 600_000 + 65_536) * 16384
    (gpu,) = found.gpus
    assert (gpu.name, gpu.total, gpu.bandwidth) == ("Apple M3 Pro, 12 cores", 27 * GIB, 150e9)
    assert gpu.free == min(gpu.total, found.free)
    said["sysctl"] = SYSCTL.replace("limit_mb: 0", "limit_mb: 32768")
    assert machine.probe(cache=tmp_path).gpus[0].total == 32 * GIB


def test_a_mac_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def silent(command: object) -> tuple[int, str]:
        raise TimeoutError

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(accelerators, "output", silent)
    monkeypatch.setattr(bandwidth, "measure", lambda threads: 0.0)
    found = machine.probe(cache=tmp_path)
    assert not found.gpus
    assert len(found.notes) == 2


def test_memory_is_measured_once_and_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []

    def measure(threads: int) -> float:
        measured.append(threads)
        return 50e9

    monkeypatch.setattr(bandwidth, "measure", measure)
    assert [bandwidth.of_memory("a laptop", 8, tmp_path) for _ in range(3)] == [50e9] * 3
    assert measured == [bandwidth.THREADS]
    bandwidth.of_memory("a desktop", 2, tmp_path)
    bandwidth.of_memory("a laptop", 8, tmp_path)
    assert measured == [bandwidth.THREADS, 2]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", '{"it": 5}', '{"it": [-1, 0]}', '{"it": ["NaN", 0]}', '{"it": [5e10, 0]}', "[" * 10000],
)
def test_what_was_remembered_badly_is_measured_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(bandwidth, "measure", lambda threads: 60e9)
    (tmp_path / "bandwidth.json").write_text(text)
    assert bandwidth.of_memory("it", 8, tmp_path) == 60e9
    assert json.loads((tmp_path / "bandwidth.json").read_text())["it"][0] == 60e9


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bandwidth, "measure", lambda threads: 50e9)
    (tmp_path / "file").write_text("in the way")
    assert bandwidth.of_memory("it", 8, tmp_path / "file/cache") == 50e9
    assert bandwidth.of_memory("it", 8, None) == 50e9


def test_this_machine_is_found(tmp_path: Path) -> None:
    found = machine.probe(cache=tmp_path)
    assert found.name
    assert 0 < found.free <= found.memory
    assert found.cores >= 1
    assert 1e9 < found.bandwidth < 1e13
    assert 1e10 < found.flops < 1e15
    assert all(0 <= it.free <= it.total for it in found.gpus)


def test_a_file_is_read_and_a_file_that_cannot_be_is_said(tmp_path: Path) -> None:
    path = tmp_path / "box.toml"
    path.write_text("memory = 16\nbandwidth = 50\n")
    assert machine.read(path).memory == 16 * GIB
    for content in (b"\xff\xfe", b"#" * (machine.LONGEST_FILE + 1), b"memory = 16\nbandwidth = 0\n"):
        path.write_bytes(content)
        with pytest.raises(BadConfig, match=r"box\.toml"):
            machine.read(path)
    for gone in (tmp_path / "gone.toml", tmp_path, Path("a\0b")):
        with pytest.raises(BadConfig):
            machine.read(gone)
