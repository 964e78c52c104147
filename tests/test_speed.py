"""Speeds: what physics allows, what is expected, and what turns teach without being misled."""

from __future__ import annotations

import math
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs import speeds
from router.models import known
from router.models.hardware import Gpu, Machine
from router.models.speed import ENOUGH, KEPT, Estimate, Speed, bound, learned, load_seconds, replayed, roofline
from router.models.types import Layers, Model, Shape
from router.types import Timing, Turn


def model(billions: float, gigabytes: float, layers: Layers, heads: int, active: float = 0.0) -> Model:
    return Model(
        "ollama",
        "a model",
        parameters=int(billions * 1e9),
        active=int(active * 1e9),
        size=int(gigabytes * 1e9),
        shape=Shape("any", (layers,), heads=heads),
    )


# Shapes and Q4_K_M sizes of Qwen 2.5-coder 1.5B, 7B and 14B, Gemma 3 4B and 27B, Llama 3.1 8B, Qwen 3 30B-A3B.
QWEN_1B = model(1.54, 0.99, Layers(28, 2, 128, 128), 12)
QWEN_7B = model(7.6, 4.68, Layers(28, 4, 128, 128), 28)
QWEN_14B = model(14.8, 9.0, Layers(48, 8, 128, 128), 40)
GEMMA_4B = model(4.3, 2.49, Layers(34, 4, 256, 256), 8)
GEMMA_27B = model(27.4, 16.6, Layers(62, 16, 128, 128), 32)
LLAMA_8B = model(8.03, 4.92, Layers(32, 8, 128, 128), 32)
MIXTURE = model(30.5, 18.6, Layers(48, 4, 128, 128), 32, active=3.3)
MODELS = (QWEN_1B, QWEN_7B, QWEN_14B, GEMMA_4B, GEMMA_27B, LLAMA_8B, MIXTURE)


def machine(name: str) -> Machine:
    found = known.named(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "its", "decode"),
    [  # bandwidth / (weights + 2048 tokens of KV), reckoned by hand
        ("rtx3060", QWEN_7B, 75),
        ("rtx4090", GEMMA_27B, 57),
        ("m3pro-36gb", QWEN_7B, 31),
        ("m3pro-36gb", GEMMA_27B, 8.5),
        ("cpu-16gb", QWEN_1B, 49),
    ],
)
def test_no_token_comes_faster_than_memory_gives_the_weights(name: str, its: Model, decode: float) -> None:
    assert bound(machine(name), its, 2048).decode == pytest.approx(decode, rel=0.02)


@pytest.mark.parametrize(
    ("name", "its", "decode", "tolerance"),
    [  # published: llm-speed.com for the RTX 4090; the RTX 3060 with Qwen 3 14B
        ("rtx4090", GEMMA_4B, 195, 0.1),
        ("rtx4090", GEMMA_27B, 47, 0.25),
        ("rtx3060", QWEN_14B, 23, 0.2),
    ],
)
def test_what_is_expected_is_what_others_measured(name: str, its: Model, decode: float, tolerance: float) -> None:
    assert roofline(machine(name), its, 512).decode == pytest.approx(decode, rel=tolerance)


def test_prefill_is_bounded_by_arithmetic() -> None:
    at_most = bound(machine("rtx4090"), LLAMA_8B, 512)
    assert at_most.prefill == pytest.approx(330e12 / (2 * 8.03e9), rel=0.05)
    assert 4668 <= roofline(machine("rtx4090"), LLAMA_8B, 512).prefill <= 10359  # llm-speed.com, llama.cpp #7676


@pytest.mark.parametrize("name", known.names())
@pytest.mark.parametrize("its", MODELS)
def test_what_is_expected_stays_within_the_bound(name: str, its: Model) -> None:
    for share in (0.0, 0.4, 1.0):
        at_most, expected = (way(machine(name), its, 4096, share=share) for way in (bound, roofline))
        assert 0 < expected.prefill < at_most.prefill
        assert 0 < expected.decode < at_most.decode
        assert not expected.measured


def test_a_mixture_reads_few_of_its_weights_for_a_token_and_all_of_them_for_a_batch() -> None:
    mac = machine("m3pro-36gb")
    assert bound(mac, MIXTURE, 0).decode == pytest.approx(150e9 / (18.6e9 * 3.3 / 30.5), rel=0.01)
    swift = machine("rtx4090")
    assert bound(swift, MIXTURE, 0).prefill == pytest.approx(512 / (18.6e9 / 1008e9), rel=0.01)


def test_the_times_of_a_split_model_add() -> None:
    box = machine("rtx3060")
    whole, none, half = (bound(box, QWEN_14B, 2048, share=share).decode for share in (1.0, 0.0, 0.5))
    assert 1 / half == pytest.approx((1 / whole + 1 / none) / 2)
    assert bound(machine("cpu-16gb"), QWEN_7B, 2048) == bound(machine("cpu-16gb"), QWEN_7B, 2048, share=0.0)


def test_a_card_reads_the_prompt_for_what_is_in_main_memory_too() -> None:
    box, processor = machine("rtx3060"), machine("cpu-16gb")
    mostly, all_of_it = (roofline(box, QWEN_14B, 512, share=share).prefill for share in (0.75, 1.0))
    assert 5 * roofline(processor, QWEN_14B, 512).prefill < mostly < all_of_it
    radeon = Machine(
        "box", 32 << 30, 30 << 30, 40e9, 0.5e12, gpus=(Gpu("AMD RX 6800 XT", 16 << 30, 15 << 30, 512e9, 41.5e12),)
    )
    llama = model(13.02, 10.68, Layers(40, 40, 128, 128), 40)
    # llama.cpp #2059 with no layer on the card, and with all of them
    assert roofline(radeon, llama, 512, share=1e-6).prefill == pytest.approx(249, rel=0.25)
    assert roofline(radeon, llama, 512).prefill == pytest.approx(684, rel=0.35)
    assert roofline(radeon, llama, 64).decode == pytest.approx(34, rel=0.1)


def test_a_sliding_window_is_read_no_further_than_it_reaches() -> None:
    box = machine("rtx4090")
    slides, looks_back = (model(4.3, 2.49, Layers(34, 4, 256, 256, window=w), 8) for w in (1024, 0))
    assert bound(box, slides, 1024) == bound(box, looks_back, 1024)
    assert bound(box, slides, 32768).decode == bound(box, slides, 1024).decode
    assert bound(box, looks_back, 32768).decode < 0.5 * bound(box, looks_back, 1024).decode


def test_a_card_nobody_knows_has_no_speed() -> None:
    gpu = machine("rtx3060").gpus[0]
    box = Machine("box", 32 << 30, 30 << 30, 50e9, 1e12, gpus=(type(gpu)("sample", gpu.total, gpu.free),))
    assert roofline(box, QWEN_7B, 2048) == Speed()
    assert roofline(box, Model("ollama", "nothing known"), 2048).decode >= 0
    assert 2 < load_seconds(QWEN_7B.size) < 6


# What turns teach.

UNKNOWN = Estimate()


def read(rate: float, tokens: int = 1000, reused: int = 0, load_ms: float = 0.0) -> Timing:
    """A turn of an engine that evaluates `rate` tokens/s, and says what it reused."""
    spent = (tokens - max(reused, 0)) / rate * 1000
    return Timing(prompt_tokens=tokens, reused_tokens=reused, prefill_ms=spent, load_ms=load_ms)


def silent(rate: float, share: float = 0.0, tokens: int = 1000, load_ms: float = 0.0) -> Timing:
    """A turn of an engine that reuses a share of the prompt and does not say so, as Ollama."""
    spent = tokens * (1 - share) / rate * 1000
    return Timing(prompt_tokens=tokens, reused_tokens=-1, prefill_ms=spent, load_ms=load_ms)


def wrote(rate: float, tokens: int = 100) -> Timing:
    return Timing(answer_tokens=tokens, decode_ms=tokens / rate * 1000)


def after(turns: list[Timing], estimate: Estimate = UNKNOWN, shared: float = -1.0) -> Estimate:
    for turn in turns:
        estimate = estimate.with_turn(turn, shared)
    return estimate


rates = st.floats(10, 10_000)
honest = st.lists(rates, min_size=ENOUGH, max_size=40)
nonsense = st.sampled_from([0.0, -5.0, math.inf, -math.inf, math.nan, 1e-300])


@given(honest, honest)
def test_the_estimate_lies_among_the_honest_samples(prefills: list[float], decodes: list[float]) -> None:
    found = learned(after([read(it) for it in prefills] + [wrote(it) for it in decodes]))
    assert found is not None
    assert found.measured
    assert min(prefills[-KEPT:]) * 0.999 <= found.prefill <= max(prefills[-KEPT:]) * 1.001
    assert min(decodes[-KEPT:]) * 0.999 <= found.decode <= max(decodes[-KEPT:]) * 1.001


@given(st.lists(st.floats(90, 110), min_size=ENOUGH - 1, max_size=40), st.floats(0.001, 1e6), st.integers(0, 40))
def test_one_outlier_stays_between_the_honest(samples: list[float], outlier: float, at: int) -> None:
    turns = [wrote(it) for it in samples]
    turns.insert(at, wrote(outlier))
    assert 89.9 <= after(turns).decode <= 110.1


@given(honest, st.lists(st.tuples(st.floats(0.0, 0.999), st.floats(0.5, 2.0)), max_size=60))
def test_hits_that_nobody_tells_of_never_raise_the_estimate(
    before: list[float], hits: list[tuple[float, float]]
) -> None:
    estimate = after([read(it) for it in before])
    for share, noise in hits:
        following = estimate.with_turn(silent(estimate.prefill * noise, share))
        assert following.prefill <= estimate.prefill
        estimate = following


@given(st.lists(st.floats(0.0, 0.97), min_size=ENOUGH, max_size=40))
def test_reuse_that_is_told_does_not_change_the_speed(shares: list[float]) -> None:
    turns = [read(500.0, 5000, int(5000 * share)) for share in shares]
    assert after(turns).prefill == pytest.approx(500)


def test_noise_does_not_wear_the_estimate_down() -> None:
    estimate = after([read(500.0)] * KEPT)
    for noise in (0.85, 1.0, 1.15, 0.9, 1.1) * 40:
        estimate = estimate.with_turn(silent(500.0 * noise, 0.0))
    assert estimate.prefill == pytest.approx(500)


def test_a_silent_engine_is_believed_when_nothing_can_be_cached() -> None:
    expected = Estimate(expected=Speed(300.0, 30.0))
    assert after([silent(900.0, load_ms=2000.0)] * ENOUGH, expected).prefill == pytest.approx(900)  # just loaded
    assert after([silent(900.0)] * ENOUGH, expected, shared=0.0).prefill == pytest.approx(900)  # a new prompt
    assert after([silent(900.0)] * 99, expected).prefill == 300  # may have been hits
    assert after([silent(900.0)] * 99, expected, shared=0.9).prefill == 300
    assert learned(after([silent(900.0)] * 99, expected)) is None


@pytest.mark.parametrize("turn", [read, silent])
def test_a_machine_that_slows_down_is_noticed_within_tens_of_turns(turn: type) -> None:
    estimate = after([read(1000.0)] * 40 + [wrote(50.0)] * 40)
    slower = after([turn(400.0)] * 10 + [wrote(20.0)] * 10, estimate)
    assert slower.prefill == pytest.approx(400)
    assert slower.decode == pytest.approx(20)


def test_turns_too_short_to_tell_teach_nothing() -> None:
    before = Estimate(expected=Speed(300.0, 30.0))
    assert after([read(9000.0, tokens=20), read(9000.0, 1000, 990), wrote(900.0, tokens=3)] * 9, before) == before


@given(st.lists(st.tuples(nonsense, nonsense, st.integers(-100, 10**9)), max_size=20), st.floats(-1, 1))
def test_a_clock_that_jumps_is_not_believed(turns: list[tuple[float, float, int]], shared: float) -> None:
    sound = after([read(500.0), wrote(50.0)] * KEPT)
    odd = [
        Timing(tokens, reused, tokens, prefill_ms=one, decode_ms=other)
        for one, other, tokens in turns
        for reused in (-1, 0)
    ]
    found = after(odd, sound, shared)
    assert all(0 < it < math.inf for it in (*found.prefills, *found.decodes))
    limited = after(odd, Estimate(Speed(500, 50), Speed(2000, 100), sound.prefills, sound.decodes), shared)
    assert limited.prefill == pytest.approx(500)
    assert limited.decode == pytest.approx(50)


def test_what_the_hardware_cannot_do_was_not_done() -> None:
    limited = Estimate(limit=Speed(2000.0, 100.0))
    assert after([read(9000.0), wrote(500.0)] * 9, limited) == limited
    assert learned(after([read(2500.0), wrote(150.0)] * 9, limited)) is not None  # tables are not that exact


def test_the_ledgers_lines_teach_what_the_turns_did() -> None:
    timings = [read(500.0), wrote(50.0), read(700.0, 2000, 1000), silent(100.0), wrote(60.0)] * 3
    turns = [
        Turn(
            "complete",
            "ollama",
            "one",
            "shown",
            100.0,
            prefill_ms=it.prefill_ms,
            decode_ms=it.decode_ms,
            prompt_tokens=it.prompt_tokens,
            reused_tokens=it.reused_tokens,
            answer_tokens=it.answer_tokens,
        )
        for it in timings
    ]
    assert replayed(turns, UNKNOWN) == after(timings)


def test_half_of_what_is_known_keeps_the_other_half_as_expected() -> None:
    estimate = after([wrote(rate) for rate in (40.0, 50.0, 60.0)], Estimate(expected=Speed(300.0, 30.0)))
    assert learned(estimate) == Speed(300.0, median([40.0, 50.0, 60.0]), measured=True)


# The page that sets claims beside the hardware.


@pytest.mark.parametrize(
    ("least", "most", "said"),
    [
        (101, 150, "above the physical limit, 1.0 to 1.5 times"),
        (90, 150, "above the physical limit at its upper end"),
        (40, 90, "possible"),
        (10, 34, "far below what the card can: 10% to 34% of the bound"),
    ],
)
def test_a_claim_is_held_against_the_hardware(least: float, most: float, said: str) -> None:
    claim = speeds.Claim("rtx3060", "any", least, most)
    assert speeds.verdict(claim, Speed(1, 100), Speed(1, 70)) == said


def test_what_is_claimed_of_the_mac_is_impossible_and_what_is_claimed_of_the_card_is_far_too_little() -> None:
    rows = [line for line in speeds.page().splitlines() if "–" in line]
    assert len(rows) == len(speeds.CLAIMS)
    assert all("physical limit" in row for row in rows if "M3 Pro" in row)
    assert all("far below" in row for row in rows if "3060" in row)
    assert any("possible" in row for row in rows if "4090" in row and "27b" in row)
