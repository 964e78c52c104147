"""What is read ahead of the next keystroke, and what it must never disturb."""

from __future__ import annotations

import asyncio

import pytest

from router.completing import warmth
from router.config import Complete, Config, Context, OpenAI, Runtime
from router.engine import Router
from router.models.speed import Estimate, Speed
from router.models.weights import weights
from router.runtimes.scripted import Cue
from router.types import Change, Request
from tests.fixture import complete, document
from tests.test_engine import Yard, run
from tests.test_run import settled

ABOVE = "".join(f"value_{number} = {number}\n" for number in range(60))
HERE = ABOVE + "‸\n"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAUSE", "SETTLED", "REST", "LONGEST"):
        monkeypatch.setattr(warmth, name, 0.0)


class Resting(Yard):
    """A yard over an engine that fills in the middle; its clock stands still."""

    def __init__(self, *cues: Cue, config: Config | None = None) -> None:
        super().__init__(*cues, family="qwen", config=config)

    async def open(self, picture: str, path: str = "/home/ada/a.py") -> Request:
        """A router that knows its engine, and a document in it; the request at its cursor."""
        await self.router.start()
        request = complete(picture, path)
        self.router.opened(request.document)
        return request

    async def moved(self, request: Request) -> None:
        """The cursor was moved there; what is done for that has been done, or has begun."""
        self.router.moved(request.document, request.span.start)
        await self.rested(request)

    async def rested(self, request: Request) -> None:
        kept = self.router._desk.kept(request.document)
        await settled()  # the moment that it waits for is over
        if kept.ahead is not None:
            await kept.ahead

    def asked(self) -> list[int]:
        """How many tokens each call asked for."""
        return [call.max_tokens for call in self.engine.heard]


def test_where_the_cursor_rests_the_prompt_is_read_and_the_first_key_goes_on_from_it() -> None:
    async def story() -> None:
        it = Resting(Cue(say=("x",)))
        request = await it.open(HERE)
        await it.moved(request)
        assert it.asked() == [1]
        await it.ask(complete(HERE.replace("‸", "v‸"), version=2))
        warmed, typed = (call.prompt for call in it.engine.heard)
        assert typed == warmed + "v"
        assert (it.router.ledger.turns[0].task, it.router.ledger.turns[0].outcome) == ("warm", "silent")
        await it.router.aclose()

    run(story())


def test_the_same_place_is_not_read_twice_nor_is_what_was_just_asked() -> None:
    async def story() -> None:
        it = Resting(Cue(say=("x",)))
        request = await it.open(HERE)
        await it.moved(request)
        await it.moved(request)
        await it.ask(request)
        await it.rested(request)
        assert it.asked() == [1, 128]
        await it.router.aclose()

    run(story())


def test_the_first_key_stops_it() -> None:
    async def story() -> None:
        it = Resting(Cue(hang=True))
        request = await it.open(HERE)
        it.router.moved(request.document, request.span.start)
        await it.engine.asked.wait()
        text = request.document.text
        it.router.edited(document(text + "v", version=2), [Change(len(text), len(text), "v")])
        await it.engine.left.wait()
        assert [turn.outcome for turn in it.router.ledger.turns] == ["cancelled"]
        await it.router.aclose()

    run(story())


def test_a_question_of_the_user_does_not_wait_for_it() -> None:
    async def story() -> None:
        it = Resting(Cue(when="x = ", say=("1",)), Cue(hang=True))
        request = await it.open(HERE)
        it.router.moved(request.document, request.span.start)
        await it.engine.asked.wait()
        assert await it.ask(complete("x = ‸", path="/home/ada/b.py")) == ["1"]
        await it.engine.left.wait()
        await it.router.aclose()

    run(story())


@pytest.mark.parametrize(
    ("picture", "path", "config"),
    [
        (HERE, "/home/ada/.env", Config()),
        (HERE, "/home/ada/a.py", Config(context=Context(ahead=False))),
        (HERE, "/home/ada/a.py", Config(complete=Complete(automatic=False))),
        ("x = ‸", "/home/ada/a.py", Config()),
        (ABOVE + 'password = "hunter2hunter‸"', "/home/ada/a.py", Config()),
    ],
)
def test_nothing_is_read_ahead_that_is_excluded_unwanted_short_or_a_secret(
    picture: str, path: str, config: Config
) -> None:
    async def story() -> None:
        it = Resting(Cue(), config=config)
        await it.moved(await it.open(picture, path))
        await settled()
        assert it.engine.heard == []
        await it.router.aclose()

    run(story())


def test_an_engine_of_others_that_counts_tokens_is_not_asked_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        for host, asked in (("https://gateway.example", []), ("http://127.0.0.1:8080", [1])):
            it = Resting(Cue(), config=Config(runtime=Runtime(openai=OpenAI(host=host))))
            monkeypatch.setattr(it.engine, "name", "openai")
            it.router = Router(it.router.config, engines={"openai": it.engine})
            await it.moved(await it.open(HERE))
            assert it.asked() == asked
            await it.router.aclose()

    run(story())


def test_an_engine_that_lays_out_its_own_prompts_is_left_alone() -> None:
    async def story() -> None:
        it = Yard(Cue(say=("x",)))
        await it.router.start()
        request = complete(HERE)
        it.router.opened(request.document)
        it.router.moved(request.document, request.span.start)
        await settled()
        assert it.engine.heard == []
        await it.router.aclose()

    run(story())


def test_what_made_room_before_it_was_read_changes_no_prompt() -> None:
    async def story() -> None:
        it = Resting(Cue(when="x = ", hang=True), Cue(say=("1",)))
        request = await it.open(HERE)
        await it.ask(request)
        window = it.router._desk.kept(request.document).window
        other = asyncio.ensure_future(it.ask(complete("x = ‸", path="/home/ada/b.py")))
        await settled()
        it.router.moved(request.document, 0)
        await settled()
        assert it.router._desk.kept(request.document).window is window
        other.cancel()
        await it.router.aclose()

    run(story())


def test_what_takes_long_to_read_is_begun_after_a_longer_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        it = Resting(Cue())
        request = await it.open(HERE)
        assert it.router.route
        it.router.paces.seed({weights(it.router.route): Estimate(Speed(10.0, 10.0, True))})
        it.router.moved(request.document, request.span.start)
        await settled()
        assert it.engine.heard == []
        it.router.paces.seed({weights(it.router.route): Estimate(Speed(1e9, 10.0, True))})
        await it.moved(request)
        assert it.asked() == [1]
        await it.router.aclose()

    monkeypatch.setattr(warmth, "LONGEST", 60.0)
    run(story())


def test_a_failure_of_it_is_told_to_nobody() -> None:
    async def story() -> None:
        it = Resting(Cue(fail="Busy"))
        request = await it.open(HERE)
        told = len(it.told)
        await it.moved(request)
        assert it.asked() == [1]
        assert len(it.told) == told
        await it.router.aclose()

    run(story())
