"""How fast a model runs: by what the hardware can do at most, by what engines make of it, and by what turns showed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import median_low

from msgspec import Struct
from msgspec.structs import replace

from router.models.hardware import Gpu, Machine
from router.models.types import Layers, Model
from router.types import Timing, Turn

BATCH = 512  # tokens that a prefill pushes through the layers in one pass; Ollama's and llama.cpp's default
CACHE_NUMBER = 2  # bytes of one number of the KV cache in f16
BYTES_PER_PARAMETER = 0.61  # a 4-bit GGUF (Q4_K_M, 4.89 bits by llama.cpp's quantize README), where no size is known
DISK = 1.5e9  # bytes/s: between a SATA SSD with a warm page cache and an NVMe one

KEPT = 15  # samples: the median follows a machine that has become slower after eight turns
ENOUGH = 3  # samples: of fewer, one outlier could be the median
SHORTEST_PROMPT, SHORTEST_ANSWER = 128, 8  # tokens; below, fixed costs and the clock's grain take too large a part
COLD = 300.0  # ms of loading: the weights were just loaded, so nothing was cached; a warm engine says less than 50
SLOWER = 1.25  # times slower than known: the machine has changed; less is noise
ABSURD = 4.0  # times the hardware's bound: a cache hit or a broken clock, whatever the engine says
FASTEST = 1e7  # tokens/s: more is a broken clock


class Speed(Struct, frozen=True):
    """Tokens/s of reading a prompt (`prefill`) and of writing an answer (`decode`); 0: unknown."""

    prefill: float = 0.0
    decode: float = 0.0
    measured: bool = False


class Efficiency(Struct, frozen=True):
    """The shares of bandwidth and FLOP/s that engines reach, and what each pass through the layers costs besides."""

    bandwidth: float
    flops: float
    pass_seconds: float = 0.0


# Fitted to published measurements of llama.cpp and Ollama. NVIDIA: RTX 4090 with Gemma 3 4B/27B 195/47 tok/s
# (llm-speed.com), RTX 3090 with the 4B 190 to 197, RTX 3060 with a 14B 22 to 24; prefill of an 8B on the RTX 4090 from
# 4,668 (llm-speed.com) to 10,359 tok/s (llama.cpp #7676), i.e. 23 to 50 %, on the RTX 3090 3,491 (#7860), 39 %. Apple:
# 8B on M4 20.9 and M1 Max 46.2 tok/s, 86 and 57 %; prefill 225 and 500 tok/s, 85 and 77 % (normiebench). Processor:
# i9-13900K with a 7B 18.3 tok/s, 68 %, prefill 55 tok/s, a third (llama.cpp #34; its kernels have become faster since).
# AMD: RX 6800 XT with a 13B Q6_K 34 tok/s, 71 %, and prefill 684 tok/s, 43 % (llama.cpp #2059); Radeon Pro W7800 with
# a 27B Q6_K 15.7 and 405 tok/s, 71 and 25 % (#8186). Intel's are believed.
IDEAL = Efficiency(1.0, 1.0)
NVIDIA = Efficiency(0.70, 0.33, 0.0015)
APPLE = Efficiency(0.75, 0.75, 0.0015)
OTHER = Efficiency(0.70, 0.30, 0.002)
PROCESSOR = Efficiency(0.70, 0.45, 0.0005)

# For a batch of 32 tokens or more llama.cpp copies weights that are in main memory to the card and computes there
# (llama.cpp #6083). LINK: PCIe 4.0 with 16 lanes. RX 6800 XT with all of a 13B in main memory: 249 instead of 684
# tok/s, i.e. 8.2 GB/s besides the computing (llama.cpp #2059).
COPIED, LINK, LINKED = 32, 32e9, 0.25


class _Part(Struct, frozen=True):
    """One device and the share of the layers that it computes; `lent`: a card that does it instead for a batch."""

    share: float
    bandwidth: float
    flops: float
    efficiency: Efficiency
    lent: _Part | None = None


def bound(machine: Machine, model: Model, window: int, *, share: float = 1.0) -> Speed:
    """What physics allows with `window` tokens in the cache: no engine reads weights faster than memory gives them.

    `share` of the weights is on the accelerators. 0 where bandwidth or FLOP/s are unknown. Speculative decoding may
    be above it, since it writes more than one token per pass.
    """
    return _speed([_ideal(part) for part in _parts(machine, model, share)], model, window)


def roofline(machine: Machine, model: Model, window: int, *, share: float = 1.0) -> Speed:
    """What such hardware does: `bound`, less what engines lose on the way.

    Within a fifth of the published rates of decoding that it was fitted to; of prefill within a half.
    """
    return _speed(_parts(machine, model, share), model, window)


def load_seconds(size: int) -> float:
    """How long weights of `size` bytes take from disk into memory, about."""
    return size / DISK


def _ideal(part: _Part) -> _Part:
    return replace(part, efficiency=IDEAL, lent=_ideal(part.lent) if part.lent else None)


def _speed(parts: list[_Part], model: Model, window: int) -> Speed:
    """The parts work one after the other, so their times add."""
    one, batch = (sum(_quickest(part, model, window, tokens) for part in parts) for tokens in (1, BATCH))
    return Speed(_rate(BATCH, batch), _rate(1, one))


def _rate(tokens: int, seconds: float) -> float:
    return tokens / seconds if 0 < seconds < math.inf else 0.0


def _parts(machine: Machine, model: Model, share: float) -> list[_Part]:
    """Who computes what: the fastest card on which the model fits, or all in proportion to what is free on them."""
    share = min(max(share, 0.0), 1.0) if machine.gpus else 0.0
    parts = [_Part(share * part, it.bandwidth, it.flops, _kind(it)) for it, part in _spread(machine.gpus, model)]
    lent = None
    if share and not machine.unified:
        lent = replace(max(parts, key=lambda part: part.flops), share=1.0 - share)
    parts.append(_Part(1.0 - share, machine.bandwidth, machine.flops, PROCESSOR, lent))
    return [part for part in parts if part.share > 0]


def _spread(gpus: tuple[Gpu, ...], model: Model) -> list[tuple[Gpu, float]]:
    alone = [it for it in gpus if it.free >= _size(model)]
    if alone:
        return [(max(alone, key=lambda it: it.bandwidth), 1.0)]
    free = sum(it.free for it in gpus)
    return [(it, it.free / free if free else 1 / len(gpus)) for it in gpus]


def _kind(gpu: Gpu) -> Efficiency:
    name = gpu.name.lower()
    if "apple" in name:
        return APPLE
    return OTHER if any(maker in name for maker in ("amd", "radeon", "intel", "arc")) else NVIDIA


def _quickest(part: _Part, model: Model, window: int, tokens: int) -> float:
    alone = _pass(part, model, window, tokens)
    if part.lent is None or tokens < COPIED:
        return alone
    ideal = part.efficiency == IDEAL
    copying = part.share * _weights(model, tokens) / (LINK if ideal else LINKED * LINK)
    computing = _pass(part.lent, model, window, tokens)
    return min(alone, max(copying, computing) if ideal else copying + computing)


def _pass(part: _Part, model: Model, window: int, tokens: int) -> float:
    """Seconds in which `tokens` tokens go through the part's layers: arithmetic and reading overlap."""
    its = part.efficiency
    if not (part.bandwidth > 0 and part.flops > 0):
        return math.inf
    reading = part.share * (_weights(model, tokens) + _cache(model, window)) / (its.bandwidth * part.bandwidth)
    computing = part.share * tokens * _operations(model, window) / (its.flops * part.flops)
    return max(reading, computing) + its.pass_seconds * part.share


def _weights(model: Model, tokens: int) -> float:
    """Bytes of weights that one pass reads: of a mixture of experts few for one token, all for a batch."""
    used = model.active / model.parameters if 0 < model.active < model.parameters else 1.0
    return _size(model) * min(1.0, used * tokens)


def _size(model: Model) -> float:
    return model.size or model.parameters * BYTES_PER_PARAMETER


def _cache(model: Model, window: int) -> float:
    """Bytes of KV cache that one pass reads; a recurrent layer's state is read and written."""
    return sum(it.count * (_keys(it) * min(window, it.window or window) + 2 * it.state) for it in _layers(model))


def _keys(layer: Layers) -> int:
    return layer.kv_heads * (layer.key + layer.value) * CACHE_NUMBER


def _operations(model: Model, window: int) -> float:
    """Multiplications and additions per token: two per active weight, and attention over half the window."""
    heads = model.shape.heads if model.shape else 0
    attention = sum(
        it.count * heads * (it.key + it.value) * 2 * min(window / 2, it.window or window)
        for it in _layers(model)
        if it.kv_heads
    )
    weights = model.active or model.parameters or model.size / BYTES_PER_PARAMETER
    return 2 * weights + attention


def _layers(model: Model) -> tuple[Layers, ...]:
    return model.shape.layers if model.shape else ()


class Estimate(Struct, frozen=True):
    """A running estimate of one model on one engine, from its own timings; `with_turn` gives the next one.

    `expected` is what is known without a turn (a bench, the roofline), `limit` the hardware's bound; either may be
    left out. `prefills` and `decodes` are the last samples in tokens/s.
    """

    expected: Speed = Speed()
    limit: Speed = Speed()
    prefills: tuple[float, ...] = ()
    decodes: tuple[float, ...] = ()

    @property
    def prefill(self) -> float:
        """Tokens/s evaluated, not counting what a cache spared; 0: unknown."""
        return median_low(self.prefills) if len(self.prefills) >= ENOUGH else self.expected.prefill

    @property
    def decode(self) -> float:
        """Tokens/s written; 0: unknown."""
        return median_low(self.decodes) if len(self.decodes) >= ENOUGH else self.expected.decode

    def with_turn(self, timing: Timing, shared: float = -1.0) -> Estimate:
        """The estimate after one more turn; the same if the turn tells nothing.

        `shared`: the share of the prompt that an earlier prompt to this engine began with, too (-1: not known). It
        counts where the engine does not say what it reused: a prompt that shares nothing cannot have hit a cache.
        """
        read, written = self._read(timing, shared), _sample(timing.answer_tokens, timing.decode_ms, SHORTEST_ANSWER)
        prefills = (*self.prefills, read)[-KEPT:] if self._credible(read, self.limit.prefill) else self.prefills
        decodes = (*self.decodes, written)[-KEPT:] if self._credible(written, self.limit.decode) else self.decodes
        return replace(self, prefills=prefills, decodes=decodes)

    def _read(self, timing: Timing, shared: float) -> float:
        """The prefill sample of a turn, or 0.

        An engine that does not say what it reused appears faster than it is, never slower. So unless nothing can have
        been cached, its turn counts only when even the appearance is slower than what is known.
        """
        if timing.reused_tokens >= 0:
            return _sample(timing.prompt_tokens - timing.reused_tokens, timing.prefill_ms, SHORTEST_PROMPT)
        appears = _sample(timing.prompt_tokens, timing.prefill_ms, SHORTEST_PROMPT)
        fresh = timing.load_ms >= COLD or 0 <= shared <= 0.05
        return appears if fresh or appears * SLOWER < self.prefill else 0.0

    def _credible(self, sample: float, limit: float) -> bool:
        return 0 < sample < (ABSURD * limit if limit else FASTEST)


def learned(estimate: Estimate) -> Speed | None:
    """What turns have shown, or None while they are too few; what only one half is known of keeps what is expected."""
    if len(estimate.prefills) < ENOUGH and len(estimate.decodes) < ENOUGH:
        return None
    return Speed(estimate.prefill, estimate.decode, measured=True)


def replayed(turns: Iterable[Turn], estimate: Estimate) -> Estimate:
    """The estimate after turns of one model on one engine, the oldest first, as the ledger remembers them."""
    for it in turns:
        timing = Timing(it.prompt_tokens, it.reused_tokens, it.answer_tokens, 0.0, it.prefill_ms, it.decode_ms)
        estimate = estimate.with_turn(timing)
    return estimate


def _sample(tokens: int, milliseconds: float, fewest: int) -> float:
    """Tokens/s, or 0 when the turn is too short to tell or the clock is not to be believed."""
    if tokens < fewest or not 0 < milliseconds < math.inf:
        return 0.0
    return min(tokens * 1000 / milliseconds, FASTEST)
