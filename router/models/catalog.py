"""The models that people run for these jobs: how each is built, how large it is, what it is good for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import msgspec
from msgspec import Struct, structs

from router.models import families, shape
from router.models.types import Model, Shape

# Bits per weight in the layers, and in the vectors of the vocabulary: those that come in, those that go out. Solved for
# the layers from what llama.cpp's tools/quantize/README.md gives of Llama 3.1 8B in all; vLLM's kinds leave the vectors
# in 16 bits, and those of 4 bits have a scale and a zero per 128 weights.
BITS = {
    "Q3_K_M": (3.85, 3.4375, 6.5625),
    "Q4_0": (4.5, 4.5, 6.5625),
    "IQ4_XS": (4.32, 4.25, 6.5625),
    "Q4_K_S": (4.54, 4.5, 6.5625),
    "Q4_K_M": (4.79, 4.5, 6.5625),
    "Q5_K_S": (5.5, 5.5, 6.5625),
    "Q5_K_M": (5.65, 5.5, 6.5625),
    "Q6_K": (6.5625, 6.5625, 6.5625),
    "Q8_0": (8.5, 8.5, 8.5),
    "F16": (16.0, 16.0, 16.0),
    "BF16": (16.0, 16.0, 16.0),
    "MXFP4": (4.4, 8.5, 8.5),
    "AWQ": (4.25, 16.0, 16.0),
    "GPTQ": (4.25, 16.0, 16.0),
    "FP8": (8.0, 16.0, 16.0),
}
SAME = 0.15  # a model whose count of parameters differs by more is another one, whatever its name

# What may follow a model's name without changing how it is built.
_SUFFIX = re.compile(
    r"[-_:. ](?:latest|gguf|instruct|base|code|it|chat|text|hf|mlx|qat|preview|thinking|lite|v0\.\d|v\d|\d{4}"
    r"|128k|32k|4k|awq|gptq|int[48]|[48]bit|fp16|bf16|f16|f32|fp8|i?q\d(?:_[0-9a-z]+)*|mxfp4|nvfp4|ud|imat|i1|k_[msl]|[msl])$"
)


class Recurrent(Struct, frozen=True, forbid_unknown_fields=True):
    """What a recurrent layer keeps; see router/models/shape.py."""

    kernel: int
    inner: int
    state: int
    groups: int
    ranks: int = 0


class Built(Struct, frozen=True, forbid_unknown_fields=True):
    """A `shape` of the file; its head says what the fields mean."""

    architecture: str
    layers: int
    embedding: int
    heads: int
    kv_heads: int
    head: int
    feed_forward: int
    vocabulary: int
    value: int = 0
    tied: bool = False
    slide: int = 0
    every: int = 0
    shared: int = 0
    full_kv_heads: int = 0
    full_head: int = 0
    experts: int = 0
    used: int = 0
    expert: int = 0
    attention: tuple[int, ...] = ()
    recurrent: Recurrent | None = None


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """One table of the file; its head says what the fields mean."""

    parameters: float
    window: int
    shape: Built
    active: float = 0.0
    quantisation: str = "Q4_K_M"
    variant: str = ""
    vision: float = 0.0
    thinks: bool = False
    family: str = ""
    sizes: dict[str, float] = {}
    also: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()


class Known(Struct, frozen=True):
    """A model of the catalogue. `sizes`: bytes by quantisation; `quantisation` is what the bare name brings.

    `rank` is its place in the file: of two models of one size, the lower one is preferred.
    """

    name: str
    parameters: int
    active: int
    family: str
    window: int
    thinks: bool
    shape: Shape
    sizes: dict[str, int]
    quantisation: str
    variant: str
    also: tuple[str, ...]
    jobs: tuple[str, ...]
    rank: int


@cache
def table() -> dict[str, Known]:
    """All models by name, in the order of the file."""
    return {name: _known(name) for name in entries()}


@cache
def entries() -> dict[str, Entry]:
    """The file as it stands."""
    text = files(__package__).joinpath("catalog.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, Entry])


def of(name: str) -> Known | None:
    """The model that a name means, or None: a tag, a repository, a file's stem, with or without a quantisation."""
    left = name.lower().rsplit("/", 1)[-1].removesuffix(".gguf")
    while True:
        found = _names().get(_plain(left))
        if found is not None:
            return _known(found)
        shorter = _SUFFIX.sub("", left)
        if shorter == left:
            return None
        left = shorter


def completed(model: Model) -> Model:
    """The model with what its runtime did not say of it; what it did say stays. Itself if the catalogue has it not."""
    known = of(model.name)
    if known is None or not _alike(model, known):
        return model
    quantisation = model.quantisation or known.quantisation
    return structs.replace(
        model,
        family=model.family or known.family,
        parameters=model.parameters or known.parameters,
        active=model.active or known.active,
        size=model.size or known.sizes.get(quantisation.upper(), known.sizes[known.quantisation]),
        quantisation=quantisation,
        window=model.window or known.window,
        shape=_fuller(model.shape, known.shape),
        thinks=model.thinks or known.thinks,
    )


def candidate(known: Known, quantisation: str = "") -> Model:
    """A model as Ollama would have it after a pull; raises KeyError for a quantisation that the catalogue has not."""
    wanted = quantisation.upper() or known.quantisation
    return Model(
        runtime="ollama",
        name=known.name if wanted == known.quantisation else _tag(known, wanted),
        family=known.family,
        parameters=known.parameters,
        active=known.active,
        size=known.sizes[wanted],
        quantisation=wanted,
        window=known.window,
        shape=known.shape,
        thinks=known.thinks,
    )


def _tag(known: Known, quantisation: str) -> str:
    """As Ollama spells it: `7b-instruct-q5_K_M`, `4b-q8_0`, `fp16`."""
    spelt = "fp16" if quantisation == "F16" else "q" + quantisation[1:] if quantisation[0] == "Q" else quantisation
    tag = known.name if ":" in known.name else f"{known.name}:latest"
    parts = [tag.removesuffix(":latest") + (":" if tag.endswith(":latest") else ""), known.variant, spelt]
    return "-".join(part for part in parts if part).replace(":-", ":")


@cache
def _known(name: str) -> Known:
    """One model, made when it is asked for: the whole table would take twice as long as reading the file."""
    entry = entries()[name]
    built = shape.of(_facts(entry.shape))
    if built is None:
        raise ValueError(f"catalog.toml: {name} has an impossible shape")
    return Known(
        name=name,
        parameters=round(entry.parameters * 1e9),
        active=round(entry.active * 1e9),
        family=entry.family or families.of(name),
        window=entry.window,
        thinks=entry.thinks,
        shape=built,
        sizes={kind: _size(entry, kind) for kind in (*BITS, *entry.sizes)},
        quantisation=entry.quantisation,
        variant=entry.variant,
        also=entry.also,
        jobs=entry.jobs,
        rank=list(entries()).index(name),
    )


def _size(entry: Entry, quantisation: str) -> int:
    """Bytes of the weights, the eye's with them."""
    if quantisation in entry.sizes:
        return round(entry.sizes[quantisation] * 1e9)
    layers, incoming, outgoing = BITS[quantisation]
    vectors = entry.shape.vocabulary * entry.shape.embedding / 1e9
    tied = entry.shape.tied
    rest = entry.parameters - vectors * (1 if tied else 2)
    bits = rest * layers + vectors * (outgoing if tied else incoming + outgoing) + entry.vision * 16
    return round(bits / 8 * 1e9)


def _facts(built: Built) -> Mapping[str, object]:
    """The shape as a GGUF header of the model says it, so that the rules of reading one stand in one place."""
    every = built.every or 1
    full = [built.full_kv_heads > 0 and (at + 1) % every == 0 for at in range(built.layers)]
    kv_heads: object = built.kv_heads
    if built.attention:
        kv_heads = [built.kv_heads if at in built.attention else 0 for at in range(built.layers)]
    elif built.full_kv_heads:
        kv_heads = [built.full_kv_heads if whole else built.kv_heads for whole in full]
    said: dict[str, object] = {
        "block_count": built.layers,
        "embedding_length": built.embedding,
        "feed_forward_length": built.feed_forward,
        "vocab_size": built.vocabulary,
        "attention.head_count": built.heads,
        "attention.head_count_kv": kv_heads,
        "attention.key_length": built.full_head or built.head,
        "attention.value_length": built.full_head or built.value or built.head,
        "attention.key_length_swa": built.head,
        "attention.value_length_swa": built.value or built.head,
        "attention.sliding_window": built.slide,
        "attention.shared_kv_layers": built.shared,
        "expert_count": built.experts,
        "expert_used_count": built.used,
        "expert_feed_forward_length": built.expert or built.feed_forward,
    }
    if built.every:
        said["attention.sliding_window_pattern"] = built.every
    if built.recurrent is not None:
        said["ssm.conv_kernel"], said["ssm.inner_size"] = built.recurrent.kernel, built.recurrent.inner
        said["ssm.state_size"], said["ssm.group_count"] = built.recurrent.state, built.recurrent.groups
    return {"general.architecture": built.architecture} | {
        f"{built.architecture}.{key}": it for key, it in said.items()
    }


@cache
def _names() -> dict[str, str]:
    return {_plain(it): name for name, entry in entries().items() for it in (name, *entry.also)}


def _plain(name: str) -> str:
    """A name without what its spellings differ in: `Qwen2.5-Coder 1.5B` is `qwen2.5-coder:1.5b`."""
    return re.sub(r"[-_: ]", "", name.lower())


def _alike(model: Model, known: Known) -> bool:
    return not model.parameters or abs(model.parameters / known.parameters - 1) <= SAME


def _fuller(said: Shape | None, known: Shape) -> Shape:
    """`/api/show` leaves out long arrays, and with them the size of the vocabulary."""
    if said is None:
        return known
    return structs.replace(said, vocabulary=said.vocabulary or known.vocabulary)
