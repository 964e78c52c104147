"""The layers of settings and the files that some of them come from; the last good ones stay in force."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path

from router import BadConfig, layers
from router.config import Config
from router.layers import Layer

WORKSPACE_FILE = ".switchyard.toml"
EDITOR = "the editor's settings"
LARGEST = 1 << 20  # bytes; a file that is larger is no settings file
DEBOUNCE = 100  # ms; an editor that saves by renaming makes several events of it

Complain = Callable[[str], object]


class Settings:
    """User file, launch arguments, a file of each workspace folder, editor: merged in that order into one frozen tree.

    `trusted`: the user's own file has been read, or there is none. Until then nobody knows what it keeps out of every
    prompt, and nothing may be sent.
    """

    def __init__(self, launch: Layer, complain: Complain) -> None:
        self._complain = complain
        self._launch = launch
        self._files: dict[str, Layer] = {}
        self._editor: Layer | None = None
        self._user = user_file()
        self._workspaces: list[str] = []
        self._wrong: dict[str, str] = {}  # what is the matter with a file, or with what the editor says
        self._said: set[str] = set()  # what the user has been told and is still so
        self.trusted = False
        self.config = layers.merge([launch]).config

    def enter(self, roots: Sequence[str]) -> Config:
        """Read all files; `roots` are the folders that are open, each of which may tighten."""
        files = [os.path.join(root, WORKSPACE_FILE) for root in roots]
        for left in set(self._workspaces) - set(files):
            self._files.pop(left, None)
            self._wrong.pop(left, None)
        self._workspaces = files
        return self.read()

    def read(self) -> Config:
        """Read all files again."""
        self._read(self._user, "user")
        self.trusted = self.trusted or self._user not in self._wrong
        if not self.trusted:
            self._wrong[self._user] += " Until that is mended nothing is suggested."
        for file in self._workspaces:
            self._read(file, "workspace")
        return self._merge()

    def edit(self, values: object) -> Config:
        """Take what the editor says; null says nothing, and what is no settings at all is complained of."""
        values = values.get("switchyard", values) if isinstance(values, dict) else values
        if values is not None:
            self._try(EDITOR, lambda: self._from_editor(values))
        return self._merge()

    async def changes(self) -> AsyncGenerator[Config, None]:
        """The tree whenever one of the files was written, until closed."""
        from watchfiles import Change, awatch

        while True:
            files, missing, folders = self._watched()

            def concerns(change: Change, path: str, files: set[str] = files, missing: set[str] = missing) -> bool:
                return path in files or (change is Change.added and path in missing)

            changes = awatch(
                *folders, watch_filter=concerns, debounce=DEBOUNCE, recursive=False, ignore_permission_denied=True
            )
            async with aclosing(changes):
                async for _ in changes:
                    yield self.read()
                    if self._watched()[2] != folders:
                        break
                else:
                    return

    def _watched(self) -> tuple[set[str], set[str], set[str]]:
        """The files; folders on their way that are not there yet; and those that are, where the next will appear."""
        named = [os.path.abspath(file) for file in (self._user, *self._workspaces)]
        files = {*named, *map(_target, named)}
        missing, folders = set[str](), set[str]()
        for file in files:
            folder = os.path.dirname(file)
            while not os.path.isdir(folder):
                missing.add(folder)
                folder = os.path.dirname(folder)
            folders.add(folder)
        return files, missing, folders

    def _from_editor(self, values: object) -> None:
        if not isinstance(values, dict):
            raise BadConfig("The editor's settings must be a table of settings.")
        self._editor = layers.layer(EDITOR, values, "workspace")

    def _read(self, file: str, trust: layers.Trust) -> None:
        def read() -> None:
            if (found := layer(file, trust)) is None:
                self._files.pop(file, None)
            else:
                self._files[file] = found

        self._try(file, read)

    def _try(self, source: str, take: Callable[[], None]) -> None:
        self._wrong.pop(source, None)
        try:
            take()
        except BadConfig as error:
            self._wrong[source] = str(error)

    def _merge(self) -> Config:
        workspaces = [self._files.get(file) for file in self._workspaces]
        found = [self._files.get(self._user), self._launch, *workspaces, self._editor]
        merged = layers.merge([layer for layer in found if layer is not None])
        wrong = [*self._wrong.values(), *merged.complaints]
        for sentence in wrong:
            if sentence not in self._said:
                self._complain(sentence)
        self._said = set(wrong)
        self.config = merged.config
        return self.config


def user_file() -> str:
    """Where the user's own settings are looked for."""
    return layers.user_path(os.environ, os.path.expanduser("~"))


def layer(file: str, trust: layers.Trust) -> Layer | None:
    """What a settings file says; None: there is none. Raises BadConfig."""
    text = _text(file)
    return None if text is None else layers.parse(file, text, trust)


def _text(file: str) -> str | None:
    try:
        found = os.stat(file)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        return None
    except OSError as error:
        raise _unreadable(file, error) from error
    if found.st_size > LARGEST:
        raise BadConfig(f"{file} is larger than {LARGEST >> 20} MB; that is no settings file.")
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return None  # such as /dev/null, for no settings at all
    try:
        return Path(file).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadConfig(f"{file} is not UTF-8 text; save it as UTF-8.") from error
    except OSError as error:
        raise _unreadable(file, error) from error


def _target(file: str) -> str:
    """Where a link leads: that file is written, and the link is not."""
    try:
        return os.path.realpath(file)
    except (OSError, ValueError):
        return file


def _unreadable(file: str, error: OSError) -> BadConfig:
    return BadConfig(f"{file} can't be read ({error.strerror}); mend its permissions.")
