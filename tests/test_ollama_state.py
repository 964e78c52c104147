"""Ollama's state and ours disagree: a clear state each time, nothing lost, and the way out."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import router
from router import config
from router.runtimes import ollama, ollama_models
from router.runtimes.ollama_dialect import counted
from router.types import Call, Route
from tests import fake_ollama as fake
from tests.engine import random_gguf
from tests.test_gguf import pulled
from tests.test_ollama import CODER, answer, failing, misbehaving

NAME = CODER.model
LOADED = fake.reply({"model": "m", "response": "", "done": True, "done_reason": "load"})


def tags(*models: dict[str, Any]) -> fake.Way:
    return fake.reply({"models": [{"name": it["model"], "size": 986, **it} for it in models]})


def ps(*models: dict[str, Any]) -> fake.Way:
    return fake.reply({"models": [{"name": it["model"], "context_length": 4096, **it} for it in models]})


def show(**more: Any) -> fake.Way:
    return fake.reply({"template": "", "capabilities": ["completion"], "model_info": {}, "details": {}} | more)


@pytest.fixture
def unremembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ollama is asked each time whether a model is loaded."""
    monkeypatch.setattr(ollama, "FRESH", 0.0)


# What a model is told to be


def test_all_that_ollama_says_of_a_model_is_told() -> None:
    facts = {
        "general.architecture": "qwen3",
        "general.parameter_count": 4_000_000_000,
        "qwen3.block_count": 36,
        "qwen3.context_length": 262_144,
        "qwen3.embedding_length": 2560,
        "qwen3.attention.head_count": 32,
        "qwen3.attention.head_count_kv": 8,
        "qwen3.attention.key_length": 128,
        "qwen3.attention.value_length": 128,
        "tokenizer.ggml.tokens": None,
    }
    details = {"parameter_size": "4.0B", "quantization_level": "Q4_K_M"}
    ways = {
        "/api/tags": tags({"model": "qwen3:4b", "digest": "d1", "size": 2_500_000_000, "details": details}),
        "/api/show": show(model_info=facts, capabilities=["completion", "thinking"]),
        "/api/ps": ps({"model": "qwen3:4b", "digest": "d1", "size": 3_100_000_000, "size_vram": 3_000_000_000}),
    }

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        (model,) = await runtime.models()
        assert (model.parameters, model.size, model.quantisation) == (4_000_000_000, 2_500_000_000, "Q4_K_M")
        assert (model.window, model.family, model.thinks, model.digest) == (262_144, "", True, "d1")
        assert (model.loaded, model.held) == (True, 3_000_000_000)
        assert model.shape is not None
        assert sum(layers.count * layers.kv_heads * layers.key for layers in model.shape.layers) == 36 * 8 * 128

    misbehaving(ways, work)


def test_what_ollama_does_not_say_the_catalogue_does_and_it_never_overrides_it() -> None:
    facts = {"general.architecture": "qwen2", "general.parameter_count": 1_543_714_304, "qwen2.context_length": 9}

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        (model,) = await runtime.models()
        assert (model.window, model.parameters, model.size) == (9, 1_543_714_304, 986)
        assert model.shape is not None
        assert sum(layers.count for layers in model.shape.layers) == 28

    misbehaving({"/api/show": show(model_info=facts)}, work)


def test_a_model_that_makes_vectors_is_none_of_ours() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        assert await runtime.models() == []

    misbehaving(
        {"/api/tags": tags({"model": "qwen3-embedding:8b"}), "/api/show": show(capabilities=["embedding"])}, work
    )


def test_without_a_card_a_model_holds_main_memory() -> None:
    ways = {"/api/ps": ps({"model": NAME, "size": 3_100_000_000, "size_vram": 0})}

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        assert [model.held for model in await runtime.models()] == [3_100_000_000]

    misbehaving(ways, work)


@pytest.mark.parametrize(
    "facts",
    [
        {"general.architecture": "llama", "llama.block_count": 1 << 63, "llama.context_length": -1},
        {"general.architecture": "llama", "llama.block_count": "many", "general.parameter_count": True},
        {"general.architecture": ["llama"], "llama.context_length": {"a": 1}},
        {"general.architecture": "llama", "llama.attention.head_count_kv": [1, "x", None], "llama.block_count": 3},
    ],
)
def test_a_header_that_lies_is_told_without_what_it_lies_about(facts: dict[str, Any]) -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        (model,) = await runtime.models()
        assert model.parameters == 0
        assert (model.shape, model.window, model.family) == (None, 0, "qwen")

    # A name that no table knows: nobody fills in what the header lies about.
    misbehaving({"/api/tags": tags({"model": "qwen2.5-coder-mine:1x"}), "/api/show": show(model_info=facts)}, work)


def test_what_ollama_leaves_out_of_a_shape_is_read_from_the_file_if_it_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing of what differs from layer to layer: such arrays are empty."""
    pulled(tmp_path, "models.example/me/odd/1b", random_gguf.made().read_bytes(), "a" * 64)
    monkeypatch.setattr(ollama.downloads, "roots", lambda: (tmp_path,))
    facts = {"general.architecture": "llama", "llama.block_count": 4, "llama.attention.head_count_kv": None}

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        odd, elsewhere = await runtime.models()
        assert odd.shape is not None
        assert odd.shape.layers[0].kv_heads == 2
        assert elsewhere.shape is None

    listed = tags({"model": "me/odd:1b", "digest": "d"}, {"model": "me/elsewhere:1b", "digest": "e"})
    misbehaving({"/api/tags": listed, "/api/show": show(model_info=facts)}, work)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("http://127.0.0.1:11434", True),
        ("http://localhost", True),
        ("http://[::1]:1", True),
        ("http://192.0.2.1:1", False),
        ("http://127.example:1", False),
        ("http://[::1:9", False),
    ],
)
def test_an_address_is_of_this_machine_or_it_is_not(host: str, here: bool) -> None:
    assert ollama.downloads.here(host) is here


@pytest.mark.parametrize(
    ("said", "count"),
    [("1.5B", 1_500_000_000), ("494.03M", 494_030_000), ("137 K", 137_000), ("", 0), ("many", 0), ("-1B", 0)],
)
def test_a_size_in_words_is_read(said: str, count: int) -> None:
    assert counted(said) == count


# What is sent


@pytest.mark.parametrize(("keep", "loaded_for"), [(-1, -1), (300, 300), (0, 60)])
def test_how_long_a_model_stays_is_the_routes_on_every_request(keep: int, loaded_for: int) -> None:
    route = replace(CODER, keep=keep)

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        double.ways["/api/generate"] = LOADED
        await runtime.load(route)
        double.ways["/api/generate"] = fake.USUAL["/api/generate"]
        await answer(runtime, Call(route, "x"))
        said = fake.ndjson({"message": {"role": "assistant", "content": "a"}, "done": True})
        double.ways["/api/chat"] = fake.stream(said)
        await answer(runtime, Call(route, "x", system="y"))
        load, completion = double.bodies("/api/generate")
        assert load["keep_alive"] == loaded_for
        assert completion["keep_alive"] == keep
        assert double.bodies("/api/chat")[0]["keep_alive"] == keep

    misbehaving({}, work)


def test_options_are_the_routes_and_the_settings_only_lower_the_window() -> None:
    route = Route("ollama", NAME, "qwen", 8192, (("num_ctx", 8192), ("num_batch", 256), ("num_gpu", 20)))

    async def whole(most: int, route: Route) -> dict[str, Any]:
        async with fake.serving({}) as double:
            runtime = ollama.Ollama(config.Ollama(host=double.host, window=most))
            await answer(runtime, Call(route, "x"))
            await runtime.aclose()
            options: dict[str, Any] = double.bodies("/api/generate")[0]["options"]
            return options

    sent = asyncio.run(whole(32768, route))
    assert (sent["num_ctx"], sent["num_batch"], sent["num_gpu"]) == (8192, 256, 20)
    assert asyncio.run(whole(4096, route))["num_ctx"] == 4096
    assert asyncio.run(whole(32768, replace(route, options=())))["num_ctx"] == 8192
    assert "num_ctx" not in asyncio.run(whole(32768, replace(route, window=0, options=())))


def test_an_unload_is_an_empty_prompt_that_is_kept_for_no_time_and_waits_until_it_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ollama, "LOOKING", 0.0)

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await answer(runtime, Call(CODER, "x"))
        left = [fake.USUAL["/api/ps"]] * 3

        async def leaving(writer: fake.Writer) -> None:
            await (left.pop() if left else ps())(writer)

        unloaded = fake.reply({"model": "m", "response": "", "done": True, "done_reason": "unload"})
        double.ways |= {"/api/generate": unloaded, "/api/ps": leaving}
        await runtime.unload(CODER)
        assert not left
        body = double.bodies("/api/generate")[-1]
        assert (body["keep_alive"], body.get("prompt", "")) == (0, "")
        assert not await runtime.ready(CODER)
        asked = len(double.bodies("/api/generate"))
        await runtime.unload(CODER)
        assert len(double.bodies("/api/generate")) == asked  # it would have been a load of nothing

    misbehaving({}, work)


def test_a_model_that_will_not_go_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ollama, "LOOKING", 0.0)

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await runtime.unload(CODER)

    misbehaving({"/api/generate": LOADED}, work)


def test_a_chat_with_a_template_of_its_own_goes_on_from_its_last_message_grammar_included() -> None:
    said = fake.ndjson({"message": {"role": "assistant", "content": "b"}, "done": True})
    ways = {"/api/show": show(template="{% for m in messages %}{% endfor %}"), "/api/chat": fake.stream(said)}
    call = Call(CODER, "why?", system="Explain.", begun='{"a', schema='{"type": "object"}')

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        assert (await answer(runtime, call))[0] == "b"
        (body,) = double.bodies("/api/chat")
        assert body["messages"][-1] == {"role": "assistant", "content": '{"a'}
        assert body["format"] == {"type": "object"}
        assert body["think"] is False

    misbehaving(ways, work)


def test_a_chat_whose_template_would_begin_anew_goes_on_from_the_prompt_that_it_makes() -> None:
    rendered = {"model": "m", "_debug_info": {"rendered_template": "<bos><|user|>why?<|assistant|>"}}
    ways = {"/api/show": show(template="{{ .Prompt }}"), "/api/chat": fake.reply(rendered)}
    call = Call(CODER, "why?", system="Explain.", begun='{"a', schema='{"type": "object"}')

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        assert (await answer(runtime, call))[0] == "ab"
        (chat,), (body,) = double.bodies("/api/chat"), double.bodies("/api/generate")
        assert (chat["_debug_render_only"], chat["stream"], len(chat["messages"])) == (True, False, 2)
        assert (body["raw"], body["prompt"]) == (True, '<|user|>why?<|assistant|>{"a')
        assert "format" not in body  # its grammar would begin with a new document

    misbehaving(ways, work)


def test_an_ollama_that_cannot_render_only_is_asked_for_a_chat() -> None:
    said = fake.ndjson({"model": "m", "message": {"role": "assistant", "content": "b"}, "done": True})

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        assert (await answer(runtime, Call(CODER, "why?", system="Explain.", begun="a")))[0] == "b"
        first, second = double.bodies("/api/chat")
        assert first["options"]["num_predict"] == 1
        assert second["messages"][-1]["role"] == "assistant"

    misbehaving({"/api/chat": fake.stream(said)}, work)


# What happens behind our back


def test_a_model_that_another_client_evicted_is_not_ready(unremembered: None) -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await answer(runtime, Call(CODER, "x"))
        assert await runtime.ready(CODER)
        double.ways["/api/ps"] = ps({"model": "big:27b", "digest": "d9"})
        assert not await runtime.ready(CODER)

    misbehaving({}, work)


def test_a_model_that_another_client_loaded_with_another_window_is_not_ready(unremembered: None) -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        assert await runtime.ready(CODER)
        double.ways["/api/ps"] = ps({"model": NAME, "context_length": 16384})
        assert not await runtime.ready(CODER)
        double.ways["/api/ps"] = ps({"model": NAME, "context_length": 0})  # an Ollama that does not say
        assert await runtime.ready(CODER)

    misbehaving({}, work)


def test_a_window_that_ollama_made_another_of_is_ours_all_the_same(unremembered: None) -> None:
    """It is raised for a model that sees, and cut to what the model was trained for."""
    route = replace(CODER, options=(("num_ctx", 65536),))

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        double.ways |= {"/api/generate": LOADED, "/api/ps": ps({"model": NAME, "context_length": 32768})}
        await runtime.load(route)
        assert await runtime.ready(route)

    misbehaving({}, work)


def test_while_another_model_is_loaded_ollama_is_asked_each_time() -> None:
    """The load may push this one out, whatever was seen a second ago."""

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await answer(runtime, Call(CODER, "x"))
        loading, loaded = asyncio.Event(), asyncio.Event()

        async def slow(writer: fake.Writer) -> None:
            loading.set()
            await loaded.wait()
            await LOADED(writer)

        double.ways["/api/generate"] = slow
        load = asyncio.create_task(runtime.load(replace(CODER, model="big:27b")))
        await loading.wait()
        assert await runtime.ready(CODER)  # it is still there: it is served while the other one loads
        double.ways["/api/ps"] = ps()
        assert not await runtime.ready(CODER)
        loaded.set()
        await load
        assert not await runtime.ready(CODER)

    misbehaving({}, work)


def test_a_load_makes_us_look_at_all_the_others_again() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await answer(runtime, Call(CODER, "x"))
        double.ways |= {"/api/generate": LOADED, "/api/ps": ps({"model": "big:27b"})}
        await runtime.load(replace(CODER, model="big:27b"))
        assert not await runtime.ready(CODER)

    misbehaving({}, work)


def test_a_name_that_means_other_weights_now_is_told_once_and_then_loaded() -> None:
    """Keystrokes give each request up while Ollama loads what the name means now; that is what shows it."""
    before, now = {"model": NAME, "digest": "d1"}, {"model": NAME, "digest": "d2"}

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        (model,) = await runtime.models()
        assert (model.digest, model.parameters) == ("d1", 7)
        assert await runtime.ready(CODER)
        asked = asyncio.Event()

        async def loading(writer: fake.Writer) -> None:
            asked.set()
            await fake.silence(writer)

        double.ways |= {"/api/tags": tags(now), "/api/generate": loading}
        for _ in range(ollama.UNHEARD):
            keystroke = asyncio.create_task(answer(runtime, Call(CODER, "x")))
            await asked.wait()
            asked.clear()
            keystroke.cancel()
            await asyncio.wait((keystroke,))
        with pytest.raises(router.ModelMissing, match="another version"):
            await runtime.ready(CODER)
        assert not await runtime.ready(CODER)  # what is in memory is what the name meant before
        double.ways |= {"/api/generate": LOADED, "/api/ps": ps(now), "/api/show": show(model_info=facts(8))}
        await runtime.load(CODER)
        assert await runtime.ready(CODER)
        (model,) = await runtime.models()
        assert (model.digest, model.parameters, model.loaded) == ("d2", 8, True)

    def facts(count: int) -> dict[str, Any]:
        return {"general.architecture": "qwen2", "general.parameter_count": count}

    misbehaving({"/api/tags": tags(before), "/api/ps": ps(before), "/api/show": show(model_info=facts(7))}, work)


def test_weights_that_the_name_stood_for_before_are_not_loaded_as_the_model() -> None:
    ways = {"/api/tags": tags({"model": NAME, "digest": "d2"}), "/api/ps": ps({"model": NAME, "digest": "d1"})}

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        assert [model.loaded for model in await runtime.models()] == [False]
        assert not await runtime.ready(CODER)

    misbehaving(ways, work)


def test_a_model_that_was_deleted_while_it_ran_is_told_with_the_command_that_brings_it() -> None:
    gone = fake.refuse(404, f'{{"error": "model \'{NAME}\' not found"}}')

    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        await answer(runtime, Call(CODER, "x"))
        double.ways |= {"/api/generate": gone, "/api/show": gone, "/api/tags": tags()}
        for question in (answer(runtime, Call(CODER, "x")), runtime.load(CODER)):
            with pytest.raises(router.ModelMissing, match=f"`ollama pull {NAME}`"):
                await question
        assert await runtime.models() == []

    misbehaving({}, work)


def test_a_model_that_is_gone_between_the_list_and_the_look_at_it_is_told_with_what_is_known() -> None:
    async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
        (model,) = await runtime.models()
        assert (model.family, model.size) == ("qwen", 986)

    misbehaving({"/api/show": fake.refuse(404, '{"error": "model not found"}')}, work)


def test_an_ollama_that_was_started_anew_has_nothing_loaded_and_another_version() -> None:
    async def whole() -> None:
        async with fake.serving() as double:
            runtime = ollama.Ollama(config.Ollama(host=double.host))
            await runtime.models()
            await answer(runtime, Call(CODER, "x"))
            port = int(double.host.rpartition(":")[2])
            for connection in tuple(double.serving):
                connection.cancel()
        with pytest.raises(router.Unreachable, match="`ollama serve`"):
            await runtime.models()
        with pytest.raises(router.Unreachable, match="`ollama serve`"):
            await answer(runtime, Call(CODER, "x"))
        double.ways |= {"/api/ps": ps(), "/api/version": fake.reply({"version": "0.99.1"})}
        server = await asyncio.start_server(double.answer, "127.0.0.1", port)
        assert not await runtime.ready(CODER)
        await runtime.models()
        assert runtime._shelf.version == (0, 99, 1)
        double.ways |= {"/api/generate": LOADED, "/api/ps": fake.USUAL["/api/ps"]}
        await runtime.load(CODER)
        assert await runtime.ready(CODER)
        await runtime.aclose()
        server.close()
        await asyncio.wait(double.serving, timeout=5)

    asyncio.run(whole())


@pytest.mark.parametrize(
    "said",
    [
        "llama-server process has terminated: CUDA error: unspecified launch failure SECRET",
        "CUDA error: no CUDA-capable device is detected",
        "an error was encountered while running the model: CUDA error: device lost",
        "llama-server process has terminated: vk::Queue::submit: ErrorDeviceLost",
        "ROCm error: no ROCm-capable device is detected",
        "ggml_metal: error: command buffer failed; device was removed",
    ],
)
@pytest.mark.parametrize("in_stream", [True, False])
def test_a_card_that_went_away_is_told_as_that(said: str, in_stream: bool) -> None:
    error = {"error": said}
    way = fake.stream(*fake.say("a"), fake.ndjson(error)) if in_stream else fake.reply(error, 500)
    assert "graphics card" in failing({"/api/generate": way}, router.Refused)


@pytest.mark.parametrize(
    "said",
    [
        "llama-server process has terminated: cudaMalloc failed: out of memory",
        "CUDA error: out of memory",
        "ggml_vulkan: Device memory allocation of size 1 failed: vk::Device::allocateMemory: ErrorOutOfDeviceMemory",
        "error: Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)",
        "llama-server process has terminated: signal: killed",
    ],
)
def test_a_card_or_a_machine_that_is_full_is_told_as_that(said: str) -> None:
    assert "smaller" in failing({"/api/generate": fake.reply({"error": said}, 500)}, router.OutOfMemory)


def test_a_process_list_that_is_none_is_no_ollama() -> None:
    for said in ('{"models": 7}', "[]", "<html>", '{"models": [{"name": 3}]}'):

        async def work(runtime: ollama.Ollama, double: fake.Fake) -> None:
            with pytest.raises(router.Unreachable, match="is not Ollama"):
                await runtime.ready(CODER)

        misbehaving({"/api/ps": fake.reply(said)}, work)


def test_what_is_held_is_never_less_than_nothing() -> None:
    assert ollama_models.Running(size=-5, size_vram=-7).held == 0


def test_an_answer_that_ends_while_its_model_is_unloaded_does_not_make_it_loaded_again() -> None:
    async def story() -> None:
        async with fake.serving({"/api/ps": ps({"model": NAME})}) as double:
            runtime = ollama.Ollama(config.Ollama(host=double.host))

            async def meanwhile(writer: asyncio.StreamWriter) -> None:
                double.ways["/api/ps"] = ps()
                await answer(runtime, Call(CODER, "x"))
                await ps()(writer)

            async def unloads(writer: asyncio.StreamWriter) -> None:
                double.ways |= {"/api/generate": fake.USUAL["/api/generate"], "/api/ps": meanwhile}
                await LOADED(writer)

            assert await runtime.ready(CODER)
            double.ways["/api/generate"] = unloads
            await runtime.unload(CODER)
            assert not await runtime.ready(CODER)
            await runtime.aclose()

    asyncio.run(story())
