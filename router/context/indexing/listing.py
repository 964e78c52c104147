"""Which source files a workspace has, and what was passed over: as git sees it, or by a walk where there is no git."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from time import monotonic

from msgspec import Struct

from router.context.indexing import git
from router.context.tagging.language import language, language_of

LARGEST = 2_000_000  # bytes of a file
MOST = 200_000  # files of a workspace that are looked at
_REPOSITORIES, _DEEP = 64, 6  # within one another and in all
_IDLE = frozenset({"__pycache__", "bower_components", "node_modules", "site-packages", "vendor", "venv"})
_MADE = frozenset(
    """cargo.lock composer.lock gemfile.lock go.sum package-lock.json pipfile.lock pnpm-lock.yaml poetry.lock uv.lock
    yarn.lock""".split()
)
_MADE_ENDINGS = (".bundle.js", ".min.css", ".min.js", ".pb.go", "_pb2.py", "_pb2_grpc.py")


class Listing(Struct, frozen=True):
    """Source files with their time of change (ns) and size, and why others are not among them.

    `repositories` are folders whose files git has listed; empty: there is no git here. `whole`: nothing broke it off.
    """

    files: dict[str, tuple[int, int]]
    passed: dict[str, int]
    repositories: tuple[str, ...] = ()
    whole: bool = True


def listed(root: str, allowed: Callable[[str], bool], patience: float = 20.0) -> Listing:
    """The source files at and below `root`, an absolute path; all paths have slashes.

    Links are not followed, and only regular files are looked at. Raises OSError: the root is no folder to be read.
    """
    with os.scandir(root):
        pass
    deadline = monotonic() + patience
    repositories: list[str] = []
    passed: Counter[str] = Counter()
    names = _by_git(root, repositories, deadline)
    files, whole = _chosen(names, allowed, passed, deadline)
    if not repositories or (not files and repositories == [root]):  # or it is git that ignores the whole folder
        repositories.clear()
        files, whole = _chosen(_walked(root, passed), allowed, passed, deadline)
    return Listing(files, dict(passed), tuple(repositories), whole)


def native(path: str) -> str:
    """A path with slashes, as this system writes it."""
    return path if os.sep == "/" else path.replace("/", os.sep)


def folds(root: str) -> bool:
    """Whether the disk takes `A` and `a` for one name."""
    name = root[root.rfind("/") + 1 :]
    other = root[: len(root) - len(name)] + name.swapcase()
    try:
        return other != root and os.path.samefile(root, other)
    except (OSError, ValueError):
        return False


def relisted(root: str, allowed: Callable[[str], bool], before: Listing, patience: float) -> Listing:
    """`listed`; where that was broken off, what was there before and still is belongs to it, too."""
    found = listed(root, allowed, patience)
    if not found.whole:
        for path in before.files.keys() - found.files.keys():
            if not isinstance(seen := look(path, allowed), str):
                found.files[path] = seen
    return found


def looked(paths: Sequence[str], known: Listing, allowed: Callable[[str], bool], patience: float = 20.0) -> Listing:
    """The same about a few paths of a workspace that was listed: what is missing here is no source file there, now."""
    passed: Counter[str] = Counter()
    new = [path for path in paths if path not in known.files and os.path.lexists(path)]
    kept = {path for path in paths if path in known.files} | set(_kept(new, known.repositories, patience))
    files, whole = _chosen(kept, allowed, passed, monotonic() + patience)
    return Listing(files, dict(passed), known.repositories, whole)


def _kept(paths: Sequence[str], repositories: Sequence[str], patience: float) -> Iterator[str]:
    """Those of some paths that git keeps or would keep; without git, all."""
    if not repositories:
        yield from (path for path in paths if not _idle(path))
        return
    by_home: dict[str, list[str]] = {}
    for path in paths:
        homes = [home for home in repositories if path.startswith(f"{home}/")]
        if homes:
            by_home.setdefault(max(homes, key=len), []).append(path)
    for home, some in by_home.items():
        try:
            for name in git.listed(home, [path[len(home) + 1 :] for path in some], patience):
                yield f"{home}/{name}"
        except OSError:
            continue


def _by_git(root: str, repositories: list[str], deadline: float) -> Iterator[str]:
    """Files by git, those of repositories within repositories too; `repositories` says whom git has answered."""
    waiting = [(root, 0)]
    while waiting and len(repositories) < _REPOSITORIES:
        home, depth = waiting.pop()
        try:
            for name in git.listed(home, patience=max(0.1, deadline - monotonic())):
                path = f"{home}/{name}"
                if name.endswith("/") or (_unending(name) and _is_folder(path)):  # a submodule has a name like a file's
                    if depth < _DEEP and os.path.lexists(os.path.join(path, ".git")):
                        waiting.append((path.rstrip("/"), depth + 1))
                else:
                    yield path
            repositories.append(home)
        except OSError:
            if not depth:
                repositories.clear()
                return


def slashed(path: str) -> str:
    """A path of this system, with slashes."""
    return path if os.sep == "/" else path.replace(os.sep, "/")


def _unending(name: str) -> bool:
    return not language(language_of(name.rpartition("/")[2]))


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def _walked(root: str, passed: Counter[str]) -> Iterator[str]:
    """All files of a folder that git does not know, but for what tools have put there."""
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        yield slashed(entry.path)
                    elif not _tools(entry):
                        waiting.append(entry.path)
        except OSError:
            passed["a folder that can't be read"] += 1


def _tools(entry: os.DirEntry[str]) -> bool:
    return entry.name.startswith(".") or entry.name in _IDLE or os.path.lexists(os.path.join(entry.path, "pyvenv.cfg"))


def _idle(path: str) -> bool:
    return any(part in _IDLE for part in path.split("/"))


def _chosen(
    paths: Iterable[str], allowed: Callable[[str], bool], passed: Counter[str], deadline: float
) -> tuple[dict[str, tuple[int, int]], bool]:
    """Those of the paths that are source files which may be read, and whether all were looked at."""
    files: dict[str, tuple[int, int]] = {}
    for count, path in enumerate(paths):
        if path in files:
            continue  # an unmerged file has up to three entries
        if len(files) >= MOST or (count % 256 == 0 and monotonic() > deadline):
            passed["beyond what is looked at of so large a workspace"] += 1
            return files, False
        found = look(path, allowed)
        if isinstance(found, str):
            passed[found] += 1
        else:
            files[path] = found
    return files, True


def look(path: str, allowed: Callable[[str], bool]) -> tuple[int, int] | str:
    """The time of change (ns) and size of a source file, or why it is passed over. Follows no link."""
    name = path[path.rfind("/") + 1 :]
    if not language(language_of(name)):
        return "not a language that is known"
    if name.lower() in _MADE or name.lower().endswith(_MADE_ENDINGS):
        return "made by a program"
    if not path.isascii() and not _is_text(path):
        return "its name is not text"
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return "gone, or not to be read"
    if not stat.S_ISREG(found.st_mode):
        return "a link" if stat.S_ISLNK(found.st_mode) else "not a regular file"
    if found.st_size > LARGEST:
        return f"larger than {LARGEST // 1_000_000} MB"
    if not allowed(path):
        return "excluded"
    return found.st_mtime_ns, found.st_size


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def folders(files: Mapping[str, object], root: str) -> list[str]:
    """The folders that hold files, with all above them up to the root, which comes first."""
    found = {root: None}
    for folder in {path[: path.rfind("/")] for path in files}:
        while folder not in found and len(folder) > len(root):
            found[folder] = None
            folder = folder[: folder.rfind("/")]
    return list(found)
