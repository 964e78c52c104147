"""Ollama: the real client against a real engine behind the façade, and against a double that misbehaves."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing

import pytest
from msgspec.structs import replace

import router
from router import config
from router.models.types import Layers, Model
from router.runtimes import ollama, ollama_dialect, transport
from router.types import Call, Delta, Route, Timing
from tests import fake_ollama as fake
from tests.engine import facade, random_gguf

MODEL = "switchyard:4m"
ROUTE = Route("ollama", MODEL, "switchyard", options=(("num_ctx", 1024),))
PROMPT = "<|fim_prefix|>def add(a, b):\n    return <|fim_suffix|>\n<|fim_middle|>"
CODER = Route("ollama", "qwen2.5-coder:1.5b", "qwen", options=(("num_ctx", 4096),))


@pytest.fixture(scope="module")
def engine() -> Iterator[facade.Facade]:
    models = {MODEL: random_gguf.made(), "prose:latest": random_gguf.made(fim=False)}
    with facade.serving(models) as running:
        yield running


def on(host: str, work: Callable[[ollama.Ollama], Awaitable[None]]) -> None:
    """Run `work` with a runtime for this host, and close the runtime."""

    async def whole() -> None:
        runtime = ollama.Ollama(config.Ollama(host=host))
        try:
            await work(runtime)
        finally:
            await runtime.aclose()

    asyncio.run(whole())


def misbehaving(ways: dict[str, fake.Way], work: Callable[[ollama.Ollama, fake.Fake], Awaitable[None]]) -> None:
    """Run `work` with a runtime that meets a double with these ways."""

    async def whole() -> None:
        async with fake.serving(ways) as double:
            runtime = ollama.Ollama(config.Ollama(host=double.host))
            try:
                await work(runtime, double)
            finally:
                await runtime.aclose()

    asyncio.run(whole())


async def answer(runtime: ollama.Ollama, call: Call) -> tuple[str, Timing]:
    async with aclosing(runtime.generate(call)) as stretches:
        *deltas, timing = [stretch async for stretch in stretches]
    assert isinstance(timing, Timing)
    return "".join(it.text for it in deltas if isinstance(it, Delta)), timing


def failing(ways: dict[str, fake.Way], kind: type[Exception], call: Call | None = None) -> str:
    """Ask a double with these ways; it must fail so. The sentence is given back."""
    said: list[str] = []

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        with pytest.raises(kind) as caught:
            await answer(runtime, call or Call(CODER, "x = "))
        assert type(caught.value) is kind
        said.append(str(caught.value))

    misbehaving(ways, work)
    assert "SECRET" not in said[0]
    return said[0]


# Against a real engine


def test_models_are_told_with_what_each_can_do(engine: facade.Facade) -> None:
    async def work(runtime: ollama.Ollama) -> None:
        models = {model.name: model for model in await runtime.models()}
        assert models[MODEL].family == "switchyard"
        assert (models[MODEL].parameters, models[MODEL].window) == (4_196_608, 4096)
        assert (models[MODEL].quantisation, models[MODEL].thinks) == ("Q8_0", False)
        assert models[MODEL].digest == engine.models[MODEL].digest
        assert models["prose:latest"].family == ""
        shape = models[MODEL].shape
        assert shape is not None
        assert (shape.architecture, shape.embedding, shape.heads) == ("llama", 256, 4)
        assert shape.layers == (Layers(4, kv_heads=2, key=64, value=64),)

    on(engine.host, work)


def test_what_is_in_memory_is_told_with_what_it_holds(engine: facade.Facade) -> None:
    async def work(runtime: ollama.Ollama) -> None:
        engine.models["prose:latest"].unload()
        await runtime.load(ROUTE)
        held = {model.name: (model.loaded, model.held) for model in await runtime.models()}
        assert held == {MODEL: (True, random_gguf.made().stat().st_size), "prose:latest": (False, 0)}
        await runtime.unload(ROUTE)
        await runtime.unload(ROUTE)  # nothing, if it is not there
        assert not engine.models[MODEL].loaded
        assert not await runtime.ready(ROUTE)

    on(engine.host, work)


def test_the_window_told_is_the_trained_one_and_the_settings_only_cap_what_is_asked_for(engine: facade.Facade) -> None:
    async def whole() -> None:
        runtime = ollama.Ollama(config.Ollama(host=engine.host, window=512))
        assert {model.window for model in await runtime.models()} == {4096}
        await runtime.load(ROUTE)
        assert engine.models[MODEL].window == 512
        assert await runtime.ready(ROUTE)
        await runtime.aclose()

    asyncio.run(whole())


@pytest.mark.parametrize("system", ["", "Answer."], ids=["completion", "chat"])
def test_an_interrupted_answer_goes_on_as_if_nothing_had_been(engine: facade.Facade, system: str) -> None:
    """Random weights say the same each time; an answer is cut between two of its tokens, as a stream is."""

    async def work(runtime: ollama.Ollama) -> None:
        call = Call(ROUTE, PROMPT, system=system, max_tokens=24)
        whole, timing = await answer(runtime, call)
        assert timing.answer_tokens == 24
        for tokens in (1, 5, 17):
            begun, _ = await answer(runtime, replace(call, max_tokens=tokens))
            rest, _ = await answer(runtime, replace(call, begun=begun, max_tokens=24 - tokens))
            assert begun + rest == whole

    on(engine.host, work)


def test_a_route_is_ready_once_it_was_loaded_and_then_answers(engine: facade.Facade) -> None:
    async def work(runtime: ollama.Ollama) -> None:
        engine.models[MODEL].unload()
        assert not await runtime.ready(ROUTE)
        await runtime.load(ROUTE)
        assert await runtime.ready(ROUTE)
        text, timing = await answer(runtime, Call(ROUTE, PROMPT, max_tokens=8))
        assert text
        assert (timing.answer_tokens, timing.ended) == (8, "limit")
        assert timing.prompt_tokens > 8
        assert engine.models[MODEL].loads >= 1

    on(engine.host, work)


def test_another_window_than_ours_is_not_ready(engine: facade.Facade) -> None:
    async def work(runtime: ollama.Ollama) -> None:
        engine.models[MODEL].load({"num_ctx": 512})
        assert not await runtime.ready(ROUTE)

    on(engine.host, work)


def test_all_calls_on_a_route_share_one_load(engine: facade.Facade) -> None:
    async def work(runtime: ollama.Ollama) -> None:
        engine.models[MODEL].unload()
        before = engine.models[MODEL].loads
        await asyncio.gather(runtime.load(ROUTE), runtime.load(ROUTE))
        for prompt in (PROMPT, "a", "b"):
            await answer(runtime, Call(ROUTE, prompt, max_tokens=2))
        assert engine.models[MODEL].loads == before + 1

    on(engine.host, work)


def test_a_closed_stream_frees_the_engine(engine: facade.Facade) -> None:
    async def work(runtime: ollama.Ollama) -> None:
        await runtime.load(ROUTE)
        async with aclosing(runtime.generate(Call(ROUTE, PROMPT, max_tokens=900))) as stretches:
            async for _ in stretches:
                break
            assert await asyncio.to_thread(engine.models[MODEL].busy)
        await asyncio.to_thread(engine.models[MODEL].wait_until_free)
        text, _ = await answer(runtime, Call(ROUTE, "next", max_tokens=4))
        assert text

    on(engine.host, work)


def test_an_answer_bound_to_a_schema_parses(engine: facade.Facade) -> None:
    schema = '{"enum": ["yes", "no"]}'

    async def work(runtime: ollama.Ollama) -> None:
        text, _ = await answer(runtime, Call(ROUTE, "Is it?", system="Answer.", max_tokens=64, schema=schema))
        assert json.loads(text) in ("yes", "no")

    on(engine.host, work)


def test_a_prompt_that_is_too_long_is_told_as_cut(engine: facade.Facade) -> None:
    async def work(runtime: ollama.Ollama) -> None:
        # Words that are one token each: 4.5 characters per token, as code has.
        with pytest.raises(router.PromptCut, match="window"):
            await answer(runtime, Call(ROUTE, "self." * 1400, max_tokens=4))

    on(engine.host, work)


def test_a_model_that_is_not_there_is_told_with_the_command_that_brings_it(engine: facade.Facade) -> None:
    async def work(runtime: ollama.Ollama) -> None:
        with pytest.raises(router.ModelMissing, match="`ollama pull nothing:7b`"):
            await answer(runtime, Call(Route("ollama", "nothing:7b"), "x"))

    on(engine.host, work)


# What is sent


def test_a_completion_is_raw_pinned_and_has_one_set_of_options() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await answer(runtime, Call(CODER, "one", max_tokens=0, stop=("<|fim_prefix|>",)))
        await answer(runtime, Call(CODER, "two", max_tokens=9))
        first, second = double.bodies("/api/generate")
        assert first["raw"] is True
        assert first["stream"] is True
        assert first["keep_alive"] == -1
        assert first["options"]["num_predict"] == 1  # 0 would mean: without end
        assert first["truncate"] is False
        assert first["options"]["stop"] == ["<|fim_prefix|>"]
        assert first["options"]["num_ctx"] == second["options"]["num_ctx"] == 4096
        assert "suffix" not in first or not first["suffix"]

    misbehaving({}, work)


def test_a_chat_does_not_think_aloud_and_what_it_thinks_is_left_out() -> None:
    thought = fake.ndjson({"message": {"role": "assistant", "content": "", "thinking": "hm"}, "done": False})
    said = fake.ndjson({"message": {"role": "assistant", "content": "yes"}, "done": False})
    end = fake.ndjson({"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"})

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        text, _ = await answer(runtime, Call(CODER, "why?", system="Explain."))
        assert text == "yes"
        (body,) = double.bodies("/api/chat")
        assert body["think"] is False
        assert [turn["role"] for turn in body["messages"]] == ["system", "user"]

    misbehaving({"/api/chat": fake.stream(thought, said, end)}, work)


def test_no_key_no_proxy_and_no_malformed_environment_reaches_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The import is made in a fresh interpreter: it is there that a malformed OLLAMA_HOST would break it."""
    monkeypatch.setenv("OLLAMA_API_KEY", "SECRET")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await answer(runtime, Call(CODER, "x"))
        await runtime.models()
        for _, headers, _ in double.heard:
            assert "authorization" not in headers
            assert headers["accept-encoding"] == "identity"

    misbehaving({}, work)
    bad = os.environ | {"OLLAMA_HOST": "http://[::1:99999999", "ALL_PROXY": "socks5://127.0.0.1:9"}
    program = "import asyncio; from router.runtimes.hardened import Hardened; asyncio.run(Hardened('http://127.0.0.1:9').client('probe'))"
    subprocess.run([sys.executable, "-c", program], env=bad, check=True, timeout=60)


def test_a_redirect_is_not_followed() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        with pytest.raises(router.Unreachable, match="is not Ollama"):
            await answer(runtime, Call(CODER, "x"))
        assert [path for path in double.paths if path != "/api/generate"] == ["/api/version", "/api/tags"]

    misbehaving({"/api/generate": fake.refuse(307, "", "Location: /elsewhere\r\n")}, work)


def test_a_model_on_somebody_elses_machine_is_marked_and_never_asked() -> None:
    listed = [
        {"name": "gpt-oss:120b-cloud", "size": 384},
        {"name": "qwen3-coder:480b-cloud", "size": 384},
        {"name": "plain:1b", "size": 384, "remote_host": "https://ollama.com:443"},
    ]

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        for model in listed:
            with pytest.raises(router.Refused, match="somebody else's machine"):
                await answer(runtime, Call(Route("ollama", str(model["name"])), "x"))
            with pytest.raises(router.Refused):
                await runtime.load(Route("ollama", str(model["name"])))
        assert all(model.remote and not model.family for model in await runtime.models())
        assert "/api/generate" not in double.paths

    misbehaving({"/api/tags": fake.reply({"models": listed})}, work)


def test_a_load_goes_on_when_whoever_waits_for_it_is_cancelled() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        begun, loaded = asyncio.Event(), asyncio.Event()

        async def slow(writer: fake.Writer) -> None:
            begun.set()
            await loaded.wait()
            await fake.reply({"model": "m", "response": "", "done": True, "done_reason": "load"})(writer)

        double.ways["/api/generate"] = slow
        keystroke = asyncio.create_task(runtime.load(CODER))
        await begun.wait()
        keystroke.cancel()
        other = asyncio.create_task(runtime.load(CODER))
        await asyncio.wait((keystroke,))
        assert keystroke.cancelled()
        loaded.set()
        await other
        assert await runtime.ready(CODER)
        (body,) = double.bodies("/api/generate")  # one load for both
        assert body.get("prompt", "") == ""
        assert body["keep_alive"] == -1
        assert not double.hung_up.is_set()

    misbehaving({"/api/ps": fake.reply({"models": []})}, work)


def test_a_model_whose_process_died_is_not_ready_until_it_was_loaded_again() -> None:
    """Ollama lists it all the same, until somebody asks for it."""

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await answer(runtime, Call(CODER, "x"))
        double.ways["/api/generate"] = fake.stream(A, ERROR)
        with pytest.raises(router.Incomplete):
            await answer(runtime, Call(CODER, "x"))
        assert not await runtime.ready(CODER)
        double.ways["/api/generate"] = fake.reply({"model": "m", "response": "", "done": True, "done_reason": "load"})
        await runtime.load(CODER)
        assert await runtime.ready(CODER)

    misbehaving({}, work)


def test_a_model_that_shares_its_weights_is_ready_though_ollama_lists_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ollama, "FRESH", 0.0)
    twin = {"name": "twin:1.5b", "model": "twin:1.5b", "context_length": 4096}
    loaded = fake.reply({"model": "m", "response": "", "done": True, "done_reason": "load"})

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        assert not await runtime.ready(CODER)  # another model of which we know nothing
        await runtime.load(CODER)
        assert await runtime.ready(CODER)
        double.ways["/api/ps"] = fake.reply({"models": [twin | {"context_length": 512}]})
        assert not await runtime.ready(CODER)

    misbehaving({"/api/ps": fake.reply({"models": [twin]}), "/api/generate": loaded}, work)


def test_a_question_that_was_given_up_before_its_answer_began_may_have_been_a_load() -> None:
    """Then Ollama gave the load up with it, and the model is not in memory."""

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await answer(runtime, Call(CODER, "x"))
        asked = asyncio.Event()

        async def loading(writer: fake.Writer) -> None:
            asked.set()
            await fake.silence(writer)

        double.ways |= {"/api/generate": loading, "/api/ps": fake.reply({"models": []})}
        keystroke = asyncio.create_task(answer(runtime, Call(CODER, "xy")))
        await asked.wait()
        keystroke.cancel()
        await asyncio.wait((keystroke,))
        assert not await runtime.ready(CODER)

    misbehaving({}, work)


def test_closing_the_generator_closes_the_connection() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        async with aclosing(runtime.generate(Call(CODER, "x"))) as stretches:
            async for _ in stretches:
                break
        await double.hung_up.wait()

    misbehaving({"/api/generate": fake.stream(*fake.say("a"), end=fake.silence)}, work)


def test_cancelling_before_the_first_byte_closes_the_connection() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        asked = asyncio.Event()

        async def mute(writer: fake.Writer) -> None:
            asked.set()
            await fake.silence(writer)

        double.ways["/api/generate"] = mute
        task = asyncio.create_task(answer(runtime, Call(CODER, "x")))
        await asked.wait()
        task.cancel()
        await double.hung_up.wait()
        await asyncio.wait((task,))

    misbehaving({}, work)


def test_one_connection_serves_call_after_call() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        for _ in range(3):
            assert (await answer(runtime, Call(CODER, "x")))[0] == "ab"
        assert not double.hung_up.is_set()

    misbehaving({}, work)


def test_a_connection_that_was_closed_while_it_lay_open_is_made_anew() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        usual, asked = double.ways["/api/generate"], 0

        async def second_is_cut(writer: fake.Writer) -> None:
            nonlocal asked
            asked += 1
            await (fake.cut if asked == 2 else usual)(writer)

        double.ways["/api/generate"] = second_is_cut
        for _ in range(2):
            assert (await answer(runtime, Call(CODER, "x")))[0] == "ab"
        assert asked == 3

    misbehaving({}, work)


# What goes wrong


def test_nobody_there_is_told_with_the_command_that_starts_it() -> None:
    async def work(runtime: ollama.Ollama) -> None:
        for question in (
            runtime.models(),
            runtime.ready(CODER),
            runtime.load(CODER),
            answer(runtime, Call(CODER, "x")),
        ):
            with pytest.raises(router.Unreachable, match="`ollama serve`"):
                await question

    on("http://127.0.0.1:9", work)


def test_an_ollama_that_is_started_later_is_found() -> None:
    async def whole() -> None:
        async with fake.serving() as double:
            host = double.host
        runtime = ollama.Ollama(config.Ollama(host=host))
        with pytest.raises(router.Unreachable):
            await runtime.models()
        server = await asyncio.start_server(double.answer, "127.0.0.1", int(host.rpartition(":")[2]))
        assert [model.name for model in await runtime.models()] == ["qwen2.5-coder:1.5b"]
        await runtime.aclose()
        server.close()

    asyncio.run(whole())


def generates(way: fake.Way) -> dict[str, fake.Way]:
    return {"/api/generate": way}


A, B = fake.say("a", "SECRET")
ERROR = fake.ndjson({"error": "an error was encountered while running the model: SECRET"})
OOM = fake.ndjson({"error": "llama-server process has terminated: failed to allocate SECRET"})


@pytest.mark.parametrize(
    ("way", "kind", "says"),
    [
        pytest.param(
            fake.refuse(404, '{"error": "model \'SECRET\' not found"}'), router.ModelMissing, "ollama pull", id="C07"
        ),
        pytest.param(fake.refuse(404, "404 page not found"), router.Unreachable, "is not Ollama", id="C03"),
        pytest.param(fake.refuse(500, '{"error": "SECRET out-of-memory"}'), router.OutOfMemory, "smaller", id="C08"),
        pytest.param(
            fake.refuse(500, '{"error": "model requires more system memory (9 GiB) than is available (1 GiB)"}'),
            router.OutOfMemory,
            "smaller",
            id="C08-before-0.30",
        ),
        pytest.param(fake.refuse(503, '{"error": "server busy, please try again."}'), router.Busy, "moment", id="C09"),
        pytest.param(fake.refuse(401, '{"error": "unauthorized"}'), router.Refused, "ollama signin", id="C10-401"),
        pytest.param(fake.refuse(403, ""), router.Refused, "403", id="C10-403"),
        pytest.param(fake.refuse(429, ""), router.Busy, "later", id="C10-429"),
        pytest.param(fake.refuse(499, '{"error": "request canceled"}'), router.Incomplete, "ask again", id="C10-499"),
        pytest.param(fake.refuse(500, '{"error": "SECRET"}'), router.Incomplete, "log", id="500"),
        pytest.param(fake.refuse(400, '{"error": "m does not support SECRET"}'), router.Refused, "cannot", id="400"),
        pytest.param(
            fake.refuse(400, '{"error": "{\\"type\\": \\"exceed_context_size_error\\"}"}'),
            router.PromptCut,
            "window",
            id="D15",
        ),
        pytest.param(fake.html(), router.Unreachable, "is not Ollama", id="C12-200"),
        pytest.param(fake.html(502), router.Unreachable, "is not Ollama", id="C12-502"),
        pytest.param(fake.reply({"SECRET": 1}), router.Incomplete, "", id="another-json"),
        pytest.param(fake.reply("[1]\n"), router.Unreachable, "is not Ollama", id="a-list"),
        pytest.param(fake.stream(A, ERROR), router.Incomplete, "log", id="C11"),
        pytest.param(fake.stream(A, OOM), router.OutOfMemory, "smaller", id="C11-memory"),
        pytest.param(fake.stream(A, B), router.Incomplete, "broke off", id="D02"),
        pytest.param(fake.stream(), router.Incomplete, "broke off", id="D02-nothing"),
        pytest.param(fake.stream(A, B, end=fake.cut), router.Incomplete, "broke off", id="C04-FIN"),
        pytest.param(fake.stream(A, B, end=fake.reset), router.Incomplete, "broke off", id="C04-RST"),
        pytest.param(fake.stream(A, B[:20], end=fake.cut), router.Incomplete, "", id="D01-cut"),
        pytest.param(fake.stream(A, B[:20]), router.Incomplete, "not well-formed", id="D01-ended"),
        pytest.param(fake.stream(A, b"{SECRET}\n"), router.Incomplete, "not well-formed", id="D09"),
        pytest.param(fake.stream(A, b"7\n"), router.Incomplete, "not well-formed", id="D09-number"),
        pytest.param(fake.stream(end=fake.endless), router.Incomplete, "no end", id="D05-line"),
        pytest.param(fake.stream(end=fake.chatter), router.Incomplete, "no end", id="D05-tokens"),
        pytest.param(fake.cut, router.Incomplete, "broke off", id="closes-at-once"),
    ],
)
def test_a_fault_becomes_one_sentence_with_the_way_out(way: fake.Way, kind: type[Exception], says: str) -> None:
    assert says in failing(generates(way), kind)


def test_an_answer_that_repeats_itself_is_ended_without_done_and_does_not_count() -> None:
    failing(generates(fake.stream(*fake.say(*["x"] * 31))), router.Incomplete)


@pytest.mark.parametrize("way", [fake.silence, fake.stream(A, end=fake.silence)], ids=["C05", "C06"])
def test_silence_is_not_waited_for_for_ever(way: fake.Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "TYPING", 0.2)
    assert "silent" in failing(generates(way), router.Incomplete)


def test_a_stream_in_odd_pieces_is_read_all_the_same() -> None:
    """Blank lines, CRLF, one byte at a time, and characters at which `str.splitlines` would break a line."""
    text = "é\x85\u2028\u2029😀"
    whole = b"\r\n\n" + b"".join(fake.say(text, "b")).replace(b"\n", b"\r\n") + b"\n" + fake.done()

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        assert (await answer(runtime, Call(CODER, "x")))[0] == text + "b"

    misbehaving(generates(fake.stream(*(whole[at : at + 1] for at in range(len(whole))))), work)


def test_a_compressed_answer_is_refused() -> None:
    way = fake.reply("x", extra="Content-Encoding: gzip\r\n")
    assert "compressed" in failing(generates(way), router.Incomplete)


def test_what_comes_after_done_is_ignored() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        assert (await answer(runtime, Call(CODER, "x")))[0] == "a"

    misbehaving(generates(fake.stream(A, fake.done(), B, b"{not json\n")), work)


def test_a_length_says_that_the_answer_is_partial() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        _, timing = await answer(runtime, Call(CODER, "x"))
        assert timing.ended == "limit"

    misbehaving(generates(fake.stream(A, fake.done(done_reason="length"))), work)


@pytest.mark.parametrize(
    ("chars", "count", "window", "cut"),
    [
        (4000, 1000, 4096, False),
        (14000, 3300, 4096, False),
        (20000, 2050, 4096, True),  # 0.30.11 and later: half the window
        (18000, 4096, 4096, True),  # before: the whole window
        (16000, 0, 4096, False),  # it does not say
        (9000, 1000, 4096, True),
        (6000, 2050, 4096, True),  # few characters to a token: it is the very count that Ollama leaves
        (6000, 2051, 4096, True),  # with a mark for the beginning
        (6000, 2052, 4096, False),
        (4000, 2050, 4096, False),
        (300, 20, 4096, False),
    ],
)
def test_a_cut_prompt_is_known_by_its_count(chars: int, count: int, window: int, cut: bool) -> None:
    assert ollama_dialect.was_cut(chars, count, window) is cut


@pytest.mark.parametrize("system", ["", "Explain."], ids=["completion", "chat"])
def test_an_ollama_that_cuts_although_it_was_told_not_to_is_found_out(system: str) -> None:
    said = {"response": "", "message": {"role": "assistant", "content": ""}, "done": True, "prompt_eval_count": 2050}
    way = fake.stream(fake.ndjson(said))
    ways = {"/api/chat": way, "/api/generate": way}
    assert "window" in failing(ways, router.PromptCut, Call(CODER, "word " * 4000, system=system))


def test_the_version_that_counts_only_what_was_not_cached_is_believed() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await runtime.models()
        _, timing = await answer(runtime, Call(CODER, "x = 1\n" * 1000))
        assert timing.prompt_tokens == 7

    misbehaving({"/api/version": fake.reply({"version": "0.30.0"})}, work)


def test_ready_asks_once_in_a_while_and_an_answer_refreshes_it() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await answer(runtime, Call(CODER, "x"))
        assert await runtime.ready(CODER)
        assert await runtime.ready(CODER)
        assert "/api/ps" not in double.paths

    misbehaving({}, work)


def test_importing_and_constructing_cost_nothing() -> None:
    program = (
        "import sys; from router import config; from router.runtimes.ollama import Ollama; Ollama(config.Ollama());"
        "sys.exit(bool({'ollama', 'httpx', 'xllamacpp'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_a_model_by_any_of_its_names_is_one() -> None:
    assert ollama_dialect.tagged("a") == "a:latest"
    assert ollama_dialect.tagged("host:5000/a/b") == "host:5000/a/b:latest"
    assert ollama_dialect.tagged("a:1b") == "a:1b"
    assert Model("ollama", "a:1b").name == "a:1b"
