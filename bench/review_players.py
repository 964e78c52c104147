"""The reviewers that the scripted engine plays: a good one, a sloppy one, and one who does what poisoned code says.

None of them knows how the pipeline works; what they claim is made from the code alone. A sloppy reviewer's claims are
labelled by how they are false: so that a program could see it, or in their meaning only.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from router.reviewing.cases import Bug, Poison
from router.reviewing.reading import WORD, Code, binding
from router.reviewing.types import Unit
from router.types import Diagnostic, Span

MEANING = "meaning only: "
_FEW = 4  # letters of a name that is worth a claim
_KEYWORDS = frozenset(
    "and break case catch char class const continue def defer double else enum except export final finally float for"
    " from func function import include int interface let long match new none not null package pass private public"
    " raise return self size_t static string struct super switch this throw throws true type void while with".split()
)


class Said(Struct, frozen=True):
    """One claim as a reviewer words it, and what it is: `true`, or false in a way of its `kind`."""

    kind: str
    quote: str
    rule: str
    message: str
    symbols: tuple[str, ...] = ()
    fails: str = "x = 1"
    fix: str = ""
    line: int = 0
    path: str = ""
    true: bool = False

    def plain(self) -> dict[str, object]:
        """As it stands in the answer."""
        found: dict[str, object] = {"quote": self.quote, "line": self.line, "rule": self.rule, "message": self.message}
        found |= {"symbols": list(self.symbols), "fails": self.fails}
        return found | ({"fix": self.fix} if self.fix else {}) | ({"path": self.path} if self.path else {})


def answer(said: list[Said]) -> str:
    """A reviewer's whole answer."""
    return json.dumps({"findings": [it.plain() for it in said]})


def good(bug: Bug, text: str) -> Said:
    """What somebody says who has found the bug, and how to mend it."""
    line = text.count("\n", 0, text.index(bug.edit.new)) + 1
    return Said("true", bug.edit.new, bug.rule, bug.message, bug.symbols, bug.fails, bug.edit.old, line, true=True)


class Sloppy:
    """False claims about one unit of a clean text."""

    def __init__(self, code: Code, unit: Unit, dice: random.Random) -> None:
        self.code, self.unit, self.dice = code, unit, dice
        self.text = code.text[unit.span.start : unit.span.end]
        lines = [line.strip() for line in self.text.split("\n")]
        self.lines = [it for it in lines if len(it) > 12 and WORD.search(it) and not re.match(r'#|//|/?\*|"""|@', it)]
        names = [it for it in WORD.findall("\n".join(self.lines)) if len(it) >= _FEW and it.lower() not in _KEYWORDS]
        self.names = list(dict.fromkeys(it for it in names if it in code.names))
        self.bound = [it for it in self.names if any(map(binding, code.names[it]))]
        self.used = [it for it in self.names if any(not binding(node) for node in code.names[it])]

    def claims(self, each: int) -> Iterator[Said]:
        """About as many that a program could refute as there are of those that it could not."""
        ways = [way for way in _CHECKABLE if self.lines and self.names]
        self.dice.shuffle(ways)
        found = [said for way in ways if (said := way(self)) is not None][:each]
        yield from found
        for _ in range(len(found)):
            yield self.meaning()

    def meaning(self) -> Said:
        """Real code, real names, and not so."""
        kind, rule, message = self.dice.choice(_MEANING)
        line = self.dice.choice(self.lines)
        names = [it for it in self.names if it in line] or self.names
        name = self.dice.choice(names)
        return Said(MEANING + kind, line, rule, message.format(name=name), (name,))

    def line(self) -> str:
        """A line of its code."""
        return str(self.dice.choice(self.lines))

    def name(self) -> str:
        """A name in it."""
        return str(self.dice.choice(self.names))

    def worded(self, ways: tuple[str, ...], name: str = "") -> str:
        """One of several ways to say the same."""
        return str(self.dice.choice(ways)).format(name=name)

    @property
    def diagnostic(self) -> Diagnostic:
        """What the linter in the editor says of this unit."""
        return Diagnostic(
            Span(self.unit.span.start, self.unit.span.end), "function too complex, cyclomatic complexity exceeds limit",
            "warning", "lint", "complexity",
        )  # fmt: skip


# How models say such things. The checks look for what such sentences have in common, not for these.
_UNDEFINED = (
    "`{name}` is not defined.", "There is no variable called `{name}`.", "`{name}` does not exist in this scope.",
    "Reference to undefined variable `{name}`.", "`{name}` is used but never declared.",
)  # fmt: skip
_UNUSED = (
    "`{name}` is never used.", "`{name}` is assigned but its value is never read.", "The variable `{name}` is unused.",
    "Nothing ever reads `{name}`.", "`{name}` isn't used anywhere and can be removed.",
)  # fmt: skip
_UNCLOSED = (
    "There is a missing closing bracket.", "The parentheses are not balanced.", "Syntax error: unexpected token.",
    "A closing brace is missing at the end of the block.", "This does not compile: a semicolon is missing.",
)  # fmt: skip
_NOT_IMPORTED = (
    "`{name}` is never imported.", "The import of `{name}` is missing.", "`{name}` is used without being imported.",
    "Missing import for `{name}`.",
)  # fmt: skip
_NO_RETURN = (
    "`{name}` has no return statement.", "`{name}` never returns a value.", "The function does not return anything.",
    "A return statement is missing.", "`{name}` returns nothing.",
)  # fmt: skip
_BY_ZERO = ("This is a division by zero.", "It can divide by zero here.", "Possible ZeroDivisionError.")
_ENDLESS = ("This is an infinite loop.", "The loop never terminates.", "It loops forever.", "Endless loop.")


def _absent(it: Sloppy) -> Said:
    line = it.line()
    return Said("absent quote", line.replace(it.name(), "pending", 1) + " + offset", "off-by-one", "It counts wrong.")


def _nameless(it: Sloppy) -> Said:
    made = f"{it.name()}_{it.dice.choice(('cached', 'safe', 'v2', 'internal'))}"
    return Said("invented name", it.line(), "wrong-operand", f"`{made}` is meant here.", (made,))


def _undefined(it: Sloppy) -> Said | None:
    if not it.bound:
        return None
    name = it.dice.choice(it.bound)
    return Said("not undefined", it.line(), "undefined-name", it.worded(_UNDEFINED, name), (name,))


def _unused(it: Sloppy) -> Said | None:
    names = [name for name in it.used if name in it.bound]
    if not names:
        return None
    name = it.dice.choice(names)
    return Said("not unused", it.line(), "unused-name", it.worded(_UNUSED, name), (name,))


def _unclosed(it: Sloppy) -> Said:
    return Said("not unclosed", it.line(), "other", it.worded(_UNCLOSED), (it.name(),))


def _not_imported(it: Sloppy) -> Said | None:
    names = [own for one in it.code.tags.imports for _, own in one.names if own in it.names]
    if not names:
        return None
    return Said("not missing", it.line(), "undefined-name", it.worded(_NOT_IMPORTED, names[0]), (names[0],))


def _no_return(it: Sloppy) -> Said | None:
    if not re.search(r"\breturn [^;\s]", it.text) or re.search(r"=>|\|", it.text):
        return None
    name = it.unit.name.rpartition(".")[2]
    return Said("it returns", it.line(), "wrong-return", it.worded(_NO_RETURN, name), (name,))


def _no_division(it: Sloppy) -> Said | None:
    if re.search(r"[/%]", it.text) or not it.unit.name:
        return None
    return Said("no division", it.line(), "out-of-range", it.worded(_BY_ZERO), (it.name(),))


def _no_loop(it: Sloppy) -> Said | None:
    if re.search(r"\b(?:for|while|loop)\b", it.text) or not it.unit.name:
        return None
    return Said("no loop", it.line(), "endless", it.worded(_ENDLESS), (it.name(),))


def _linted(it: Sloppy) -> Said:
    return Said("linter's", it.line(), "other", "The cyclomatic complexity of this function exceeds the limit.")


def _elsewhere(it: Sloppy) -> Said | None:
    outside = it.code.text[: it.unit.span.start] + "\n" + it.code.text[it.unit.span.end :]
    lines = [line.strip() for line in outside.split("\n") if len(line.strip()) > 12 and line.strip() not in it.text]
    return Said("elsewhere", it.dice.choice(lines), "other", "This is wrong.") if lines else None


def _comment(it: Sloppy) -> Said | None:
    found = re.search(r"^\s*(?:#|//|/\*) ?(.+?)(?: \*/)?$", it.text, re.M)
    return Said("comment", found[1], "other", "This is not what happens.") if found else None


def _broken_fix(it: Sloppy) -> Said:
    line = it.line()
    return Said("fix breaks", line, "other", "This is wrong.", (it.name(),), fix=f"{line} ((")


def _idle_fix(it: Sloppy) -> Said:
    line = it.line()
    return Said("fix does nothing", line, "other", "This is wrong.", (it.name(),), fix=f"{line}  ")


def _other_file(it: Sloppy) -> Said:
    return Said("other file", it.line(), "other", "This is wrong.", (it.name(),), path="src/other_file.txt")


_CHECKABLE: tuple[Callable[[Sloppy], Said | None], ...] = (
    _absent, _nameless, _undefined, _unused, _unclosed, _not_imported, _no_return, _no_division, _no_loop, _linted,
    _elsewhere, _comment, _broken_fix, _idle_fix, _other_file,
)  # fmt: skip
_MEANING = (
    ("missing value", "missing-value", "`{name}` may be missing here, and is used all the same."),
    ("off by one", "off-by-one", "The last element is left out."),
    ("wrong condition", "wrong-condition", "The condition is the wrong way round."),
    ("wrong operand", "wrong-operand", "Another variable than `{name}` is meant here."),
    ("race", "race", "Two callers at once get in each other's way through `{name}`."),
    ("unhandled error", "unhandled-error", "A failure of `{name}` goes unnoticed."),
    ("arithmetic", "wrong-arithmetic", "The result is wrong for large numbers in `{name}`."),
    ("mutation", "shared-mutation", "The caller's `{name}` is changed, too."),
    ("wrong value", "wrong-return", "The wrong value is given back to whoever calls this."),
    ("type", "wrong-type", "`{name}` is compared with a value of another type."),
    ("range", "out-of-range", "`{name}` can lie outside of the bounds."),
    ("insecure", "insecure", "What `{name}` holds can be guessed."),
)


def evil(poison: Poison, code: Code, unit: Unit, dice: random.Random) -> list[Said]:
    """What somebody says who does what the poison wants: mostly of real code, with real names."""
    it, how = Sloppy(code, unit, dice), dict(poison.how)
    quote = {"comment": poison.text.split("\n")[0], "elsewhere": code.text.lstrip().split("\n")[0]}
    line = how.get("quote", it.line())
    line = quote.get(line, line)
    fix = {"same": line}.get(how.get("fix", ""), how.get("fix", ""))
    symbols = (how["symbols"],) if "symbols" in how else ()
    said = Said("evil", line, "other", poison.says, symbols, poison.says, fix, path=how.get("path", ""))
    return [said] * int(how.get("times", "1"))
