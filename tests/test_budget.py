"""The budget: how long a prompt may be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.models.budget import FLOOR, prompt_tokens
from router.models.speed import Speed
from router.types import Task

COMPLETE = Task("complete", "Complete", "cursor", "insertion", "typing", 2, max_tokens=128, patience=1.0)

tasks = st.builds(
    lambda most, patience: replace(COMPLETE, max_tokens=most, patience=patience),
    st.integers(1, 4096),
    st.floats(0, 60),
)
speeds = st.builds(Speed, st.floats(0.1, 1e5), st.floats(0.1, 1e3))
windows = st.integers(0, 200_000)
shares = st.floats(0, 1)


def test_what_is_read_in_a_second_less_the_first_line() -> None:
    assert prompt_tokens(COMPLETE, Speed(2000.0, 50.0), 32768) == 1600  # 10 tokens at 50/s leave 0.8 s


def test_what_the_cache_spares_may_be_read_besides() -> None:
    assert prompt_tokens(COMPLETE, Speed(2000.0, 50.0), 32768, reused=0.75) == 6400


def test_a_slow_processor_still_sees_what_is_around_the_cursor() -> None:
    assert prompt_tokens(COMPLETE, Speed(30.0, 4.0), 32768) == FLOOR


def test_the_answer_has_its_place_in_the_window() -> None:
    assert prompt_tokens(COMPLETE, Speed(1e6, 1e3), 4096) == 4096 - 128
    assert prompt_tokens(COMPLETE, Speed(1e6, 1e3), 0) == COMPLETE.context - 128
    assert prompt_tokens(COMPLETE, Speed(), 4096) == 4096 - 128
    assert prompt_tokens(COMPLETE, Speed(30.0, 4.0), 200) == 72
    assert prompt_tokens(COMPLETE, Speed(30.0, 4.0), 100) == 0


@given(tasks, speeds, windows, st.floats(-1, 2))
def test_it_never_leaves_the_window(task: Task, speed: Speed, window: int, reused: float) -> None:
    tokens = prompt_tokens(task, speed, window, reused)
    room = max(0, (window or task.context) - task.max_tokens)
    assert min(FLOOR, room) <= tokens <= room


@given(tasks, speeds, windows, shares, st.floats(1, 100))
def test_more_speed_patience_reuse_or_window_is_never_a_shorter_prompt(
    task: Task, speed: Speed, window: int, reused: float, more: float
) -> None:
    tokens = prompt_tokens(task, speed, window, reused)
    assert prompt_tokens(task, replace(speed, prefill=speed.prefill * more), window, reused) >= tokens
    assert prompt_tokens(task, replace(speed, decode=speed.decode * more), window, reused) >= tokens
    assert prompt_tokens(replace(task, patience=task.patience * more), speed, window, reused) >= tokens
    assert prompt_tokens(task, speed, window, min(1.0, reused * more)) >= tokens
    assert window == 0 or prompt_tokens(task, speed, int(window * more), reused) >= tokens
