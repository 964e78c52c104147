"""Ignore files, read as git reads them: which of their lines decides about a path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from unicodedata import normalize

from msgspec import Struct

_MOST, _STARS = 10_000, 5_000  # rules and stars of one file; beyond, nobody wrote it, and it keeps out everything
_SPECIAL = re.compile(r"[*?\[\\]")
_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": r" \t", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r" \t\n\r\f\v",
    "upper": "A-Z", "xdigit": "0-9A-Fa-f",
}  # fmt: skip


class Rule(Struct, frozen=True):
    """One line of an ignore file: `text` as it stands there, at `line` (from 1).

    `lifts`: it takes back what lines before it said. `folder`: it means folders only. `path`: it is held against the
    path from the ignore file's folder, not against the name alone. `exact` fits as git does where case matters, byte
    by byte (each as the character of that number); `folded` as it does where case does not.
    """

    line: int
    text: str
    lifts: bool
    folder: bool
    path: bool
    exact: re.Pattern[str]
    folded: re.Pattern[str]


class Sheet(Struct, frozen=True):
    """The rules of one ignore file, the last first; `name` is what it is called, and its patterns begin at `base`.

    `base` is a folder without a slash at its end. `names` and `paths` fit whatever any of the rules fits, roughly.
    """

    name: str
    base: str
    rules: tuple[Rule, ...]
    names: re.Pattern[str]
    paths: re.Pattern[str]

    def decides(self, path: str, is_folder: bool) -> tuple[Rule | None, Rule | None]:
        """The rules that decide about a path below `base`: where case matters, and where it does not."""
        below = path[len(self.base) + 1 :]
        name = below[below.rfind("/") + 1 :]
        if below.isascii() and not self.names.fullmatch(name) and not self.paths.fullmatch(below):
            return None, None
        raw, folded = _raw(below), normalize("NFC", below)
        return self._first(raw, is_folder, False), self._first(folded, is_folder, True)

    def _first(self, below: str, is_folder: bool, folded: bool) -> Rule | None:
        name = below[below.rfind("/") + 1 :]
        for rule in self.rules:
            pattern = rule.folded if folded else rule.exact
            if (is_folder or not rule.folder) and pattern.fullmatch(below if rule.path else name):
                return rule
        return None


def sheet(text: str, name: str, base: str = "", lifting: bool = True, empty: bool = False) -> Sheet:
    """The rules of the ignore file with this text.

    `lifting`: whether `!` takes back. `empty`: a file without any pattern keeps out everything.
    """
    rules = tuple(rules_of(text, lifting)) if text.count("*") <= _STARS else None
    if rules is None or len(rules) > _MOST:
        return everything(name, base, "which holds more rules than anybody writes")
    if empty and not rules:
        return everything(name, base, "which is empty")
    return _sheet(name, base, rules)


def rules_of(text: str, lifting: bool = True) -> Iterator[Rule]:
    """The rules that the lines of a text are, as far as they can ever fit anything; a few more than _MOST at most."""
    lines = text.removeprefix("\ufeff").split("\n")
    found = 0
    for number, line in enumerate(lines, 1):
        written = _line(line.removesuffix("\r") if number < len(lines) else line)
        if written and found <= _MOST and (rule := _rule(number, written, lifting)):
            found += 1
            yield rule


def everything(name: str, base: str, why: str) -> Sheet:
    """A sheet that keeps out all that lies below `base`; `why` stands where its rule would."""
    (rule,) = rules_of("**")
    return _sheet(name, base, (Rule(0, why, False, False, rule.path, rule.exact, rule.folded),))


def _sheet(name: str, base: str, rules: tuple[Rule, ...]) -> Sheet:
    return Sheet(name, base, rules[::-1], _any(rules, False), _any(rules, True))


def _line(line: str) -> str:
    """The pattern of a line; blanks at its end count only if they are quoted, and tabs always do."""
    line = line.partition("\0")[0]
    if line.startswith("#"):
        return ""
    kept = line.rstrip(" ")
    quoting = len(kept) - len(kept.rstrip("\\"))
    return kept + " " if quoting % 2 and len(kept) < len(line) else kept


def _rule(number: int, written: str, lifting: bool) -> Rule | None:
    lifts = written.startswith("!")
    if lifts and not lifting:
        return None
    pattern = written[lifts:]
    folder = pattern.endswith("/")
    pattern = pattern[: len(pattern) - folder]
    path = "/" in pattern
    pattern = pattern.removeprefix("/")
    exact, folded = _regex(_raw(pattern), path), _regex(normalize("NFC", pattern), path)
    if not pattern or exact is None or folded is None:
        return None
    return Rule(number, written, lifts, folder, path, _compiled(exact), _compiled(folded, re.I))


@lru_cache(4096)
def _compiled(source: str, flags: int = 0) -> re.Pattern[str]:
    return re.compile(source, re.DOTALL | flags)


def _any(rules: tuple[Rule, ...], path: bool) -> re.Pattern[str]:
    """What fits if any of the rules does, whether case matters or not; groups are told apart by the rule's place."""
    own = [rule for rule in rules if rule.path == path]
    # What a set excludes is less where case matters: `[!a]` fits `A` then.
    exact = [f"(?:{rule.exact.pattern})" for rule in own if "[^" in rule.exact.pattern]
    sources = dict.fromkeys([*exact, *(f"(?i:{rule.folded.pattern})" for rule in own)])
    told = (re.sub(r"(\(\?P[<=])g", rf"\g<1>r{at}_", source) for at, source in enumerate(sources))
    return re.compile("|".join(told) or "(?!)", re.DOTALL)


def _raw(text: str) -> str:
    """The bytes of a name as git sees them, each as one character."""
    return text if text.isascii() else text.encode("utf-8", "surrogatepass").decode("latin-1")


# From a pattern to a regular expression. Every `*` but the last of a segment, and every run of segments between `**`
# but the last, is taken as far to the left as it can be and never tried again: `(?=(?P<g>...))(?P=g)` is an atomic
# group, which Python has since 3.11 only. So no pattern can be made to run long.

_DEEP, _DEEPER = "(?:[^/]*/)*?", "(?:[^/]*/)+?"
_STAR, _REST = "*", "**"


def _regex(pattern: str, path: bool) -> str | None:
    """A regular expression for a pattern; None: it can never fit."""
    signs = list(_signs(pattern, path))
    if None in signs:
        return None
    runs: list[tuple[str, list[str]]] = [("", [])]
    for sign in signs:
        if sign in (_DEEP, _DEEPER):
            runs.append((sign, []))
        else:
            runs[-1][1].append(str(sign))
    *others, last = [f"{depth}{_run(run, index)}" for index, (depth, run) in enumerate(runs)]
    return "".join((*(_atomic(other, f"g{index}") for index, other in enumerate(others)), last))


def _run(signs: list[str], index: int) -> str:
    """What stands between two `**`."""
    stretches: list[str] = [""]
    for sign in signs:
        if sign == _STAR:
            stretches.append("")
        else:
            stretches[-1] += ".*" if sign == _REST else sign
    first, *middle = stretches
    last = [f"[^/]*{middle.pop()}"] if middle else []
    between = (_atomic(f"[^/]*?{it}", f"g{index}_{at}") for at, it in enumerate(middle) if it)
    return "".join((first, *between, *last))


def _atomic(inside: str, name: str) -> str:
    return f"(?=(?P<{name}>{inside}))(?P={name})" if inside else ""


def _signs(pattern: str, path: bool) -> Iterator[str | None]:
    """A pattern sign by sign: an expression for one character, or one of the four kinds of stars; None: malformed."""
    special = _SPECIAL.search(pattern)
    start = special.start() if special else len(pattern)  # git compares what stands before as it is, and begins here
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "*":
            end = at + len(pattern[at:]) - len(pattern[at:].lstrip("*"))
            deep = path and end - at > 1 and (at == start or pattern[at - 1] == "/")
            star, at = _stars(pattern, end) if deep else (_STAR, end)
            yield star
            continue
        if sign == "[":
            one, at = _set(pattern, at + 1)
            yield one
            continue
        if sign == "\\":
            at += 1
        quoted = pattern[at : at + 1]
        yield "[^/]" if sign == "?" else re.escape(quoted) or None
        at += 1


def _stars(pattern: str, end: int) -> tuple[str, int]:
    """What `**` at the beginning of a segment means, and where the pattern goes on; it ends at `end`."""
    if pattern.startswith("/", end):
        return _DEEP, end + 1
    if pattern.startswith("\\/", end):
        return _DEEPER, end + 2
    return (_REST if end == len(pattern) else _STAR), end


def _set(pattern: str, at: int) -> tuple[str | None, int]:
    """An expression for the set in brackets that begins before `at`, and where the pattern goes on."""
    negated = pattern[at : at + 1] in ("!", "^") and at < len(pattern)
    at += negated
    members: list[str] = []
    last, first = "", True
    while first or pattern[at : at + 1] != "]":
        first = False
        found = _member(pattern, at, last)
        if found is None:
            return None, at
        member, last, at = found
        members.append(member)
    inside = "".join(members)
    if not inside:
        return ("[^/]" if negated else "(?!)"), at + 1
    return f"(?!/)[{'^' * negated}{inside}]", at + 1


def _member(pattern: str, at: int, last: str) -> tuple[str, str, int] | None:
    """One member of a set, the character that a range may go on from, and what follows; None: the set never ends."""
    sign = pattern[at : at + 1]
    if sign == "-" and last and pattern[at + 1 : at + 2] not in ("", "]"):
        at += 1 + (pattern[at + 1] == "\\")
        end = pattern[at : at + 1]
        return (f"{re.escape(last)}-{re.escape(end)}" if last <= end else "", "", at + 1) if end else None
    if sign == "[" and pattern.startswith(":", at + 1):
        end_at = pattern.find("]", at + 2)
        if end_at < 0:
            return None
        if end_at - at > 2 and pattern[end_at - 1] == ":" and end_at - 1 >= at + 2:
            members = _CLASSES.get(pattern[at + 2 : end_at - 1])
            return None if members is None else (members, "", end_at + 1)
    if sign == "\\":
        at += 1
        sign = pattern[at : at + 1]
    return (re.escape(sign), sign, at + 1) if sign else None
