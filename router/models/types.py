"""The nouns of models: how one is built, what a runtime says of those that it has; imports nothing of ours."""

from __future__ import annotations

from msgspec import Struct


class Layers(Struct, frozen=True):
    """`count` layers that are alike, as far as memory goes.

    `kv_heads` heads keep a key of `key` and a value of `value` numbers per token (0 heads: the layer keeps none of its
    own); `window` is how many tokens back it looks (0: all). `state`: bytes that a recurrent layer keeps per slot,
    however long the text.
    """

    count: int
    kv_heads: int = 0
    key: int = 0
    value: int = 0
    window: int = 0
    state: int = 0


class Shape(Struct, frozen=True):
    """How a model is built, as far as memory and time depend on it. `heads` are those of a query; `experts` in all."""

    architecture: str
    layers: tuple[Layers, ...]
    embedding: int = 0
    heads: int = 0
    feed_forward: int = 0
    vocabulary: int = 0
    experts: int = 0
    experts_used: int = 0


class Model(Struct, frozen=True):
    """A model that a runtime has: `size` of its weights in bytes, `window` in tokens, as trained (0: unknown).

    `family` names a table of families.toml, or is empty when the model cannot fill in the middle. `active` of the
    `parameters` are read per token (0: all). `fixed`: the runtime serves it with this window, whatever is asked for.
    `loaded`: its weights are in memory now, where it holds `held` bytes (0: unknown). `remote`: it would be run on
    somebody else's machine. `thinks`: it thinks aloud unless it is told not to. `languages` are those that it completes
    (none: any). `sure`: the probabilities below which nothing is shown, of a whole line and of the rest of one.
    """

    runtime: str
    name: str
    family: str = ""
    parameters: int = 0
    active: int = 0
    size: int = 0
    quantisation: str = ""
    window: int = 0
    fixed: bool = False
    shape: Shape | None = None
    digest: str = ""
    held: int = 0
    loaded: bool = False
    remote: bool = False
    thinks: bool = False
    languages: tuple[str, ...] = ()
    sure: tuple[float, float] = (0.0, 0.0)


class Survey(Struct, frozen=True):
    """What one engine said of itself: its models, or the sentence that tells why it has none."""

    engine: str
    models: tuple[Model, ...] = ()
    error: str = ""
