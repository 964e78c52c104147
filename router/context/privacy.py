"""The one gate that all text passes on its way into a prompt: which files may be read, and what they may say."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TypeAlias
from unicodedata import normalize

# Files that hold secrets by their name alone, as .gitignore patterns.
SECRET = (
    ".env", ".env.*", "*.env", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.asc",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc",
    ".htpasswd", ".aws/", ".ssh/", ".gnupg/", ".kube/", ".docker/config.json", "credentials", "credentials.json",
    "credentials.csv", "secrets.json", "secrets.toml", "secrets.yaml", "secrets.yml", "*.tfstate", "*.tfvars",
)  # fmt: skip
_PUBLIC = frozenset((".env.example", ".env.sample", ".env.template", ".env.dist"))
_LONGEST = 512  # characters of a pattern
_SURROGATE = re.compile("[\ud800-\udfff]")
_SIGN = re.compile(
    r"\\(?P<quoted>.)|\[(?=[^\]]*\])(?P<set>[!^]?\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]|(?P<sign>.)", re.DOTALL
)

Glob: TypeAlias = "tuple[tuple[re.Pattern[str], int], ...]"  # what stands between the stars, each with its length


@lru_cache(1024)
def excluded(path: str, patterns: tuple[str, ...] = ()) -> str | None:
    """The pattern that keeps the file at `path` out of every prompt, or None.

    Patterns are those of .gitignore; where they are not, they are stricter: a slash at the beginning ties them to no
    root (it is not known here, so they fit at any depth), `!` lifts nothing, case does not matter (some disks ignore
    it), nor does the form of an accent, and a pattern of more than 512 characters fits everything.
    """
    parts = tuple(part for part in normalize("NFC", path).replace("\\", "/").split("/") if part not in ("", "."))
    if not parts:
        return None
    if own := next((pattern for pattern in patterns if _excludes(pattern, parts)), None):
        return own[:_LONGEST]
    *folders, name = parts
    known = (*folders, "public" if name.lower() in _PUBLIC else name)
    return next((pattern for pattern in SECRET if _excludes(pattern, known)), None)


def clean(text: str) -> str:
    """`text` as a prompt may hold it: the line ends that models know, and no half characters."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _excludes(pattern: str, parts: tuple[str, ...]) -> bool:
    """Whether the pattern fits as it is written, or when case does not matter: `[!A-Z]` fits more with it."""
    if len(pattern) > _LONGEST:
        return True
    lines = normalize("NFC", pattern).splitlines()
    lower = tuple(part.lower() for part in parts)
    return any(_fits(line, parts) or _fits(line.lower(), lower) for line in lines)


def _fits(pattern: str, parts: tuple[str, ...]) -> bool:
    """Whether a leading part of the path is what the pattern means: all that lies below is meant with it.

    `**` cuts the pattern into runs; each is looked for as far to the left as it can be, which leaves most to the next.
    """
    runs, below = _runs(pattern)
    at = 0
    for run in runs:
        ends = range(at + len(run), len(parts) + 1)
        found = next((end for end in ends if _all(run, parts[end - len(run) : end])), None)
        if found is None:
            return False
        at = found
    return bool(runs or below) and at + below <= len(parts)


@cache
def _runs(pattern: str) -> tuple[tuple[tuple[Glob, ...], ...], bool]:
    """The globs between the `**`, and whether something must lie below what they fit."""
    # A backslash that quotes no sign is how some write a slash.
    wanted = re.sub(r"\\(?![\\*?\[\]!# ])", "/", pattern.rstrip()).split("/")
    if pattern.startswith("!"):
        return (), False
    named = [part for part in wanted if part not in ("", ".")]
    runs: list[list[Glob]] = [[]]
    for part in named:
        if part == "**":
            runs.append([])
        else:
            runs[-1].append(_glob(part))
    return tuple(tuple(run) for run in runs if run), bool(named) and (wanted[-1] == "" or named[-1] == "**")


def _all(run: tuple[Glob, ...], parts: tuple[str, ...]) -> bool:
    return all(_is(glob, part) for glob, part in zip(run, parts, strict=True))


def _is(glob: Glob, name: str) -> bool:
    """Whether a name is what the glob means. No regular expression in it repeats anything, so none can run long."""
    (first, length), *middle = glob
    if not middle:
        return first.fullmatch(name) is not None
    last, tail = middle.pop()
    end = len(name) - tail
    if length > end or not first.match(name) or not last.fullmatch(name, end):
        return False
    for stretch, _ in middle:
        found = stretch.search(name, length, end)
        if found is None:
            return False
        length = found.end()
    return True


def _glob(pattern: str) -> Glob:
    stretches: list[list[str]] = [[]]
    for sign in _SIGN.finditer(pattern):
        if sign["sign"] == "*":
            stretches.append([])
        else:
            stretches[-1].append(_one(sign))
    ends = len(stretches) - 1
    kept = [it for at, it in enumerate(stretches) if it or at in (0, ends)]  # `**` within a name is one star
    return tuple((re.compile("".join(it), re.DOTALL), len(it)) for it in kept)


def _one(sign: re.Match[str]) -> str:
    """A regular expression for one character."""
    if sign["set"] is None:
        return "." if sign["sign"] == "?" else re.escape(sign["quoted"] or sign["sign"])
    inside = sign["set"].lstrip("!^") if sign["set"][:1] in ("!", "^") else sign["set"]
    if re.search(r"[\\\[]", inside):
        return "."  # a class by name, or a quoted sign: any character will do
    members = re.findall(r"(.)-(.)|(.)", inside, re.DOTALL)
    ranges = (f"{re.escape(a)}-{re.escape(b)}" for a, b, _ in members if a and a <= b)
    negated = "^" if inside != sign["set"] else ""
    within = "".join((*ranges, *(re.escape(one) for _, _, one in members if one)))
    return f"[{negated}{within}]" if within else ("." if negated else "(?!)")
