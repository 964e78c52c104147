"""Where models run: one module per engine, all behind `router.types.Runtime`; here is the table of them."""

from __future__ import annotations

from importlib import import_module

from router.config import Config
from router.types import Runtime

# In the order of preference. A runtime is one module with `build(config) -> Runtime | None`, and one line here.
ENGINES = ("openai", "ollama", "embedded", "echo")
ONLY_BY_NAME = ("scripted",)


def build(config: Config) -> dict[str, Runtime]:
    """The engines that these settings allow, in the order of preference; an engine that is named stands alone."""
    named = config.runtime.engine
    built = {name: _build(name, config) for name in (ENGINES if named == "auto" else (named,))}
    return {name: runtime for name, runtime in built.items() if runtime is not None}


def _build(name: str, config: Config) -> Runtime | None:
    runtime: Runtime | None = import_module(f"{__name__}.{name}").build(config)
    return runtime
