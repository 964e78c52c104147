"""The corpus of reviews is what it says it is, and the pipeline before it does what it promises."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from bench import review
from bench.review_players import MEANING
from router.reviewing.cases import LANGUAGES, poisons, sources
from router.reviewing.reading import Code
from router.reviewing.rules import rules


def test_the_corpus_is_as_large_as_is_said() -> None:
    languages = Counter(it.language for it in sources())
    assert set(languages) == set(LANGUAGES)
    assert len(sources()) >= 60
    assert sum(len(it.bugs) for it in sources()) >= 60
    assert len(poisons()) >= 40


@pytest.mark.parametrize("source", sources(), ids=lambda it: it.name)
def test_sources_and_their_bugs_parse(source: review.Source) -> None:
    assert Code(source.language, source.text).faults == 0
    for bug in source.bugs:
        assert bug.rule in rules()
        assert Code(source.language, bug.edit.made(source.text)).faults == 0
    assert source.comment.made(source.text) != source.text


def test_every_true_finding_arrives() -> None:
    tally = asyncio.run(review.reviewed_well(0.0))
    assert [(it.said[0].message) for it in tally.asked if not it.shown] == []


def test_what_is_checkably_false_is_stopped_before_a_model_looks_again() -> None:
    tally = asyncio.run(review.reviewed_sloppily(1.0))  # a second look that is always wrong stops nothing false
    said = Counter(it.kind.startswith(MEANING) for asked in tally.asked for it in asked.said)
    came = [asked.of(it).kind for asked in tally.asked for it in asked.shown]
    assert said[True] / said.total() >= 0.4
    assert sum(not kind.startswith(MEANING) for kind in came) <= 0.05 * said[False]


@pytest.mark.parametrize("convincing", [False, True])
def test_an_evil_reviewer_has_no_effect(convincing: bool) -> None:
    tally = asyncio.run(review.reviewed_evilly(convincing, every=30))
    assert [finding for asked in tally.asked for finding in asked.shown] == []


def test_an_edited_comment_is_no_review() -> None:
    assert review.recommented() == (len(sources()), 0)


def test_a_second_look_does_not_see_the_truth() -> None:
    source = sources()[0]
    bug = source.bugs[0]

    async def looked() -> str:
        async with review.played() as bench:
            text = bug.edit.made(source.text)
            document, _, found = review._reviewed(source, text, "x")
            said = review.good(bug, text)
            await bench.played(document, found[0], [said], lambda it: review._verdict(it.fails))
            return next(
                it.prompt for it in bench.engine.heard if it.prompt.rstrip().endswith("JSON:") and "claim" in it.prompt
            )

    prompt = asyncio.run(looked())
    assert bug.edit.new in prompt
    assert bug.edit.old not in prompt
    assert bug.fails not in prompt
