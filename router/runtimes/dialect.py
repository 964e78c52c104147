"""What is said to an OpenAI-compatible server and what it says back; llama.cpp's own words included."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from router.models.modest import modest
from router.types import Call, Timing


class Meta(Struct, frozen=True):
    """llama.cpp's account of a model: parameters, bytes, and the window in tokens."""

    n_params: int = 0
    size: int = 0
    n_ctx: int = 0


class Entry(Struct, frozen=True):
    """One model of `/v1/models`; `max_model_len` is vLLM's word for the window."""

    id: str
    owned_by: str = ""
    max_model_len: int | None = 0
    meta: Meta | None = None


class Listing(Struct, frozen=True):
    """The answer to `/v1/models`."""

    data: tuple[Entry, ...]


class Cached(Struct, frozen=True):
    """How much of a prompt the prefix cache spared."""

    cached_tokens: int | None = None


class Usage(Struct, frozen=True):
    """Token counts, in the last chunk."""

    prompt_tokens: int = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: Cached | None = None


class Timings(Struct, frozen=True):
    """llama.cpp's own timings: `cache_n` tokens were reused, `prompt_n` evaluated, `predicted_n` generated."""

    cache_n: int = 0
    prompt_n: int = 0
    prompt_ms: float = 0.0
    predicted_n: int = 0
    predicted_ms: float = 0.0


class Message(Struct, frozen=True):
    """A stretch of a chat; what a model thinks aloud stands elsewhere and is left there."""

    content: str | None = None


class Token(Struct, frozen=True):
    """How probable a token was, as a natural logarithm."""

    logprob: float = 0.0


class Probable(Struct, frozen=True):
    """The tokens of a stretch, where they were asked for."""

    content: tuple[Token, ...] | None = None


class Choice(Struct, frozen=True):
    """A stretch of the answer: `text` of a completion, `delta` of a chat."""

    text: str | None = None
    delta: Message | None = None
    logprobs: msgspec.Raw = msgspec.Raw()  # read where it matters: servers have several shapes for it
    finish_reason: str | None = None


class Event(Struct, frozen=True):
    """One event of a stream."""

    choices: tuple[Choice, ...] = ()
    usage: Usage | None = None
    timings: Timings | None = None
    error: msgspec.Raw = msgspec.Raw()

    @property
    def refusal(self) -> str:
        """What the server says went wrong, as it says it; empty when nothing did."""
        said = bytes(self.error).decode("utf-8", "replace")
        return "" if said == "null" else said

    @property
    def text(self) -> str:
        return "".join(it.text or (it.delta.content if it.delta else "") or "" for it in self.choices[:1])

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens that it speaks of, the one that ends an answer among them; an impossible one where nobody can
        read how it does."""
        said = bytes(self.choices[0].logprobs) if self.choices else b""
        try:
            found = _decoded(_probable, said) if said else None
        except msgspec.MsgspecError:
            return (Token(-math.inf),)
        return (found.content or ()) if found else ()

    @property
    def ended(self) -> str:
        return next((it.finish_reason for it in self.choices[:1] if it.finish_reason), "")


class Tokens(Struct, frozen=True):
    """The answer to `/tokenize`: the tokens, and with vLLM their number."""

    tokens: tuple[int, ...] = ()
    count: int | None = None


T = TypeVar("T")
LLAMA, VLLM = "llamacpp", "vllm"  # what these servers call themselves
TOLD = (VLLM, "sglang")  # what must be told to go on with an answer, and hands a chat's template what it is told

_event = msgspec.json.Decoder(Event)
_listing = msgspec.json.Decoder(Listing)
_tokens = msgspec.json.Decoder(Tokens)
_probable: msgspec.json.Decoder[Probable | None] = msgspec.json.Decoder(Probable | None)


def _decoded(decoder: msgspec.json.Decoder[T], said: bytes) -> T:
    """What is said in JSON. For what is nested too deep, or no UTF-8, msgspec has errors that are none of its own."""
    try:
        return decoder.decode(said)
    except (RecursionError, UnicodeDecodeError) as error:
        raise msgspec.DecodeError("This is not JSON.") from error


def listing(body: bytes) -> tuple[Entry, ...]:
    """The models of a `/v1/models`. Raises msgspec.MsgspecError."""
    return _decoded(_listing, body).data


def event(line: bytes) -> Event | None:
    """The event of one line of a stream, if it holds one. Raises msgspec.MsgspecError."""
    field, _, value = line.strip().partition(b":")
    value = value.strip()
    if field == b"error":  # how llama.cpp's server said it before 2025
        return Event(error=msgspec.Raw(value))
    if field != b"data" or value == b"[DONE]":
        return None
    return _decoded(_event, value)


def tokenize(server: str, model: str, text: str) -> dict[str, Any] | None:
    """The body of a request to `/tokenize`; None where the server has none."""
    if server == LLAMA:
        return {"content": text, "add_special": False, "parse_special": True}
    return {"model": model, "prompt": text, "add_special_tokens": False} if server == VLLM else None


def tokenized(body: bytes) -> int:
    """How many tokens a `/tokenize` counts. Raises msgspec.MsgspecError."""
    said = _decoded(_tokens, body)
    return len(said.tokens) if said.count is None else said.count


def question(call: Call, server: str = "") -> tuple[str, dict[str, Any]]:
    """The path and the body of a request: a chat when the call has a system text, else its raw prompt.

    An answer that has begun stands at the prompt's end, or is the chat's last message. llama.cpp goes on with that, its
    grammar included, and streams only what is new; vLLM and SGLang do when they are told to. What another server makes
    of such a message is its own affair. A raw prompt's grammar would begin with a new document, so it is left out. The
    same three can be told that a model is not to think aloud.

    llama.cpp looks whether anybody listens still whenever it says something, and else each second. So it is to tell how
    it gets on with the prompt: then one that nobody waits for any more ends with its batch.
    """
    llama = server == LLAMA
    body: dict[str, Any] = {
        "model": call.route.model,
        "max_tokens": max(1, call.max_tokens),
        "temperature": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if call.stop:
        body["stop"] = list(call.stop)
    if call.schema and not (call.begun and not call.system):
        body |= _bound_to(msgspec.json.decode(call.schema), raw=not call.system, llama=llama)
    if llama:
        body |= {"cache_prompt": True, "return_progress": True}
        body |= {"logprobs": 1} if modest(call.route) else {}
    if not call.system:
        return "/v1/completions", body | {"prompt": call.prompt + call.begun}
    if llama or server in TOLD:
        body["chat_template_kwargs"] = {"enable_thinking": False}
    turns = [{"role": "system", "content": call.system}, {"role": "user", "content": call.prompt}]
    if call.begun:
        turns.append({"role": "assistant", "content": call.begun})
        body |= {"add_generation_prompt": False, "continue_final_message": True} if server in TOLD else {}
    return "/v1/chat/completions", body | {"messages": turns}


def _bound_to(schema: Any, *, raw: bool, llama: bool) -> dict[str, Any]:
    """llama.cpp's raw completion ignores `response_format` and knows its own `json_schema` instead."""
    if raw and llama:
        return {"json_schema": schema}
    return {
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    }


def timing(last: Event, ended: str, tokens: Sequence[Token] = ()) -> Timing:
    """The server's own account, from the event that carried it, and how probable all of these tokens were."""
    sure = math.exp(min(0.0, sum(it.logprob for it in tokens))) if tokens else -1.0
    why: Literal["stop", "limit"] = "limit" if ended == "length" else "stop"
    if last.timings is not None:
        own = last.timings
        return Timing(
            prompt_tokens=own.prompt_n + own.cache_n,
            reused_tokens=own.cache_n,
            answer_tokens=own.predicted_n,
            prefill_ms=own.prompt_ms,
            decode_ms=own.predicted_ms,
            ended=why,
            sure=sure,
        )
    usage = last.usage or Usage()
    cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None
    return Timing(
        prompt_tokens=usage.prompt_tokens,
        reused_tokens=-1 if cached is None else cached,
        answer_tokens=usage.completion_tokens or 0,
        ended=why,
        sure=sure,
    )
