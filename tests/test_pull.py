"""Fetching models: agreed to, resumed, refused, stopped; against a double of Ollama, never against a network."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import threading
from collections import namedtuple
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import router
from lsp import cli
from lsp.commands import pull
from lsp.shell import terminal
from router.models import known, machine
from router.runtimes import ollama_pull
from tests import fake_ollama as fake

NAME = "qwen2.5-coder:1.5b"
WHOLE = 986_000_000
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ollama_pull, "PAUSES", (0.0, 0.0, 0.0))
    monkeypatch.setattr(pull.downloads, "roots", lambda: ())
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path / "user.toml"))
    monkeypatch.chdir(tmp_path)


@contextmanager
def served(ways: dict[str, fake.Way]) -> Iterator[fake.Fake]:
    """A double on a thread of its own, for commands that have a loop of theirs."""
    ready, over = threading.Event(), threading.Event()
    found: list[fake.Fake] = []

    async def serve() -> None:
        async with fake.serving(ways) as double:
            found.append(double)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    ready.wait()
    try:
        yield found[0]
    finally:
        over.set()
        thread.join()


def run(*arguments: str, host: str) -> int:
    return cli.run(["pull", *arguments, "--set", f"runtime.ollama.host={host}"])


def fetched(ways: dict[str, fake.Way], name: str = NAME) -> tuple[list[ollama_pull.Progress], fake.Fake]:
    """Pull from a double with these ways; all that was said of it."""

    async def whole() -> tuple[list[ollama_pull.Progress], fake.Fake]:
        async with fake.serving(ways) as double, aclosing(ollama_pull.pull(double.host, name)) as steps:
            return [step async for step in steps], double

    return asyncio.run(whole())


def blob(completed: int, total: int = WHOLE, digest: str = "sha256:a") -> bytes:
    return fake.ndjson({"status": f"pulling {digest[7:]}", "digest": digest, "total": total, "completed": completed})


def word(status: str) -> bytes:
    return fake.ndjson({"status": status})


BEGIN, SUM, END = word("pulling manifest"), word("verifying sha256 digest"), word("success")
HONEST = fake.stream(BEGIN, blob(0), blob(WHOLE // 2), blob(WHOLE), blob(500, 500, "sha256:b"), SUM, END)


def pulls(*ways: fake.Way) -> dict[str, fake.Way]:
    """A different way each time; the last one stays."""
    left = list(ways)

    async def next_one(writer: fake.Writer) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(writer)

    return {"/api/pull": next_one}


# What is fetched, and how far it is


def test_a_pull_says_how_far_it_is_over_all_its_blobs() -> None:
    steps, double = fetched(pulls(HONEST))
    assert [(step.completed, step.total) for step in steps[1:5]] == [
        (0, WHOLE),
        (WHOLE // 2, WHOLE),
        (WHOLE, WHOLE),
        (WHOLE + 500, WHOLE + 500),
    ]
    assert steps[-1].status == "success"
    assert double.bodies("/api/pull") == [{"model": NAME, "stream": True}]


def test_a_model_that_is_there_already_is_soon_done() -> None:
    steps, _ = fetched(pulls(fake.stream(BEGIN, blob(WHOLE), SUM, END)))
    assert steps[-1].completed == WHOLE


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(fake.stream(BEGIN, blob(5), end=fake.cut), id="FIN"),
        pytest.param(fake.stream(BEGIN, blob(5), end=fake.reset), id="RST"),
        pytest.param(fake.stream(BEGIN, blob(5)), id="no-success"),
        pytest.param(fake.stream(BEGIN, blob(5)[:20], end=fake.cut), id="half-a-line"),
        pytest.param(fake.stream(BEGIN, fake.ndjson({"error": "max retries exceeded: unexpected EOF"})), id="upstream"),
        pytest.param(fake.refuse(500, '{"error": "pull model manifest: dial tcp: i/o timeout"}'), id="at-once"),
    ],
)
def test_what_broke_in_the_middle_is_asked_for_again(way: fake.Way) -> None:
    steps, double = fetched(pulls(way, HONEST))
    assert steps[-1].status == "success"
    assert double.paths.count("/api/pull") == 2
    assert any("going on" in step.status for step in steps)


def test_as_long_as_something_comes_it_goes_on() -> None:
    broken = [fake.stream(BEGIN, blob(at * 1000), end=fake.cut) for at in range(1, 12)]
    steps, double = fetched(pulls(*broken, HONEST))
    assert steps[-1].status == "success"
    assert double.paths.count("/api/pull") == 12


def test_when_nothing_comes_any_more_it_ends_with_the_way_out() -> None:
    with pytest.raises(router.Incomplete, match="broke off"):
        fetched(pulls(fake.stream(BEGIN, blob(5), end=fake.cut)))
    offline = fake.ndjson({"error": "pull model manifest: dial tcp: lookup SECRET: no such host"})
    with pytest.raises(router.Incomplete, match="online") as caught:
        fetched(pulls(fake.stream(BEGIN, offline)))
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "kind", "says"),
    [
        ("pull model manifest: file does not exist", router.ModelMissing, "spelling"),
        ("write /SECRET/blobs: no space left on device", router.Refused, "disk is full"),
        ("pull model manifest: 412: requires a newer version of Ollama. SECRET", router.Refused, "update Ollama"),
        ("pull model manifest: unauthorized: SECRET", router.Refused, "everybody"),
        ("open /SECRET: permission denied", router.Refused, "belongs"),
        ("this model requires MLX support, but the MLX runtime is not available", router.Refused, "update Ollama"),
        ("SECRET", router.Incomplete, "see its log"),
    ],
)
@pytest.mark.parametrize("in_stream", [True, False])
def test_what_ollama_cannot_do_is_told_with_the_way_out(
    said: str, kind: type[Exception], says: str, in_stream: bool
) -> None:
    error = {"error": said}
    way = fake.stream(BEGIN, fake.ndjson(error)) if in_stream else fake.reply(error, 500)
    with pytest.raises(kind, match=says) as caught:
        fetched(pulls(way))
    assert "SECRET" not in str(caught.value)


def test_nobody_there_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ollama_pull, "PAUSES", (3600.0,))

    async def whole() -> None:  # were it tried again, that would take an hour
        async with aclosing(ollama_pull.pull("http://127.0.0.1:9", NAME)) as steps:
            async for _ in steps:
                pass

    with pytest.raises(router.Unreachable, match="`ollama serve`"):
        asyncio.run(whole())


def test_a_pull_of_many_hours_has_no_cap() -> None:
    ticks = b"".join(blob(at) for at in range(50_000))
    assert len(ticks) > 4 << 20
    assert fetched(pulls(fake.stream(BEGIN, *([ticks]), END)))[0][-1].status == "success"


def test_what_is_no_number_counts_as_nothing() -> None:
    odd = fake.ndjson({"status": "pulling x", "digest": "x", "total": -5, "completed": None})
    assert fetched(pulls(fake.stream(odd, END)))[0][-1] == ollama_pull.Progress("success", 0, 0)


def test_closing_it_hangs_up() -> None:
    async def whole() -> None:
        async with fake.serving(pulls(fake.stream(BEGIN, blob(5), end=fake.silence))) as double:
            async with aclosing(ollama_pull.pull(double.host, NAME)) as steps:
                async for step in steps:
                    if step.completed:
                        break
            await double.hung_up.wait()

    asyncio.run(whole())


# Names


@pytest.mark.parametrize("name", [NAME, "a", "library/a:latest", "name-space/mo.del_1:tag.2-q4_K_M"])
def test_a_plain_name_is_one(name: str) -> None:
    assert ollama_pull.check(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "host.example/space/model",
        "host.example/model",
        "http://host.example/a/b",
        "localhost:5000/a/b:c",
        "../a",
        "a b",
        "a:b:c",
        "a@sha256:b",
        "a\nb",
        "-a",
        "é",
        "a" * 81,
    ],
)
def test_an_address_is_no_name(name: str) -> None:
    with pytest.raises(router.ModelMissing, match="plain name"):
        ollama_pull.check(name)


@pytest.mark.parametrize("name", ["gpt-oss:120b-cloud", "qwen3.5:cloud", "me/big-cloud"])
def test_a_model_that_runs_elsewhere_is_not_fetched(name: str) -> None:
    with pytest.raises(router.Refused, match="somebody else's machine"):
        ollama_pull.check(name)


@given(st.text(max_size=30))
def test_no_text_is_a_name_with_an_address_in_it(text: str) -> None:
    try:
        name = ollama_pull.check(text)
    except router.SwitchyardError:
        return
    assert name.isascii()
    assert "//" not in name
    assert name.count("/") <= 1
    assert "." not in name.rpartition("/")[0]


# The command


def test_in_a_pipe_nothing_is_fetched_unless_it_is_said_to(capsys: pytest.CaptureFixture[str]) -> None:
    with served(pulls(HONEST)) as double:
        assert run("new:1b", host=double.host) == 1
        out, err = capsys.readouterr()
        assert "new:1b: size unknown" in out
        assert "--yes" in err
        assert "/api/pull" not in double.paths
        assert run("new:1b", "--dry-run", host=double.host) == 0
        assert "/api/pull" not in double.paths


def test_in_a_pipe_it_prints_a_line_each_tenth_of_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    ticks = [blob(at) for at in range(0, WHOLE + 1, WHOLE // 200)]
    with served(pulls(fake.stream(BEGIN, *ticks, SUM, END))) as double:
        assert run("new:1b", "--yes", host=double.host) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 15
    assert lines[2] == "new:1b: 0 % of 986 MB"
    assert lines[-2:] == ["new:1b: verifying sha256 digest", "new:1b: success"]


def test_as_json_each_line_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    with served(pulls(HONEST)) as double:
        assert run(NAME, "--yes", "--json", host=double.host) == 0
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert said[-1] == {"model": NAME, "status": "success", "completed": WHOLE + 500, "total": WHOLE + 500}
        double.ways["/api/pull"] = fake.reply({"error": "pull model manifest: file does not exist"}, 500)
        assert run("none:1b", "--yes", "--json", host=double.host) == 1
        assert "spelling" in json.loads(capsys.readouterr().out.splitlines()[-1])["error"]


def test_without_names_it_is_what_the_plan_recommends_and_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "found", lambda file: known.named("rtx3060"))
    with served(pulls(HONEST)) as double:
        settings = ("--set", "runtime.engine=ollama")
        assert run("--dry-run", *settings, host=double.host) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines
        assert all((": " in line and "GB" in line) or "MB" in line for line in lines)
        assert not any(line.startswith(NAME) for line in lines)  # it is there
        monkeypatch.setattr(pull.plan, "missing", lambda found, there: [])
        assert run("--yes", *settings, host=double.host) == 0
        assert "Everything that the plan recommends is there" in capsys.readouterr().out
        assert "/api/pull" not in double.paths


@pytest.mark.parametrize(
    ("name", "size"),
    [
        (NAME, 950_000_000),
        ("qwen2.5-coder:1.5b-base", 950_000_000),
        ("qwen2.5-coder:1.5b-instruct-q8_0", 1_600_000_000),
        ("qwen2.5-coder:1.5b-instruct-q3_K_S", 0),
        ("nobody/knows:1b", 0),
    ],
)
def test_what_the_catalogue_knows_is_told_with_its_size(name: str, size: int) -> None:
    ((_, told),) = pull.sized([name])
    assert told == pytest.approx(size, rel=0.1)


def test_a_model_that_is_there_is_said_to_be(capsys: pytest.CaptureFixture[str]) -> None:
    with served({}) as double:
        assert run(NAME, "--dry-run", host=double.host) == 0
    assert "it is there" in capsys.readouterr().out


def test_without_ollama_both_ways_out_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(NAME, "--yes", host="http://127.0.0.1:9") == 1
    err = capsys.readouterr().err
    assert "`ollama serve`" in err
    assert "runtime.embedded.gguf" in err


def test_an_address_or_somebody_elses_model_asks_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    with served({}) as double:
        assert run("host.example/a/b", "--yes", host=double.host) == 1
        assert run("big:cloud", "--yes", host=double.host) == 1
        assert not double.heard


def test_a_disk_that_is_too_small_is_told_before_anything_is_fetched(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pull.downloads, "roots", lambda: (tmp_path,))
    monkeypatch.setattr(pull.shutil, "disk_usage", lambda place: Usage(10**9, 0, 3 * 10**8))
    monkeypatch.setattr(pull, "sized", lambda names: [(name, WHOLE) for name in names])
    with served(pulls(HONEST)) as double:
        assert run("new:1b", "--yes", host=double.host) == 1
        assert "986 MB are needed and 300 MB is free" in capsys.readouterr().err
        assert "/api/pull" not in double.paths


def test_a_disk_that_turns_out_too_small_ends_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pull.downloads, "roots", lambda: (tmp_path,))
    monkeypatch.setattr(pull.shutil, "disk_usage", lambda place: Usage(10**9, 0, 3 * 10**8))
    with served(pulls(fake.stream(BEGIN, blob(WHOLE // 10), end=fake.silence))) as double:
        assert run("new:1b", "--yes", host=double.host) == 1
    assert "are needed" in capsys.readouterr().err


def test_of_another_machine_the_disk_is_not_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pull.downloads, "roots", lambda: (tmp_path,))

    def room(host: str) -> int | None:
        ollama = pull.Config().runtime.ollama
        runtime = pull.Config().runtime
        changed = {"ollama": type(ollama)(host=host)}
        return pull.free(pull.Config(runtime=type(runtime)(**changed)))

    assert room("http://127.0.0.1:11434")
    assert room("http://localhost:1")
    assert room("http://192.0.2.1:11434") is None


SCRIPT = "import sys; from lsp import cli; sys.exit(cli.run(sys.argv[1:]))"


def asked(answer: str, host: str, *, until: str) -> tuple[int, str]:
    """The command in a terminal where somebody types `answer` when asked; `until`: then Ctrl-C, if it is not empty."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", SCRIPT, "pull", "new:1b", "--set", f"runtime.ollama.host={host}"]
    here = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=here)
    os.close(theirs)
    seen, typed, stopped = "", False, not until
    while True:
        try:
            got = os.read(ours, 65536)
        except OSError:  # Linux says so when the other side is closed
            break
        if not got:
            break
        seen += got.decode("utf-8", "replace")
        if not typed and "[y/N]" in seen:
            os.write(ours, answer.encode() + b"\n")
            typed = True
        if not stopped and until in terminal.clean(seen):
            process.send_signal(signal.SIGINT)
            stopped = True
    os.close(ours)
    return process.wait(), terminal.clean(seen)


def test_somebody_at_a_terminal_is_asked_and_sees_a_bar() -> None:
    with served(pulls(HONEST)) as double:
        code, seen = asked("n", double.host, until="")
        assert code == 1
        assert "Fetch this? [y/N]" in seen
        assert "/api/pull" not in double.paths
        code, seen = asked("y", double.host, until="")
        assert code == 0
        assert "986.0" in seen or "986" in seen


def test_ctrl_c_keeps_what_has_come_and_says_how_to_go_on() -> None:
    with served(pulls(fake.stream(BEGIN, blob(WHOLE // 2), end=fake.silence))) as double:
        code, seen = asked("y", double.host, until="493")
        assert code == 130
        assert "`switchyard pull new:1b` goes on from there" in " ".join(seen.split())
        assert double.hung_up.is_set()
    assert "Traceback" not in seen
