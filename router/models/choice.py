"""Which of the models that are there does a task: the smallest that does it well, fits, and is quick enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence

from msgspec import Struct

from router.models import catalog
from router.models.budget import FIRST_LINE, REUSED, prompt_tokens
from router.models.fit import Fit
from router.models.modest import modest
from router.models.speed import BYTES_PER_PARAMETER
from router.models.types import Model
from router.types import Task

BAND = (0.6, 1.75)  # of the size that a task wants: 7B stands for 4.2 to 12.2
LEAST_READ = 1 / 8  # of the context that a task wants
LEAST_WINDOW = 4096  # tokens; with less, a task has too little to go by
ALIKE = 0.2  # of the logarithm of a ratio of sizes: 24B and 32B are alike to a task that wants 27B

Fitter = Callable[[Model, int], "Fit | None"]


class Miss(Struct, frozen=True):
    """A model that would have been preferred, and why it was not taken: it does not fit, if `seconds` is 0; else it
    would take so many for an answer, to a prompt of `read` tokens. `split`: a part of it would not be on the card."""

    model: Model
    seconds: float = 0.0
    read: int = 0
    split: bool = False


class Taken(Struct, frozen=True):
    """The model for a task in its place; `prompt` tokens are its budget, `first` and `whole` seconds of an answer.

    `misses` are those that were preferred, the most preferred first. `late`: nothing here is quick enough, this is
    the least slow.
    """

    fit: Fit
    prompt: int
    first: float
    whole: float
    misses: tuple[Miss, ...] = ()
    late: bool = False


def choose(
    task: Task, models: Sequence[Model], fitter: Fitter, *, smaller: bool = True, used: Collection[str] = ()
) -> Taken | None:
    """The first by preference that fits and answers in time; else the quickest that fits; None: nothing fits.

    One that fits only with a part of it in main memory gives way to one of the same band that is wholly on the card.
    Without `smaller`, only those of the wanted size or above count. `models` are in the order of their engines; of
    those that are much alike, one that is `used` for another task comes first.
    """
    misses: list[Miss] = []
    late: list[Taken] = []
    split: Taken | None = None
    for model in ranked(task, models, used):
        if (band(task, model) > 1 and not smaller) or (split and band(task, model) > band(task, split.fit.model)):
            break
        taken = _placed(task, model, fitter)
        if taken is None:
            misses.append(Miss(model))
        elif _in_time(task, taken):
            if taken.fit.share == 1:
                return _with(taken, misses)
            split = split or _with(taken, misses)
            misses.append(Miss(model, taken.whole, taken.prompt, split=True))
        else:
            late.append(taken)
            misses.append(Miss(model, taken.whole, taken.prompt))
    if split or not late or not smaller:
        return split
    best = min(late, key=lambda taken: taken.whole)
    return _with(best, [miss for miss in misses if miss.model is not best.fit.model], late=True)


def ranked(task: Task, models: Sequence[Model], used: Collection[str] = ()) -> list[Model]:
    """Those that could do it, the preferred ones first: of the wanted size, then larger ones, then smaller ones."""
    order = list(dict.fromkeys(model.runtime for model in models))
    able = [model for model in models if can(task, model)]
    return sorted(able, key=lambda it: (band(task, it), order.index(it.runtime), *_preference(task, it, used)))


def can(task: Task, model: Model) -> bool:
    """Whether a model can do the task at all: on this machine, with the marks or the manners it takes."""
    if model.remote or size(model) < task.least * 1e9:
        return False
    if task.answer == "insertion":
        return bool(model.family)
    known = catalog.of(model.name)
    return model.runtime != "echo" and not modest(model) and (known is None or set(known.jobs) != {"complete"})


def band(task: Task, model: Model) -> int:
    """0: of the size that the task wants; 1: larger; 2: smaller."""
    ratio = size(model) / (task.size * 1e9)
    return 0 if BAND[0] <= ratio <= BAND[1] else 1 if ratio > 1 else 2


def size(model: Model) -> float:
    """Parameters, all of them; reckoned from the file where nobody says."""
    return model.parameters or model.size / BYTES_PER_PARAMETER or 1.8e9


def is_named(model: Model, named: str) -> bool:
    """Whether a setting means this model."""
    return named in (model.name, model.name.removesuffix(":latest"))


def _standing(task: Task, model: Model) -> int:
    """The catalogue's order of preference; what it does not know, or not for this task, comes after."""
    known = catalog.of(model.name)
    if known is None or task.name not in known.jobs:
        return len(catalog.entries())
    return known.rank


def _preference(task: Task, model: Model, used: Collection[str]) -> tuple[int, bool, int, float, str]:
    """The nearest in size first; of those that are much alike, the one that is there anyway, or that the catalogue
    prefers."""
    distance = abs(math.log(size(model) / (task.size * 1e9)))
    return int(distance / ALIKE), model.name not in used, _standing(task, model), distance, model.name


def _placed(task: Task, model: Model, fitter: Fitter) -> Taken | None:
    """The model with the largest window that fits, from what the task wants downwards."""
    for window in windows(task, model):
        if found := fitter(model, window):
            return reckoned(task, found)
    return None


def windows(task: Task, model: Model) -> Iterable[int]:
    """The windows to try, the wanted one first."""
    wanted = min(task.context, model.window or task.context)
    if model.fixed:
        return [model.window or task.context]
    return [wanted] + [wanted // part for part in (2, 4) if wanted // part >= LEAST_WINDOW]


def reckoned(task: Task, fit: Fit) -> Taken:
    """How long the task takes there: a prompt as long as patience allows, then the answer."""
    reused = REUSED[task.lane]
    prompt = prompt_tokens(task, fit.speed, fit.window, reused)
    if not fit.speed.decode or not fit.speed.prefill:  # somebody else's machine: nobody knows before the first answer
        return Taken(fit, prompt, 0.0, 0.0)
    prefill = prompt * (1 - reused) / fit.speed.prefill
    return Taken(fit, prompt, prefill + FIRST_LINE / fit.speed.decode, prefill + task.max_tokens / fit.speed.decode)


def _in_time(task: Task, taken: Taken) -> bool:
    """An insertion mostly ends with its first lines; of anything else the whole is waited for. What can only read a
    fraction of what the task has to say in that time does not do it well."""
    if not reads(task, taken.prompt):
        return False
    if task.answer == "insertion":
        return taken.first <= 1.05 * task.patience  # the budget fills the patience to the brim
    return taken.whole <= task.deadline


def reads(task: Task, tokens: int) -> bool:
    """Whether a prompt of so many tokens is enough for the task."""
    return tokens >= task.context * LEAST_READ


def _with(taken: Taken, misses: Sequence[Miss], late: bool = False) -> Taken:
    return Taken(taken.fit, taken.prompt, taken.first, taken.whole, tuple(misses), late)
