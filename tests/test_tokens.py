"""Tokens counted without a tokenizer: near enough for code, and never fewer than there are for what is hostile."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.models.tokens import KEPT, SHORTEST, Tokenizer, measure
from tests.engine import random_gguf
from tests.engine.facade import Weights

HOUSE = Path(__file__).parent.parent
SOURCES = sorted(path.read_text(encoding="utf-8") for path in (HOUSE / "router").rglob("*.py"))
CODE = "def add(first, second):\n    return first + second\n\n" * 20
RANDOM = random.Random(7)
HOSTILE = {
    "one character": "a" * 3000,
    "one mark": "!" * 3000,
    "marks": "".join(RANDOM.choices("(){}[]<>;:,.!?@#$%^&*", k=2000)),
    "blanks": " " * 3000,
    "empty lines": "\n" * 3000,
    "CJK": "這個函式會把兩個數字相加然後傳回結果。" * 50,
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈🤷🏽‍♀️" * 60,
    "base64": base64.b64encode(RANDOM.randbytes(3000)).decode(),
    "a hash per line": "\n".join(RANDOM.randbytes(20).hex() for _ in range(50)),
    "digits": "31415926535897932384626433" * 80,
    "letters with blanks": "a b c d e f g " * 200,
    "controls": "".join(map(chr, RANDOM.choices(range(32), k=1000))),
    "Cyrillic": "Эта функция складывает два числа. " * 60,
}


def ideal(text: str, ratio: float) -> int:
    """A tokenizer that makes one token of `ratio` characters."""
    return max(1, round(len(text) / ratio))


def calibrated(ratio: float, turns: int = KEPT) -> Tokenizer:
    tokenizer = Tokenizer()
    for _ in range(turns):
        tokenizer = tokenizer.with_turn(CODE, ideal(CODE, ratio))
    return tokenizer


@pytest.fixture(scope="module")
def count() -> Iterator[Callable[[str], int]]:
    """The tokens that llama.cpp makes of a text, with a real vocabulary of 4,096; small, so texts are long in it."""
    weights = Weights("random", random_gguf.made())
    weights.load({"num_ctx": 512})
    yield lambda text: len(weights.asked("/tokenize", {"content": text})["tokens"])
    weights.unload()


def test_without_a_turn_the_prior_of_code_holds() -> None:
    span = Tokenizer().span(CODE)
    assert span.least <= ideal(CODE, 5.4) <= span.usual <= ideal(CODE, 3.0) <= span.most


@given(st.floats(1.5, 9), st.integers(8, 100))
def test_the_span_contains_what_it_was_calibrated_on(ratio: float, turns: int) -> None:
    span = calibrated(ratio, turns).span(CODE)
    assert span.least <= ideal(CODE, ratio) <= span.most
    assert abs(span.usual - ideal(CODE, ratio)) <= 1
    assert span.most <= 1.08 * max(ideal(CODE, ratio), measure(CODE).pieces) + 2


@given(st.lists(st.tuples(st.sampled_from(SOURCES), st.floats(2.0, 7.0)), min_size=1, max_size=KEPT))
def test_every_turn_that_calibrated_it_lies_within(turns: list[tuple[str, float]]) -> None:
    tokenizer, heard = Tokenizer(), []
    for text, ratio in turns:
        following = tokenizer.with_turn(text, ideal(text, ratio))
        if following is not tokenizer:
            heard.append((text, ideal(text, ratio)))
        tokenizer = following
    for text, tokens in heard:
        span = tokenizer.span(text)
        assert span.least <= tokens <= span.most


def test_files_that_it_never_saw_lie_within_too(count: Callable[[str], int]) -> None:
    seen, unseen = SOURCES[::2], SOURCES[1::2]
    tokenizer = Tokenizer()
    for text in seen:
        tokenizer = tokenizer.with_turn(text, count(text))
    within, errors = [], []
    for text in filter(lambda it: len(it) >= SHORTEST, unseen):
        span, tokens = tokenizer.span(text), count(text)
        within.append(span.least <= tokens <= span.most)
        errors.append(abs(span.usual - tokens) / tokens)
    assert sum(within) >= 0.95 * len(within)
    assert sorted(errors)[len(errors) // 2] < 0.08


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_has_no_more_tokens_than_is_said(text: str, count: Callable[[str], int]) -> None:
    tokens = count(text)
    tokenizer = Tokenizer()
    for source in SOURCES:
        tokenizer = tokenizer.with_turn(source, count(source))
    assert tokens <= tokenizer.span(text).most <= len(text.encode()) + 1


@given(st.text(max_size=500))
def test_any_text_has_a_span_and_none_is_longer_than_its_bytes(text: str) -> None:
    for tokenizer in (Tokenizer(), calibrated(4.0)):
        span = tokenizer.span(text)
        assert 0 <= span.least <= span.most <= len(text.encode("utf-8", "replace")) + 1
    its = measure(text)
    assert its.plain >= 0
    assert its.odd >= 0


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("x = 1\n", 4),
        (CODE, 0),
        (CODE, -3),
        (CODE, 10**9),
        (CODE, 1),
        (HOSTILE["CJK"], 950),
        (CODE + HOSTILE["CJK"], 2000),
        (HOSTILE["base64"], 2600),
    ],
)
def test_what_is_not_like_code_or_cannot_be_calibrates_nothing(text: str, tokens: int) -> None:
    assert Tokenizer().with_turn(text, tokens) == Tokenizer()


def test_a_few_turns_do_not_narrow_the_prior() -> None:
    span = calibrated(5.0, turns=3).span(CODE)
    assert span.least <= ideal(CODE, 5.4)
    assert span.most >= ideal(CODE, 3.0)


def test_what_the_template_adds_is_told_apart() -> None:
    tokenizer = Tokenizer(extra=30)
    for _ in range(20):
        tokenizer = tokenizer.with_turn(CODE, ideal(CODE, 4.0) + 30)
    assert tokenizer.ratios[0] == pytest.approx(4.0, rel=0.02)
    assert abs(tokenizer.span(CODE).usual - ideal(CODE, 4.0) - 30) <= 1


@given(st.integers(0, 10_000))
def test_characters_of_code_for_a_budget_keep_to_it(tokens: int) -> None:
    tokenizer = calibrated(4.0)
    text = (CODE * 60)[: tokenizer.characters(tokens)]
    assert ideal(text, 4.0) <= max(1, tokens)
