"""Masks secrets in a text, each by as many characters as it has: known kinds of keys, PEM blocks, quoted passwords.

Best effort: what looks like a word is left alone. No rule looks further than its line but the one for PEM, nothing is
tried twice from within what was tried already; an endless line, and a text packed with what secrets begin with, are
masked whole: so none can be made to run long.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

MASK = "*"
MOST = 10_000  # beginnings of secrets in one text; each costs about a microsecond
_REMEMBERED, _LARGE = 16_384, 1_000_000  # lines, and characters of a text of which none are remembered
_JUDGED = 64  # characters of a value that tell whether it is a secret
_ENDLESS = 100_000  # characters of a line; a longer one is no prose and no program, and is masked whole
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
    ("asic ", r"(?<=[Bb])asic (?P<value>(?=[A-Za-z]*[0-9=+/])[A-Za-z0-9+/]{12,}=*)(?=[\s\"'`]|$)"),
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
    r"[\\{}<>]|\[[^][]*\]|\([^()]*\)|\$\w|%[sdr(]|://|\.\.\.|\*\*\*|x{4}|example|changeme|placeholder|your[_-]", re.I
)
_DIGIT = re.compile("[0-9]")
_HEX = re.compile(r"[0-9a-f]{24,}|[0-9A-F]{24,}")

_BEGIN, _END = re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----"), re.compile(r"-----END [A-Z0-9 ]{1,40}-----")
_HEADER = re.compile(r"[ \t]*(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset): ?")
_INLINE = re.compile(r"[A-Za-z0-9+/]{16,}")  # of a block that is written on one line
_AROUND = " \t\"'`+,;()#*/\\"
_CODED = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_LINE, _LINES = 60, 3  # characters of a line in base64, and how many of them make a block without a frame


class Seen(Struct, frozen=True):
    """What a line is by itself: the stretches of it that are secrets, and whether it is `full` of code in base64."""

    cuts: tuple[Cut, ...] = ()
    full: bool = False


_NOTHING = Seen()
_SEEN: dict[str, Seen] = {}  # from one keystroke to the next nearly all lines are the same


def masked(text: str) -> str:
    """`text` with its secrets masked; as long as before, line by line."""
    lines = text.split("\n")
    known = _known(lines)
    if known is None:
        return "\n".join(MASK * len(line) for line in lines)
    special = {line for line, seen in known.items() if seen is not _NOTHING}
    framed = "-----BEGIN " in text or "-----END " in text
    if not special and not framed:
        return text
    hidden = [_cut(line, known[line].cuts) if line in special else line for line in lines]
    for at, cut in _blocks(lines) if framed or any(known[line].full for line in special) else ():
        hidden[at] = _cut(hidden[at], [cut])
    return "\n".join(hidden)


def _cut(line: str, cuts: Sequence[Cut]) -> str:
    """A line with these stretches masked."""
    for start, end in cuts:
        line = f"{line[:start]}{MASK * (end - start)}{line[end:]}"
    return line


def _known(lines: Sequence[str]) -> dict[str, Seen] | None:
    """What is known of these lines; None: there is too much in them that secrets begin with."""
    each = dict.fromkeys(lines)
    known = {line: seen for line in each if (seen := _SEEN.get(line))}
    if new := [line for line in each if line not in known]:
        found = _look([line for line in new if len(line) <= _ENDLESS])
        if found is None:
            return None
        found |= {line: Seen(((0, len(line)),)) for line in new if len(line) > _ENDLESS}
        known.update(found)
        if len(_SEEN) + len(found) > _REMEMBERED:
            _SEEN.clear()
        if len(found) <= _REMEMBERED and sum(map(len, found)) < _LARGE:
            _SEEN.update(found)
    return known


def _look(lines: Sequence[str]) -> dict[str, Seen] | None:
    """What each of these lines is, found in all of them at once."""
    cuts = _cuts("\n".join(lines))
    if cuts is None:
        return None
    found, at, cuts = dict[str, Seen](), 0, cuts[::-1]
    for line in lines:
        own: list[Cut] = []
        while cuts and cuts[-1][0] < at + len(line):
            start, end = cuts.pop()
            own.append((start - at, end - at))
        full = len(line) >= _LINE and _coded(line, opened=False) is not None
        found[line] = Seen(tuple(own), full) if own or full else _NOTHING
        at += len(line) + 1
    return found


def _cuts(text: str) -> list[Cut] | None:
    """The stretches that are secrets by themselves, from the first to the last; None: there may be too many."""
    lower = text.replace("\u0130", "i").lower()  # the one letter whose small form is longer
    begins = [(begin, expression) for begin, expression in _EXPRESSIONS if begin in text]
    names = [name for name in _NAMES if name in lower]
    if sum(text.count(begin) for begin, _ in begins) + sum(map(lower.count, names)) > MOST:
        return None
    cuts = [cut for begin, expression in begins for cut in _keys(text, begin, expression)]
    return sorted(cuts + [cut for name in names for at in _places(lower, name) if (cut := _assigned(text, at))])


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
        return found.span("value") if _secretive(found["value"][:_JUDGED]) else None
    found = _BARE.match(text, at)
    return found.span("value") if found and _random(found["value"][:_JUDGED]) else None


@lru_cache(1024)
def _secretive(value: str) -> bool:
    """Whether a quoted value is one that somebody, or chance, made up: no word, no template, no expression."""
    if _WORDS.fullmatch(value) or _TEMPLATE.search(value):
        return False
    letters = value.upper() != value or value.lower() != value
    mixed = value.upper() != value != value.lower() and not value.isalnum()
    return (mixed or (letters and _DIGIT.search(value) is not None)) and _entropy(value) >= 2.5


@lru_cache(1024)
def _random(value: str) -> bool:
    """Whether a value without quotes, which in code is mostly a name, can only be chance."""
    if _HEX.fullmatch(value):
        return _entropy(value) >= 3
    mixed = len(_DIGIT.findall(value)) >= 3 and value.lower() != value and value.upper() != value
    return mixed and "__" not in value and not _WORDS.fullmatch(value) and _entropy(value) >= 3.3


def _entropy(value: str) -> float:
    """Bits per character, by how often each occurs in the value itself."""
    size = len(value)
    return math.log2(size) - sum(many * math.log2(many) for many in Counter(value).values()) / size


# Blocks: line by line, with no more state than whether one is open


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, Cut]]:
    """What belongs to blocks, as stretches of the lines of these numbers."""
    run: list[tuple[int, Cut]] = []
    opened = False
    for at, line in enumerate(lines):
        begin, end = _BEGIN.search(line), _END.search(line)
        if begin:
            yield from _ended(run, opened)
            opened, run = not end, []
            rest = (begin.end(), end.start() if end and end.start() > begin.end() else len(line))
            yield from [(at, rest)] * (_INLINE.search(line, *rest) is not None)
        elif end:
            yield from run
            yield from [(at, (0, end.start()))] * (_INLINE.search(line, 0, end.start()) is not None)
            opened, run = False, []
        elif cut := _coded(line, opened):
            run.append((at, cut))
        else:
            yield from _ended(run, opened)
            opened, run = opened and (not line.strip() or _HEADER.match(line) is not None), []
    yield from _ended(run, opened)


def _ended(run: Sequence[tuple[int, Cut]], opened: bool) -> Sequence[tuple[int, Cut]]:
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
