"""Router.ask for what is no completion: the question, the answer as it comes, and a refusal for whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

import router
from router.config import Config, Ledger, Privacy
from router.dispatch.fleet import Planned
from router.engine import Router
from router.models.types import Survey
from router.runtimes.scripted import Cue, Script, Scripted
from router.types import Answer, Call, Delta, Prose, Refusal, Request, Route, Span, Task, Timing
from tests.fixture import document
from tests.test_engine import run

ROUTE = Route("scripted", "script", "plain")
TEXT = "import os\n\n\ndef half(a):\n    return a / 0\n"
AT = Span(TEXT.index("a / 0"), TEXT.index("a / 0"))


class Limited(Scripted):
    """Ends at the limit of tokens."""

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        async with aclosing(super().generate(call)) as stream:
            async for item in stream:
                yield Timing(ended="limit") if isinstance(item, Timing) else item


class Yard:
    """A router over one scripted engine that does every job."""

    def __init__(self, *cues: Cue, engine: Scripted | None = None, exclude: tuple[str, ...] = ()) -> None:
        self.engine = engine or Scripted(Script(cues))

        async def planner(surveys: Sequence[Survey], config: Config) -> Planned:
            jobs = ("complete", "explain", "fix", "refactor")
            return Planned(dict.fromkeys(jobs, ROUTE), {"document": "No model is small enough."}, wide=self.wide)

        config = Config(ledger=Ledger(keep=False), privacy=Privacy(exclude=exclude))
        self.router = Router(config, engines={"scripted": self.engine}, planner=planner, roots=["/home/ada"])

    def wide(self, task: Task, tokens: int) -> Route:
        if tokens > 3000:
            raise router.TooLong(f"This needs {tokens:,} tokens, and there are 3,000: take less.")
        return ROUTE

    async def ask(self, request: Request) -> list[Delta | Answer]:
        return [item async for item in self.router.ask(request)]

    async def asks(self, *requests: Request) -> list[list[Delta | Answer]]:
        """A whole life, with these questions in it."""
        await self.router.start()
        try:
            return [await self.ask(request) for request in requests]
        finally:
            await self.router.aclose()

    @property
    def asked(self) -> list[Call]:
        """What the engine was asked, but for the pieces by which it reads ahead."""
        return [call for call in self.engine.heard if call.max_tokens > 1]


def request(task: str = "explain", path: str = "/home/ada/a.py", text: str = TEXT, consent: bool = False) -> Request:
    return Request(task, document(text, path), AT, True, consent)


def test_what_is_said_comes_as_it_is_said_then_the_answer() -> None:
    yard = Yard(Cue(say=("<think>Hm", "</think>**Why** In ", "line 5, see [this](http://e/x).\n")))
    (heard,) = run(yard.asks(request()))
    assert [it.text for it in heard[:-1] if isinstance(it, Delta)] == ["**Why** In ", "line 5, see this.\n"]
    answer = heard[-1]
    assert isinstance(answer, Prose)
    assert answer.text == "**Why** In line 5, see this."
    assert [(it.path, it.line) for it in answer.mentions] == [("/home/ada/a.py", 5)]
    (call,) = yard.asked
    assert "You explain one bug" in call.system
    assert call.prompt.endswith("Explain the bug in a.py, line 5.")
    assert "   5|     return a / 0" in call.prompt


def test_the_same_question_is_asked_once() -> None:
    yard = Yard(Cue(say=("It is ", "zero.")))
    first, second = run(yard.asks(request(), request()))
    assert first[-1] == second[-1] == Prose("It is zero.")
    assert len(yard.asked) == 1
    assert [turn.outcome for turn in yard.router.ledger.turns] == ["shown", "cached"]


@pytest.mark.parametrize(
    ("failure", "consent"), [("Busy", False), ("Unreachable", False), ("Incomplete", False), ("WouldEvict", True)]
)
def test_a_failure_is_a_refusal_and_not_remembered(failure: str, consent: bool) -> None:
    yard = Yard(Cue(say=("It is ",), fail=failure))
    for heard in run(yard.asks(request(), request())):
        assert heard[-1] == Refusal(f"The script says {failure}.", consent)
    assert len(yard.asked) == 2


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (request("document"), "No model is small enough."),
        (request(path="/home/ada/.env"), "This file is kept out of every prompt by its name (`*.env`)."),
        (
            request(path="/home/ada/private/a.py"),
            "This file is kept out of every prompt by privacy.exclude (`private/`).",
        ),
        (request(text="\0"), "This file is binary or too large to be looked at."),
        (request(text="x = 1  # " + "y" * 20_000), "take less."),
    ],
)
def test_what_cannot_be_asked_is_refused_and_no_engine_hears_of_it(wrong: Request, says: str) -> None:
    yard = Yard(exclude=("private/",))
    ((answer,),) = run(yard.asks(wrong))
    assert isinstance(answer, Refusal)
    assert answer.reason.endswith(says)
    assert not yard.engine.heard


def test_a_task_that_there_is_not_is_an_error() -> None:
    with pytest.raises(router.BadTask, match=r"There is no task 'poem'; there are complete, document"):
        run(Yard().asks(request("poem")))


def test_an_explanation_that_is_cut_says_so_and_an_edit_is_none() -> None:
    said = (Cue(say=("```\nx = 1\n",)),)
    heard, edited = run(Yard(engine=Limited(Script(said))).asks(request(), request("fix")))
    assert isinstance(heard[-1], Prose)
    assert "was broken off" in heard[-1].text
    assert isinstance(edited[-1], Refusal)
    assert "longer than the 1,200 tokens" in edited[-1].reason


@pytest.mark.parametrize("said", ["".join(map(str, range(20_000))), "and so on, " * 50])
def test_an_engine_that_comes_to_no_end_is_cut_off(said: str) -> None:
    yard = Yard(Cue(say=(said,) * 9, hang=True))
    (heard,) = run(yard.asks(request()))
    assert isinstance(heard[-1], Prose)
    assert "was broken off" in heard[-1].text
    assert yard.engine.closed == 1


def test_who_leaves_stops_the_model() -> None:
    async def story() -> None:
        yard = Yard(Cue(say=("It is zero, ",), hang=True))
        await yard.router.start()
        async with aclosing(yard.router.ask(request())) as answer:
            assert await anext(answer) == Delta("It is zero, ")
        await asyncio.wait_for(yard.engine.left.wait(), 20)
        assert [turn.outcome for turn in yard.router.ledger.turns] == ["cancelled"]
        await yard.router.aclose()

    run(story())


def test_other_engines_are_no_answer() -> None:
    async def story() -> None:
        yard = Yard(Cue(say=("It is zero, ",), hang=True))
        await yard.router.start()
        answer = yard.router.ask(request())
        assert await anext(answer) == Delta("It is zero, ")
        yard.router._quieten()
        assert [item async for item in answer] == [Refusal("The engines have changed meanwhile; ask again.")]
        await yard.router.aclose()

    run(story())


def test_a_secret_and_a_mark_do_not_reach_the_prompt(tmp_path: Path) -> None:
    text = TEXT + '    token = "ghp_' + "a1B2" * 9 + '"  # <|im_end|>\n'
    (heard,) = run((yard := Yard(Cue(say=("So.",)))).asks(request(text=text)))
    assert heard[-1] == Prose("So.")
    (call,) = yard.asked
    assert "a1B2" not in call.prompt
    assert "<|im_end|>" not in call.prompt
    assert "   6|     token = " in call.prompt


def test_the_user_s_note_is_shown_without_its_middle_where_it_is_long() -> None:
    note = "$ python a.py\n" + "noise\n" * 3000 + "ZeroDivisionError: division by zero"
    yard = Yard(Cue(say=("So.",)))
    run(yard.asks(Request("explain", document(TEXT), AT, note=note)))
    (call,) = yard.asked
    assert "$ python a.py" in call.prompt
    assert "ZeroDivisionError: division by zero\n" in call.prompt
    assert len(call.prompt) < 12_000
