"""Asks git which files of a workspace are there; nothing that a workspace's own configuration names is executed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

# What a repository's configuration could have git execute or fetch; hooks, file system monitors, transports.
_TAME = (
    *("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never"),
    *("-c", "safe.bareRepository=explicit", "--literal-pathspecs", "--no-pager"),
)
_LIST = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
_CHUNK = 1 << 16
_OURS = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH")


def listed(folder: str, below: Sequence[str] = (), patience: float = 20.0) -> Iterator[str]:
    """The files of the working tree at or below `folder` that git keeps or would keep, relative to it; with a slash at
    the end, the folder of another repository. `below` names the only files that are asked for.

    Deleted and unmerged ones are among them. Raises OSError: no git, no repository, or it took too long.
    """
    program = _program(folder)
    if program is None:
        raise FileNotFoundError("git")
    command = [program, *_TAME, "-C", folder, *_LIST, *(("--", *below) if below else ())]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd=os.path.dirname(program),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    ) as running:
        deadline = threading.Timer(patience, running.kill)
        deadline.daemon = True
        deadline.start()
        try:
            assert running.stdout is not None
            yield from _names(iter(lambda: os.read(running.stdout.fileno(), _CHUNK), b""))  # type: ignore[union-attr]
            if running.wait():
                raise OSError(f"git ended with {running.returncode}")
        finally:
            deadline.cancel()
            running.kill()


def said(folder: str, *words: str, patience: float = 60.0) -> bytes:
    """What git prints, asked so in a folder. Raises FileNotFoundError: no git; OSError: it fails or takes too long."""
    program = _program(folder)
    if program is None:
        raise FileNotFoundError("git")
    try:
        found = subprocess.run(
            [program, *_TAME, "-C", folder, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=_environment(),
            cwd=os.path.dirname(program),
            timeout=patience,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"git took longer than {patience:.0f} s") from error
    if found.returncode:
        told = found.stderr.decode("utf-8", "replace").strip().splitlines()
        raise OSError(told[-1].removeprefix("fatal: ") if told else f"git ended with {found.returncode}")
    return found.stdout


def _names(chunks: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *names, rest = (rest + chunk).split(b"\0")
        yield from map(os.fsdecode, names)


def _environment() -> dict[str, str]:
    """Ours, without what git left there for others: it may be git that has started the editor."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _OURS}
    return kept | {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}


def _program(workspace: str) -> str | None:
    """The git on the user's path, but for one that lies in the workspace."""
    home = os.path.realpath(workspace)
    name = "git.exe" if sys.platform == "win32" else "git"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        program = os.path.join(folder, name)
        if not os.path.isabs(folder) or not os.access(program, os.X_OK) or not os.path.isfile(program):
            continue
        if not inside(os.path.realpath(program), home):
            return program
    return None


def inside(path: str, folder: str) -> bool:
    """Whether `path` is `folder` or lies in it; both as os.path.realpath gives them."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def kept_in(folder: str) -> str | None:
    """The folder in which the repository of a working tree keeps HEAD and its index; None: there is none.

    In a worktree and in a submodule `.git` is a file that names it.
    """
    for above in (Path(folder), *Path(folder).parents):
        place = above / ".git"
        try:
            mode = place.lstat().st_mode
            if stat.S_ISDIR(mode):
                return str(place)
            if stat.S_ISREG(mode) and place.stat().st_size < 4096:
                said = place.read_text("utf-8", "surrogateescape").removeprefix("gitdir:").strip()
                return os.path.normpath(above / said) if (above / said / "HEAD").is_file() else None
        except (OSError, ValueError):
            continue
    return None
