"""Which model completes, and the sentence that says why."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from router import BadConfig, tasks
from router.config import Config, Embedded, Models, Ollama, Runtime
from router.models import plan
from router.models.types import Model, Survey
from router.types import Route

ECHO = Survey("echo", (Model("echo", "echo", family="plain", loaded=True),))
DOWN = Survey("ollama", error="Ollama does not answer; start it with `ollama serve`.")


def choose(surveys: Sequence[Survey], config: Config) -> Route:
    """The route for completion, where nobody knows the machine. Raises BadConfig when there is none."""
    found = plan.make(surveys, {"complete": tasks.shipped()["complete"]}, None, config)
    if "complete" in found.regrets:
        raise BadConfig(found.regrets["complete"])
    return found.choices["complete"].route


def ollama(*names: str, **more: bool) -> Survey:
    family = {"qwen2.5-coder": "qwen", "codegemma": "codegemma"}
    billions = {name: float(name.split(":")[1].rstrip("b")) for name in names}
    models = (
        Model("ollama", name, family.get(name.split(":")[0], ""), int(billions[name] * 1e9), **more) for name in names
    )
    return Survey("ollama", tuple(models))


def test_the_smallest_that_does_it_well_is_taken() -> None:
    route = choose(
        [ollama("qwen2.5-coder:0.5b", "qwen2.5-coder:1.5b", "qwen2.5-coder:7b", "llama3:2b"), ECHO], Config()
    )
    assert route.model == "qwen2.5-coder:1.5b"
    assert "1.5B" in route.why


def test_the_model_that_the_user_names_is_taken() -> None:
    config = Config(models=Models(complete="qwen2.5-coder:7b"))
    assert choose([ollama("qwen2.5-coder:1.5b", "qwen2.5-coder:7b"), ECHO], config).model == "qwen2.5-coder:7b"


def test_without_a_model_echo_says_why_and_never_calls_itself_one() -> None:
    route = choose([DOWN, ECHO], Config())
    assert route.runtime == "echo"
    assert route.why.startswith("No model is there")
    assert "ollama serve" in route.why


def test_echo_says_what_is_wrong_with_the_models_that_are_there() -> None:
    named = Config(models=Models(complete="qwen2.5-coder:3b"))
    assert "`ollama pull qwen2.5-coder:3b`" in choose([ollama("qwen2.5-coder:1.5b"), ECHO], named).why
    why = choose([ollama("llama3:2b"), ECHO], Config()).why
    assert why.startswith("No model that is there will do")
    assert "`ollama pull qwen2.5-coder:1.5b`" in why


def test_an_ollama_without_models_comes_with_the_command_that_brings_one() -> None:
    assert "Ollama has no model yet; `ollama pull" in choose([Survey("ollama"), ECHO], Config()).why


def test_a_model_that_runs_on_somebody_elses_machine_is_never_taken() -> None:
    assert choose([ollama("qwen2.5-coder:1.5b", remote=True), ECHO], Config()).runtime == "echo"


def test_a_model_without_the_marks_is_named_as_such() -> None:
    with pytest.raises(BadConfig, match="llama3:2b cannot fill in the middle"):
        choose([ollama("llama3:2b")], Config(runtime=Runtime(engine="ollama"), models=Models(complete="llama3:2b")))
    with pytest.raises(BadConfig, match="None of the 1 models can fill in the middle"):
        choose([ollama("llama3:2b")], Config(runtime=Runtime(engine="ollama")))


def test_a_model_that_is_missing_comes_with_the_command_that_brings_it() -> None:
    with pytest.raises(BadConfig, match="`ollama pull codegemma:2b`"):
        choose([ollama("llama3:2b")], Config(runtime=Runtime(engine="ollama"), models=Models(complete="codegemma:2b")))


def test_the_options_of_a_model_are_constant_and_within_its_window() -> None:
    survey = Survey("ollama", (Model("ollama", "m", "qwen", int(2e9), window=2048),))
    config = Config(runtime=Runtime(ollama=Ollama(window=8192)))
    assert dict(choose([survey], config).options) == {"num_ctx": 2048, "num_batch": 256}


def test_a_large_file_that_happens_to_lie_there_is_not_started_unasked() -> None:
    survey = Survey("embedded", (Model("embedded", "big", "qwen", int(14e9)),))
    assert choose([survey, ECHO], Config()).runtime == "echo"
    named = Config(runtime=Runtime(embedded=Embedded(gguf="/models/big.gguf")))
    assert choose([survey, ECHO], named).runtime == "embedded"
