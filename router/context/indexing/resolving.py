"""Which file of a workspace an import means: by where such a file would lie, without looking at a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from posixpath import join, normpath

from router.context.indexing.neighbours import Neighbours, distance, split
from router.context.tagging.language import language_of

_SCRIPTS = ("ts", "tsx", "d.ts", "js", "jsx", "mjs", "cjs", "mts", "cts", "json", "vue", "svelte")
_JS = frozenset({"javascript", "javascriptreact", "typescript", "typescriptreact", "vue", "svelte"})
_MOST = 64  # files of one name that are looked at


def resolve(path: str, module: str, name: str, known: Neighbours) -> str | None:
    """The file that `module`, imported in the file at `path`, means; that of its `name`, where it has one of its own.

    Paths have slashes. None: it is not in the workspace, as most are not.
    """
    folder, file = split(path)
    for tail in _places(folder, file, module, name):
        found = _known(tail, folder, known)
        if found is not None and found != path:
            return found
    return None


def _places(folder: str, file: str, module: str, name: str) -> Iterator[str]:
    """Where it might lie, the likeliest first: whole paths, or the ends of paths, which begin with no slash."""
    language = language_of(file)
    if language in _JS:
        return _script(folder, module)
    rooms: dict[str, Callable[[str, str, str], Iterator[str]]] = {
        "c": _included,
        "cpp": _included,
        "csharp": _package,
        "css": _included,
        "go": _go,
        "html": _included,
        "java": _package,
        "kotlin": _package,
        "lua": _lua,
        "php": _php,
        "python": _python,
        "ruby": _ruby,
        "rust": _rust(file),
        "scala": _package,
        "shellscript": _included,
    }
    return rooms.get(language, _included)(folder, module, name)


def _known(tail: str, folder: str, known: Neighbours) -> str | None:
    """The file with this path, or the nearest whose path ends so; `a/*.go` is one of its kind in such a folder."""
    if "*" in tail:
        return _first(tail, folder, known)
    name = tail.rpartition("/")[2]
    found = known.named(name)
    if tail.startswith("/") or tail[1:3] == ":/":
        return tail if tail in found else None
    ends = [other for other, _ in zip(found, range(_MOST), strict=False) if other.endswith("/" + tail)]
    return min(ends, key=lambda other: (distance(folder, split(other)[0]), other), default=None)


def _first(tail: str, folder: str, known: Neighbours) -> str | None:
    place, _, ending = tail.rpartition("/*")
    folders = [other for other in known.folders() if other == place or other.endswith("/" + place)]
    for other in sorted(folders, key=lambda it: (distance(folder, it), it)):
        files = sorted(file for file in known.within(other) if file.endswith(ending) and "_test." not in file)
        if files:
            stem = place.rpartition("/")[2]
            return next((file for file in files if file.endswith(f"/{stem}{ending}")), files[0])
    return None


def _python(folder: str, module: str, name: str) -> Iterator[str]:
    rest = module.lstrip(".")
    dots = len(module) - len(rest)
    base = _up(folder, dots - 1) if dots else ""
    parts = [part for part in rest.split(".") if part]
    ways = [[*parts, name], parts] if name and name != "*" else [parts]
    for way in ways:
        if dots:
            yield from _python_file(join(base, *way))
        elif way:
            yield from _python_file("/".join(way))
            yield from _python_file(join(folder, *way))


def _python_file(stem: str) -> Iterator[str]:
    if not stem.endswith("/"):
        yield from (f"{stem}.py", f"{stem}.pyi")
    yield from (f"{stem.rstrip('/')}/__init__.py", f"{stem.rstrip('/')}/__init__.pyi")


def _script(folder: str, module: str) -> Iterator[str]:
    bare = module.partition("?")[0]
    if bare.startswith("."):
        yield from _script_file(_within(folder, bare))
    elif bare.startswith(("@/", "~/", "$lib/")):  # what a tsconfig usually calls the source folder
        yield from _script_file(bare.partition("/")[2])
    elif "/" in bare:
        yield from _script_file(bare)
        yield from _script_file("src/" + bare.split("/", 2 if bare.startswith("@") else 1)[-1])
    elif bare:
        yield from _script_file(bare + "/src/index")


def _script_file(stem: str) -> Iterator[str]:
    yield stem
    if stem.endswith((".js", ".jsx", ".mjs")):  # TypeScript is imported by the name that it will be compiled to
        cut = stem[: stem.rfind(".")]
        yield from (f"{cut}.ts", f"{cut}.tsx", f"{cut}.mts")
    yield from (f"{stem}.{ending}" for ending in _SCRIPTS)
    yield from (f"{stem}/index.{ending}" for ending in _SCRIPTS[:6])


def _go(_folder: str, module: str, _name: str) -> Iterator[str]:
    """A package is a folder; how much of its path is the module's own stands in go.mod, so the longest end wins."""
    parts = module.split("/")
    yield from ("/".join(parts[at:]) + "/*.go" for at in range(1 if "." in parts[0] else 0, len(parts)))


def _rust(file: str) -> Callable[[str, str, str], Iterator[str]]:
    def places(folder: str, module: str, name: str) -> Iterator[str]:
        parts = [part.removeprefix("r#") for part in module.split("::") if part]
        here = folder if file in ("mod.rs", "lib.rs", "main.rs") else join(folder, file.removesuffix(".rs"))
        head = parts[0] if parts else ""
        if head == "crate":
            base, rest = _crate(folder), parts[1:]
        elif head in ("self", "super"):
            ups = sum(part == "super" for part in parts)
            base, rest = _up(here, ups), [part for part in parts if part not in ("self", "super")]
        elif parts:
            yield from _rust_file(here, [*parts, name])
            base, rest = f"{head.replace('_', '-')}/src", parts[1:]
            yield from _rust_file(f"{head}/src", [*rest, name])
        else:
            base, rest = here, []
        yield from _rust_file(base, [*rest, name])

    return places


def _rust_file(base: str, parts: list[str]) -> Iterator[str]:
    """A name may be an item of a module, or of an enum in it."""
    parts = [part for part in parts if part and part != "*"]
    for count in range(len(parts), max(-1, len(parts) - 3), -1):
        if count:
            stem = join(base, *parts[:count])
            yield from (f"{stem}.rs", f"{stem}/mod.rs")
        elif base:
            yield from (f"{base}/lib.rs", f"{base}/main.rs", f"{base}.rs", f"{base}/mod.rs")


def _crate(folder: str) -> str:
    at = f"{folder}/".rfind("/src/")
    return folder[: at + 4] if at >= 0 else folder


def _package(_folder: str, module: str, name: str) -> Iterator[str]:
    parts = [part for part in [*module.split("."), name] if part and part != "*"]
    for end in range(len(parts), max(1, len(parts) - 2), -1):
        stem = "/".join(parts[:end])
        yield from (f"{stem}.{ending}" for ending in ("java", "kt", "scala", "cs"))
    stem = "/".join(parts[-2:])  # Kotlin may leave out the folders that all packages share
    yield from (f"{stem}.{ending}" for ending in ("kt", "cs"))


def _php(_folder: str, module: str, name: str) -> Iterator[str]:
    parts = [part for part in [*module.split("\\"), name] if part]
    if "/" in module or module.endswith(".php"):
        yield from _included(_folder, module, name)
    for at in range(max(1, len(parts) - 1)):  # its first folders stand for a namespace
        yield "/".join(parts[at:]) + ".php"


def _ruby(folder: str, module: str, _name: str) -> Iterator[str]:
    bare = module.removesuffix(".rb")
    yield f"{_within(folder, bare)}.rb"
    if not bare.startswith("."):
        yield from (f"lib/{bare}.rb", f"{bare}.rb")


def _lua(folder: str, module: str, _name: str) -> Iterator[str]:
    stem = module.replace(".", "/")
    for place in (stem, join(folder, stem)):
        yield from (f"{place}.lua", f"{place}/init.lua")


def _included(folder: str, module: str, _name: str) -> Iterator[str]:
    bare = module.partition("?")[0].partition("#")[0]
    if not bare or "://" in bare:
        return
    yield _within(folder, bare)
    if not bare.startswith("."):
        yield normpath(bare).lstrip("/")


def _within(folder: str, path: str) -> str:
    return normpath(join(folder, path.lstrip("/")))


def _up(folder: str, times: int) -> str:
    for _ in range(times):
        folder = folder.rpartition("/")[0]
    return folder
