"""The embedded llama.cpp: a real child process, killed, orphaned, restarted."""

from __future__ import annotations

import asyncio
import json
import math
import os
import select
import signal
import struct
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path

import pytest
from msgspec.structs import replace

import router
from router import config
from router.models.types import Model
from router.runtimes import child, embedded, embedded_files
from router.types import Call, Delta, Route, Timing
from tests.engine import random_gguf
from tests.test_gguf import pulled

PROMPT = "<|fim_prefix|>def add(a, b):\n    return <|fim_suffix|>\n<|fim_middle|>"
ROUTE = Route("embedded", "switchyard-random-4m", "switchyard")


def settings(gguf: Path | str = "") -> config.Embedded:
    return config.Embedded(gguf=str(gguf or random_gguf.made()), window=2048)


def with_engine(work: Callable[[embedded.Embedded], Awaitable[None]], its: config.Embedded | None = None) -> None:
    async def whole() -> None:
        runtime = embedded.Embedded(its or settings(), [])
        try:
            await work(runtime)
        finally:
            await runtime.aclose()

    asyncio.run(whole())


async def answer(runtime: embedded.Embedded, call: Call) -> tuple[str, Timing]:
    async with aclosing(runtime.generate(call)) as stretches:
        *deltas, timing = [stretch async for stretch in stretches]
    assert isinstance(timing, Timing)
    return "".join(it.text for it in deltas if isinstance(it, Delta)), timing


def process(runtime: embedded.Embedded) -> asyncio.subprocess.Process:
    running = runtime._places[ROUTE.model].child
    assert running is not None
    return running.process


def test_the_named_file_is_its_model_and_nothing_runs_before_it_is_asked() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        (model,) = await runtime.models()
        assert (model.name, model.family, model.window) == (ROUTE.model, "switchyard", 4096)
        assert not model.loaded
        assert not await runtime.ready(ROUTE)
        assert runtime._places[ROUTE.model].child is None

    with_engine(work)


def test_it_starts_on_demand_streams_and_reuses_what_it_has_read() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        text, cold = await answer(runtime, Call(ROUTE, PROMPT, max_tokens=8))
        assert text
        assert cold.answer_tokens == 8
        assert await runtime.ready(ROUTE)
        (model,) = await runtime.models()
        assert model.loaded
        if sys.platform == "linux":
            assert model.held > 1 << 20  # what it keeps of prompts, at least
        assert os.getsid(process(runtime).pid) != os.getsid(0)  # a terminal's Ctrl-C is not for it
        _, warm = await answer(runtime, Call(ROUTE, PROMPT, max_tokens=8))
        assert warm.reused_tokens == cold.prompt_tokens - 1

    with_engine(work)


def test_loads_at_once_start_one_child_and_a_cancelled_one_goes_on() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        keystroke = asyncio.create_task(runtime.load(ROUTE))
        other = asyncio.create_task(runtime.load(ROUTE))
        await asyncio.sleep(0)
        keystroke.cancel()
        await other
        assert keystroke.cancelled()
        pid = process(runtime).pid
        await runtime.load(ROUTE)
        assert process(runtime).pid == pid

    with_engine(work)


def test_a_closed_stream_frees_the_engine() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        await runtime.load(ROUTE)
        running = runtime._places[ROUTE.model].child
        assert running is not None
        engine = running.engine

        async def busy() -> bool:
            _, body = await engine._get("/slots")
            return any(slot["is_processing"] for slot in json.loads(body))

        async with aclosing(runtime.generate(Call(ROUTE, PROMPT, max_tokens=1900))) as stretches:
            async for _ in stretches:
                break
            assert await busy()
        while await busy():
            pass

    with_engine(work)


def test_a_prompt_that_nobody_waits_for_any_more_is_not_read_to_its_end() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        await runtime.load(ROUTE)
        running = runtime._places[ROUTE.model].child
        assert running is not None
        engine = running.engine

        async def busy() -> bool:
            _, body = await engine._get("/slots")
            return any(slot["is_processing"] for slot in json.loads(body))

        call = Call(ROUTE, " ".join(f"word{number}" for number in range(400)), max_tokens=1)
        reading = asyncio.create_task(answer(runtime, call))
        while not await busy():
            pass
        reading.cancel()
        while await busy():
            pass
        _, timing = await answer(runtime, call)
        assert timing.reused_tokens < timing.prompt_tokens / 2

    with_engine(work)


def test_an_answer_bound_to_a_schema_parses() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        call = Call(ROUTE, "Is it?", system="Answer.", max_tokens=64, schema='{"enum": ["yes", "no"]}')
        assert json.loads((await answer(runtime, call))[0]) in ("yes", "no")

    with_engine(work)


def test_after_a_crash_it_is_started_again() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        await answer(runtime, Call(ROUTE, PROMPT, max_tokens=2))
        first = process(runtime)

        async def interrupted() -> None:
            async with aclosing(runtime.generate(Call(ROUTE, PROMPT, max_tokens=1900))) as stretches:
                async for _ in stretches:
                    if first.returncode is None:
                        first.kill()

        with pytest.raises(router.Incomplete, match="started again"):
            await interrupted()
        assert not await runtime.ready(ROUTE)
        runtime._places[ROUTE.model].started -= 1  # the pause after a first crash is one second from the start before
        await runtime.load(ROUTE)
        assert process(runtime).pid != first.pid
        assert (await answer(runtime, Call(ROUTE, PROMPT, max_tokens=2)))[0]

    with_engine(work)


def test_an_engine_that_keeps_crashing_is_left_alone_longer_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("router.runtimes.embedded.time.monotonic", lambda: clock[0])
    place = embedded.Place()
    place.started = 100.0
    pauses = []
    for place.crashes in range(8):
        pauses.append(place.pause())
    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30]
    clock[0] = 131.0
    assert place.pause() == 0


def test_while_it_pauses_a_keystroke_is_not_kept_waiting() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        await runtime.load(ROUTE)
        process(runtime).kill()
        await process(runtime).wait()
        with pytest.raises(router.Unreachable, match="started again in 1 s"):
            await answer(runtime, Call(ROUTE, PROMPT))

    with_engine(work)


def test_two_models_are_held_side_by_side_and_each_ends_by_itself() -> None:
    files = {"fim:4m": random_gguf.made(), "prose:4m": random_gguf.made()}
    fim, prose = (Route("embedded", name, window=512) for name in files)

    async def work(runtime: embedded.Embedded) -> None:
        runtime._found = {
            name: embedded_files.Found(Model("embedded", name, window=4096), path) for name, path in files.items()
        }
        await asyncio.gather(runtime.load(fim), runtime.load(prose))
        first, second = (runtime._places[name].child for name in files)
        assert first is not None
        assert second is not None
        assert first.process.pid != second.process.pid
        assert await runtime.ready(fim)
        assert await runtime.ready(prose)
        texts = await asyncio.gather(*(answer(runtime, Call(it, PROMPT, max_tokens=4)) for it in (fim, prose)))
        assert all(text for text, _ in texts)
        first.process.kill()
        await first.process.wait()
        assert (await answer(runtime, Call(prose, PROMPT, max_tokens=2)))[0]  # one's crash is not the other's
        assert (runtime._places["fim:4m"].pause() > 0, runtime._places["prose:4m"].pause()) == (True, 0)
        await runtime.unload(prose)
        await runtime.unload(prose)
        assert second.process.returncode is not None
        assert not await runtime.ready(prose)

    with_engine(work)


def test_starts_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two at once would each count on the memory that is free for both."""
    under_way: list[str] = []

    async def start(model: str, gguf: str, options: child.Options) -> child.Child:
        assert not under_way
        under_way.append(model)
        await asyncio.sleep(0)
        under_way.remove(model)
        raise router.OutOfMemory("none is left")

    async def work(runtime: embedded.Embedded) -> None:
        names = ("a", "b", "c")
        runtime._found = {name: embedded_files.Found(Model("embedded", name), Path(name)) for name in names}
        loads = (runtime.load(Route("embedded", name)) for name in names)
        assert all(isinstance(it, router.OutOfMemory) for it in await asyncio.gather(*loads, return_exceptions=True))

    monkeypatch.setattr(child, "start", start)
    with_engine(work)


def test_the_window_and_the_slots_are_the_routes_and_the_settings_cap_them() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        route = Route("embedded", ROUTE.model, "switchyard", window=512, slots=2)
        await runtime.load(route)
        running = runtime._places[ROUTE.model].child
        assert running is not None
        assert (running.options.window, running.options.slots) == (512, 2)
        _, body = await running.engine._get("/slots")
        assert [slot["n_ctx"] for slot in json.loads(body)] == [512, 512]
        assert await runtime.ready(route)
        wide = replace(route, window=8192, slots=1)
        assert not await runtime.ready(wide)
        await runtime.load(wide)
        running = runtime._places[ROUTE.model].child
        assert running is not None
        assert (running.options.window, running.options.slots) == (2048, 1)  # what the settings allow
        assert await runtime.ready(wide)

    with_engine(work)


def test_a_model_is_given_back_when_nobody_asked_for_as_long_as_it_is_kept() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        kept, passing = replace(ROUTE, keep=600), replace(ROUTE, keep=0)
        await answer(runtime, Call(kept, PROMPT, max_tokens=1))
        place = runtime._places[ROUTE.model]
        assert place.leaving is not None
        await answer(runtime, Call(ROUTE, PROMPT, max_tokens=1))
        assert place.leaving is None  # the last word counts: for ever
        running = place.child
        assert running is not None
        await answer(runtime, Call(passing, PROMPT, max_tokens=1))
        await running.process.wait()
        assert not await runtime.ready(ROUTE)
        assert place.pause() == 0  # that was no crash

    with_engine(work)


def test_an_unload_gives_up_a_start_that_is_under_way() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        load = asyncio.create_task(runtime.load(ROUTE))
        await asyncio.sleep(0)
        await runtime.unload(ROUTE)
        await asyncio.wait((load,))
        assert load.cancelled()
        assert not await runtime.ready(ROUTE)
        await runtime.load(ROUTE)
        assert await runtime.ready(ROUTE)

    with_engine(work)


def test_tokens_are_counted_by_the_model_that_is_loaded() -> None:
    async def work(runtime: embedded.Embedded) -> None:
        assert await runtime.count(ROUTE, PROMPT) == -1
        _, timing = await answer(runtime, Call(ROUTE, PROMPT, max_tokens=1))
        assert await runtime.count(ROUTE, PROMPT) == timing.prompt_tokens
        assert await runtime.count(ROUTE, "") == 0
        assert await runtime.count(ROUTE, "self." * 1000) == 2000

    with_engine(work)


@pytest.mark.parametrize("system", ["", "Answer."], ids=["completion", "chat"])
def test_an_interrupted_answer_goes_on_as_if_nothing_had_been(system: str) -> None:
    """Random weights say the same each time. The text is read anew: its tokens may be others than those it was made of,
    here they are not."""

    async def work(runtime: embedded.Embedded) -> None:
        call = Call(ROUTE, PROMPT, system=system, max_tokens=24)
        whole, _ = await answer(runtime, call)
        for tokens in (1, 7, 20):
            begun, _ = await answer(runtime, replace(call, max_tokens=tokens))
            rest, timing = await answer(runtime, replace(call, begun=begun, max_tokens=24 - tokens))
            assert begun + rest == whole
            assert timing.reused_tokens > timing.prompt_tokens - 4  # what was read is not read again

    with_engine(work)


def test_an_interrupted_answer_that_is_bound_to_a_schema_still_parses() -> None:
    schema = '{"type": "object", "properties": {"a": {"enum": ["yes", "no"]}}, "required": ["a"]}'

    async def work(runtime: embedded.Embedded) -> None:
        call = Call(ROUTE, "Is it?", system="Answer.", max_tokens=200, schema=schema)
        whole, _ = await answer(runtime, call)
        for end in range(1, len(whole), 7):
            rest, _ = await answer(runtime, replace(call, begun=whole[:end]))
            assert json.loads(whole[:end] + rest)["a"] in ("yes", "no")

    with_engine(work)


def test_it_ends_with_its_runtime() -> None:
    pids: list[int] = []

    async def work(runtime: embedded.Embedded) -> None:
        await runtime.load(ROUTE)
        pids.append(process(runtime).pid)
        await runtime.aclose()
        await runtime.aclose()

    with_engine(work)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


ORPHANING = """
import asyncio, sys
from router import config
from router.runtimes.embedded import Embedded
from router.types import Route

async def main():
    runtime = Embedded(config.Embedded(gguf=sys.argv[1]), [])
    await runtime.load(Route("embedded", (await runtime.models())[0].name))
    print(next(iter(runtime._places.values())).child.process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that is not ours by Linux's own means")
def test_it_ends_with_its_parent_even_when_the_parent_is_killed() -> None:
    command = [sys.executable, "-c", ORPHANING, str(random_gguf.made())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        watch = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    try:
        gone, _, _ = select.select([watch], [], [], 20)
    finally:
        os.close(watch)
    assert gone


@pytest.fixture
def bare() -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The child's program by itself: its process, its address and its key."""
    order = {"gguf": str(random_gguf.made()), "name": "m", "threads": 1, "window": 512, "slots": 1, "key": "the key"}
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-I", str(child.PROGRAM)], stdin=pipe, stdout=pipe, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(json.dumps(order) + "\n")
        running.stdin.flush()
        said = json.loads(running.stdout.readline())
        yield running, f"http://127.0.0.1:{said['port']}", order["key"]


def test_the_child_ends_when_its_stdin_does(bare: tuple[subprocess.Popen[str], str, str]) -> None:
    running, _, _ = bare
    assert running.stdin is not None
    running.stdin.close()
    assert running.wait(20) == 0


def test_nobody_without_the_key_is_answered(bare: tuple[subprocess.Popen[str], str, str]) -> None:
    running, host, key = bare
    for sent in ("", "Bearer another"):
        question = urllib.request.Request(f"{host}/v1/completions", b'{"prompt": "x"}', {"Authorization": sent})
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(question)
        assert refused.value.code == 401
        refused.value.close()
    with urllib.request.urlopen(
        urllib.request.Request(f"{host}/slots", headers={"Authorization": f"Bearer {key}"})
    ) as slots:
        assert slots.status == 200
    if (command := Path(f"/proc/{running.pid}/cmdline")).exists():
        assert key.encode() not in command.read_bytes()


# What there is to run


def test_what_ollama_has_downloaded_is_run_the_likeliest_first(tmp_path: Path) -> None:
    weights = random_gguf.made().read_bytes()
    pulled(tmp_path, "models.example/library/broken/1b", b"GGUF no more", "a" * 64)
    pulled(tmp_path, "models.example/library/prose/1b", random_gguf.made(fim=False).read_bytes(), "b" * 64)
    pulled(tmp_path, "models.example/library/qwen2.5-coder/1.5b", weights, "c" * 64)

    async def whole() -> None:
        runtime = embedded.Embedded(config.Embedded(), [tmp_path])
        models = await runtime.models()
        assert [(model.name, model.family) for model in models] == [("qwen2.5-coder:1.5b", "qwen"), ("prose:1b", "")]
        text, _ = await answer(runtime, Call(Route("embedded", "qwen2.5-coder:1.5b", "qwen"), PROMPT, max_tokens=2))
        assert text
        await runtime.aclose()

    asyncio.run(whole())


def test_of_the_models_that_fill_in_the_one_of_a_fitting_size_comes_first() -> None:
    def found(name: str, family: str, parameters: float) -> embedded_files.Found:
        return embedded_files.Found(Model("embedded", name, family=family, parameters=int(parameters)), Path(name))

    models = [
        found("chat", "", 1.5e9),
        found("big", "qwen", 30e9),
        found("fit", "qwen", 1.5e9),
        found("tiny", "qwen", 4e6),
    ]
    assert [it.model.name for it in sorted(models, key=embedded_files.fitness)] == ["fit", "big", "tiny", "chat"]


def failing(its: config.Embedded, kind: type[Exception]) -> str:
    said: list[str] = []

    async def work(runtime: embedded.Embedded) -> None:
        with pytest.raises(kind) as caught:
            await runtime.models()
        said.append(str(caught.value))

    with_engine(work, its)
    return said[0]


def test_nothing_to_run_is_told_with_both_ways_out() -> None:
    said = failing(config.Embedded(), router.ModelMissing)
    assert "runtime.embedded.gguf" in said
    assert "`ollama pull qwen2.5-coder:1.5b`" in said


def test_a_file_that_is_not_there_or_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("not a model")
    assert "cannot be read" in failing(settings(tmp_path / "none.gguf"), router.ModelMissing)
    assert "not a whole GGUF" in failing(settings(tmp_path / "text.gguf"), router.ModelMissing)


def test_a_name_that_none_can_be_and_a_pipe_are_told_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    assert "not a whole GGUF" in failing(settings(tmp_path / "pipe.gguf"), router.ModelMissing)
    assert "cannot be read" in failing(settings("~nobody/a.gguf"), router.ModelMissing)
    assert "cannot be read" in failing(settings("a\0b.gguf"), router.ModelMissing)


def test_one_odd_file_does_not_hide_the_others(tmp_path: Path) -> None:
    odd = (
        b"GGUF"
        + struct.pack("<IQQ", 3, 0, 1)
        + struct.pack("<Q", 15)
        + b".context_length"
        + struct.pack("<If", 6, math.nan)
    )
    pulled(tmp_path, "models.example/library/odd/1b", odd, "a" * 64)
    pulled(tmp_path, "models.example/library/good/1b", random_gguf.made().read_bytes(), "b" * 64)
    runtime = embedded.Embedded(config.Embedded(), [tmp_path])
    assert [model.name for model in asyncio.run(runtime.models())] == ["good:1b"]


def test_a_child_that_says_nonsense_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "program.py").write_text("print('nonsense', flush=True)\ninput()\ninput()")
    monkeypatch.setattr(child, "PROGRAM", tmp_path / "program.py")

    async def work(runtime: embedded.Embedded) -> None:
        with pytest.raises(router.Unreachable, match="cannot load"):
            await runtime.load(ROUTE)

    with_engine(work)


def test_weights_that_are_cut_short_are_told_and_leave_no_process(tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(random_gguf.made().read_bytes()[:1_000_000])

    async def work(runtime: embedded.Embedded) -> None:
        with pytest.raises(router.Unreachable, match="is the file whole"):
            await runtime.load(Route("embedded", "cut"))
        assert runtime._places["cut"].child is None
        assert runtime._places["cut"].crashes == 1

    with_engine(work, settings(cut))


def test_without_the_extra_the_command_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "find_spec", lambda name: None)
    assert "switchyard[embedded]" in failing(settings(), router.Unreachable)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the wheel brings its OpenMP along")
def test_without_openmp_the_command_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(child.ctypes, "CDLL", absent)
    assert "`apt install libgomp1`" in failing(settings(), router.Unreachable)


@pytest.mark.parametrize(
    ("said", "code", "kind", "says"),
    [
        (child.Said(), child.ILLEGAL, router.Unreachable, "AVX2"),
        (child.Said(), child.KILLED, router.OutOfMemory, "smaller"),
        (child.Said(error="MemoryError"), 1, router.OutOfMemory, "smaller"),
        (child.Said(error="RuntimeError"), 1, router.Unreachable, "is the file whole"),
        (child.Said(), None, router.Unreachable, "is the file whole"),
    ],
)
def test_what_a_child_died_of_is_told(said: child.Said, code: int | None, kind: type[Exception], says: str) -> None:
    refusal = child._refusal(said, code, "model.gguf")
    assert type(refusal) is kind
    assert says in str(refusal)


def test_a_small_model_gets_one_thread_and_a_large_one_the_cores() -> None:
    runtime = embedded.Embedded(settings(), [])
    assert runtime._threads(Model("embedded", "tiny", parameters=4_000_000)) == 1
    assert runtime._threads(Model("embedded", "large", parameters=2_000_000_000)) == embedded.physical_cores()
    assert 1 <= embedded.physical_cores() <= (os.cpu_count() or 1)
