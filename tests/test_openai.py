"""OpenAI-compatible servers: llama.cpp's own, and doubles that say what other servers say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import xllamacpp
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import router
from router import config
from router.runtimes import dialect, openai, transport
from router.types import Call, Delta, Route, Timing
from tests import fake_ollama as fake
from tests.engine import random_gguf

KEY = "a key for the tests"
ROUTE = Route("openai", "switchyard-4m", "switchyard")
HEAD = "<|fim_prefix|>" + "def add(a, b):\n" * 20
PROMPT = HEAD + "<|fim_suffix|>\n<|fim_middle|>    return "


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    """llama.cpp's own server, with a key; its address."""
    params = xllamacpp.CommonParams()
    params.model.path = str(random_gguf.made())
    params.model_alias = {ROUTE.model}
    params.api_keys = [KEY]
    params.n_ctx, params.n_parallel, params.verbosity = 2048, 1, 0
    params.n_batch = params.n_ubatch = 128
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(params)
    yield server.listening_address
    del server


def using(settings: config.OpenAI, work: Callable[[openai.OpenAI], Awaitable[None]], key: str | None = KEY) -> None:
    async def whole() -> None:
        runtime = openai.OpenAI(settings, key)
        try:
            await work(runtime)
        finally:
            await runtime.aclose()

    asyncio.run(whole())


def misbehaving(ways: dict[str, fake.Way], work: Callable[[openai.OpenAI, fake.Fake], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with fake.serving({"/v1/models": fake.reply({"data": [{"id": "starcoder2"}]})} | ways) as double:
            runtime = openai.OpenAI(config.OpenAI(host=double.host), "SECRET")
            try:
                await work(runtime, double)
            finally:
                await runtime.aclose()

    asyncio.run(whole())


async def answer(runtime: openai.OpenAI, call: Call) -> tuple[str, Timing]:
    async with aclosing(runtime.generate(call)) as stretches:
        *deltas, timing = [stretch async for stretch in stretches]
    assert isinstance(timing, Timing)
    return "".join(it.text for it in deltas if isinstance(it, Delta)), timing


async def busy(runtime: openai.OpenAI) -> bool:
    status, body = await runtime._get("/slots")
    assert status == 200
    return any(slot["is_processing"] for slot in json.loads(body))


# Against llama.cpp


def test_llama_cpp_says_what_it_serves(llama: str) -> None:
    async def work(runtime: openai.OpenAI) -> None:
        (model,) = await runtime.models()
        assert (model.name, model.family, model.window) == ("switchyard-4m", "switchyard", 2048)
        assert model.parameters == 4_196_608
        assert model.loaded
        assert model.fixed
        assert await runtime.ready(ROUTE)

    using(config.OpenAI(host=llama), work)


def test_a_fill_in_the_middle_prompt_streams_and_its_head_is_reused(llama: str) -> None:
    async def work(runtime: openai.OpenAI) -> None:
        await answer(runtime, Call(ROUTE, "something else altogether", max_tokens=1))
        text, cold = await answer(runtime, Call(ROUTE, PROMPT, max_tokens=8))
        assert text
        assert (cold.answer_tokens, cold.ended) == (8, "limit")
        _, warm = await answer(runtime, Call(ROUTE, PROMPT + "a", max_tokens=8))
        assert cold.reused_tokens < 5
        assert warm.reused_tokens >= cold.prompt_tokens - 2
        assert warm.prompt_tokens - warm.reused_tokens <= 3

    using(config.OpenAI(host=llama), work)


def test_llama_cpp_counts_tokens_and_an_answer_goes_on(llama: str) -> None:
    async def work(runtime: openai.OpenAI) -> None:
        call = Call(ROUTE, PROMPT, max_tokens=20)
        whole, timing = await answer(runtime, call)
        assert await runtime.count(ROUTE, PROMPT) == timing.prompt_tokens
        begun, _ = await answer(runtime, replace(call, max_tokens=9))
        rest, _ = await answer(runtime, replace(call, begun=begun, max_tokens=11))
        assert begun + rest == whole

    using(config.OpenAI(host=llama), work)


def test_a_closed_stream_frees_the_slot(llama: str) -> None:
    async def work(runtime: openai.OpenAI) -> None:
        async with aclosing(runtime.generate(Call(ROUTE, PROMPT, max_tokens=1500))) as stretches:
            async for _ in stretches:
                break
            assert await busy(runtime)
        while await busy(runtime):
            pass
        # It did not run to its end: the slot would have been free only then.
        assert (await answer(runtime, Call(ROUTE, PROMPT, max_tokens=2)))[1].reused_tokens > 0

    using(config.OpenAI(host=llama), work)


@pytest.mark.parametrize("system", ["", "Answer."], ids=["raw", "chat"])
def test_an_answer_bound_to_a_schema_parses(llama: str, system: str) -> None:
    async def work(runtime: openai.OpenAI) -> None:
        call = Call(ROUTE, "Is it?", system=system, max_tokens=64, schema='{"enum": ["yes", "no"]}')
        text, _ = await answer(runtime, call)
        assert json.loads(text) in ("yes", "no")

    using(config.OpenAI(host=llama), work)


def test_a_prompt_that_does_not_fit_is_told_so(llama: str) -> None:
    async def work(runtime: openai.OpenAI) -> None:
        with pytest.raises(router.PromptCut, match="window of switchyard-4m"):
            await answer(runtime, Call(ROUTE, "self." * 2100))

    using(config.OpenAI(host=llama), work)


def test_a_wrong_key_is_told_with_the_setting_that_mends_it(llama: str) -> None:
    async def work(runtime: openai.OpenAI) -> None:
        with pytest.raises(router.Refused, match=r"runtime\.openai\.key_file"):
            await answer(runtime, Call(ROUTE, "x"))

    using(config.OpenAI(host=llama), work, key="another")


# The key


def test_the_key_comes_from_the_file_or_the_variable_that_the_settings_name(
    llama: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(runtime: openai.OpenAI) -> None:
        assert await runtime.models()
        await answer(runtime, Call(ROUTE, "x", max_tokens=1))

    (tmp_path / "key").write_text(f"{KEY}\nnot this\n")
    monkeypatch.setenv("THE_KEY", KEY)
    using(config.OpenAI(host=llama, key_file=str(tmp_path / "key")), work, key=None)
    using(config.OpenAI(host=llama, key_env="THE_KEY"), work, key=None)


@pytest.mark.parametrize(
    "settings",
    [
        config.OpenAI(host="http://127.0.0.1:9", key_file="/nowhere/key"),
        config.OpenAI(host="http://127.0.0.1:9", key_env="NO_KEY"),
    ],
)
def test_a_key_that_is_not_there_is_told(settings: config.OpenAI) -> None:
    async def work(runtime: openai.OpenAI) -> None:
        with pytest.raises(router.Refused, match=r"runtime\.openai\.key_"):
            await runtime.models()

    using(settings, work, key=None)


@pytest.mark.parametrize("named", ["SE\nCRET", "SE\x01CRET", "SÉCRET", "SE\x7fCRET"])
def test_a_key_that_no_header_can_hold_is_told_and_not_quoted(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(runtime: openai.OpenAI) -> None:
        for question in (runtime.models(), runtime.ready(ROUTE), answer(runtime, Call(ROUTE, "x"))):
            with pytest.raises(router.Refused, match="copy it anew") as caught:
                await question
            assert "CRET" not in str(caught.value)

    monkeypatch.setenv("THE_KEY", named)
    using(config.OpenAI(host="http://127.0.0.1:9", key_env="THE_KEY"), work, key=None)


def test_a_byte_order_mark_is_no_part_of_the_key(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("\ufeffSECRET\n")
    runtime = openai.OpenAI(config.OpenAI(host="http://127.0.0.1:9", key_file=str(tmp_path / "key")))
    assert runtime._bearer() == "SECRET"


@pytest.mark.parametrize(
    "host",
    [
        "http://a..b",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:-1",
        "http://127.0.0.1:port",
        "http://",
        "http://" + "a" * 64,
        "http://xn--",
        "http://me:SECRET@127.0.0.1:9",
        "http://127.0.0.1:9?a=b",
    ],
)
def test_a_host_that_is_no_address_is_told(host: str) -> None:
    async def work(runtime: openai.OpenAI) -> None:
        for question in (runtime.models(), runtime.ready(ROUTE), answer(runtime, Call(ROUTE, "x"))):
            with pytest.raises(router.Unreachable, match=r"runtime\.openai\.host is not an address") as caught:
                await question
            assert "SECRET" not in str(caught.value)

    using(config.OpenAI(host=host), work)


def test_a_family_that_there_is_not_is_told_with_those_that_there_are() -> None:
    for name in ("", "qwen"):
        assert openai.build(config.Config(runtime=config.Runtime(openai=config.OpenAI(family=name)))) is None
    with pytest.raises(router.BadConfig, match=r"runtime\.openai\.family must be one of plain, .*qwen"):
        openai.build(config.Config(runtime=config.Runtime(openai=config.OpenAI(family="quen"))))


def test_the_key_goes_to_the_host_it_was_meant_for_and_no_redirect_takes_it_further() -> None:
    async def work(runtime: openai.OpenAI, double: fake.Fake) -> None:
        async with fake.serving() as canary:
            away = fake.refuse(307, "", f"Location: {canary.host}/v1/completions\r\n")
            double.ways["/v1/completions"] = away
            with pytest.raises(router.Unreachable):
                await answer(runtime, Call(ROUTE, "x"))
            assert not canary.heard
        assert all(headers["authorization"] == "Bearer SECRET" for _, headers, _ in double.heard)

    misbehaving({}, work)


# What other servers say


def sse(*events: Any, end: fake.Way | None = None, last: bytes = b"data: [DONE]\n\n") -> fake.Way:
    said = (b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    return fake.stream(*said, *([last] if last else []), end=end, kind="text/event-stream")


def text(said: str, ended: str | None = None) -> dict[str, Any]:
    return {"choices": [{"text": said, "index": 0, "finish_reason": ended}]}


def test_a_server_without_timings_is_read_by_its_usage() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    way = sse(text("a"), text("b", "length"), {"choices": [], "usage": usage})

    async def work(runtime: openai.OpenAI, double: fake.Fake) -> None:
        said, timing = await answer(runtime, Call(ROUTE, "x"))
        assert said == "ab"
        assert timing == Timing(prompt_tokens=9, reused_tokens=4, answer_tokens=2, ended="limit")
        assert "cache_prompt" not in double.bodies("/v1/completions")[0]  # llama.cpp's own word

    misbehaving({"/v1/completions": way}, work)


def test_comments_and_other_fields_of_a_stream_are_passed_over() -> None:
    way = fake.stream(
        b": ping\n\nevent: x\ndata: ",
        b'{"choices":[{"text":"a","finish_reason":"stop"}]}\r\n\r\n',
        kind="text/event-stream",
    )

    async def work(runtime: openai.OpenAI, double: fake.Fake) -> None:
        assert (await answer(runtime, Call(ROUTE, "x")))[0] == "a"

    misbehaving({"/v1/completions": way}, work)


@pytest.mark.parametrize(
    ("said", "sure"),
    [
        (None, -1),
        ({"tokens": ["a"], "token_logprobs": [None]}, -1),
        ([], 0),
        ({"content": [{"token": "a", "logprob": None}]}, 0),
        ({"content": [{"token": "a", "logprob": -0.5}, {"logprob": -0.5}]}, 0.3679),
    ],
)
def test_however_a_server_speaks_of_probabilities_its_answer_is_heard(said: object, sure: float) -> None:
    event = {"choices": [{"text": "a", "logprobs": said, "finish_reason": "stop"}]}

    async def work(runtime: openai.OpenAI, double: fake.Fake) -> None:
        heard, timing = await answer(runtime, Call(ROUTE, "x"))
        assert (heard, timing.sure) == ("a", pytest.approx(sure, abs=1e-4))

    misbehaving({"/v1/completions": sse(event)}, work)


ERROR = {"error": {"message": "SECRET", "type": "server_error", "code": 500}}


@pytest.mark.parametrize(
    ("way", "kind", "says"),
    [
        pytest.param(sse(text("a")), router.Incomplete, "broke off", id="no-reason"),
        pytest.param(sse(text("a"), last=b"", end=fake.cut), router.Incomplete, "broke off", id="FIN"),
        pytest.param(sse(text("a"), last=b"", end=fake.reset), router.Incomplete, "broke off", id="RST"),
        pytest.param(sse(text("a"), ERROR), router.Incomplete, "log", id="error-in-stream"),
        pytest.param(
            fake.stream(b'error: {"message": "SECRET"}\n\n', kind="text/event-stream"),
            router.Incomplete,
            "log",
            id="old-llama",
        ),
        pytest.param(sse(text("a"), last=b"data: {SECRET\n\n"), router.Incomplete, "not well-formed", id="no-json"),
        pytest.param(
            fake.stream(b'data: {"SECRET":' + b"[" * 9_000 + b"\n\n", kind="text/event-stream"),
            router.Unreachable,
            "is not",
            id="too-deep",
        ),
        pytest.param(
            sse(text("a"), last=b'data: {"choices":[{"text":"SECRET\xff"}]}\n\n'),
            router.Incomplete,
            "not well-formed",
            id="no-utf-8",
        ),
        pytest.param(sse(text("a"), {"choices": "SECRET"}), router.Incomplete, "not well-formed", id="wrong-type"),
        pytest.param(fake.html(), router.Unreachable, "is not", id="html"),
        pytest.param(fake.reply({}), router.Unreachable, "is not", id="json"),
        pytest.param(fake.refuse(503, '{"error": {"message": "Loading model"}}'), router.Busy, "starting", id="503"),
        pytest.param(fake.refuse(429, ""), router.Busy, "later", id="429"),
        pytest.param(
            fake.refuse(404, '{"error": {"message": "The model `SECRET` does not exist."}}'),
            router.ModelMissing,
            "models.complete",
            id="404",
        ),
        pytest.param(
            fake.refuse(400, '{"error": {"message": "This model\'s maximum context length is 8 tokens"}}'),
            router.PromptCut,
            "window",
            id="vllm",
        ),
        pytest.param(
            fake.refuse(400, '{"detail": "suffix is not currently supported"}'), router.Refused, "cannot", id="400"
        ),
        pytest.param(
            fake.stream(end=fake.endless, kind="text/event-stream"), router.Incomplete, "no end", id="endless"
        ),
    ],
)
def test_a_fault_becomes_one_sentence_with_the_way_out(way: fake.Way, kind: type[Exception], says: str) -> None:
    async def work(runtime: openai.OpenAI, double: fake.Fake) -> None:
        with pytest.raises(kind, match=says) as caught:
            await answer(runtime, Call(ROUTE, "x"))
        assert type(caught.value) is kind
        assert "SECRET" not in str(caught.value)

    misbehaving({"/v1/completions": way}, work)


@pytest.mark.parametrize("said", ["[]", "{}", '{"data": 3}', "<html>", '{"x":' + "[" * 9_000], ids=str.__len__)
def test_what_lists_no_models_is_no_such_server(said: str) -> None:
    async def work(runtime: openai.OpenAI, double: fake.Fake) -> None:
        with pytest.raises(router.Unreachable, match="is not the OpenAI-compatible server"):
            await runtime.models()

    misbehaving({"/v1/models": fake.reply(said)}, work)


def test_a_server_that_still_loads_is_not_ready_and_is_waited_for() -> None:
    async def work(runtime: openai.OpenAI, double: fake.Fake) -> None:
        assert not await runtime.ready(ROUTE)
        double.ways["/health"] = fake.reply({"status": "ok"})
        await runtime.load(ROUTE)
        assert await runtime.ready(ROUTE)

    misbehaving({"/health": fake.refuse(503, '{"error": {"message": "Loading model"}}')}, work)


def test_nobody_there_is_told() -> None:
    async def work(runtime: openai.OpenAI) -> None:
        for question in (runtime.models(), runtime.ready(ROUTE), answer(runtime, Call(ROUTE, "x"))):
            with pytest.raises(router.Unreachable, match=r"does not answer at http://127\.0\.0\.1:9"):
                await question

    using(config.OpenAI(host="http://127.0.0.1:9"), work)


@given(st.lists(st.text(st.characters(exclude_characters="\r\n")).filter(str.strip), max_size=5), st.integers(1, 9))
def test_lines_come_whole_however_the_bytes_are_cut(said: list[str], size: int) -> None:
    whole = "".join(line + "\n" for line in said).encode("utf-8", "replace")

    async def chunks() -> Any:
        for at in range(0, len(whole), size):
            yield whole[at : at + size]

    async def read() -> list[bytes]:
        return [line async for line in transport.lines(chunks())]

    untamed = [line for line in whole.split(b"\n") if line.strip()]
    came = asyncio.run(read())
    assert len(came) == len(untamed)
    assert b"".join(came).decode().count("\u2028") == 0


@pytest.mark.parametrize(
    ("chunk", "most"), [(b"x", transport.LINE), (b"x\n", transport.ANSWER)], ids=["line", "answer"]
)
def test_what_has_no_end_is_read_no_further_than_the_cap(chunk: bytes, most: int) -> None:
    read = 0

    async def endless() -> Any:
        nonlocal read
        while read < 10 * most:
            read += 0x10000
            yield chunk * (0x10000 // len(chunk))

    async def whole() -> None:
        async for _ in transport.lines(endless()):
            pass

    with pytest.raises(router.Incomplete, match="no end"):
        asyncio.run(whole())
    assert read <= most + 0x10000


def test_a_question_is_a_chat_only_with_a_system_text() -> None:
    path, body = dialect.question(Call(ROUTE, "x", max_tokens=0))
    assert path == "/v1/completions"
    assert body["max_tokens"] == 1
    assert dialect.question(Call(ROUTE, "x", system="y"))[0] == "/v1/chat/completions"


def test_only_llama_cpp_is_asked_to_tell_how_it_gets_on_with_a_prompt() -> None:
    for call in (Call(ROUTE, "x"), Call(ROUTE, "x", system="y")):
        assert dialect.question(call, "llamacpp")[1]["return_progress"] is True
        assert "return_progress" not in dialect.question(call, "vllm")[1]


@pytest.mark.parametrize(
    ("owner", "way", "count"),
    [
        ("vllm", fake.reply({"count": 5, "max_model_len": 4096, "tokens": [1, 2, 3, 4, 5]}), 5),
        ("llamacpp", fake.reply({"tokens": [1, 2, 3]}), 3),
        ("llamacpp", fake.refuse(404, ""), -1),
        ("vllm", fake.html(), -1),
        ("llamacpp", fake.reply({"tokens": "many"}), -1),
        ("", fake.reply({"tokens": [1]}), -1),
    ],
)
def test_tokens_are_counted_where_the_server_can(owner: str, way: fake.Way, count: int) -> None:
    async def work(runtime: openai.OpenAI, double: fake.Fake) -> None:
        assert await runtime.count(ROUTE, "a b") == count
        assert ("/tokenize" in double.paths) == bool(owner)

    misbehaving({"/v1/models": fake.reply({"data": [{"id": "m", "owned_by": owner}]}), "/tokenize": way}, work)


def test_an_answer_that_has_begun_stands_where_the_server_goes_on() -> None:
    raw, chat = Call(ROUTE, "x", begun="y"), Call(ROUTE, "x", system="s", begun="y", schema="{}")
    assert dialect.question(raw)[1]["prompt"] == "xy"
    for server, told in (("llamacpp", False), ("vllm", True), ("", False)):
        path, body = dialect.question(chat, server)
        assert path == "/v1/chat/completions"
        assert body["messages"][-1] == {"role": "assistant", "content": "y"}
        assert body.get("continue_final_message", False) is told
        assert "response_format" in body
    bound = dialect.question(replace(raw, schema="{}"), "llamacpp")[1]
    assert "json_schema" not in bound  # its grammar would begin with a new document
