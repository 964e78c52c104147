"""Reads the ignore files of the open workspaces, ahead of time, so that a keystroke is answered from memory."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct

from router.context.gating.ignore import Sheet, everything, sheet
from router.context.gating.rulebook import GIT, KINDS, OUTSIDE, Place, Sheets, below, excludes_file, reason

UNREAD = "its ignore files, which are not read yet"
_LARGEST = 256 * 1024  # bytes of an ignore file; a larger one keeps out everything
_REMEMBERED = 4096  # paths

Signature = tuple[object, ...]  # changes whenever what was read may have changed


class _Folder(Struct, frozen=True):
    place: Place
    signature: Signature


class Ignored:
    """What may not be shown of the workspaces at `roots`, by their ignore files.

    `roots`, `load`, `loaded`, `found` and `allowed` touch the disk, the others never do. What is not loaded yet is kept
    out, with UNREAD as the reason; what lies outside of the roots is not judged. Paths are absolute.
    """

    def __init__(self, roots: Sequence[str] = ()) -> None:
        self._folders: dict[str, _Folder] = {}
        self._known: dict[str, tuple[int, str]] = {}
        self._age = 0  # grows with every change, so that what was read before it is not kept
        self._tops: tuple[str, ...] = ()
        self.roots(roots)

    def roots(self, roots: Sequence[str]) -> None:
        """The workspaces are these from now on. Touches the disk: it looks for the work tree that each lies in."""
        folders = sorted(
            {top for root in roots for top in (_top(_slashed(root)), _top(_slashed(os.path.realpath(root))))}
        )
        self._tops = tuple(top for top in folders if not any(top != other and _in(top, other) for other in folders))
        self._forget("")

    def reason(self, path: str) -> str:
        """What keeps a file out; empty if nothing does. From memory, in about a microsecond."""
        age, why = self._known.get(path, (-1, ""))
        if age == self._age:
            return why
        age, whole = self._age, _slashed(path)
        if self._within(whole) is None or not os.path.isabs(path):
            return ""
        folder = self._folders.get(whole.rpartition("/")[0])
        if folder is None:
            return UNREAD
        why = reason(folder.place, whole)
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[path] = (age, why)
        return why

    def load(self, path: str, again: bool = True) -> None:
        """Read what decides about a file; what was read before is read `again` if it has changed on the disk."""
        whole = _slashed(path)
        top = self._within(whole)
        if top is not None:
            while not self._read(list(_folders(top, whole.rpartition("/")[0])), again):
                pass

    async def loaded(self, paths: Sequence[str]) -> None:
        """The same for several files, off the loop."""
        await asyncio.to_thread(self._load, tuple(paths))

    def found(self, path: str) -> str:
        """As `reason`, but what is not read yet is read."""
        why = self.reason(path)
        if why == UNREAD:
            self.load(path, again=False)
            why = self.reason(path)
        return why

    def allowed(self, path: str) -> bool:
        """Whether neither the path nor where it leads is kept out. Reads what is not read yet."""
        return not any(self.found(it) for it in {path, os.path.realpath(path)})

    def changed(self, path: str) -> bool:
        """A file was made, written or deleted: forget what it may have said; whether it was one of those that count.

        What depended on it is kept out until it is loaded again.
        """
        whole = _slashed(path)
        folder, _, name = whole.rpartition("/")
        if name in KINDS:
            self._forget(folder)
        elif name in (".git", "HEAD", "exclude", "config") and "/.git/" in f"{whole}/":
            self._forget("")  # it may be what several work trees share
        else:
            return False
        return True

    def _load(self, paths: Sequence[str]) -> None:
        for path in paths:
            self.load(path)

    def _within(self, path: str) -> str | None:
        return next((top for top in self._tops if _in(path, top)), None)

    def _forget(self, folder: str) -> None:
        """Drop what is known of a folder and of all below it."""
        self._age += 1
        for gone in [known for known in tuple(self._folders) if not folder or _in(known, folder)]:
            self._folders.pop(gone, None)

    def _read(self, folders: Sequence[str], again: bool) -> bool:
        """Bring these up to date, each the child of the one before; whether nothing changed meanwhile."""
        age, parent, anew = self._age, OUTSIDE, False
        for folder in folders:
            known = self._folders.get(folder)
            if known and not anew and (not again or known.signature == _signature(folder)):
                parent = known.place
                continue
            if known:
                self._forget(folder)
                age = self._age
            signature, begins = _signature(folder), _begins(folder)
            anew, parent = True, below(parent, folder, _sheets(folder, folders[0], begins), bool(begins))
            if age != self._age:
                return False
            self._folders[folder] = _Folder(parent, signature)
        return True


def _slashed(path: str) -> str:
    """A path with slashes and nothing to be resolved in it."""
    path = os.path.abspath(path)
    return path.replace(os.sep, "/").rstrip("/") if os.sep != "/" else path.rstrip("/")


def _in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder}/")


def _folders(top: str, folder: str) -> Iterator[str]:
    """The folders from `top` down to `folder`, both included."""
    yield top
    for at, sign in enumerate(folder):
        if sign == "/" and at > len(top):
            yield folder[:at]
    if folder != top:
        yield folder


def _top(root: str) -> str:
    """Where the work tree begins that a folder lies in; the folder itself if there is none."""
    folder = root
    while folder:
        if _begins(folder):
            return folder
        folder = folder.rpartition("/")[0]
    return root


def _begins(folder: str) -> str:
    """The folder that git keeps for the work tree that begins here; empty: none does.

    A `.git` that is no repository begins none, and so can't lift what the repository around it ignores.
    """
    at = f"{folder}/.git"
    if os.path.isfile(at):  # in a submodule, or in one more work tree
        text = _text(at) or ""
        at = os.path.join(folder, text.removeprefix("gitdir:").strip()) if text.startswith("gitdir:") else ""
    return at if at and os.path.isfile(f"{at}/HEAD") else ""


def _common(git: str) -> str:
    """Where the exclude file and the settings of a repository are that may have several work trees."""
    text = _text(f"{git}/commondir") if os.path.exists(f"{git}/commondir") else ""
    return os.path.join(git, (text or "").strip()) if text else git


def _stat(path: str, look: Callable[[str], os.stat_result] = os.lstat) -> Signature:
    try:
        found = look(path)
    except (OSError, ValueError):
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode


def _signature(folder: str) -> Signature:
    """Changes when an ignore file does; cheap, for it is asked of every folder whenever a file is opened."""
    own = tuple(_stat(f"{folder}/{kind}", os.lstat if kind == GIT else os.stat) for kind in KINDS)
    begins = _begins(folder) if _stat(f"{folder}/.git") else ""
    return (*own, begins, *(_stat(path, os.stat) for path in _for_the_tree(begins)))


def _for_the_tree(begins: str) -> tuple[str, ...]:
    """The files outside of the tree that decide about a work tree: its exclude file, the user's own, settings."""
    if not begins:
        return ()
    common = _common(begins)
    return f"{common}/info/exclude", *_configs(), f"{common}/config", _global(common)


def _configs() -> tuple[str, ...]:
    home = os.path.expanduser("~")
    if own := os.environ.get("GIT_CONFIG_GLOBAL"):
        return ("/etc/gitconfig", own)
    return "/etc/gitconfig", f"{_config_home()}/git/config", f"{home}/.gitconfig"


def _config_home() -> str:
    return os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")


def _global(common: str) -> str:
    """The user's own exclude file."""
    found = [excludes_file(_text(path) or "") for path in (*_configs(), f"{common}/config")]
    named = next((path for path in reversed(found) if path is not None), f"{_config_home()}/git/ignore")
    return os.path.expanduser(named)


def _sheets(folder: str, top: str, begins: str) -> Sheets:
    """The sheets that a folder adds, by kind."""
    return tuple(
        (*_own(folder, kind, folder[len(top) + 1 :]), *(_of_the_tree(folder, begins) if begins and kind == GIT else ()))
        for kind in KINDS
    )


def _own(folder: str, kind: str, shown: str) -> tuple[Sheet, ...]:
    path, name = f"{folder}/{kind}", f"{shown}/{kind}" if shown else kind
    if kind == GIT and os.path.islink(path):
        return ()  # git follows no link there
    return _sheet(path, name, folder, strict=kind == ".aiexclude")


def _of_the_tree(folder: str, begins: str) -> tuple[Sheet, ...]:
    common = _common(begins)
    user = _global(common)
    return *_sheet(f"{common}/info/exclude", ".git/info/exclude", folder), *_sheet(user, user, folder)


def _sheet(path: str, name: str, folder: str, strict: bool = False) -> tuple[Sheet, ...]:
    """The sheet in a file, if there is one; what cannot be read keeps out everything."""
    if not os.path.isfile(path):
        return ()
    text = _text(path)
    if text is None:
        return (everything(name, folder, "which cannot be read or is too large"),)
    return (sheet(text, name, folder, lifting=not strict, empty=strict),)


def _text(path: str) -> str | None:
    """The text of a regular file; None: it cannot be read, or is too large. Opening it never waits for anybody."""
    try:
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with open(opened, "rb") as file:
            whole = stat.S_ISREG(os.fstat(opened).st_mode) and os.fstat(opened).st_size <= _LARGEST
            return file.read(_LARGEST).decode("utf-8", "surrogateescape") if whole else None
    except (OSError, ValueError):
        return None
