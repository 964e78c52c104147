"""The one gate that all text passes on its way into a prompt: which files may be read, and what they may say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from unicodedata import normalize

from router.context.gating import ignore
from router.context.gating.invisible import visible
from router.context.gating.secrets import MASK, masked
from router.context.lines import around, first_line, last_line
from router.models import families

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
_HIDDEN = re.compile(re.escape(MASK) + "{6}")
_CHAT = (r"</?s>", r"\[/?INST\]", "<</?SYS>>", "</?(?:start|end)_of_turn>", "</?(?:tool_call|tool_response|think)>")
_NONCE = re.compile(r"\w{8,64}", re.ASCII)


def reason(path: str, real: str = "", patterns: tuple[str, ...] = (), ignored: Callable[[str], str] = str) -> str:
    """What keeps a file out of every prompt, as in ".gitignore:3 (`build/`)"; empty if nothing does.

    `real` is where the path's links lead to: both count. `patterns` are the user's own; `ignored` tells what the
    ignore files say of a path (`Ignored.reason`).
    """
    ways = [way for way in dict.fromkeys((path, real)) if way]
    return next((why for way in ways if (why := _reason(way, patterns) or ignored(way))), "")


@lru_cache(1024)
def excluded(path: str, patterns: tuple[str, ...] = ()) -> str | None:
    """The pattern that keeps the file at `path` out of every prompt, or None.

    Patterns are those of .gitignore; where they are not, they are stricter: a slash at the beginning ties them to no
    root (it is not known here, so they fit at any depth), `!` lifts nothing, case does not matter (some disks ignore
    it), nor does the form of an accent, and a pattern of more than 512 characters fits everything.
    """
    return _own(path, patterns) or _secret(path)


@lru_cache(1024)
def _reason(path: str, patterns: tuple[str, ...]) -> str:
    if own := _own(path, patterns):
        return f"privacy.exclude (`{own}`)"
    secret = _secret(path)
    return f"its name (`{secret}`)" if secret else ""


def _own(path: str, patterns: tuple[str, ...]) -> str | None:
    return next((pattern[:_LONGEST] for pattern in patterns if _fits((pattern,), _path(path))), None)


def _secret(path: str) -> str | None:
    folder, slash, name = _path(path).rpartition("/")
    rule = _fits(SECRET, folder + slash + ("public" if name.lower() in _PUBLIC else name))
    return SECRET[rule.line - 1] if rule else None


def _path(path: str) -> str:
    """A path with one slash before each of its names."""
    parts = normalize("NFC", path).replace("\\", "/").split("/")
    return "".join(f"/{part}" for part in parts if part not in ("", "."))


def _fits(patterns: tuple[str, ...], path: str) -> ignore.Rule | None:
    """The rule that fits the path or a folder that it lies in."""
    if not path:
        return None
    if rule := _folder(patterns, path.rpartition("/")[0]):
        return rule
    one, other = _sheet(patterns).decides(path, is_folder=False)
    return one or other


@lru_cache(1024)
def _folder(patterns: tuple[str, ...], folder: str) -> ignore.Rule | None:
    """The rule that fits the folder or one that it lies in."""
    ends = [at for at, sign in enumerate(folder) if sign == "/" and at] + [len(folder)] * bool(folder)
    rules = (rule for end in ends for rule in _sheet(patterns).decides(folder[:end], is_folder=True) if rule)
    return next(rules, None)


@lru_cache(256)
def _sheet(patterns: tuple[str, ...]) -> ignore.Sheet:
    lines = [line for pattern in patterns for line in _anywhere(pattern)]
    return ignore.sheet("\n".join(lines), "", lifting=False)


def _anywhere(pattern: str) -> Iterator[str]:
    """A pattern of the user's as lines of .gitignore that fit at any depth, and are never malformed."""
    if len(pattern) > _LONGEST:
        yield "*"
        return
    for line in normalize("NFC", pattern).splitlines():
        # A backslash that quotes no sign is how some write a slash.
        line = re.sub(r"\\(?![\\*?\[\]!# ])", "/", line.rstrip())
        parts = [part for part in line.split("/") if part not in ("", ".")]
        if parts and not line.startswith("!"):
            plain = "/".join(("**", *parts) if len(parts) > 1 else parts).replace("#", "\\#") + "/" * line.endswith("/")
            yield plain if any(ignore.rules_of(plain)) else plain.replace("[", "\\[")


# What a file may say


def clean(text: str) -> str:
    """`text` as a prompt may hold it: no secrets, nothing that cannot be seen, the line ends that models know.

    A mask is as long as what it hides; what cannot be seen is gone, which moves no cursor: an answer goes where the
    request's cursor is.
    """
    return masked(visible(_plain(text)))


def shown(*stretches: str) -> tuple[str, ...]:
    """Stretches of a text that follow one another, each clean: a secret that lies across a cut is masked as well."""
    seen = [visible(_plain(stretch)) for stretch in stretches]
    whole, at = masked("".join(seen)), 0
    found: list[str] = []
    for stretch in seen:
        found.append(whole[at : at + len(stretch)])
        at += len(stretch)
    return tuple(found)


def at_secret(text: str, at: int) -> bool:
    """Whether the cursor stands in or at the end of a secret: nobody is asked to go on with it, or with its mask.

    A text in quotes counts as soon as it would be one if it ended here.
    """
    before, after = around(text, at)
    before, after = last_line(before), first_line(after)
    quote = next((sign for sign in reversed(before) if sign in "\"'`"), "")
    return any(_touched(before, rest) for rest in dict.fromkeys((after, quote)))


def _touched(before: str, after: str) -> bool:
    line, place = before + after, slice(max(0, len(before) - 1), len(before) + 1)
    return masked(line)[place] != line[place]


def hidden(answer: str, text: str) -> bool:
    """Whether an answer holds a mask that the user's own `text` does not: it is never shown."""
    return _HIDDEN.search(answer) is not None and _HIDDEN.search(text) is None


def fenced(text: str, nonce: str, name: str = "") -> str:
    """`text`, which is not trusted, between two lines that it cannot write itself, for it does not know the `nonce`.

    `nonce`: 8 to 64 letters and digits, new and random for each prompt; ValueError if it is not. `name` tells what it
    is. Marks are broken up as by `Family.escape`, those of all families and of chats.
    """
    if not _NONCE.fullmatch(nonce):
        raise ValueError("A nonce is 8 to 64 letters and digits.")
    label, inside = (it.replace(nonce, "…") for it in (named(name, 200), _defused(clean(text))))
    return f"<<<{nonce} {label}".rstrip() + f"\n{inside}\n{nonce}>>>"


def named(text: str, longest: int = 2_000) -> str:
    """`text` as it may stand within a line of a prompt that is ours: clean, on one line, with no marks in it."""
    seen = "".join(sign if sign.isprintable() else " " for sign in clean(text))
    return _defused(" ".join(seen.split())[:longest])


def _defused(text: str) -> str:
    return _marks().sub(lambda found: f"{found[0][0]}\u200b{found[0][1:]}", text)


@cache
def _marks() -> re.Pattern[str]:
    """The marks of all families, and those with which chats are laid out."""
    known = {re.escape(mark) for family in families.table().values() for mark in family.marks}
    return re.compile("|".join(("<[|｜][^<>\n]{1,64}[|｜]>", *sorted(known), *_CHAT)))


def _plain(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
