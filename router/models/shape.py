"""How a model is built, from the key-values of a GGUF header, which are the same as `/api/show`'s `model_info`.

The rules are those of llama.cpp's src/models/*.cpp and src/llama-hparams.cpp, as of October 2026: which layers look
back through a window, which share another's keys and values, which are recurrent and keep a state instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from router.models.types import Layers, Shape

MOST_LAYERS = 512  # llama.cpp's own limit
WIDEST, MOST_WORDS, LARGEST_STATE = 1 << 20, 1 << 24, 1 << 16  # what no model comes near

# Every so many layers one looks back at the whole text, where the header does not say so itself.
_EVERY = {"gemma2": 2, "gpt-oss": 2, "gptoss": 2, "gemma3": 6, "gemma3n": 5, "gemma4": 6, "plamo3": 8} | dict.fromkeys(
    ("afmoe", "cohere2", "cohere2moe", "exaone-moe", "laguna", "llama4", "mellum", "olmo2", "smallthinker"), 4
)
_FULL_FIRST = {"cohere2moe", "laguna", "smallthinker"}  # of each such group the first one, instead of the last
_WINDOWS = {"gemma2": 4096, "llama4": 8192, "smallthinker": 4096}  # where the header does not say
_RECURRENT_BUT = {"qwen35": 4, "qwen35moe": 4, "qwen3next": 4}  # all layers but every so manieth are recurrent
_BOTH = {"falcon-h1"}  # attention and recurrence in every layer
_STATE_BYTES = 4  # llama.cpp keeps recurrent states in f32
_OWN_LAYERS = {"gemma3n": 20}  # the layers after so many use the keys and values of earlier ones


class _Odd(ValueError):
    """A fact that cannot be one."""


def of(facts: Mapping[str, object]) -> Shape | None:
    """The shape, or None where the facts are too few or impossible. Never raises, whatever the facts say."""
    try:
        return _Facts(facts).shape()
    except _Odd:
        return None


class _Facts:
    """Facts of one architecture, each of them looked at before it is believed."""

    def __init__(self, said: Mapping[str, object]) -> None:
        self._said = said
        named = said.get("general.architecture")
        if not isinstance(named, str):
            raise _Odd
        self.architecture = named
        self.count = self.number("block_count", most=MOST_LAYERS) - self.number("nextn_predict_layers")
        if self.count < 1:
            raise _Odd

    def number(self, key: str, default: int = 0, most: int = WIDEST) -> int:
        """A whole number, or the largest of an array of them."""
        value = self._said.get(f"{self.architecture}.{key}")
        if isinstance(value, (list, tuple)):
            return max((_whole(it, most) for it in value[: MOST_LAYERS + 1]), default=default)
        return default if value is None else _whole(value, most)

    def each(self, key: str, default: int = 0) -> list[int]:
        """One number per layer; what is said once is said of all."""
        value = self._said.get(f"{self.architecture}.{key}")
        if isinstance(value, (list, tuple)):
            found = [_whole(it, WIDEST) for it in value[: self.count]]
            return found + [default] * (self.count - len(found))
        return [default if value is None else _whole(value, WIDEST)] * self.count

    def shape(self) -> Shape:
        """The whole; layers that are alike stand together, in the order in which they first come."""
        layers: dict[Layers, int] = {}
        for layer in self._layers():
            layers[layer] = layers.get(layer, 0) + 1
        experts = self.number("expert_count")
        wide = self.number("feed_forward_length")
        return Shape(
            architecture=self.architecture,
            layers=tuple(Layers(count, *_fields(layer)) for layer, count in layers.items()),
            embedding=self.number("embedding_length"),
            heads=self.number("attention.head_count"),
            feed_forward=self.number("expert_feed_forward_length", wide) if experts else wide,
            vocabulary=self._vocabulary(),
            experts=experts,
            experts_used=min(experts, self.number("expert_used_count")),
        )

    def _vocabulary(self) -> int:
        words = self._said.get("tokenizer.ggml.tokens")
        return len(words) if isinstance(words, list) else self.number("vocab_size", most=MOST_WORDS)

    def _layers(self) -> list[Layers]:
        heads = self.number("attention.head_count")
        kv_heads = self.each("attention.head_count_kv", heads)
        each = self.number("embedding_length") // heads if heads else 0
        key, value = self.number("attention.key_length", each), self.number("attention.value_length", each)
        short = self.number("attention.key_length_swa", key), self.number("attention.value_length_swa", value)
        if self.number("attention.key_length_mla"):  # one compressed key per token, from which the value is read, too
            value, short = 0, (short[0], 0)
        if not self._recurrent(0, 1) and not heads:
            raise _Odd
        window, states = self._windows(), self._states(kv_heads)
        return [
            _layer(0 if state and self.architecture not in _BOTH else its_heads, back, state, (key, value), short)
            for its_heads, back, state in zip(self._own(kv_heads), window, states, strict=True)
        ]

    def _own(self, kv_heads: list[int]) -> list[int]:
        """The heads of each layer that keep something of their own."""
        count = self.count
        own = min(count, _OWN_LAYERS.get(self.architecture, count))
        own = min(own, count - self.number("attention.shared_kv_layers"))
        return [heads if at < own else 0 for at, heads in enumerate(kv_heads)]

    def _windows(self) -> list[int]:
        """How far back each layer looks; 0: to the beginning."""
        pattern = self._said.get(f"{self.architecture}.attention.sliding_window_pattern")
        default = _WINDOWS.get(self.architecture, 0)
        window = self.number("attention.sliding_window", default) or default
        if isinstance(pattern, (list, tuple)):
            short = [bool(it) for it in pattern[: self.count]]
            return [window if it else 0 for it in short] + [0] * (self.count - len(short))
        every = _EVERY.get(self.architecture, 0)
        if not every:  # phi3, mistral and qwen2 may name a window; llama.cpp does not use it
            return [0] * self.count
        every = max(1, every if pattern is None else _whole(pattern, WIDEST))
        full = 0 if self.architecture in _FULL_FIRST else every - 1
        return [0 if at % every == full else window for at in range(self.count)]

    def _states(self, kv_heads: list[int]) -> list[int]:
        """The bytes of each layer's recurrent state, per slot; 0: it has none."""
        parts = ("ssm.inner_size", "ssm.state_size", "ssm.conv_kernel", "ssm.group_count", "shortconv.l_cache")
        inner, size, kernel, groups, last = (self.number(part, most=LARGEST_STATE) for part in parts)
        conv = max(0, last - 1) * self.number("embedding_length") if last else 0
        conv = conv or max(0, kernel - 1) * (inner + 2 * groups * size)
        state = (conv + inner * size) * _STATE_BYTES
        return [state if self._recurrent(at, heads) else 0 for at, heads in enumerate(kv_heads)]

    def _recurrent(self, at: int, kv_heads: int) -> bool:
        if not self.number("ssm.inner_size") and not self.number("shortconv.l_cache"):
            return False
        named = self._said.get(f"{self.architecture}.attention.recurrent_layers")
        if isinstance(named, (list, tuple)):
            return at < len(named) and bool(named[at])
        if self.architecture in _RECURRENT_BUT:
            every = self.number("full_attention_interval", _RECURRENT_BUT[self.architecture]) or 1
            return (at + 1) % every != 0
        if self.architecture.startswith("nemotron_h"):  # a layer without both is a plain feed-forward one
            return not kv_heads and not self.each("feed_forward_length")[at]
        return not kv_heads or self.architecture in _BOTH or not self.number("attention.head_count")


def _layer(heads: int, window: int, state: int, full: tuple[int, int], short: tuple[int, int]) -> Layers:
    key, value = (short if window else full) if heads else (0, 0)
    return Layers(1, heads, key, value, window if heads else 0, state)


def _fields(layer: Layers) -> tuple[int, int, int, int, int]:
    return layer.kv_heads, layer.key, layer.value, layer.window, layer.state


def _whole(value: object, most: int) -> int:
    """A whole number from 0 to `most`; a bool is 0 or 1. Raises _Odd."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or not 0 <= value <= most:
        raise _Odd
    return int(value)
