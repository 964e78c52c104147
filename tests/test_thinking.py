"""What a model thinks aloud is not heard, however it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.answers.thinking import Thoughts, aloud, without


def heard(said: str, size: int = 1, begun: bool = False) -> str:
    it = Thoughts(begun)
    return "".join(it.feed(said[at : at + size]) for at in range(0, len(said), size)) + it.end()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("<think>\nHm.\n</think>\n\nYes.", "Yes."),
        ("Well. <think>Hm.</think> Yes.", "Well. Yes."),
        ("<think>Hm, for ever", ""),
        ("[THINK]Hm.[/THINK]Yes.", "Yes."),
        ("<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Yes.", "Yes."),
        ("<|channel>thought\nHm.<channel|>Yes.", "Yes."),
        ("The `<think>` tag, r'\\s*<think>' and <thin air", "The `<think>` tag, r'\\s*<think>' and <thin air"),
        ("```html\n<think>\n```\nYes.", "```html\n<think>\n```\nYes."),
        ("<thinking>```\n</thinking>Yes. <think>No", "Yes. "),
    ],
)
def test_only_what_is_meant_is_heard(said: str, meant: str) -> None:
    assert heard(said) == meant
    assert without(said) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Hm, let me see.\n</think>\n\nYes.", "Yes."),
        ("Hm:\n```\nx\n```\n</think>\nYes.", "Yes."),
        ("```\n</think>\n```\nYes.", "```\n</think>\n```\nYes."),
    ],
)
def test_thoughts_that_the_prompt_began_end_where_they_end(said: str, meant: str) -> None:
    assert without(said) == meant
    assert heard(said, begun=True) == meant


@pytest.mark.parametrize(
    "model", ["deepseek-r1:8b", "qwq:32b", "Qwen3-4B-Thinking-2507", "magistral", "phi4-reasoning:14b"]
)
def test_a_name_tells_who_always_thinks_first(model: str) -> None:
    assert aloud(model)
    assert not aloud("qwen2.5-coder:7b")
    assert heard("Yes.", begun=True) == "Yes."
    assert Thoughts(begun=True).feed("Hm, let me see.\n") == ""


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<th", "ink>", "```", "\n", " ", "a", "."])).map("".join),
    st.integers(2, 9),
)
def test_it_comes_to_the_same_however_it_is_cut(said: str, size: int) -> None:
    assert heard(said, size) == heard(said)
