"""Measures how fast an engine runs a model: a prompt that no cache knows, and an answer without chance."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from statistics import median_low

from msgspec import Struct
from msgspec.structs import replace

from router import Incomplete, RuntimeFailure
from router.models.speed import Estimate, Speed
from router.models.types import Model
from router.runtimes.types import Runtime
from router.types import Call, Delta, Route, Timing

PROMPT, ANSWER = 512, 64  # tokens of a round
FIRST_PROMPT, FIRST_ANSWER = 160, 16  # of the first: enough to tell, soon done on the slowest machine
WINDOW = 2048
CHARACTERS = 3.5  # per token of what `fresh` writes, until the first round has told
SLOWEST = 12.0  # times the seconds that were given: then a model is too slow to be measured
LONGEST_LOAD = 300.0  # seconds
LINGER = 60  # seconds that Ollama keeps the weights if we are killed before we could unload them

Tell = Callable[[str], None]
WORDS = """
    add all append apply array base batch block buffer build bytes cache call check chunk clean client close code color
    column compute config connect copy count create current cursor decode default delete depth double encode end entry
    error event field file filter find first flag format frame group handle header height index input insert item key
    label last left length level limit line link list load lock log map mask match merge message method name next node
""".split()


class Measured(Struct, frozen=True):
    """What a model did: tokens/s (0: could not be told), seconds to load (0: it was there). `error`: why it is less."""

    model: Model
    speed: Speed = Speed()
    load: float = 0.0
    rounds: int = 0
    error: str = ""


async def measure(runtime: Runtime, model: Model, seconds: float, tell: Tell = lambda _: None) -> Measured:
    """Load the model, ask it for about `seconds`, and give its memory back unless it was loaded before.

    The model's failure is in `error`, and what was measured until then beside it.
    """
    route = _route(model)
    found = Measured(model)
    try:
        tell(f"loading {model.name}")
        began = time.perf_counter()
        await asyncio.wait_for(runtime.load(route), LONGEST_LOAD)
        found = replace(found, load=0.0 if model.loaded else time.perf_counter() - began)
        tell(f"measuring {model.name}")
        return await _rounds(runtime, route, found, seconds)
    except RuntimeFailure as error:
        return replace(found, error=str(error))
    except asyncio.TimeoutError:
        return replace(found, error=f"{model.name} was not loaded within {LONGEST_LOAD:.0f} s.")
    finally:
        if not model.loaded:
            with suppress(RuntimeFailure):
                await runtime.unload(route)


def _route(model: Model) -> Route:
    window = min(WINDOW, model.window or WINDOW)
    return Route(model.runtime, model.name, model.family, window, keep=LINGER, why="It is measured.")


async def _rounds(runtime: Runtime, route: Route, found: Measured, seconds: float) -> Measured:
    """A small round to learn the model's pace, then as many as there is time for; the small one counts if no other."""
    ends = time.perf_counter() + seconds
    first = Estimate()
    whole = Estimate()
    prompt, answer, characters = FIRST_PROMPT, FIRST_ANSWER, CHARACTERS
    while True:
        text = fresh(int(prompt * characters))
        try:
            timing = await asyncio.wait_for(_asked(runtime, Call(route, text, max_tokens=answer)), SLOWEST * seconds)
        except asyncio.TimeoutError:
            return _told(found, first, whole, f"{route.model} is too slow to be measured in {seconds:g} s.")
        except RuntimeFailure as error:
            return _told(found, first, whole, str(error))
        if first == Estimate() and not found.rounds:
            first = _with(first, timing)
            characters = len(text) / timing.prompt_tokens if timing.prompt_tokens > 0 else characters
        else:
            whole = _with(whole, timing)
        found = replace(found, rounds=found.rounds + 1)
        left = ends - time.perf_counter()
        prompt, answer = _size(whole if whole.prefills else first, left)
        prompt = min(prompt, int(0.7 * (route.window - answer)))
        if prompt < FIRST_PROMPT:
            return _told(found, first, whole)


def _size(estimate: Estimate, left: float) -> tuple[int, int]:
    """How long the next prompt and answer may be, to be through in the seconds left; a prompt of 0: no more."""
    read, written = (rates[-1] if rates else 0.0 for rates in (estimate.prefills, estimate.decodes))
    if not read:
        return (0, 0) if left <= 0 else (PROMPT, ANSWER)
    answer = max(FIRST_ANSWER, min(ANSWER, int(left / 2 * written)))
    return min(PROMPT, int((left - (answer / written if written else 0.0)) * read)), answer


def _with(estimate: Estimate, timing: Timing) -> Estimate:
    """`shared` is 0: nobody has ever sent this prompt."""
    return estimate.with_turn(timing, shared=0.0)


def _told(found: Measured, first: Estimate, whole: Estimate, error: str = "") -> Measured:
    """The median of the rounds, each half from the first round if no other told it."""
    prefills, decodes = whole.prefills or first.prefills, whole.decodes or first.decodes
    if not (prefills or decodes):
        said = f"{found.model.name} answered too little to tell how fast it is."
        return replace(found, error=error or said)
    return replace(found, speed=Speed(_middle(prefills), _middle(decodes), measured=True), error=error)


def _middle(samples: tuple[float, ...]) -> float:
    return median_low(samples) if samples else 0.0


async def _asked(runtime: Runtime, call: Call) -> Timing:
    """The engine's account of one answer; its times by our own clock where it says none. Raises RuntimeFailure."""
    began = time.perf_counter()
    first = 0.0
    deltas = 0
    timing = None
    async with aclosing(runtime.generate(call)) as stretches:
        async for it in stretches:
            if isinstance(it, Delta):
                first = first or time.perf_counter()
                deltas += 1
            else:
                timing = it
    if timing is None:
        raise Incomplete(f"{call.route.runtime} ended its answer without its account.")
    if timing.prefill_ms > 0 or not first:
        return timing
    prefill, decode = first - began, time.perf_counter() - first
    written = max(timing.answer_tokens or deltas, 1)
    return replace(
        timing,
        answer_tokens=written,
        prefill_ms=prefill * 1000,
        decode_ms=decode * 1000 * written / max(written - 1, 1),  # the first token came with the prefill
    )


def fresh(characters: int, seed: int | None = None) -> str:
    """Code of about so many characters that was never sent before, so that no cache knows how it begins."""
    dice = random.Random(seed)

    def pick() -> str:
        return dice.choice(WORDS)

    text = f"# {dice.getrandbits(64):x}\n"
    while len(text) < characters:
        name, one, other = f"{pick()}_{pick()}", pick(), pick()
        text += f"def {name}({one}, {other}_{pick()}):\n    {pick()} = {one}.{pick()}({other})\n    return {pick()}\n\n"
    return text[: max(characters, 24)]
