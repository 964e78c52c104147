"""What is said to Ollama and what it says back: options, questions, the account of an answer, and its names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from router.types import Call, Route, Timing

KEPT = (4, 5)  # tokens of a prompt's beginning that survive a cut
CLOUD = re.compile(r"[:-]cloud$")
LINGER = 60  # seconds; a load is kept so long at least, for the question that it is made for comes after it
# What a rendered prompt may begin with and the tokenizer puts there once more.
BEGINNINGS = ("<bos>", "<s>", "<|begin_of_text|>", "<｜begin▁of▁sentence｜>")


def tagged(name: str) -> str:
    """The name as Ollama lists it."""
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def is_cloud(name: str) -> bool:
    """Whether the name is one of those that Ollama hands on to its own servers."""
    return CLOUD.search(name) is not None


def window(route: Route, most: int) -> int:
    """The num_ctx of a route, within what the settings allow (0: Ollama's own)."""
    asked = dict(route.options).get("num_ctx") or route.window
    return min(int(asked), most) if asked else 0


def options(route: Route, most: int) -> dict[str, Any]:
    """The route's options, the same for every call; what samples may differ without a reload."""
    chosen: dict[str, Any] = {"temperature": 0, "repeat_penalty": 1.0} | dict(route.options)
    if asked := window(route, most):
        chosen["num_ctx"] = asked
    return chosen


def load_keep(route: Route) -> int:
    """How long a load is kept until somebody asks: an empty prompt that is kept for no time would be an unload."""
    return route.keep if route.keep < 0 else max(LINGER, route.keep)


def completion(call: Call, most: int) -> dict[str, Any]:
    """The question for `/api/generate`: the raw prompt, and how the answer begins."""
    return _asked(call, most) | {"prompt": call.prompt + call.begun, "raw": True}


def chat(call: Call, most: int) -> dict[str, Any]:
    """The question for `/api/chat`; a last turn of the assistant is what the answer begins with."""
    return _asked(call, most) | {"messages": turns(call), "think": False}


def rendering(call: Call, most: int) -> dict[str, Any]:
    """The question for the prompt that Ollama makes of a chat, without an answer.

    An Ollama that does not know the word (before 0.11) answers instead: with one token then.
    """
    fresh = msgspec.structs.replace(call, begun="", max_tokens=1)
    return chat(fresh, most) | {"_debug_render_only": True, "stream": False, "truncate": False}


class Rendered(msgspec.Struct, frozen=True):
    """A prompt as Ollama renders it."""

    rendered_template: str = ""


class Debug(msgspec.Struct, frozen=True):
    """The answer to a `rendering`."""

    debug: Rendered = msgspec.field(default=Rendered(), name="_debug_info")


def continuation(call: Call, rendered: str, most: int) -> dict[str, Any]:
    """The question that goes on where a chat's answer broke off, of the prompt that Ollama made of it.

    There is no `format` in it: its grammar would begin with a new document.
    """
    for beginning in BEGINNINGS:
        rendered = rendered.removeprefix(beginning)
    asked = completion(msgspec.structs.replace(call, prompt=rendered), most)
    asked.pop("format", None)
    return asked


def turns(call: Call) -> list[dict[str, str]]:
    """A chat's messages: the last one is the assistant's if its answer has begun."""
    said = [{"role": "system", "content": call.system}, {"role": "user", "content": call.prompt}]
    return [*said, {"role": "assistant", "content": call.begun}] if call.begun else said


def _asked(call: Call, most: int) -> dict[str, Any]:
    chosen = options(call.route, most) | {"num_predict": max(1, call.max_tokens), "stop": list(call.stop)}
    asked: dict[str, Any] = {"model": call.route.model, "options": chosen, "keep_alive": call.route.keep}
    if call.schema and not (call.begun and not call.system):
        asked["format"] = msgspec.json.decode(call.schema)
    return asked


def text(chunk: Any) -> str:
    """The stretch of a generate's or a chat's chunk; what the model thinks aloud is left out."""
    message = getattr(chunk, "message", None)
    return (message.content if message is not None else getattr(chunk, "response", "")) or ""


def timing(last: Any) -> Timing:
    """Ollama's own account, in ns there and ms here."""
    ended: Literal["stop", "limit"] = "limit" if last.done_reason == "length" else "stop"
    return Timing(
        prompt_tokens=last.prompt_eval_count or 0,
        answer_tokens=last.eval_count or 0,
        load_ms=(last.load_duration or 0) / 1e6,
        prefill_ms=(last.prompt_eval_duration or 0) / 1e6,
        decode_ms=(last.eval_duration or 0) / 1e6,
        ended=ended,
    )


def was_cut(chars: int, count: int, window: int) -> bool:
    """Whether Ollama has silently cut a prompt of so many characters, of which it says it read `count` tokens.

    Of a prompt that is too long it keeps a whole window before 0.30.11. Since then it keeps the first 4 tokens (5
    with a mark for the beginning) and half of the rest of the window, so that very count is a cut whenever there is
    more than a character per token of the window. Code has 3 to 5.4 characters per token (5th to 95th percentile of
    1,102 files): more than 6 per token in half a window, or 8 in any, are a cut whatever Ollama keeps. A window of 0
    is one that nobody knows.
    """
    if count <= 0 or chars < 512:
        return False
    if chars > 8 * count or not window:
        return chars > 8 * count
    if chars >= window and count in {window - (window - keep) // 2 for keep in KEPT}:
        return True
    return count >= window or (count <= 0.6 * window and chars / 3 >= window and chars > 6 * count)


def whole(number: object) -> int:
    """A count that somebody said, if it is one."""
    return number if isinstance(number, int) and not isinstance(number, bool) and number >= 0 else 0


def counted(size: str) -> int:
    """What Ollama's words for a size mean, such as 1.5B or 494.03M; 0 for what is none."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?) ?([KMBT])", size.strip())
    scale: Mapping[str, float] = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
    return int(float(found[1]) * scale[found[2]]) if found else 0
