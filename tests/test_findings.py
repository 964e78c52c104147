"""What a model says of code becomes claims, or a refusal, whatever it says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.answers.findings import MOST, claims, schema, verdict
from router.reviewing.rules import rules
from router.reviewing.types import Claim
from router.types import Refusal

ONE = {
    "quote": "a / b",
    "line": 3,
    "rule": "out-of-range",
    "message": "b may be 0.",
    "symbols": ["b"],
    "fails": "b = 0",
}
CLAIM = Claim("a / b", "out-of-range", "b may be 0.", ("b",), "b = 0", None, 3)


@pytest.mark.parametrize(
    "said",
    [
        json.dumps({"findings": [ONE]}),
        json.dumps([ONE]),
        json.dumps(ONE),
        f"Sure! Here it is:\n```json\n{json.dumps({'findings': [ONE]})}\n```\nI hope that helps.",
        f"<think>maybe {{}} or [1]</think>{json.dumps({'findings': [ONE]})}",
        json.dumps({"findings": [ONE, 7, {"quote": "x"}, {"quote": 3, "message": "no"}]}),
        json.dumps({"findings": [ONE | {"rule": "Out of Range", "line": "3"}]}),
    ],
)
def test_claims_are_read_however_they_are_wrapped(said: str) -> None:
    assert claims(said) == (CLAIM,)


@pytest.mark.parametrize(
    "said", ["", "No bugs here.", "{", "[" * 200_000, "<think>" + json.dumps([ONE]), '{"a": 1}', "[1, 2]"]
)
def test_what_cannot_be_read_is_refused_in_a_sentence(said: str) -> None:
    found = claims(said)
    assert isinstance(found, Refusal)
    assert found.reason.endswith(".")


def test_no_findings_is_an_answer() -> None:
    assert claims('{"findings": []}') == ()


def test_of_five_hundred_some_are_looked_at() -> None:
    found = claims(json.dumps({"findings": [ONE] * 500}))
    assert not isinstance(found, Refusal)
    assert len(found) == MOST


def test_a_rule_that_there_is_not_is_another_fault() -> None:
    found = claims(json.dumps([ONE | {"rule": "bad-vibes"}]))
    assert not isinstance(found, Refusal)
    assert found[0].rule == "other"


@pytest.mark.parametrize(
    ("said", "fails"),
    [
        ('{"fails": "an empty list"}', "an empty list"),
        ('{"fails": "none"}', ""),
        ('{"fails": "None."}', ""),
        ('{"fails": "No such input exists."}', ""),
        ('{"fails": "The code is correct as written"}', ""),
        ('{"fails": "yes"}', ""),
        ('{"fails": ""}', ""),
        ('{"fails": 3}', ""),
        ("an empty list", ""),
        ('<think>[]</think>\n{"fails": "b = 0"}', "b = 0"),
    ],
)
def test_a_second_look_names_an_input_or_none(said: str, fails: str) -> None:
    assert verdict(said) == fails


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*ONE, "findings", "fix", "path"]), inner),
)


@given(st.text() | JSON.map(json.dumps))
def test_no_answer_is_an_exception(said: str) -> None:
    found = claims(said)
    assert isinstance(found, Refusal) or all(isinstance(it, Claim) and it.rule in rules() for it in found)
    assert isinstance(verdict(said), str)


def test_the_schema_names_the_rules_and_nothing_else() -> None:
    item = json.loads(schema())["properties"]["findings"]["items"]
    assert item["properties"]["rule"]["enum"] == list(rules())
