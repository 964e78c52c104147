"""A review is reported in five forms, and in none of them can what a model or a file says do anything."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.reviewing.placing import place
from router.reviewing.reports import github, markdown, sarif, text
from router.reviewing.reports import json as plain
from router.reviewing.rules import rules
from router.reviewing.types import Place, Reported, Review, Skipped
from router.types import Change, Finding, Span
from tests import sarif as standard

GOLDEN = Path(__file__).parent / "golden"
FINDING = Finding(
    "/home/ada/shop/cart.py",
    Span(0, 20),
    "return total / count",
    "warning",
    "out-of-range",
    "An empty cart makes `count` zero, and <b>this</b> fails.",
    "items = []",
    (Change(0, 20, "return total / count if count else 0"),),
)
REVIEW = Review(
    reported=(Reported(FINDING, "shop/cart.py", Place(7, 5, 7, 25), "0123456789abcdef"),),
    skipped=(
        Skipped("logo.png", "it is binary"),
        Skipped("a,b: c%.py", "the model's answer can't be read", "Cart.total", failed=True),
    ),
    summary="- `total` divides by the number of items\n- [free money](http://evil.example)",
    units=3,
    known=1,
)
FORMS = {"text": text, "markdown": markdown, "json": plain, "sarif": sarif, "github": github}


@pytest.mark.parametrize("form", FORMS)
def test_a_review_in_its_form(form: str) -> None:
    golden = GOLDEN / f"review.{form}"
    assert FORMS[form].report(REVIEW) == golden.read_text("utf-8")


def test_a_log_keeps_the_rules_of_sarif() -> None:
    assert list(standard.faults(sarif.log(REVIEW))) == []
    assert list(standard.faults(sarif.log(Review()))) == []


def test_the_rules_of_sarif_are_held_against_a_log() -> None:
    log = sarif.log(REVIEW)
    log["runs"][0]["results"][0]["level"] = "grave"
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0
    del log["version"]
    assert len(list(standard.faults(log))) == 3


NASTY = st.text() | st.sampled_from(
    [
        "![x](http://e)",
        "[x](command:y)",
        "<img src=x>",
        "```\n# x",
        "`a` ![b](c)",
        "a\n::error::b",
        "\x1b]0;x\x07",
        "~~~",
        "&lt;",
    ]
)


@given(NASTY, NASTY, NASTY)
def test_whatever_is_said_no_report_acts(message: str, quote: str, path: str) -> None:
    finding = replace(FINDING, message=message, quote=quote or "x", fails=message, fix=(Change(0, 1, quote),))
    review = replace(
        REVIEW,
        reported=(Reported(finding, path, Place(1, 1, 1, 2), "0"),),
        skipped=(Skipped(path, message),),
        summary=message,
    )
    outside = re.sub(r"(?ms)^(`{3,})\n.*?\n\1$", "", markdown.report(review))
    spoken = re.sub(r"(`+)[^`].*?[^`]?\1", "", outside)
    assert not re.search(r"(?<!\\)!\[|(?<!\\)\]\(|(?<!\\)<\w", spoken)
    for line in github.report(review).rstrip("\n").split("\n"):
        assert line.startswith(("::warning ", "::notice "))
    assert list(standard.faults(sarif.log(review))) in ([], ["$.runs[0].results[0].locations"]) or not path
    assert json.loads(sarif.report(review)) is not None
    assert json.loads(plain.report(review))["findings"][0]["message"] == message


def test_a_place_is_counted_in_lines_of_all_kinds() -> None:
    said = "a\r\nb\rc\näöü"
    at = said.index("ö")
    assert place(said, Span(at, at + 1)) == Place(4, 2, 4, 3)


def test_a_rule_is_a_page_with_an_example() -> None:
    assert set(rules()) >= {"other", "injection", "off-by-one"}
    for rule in rules().values():
        assert rule.says.endswith(".")
        assert "```" in rule.page or rule.code == "other"


@pytest.mark.parametrize("task", ["review", "review_changes"])
def test_the_prompts_list_the_rules_as_their_pages_have_them(task: str) -> None:
    from router import tasks
    from router.reviewing.rules import listed

    assert listed() in tasks.shipped()[task].body
