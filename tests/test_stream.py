"""Router.stream: answers that wait for their model and their turn, make room for keystrokes, and are shared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

import pytest

import router
from router.config import Config, Machine, Schedule
from router.dispatch.fleet import Planned
from router.dispatch.loads import Alone, Moves
from router.engine import Router
from router.models.types import Survey
from router.runtimes.scripted import Cue, Script, Scripted
from router.types import Call, Delta, Request, Route, Span, Status, Timing
from tests.fixture import complete, document
from tests.test_engine import run
from tests.test_run import settled

SMALL, LARGE = Route("scripted", "small", "plain", why="It completes."), Route("scripted", "large")
ROUTES = {"complete": SMALL, "explain": SMALL, "refactor": LARGE, "review": LARGE}


class Yardful(Scripted):
    """Says one stretch after the other when it is told to; a model has to be loaded, for which it `may_load`."""

    def __init__(self, *cues: Cue, held: Sequence[Route] = (SMALL, LARGE)) -> None:
        super().__init__(Script(cues))
        self.held = set(held)
        self.may_load, self.loading = asyncio.Event(), asyncio.Event()
        self.may_load.set()
        self.steps: dict[str, asyncio.Semaphore] = {it.model: asyncio.Semaphore(0) for it in (SMALL, LARGE)}
        self.did: list[str] = []
        self.fails: router.RuntimeFailure | None = None

    async def ready(self, route: Route) -> bool:
        return route in self.held

    async def load(self, route: Route) -> None:
        self.did.append(f"load {route.model}")
        self.loading.set()
        await self.may_load.wait()
        if self.fails:
            raise self.fails
        self.held.add(route)

    async def unload(self, route: Route) -> None:
        self.did.append(f"unload {route.model}")
        self.held.discard(route)

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        async with aclosing(super().generate(call)) as stream:
            async for item in stream:
                await self.steps[call.route.model].acquire()
                yield item

    async def say(self, model: str, stretches: int) -> None:
        """Let a model say so much."""
        for _ in range(stretches):
            self.steps[model].release()
        await settled()


class Stage:
    """A router over such an engine, what it told, and what each who asked has heard."""

    def __init__(
        self, engine: Yardful, config: Config | None = None, moves: Callable[..., Moves] | None = None
    ) -> None:
        self.engine, self.told = engine, list[Status]()
        found = Planned(ROUTES, {"document": "No model is small enough."}, moves or (lambda it, held: Alone((it,))))

        async def planner(surveys: Sequence[Survey], config: Config) -> Planned:
            return found

        self.router = Router(config or Config(), self.told.append, engines={"scripted": engine}, planner=planner)
        self.texts: dict[str, str] = {}
        self.timings: dict[str, Timing] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def ask(
        self, name: str, task: str = "refactor", prompt: str = "", schema: str = "", consent: bool = False
    ) -> None:
        request = Request(task, document("x = 1\n", f"/home/ada/{name}.py"), Span(0, 0), consent=consent)
        self.tasks[name] = asyncio.get_running_loop().create_task(self._hear(name, request, prompt or name, schema))
        await settled()

    async def _hear(self, name: str, request: Request, prompt: str, schema: str) -> None:
        self.texts[name] = ""
        stream = self.router.stream(request, name, lambda route: Call(route, prompt, schema=schema, max_tokens=9))
        async with aclosing(stream):
            async for item in stream:
                if isinstance(item, Timing):
                    self.timings[name] = item
                else:
                    self.texts[name] += item.text

    async def key(self) -> asyncio.Task[None]:
        """A keystroke."""

        async def hear() -> None:
            async for _ in self.router.ask(complete("y = ‸\n")):
                pass

        task = asyncio.get_running_loop().create_task(hear())
        await settled()
        return task

    async def close(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        await asyncio.gather(*self.tasks.values(), return_exceptions=True)
        await settled()
        await self.router.aclose()
        assert not self.router._streams._answers
        assert not self.router._fleet.schedule._places


ABC = Cue(say=("a", "b", "c"))


def test_what_the_tasks_model_says_is_heard_as_it_is_said() -> None:
    async def story() -> None:
        it = Stage(Yardful(ABC))
        await it.router.start()
        await it.ask("one")
        assert it.engine.heard[0].route == LARGE
        await it.engine.say("large", 2)
        assert it.texts == {"one": "ab"}
        await it.engine.say("large", 2)
        await it.tasks["one"]
        assert it.texts == {"one": "abc"}
        assert it.timings["one"].answer_tokens == 3
        (turn,) = it.router.ledger.turns
        assert (turn.task, turn.model, turn.outcome) == ("refactor", "large", "shown")
        assert 0 < turn.queued_ms <= turn.first_ms <= turn.total_ms
        await it.close()

    run(story())


def test_it_makes_room_for_a_keystroke_and_goes_on_where_it_stopped() -> None:
    async def story() -> None:
        it = Stage(Yardful(Cue(when="y = ", say=("1",)), ABC))
        await it.router.start()
        await it.ask("one")
        await it.engine.say("large", 2)
        key = await it.key()
        assert it.engine.closed == 1
        await it.engine.say("large", 1)
        assert it.texts["one"] == "ab"
        await it.engine.say("small", 2)
        await key
        await it.engine.say("large", 2)
        await it.tasks["one"]
        assert it.texts["one"] == "abc"
        assert [(call.begun, call.max_tokens) for call in it.engine.heard if call.route == LARGE] == [
            ("", 9),
            ("ab", 7),
        ]
        await it.close()

    run(story())


def test_a_long_prompt_is_read_in_pieces_between_which_keystrokes_are_answered() -> None:
    async def story() -> None:
        it = Stage(Yardful(Cue(when="y = ", say=("1",)), ABC))
        await it.router.start()
        await it.ask("one", prompt="x" * 900)
        await it.engine.say("large", 5)
        key = await it.key()
        assert it.engine.closed == 1
        await it.engine.say("large", 1)
        await it.engine.say("small", 2)
        await key
        assert it.texts["one"] == ""
        await it.engine.say("large", 7)
        await it.tasks["one"]
        assert it.texts["one"] == "abc"
        large = [call for call in it.engine.heard if call.route == LARGE]
        assert [(len(call.prompt), call.max_tokens) for call in large] == [(400, 1), (800, 1), (800, 1), (900, 9)]
        await it.close()

    run(story())


def test_an_answer_bound_by_a_schema_that_made_room_begins_anew_and_is_heard_whole() -> None:
    async def story() -> None:
        it = Stage(Yardful(Cue(when="y = ", say=("1",)), ABC), Config(schedule=Schedule(quiet=0.0)))
        await it.router.start()
        await it.ask("one", "review", schema="{}")
        await it.engine.say("large", 2)
        assert it.texts["one"] == ""
        key = await it.key()
        await it.engine.say("small", 2)
        await key
        await it.engine.say("large", 5)
        await it.tasks["one"]
        assert it.texts["one"] == "abc"
        assert [call.begun for call in it.engine.heard if call.route == LARGE] == ["", ""]
        await it.close()

    run(story())


def test_who_asks_the_same_hears_the_same_answer_from_its_beginning() -> None:
    async def story() -> None:
        it = Stage(Yardful(ABC))
        await it.router.start()
        await it.ask("one", prompt="same")
        await it.engine.say("large", 2)
        await it.ask("two", prompt="same")
        assert it.texts["two"] == "ab"
        it.tasks["one"].cancel()
        await it.engine.say("large", 2)
        await it.tasks["two"]
        assert it.texts["two"] == "abc"
        assert len(it.engine.heard) == 1
        assert [turn.outcome for turn in it.router.ledger.turns] == ["cancelled", "shown"]
        await it.close()

    run(story())


def test_the_model_stops_when_the_last_who_listens_leaves() -> None:
    async def story() -> None:
        it = Stage(Yardful(ABC))
        await it.router.start()
        for name in ("one", "two"):
            await it.ask(name, prompt="same")
        it.tasks["one"].cancel()
        await settled()
        assert it.engine.closed == 0
        it.tasks["two"].cancel()
        await settled()
        assert it.engine.closed == 1
        await it.close()

    run(story())


def test_its_model_is_loaded_first_by_nobody_in_particular_and_that_is_told() -> None:
    async def story() -> None:
        it = Stage(Yardful(ABC, held=(SMALL,)), moves=lambda route, held: Alone((route,), (), 12.0))
        it.engine.may_load.clear()
        await it.router.start()
        await it.ask("one")
        await it.ask("two")
        it.tasks["one"].cancel()
        await settled()
        assert it.engine.did == ["load large"]
        assert it.told[-1].message == "Loading large, which takes about 12 s."
        it.engine.may_load.set()
        await it.engine.say("large", 4)
        await it.tasks["two"]
        assert it.texts["two"] == "abc"
        assert it.engine.did == ["load large"]
        assert it.told[-1] == Status("ready", SMALL.why, "scripted")
        await it.close()

    run(story())


def test_completions_are_answered_while_another_model_loads() -> None:
    async def story() -> None:
        it = Stage(Yardful(Cue(when="y = ", say=("1",)), ABC, held=(SMALL,)))
        it.engine.may_load.clear()
        await it.router.start()
        await it.ask("one")
        assert it.engine.did == ["load large"]
        key = await it.key()
        await it.engine.say("small", 2)
        await key
        assert it.router.ledger.turns[-1].outcome == "shown"
        await it.close()

    run(story())


def swap(route: Route, held: Sequence[Route]) -> Moves:
    """One model at a time."""
    others = tuple(other for other in held if other != route)
    return Alone((route,), others, 40.0, 40.0 if SMALL in others else 0.0, SMALL in others)


def test_pushing_out_the_model_that_completes_takes_consent_and_it_comes_back() -> None:
    async def story() -> None:
        it = Stage(Yardful(ABC, held=(SMALL,)), moves=swap)
        await it.router.start()
        await it.ask("one")
        with pytest.raises(router.WouldEvict, match="ask again with consent"):
            await it.tasks["one"]
        assert it.router.ledger.turns[-1].why == "WouldEvict"
        await it.ask("two", consent=True)
        assert it.engine.did == ["unload small", "load large"]
        await (await it.key())
        assert it.engine.did == ["unload small", "load large"]
        await it.engine.say("large", 4)
        await it.tasks["two"]
        await settled()
        assert it.engine.did == ["unload small", "load large", "unload large", "load small"]
        assert it.told[-1].state == "ready"
        await it.close()

    run(story())


def test_it_comes_back_without_a_keystroke() -> None:
    async def story() -> None:
        it = Stage(Yardful(ABC, held=(SMALL,)), moves=swap)
        await it.router.start()
        await it.ask("one", consent=True)
        await it.engine.say("large", 4)
        await it.tasks["one"]
        await settled()
        assert it.engine.did[-2:] == ["unload large", "load small"]
        await it.close()

    run(story())


@pytest.mark.parametrize(("policy", "refused"), [("never", True), ("always", False)])
def test_the_settings_may_say_once_and_for_all_whether_it_may(policy: str, refused: bool) -> None:
    async def story() -> None:
        config = Config(machine=Machine(swap=policy))  # type: ignore[arg-type]
        it = Stage(Yardful(ABC, held=(SMALL,)), config, swap)
        await it.router.start()
        await it.ask("one", consent=refused)
        await it.engine.say("large", 4)
        if refused:
            with pytest.raises(router.Refused, match=r"machine\.swap is never"):
                await it.tasks["one"]
        else:
            await it.tasks["one"]
        await it.close()

    run(story())


def test_a_load_that_fails_is_heard_by_who_waited_for_it_and_completion_goes_on() -> None:
    async def story() -> None:
        it = Stage(Yardful(ABC, held=(SMALL,)))
        await it.router.start()
        it.engine.fails = router.OutOfMemory("large does not fit.")
        await it.ask("one")
        with pytest.raises(router.OutOfMemory):
            await it.tasks["one"]
        assert it.told[-1].state == "ready"
        assert it.router.route == SMALL
        await it.close()

    run(story())


def test_a_task_without_a_model_says_why_and_a_secret_file_is_not_spoken_of() -> None:
    async def story() -> None:
        it = Stage(Yardful(ABC))
        await it.router.start()
        await it.ask("one", "document")
        with pytest.raises(router.ModelMissing, match="small enough"):
            await it.tasks["one"]
        request = Request("refactor", document("x", "/home/ada/id_rsa"), Span(0, 0))
        assert [item async for item in it.router.stream(request, "", lambda route: Call(route, "x"))] == []
        assert not it.engine.heard
        await it.close()

    run(story())


def test_what_goes_wrong_with_an_answer_is_raised_and_an_engine_that_is_gone_is_gone_for_all() -> None:
    async def story() -> None:
        it = Stage(Yardful(Cue(say=("a",), fail="Unreachable")))
        await it.router.start()
        await it.ask("one")
        await it.engine.say("large", 2)
        with pytest.raises(router.Unreachable):
            await it.tasks["one"]
        assert it.texts["one"] == "a"
        assert it.told[-1].state == "offline"
        await it.close()

    run(story())


def test_a_model_that_another_program_pushed_out_is_loaded_again_each_time_later() -> None:
    async def story() -> None:
        now = [0.0]
        it = Stage(Yardful(ABC))
        it.router._fleet.loads._clock = lambda: now[0]
        await it.router.start()
        for wait, loads in ((0.0, 1), (1.0, 0), (3.9, 0), (0.2, 1), (0.1, 0), (7.8, 0), (0.3, 1)):
            it.engine.held.discard(SMALL)
            it.engine.did.clear()
            now[0] += wait
            await (await it.key())
            await settled()
            assert it.engine.did == ["load small"] * loads
            assert not loads or "small left memory, by another program or a restart" in it.told[-2].message
        await it.close()

    run(story())
