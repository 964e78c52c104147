"""Energy: a meter read beside the work, shared fairly, and silent where it fails."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import config
from router.ledger import Journey, Ledger, energy
from router.ledger.energy import MeterFailed, Nvml, Rapl, Sampler, Steady
from router.ledger.shares import Shares
from router.runtimes.scripted import Cue
from router.types import Route
from tests.fixture import complete
from tests.test_engine import Yard

# Shares


def shares(*events: tuple[str, int, float | None]) -> dict[int, float | None]:
    """What each work took, from events such as ("begin", work, reading)."""
    it, took = Shares(), {}
    for what, work, reading in events:
        if what == "begin":
            it.begin(work, reading)
        else:
            took[work] = it.end(work, reading)
    return took


def test_one_work_takes_all_that_is_drawn_meanwhile() -> None:
    assert shares(("begin", 1, 100), ("end", 1, 130), ("begin", 2, 500), ("end", 2, 501)) == {1: 30, 2: 1}


def test_two_at_a_time_take_equal_parts_of_the_time_that_they_share() -> None:
    # 1: ▆▆▆▆▆▆      10 alone, 20 shared
    # 2:     ▆▆▆▆    20 shared, 6 alone
    assert shares(("begin", 1, 0), ("begin", 2, 10), ("end", 1, 30), ("end", 2, 36)) == {1: 20, 2: 16}


@pytest.mark.parametrize("broken", [None, 5.0])
def test_a_reading_that_fails_leaves_those_unmeasured_that_go_on_across_it(broken: float | None) -> None:
    took = shares(
        ("begin", 1, 10), ("begin", 2, broken), ("end", 1, 40), ("end", 2, 50), ("begin", 3, 60), ("end", 3, 61)
    )
    assert (took[1], took[3]) == (None, 1)


def test_what_never_began_took_nothing_known() -> None:
    assert shares(("end", 1, 5.0)) == {1: None}


@given(st.lists(st.tuples(st.integers(1, 4), st.floats(0, 1e6)), max_size=40))
def test_the_shares_are_never_negative_and_never_more_than_the_meter_showed(steps: list[tuple[int, float]]) -> None:
    it, open_now, total, reading = Shares(), set(), 0.0, 0.0
    for work, drawn in steps:
        reading += drawn
        if work in open_now:
            joules = it.end(work, reading)
            assert joules is not None
            assert joules >= 0
            total += joules
            open_now.discard(work)
        else:
            it.begin(work, reading)
            open_now.add(work)
    assert total <= reading * (1 + 1e-9)


# Meters


class FakeNvml:
    """Two cards, as pynvml shows them."""

    class NVMLError(Exception):
        pass

    def __init__(self, *cards: float) -> None:
        self.cards: list[float] | None = list(cards)

    def nvmlInit(self) -> None:
        pass

    def nvmlDeviceGetCount(self) -> int:
        return len(self.cards or ())

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetTotalEnergyConsumption(self, card: int) -> float:
        if self.cards is None:
            raise self.NVMLError("GPU is lost")
        return self.cards[card]


def test_nvml_counts_all_cards_in_millijoules() -> None:
    nvml = FakeNvml(1500, 500)
    meter = Nvml(nvml)
    assert meter.joules() == 2.0
    nvml.cards = None
    with pytest.raises(MeterFailed, match="GPU is lost"):
        meter.joules()


def test_nvml_without_a_card_is_no_meter() -> None:
    with pytest.raises(MeterFailed):
        Nvml(FakeNvml())


def powercap(folder: Path, *readings: int) -> Path:
    for index, reading in enumerate(readings):
        package = folder / f"intel-rapl:{index}"
        package.mkdir(exist_ok=True)
        (package / "energy_uj").write_text(f"{reading}\n")
        (package / "max_energy_range_uj").write_text("10000000\n")
    (folder / "intel-rapl:0:0").mkdir(exist_ok=True)  # a part of the package, counted in it
    return folder


def test_rapl_counts_the_packages_and_survives_their_beginning_anew(tmp_path: Path) -> None:
    meter = Rapl(powercap(tmp_path, 9_000_000, 1_000_000))
    assert meter.joules() == 0
    powercap(tmp_path, 9_500_000, 2_000_000)
    assert meter.joules() == 1.5
    powercap(tmp_path, 500_000, 2_000_000)
    assert meter.joules() == 2.5
    (tmp_path / "intel-rapl:1" / "energy_uj").write_text("")
    with pytest.raises(MeterFailed):
        meter.joules()


def test_rapl_that_is_not_there_is_no_meter(tmp_path: Path) -> None:
    with pytest.raises(MeterFailed):
        Rapl(tmp_path)


def test_the_users_watts_come_before_any_meter() -> None:
    assert isinstance(energy.find(100.0), Steady)
    assert Steady(50.0, lambda: 3.0).joules() == 150


@pytest.mark.parametrize(
    ("engine", "host", "watts", "measured"),
    [
        ("embedded", "", 0, True),
        ("ollama", "", 0, True),
        ("openai", "http://127.0.0.1:8080", 0, True),
        ("openai", "http://[::1]:8080", 0, True),
        ("openai", "http://gpu.example:8080", 0, False),
        ("openai", "http://gpu.example:8080", 300, True),
        ("openai", "http://[", 0, False),
        ("echo", "", 300, False),
        ("scripted", "", 300, False),
    ],
)
def test_only_a_model_that_works_here_is_measured(engine: str, host: str, watts: float, measured: bool) -> None:
    settings = config.Config(runtime=config.Runtime(openai=config.OpenAI(host=host)), cost=config.Cost(watts=watts))
    assert energy.measurable(settings, engine) is measured


# The sampler


class Counter:
    """A meter that shows what it is told, or fails."""

    def __init__(self, *readings: float | None) -> None:
        self._readings = iter(readings)

    def joules(self) -> float:
        reading = next(self._readings)
        if reading is None:
            raise MeterFailed("NVML says: GPU is lost")
        return reading


def sampled(meter: energy.Meter | None, *events: tuple[bool, int], clock: Callable[[], float] = lambda: 0.0) -> tuple[dict[int, float], list[str]]:  # noqa: E501  # fmt: skip
    took: dict[int, float] = {}
    notes: list[str] = []
    it = Sampler(lambda: meter, took.__setitem__, notes.append, clock)
    for event in events:
        it.event(*event)
    it.close(20)
    return took, notes


def test_what_a_work_took_is_told() -> None:
    assert sampled(Counter(10, 35), (True, 1), (False, 1)) == ({1: 25}, [])


def test_a_meter_that_fails_on_the_way_is_told_once_and_tried_again() -> None:
    meter = Counter(10, None, None, 50, 60, 65)
    events = [(True, 1), (False, 1), (True, 2), (False, 2), (True, 3), (False, 3)]
    took, notes = sampled(meter, *events)
    assert took == {3: 5}
    assert notes == ["What the last answer took in energy was not measured. NVML says: GPU is lost"]


def test_a_reading_that_comes_late_does_not_count() -> None:
    times = iter([0.0, 0.0, 0.0, 5.0])
    assert sampled(Counter(10, 35), (True, 1), (False, 1), clock=lambda: next(times)) == ({}, [])


def test_without_a_meter_nothing_is_measured_and_nothing_said() -> None:
    assert sampled(None, (True, 1), (False, 1)) == ({}, [])


# Into the ledger


def journey(*works: int) -> Journey:
    it = Journey(complete("x‸"), Route("ollama", "qwen"), 1.0)
    it.outcome, it.works = "shown", list(works)
    return it


async def works(it: Ledger, engine: str = "ollama") -> int:
    async with it.working(engine) as work:
        return work


def test_what_a_turn_took_reaches_its_line_whichever_comes_first() -> None:
    told = threading.Event()

    class Watched(Ledger):
        def _took(self, work: int, joules: float) -> None:
            super()._took(work, joules)
            told.set()

    async def story(it: Ledger) -> None:
        work = await works(it)
        assert told.wait(20)
        it.close(journey(work), 2.0)
        told.clear()
        async with it.working("ollama") as work:
            it.close(journey(work), 3.0)
        assert told.wait(20)

    it = Watched(meter=lambda watts: Counter(0, 7, 10, 13))
    asyncio.run(story(it))
    assert [turn.joules for turn in it.turns] == [7, 3]
    it.end()


def test_an_answer_that_was_interrupted_takes_all_its_stretches() -> None:
    it = Ledger(meter=lambda watts: Counter(0, 7, 10, 13))
    stretches = [asyncio.run(works(it)) for _ in range(2)]
    it.close(journey(*stretches), 2.0)
    it.end(20)
    assert [turn.joules for turn in it.turns] == [10]


def test_an_engine_without_a_model_is_not_measured() -> None:
    it = Ledger(meter=lambda watts: pytest.fail("no meter is looked for"))
    it.close(journey(asyncio.run(works(it, "echo"))), 2.0)
    assert it.turns[-1].joules == 0


def test_the_router_has_the_work_of_its_engines_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(energy, "measurable", lambda config, engine: engine == "scripted")

    async def story() -> list[float]:
        it = Yard(Cue(when="x = ", say=("1 +", " 2")), Cue(when="y = ", say=("3",)))
        it.router.ledger = Ledger(meter=lambda watts: Counter(0, 7, 10, 13))
        it.router._suggestions = it.router._suggesting()
        await it.router.start()
        assert await it.ask(complete("x = ‸\n")) == ["1 + 2"]
        assert await it.ask(complete("x = 1 ‸\n")) == ["+ 2"]  # typed through: no engine works for it
        assert await it.ask(complete("y = ‸\n")) == ["3"]
        await it.router.aclose()
        return [turn.joules for turn in it.router.ledger.turns]

    assert asyncio.run(story()) == [7, 0, 3]
