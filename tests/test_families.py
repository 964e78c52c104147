"""Every family of models that fills in the middle, quantified over all of families.toml."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.models import families

FAMILIES = families.table()
_MARKS = sorted({mark for family in FAMILIES.values() for mark in family.marks})
_TEXT = st.lists(st.one_of(st.sampled_from(_MARKS), st.text(max_size=8), st.sampled_from("<|>[]")), max_size=8).map(
    "".join
)


@pytest.mark.parametrize("name", FAMILIES)
def test_it_has_at_most_four_stops_and_each_occurs_in_the_prompt(name: str) -> None:
    family = FAMILIES[name]
    prompt = family.prompt("before", "after", "typed")
    assert len(family.stop) <= 4
    assert all(stop in prompt for stop in family.stop)
    assert set(family.stop) <= set(family.marks)


@pytest.mark.parametrize("name", FAMILIES)
def test_nothing_but_marks_stands_after_what_is_typed(name: str) -> None:
    assert FAMILIES[name].prompt("before", "after", "typed").endswith(("typed", "typed<|fim_middle|>"))


@given(st.sampled_from(sorted(FAMILIES)), _TEXT, _TEXT, _TEXT, _TEXT, st.floats(0, 1))
def test_no_mark_in_the_users_text_reaches_the_model_as_a_mark(
    name: str, before: str, after: str, typed: str, way: str, odds: float
) -> None:
    family = FAMILIES[name]
    empty = family.prompt("", "", "", [("", odds)])
    # A prefix ends with its last line's end, or where a long line was cut in two.
    for prefix, middle in ((before + "\n", typed), *((typed[:cut], typed[cut:]) for cut in range(len(typed)))):
        prompt = family.prompt(prefix, after, middle, [(way, odds)])
        for mark in family.marks:
            assert prompt.count(mark) == empty.count(mark)


WAYS = [("return b", 0.7), ("pass", 0.03)]


@pytest.mark.parametrize(
    ("middle", "ways", "prompt"),
    [
        ("    ", [], "<|fim_suffix|>\nend\n<|fim_prefix|>def f():\n   <|fim_middle|>"),
        (
            "    ",
            WAYS,
            "<|fim_suffix|>\nend\n<|fim_prefix|>def f():\n"
            "<|repo_name|> pass<|endoftext|><|fim_pad|> return b<|endoftext|>   <|fim_middle|>",
        ),
        (
            "    a = b\n    ret",
            [("urn b", 0.1)],
            "<|fim_suffix|>\nend\n<|fim_prefix|>def f():\n    a = b\n"
            "<|im_start|>urn b<|endoftext|>    ret<|fim_middle|>",
        ),
    ],
    ids=[
        "none",
        "the best last, each with the blank that the prompt lacks",
        "only the cursor's line stands after them",
    ],
)
def test_our_own_model_is_told_how_the_line_may_go_on(middle: str, ways: list[tuple[str, float]], prompt: str) -> None:
    assert FAMILIES["switchyard"].prompt("def f():\n", "\nend\n", middle, ways) == prompt


def test_who_does_not_ask_for_ways_to_go_on_is_not_told_of_any() -> None:
    for name in FAMILIES.keys() - {"switchyard"}:
        assert FAMILIES[name].prompt("a", "b", "c", WAYS) == FAMILIES[name].prompt("a", "b", "c")


@given(st.sampled_from(sorted(FAMILIES)), _TEXT)
def test_escaping_hides_nothing_from_the_eye(name: str, text: str) -> None:
    assert FAMILIES[name].escape(text).replace("\u200b", "") == text.replace("\u200b", "")


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("qwen2.5-coder:1.5b-base", "qwen"),
        ("hf.co/Qwen/Qwen2.5-Coder-1.5B-GGUF:Q4_K_M", "qwen"),
        ("qwen3-coder:30b", "qwen"),
        ("codegemma:2b", "codegemma"),
        ("starcoder2:3b", "starcoder"),
        ("granite-code:3b", "starcoder"),
        ("codestral:22b", "codestral"),
        ("deepseek-coder:1.3b-base", "deepseek"),
        ("switchyard-30m", "switchyard"),
        ("llama3.2:3b", ""),
        ("qwen3:8b", ""),
        ("gemma3:4b", ""),
    ],
)
def test_a_name_betrays_its_family(model: str, family: str) -> None:
    assert families.of(model) == family
