"""Masks secrets in a text, each by as many characters as it has: known kinds of keys, PEM blocks, quoted passwords.

Best effort: what looks like a word is left alone. No rule looks further than its line but the one for PEM, nothing is
tried twice from within what was tried already, and a text that is packed with what secrets begin with is masked whole:
so none can be made to run long.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

MASK = "*"
MOST = 20_000  # beginnings of secrets in one text; each costs about a microsecond
Cut = tuple[int, int]

# What a secret begins with, and the expression that fits it from there; `value` is masked, or else all that fits. The
# shapes are those that their makers publish.
_KEYS: tuple[tuple[str, str], ...] = (
    *((begin, r"(?<![A-Za-z0-9])\w{4}[A-Z0-9]{16}(?![A-Za-z0-9])") for begin in ("AKIA", "ASIA", "ABIA", "ACCA")),
    *((begin, r"(?<![A-Za-z0-9])gh._[A-Za-z0-9]{30,}") for begin in ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    ("github_pat_", r"(?<!\w)github_pat_\w{20,}"),
    ("glpat-", r"(?<![\w-])glpat-[\w.-]{16,}"),
    ("xox", r"(?<!\w)xox[abeoprs]-[\w-]{10,}"),
    ("hooks.slack.com/", r"hooks\.slack\.com/(?P<value>(?:services|workflows|triggers)/[\w/-]{16,})"),
    ("AIza", r"(?<![\w-])AIza[\w-]{35}"),
    ("sk-", r"(?<![\w-])sk-(?=[a-zA-Z_-]*\d)[\w-]{20,}"),
    ("k_live_", r"(?<=[srp])k_live_[A-Za-z0-9]{10,}"),
    ("k_test_", r"(?<=[srp])k_test_[A-Za-z0-9]{10,}"),
    ("whsec_", r"(?<!\w)whsec_[\w+/=]{16,}"),
    ("npm_", r"(?<!\w)npm_[A-Za-z0-9]{30,}"),
    ("pypi-", r"(?<![\w-])pypi-[\w-]{30,}"),
    ("hf_", r"(?<!\w)hf_[A-Za-z0-9]{30,}"),
    ("SG.", r"(?<![\w.])SG\.[\w-]{16,}\.[\w-]{16,}"),
    ("AGE-SECRET-KEY-", r"(?<![\w-])AGE-SECRET-KEY-[A-Z0-9]{20,}"),
    ("eyJ", r"(?<![\w.-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"),
    ("earer ", r"(?<=[Bb])earer (?P<value>(?=[A-Za-z_~+/.-]*\d)[\w.~+/-]{16,}=*)"),
    ("asic ", r"(?<=[Bb])asic (?P<value>(?=[a-z]*[A-Z0-9])[A-Za-z0-9+/]{12,}=*)(?=[\s\"'`]|$)"),
    ("://", r"://[^\s/:@\"'`]{0,64}:(?P<value>(?![{$%<])[^\s/:@\"'`]{1,256})@"),
)  # fmt: skip
_NAMES = (
    "passw", "passphrase", "pwd", "secret", "token", "apikey", "api_key", "api-key", "access_key", "access-key",
    "accesskey", "private_key", "privatekey", "accountkey", "credential", "auth",
)  # fmt: skip
_EXPRESSIONS = tuple((begin, re.compile(source)) for begin, source in _KEYS)
_QUOTED = re.compile(
    r"[\w-]{0,48}[\"'`\])]{0,3}[ \t]{0,12}(?::[ \t]?[\w.\[\]| ]{1,32}=|[!=]==?|=>|:=|[=:])[ \t]{0,12}"
    r"(?:[rbufRBUF]{0,2}|@|\$)(?P<quote>[\"'`])(?P<value>[^\"'`\s]{8,4096})(?P=quote)"
)
_BARE = re.compile(r"[\w-]{0,48}[ \t]{0,12}[=:][ \t]{0,12}(?P<value>[\w+/~!@#%^&-]{12,4096}={0,2})(?=[\s;,\"'`]|$)")
_WORDS = re.compile(r"[A-Za-z]+(?:[._/:+-]+[A-Za-z]+)*\d{0,3}")
_TEMPLATE = re.compile(
    r"[\\{}<>]|\[.*\]|\(.*\)|\$\w|%[sdr(]|://|\.\.\.|\*\*\*|x{4}|example|changeme|placeholder|your[_-]", re.I
)
_HEX = re.compile(r"[0-9a-f]{24,}|[0-9A-F]{24,}")

_BEGIN, _END = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----"), re.compile(r"-----END [A-Z0-9 ]{1,40}-----")
_HEADER = re.compile(r"[ \t]*(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): ?")
_AROUND = " \t\"'`+,;()#*/\\"
_CODED = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_LINE, _LINES = 60, 3  # characters of a line in base64, and how many of them make a block without a frame


def masked(text: str) -> str:
    """`text` with its secrets masked; as long as before, line by line."""
    cuts = _cuts(text)
    if cuts is None:
        return "\n".join(MASK * len(line) for line in text.split("\n"))
    kept, end = [], 0
    for start, stop in sorted(cuts):
        if stop > end:
            kept += [text[end : max(start, end)], MASK * (stop - max(start, end))]
            end = stop
    return "".join((*kept, text[end:])) if kept else text


def _cuts(text: str) -> list[Cut] | None:
    """The stretches that are secrets; None: all of it."""
    lower = text.replace("\u0130", "i").lower()  # the one letter whose small form is longer
    begins = [(begin, expression) for begin, expression in _EXPRESSIONS if begin in text]
    names = [name for name in _NAMES if name in lower]
    if sum(text.count(begin) for begin, _ in begins) + sum(map(lower.count, names)) > MOST:
        return None
    cuts = [cut for begin, expression in begins for cut in _keys(text, begin, expression)]
    cuts += [cut for name in names for at in _places(lower, name) if (cut := _assigned(text, at))]
    return cuts + list(_blocks(text))


def _places(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + len(wanted))


def _keys(text: str, begin: str, expression: re.Pattern[str]) -> Iterator[Cut]:
    for at in _places(text, begin):
        if found := expression.match(text, at):
            yield found.span("value" if expression.groups else 0)


def _assigned(text: str, at: int) -> Cut | None:
    """The value that is given to the name at this place, if it looks like a secret."""
    if found := _QUOTED.match(text, at):
        return found.span("value") if _secretive(found["value"]) else None
    found = _BARE.match(text, at)
    return found.span("value") if found and _random(found["value"]) else None


@lru_cache(1024)
def _secretive(value: str) -> bool:
    """Whether a quoted value is one that somebody, or chance, made up: no word, no template, no expression."""
    if _WORDS.fullmatch(value) or _TEMPLATE.search(value):
        return False
    digits, others = (any(map(kind, value)) for kind in (str.isdigit, lambda sign: not sign.isalnum()))
    mixed = value.upper() != value != value.lower() and others
    return (mixed or (digits and any(map(str.isalpha, value)))) and _entropy(value) >= 2.8


@lru_cache(1024)
def _random(value: str) -> bool:
    """Whether a value without quotes, which in code is mostly a name, can only be chance."""
    if _HEX.fullmatch(value):
        return _entropy(value) >= 3
    digits = sum(map(str.isdigit, value))
    mixed = digits >= 3 and value.lower() != value and value.upper() != value
    return mixed and "__" not in value and not _WORDS.fullmatch(value) and _entropy(value) >= 3.3


def _entropy(value: str) -> float:
    """Bits per character, by how often each occurs in the value itself."""
    return -sum(many / len(value) * math.log2(many / len(value)) for many in Counter(value).values())


# Blocks: line by line, with no more state than whether one is open.


def _blocks(text: str) -> Iterator[Cut]:
    framed = "-----BEGIN " in text or "-----END " in text
    lines = text.split("\n")
    if not framed and sum(len(line) >= _LINE for line in lines) < _LINES:
        return
    at, run, opened = 0, list[Cut](), False
    for line in lines:
        begin = _BEGIN.search(line) if framed else None
        if begin:
            yield from _ended(run, opened)
            end = _END.search(line, begin.end())
            opened, run = not end, []
            yield at + begin.end(), at + (end.start() if end else len(line))
        elif framed and (end := _END.search(line)):
            yield from run
            yield at, at + end.start()
            opened, run = False, []
        elif cut := _coded(line, opened):
            run.append((at + cut[0], at + cut[1]))
        else:
            yield from _ended(run, opened)
            opened, run = opened and (not line.strip() or _HEADER.match(line) is not None), []
        at += len(line) + 1
    yield from _ended(run, opened)


def _ended(run: Sequence[Cut], opened: bool) -> Sequence[Cut]:
    """What of a run of coded lines is masked: all of it in a frame, and without one if there are enough of them."""
    return run if opened or len(run) >= _LINES else ()


def _coded(line: str, opened: bool) -> Cut | None:
    """What of a line is code in base64; without a frame, only a line that is full of it counts."""
    if not opened and len(line) < _LINE:
        return None
    inner = line.strip(_AROUND + "\r")
    inner = inner.removesuffix("\\n").removesuffix("\\r").rstrip(_AROUND)
    if not inner or not _CODED.fullmatch(inner) or (not opened and (len(inner) < _LINE or len(set(inner)) < 16)):
        return None
    start = line.find(inner)
    return start, start + len(inner)
