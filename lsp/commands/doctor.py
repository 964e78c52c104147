"""`switchyard doctor`: what was found, what is missing, and the exact command that mends it."""

from __future__ import annotations

import argparse
import asyncio
import platform
import shutil
import socket
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct, structs

from lsp.commands import config, models
from lsp.settings import user_file
from lsp.shell import files, terminal
from router import BadConfig
from router.config import Config
from router.layers import merge
from router.models.types import Survey
from router.runtimes import child
from router.runtimes.embedded_files import Files
from router.runtimes.embedded_own import WAY_OUT, Own
from router.runtimes.ollama_dialect import is_cloud
from router.types import Route

PACKAGES = ("switchyard", "pygls", "ollama", "xllamacpp", "tree-sitter", "msgspec")
MEND_FIRST = "correct that line; until then nothing is suggested, for it may keep files out of prompts"
REINSTALL = "install Switchyard again"
_PULL = "ollama pull qwen2.5-coder:1.5b"
_MARKS = {"ok": "ok", "note": "note", "warning": "WARNING", "missing": "missing", "wrong": "WRONG"}

State = Literal["ok", "note", "warning", "missing", "wrong"]


class Check(Struct, frozen=True):
    """One thing that was looked at; `mend` is a command or a step, empty when there is nothing to do."""

    name: str
    state: State
    found: str
    mend: str = ""


def run(args: argparse.Namespace) -> int:
    """Look at everything and print it; 1 when the main job can't run. Raises nothing but for a wrong --set."""
    chosen, checks = _settings(args.settings)
    with terminal.waiting("asking the engines"):
        surveys, wrong = _survey(chosen)
    checks += wrong
    route, why = models.choose(surveys, chosen)
    checks += [*_engines(surveys), *_own(surveys), *_hosts(chosen, surveys), *_editors()]
    if checks[0].mend == MEND_FIRST:
        route, why = None, f"Nothing is suggested until {user_file()} is mended."
    verdict = _verdict(route, why, chosen)
    if args.json:
        versions = {"python": platform.python_version(), "platform": platform.platform(), **_versions()}
        plain = [structs.asdict(check) for check in checks]
        terminal.as_json({"ok": route is not None, "verdict": verdict, "checks": plain, "versions": versions})
    else:
        _print(checks, verdict)
    return int(route is None)


def _survey(settings: Config) -> tuple[Sequence[Survey], list[Check]]:
    """What the engines say; or what is wrong with settings of which no engine can be made."""
    try:
        return asyncio.run(models.survey(settings)), []
    except BadConfig as error:
        return (), [Check("settings", "wrong", str(error), "correct that setting")]


def _print(checks: Sequence[Check], verdict: str) -> None:
    packages = ", ".join(f"{name} {number}" for name, number in _versions().items())
    terminal.say(f"{packages}; Python {platform.python_version()}, {platform.platform()}")
    for check in checks:
        terminal.say(f"{_MARKS[check.state]:>8}  {check.name}: {check.found}")
        if check.mend:
            terminal.say(f"{'':>8}  -> {check.mend}")
    terminal.say(f"\n{verdict}")


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _verdict(route: Route | None, why: str, settings: Config) -> str:
    if route is None:
        return f"Completion can't run. {why}"
    if route.runtime == "echo" and settings.models.complete:
        return f"Completion runs, but echo only repeats what the code already says. {why}"
    if route.runtime == "echo":
        return f"Completion runs, but no model is there: echo only repeats what the code already says. A model: {_PULL}"
    return f"Completion runs on {route.runtime}. {why}"


def _settings(settings: Sequence[str]) -> tuple[Config, list[Check]]:
    """The settings in force, or the defaults when the user's file is wrong; a wrong --set is raised."""
    try:
        layers = config.layers(settings, Path.cwd())
        files = [layer.name for layer in layers if layer.name != "--set"]
        chosen = config.read_settings(settings, Path.cwd())
    except BadConfig as error:
        if str(error).startswith("--set"):
            raise
        if str(error).startswith(user_file()):
            return Config(), [Check("settings", "wrong", str(error), MEND_FIRST)]
        chosen = merge(config.layers(settings, None)).config
        return chosen, [Check("settings", "wrong", str(error), "correct that line; until then the file is passed over")]
    return chosen, [Check("settings", "ok", ", ".join(files) or "the defaults; there is no settings file")]


def _engines(surveys: Sequence[Survey]) -> Iterator[Check]:
    for survey in surveys:
        if survey.engine == "echo":
            yield Check("echo", "ok", "needs no weights; it only repeats what the code already says")
        elif survey.error or not survey.models:
            yield Check(survey.engine, "missing", survey.error or "it has no models", _mend(survey))
        else:
            yield from _models(survey)


def _own(surveys: Sequence[Survey]) -> Iterator[Check]:
    """The weights that come with Switchyard, if any do."""
    files = Files("", ())
    for it in files.look():
        if it.own:
            yield Check("embedded", "note", f"{it.model.name} comes with Switchyard; {_sure(it.own)}")
    if files.fault and all(it.error != files.fault for it in surveys):
        yield Check("embedded", "wrong", files.fault, REINSTALL)


def _sure(own: Own) -> str:
    whole, inside = own.scores.whole, own.scores.inside
    return (
        f"in {', '.join(own.languages)} it is sure enough of {whole.shown:.0%} of whole lines, of which "
        f"{whole.right:.0%} are right, and of the rest of a line in {inside.shown:.0%} ({inside.right:.0%})"
    )


def _models(survey: Survey) -> Iterator[Check]:
    able = [model.name for model in survey.models if model.family and not model.remote]
    state: State = "ok" if able else "missing"
    count = "1 model" if len(survey.models) == 1 else f"{len(survey.models)} models"
    found = f"{count}, {len(able)} can complete" + (f": {', '.join(able)}" if able else "")
    yield Check(survey.engine, state, found, "" if able else _mend(survey))
    for model in survey.models:
        if not model.family:
            yield Check(survey.engine, "note", f"{model.name} can't fill in the middle; it is not used for completion")
        if model.remote or is_cloud(model.name):
            found = f"{model.name} runs on somebody else's machine; it is not used for completion"
            yield Check(survey.engine, "warning", found, f"ollama rm {model.name}" if is_cloud(model.name) else "")


def _mend(survey: Survey) -> str:
    """The command that brings what this engine lacks."""
    if survey.engine == "ollama" and survey.error:
        return "ollama serve" if shutil.which("ollama") else f"install Ollama, then: {_PULL}"
    if survey.engine == "ollama":
        return _PULL
    if survey.engine == "embedded":
        return REINSTALL if survey.error.endswith(f"{WAY_OUT}.") else _mend_embedded()
    return ""


def _mend_embedded() -> str:
    lacking = child.lacking()
    if lacking == child.OPENMP:
        return "apt install libgomp1"
    if lacking:
        return "make install, or in a checkout: uv tool install --force '.[embedded]'"
    return f'add to {user_file()}: runtime.embedded.gguf = "/path/to/a/model.gguf"'


def _hosts(settings: Config, surveys: Sequence[Survey]) -> Iterator[Check]:
    """Where code is sent to, and who else could reach the engine that it is sent to."""
    ours, port = _address(settings.runtime.ollama.host)
    for name, host in (("ollama", ours), ("openai", _address(settings.runtime.openai.host)[0])):
        if host and not _is_here(host):
            yield Check(name, "warning", f"your settings send code to {host}, which is not this machine")
    answers = any(survey.engine == "ollama" and not survey.error for survey in surveys)
    address = _own_address() if answers else ""
    if address and _answers(address, port or 11434):
        found = f"Ollama answers on {address} too: whoever reaches this machine can use it"
        yield Check("ollama", "warning", found, "set OLLAMA_HOST=127.0.0.1 where Ollama is started, and start it again")


def _address(url: str) -> tuple[str, int]:
    """Host and port as a URL says them; an empty host and 0 where it says none, or nothing that makes sense."""
    try:
        split = urlsplit(url)
        return split.hostname or "", split.port or 0
    except ValueError:
        return "", 0


def _is_here(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _own_address() -> str:
    """This machine's address on its network, or an empty string. No packet is sent: connecting UDP only chooses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as chooser:
        try:
            chooser.connect(("192.0.2.1", 9))  # an address that is for documentation only
        except OSError:
            return ""
        address = str(chooser.getsockname()[0])
        return "" if _is_here(address) else address


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=0.5):
            return True
    except OSError:
        return False


def _editors() -> Iterator[Check]:
    plugin = files.neovim()
    if shutil.which("nvim") is None:
        yield Check("editor", "note", "there is no nvim on PATH")
    else:
        where = f'add to init.lua: vim.opt.rtp:prepend("{plugin}")' if plugin else ""
        yield Check("editor", "ok", f"nvim at {shutil.which('nvim')}; inside it, :checkhealth switchyard", where)
