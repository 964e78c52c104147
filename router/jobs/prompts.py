"""The prompts in force: ours in prompts/, and in the place of each the one that the user keeps beside the settings."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from msgspec import Struct

from router import BadTask, layers, tasks
from router.types import Task

LARGEST = 100_000  # bytes


class Prompt(Struct, frozen=True):
    """A task's file: its `text` as it is in force. `path` is the user's own file; `fault` says why that is not used."""

    task: Task
    text: str
    path: str = ""
    fault: str = ""

    @property
    def own(self) -> bool:
        """Whether the user's file is in force."""
        return bool(self.path) and not self.fault


def folder(env: Mapping[str, str], home: str) -> Path:
    """Where a user keeps prompts: beside their settings file, never in a workspace."""
    return Path(layers.user_path(env, home)).parent / "prompts"


def found(own: Path) -> dict[str, Prompt]:
    """Every task's prompt, in the order of the names; `own` is the folder of the user's."""
    return {name: _prompt(name, ours, own / f"{name}.md") for name, ours in tasks.texts().items()}


def in_force() -> dict[str, Task]:
    """The task table with the user's own prompts in it."""
    return {name: prompt.task for name, prompt in found(folder(os.environ, os.path.expanduser("~"))).items()}


def strays(own: Path, known: Collection[str], inside: str = "") -> list[str]:
    """The files in the user's folder, or `inside` one of its folders, that have none of these names."""
    try:
        names = (f"{inside}{it.name}" for it in (own / inside).glob("*.md"))
        return sorted(name for name in names if name.removesuffix(".md") not in known)
    except OSError:
        return []


def _prompt(name: str, ours: str, path: Path) -> Prompt:
    task = tasks.shipped()[name]
    try:
        text = read(path)
        if text is None:
            return Prompt(task, ours)
        return Prompt(_fitting(task, tasks.read(name, text, str(path)), path), text, str(path))
    except BadTask as error:
        return Prompt(task, ours, str(path), instead(error))


def instead(error: BadTask) -> str:
    """What is said of a file of the user's that can't be used."""
    return f"{error} The prompt that comes with Switchyard is used instead."


def read(path: Path) -> str | None:
    """What the user's file says; None: there is none, or one that is about to be written. Raises BadTask."""
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        if isinstance(error, NotADirectoryError):
            return None
        raise BadTask(f"{path}: it can't be read: {error.strerror}.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadTask(f"{path}: it is not UTF-8 text.") from error
    if len(content) > LARGEST:
        raise BadTask(f"{path}: it is longer than {LARGEST:,} bytes.")
    return text.replace("\r\n", "\n") if text.strip() else None


def _fitting(ours: Task, task: Task, path: Path) -> Task:
    """The user's task, if it can take the place of ours. Raises BadTask."""
    for field in ("offer", "answer", "lane"):
        if getattr(task, field) != getattr(ours, field):
            raise BadTask(f'{path}: {field} must stay "{getattr(ours, field)}", for the editor goes by it.')
    if ours.body and not task.body:
        raise BadTask(f"{path}: there is nothing after the front matter; what the model is told stands there.")
    return task


class Prompts:
    """The task table in force, read anew when a file of the user's has changed; `note` hears once what is wrong."""

    def __init__(self, note: Callable[[str], object], own: Path | None = None) -> None:
        self._own = own or folder(os.environ, os.path.expanduser("~"))
        self._note = note
        self._told: set[str] = set()
        self._seen: tuple[tuple[int, int], ...] = ()
        self._tasks = tasks.shipped()

    def tasks(self) -> dict[str, Task]:
        """All tasks by name. Looks on the disk whether the user's prompts are as they were."""
        seen = tuple(_stamp(self._own / f"{name}.md") for name in tasks.texts())
        if seen != self._seen:
            self._seen, prompts = seen, found(self._own)
            self._tasks = {name: prompt.task for name, prompt in prompts.items()}
            for fault in {prompt.fault for prompt in prompts.values() if prompt.fault} - self._told:
                self._note(fault)
                self._told.add(fault)
        return self._tasks


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
