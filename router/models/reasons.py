"""The sentences of a plan: why a model does a task, why none does, what is worth knowing of the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from router.models.choice import Taken, band, is_named, reads, size
from router.models.memory import PROMPT_CACHE_DEFAULT
from router.models.modest import modest
from router.models.residency import Moves, Place, Yard
from router.models.types import Model, Survey
from router.types import Task

if TYPE_CHECKING:
    from router.models.plan import Choice, Stay

WAY_OUT = "`ollama pull qwen2.5-coder:1.5b` brings one that can"
LARGE = 5.0  # billions of parameters; tasks that want more than this count as large
GB = 1e9


def why(task: Task, taken: Taken, stay: Stay, asked: Moves, named: str, surveys: Sequence[Survey]) -> str:
    """Why this model does the task, in two or three sentences."""
    model = taken.fit.model
    if model.runtime == "echo":
        return _echo(surveys, named)
    if model.runtime == "scripted":
        return "The settings name the scripted engine."
    said = [_chosen(task, model, named), _passed_over(task, taken), _placed(taken), _swapped(stay, asked)]
    if taken.late:
        said.append(f"It is slow here: an answer may take {spell(taken.whole)}.")
    return " ".join(sentence for sentence in said if sentence)


def _chosen(task: Task, model: Model, named: str) -> str:
    if modest(model) and not named:
        return _modest(model)
    large = size(model) / 1e9
    what = f"{model.name} of {large:.2g}B parameters" if model.parameters >= 1e8 else model.name
    fills = f" fills in the middle ({model.family}), and" if task.answer == "insertion" else ""
    if named:
        return f"{what}{fills} is the model that your settings name."
    if band(task, model) == 0:
        mixed = f", of which {model.active / 1e9:.2g}B work at a time," if 0 < model.active < model.parameters else ""
        return f"{what}{mixed}{fills} is of the size that this wants ({task.size:g}B)."
    return f"{what}{fills} is the nearest there is to the size that this wants ({task.size:g}B)."


def _modest(model: Model) -> str:
    what = f"the small model that comes with Switchyard ({max(1, round(model.parameters / 1e6))}M parameters)"
    served = ", ".join(model.languages)
    return (
        f"{model.name}, {what}, completes lines of {served} where it is sure; everything else is what the code already "
        f"says. A larger model does more, where it fits: {WAY_OUT}."
    )


def _passed_over(task: Task, taken: Taken) -> str:
    """Why the one that would have been preferred was not taken, where that made a difference in size."""
    model = taken.fit.model
    better = [miss for miss in taken.misses if band(task, miss.model) == 0 and size(miss.model) > 1.15 * size(model)]
    if not better or (taken.fit.share < 1 and better[0].split):
        return ""
    miss = better[0]
    if miss.split:
        return f"{miss.model.name}, of which a part would not be on the card, would take {spell(miss.seconds)}."
    if miss.seconds and not reads(task, miss.read):
        return f"{miss.model.name} could read only {miss.read:,} tokens in the time that this has."
    if miss.seconds:
        return f"{miss.model.name} would take {spell(miss.seconds)} for an answer."
    next_one = "; this is the next smaller one that does" if band(task, model) == 2 else ""
    return f"{miss.model.name} ({amount(miss.model.size)}) does not fit{next_one}."


def _placed(taken: Taken) -> str:
    fit = taken.fit
    if fit.share == 0:
        return "All of it stays in main memory, because the card has no room for it."
    if fit.share < 1:
        return f"{1 - fit.share:.0%} of it stay in main memory, because it is larger than the card."
    return ""


def _swapped(stay: Stay, asked: Moves) -> str:
    gone = ", ".join(route.model for route in asked.unload)
    if stay != "swapped":
        again = f"The first time, {gone} leaves for it and comes back, and nothing completes for about"
        return f"{again} {spell(asked.gap)}." if asked.gap else ""
    leaves = (
        f"{gone} leave{'s' if len(asked.unload) == 1 else ''} for it" if gone else "it comes into memory when asked for"
    )
    if asked.stranded:
        return f"Before it can be used, {leaves}, and nothing completes while it works."
    if asked.gap:
        return f"Before it can be used, {leaves}, and nothing completes for about {spell(asked.gap)}."
    return f"Before it can be used, {leaves} ({spell(asked.seconds)})."


def regret(task: Task, models: Sequence[Model], named: str, yard: Yard) -> str:
    """Why no model does the task, with the way out."""
    if named:
        return f"No engine has {named}, or it does not fit; `switchyard pull {named}`, or correct models.{task.name}."
    able = [model for model in models if not model.remote and model.runtime != "echo"]
    if not able:
        return "No engine has a model for this; `switchyard pull` brings those that fit."
    largest = max(able, key=size)
    if size(largest) < task.least * 1e9:
        return (
            f"This wants {task.size:g}B parameters, {largest.name} is the largest here; `switchyard pull` brings one."
        )
    return f"None of the {len(able)} models fits into {amount(yard.room.fast)}; `switchyard pull` brings one that does."


def no_completion(surveys: Sequence[Survey], named: str) -> str:
    """Why nothing completes, with the way out."""
    said = " ".join(survey.error for survey in surveys if survey.error)
    models = [model for survey in surveys for model in survey.models]
    if named and any(is_named(model, named) for model in models):
        return f"{named} cannot fill in the middle, so it cannot complete; {WAY_OUT}."
    if named:
        return f"No engine has the model {named}; `ollama pull {named}` brings it. {said}".strip()
    if any(model.family and not model.remote for model in models):
        return f"No model that fills in the middle fits into what memory is free; {WAY_OUT.replace('1.5b', '0.5b')}."
    if models:
        return f"None of the {len(models)} models can fill in the middle; {WAY_OUT}."
    if any(survey.engine == "ollama" and not survey.error for survey in surveys):
        said = f"Ollama has no model yet; {WAY_OUT}. {said}".strip()
    return said or "No engine is there."


def _echo(surveys: Sequence[Survey], named: str) -> str:
    others = [survey for survey in surveys if survey.engine != "echo"]
    if not others and not named:
        return "The settings name echo, so suggestions come from what the code already says."
    there = "No model that is there will do" if any(it.models for it in others) else "No model is there"
    return f"{there}, so suggestions come from what the code already says. {no_completion(others, named)}".strip()


def notes(
    choices: Mapping[str, Choice], jobs: Mapping[str, Task], mixture: Taken | None, yard: Yard, places: Sequence[Place]
) -> tuple[str, ...]:
    """What is worth knowing of the whole."""
    said = _mixture(choices, jobs, mixture), _held(choices, yard, places), _prompts(yard, places)
    return tuple(note for note in said if note)


def _mixture(choices: Mapping[str, Choice], jobs: Mapping[str, Task], mixture: Taken | None) -> str:
    """Whether one mixture of experts would serve all large tasks better."""
    large = [choice for choice in choices.values() if jobs[choice.task].size > LARGE and choice.taken.fit.speed.decode]
    if mixture is None or not large:
        return ""
    model, rate = mixture.fit.model, mixture.fit.speed.decode
    others = {choice.route.model: choice for choice in large if choice.route.model != model.name}
    swapped = [choice for choice in others.values() if choice.stay == "swapped"]
    if len(others) < 2 or not swapped or any(rate < it.taken.fit.speed.decode for it in swapped):
        return ""
    rates = ", ".join(f"{it.taken.fit.speed.decode:.0f}" for it in others.values())
    names = ", ".join(others)
    return (
        f"{model.name}, a mixture of experts, would serve {', '.join(it.task for it in large)} without swapping, at "
        f"{rate:.0f} tokens/s where {names} do {rates}; the settings models.* name it for a job."
    )


def _held(choices: Mapping[str, Choice], yard: Yard, places: Sequence[Place]) -> str:
    """Whether only Ollama's own limit keeps models from staying together."""
    ours = [place for place in places if place.route.runtime == "ollama"]
    together = yard.room.without(place.fit for place in ours)
    swapped = any(choice.stay == "swapped" for choice in choices.values())
    if not swapped or len(ours) <= yard.most or together.fast < 0 or together.slow < 0:
        return ""
    return (
        f"All {len(ours)} models would fit at once, and Ollama holds {yard.most}: start it with "
        f"OLLAMA_MAX_LOADED_MODELS={len(ours)}, and set runtime.ollama.loaded to the same."
    )


def _prompts(yard: Yard, places: Sequence[Place]) -> str:
    """Whether Ollama's cache of prompts may take the memory that others count on."""
    ours = [place for place in places if place.route.runtime == "ollama"]
    spare = yard.room.slow if yard.room.slow else yard.room.fast - max((it.fit.fast for it in ours), default=0.0)
    if not ours or spare > len(ours) * PROMPT_CACHE_DEFAULT:
        return ""
    return (
        f"Ollama keeps up to {amount(PROMPT_CACHE_DEFAULT)} of earlier prompts per model in main memory; start it with "
        f"LLAMA_ARG_CACHE_RAM=512 to keep it from that."
    )


def spell(seconds: float, fine: bool = False) -> str:
    """A time for people: 40 s, 3 min; `fine`: 0.4 s, 90 ms."""
    if fine and seconds < 10:
        return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds * 1000:.0f} ms"
    return f"{max(1, round(seconds))} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def amount(bytes: float) -> str:
    """Bytes for people: 4.7 GB."""
    return f"{bytes / GB:.1f} GB"
