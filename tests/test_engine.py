"""Router.ask, with an engine that says, stalls and fails on cue."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

import pytest

import router
from router.config import Complete, Config, Context, Privacy
from router.engine import Router
from router.runtimes.scripted import Cue, Script, Scripted
from router.types import Change, Insertion, Request, Span, Status
from tests.fixture import at, complete, document

Result = TypeVar("Result")


class Yard:
    """A router over one scripted engine, with all that it told."""

    def __init__(self, *cues: Cue, family: str = "plain", config: Config | None = None) -> None:
        self.engine = Scripted(Script(cues, family))
        self.told: list[Status] = []
        self.router = Router(config or Config(), self.told.append, engines={"scripted": self.engine})

    async def ask(self, request: Request) -> list[str]:
        """The texts that are shown."""
        return [item.text async for item in self.router.ask(request) if isinstance(item, Insertion)]


def run(story: Coroutine[None, None, Result]) -> Result:
    """Run a story to its end, within a generous limit."""

    async def limited() -> Result:
        return await asyncio.wait_for(story, 20)

    return asyncio.run(limited())


def test_what_the_engine_says_is_shown() -> None:
    async def story() -> None:
        it = Yard(Cue(when="x = ", say=("1 +", " 2")))
        await it.router.start()
        assert await it.ask(complete("x = ‸\n")) == ["1 + 2"]
        assert [turn.outcome for turn in it.router.ledger.turns] == ["shown"]
        await it.router.aclose()

    run(story())


def test_the_stream_is_closed_as_soon_as_the_block_is_whole() -> None:
    async def story() -> None:
        it = Yard(Cue(say=("a()\n", "b()\n"), hang=True))
        await it.router.start()
        request = complete("‸\n")
        it.router.opened(request.document)
        assert await it.ask(request) == ["a()"]
        assert it.engine.closed == 1

    run(story())


def test_typing_what_was_suggested_asks_nobody() -> None:
    async def story() -> None:
        it = Yard(Cue(when="def ", say=("add(a, b):",)))
        await it.router.start()
        assert await it.ask(complete("def ‸\n")) == ["add(a, b):"]
        assert await it.ask(complete("def add‸\n", version=2)) == ["(a, b):"]
        assert await it.ask(complete("def add(‸)\n", version=3)) == ["a, b):"]
        assert len(it.engine.heard) == 1
        assert await it.ask(complete("def adx‸\n", version=4)) == []
        assert len(it.engine.heard) == 2

    run(story())


def test_a_question_asked_twice_is_answered_once() -> None:
    async def story() -> None:
        it = Yard(Cue(when="x = ", say=("1",)), family="qwen")
        await it.router.start()
        for path in ("/home/ada/a.py", "/home/ada/b.py"):
            assert await it.ask(complete("x = ‸\n", path)) == ["1"]
        assert len(it.engine.heard) == 1

    run(story())


def test_a_newer_request_takes_the_place_of_an_older_one() -> None:
    async def story() -> None:
        it = Yard(Cue(when="a = ", hang=True), Cue(when="a = b", say=(".c",)))
        await it.router.start()
        older = asyncio.ensure_future(it.ask(complete("a = ‸\n")))
        await it.engine.asked.wait()
        assert await it.ask(complete("a = b‸\n", version=2)) == [".c"]
        with pytest.raises(router.Superseded):
            await older
        assert it.engine.closed == 1

    run(story())


def test_cancelling_who_asked_stops_the_engine() -> None:
    async def story() -> None:
        it = Yard(Cue(hang=True))
        await it.router.start()
        asked = asyncio.ensure_future(it.ask(complete("a = ‸\n")))
        await it.engine.asked.wait()
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await it.engine.left.wait()
        assert it.router.ledger.turns[-1].outcome == "cancelled"

    run(story())


@pytest.mark.parametrize("failure", ["Unreachable", "ModelMissing", "Incomplete", "Busy", "PromptCut"])
def test_an_engine_that_fails_shows_nothing_and_is_told_of_once(failure: str) -> None:
    async def story() -> None:
        it = Yard(Cue(say=("half an ans",), fail=failure))
        await it.router.start()
        assert await it.ask(complete("x = ‸\n")) == []
        assert await it.ask(complete("y = ‸\n", version=2)) == []
        offline = [status for status in it.told if status.state == "offline"]
        assert len(offline) == (1 if failure in ("Unreachable", "ModelMissing") else 0)

    run(story())


def test_secret_files_get_no_request_at_all() -> None:
    async def story() -> None:
        it = Yard(Cue(say=("x",)), config=Config(privacy=Privacy(exclude=("private/",))))
        await it.router.start()
        for path in ("/home/ada/.env", "/home/ada/private/a.py", "/home/ada/ID_RSA"):
            assert await it.ask(complete("KEY=‸\n", path)) == []
        assert it.engine.heard == []
        assert {status.state for status in it.told} == {"ready", "excluded"}

    run(story())


def test_each_excluded_file_is_told_once_while_it_is_open() -> None:
    async def story() -> None:
        it = Yard(Cue(say=("x",)), family="qwen")
        await it.router.start()
        files = ("/home/ada/a/.env", "/home/ada/b/.env", "/home/ada/c.py")
        for path in (*files, *files):
            await it.ask(complete("KEY=‸\n", path))
        told = [(status.state, status.path) for status in it.told if status.path]
        assert told == [("excluded", files[0]), ("excluded", files[1])]
        it.router.closed(files[0])
        await it.ask(complete("KEY=‸\n", files[0]))
        assert it.told[-1].path == files[0], "whoever opens it again hears it again"

    run(story())


def test_a_suggestion_is_no_longer_than_the_settings_say() -> None:
    async def story() -> None:
        it = Yard(
            Cue(say=("f(\n", " 1,\n", " 2,\n", " 3,\n"), hang=True), config=Config(complete=Complete(max_lines=3))
        )
        await it.router.start()
        request = complete("‸\n", "/home/ada/a.txt")
        assert await it.ask(request) == ["f(\n 1,\n 2,"]

    run(story())


def test_fill_in_the_middle_stands_in_the_order_that_the_prefix_cache_wants() -> None:
    async def story() -> None:
        it = Yard(Cue(say=("1",)), family="qwen")
        await it.router.start()
        await it.ask(complete("a\nx = ‸\nb\n"))
        await it.ask(complete("a\nx = y‸\nb\n", version=2))
        first, second = (call.prompt for call in it.engine.heard)
        assert first == "<|fim_prefix|>a\n<|fim_suffix|>\nb\n<|fim_middle|>x = "
        assert second == first + "y"

    run(story())


LOADS = "a = load(one)\nb = load(one)\nc = load(‸\n"


def test_our_own_model_is_told_how_the_line_may_go_on() -> None:
    async def story() -> None:
        it = Yard(Cue(say=("one)",)), family="switchyard")
        await it.router.start()
        assert await it.ask(complete(LOADS)) == ["one)"]
        why = await it.router.prepared(complete(LOADS, version=2))
        for prompt in (it.engine.heard[0].prompt, why.call.prompt):
            _, _, told = prompt.partition("b = load(one)\n")
            assert told == "<|fim_pad|>one)<|endoftext|>c = load(<|fim_middle|>"

    run(story())


def test_what_it_is_told_is_of_the_other_open_files_too_and_holds_no_secret() -> None:
    async def story() -> None:
        it = Yard(Cue(say=("x",)), family="switchyard")
        await it.router.start()
        key = "ghp_" + "a1B2c3D4e5F6" * 3
        other = complete(f"log_in(user, '{key}')\nlog_in(user, '{key}')\n‸", "/home/ada/other.py")
        it.router.opened(other.document)
        await it.ask(complete("log_in(‸\n"))
        (call,) = it.engine.heard
        assert "|>user, '" in call.prompt
        assert key not in call.prompt

    run(story())


@pytest.mark.parametrize("context", [Context(tokens=0), Context(workspace=False)])
def test_where_a_prompt_may_show_no_other_file_it_is_told_of_this_one_alone(context: Context) -> None:
    async def story() -> None:
        it = Yard(Cue(say=("x",)), family="switchyard", config=Config(context=context))
        await it.router.start()
        it.router.opened(complete(LOADS, "/home/ada/other.py").document)
        await it.ask(complete("c = load(‸\n"))
        assert "<|endoftext|>" not in it.engine.heard[0].prompt

    run(story())


def test_marks_in_the_users_text_do_not_reach_the_engine_as_marks() -> None:
    async def story() -> None:
        it = Yard(Cue(say=("1",)), family="qwen")
        await it.router.start()
        await it.ask(complete("s = '<|fim_middle|>'\n‸<|endoftext|>\n"))
        assert it.engine.heard[0].prompt.count("<|fim_middle|>") == 1
        assert "<|endoftext|>" not in it.engine.heard[0].prompt

    run(story())


def test_edits_keep_the_tree_and_a_closed_document_is_forgotten() -> None:
    async def story() -> None:
        it = Yard(Cue(say=("x = 1\n", "    return x\n", "\n", "g()\n"), hang=True))
        await it.router.start()
        text, cursor = at("def f():\n‸\n\ny = 2\n")
        it.router.opened(document(text))
        text = text[:cursor] + "    " + text[cursor:]
        it.router.edited(document(text, version=2), [Change(cursor, cursor, "    ")])
        request = Request("complete", document(text, version=2), Span(cursor + 4, cursor + 4))
        assert await it.ask(request) == ["x = 1\n    return x"]
        it.router.closed(request.document.path)
        assert await it.ask(request) == ["x = 1\n    return x"]

    run(story())


def test_echo_looks_through_the_other_open_documents_but_not_the_secret_ones() -> None:
    async def story() -> None:
        it = Yard(Cue(say=("1",)))
        await it.router.start()
        for path in ("/home/ada/b.py", "/home/ada/c.py", "/home/ada/id_rsa.py", "/home/ada/d.ts"):
            it.router.opened(document(f"# {path}\n", path))
        it.router.edited(document("# b\n", "/home/ada/b.py"), [Change(0, 17, "# b\n")])
        await it.ask(complete("x = ‸\n"))
        assert it.engine.heard[0].context == ("# /home/ada/c.py\n", "# b\n")

    run(story())
