"""What the gate costs, and how right it is: ignore files beside git and pathspec, masks on hostile and plain texts."""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import pathspec

from bench import table, trace
from router.context import privacy
from router.context.gating import ignore, secrets
from router.context.gating.ignored import Ignored

TREES, FILES = 150, 12
NAMES = ("a", "b", "ab", "a.c", "b.c", "A", "abc", "[a]", "a b", "x-y", "!a", "#a")
SIGNS = (*"aabbc*?[]!-^/.", "\\", "**", "**/", "/**", "[a-c]", "[!a]", "*.c", "/", "a/", "b/", "[[:alpha:]]", "\\*")
EVERYDAY = (
    "*.py[cod]\n__pycache__/\n/build/\ndist/\n*.egg-info/\n.venv/\nnode_modules/\n*.log\n!kept.log\n**/tmp/*.txt\n"
)


def _numbered(line: str) -> str:
    """Twenty lines of 99,000 characters, no two of them the same."""
    return "".join(f"{line}{number}\n" for number in range(20))


HOSTILE = (
    ("88 kB like PEM", "-----BEGIN RSA PRIVATE KEY-----\n" + ("A" * 64 + "\n") * 1350),
    ("88 kB of frames", "-----BEGIN RSA PRIVATE KEY-----\n" * 2_750),
    ("2 MB of a's on one line", "a" * 2_000_000),
    ("2 MB of eyJ on one line", "eyJ" * 666_000),
    ("2 MB, the same in lines of 99,000", _numbered("eyJ" * 33_000)),
    ("2 MB of password= in such lines", _numbered("password=" * 11_000)),
    ("2 MB of base64 in such lines", _numbered("A1b" * 33_000)),
    ("2 MB of 9,000 quoted passwords", "".join(f'password = "{n:>0200}x"\n' for n in range(9_000))),
    ("2 MB of line ends", "\n" * 2_000_000),
)


def _ms(work: Callable[[], object], times: int = 1) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def agreement(trees: int) -> table.Table:
    """Random ignore files over random trees: how often git says otherwise."""
    chance, wrong, files, refused = random.Random(4), [0, 0], 0, 0
    with tempfile.TemporaryDirectory() as root:
        subprocess.run(["git", "init", "-q", root], check=True)
        for number in range(trees):
            text = "\n".join(
                "".join(chance.choices(SIGNS, k=chance.randint(1, 6))) for _ in range(chance.randint(1, 4))
            )
            paths = _grown(Path(root, f"t{number}"), chance, text)
            git, (theirs, failed) = _git(root, f"t{number}", paths), _pathspec(text, paths)
            files, refused = files + len(paths), refused + failed
            for at, said in enumerate((_ours(text, paths), theirs)):
                wrong[at] += len(said ^ git)
    rows = tuple((name, files, bad) for name, bad in zip(("ours", "pathspec"), wrong, strict=True))
    note = f"pathspec refused {refused} of {trees} ignore files as malformed; git ignores the line that is."
    return table.Table("Which files random ignore files mean, held against git", ("", "files", "wrong"), rows, (note,))


def _grown(folder: Path, chance: random.Random, text: str) -> list[str]:
    paths = set()
    for _ in range(FILES):
        path = folder.joinpath(*chance.choices(NAMES, k=chance.randint(1, 4)))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        except OSError:  # a file stands where a folder would have to
            continue
        paths |= {path.relative_to(folder).as_posix()} if path.is_file() else set()
    (folder / ".gitignore").write_text(text)
    return sorted(paths)


def _git(root: str, tree: str, paths: Sequence[str]) -> set[str]:
    asked = "".join(f"{tree}/{path}\0" for path in paths)
    flags = ["-c", "core.ignorecase=false", "-c", f"core.excludesFile={os.devnull}"]
    command = ["git", "-C", root, *flags, "check-ignore", "--no-index", "-z", "--stdin"]
    said = subprocess.run(command, input=asked, text=True, capture_output=True).stdout
    return {path[len(tree) + 1 :] for path in said.split("\0") if path}


def _ours(text: str, paths: Sequence[str]) -> set[str]:
    """By the view in which case matters, as git was asked; the gate takes the stricter of two."""
    sheet = ignore.sheet(text, "")

    def out(path: str) -> bool:
        ends = [at for at, sign in enumerate(path) if sign == "/"] + [len(path)]
        rules = (sheet.decides(f"/{path[:end]}", end < len(path))[0] for end in ends)
        return any(rule is not None and not rule.lifts for rule in rules)

    return {path for path in paths if out(path)}


def _pathspec(text: str, paths: Sequence[str]) -> tuple[set[str], bool]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of its regular expressions
        try:
            spec = pathspec.GitIgnoreSpec.from_lines(text.split("\n"))
        except ValueError:
            return set(), True
    return {path for path in paths if spec.match_file(path)}, False


def answers() -> table.Table:
    """What one answer about one path costs."""
    spec = pathspec.GitIgnoreSpec.from_lines(EVERYDAY.split("\n"))
    with tempfile.TemporaryDirectory() as root:
        Path(root, ".gitignore").write_text(EVERYDAY)
        ours, path = Ignored([root]), f"{root}/src/yard/sorting.py"
        first = _ms(lambda: ours.load(path))
        again, known = _ms(lambda: ours.load(path), 200), _ms(lambda: [ours.reason(path) for _ in range(1000)], 9)
        new = [f"{root}/src/yard/sorting{number}.py" for number in range(1000)]
        asked = _ms(lambda: [ours.reason(one) for one in new])
        subprocess.run(["git", "init", "-q", root], check=True)
        process = _ms(lambda: _git(root, "src", ["yard/sorting.py"]), 9)
    paths = _ms(lambda: [spec.match_file("src/yard/sorting.py") for _ in range(1000)], 9)
    rows = (
        ("ours, when a file is opened: reading", first * 1000),
        ("ours, the same again: looking for changes", again * 1000),
        ("ours, at a keystroke: from memory", known),
        ("ours, a path in a folder that is known", asked),
        ("pathspec, one file's patterns", paths),
        ("git check-ignore, a process", process * 1000),
    )
    return table.Table("An answer about one path, microseconds", ("", "us"), rows, (table.load(),))


def patterns() -> table.Table:
    """A pattern that takes as long as it can: stars before a letter, held against a name of 60 letters."""
    rows: list[tuple[table.Cell, ...]] = []
    for stars in (4, 5, 6):
        pattern, name = "*a" * stars + "b", "a" * 60
        sheet, spec = ignore.sheet(pattern, ""), pathspec.GitIgnoreSpec.from_lines([pattern])
        rows.append((pattern, _ms(lambda: sheet.decides(f"/{name}", False)), _ms(lambda: spec.match_file(name))))  # noqa: B023
    sheet = ignore.sheet("*a" * 250 + "b", "")
    rows.append(("*a 250 times, b", _ms(lambda: sheet.decides("/" + "a" * 255, False)), "not in a lifetime"))
    return table.Table(
        "A hostile pattern and a name of 60 letters, milliseconds", ("", "ours", "pathspec"), tuple(rows)
    )


def masks() -> table.Table:
    """What the masks cost: on what goes into a prompt, and on texts made to make them slow."""
    text, at = trace.document()
    prompt = text[at - 4_000 : at + 4_000]
    typed = [f"{prompt[:4_000]}{'x' * count}{prompt[4_000:]}" for count in range(1, 200)]
    cold = _ms(lambda: secrets._look(prompt.split("\n")), 50)
    keys = iter(typed)
    rows = [
        ("8 kB, never seen", cold),
        ("8 kB, one key later", _ms(lambda: secrets.masked(next(keys)), 99)),
        ("8 kB in three stretches, cleaned", _ms(lambda: privacy.shown(*_cut(next(keys))), 99)),
    ]
    for name, hostile in HOSTILE:
        secrets._SEEN.clear()
        rows.append((name, _ms(lambda: secrets.masked(hostile))))  # noqa: B023
    return table.Table("Masking, milliseconds", ("", "ms"), tuple(rows), ("Aim: 0.3 for 8 kB, 50 for the hostile.",))


def _cut(text: str) -> tuple[str, str, str]:
    return text[:3_000], text[3_000:4_000], text[4_000:]


def false_alarms() -> table.Table:
    """Lines of Python's standard library that are masked; hardly one of them is a secret."""
    rows = []
    library = Path(sysconfig.get_paths()["stdlib"])
    parts: dict[str, list[Path]] = {"modules": [], "tests of the library": []}
    for path in library.rglob("*.py"):
        if "site-packages" not in path.parts:
            parts["tests of the library" if {"test", "tests"} & set(path.parts) else "modules"].append(path)
    for name, paths in parts.items():
        size = masked = 0
        for path in paths:
            text = path.read_text("utf-8", "replace")
            size += len(text)
            masked += sum(a != b for a, b in zip(text.split("\n"), secrets.masked(text).split("\n"), strict=True))
        rows.append((name, size / 1e6, masked, masked / max(size, 1) * 1e6))
    note = "In the tests they are made-up passwords, URLs with one, and base64."
    return table.Table("Lines masked in the standard library", ("", "MB", "lines", "per MB"), tuple(rows), (note,))


def measure() -> list[table.Table]:
    """All five tables."""
    return [agreement(TREES), answers(), patterns(), masks(), false_alarms()]


def main(arguments: Sequence[str]) -> int:
    return table.main(arguments, __doc__, measure)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
