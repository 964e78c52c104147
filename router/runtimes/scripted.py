"""The engine that says, stalls and fails on cue; part of the product, for tests and demonstrations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import msgspec

import router
from router.config import Config
from router.models import families
from router.models.types import Model
from router.types import Call, Delta, Route, Timing

NAME = "scripted"


class Cue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to do when a prompt ends with `when` and `holds` that somewhere; the first cue that fits is taken.

    `say` is the answer, stretch by stretch; `wait_ms` passes before each stretch, and `load_ms` once, before
    the first. `fail` names an error of `router`, raised after the last stretch. `hang`: never come to an end.
    An answer that is `begun` goes on with the stretches that have not been said.
    """

    when: str = ""
    holds: str = ""
    say: tuple[str, ...] = ()
    wait_ms: float = 0.0
    load_ms: float = 0.0
    fail: str = ""
    hang: bool = False


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole script; `family` is how the prompts are to be laid out."""

    cue: tuple[Cue, ...] = ()
    family: str = "plain"


def build(config: Config) -> Scripted:
    """The engine that plays the script which the settings name. Raises BadConfig."""
    path = config.runtime.scripted.script
    try:
        text = Path(path).read_text(encoding="utf-8") if path else ""
    except OSError as error:
        raise router.BadConfig(f"The script {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # a NUL in the name, or no UTF-8
        raise router.BadConfig(f"The script {path} is not a UTF-8 text file.") from error
    return Scripted(read(text))


def read(text: str) -> Script:
    """A script from TOML. Raises BadConfig."""
    try:
        script = msgspec.toml.decode(text, type=Script)
    except msgspec.MsgspecError as error:
        raise router.BadConfig(f"The script is not one: {error}") from error
    families.check(script.family, "The script's family")
    return script


class Scripted:
    """A Runtime that follows a script.

    `heard` are the calls in order, `closed` counts those cut short; `asked` is set when a call has come, `left` when
    one was cut short.
    """

    name = NAME

    def __init__(self, script: Script | Sequence[Cue] = ()) -> None:
        self.script = script if isinstance(script, Script) else Script(tuple(script))
        self.heard: list[Call] = []
        self.closed = 0
        self.asked, self.left = asyncio.Event(), asyncio.Event()

    async def models(self) -> list[Model]:
        return [Model(self.name, "script", family=self.script.family, loaded=True)]

    async def ready(self, route: Route) -> bool:
        return True

    async def load(self, route: Route) -> None:
        return None

    async def unload(self, route: Route) -> None:
        return None

    async def count(self, route: Route, text: str) -> int:
        return len(text) // 4

    async def generate(self, call: Call) -> AsyncGenerator[Delta | Timing, None]:
        self.heard.append(call)
        self.asked.set()
        cue = next((cue for cue in self.script.cue if _fits(cue, call)), Cue())
        try:
            await asyncio.sleep(cue.load_ms / 1000)
            for stretch in _unsaid(cue.say, call.begun):
                await asyncio.sleep(cue.wait_ms / 1000)
                yield Delta(stretch)
            if cue.hang:
                await asyncio.Event().wait()
            if cue.fail:
                raise _failure(cue.fail)
        except (GeneratorExit, asyncio.CancelledError):
            self.closed += 1
            self.left.set()
            raise
        yield Timing(prompt_tokens=len(call.prompt) // 4, answer_tokens=len(cue.say))

    async def aclose(self) -> None:
        return None


def _fits(cue: Cue, call: Call) -> bool:
    return call.prompt.endswith(cue.when) and cue.holds in f"{call.system}\n{call.prompt}"


def _unsaid(stretches: Sequence[str], begun: str) -> Sequence[str]:
    said = next((at for at in range(len(stretches) + 1) if "".join(stretches[:at]) == begun), 0)
    return stretches[said:]


def _failure(name: str) -> Exception:
    kind = getattr(router, name, None)
    if isinstance(kind, type) and issubclass(kind, router.SwitchyardError):
        return kind(f"The script says {name}.")
    return router.BadConfig(f"The script fails with {name!r}, which is no error of the router.")
