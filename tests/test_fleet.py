"""Engines that load, fail, are lost and replaced, under requests that go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

import router
from router.config import Config, Machine, Models, Runtime
from router.config import Scripted as ScriptedSettings
from router.dispatch.fleet import Fleet, Planned
from router.dispatch.loads import Alone
from router.engine import Router
from router.models.types import Model, Survey
from router.runtimes.scripted import Cue, Scripted
from router.types import Request, Route, Status
from tests.fixture import complete
from tests.test_engine import Yard, run
from tests.test_plan import choose
from tests.test_run import settled


class Slow(Scripted):
    """Has to be loaded, and may fail at it; `loading` is set when it is; asked whether it is ready, it waits."""

    def __init__(self, *cues: Cue, fails: router.RuntimeFailure | None = None) -> None:
        super().__init__(cues)
        self.fails, self.loads = fails, 0
        self.loading, self.loaded, self.may_answer = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    async def ready(self, route: Route) -> bool:
        await self.may_answer.wait()
        return self.loaded.is_set()

    async def load(self, route: Route) -> None:
        self.loads += 1
        self.loading.set()
        if self.fails:
            raise self.fails
        await self.loaded.wait()


async def all_of(it: Router, request: Request) -> list[object]:
    return [item async for item in it.ask(request)]


def test_a_load_that_fails_is_told_and_not_tried_at_each_keystroke() -> None:
    async def story() -> None:
        engine = Slow(fails=router.Incomplete("The engine ended while it loaded."))
        told: list[Status] = []
        it = Router(Config(), told.append, engines={"scripted": engine})
        await it.start()
        assert [status.state for status in told] == ["loading", "offline"]
        for version in range(5):
            assert await all_of(it, complete("x = ‸\n", version=version)) == []
        assert engine.loads == 1
        await it.aclose()

    run(story())


def test_what_echo_said_while_a_model_loaded_is_not_shown_once_it_answers() -> None:
    async def story() -> None:
        engine, echo = Slow(Cue(say=("from the model",))), Scripted([Cue(say=("from echo",))])
        it = Yard()
        it.router = Router(Config(), it.told.append, engines={"scripted": engine, "echo": echo})
        start = asyncio.ensure_future(it.router.start())
        await engine.loading.wait()
        assert await it.ask(complete("x = ‸\n")) == ["from echo"]
        engine.loaded.set()
        await start
        assert await it.ask(complete("x = ‸\n", version=2)) == ["from the model"]
        await it.router.aclose()

    run(story())


def test_a_document_that_is_closed_while_the_engine_is_asked_for_is_not_sent() -> None:
    async def story() -> None:
        engine = Slow(Cue(say=("1",)))
        engine.loaded.set()
        it = Router(Config(), engines={"scripted": engine})
        await it.start()
        engine.may_answer.clear()
        request = complete("x = ‸\n")
        it.opened(request.document)
        asked = asyncio.ensure_future(all_of(it, request))
        await asyncio.sleep(0)
        it.closed(request.document.path)
        engine.may_answer.set()
        with pytest.raises(router.Superseded):
            await asked
        assert not engine.heard
        await it.aclose()

    run(story())


def test_a_prompt_that_was_too_much_is_smaller_the_next_time() -> None:
    async def story() -> None:
        it = Yard(Cue(fail="PromptCut"), family="qwen")
        await it.router.start()
        text = "".join(f"a_rather_long_line_{number} = {number} + {number} + {number}\n" for number in range(2000))
        for version in range(3):
            await it.ask(complete(f"{text}{'x' * version}‸\n", version=version))
        sizes = [len(call.prompt) for call in it.engine.heard]
        assert sizes[0] > 1.2 * sizes[1] > 1.2 * sizes[2]
        await it.router.aclose()

    run(story())


def test_new_settings_bring_new_engines_and_wrong_ones_leave_the_old() -> None:
    async def story() -> None:
        it = Yard(Cue(say=("1",)))
        await it.router.start()
        wrong = Config(runtime=Runtime(engine="scripted", scripted=ScriptedSettings(script="/nowhere/script.toml")))
        with pytest.raises(router.BadConfig, match=r"/nowhere/script\.toml"):
            await it.router.reconfigure(wrong)
        assert await it.ask(complete("x = ‸\n")) == ["1"]
        await it.router.reconfigure(Config(runtime=Runtime(engine="echo")))
        assert it.router.route
        assert it.router.route.runtime == "echo"
        await it.router.aclose()

    run(story())


def test_an_answer_of_the_engine_that_was_given_back_is_nobodys() -> None:
    async def story() -> None:
        it = Yard(Cue(hang=True))
        await it.router.start()
        asked = asyncio.ensure_future(it.ask(complete("x = ‸\n")))
        await it.engine.asked.wait()
        await it.router.reconfigure(Config(runtime=Runtime(engine="echo")))
        with pytest.raises(router.Superseded):
            await asked
        assert it.told[-1].engine == "echo"
        await it.router.aclose()

    run(story())


def test_an_engine_that_hangs_is_found_out_though_no_request_waits_long() -> None:
    async def story() -> None:
        time = iter(range(1000))
        told: list[Status] = []
        engine = Scripted([Cue(hang=True)])
        it = Router(Config(), told.append, lambda: float(next(time)), {"scripted": engine})
        await it.start()
        asked = []
        for version in range(40):
            asked.append(asyncio.ensure_future(all_of(it, complete(f"x{version} = ‸\n", version=version))))
            await settled()
            if hung := [status.message for status in told if status.state == "offline"]:
                break
        assert "has said nothing for a long while" in hung[0]
        await it.aclose()
        await asyncio.gather(*asked, return_exceptions=True)

    run(story())


class Hidden(Slow):
    """Says what it has only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may_tell = asyncio.Event()
        self.surveys = 0

    async def models(self) -> list[Model]:
        self.surveys += 1
        await self.may_tell.wait()
        return await super().models()


async def planned(surveys: Sequence[Survey], config: Config) -> Planned:
    return Planned({"complete": choose(surveys, config)})


def test_a_fleet_that_was_given_back_loads_nothing_and_says_nothing_any_more() -> None:
    async def story() -> None:
        engine, told = Hidden(), list[Status]()
        fleet = Fleet(Config(), told.append, lambda: 0.0, {"scripted": engine}, planned)
        start = asyncio.ensure_future(fleet.start())
        await settled()
        await fleet.aclose()
        engine.may_tell.set()
        await start
        assert (engine.loads, told) == (0, [])

    run(story())


def test_of_two_plans_the_one_for_the_newer_settings_counts_whichever_is_made_first() -> None:
    async def story() -> None:
        made: list[asyncio.Future[Planned]] = []
        engine = Slow()
        engine.loaded.set()

        def planner(surveys: object, config: object) -> asyncio.Future[Planned]:
            made.append(asyncio.get_running_loop().create_future())
            return made[-1]

        fleet = Fleet(Config(), lambda status: None, lambda: 0.0, {"scripted": engine}, planner)
        first = asyncio.ensure_future(fleet.start())
        await settled()
        second = asyncio.ensure_future(fleet.configure(Config(models=Models(complete="newer"))))
        await settled()
        for future, name in zip(reversed(made), ("newer", "older"), strict=True):
            future.set_result(Planned({"complete": Route("scripted", name)}))
            await settled()
        await asyncio.gather(first, second)
        assert fleet.route == Route("scripted", "newer")
        await fleet.aclose()

    run(story())


def test_no_plan_is_made_while_a_load_is_under_way_for_its_memory_is_neither_free_nor_told() -> None:
    async def story() -> None:
        engine = Hidden()
        engine.may_tell.set()
        fleet = Fleet(Config(), lambda status: None, lambda: 0.0, {"scripted": engine}, planned)
        start = asyncio.ensure_future(fleet.start())
        await engine.loading.wait()
        again = asyncio.ensure_future(fleet.configure(Config(machine=Machine(spare=1))))
        await settled()
        assert engine.surveys == 1
        engine.loaded.set()
        await asyncio.gather(start, again)
        assert engine.surveys == 2
        await fleet.aclose()

    run(story())


def test_while_a_job_has_the_memory_that_completion_needs_the_status_says_so() -> None:
    async def story() -> None:
        engine, told = Slow(), list[Status]()
        engine.loaded.set()
        fleet = Fleet(Config(), told.append, lambda: 0.0, {"scripted": engine}, planned)
        await fleet.start()
        large = Route("scripted", "large")
        fleet.loads.plan = lambda route, held: Alone((large,), tuple(held), 9.0, 9.0, stranded=True)
        await fleet.loads.begin(large)
        assert [status.state for status in told] == ["ready", "loading", "loading"]
        assert told[-1].message.startswith("large is at work")
        await fleet.aclose()

    run(story())
