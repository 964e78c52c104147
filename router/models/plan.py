"""Which model completes: the best engine that is there, and why, in a sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from router import BadConfig
from router.config import Config
from router.types import Model, Option, Route
from router.types import Survey as Survey

_WAY_OUT = "`ollama pull qwen2.5-coder:1.5b` brings one that can"
WANTED = 1.8e9  # parameters: 1.5 to 3 billion with fill-in-the-middle do completion well
UNASKED = 4e9  # parameters: a larger model is not started in our own process unless the user names it
_BYTES_PER_PARAMETER = 0.62  # of a 4-bit GGUF with its overhead, where only the file's size is known


def choose(surveys: Sequence[Survey], config: Config) -> Route:
    """The route for completion: the first engine, in the order given, that has a model which fills in the middle.

    Raises BadConfig when there is none, not even `echo`, with the way out.
    """
    named = config.models.complete
    for survey in surveys:
        able = [model for model in survey.models if model.family and not model.remote]
        if survey.engine == "embedded" and not (named or config.runtime.embedded.gguf):
            able = [model for model in able if _parameters(model) <= UNASKED]
        if named and survey.engine != "echo":
            able = [model for model in able if _is(model, named)]
        if able:
            best = min(able, key=_distance)
            why = _why(best, surveys, named)
            return Route(best.runtime, best.name, best.family, _window(best, config), _options(best, config), why)
    raise BadConfig(_regret(surveys, named))


def _distance(model: Model) -> tuple[float, str]:
    """How far a model's size is from the size that completion wants, on a scale of ratios."""
    return abs(math.log(_parameters(model) / WANTED)), model.name


def _parameters(model: Model) -> float:
    return model.parameters or model.size / _BYTES_PER_PARAMETER or WANTED


def _is(model: Model, named: str) -> bool:
    return named in (model.name, model.name.removesuffix(":latest"))


def _options(model: Model, config: Config) -> tuple[Option, ...]:
    """One constant set per model: any change of it makes Ollama load the weights anew.

    num_batch is also the step at which a prefill can be cancelled, so it is small.
    """
    return (("num_ctx", _window(model, config)), ("num_batch", 256)) if model.runtime == "ollama" else ()


def _window(model: Model, config: Config) -> int:
    """The model's window in tokens, or what the settings allow it of that."""
    asked = min(4096, config.runtime.ollama.window)
    return min(asked, model.window or asked) if model.runtime == "ollama" else model.window


def _why(model: Model, surveys: Sequence[Survey], asked: str) -> str:
    if model.runtime == "echo":
        others = [survey for survey in surveys if survey.engine != "echo"]
        there = "No model that is there will do" if any(it.models for it in others) else "No model is there"
        return f"{there}, so suggestions come from what the code already says. {_regret(others, asked)}".strip()
    if model.runtime == "scripted":
        return "The settings name the scripted engine."
    size = f" of {model.parameters / 1e9:.1f}B parameters" if model.parameters >= 1e8 else ""
    chosen = "it is the model that your settings name" if asked else "its size is the nearest to what completion wants"
    return f"{model.name}{size} fills in the middle ({model.family}), and {chosen}."


def _regret(surveys: Sequence[Survey], named: str) -> str:
    said = " ".join(survey.error for survey in surveys if survey.error)
    models = [model for survey in surveys for model in survey.models]
    if named and any(_is(model, named) for model in models):
        return f"{named} cannot fill in the middle, so it cannot complete; {_WAY_OUT}."
    if named:
        return f"No engine has the model {named}; `ollama pull {named}` brings it. {said}".strip()
    if models:
        return f"None of the {len(models)} models can fill in the middle; {_WAY_OUT}."
    if any(survey.engine == "ollama" and not survey.error for survey in surveys):
        said = f"Ollama has no model yet; {_WAY_OUT}. {said}".strip()
    return said or "No engine is there."
