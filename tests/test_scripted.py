"""The engine that says, stalls and fails on cue."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path

import pytest

import router
from router.config import Config, Runtime
from router.config import Scripted as Settings
from router.runtimes import scripted
from router.runtimes.scripted import Cue, Script, Scripted
from router.types import Call, Delta, Route, Timing

ROUTE = Route("scripted", "script")


def said(engine: Scripted, call: Call) -> list[str | Timing]:
    """All that it says."""

    async def story() -> list[str | Timing]:
        async with aclosing(engine.generate(call)) as stream:
            return [item.text if isinstance(item, Delta) else item async for item in stream]

    return asyncio.run(story())


def build(script: str) -> Scripted:
    return scripted.build(Config(runtime=Runtime(scripted=Settings(script=script))))


def test_it_says_its_answer_stretch_by_stretch_and_then_its_account() -> None:
    engine = Scripted([Cue(say=("a", "b"))])
    assert said(engine, Call(ROUTE, "12345678")) == ["a", "b", Timing(prompt_tokens=2, answer_tokens=2)]
    assert engine.heard == [Call(ROUTE, "12345678")]
    assert engine.asked.is_set()
    assert not engine.closed


def test_the_first_cue_that_fits_the_end_of_the_prompt_is_taken() -> None:
    engine = Scripted([Cue(when="x", say=("1",)), Cue(when="yx", say=("2",)), Cue(say=("3",))])
    assert said(engine, Call(ROUTE, "yx"))[0] == "1"
    assert said(engine, Call(ROUTE, "xy"))[0] == "3"


def test_without_a_cue_that_fits_it_says_nothing() -> None:
    assert said(Scripted([Cue(when="x", say=("1",))]), Call(ROUTE, "y")) == [Timing()]


@pytest.mark.parametrize(("begun", "rest"), [("", "abc"), ("a", "bc"), ("abc", ""), ("other", "abc")])
def test_an_answer_that_has_begun_goes_on(begun: str, rest: str) -> None:
    *stretches, _ = said(Scripted([Cue(say=("a", "b", "c"))]), Call(ROUTE, "x", begun=begun))
    assert stretches == list(rest)


def test_it_fails_as_it_is_told_once_it_has_spoken() -> None:
    async def story() -> None:
        async with aclosing(Scripted([Cue(say=("a",), fail="Busy")]).generate(Call(ROUTE, "x"))) as stream:
            assert await anext(stream) == Delta("a")
            with pytest.raises(router.Busy):
                await anext(stream)

    asyncio.run(story())


@pytest.mark.parametrize("name", ["NoSuch", "annotations"])
def test_a_failure_that_there_is_not_is_one_of_the_script(name: str) -> None:
    with pytest.raises(router.BadConfig, match=name):
        said(Scripted([Cue(fail=name)]), Call(ROUTE, "x"))


def test_what_hangs_ends_only_with_its_stream() -> None:
    async def story() -> None:
        engine = Scripted([Cue(say=("a",), hang=True)])

        async def hear() -> None:
            async with aclosing(engine.generate(Call(ROUTE, "x"))) as stream:
                async for _ in stream:
                    pass

        task = asyncio.get_running_loop().create_task(hear())
        await engine.asked.wait()
        assert not engine.left.is_set()
        task.cancel()
        await engine.left.wait()
        assert engine.closed == 1
        await asyncio.wait([task])

    asyncio.run(story())


def test_its_model_is_there_at_once() -> None:
    async def story() -> None:
        engine = Scripted(Script(family="qwen"))
        (model,) = await engine.models()
        assert (model.name, model.family, model.loaded) == ("script", "qwen", True)
        await engine.load(ROUTE)
        await engine.unload(ROUTE)
        assert await engine.ready(ROUTE)
        assert await engine.count(ROUTE, "12345678") == 2
        await engine.aclose()

    asyncio.run(story())


def test_a_script_is_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "script.toml"
    path.write_text('family = "qwen"\n[[cue]]\nwhen = "x"\nsay = ["a"]\nwait_ms = 0.1\nload_ms = 0.1\n')
    engine = build(str(path))
    assert engine.script == Script((Cue(when="x", say=("a",), wait_ms=0.1, load_ms=0.1),), "qwen")
    assert said(engine, Call(ROUTE, "x"))[0] == "a"
    assert build("").script == Script()


@pytest.mark.parametrize("text", ["cue = 1", "[[cue]]\nsays = ['a']", 'family = "nobody"', "= ="])
def test_what_is_no_script_is_refused(text: str) -> None:
    with pytest.raises(router.BadConfig):
        scripted.read(text)


def test_a_script_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "absent", binary, "nul\0"):
        with pytest.raises(router.BadConfig):
            build(str(path))


def test_a_cue_may_ask_for_what_a_prompt_holds_its_system_text_included() -> None:
    engine = Scripted([Cue(holds="review", say=("a",)), Cue(holds="x", when="y", say=("b",))])
    assert said(engine, Call(ROUTE, "x", system="You review."))[0] == "a"
    assert said(engine, Call(ROUTE, "x to y"))[0] == "b"
    assert said(engine, Call(ROUTE, "y to x")) == [Timing(prompt_tokens=1)]
