"""`switchyard bench`: real engines measured, scripted ones that misbehave, and none that is remote."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest

from lsp import cli
from lsp.commands import bench
from router import ModelMissing, OutOfMemory, config, runtimes
from router.models import known, trial
from router.models.hardware import Machine
from router.models.speed import Speed
from router.models.trial import Measured, fresh
from router.models.types import Model
from router.runtimes import embedded
from router.types import Call, Delta, Route, Timing
from tests.engine import facade, random_gguf

MODEL = Model("scripted", "one", size=10**9, parameters=15 * 10**8)


class Engine:
    """An engine with a pace of its own: it says how long it took, and takes no time."""

    name = "scripted"

    def __init__(self, *models: Model, answer: Callable[[Call], Timing] | None = None) -> None:
        self.listed = list(models or [MODEL])
        self.answer = answer or (lambda call: paced(call, 1000.0, 50.0))
        self.heard: list[Call] = []
        self.done: list[str] = []
        self.fault: Exception | None = None

    async def models(self) -> list[Model]:
        return self.listed

    async def ready(self, route: Route) -> bool:
        return True

    async def load(self, route: Route) -> None:
        self.done.append(f"load {route.model}")
        if self.fault:
            raise self.fault

    async def unload(self, route: Route) -> None:
        self.done.append(f"unload {route.model}")

    async def count(self, route: Route, text: str) -> int:
        return -1

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        self.heard.append(call)
        yield Delta("x")
        yield self.answer(call)

    async def aclose(self) -> None:
        self.done.append("closed")


def paced(call: Call, prefill: float, decode: float) -> Timing:
    tokens = len(call.prompt) // 4
    return Timing(tokens, 0, call.max_tokens, 0.0, tokens / prefill * 1000, call.max_tokens / decode * 1000)


def measured(engine: Engine, model: Model = MODEL, seconds: float = 0.05) -> Measured:
    return asyncio.run(trial.measure(engine, model, seconds))


def test_the_engines_own_account_is_what_counts() -> None:
    engine = Engine()
    found = measured(engine)
    assert found.speed == Speed(pytest.approx(1000), pytest.approx(50), measured=True)
    assert found.rounds == len(engine.heard) >= 1
    assert not found.error


def test_no_two_prompts_begin_alike_and_all_leave_room_for_the_answer() -> None:
    engine = Engine(answer=lambda call: paced(call, 1e6, 1e4))
    measured(engine)
    assert len(engine.heard) > 3
    assert len({call.prompt[:20] for call in engine.heard}) == len(engine.heard)
    assert all(len(call.prompt) / 3 + call.max_tokens < call.route.window for call in engine.heard)
    assert len(fresh(5000)) == 5000
    compile(fresh(5000).rpartition("def ")[0], "fresh", "exec")


def test_prompts_and_answers_grow_with_the_pace() -> None:
    slow, quick = Engine(answer=lambda call: paced(call, 10.0, 2.0)), Engine()
    assert measured(slow).speed.decode == pytest.approx(2)
    assert len(slow.heard) == 1  # there was no time for more
    measured(quick, seconds=1.0)
    assert max(call.max_tokens for call in quick.heard) > trial.FIRST_ANSWER


def test_an_engine_without_a_clock_is_timed_by_ours() -> None:
    class Clockless(Engine):
        async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
            for _ in range(2):
                await asyncio.sleep(0.005)  # what is to be measured
                yield Delta("x")
            yield Timing(prompt_tokens=200, answer_tokens=call.max_tokens)

    found = measured(Clockless())
    assert 0 < found.speed.prefill <= 200 / 0.005
    assert 0 < found.speed.decode < trial.ANSWER / 0.005


def test_memory_is_given_back_unless_the_model_was_there_before() -> None:
    engine = Engine()
    measured(engine)
    assert engine.done == ["load one", "unload one"]
    there = Model("scripted", "there", loaded=True)
    engine = Engine(there)
    assert measured(engine, there).load == 0
    assert engine.done == ["load there"]


def test_a_model_that_does_not_fit_is_a_sentence() -> None:
    engine = Engine()
    engine.fault = OutOfMemory("It does not fit.")
    found = measured(engine)
    assert found.error == "It does not fit."
    assert not found.speed.measured
    assert engine.done[-1] == "unload one"


def test_what_was_measured_before_a_failure_is_kept() -> None:
    rounds = iter(range(9))

    def breaks(call: Call) -> Timing:
        if next(rounds):
            raise ModelMissing("It was deleted.")
        return paced(call, 1000.0, 50.0)

    found = measured(Engine(answer=breaks), seconds=5.0)
    assert found.error == "It was deleted."
    assert found.speed.decode == pytest.approx(50)


def test_an_answer_too_short_to_tell_is_said() -> None:
    found = measured(Engine(answer=lambda call: Timing(5, 0, 1, 0.0, 1.0, 1.0)))
    assert "too little to tell" in found.error
    assert found.speed == Speed()


def test_a_model_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(Engine):
        async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
            yield Delta("x")
            await asyncio.Event().wait()

    monkeypatch.setattr(trial, "SLOWEST", 1.0)
    found = measured(Stuck())
    assert "too slow to be measured" in found.error
    assert not found.speed.measured


def machine(name: str) -> Machine:
    found = known.named(name)
    assert found is not None
    return found


def test_a_row_sets_what_was_measured_beside_the_hardware() -> None:
    its = bench.row(Measured(MODEL, Speed(2048.0, 100.0, measured=True)), machine("rtx3060"))
    assert its.bound.decode == pytest.approx(360)
    assert its.share == pytest.approx(100 / 360)
    assert its.first_line == pytest.approx(1.1)
    assert bench.row(Measured(MODEL), machine("rtx3060")).first_line == 0


def test_the_embedded_engine_has_the_processor_and_on_a_mac_the_gpu() -> None:
    speed = Measured(Model("embedded", "one", size=10**9, parameters=15 * 10**8), Speed(1, 1))
    assert bench.row(speed, machine("rtx3060")).bound.decode == pytest.approx(51.2)
    assert bench.row(speed, machine("m3pro-36gb")).bound.decode == pytest.approx(150)


# The command.


@pytest.fixture
def sh(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Runs `switchyard bench` for a described machine, without a user's settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "box.toml").write_text("memory = 16\nbandwidth = 50\n")

    def run(*arguments: str) -> tuple[int, str, str]:
        try:
            code = cli.run(["bench", "--set", "machine.file=box.toml", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, *capsys.readouterr()

    return run


def play(monkeypatch: pytest.MonkeyPatch, **engines: Engine) -> None:
    monkeypatch.setattr(runtimes, "build", lambda settings: dict(engines))


def test_each_model_has_its_row_the_smallest_first(sh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(Model("ollama", "big", size=2 * 10**9), Model("ollama", "small", size=10**9))
    play(monkeypatch, ollama=engine)
    code, out, _ = sh("--seconds", "0.1")
    assert code == 0
    assert out.index("small") < out.index("big")
    assert "of the bound" in out
    assert engine.done[-1] == "closed"
    code, out, _ = sh("--seconds", "0.1", "--json", "big:latest")
    (row,) = json.loads(out)
    assert (row["model"], row["engine"], row["error"]) == ("big", "ollama", "")
    assert row["prefill"] == pytest.approx(1000)
    assert row["bound"]["decode"] == pytest.approx(25)
    assert row["share_of_bound"] == pytest.approx(2)


def test_a_model_that_runs_elsewhere_is_never_touched(sh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(Model("ollama", "far", remote=True), Model("ollama", "near"))
    play(monkeypatch, ollama=engine)
    assert sh("--seconds", "0.1")[0] == 0
    assert {call.route.model for call in engine.heard} == {"near"}
    code, out, err = sh("--seconds", "0.1", "far")
    assert (code, out) == (1, "")
    assert "No engine here has a model 'far'" in err
    assert {call.route.model for call in engine.heard} == {"near"}


def test_a_model_that_two_engines_have_is_measured_on_the_first(sh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = Engine(Model("ollama", "one:latest")), Engine(Model("embedded", "one"), Model("embedded", "two"))
    play(monkeypatch, ollama=first, embedded=second)
    assert sh("--seconds", "0.1")[0] == 0
    assert {call.route.model for call in first.heard} == {"one:latest"}
    assert {call.route.model for call in second.heard} == {"two"}


def test_nothing_to_measure_is_said(sh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, echo=Engine())
    code, out, err = sh()
    assert (code, out) == (1, "")
    assert "No engine here has a model to measure" in err


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "1e3", "soon"])
def test_seconds_are_a_sensible_number(sh: Any, seconds: str) -> None:
    code, _, err = sh(f"--seconds={seconds}")
    assert code == 2
    assert "from 0.1 to 600" in err


def test_the_embedded_engine_is_measured_and_gone_afterwards(tmp_path: Path) -> None:
    async def work() -> Measured:
        runtime = embedded.Embedded(config.Embedded(gguf=str(random_gguf.made()), window=2048), [])
        try:
            (model,) = await runtime.models()
            found = await trial.measure(runtime, model, 0.5)
            assert not (await runtime.models())[0].loaded
            return found
        finally:
            await runtime.aclose()

    found = asyncio.run(work())
    assert not found.error
    assert found.load > 0
    assert found.speed.prefill > 100
    assert found.speed.decode > 10


def test_ollama_is_measured_and_its_model_gone_afterwards(sh: Any) -> None:
    with facade.serving({"switchyard:4m": random_gguf.made()}) as engine:
        host = f"runtime.ollama.host={engine.host}"
        code, out, err = sh("--set", "runtime.engine=ollama", "--set", host, "--seconds", "0.5", "--json")
        assert (code, err) == (0, "")
        (row,) = json.loads(out)
        assert row["prefill"] > 100
        assert row["decode"] > 10
        assert not engine.models["switchyard:4m"].loaded


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C cannot be sent to one process there")
def test_ctrl_c_prints_what_was_measured_so_far(tmp_path: Path) -> None:
    (tmp_path / "box.toml").write_text("memory = 16\nbandwidth = 50\n")
    program = """
import sys
from lsp.commands import bench
from router import runtimes
from tests.test_bench_command import Engine, Model, asyncio, Delta
class Stuck(Engine):
    async def generate(self, call):
        if call.route.model == "two":
            print("now", file=sys.stderr, flush=True)
            yield Delta("x")
            await asyncio.Event().wait()
        async for it in super().generate(call):
            yield it
engine = Stuck(Model("ollama", "one", size=1), Model("ollama", "two", size=2))
runtimes.build = lambda settings: {"ollama": engine}
from lsp import cli
code = cli.run(["bench", "--set", "machine.file=box.toml", "--seconds", "0.1"])
print(engine.done)
sys.exit(code)
"""
    places = [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places)), "SWITCHYARD_CONFIG": "none.toml"}
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout
        assert child.stderr
        assert child.stderr.readline() == "now\n"
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "ollama  one" in out
    assert "two" not in out.splitlines()[1]
    assert "'unload two', 'closed'" in out
    assert "stopped" in err
    assert "Traceback" not in err


def test_its_arguments_are_those_of_the_command_line() -> None:
    args = cli._parser().parse_args(["bench", "--json", "one"])
    assert isinstance(args, argparse.Namespace)
    assert (args.models, args.seconds, args.json) == (["one"], 5.0, True)
