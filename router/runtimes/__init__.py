"""Where models run: one module per engine, all behind `router.runtimes.types.Runtime`; here is the table of them."""

from __future__ import annotations

from importlib import import_module
from typing import get_args

from router.config import Config, Engine
from router.runtimes.types import Runtime

# A runtime is one module with `build(config) -> Runtime | None`; `config.Engine` names it, at the place it has in the
# order of preference.
ONLY_BY_NAME = ("scripted",)
ENGINES = tuple(name for name in get_args(Engine) if name not in ("auto", *ONLY_BY_NAME))


def build(config: Config) -> dict[str, Runtime]:
    """The engines that these settings allow, in the order of preference; an engine that is named stands alone."""
    named = config.runtime.engine
    built = {name: _build(name, config) for name in (ENGINES if named == "auto" else (named,))}
    return {name: runtime for name, runtime in built.items() if runtime is not None}


def _build(name: str, config: Config) -> Runtime | None:
    runtime: Runtime | None = import_module(f"{__name__}.{name}").build(config)
    return runtime
