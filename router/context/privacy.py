"""The one gate that all text passes on its way into a prompt: which files may be read, and what they may say."""

from __future__ import annotations

import re
from functools import cache, lru_cache

# Files that hold secrets by their name alone, as .gitignore patterns.
SECRET = (
    ".env", ".env.*", "*.env", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.asc",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", ".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc",
    ".htpasswd", ".aws/", ".ssh/", ".gnupg/", ".kube/", ".docker/config.json", "credentials", "credentials.json",
    "credentials.csv", "secrets.json", "secrets.toml", "secrets.yaml", "secrets.yml", "*.tfstate", "*.tfvars",
)  # fmt: skip
_PUBLIC = frozenset((".env.example", ".env.sample", ".env.template", ".env.dist"))
_SURROGATE = re.compile("[\ud800-\udfff]")


@lru_cache(1024)
def excluded(path: str, patterns: tuple[str, ...] = ()) -> str | None:
    """The pattern that keeps the file at `path` out of every prompt, or None.

    Patterns are those of .gitignore: without a slash they fit any part of the path, with one they fit
    from the path's end; a slash at the end fits folders; case does not matter (some disks ignore it).
    """
    parts = tuple(part for part in path.replace("\\", "/").lower().split("/") if part)
    if not parts or parts[-1] in _PUBLIC:
        return next((pattern for pattern in patterns if parts and _fits(pattern, parts)), None)
    return next((pattern for pattern in (*patterns, *SECRET) if _fits(pattern, parts)), None)


def clean(text: str) -> str:
    """`text` as a prompt may hold it: the line ends that models know, and no half characters."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _fits(pattern: str, parts: tuple[str, ...]) -> bool:
    wanted = tuple(part for part in pattern.lower().split("/") if part)
    if not wanted or pattern.startswith("!"):
        return False
    last = len(parts) - len(wanted)
    if pattern.rstrip("/").count("/") and not pattern.endswith("/"):
        return last >= 0 and _all(wanted, parts[last:])
    candidates = parts[:-1] if pattern.endswith("/") else parts
    return any(_all(wanted, candidates[index:]) for index in range(len(candidates) - len(wanted) + 1))


def _all(wanted: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    return all(_glob(pattern).fullmatch(part) for pattern, part in zip(wanted, parts, strict=False))


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    """`*` and `?` only, so that no pattern can be made to run for ever."""
    wild = {"*": ".*", "?": "."}
    signs = re.split(r"(\*|\?)", re.sub(r"\*+", "*", pattern))
    return re.compile("".join(wild.get(sign) or re.escape(sign) for sign in signs))
