"""How much memory a model takes: weights, keys and values, compute buffers, and what lies beside them in RAM.

The rules are llama.cpp's own (src/llama-kv-cache*.cpp, src/llama-context.cpp, October 2026); docs/memory.md says them
in plain words, and what its log says beside them. An estimate errs upward, and says that it is one.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from router.models.types import Layers, Model, Shape

Cache: TypeAlias = Literal["f16", "q8_0", "q4_0"]

MIB, GIB = 1 << 20, 1 << 30
BATCH = 512  # tokens that are computed at a time, unless one says otherwise (llama.cpp's own default)
CONTEXT = 400 * MIB  # what CUDA takes for itself per process: believed, 300 to 500 MiB
PROMPT_CACHE = {"embedded": 256 * MIB}  # of RAM, at most; elsewhere llama.cpp's own default:
PROMPT_CACHE_DEFAULT = 8192 * MIB
CHECKPOINTS, APART = 32, 8192  # a model that cannot roll back keeps so many states per slot, so many tokens apart

_PAD = 256  # llama.cpp rounds every window up to this many tokens
_BLOCK = {"f16": (1, 2), "q8_0": (32, 34), "q4_0": (32, 18)}  # numbers in a block, bytes of a block
_FLOAT, _HALF = 4, 2
_UNGATED = {"starcoder2", "starcoder", "gpt2", "falcon", "bloom", "mpt", "phi2", "gptneox", "codeshell"}
_ADDED = {"gpt-oss", "gptoss"}  # the experts' answers take the place of what they were computed from
_PER_PARAMETER = 0.7  # bytes of a 4-bit model, the largest there are: where only the parameters are known

# Bytes per token of keys and values in f16, the most that any model up to so many parameters takes: deepseek-coder
# 1.3B, phi-3.5, deepseek-coder 6.7B, CodeLlama 13B and 34B. For a model of which nothing else is known.
_WORST = ((2e9, 192 << 10), (5e9, 384 << 10), (9e9, 512 << 10), (16e9, 800 << 10), (float("inf"), 1 << 20))


class Need(Struct, frozen=True):
    """Bytes on the accelerator, and beside it in RAM (`host`: prompt cache, checkpoints, the last token's logits).

    `guessed`: the model's shape is not known, so keys, values and buffers are the most that its size may take.
    """

    weights: int
    kv: int
    compute: int
    overhead: int
    host: int = 0
    guessed: bool = False

    @property
    def total(self) -> int:
        """All that lies on the accelerator."""
        return self.weights + self.kv + self.compute + self.overhead


def need(
    model: Model,
    window: int,
    *,
    slots: int = 1,
    cache: Cache = "f16",
    batch: int = BATCH,
    prompt_cache: int = -1,
    overhead: int = CONTEXT,
    flash: bool = True,
) -> Need:
    """What the model takes with `slots` windows of so many tokens each, `batch` tokens computed at a time.

    `prompt_cache` is in bytes (-1: as much as the model's runtime may take); `overhead` is the accelerator's own, 0
    for a processor. `flash`: with flash attention, as both Ollama and llama.cpp have it where it works.
    """
    window, slots, batch = max(1, window), max(1, slots), max(1, batch)
    kept = PROMPT_CACHE.get(model.runtime, PROMPT_CACHE_DEFAULT) if prompt_cache < 0 else prompt_cache
    weights = weighs(model)
    if model.shape is None:
        kv = _most_kv(model, window * slots, cache)
        return Need(weights, kv, GIB * batch // BATCH if flash else 2 * GIB, overhead, kept, guessed=True)
    shape = model.shape
    return Need(
        weights,
        kv_bytes(shape, window, slots, cache, batch, flash=flash),
        compute_bytes(shape, window, slots, batch, flash=flash),
        overhead,
        kept + _checkpoints(shape, window, slots, cache, batch) + slots * shape.vocabulary * _FLOAT,
    )


def weighs(model: Model) -> int:
    """Bytes of the weights: as the model says, else what so many parameters take at the most in 4 bits."""
    return model.size or int(model.parameters * _PER_PARAMETER)


def kv_bytes(
    shape: Shape, window: int, slots: int = 1, cache: str = "f16", batch: int = BATCH, *, flash: bool = True
) -> int:
    """Bytes of the keys and values of all layers and slots, and of recurrent states.

    Without flash attention the values lie transposed, and then llama.cpp gives each layer as many as the widest one.
    """
    cells = _padded(window, slots)
    widest = max((layer.kv_heads * layer.value for layer in shape.layers), default=0)
    total = 0
    for layer in shape.layers:
        values = layer.kv_heads * layer.value if flash or not layer.kv_heads else widest
        row = _row(layer.kv_heads * layer.key, cache) + _row(values, cache)
        total += layer.count * slots * (row * _cells(layer, cells, batch) + layer.state)
    return total


def compute_bytes(shape: Shape, window: int, slots: int = 1, batch: int = BATCH, *, flash: bool = True) -> int:
    """Bytes of the buffer for what a batch computes on its way: the widest moment of one layer, and the masks.

    llama.cpp lays all layers' results over each other, so it is one layer's: the residual and its norms five times the
    embedding, then either the feed-forward layer or the attention, whichever takes more.
    """
    cells = _padded(window, slots)
    tokens = min(batch, cells * slots)
    masks = sum({bool(it.window): _cells(it, cells, batch) for it in shape.layers if it.kv_heads}.values())
    query = shape.heads * max((layer.key for layer in shape.layers), default=0)
    rows = max((layer.kv_heads * max(layer.key, layer.value) for layer in shape.layers), default=0)
    attention = 2 * query + 2 * rows + (0 if flash else shape.heads * cells)
    widest = tokens * max(_feed_forward(shape), attention)
    logits = slots * shape.vocabulary  # since June 2026 (its pull request 23861) of a prompt's last token only
    numbers = max(widest, logits) + tokens * (5 * shape.embedding + _per_layer(shape))
    return numbers * _FLOAT + tokens * masks * (_HALF if flash else _FLOAT)


def ollama_predicts(model: Model, window: int, slots: int = 1, batch: int = BATCH) -> int:
    """What Ollama itself predicts before it loads the model, and holds against 80 % of the free memory.

    Credit: `PredictServerVRAM` in llm/llama_server.go and `generationBatchSurcharge` in server/sched.go, Ollama
    0.33.0-rc2 (the same since 0.30.0). The file's size, and per layer as many heads as the poorest has, each of
    embedding / heads numbers, in f16, for the whole window: no head sizes, no windows, no quantised cache, no buffers.
    """
    surcharge = 2 * GIB if batch >= 2048 else 768 * MIB if batch >= 1024 else 0
    shape = model.shape
    if shape is None or not shape.heads:
        return model.size + surcharge
    window = min(window, model.window) if model.window else window
    layers = sum(layer.count for layer in shape.layers)
    head = shape.embedding // shape.heads
    return model.size + 2 * layers * _fewest_heads(shape) * head * window * slots * 2 + surcharge


def _fewest_heads(shape: Shape) -> int:
    """Granite's headers say 0 heads of a recurrent layer, which Ollama takes for 1.

    Qwen's say the heads of the others for all, except those that Ollama published first; this is the larger of the two.
    """
    heads = [layer.kv_heads for layer in shape.layers if layer.kv_heads]
    hybrid = any(layer.state for layer in shape.layers) and not shape.architecture.startswith("qwen")
    return 1 if hybrid or not heads else min(heads)


def _padded(window: int, slots: int) -> int:
    """Cells of one slot's cache."""
    return _up(_up(window * slots, _PAD) // slots, _PAD)


def _cells(layer: Layers, cells: int, batch: int) -> int:
    """A layer with a window keeps that much and the batch that is being computed."""
    return _up(min(cells, layer.window + min(batch, cells)), _PAD) if layer.window else cells


def _row(numbers: int, cache: str) -> int:
    per, size = _BLOCK[cache]
    return -(-numbers // per) * size


def _feed_forward(shape: Shape) -> int:
    """Numbers per token at the feed-forward layer's widest: gate, up and their product, and each expert's answer."""
    if shape.experts_used:
        answers = 0 if shape.architecture in _ADDED else shape.embedding
        return shape.experts_used * (3 * shape.feed_forward + answers)
    return shape.feed_forward * (1 if shape.architecture in _UNGATED else 3)


def _per_layer(shape: Shape) -> int:
    """The small Gemmas, whose last layers share keys and values, bring 256 numbers per layer along for each token."""
    shares = any(not layer.kv_heads and not layer.state for layer in shape.layers)
    small = shape.architecture in ("gemma3n", "gemma4") and shares
    return 2 * 256 * sum(layer.count for layer in shape.layers) if small else 0


def _checkpoints(shape: Shape, window: int, slots: int, cache: str, batch: int) -> int:
    """A model with windows or states cannot roll back, so llama.cpp copies them aside as a prompt goes on."""
    kept = sum(
        layer.count
        * (
            layer.state
            + (_row(layer.kv_heads * layer.key, cache) + _row(layer.kv_heads * layer.value, cache))
            * (_cells(layer, _padded(window, slots), batch) if layer.window else 0)
        )
        for layer in shape.layers
    )
    return kept * slots * min(CHECKPOINTS, 1 + window // APART)


def _most_kv(model: Model, tokens: int, cache: str) -> int:
    parameters = model.parameters or model.size / 0.5
    per_token = next(most for up_to, most in _WORST if parameters <= up_to)
    return _row(_up(tokens, _PAD) * per_token // 2, cache)


def _up(number: int, step: int) -> int:
    return -(-number // step) * step
