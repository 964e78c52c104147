"""Answers about real functions that must not be applied: cut, lossy, broken, dishonest about what they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from bench.edit_cases import Function


class Wrong(Struct, frozen=True):
    """`said` to a `task`; not `whole`: it ended at the limit of tokens."""

    said: str
    task: str = "fix"
    whole: bool = True


def _fenced(lines: Sequence[str]) -> str:
    return "```python\n" + "\n".join(lines) + "\n```\n"


def _block(search: str, replace: str, path: str = "") -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"


def _more(one: Function) -> list[str]:
    """The function with a statement more."""
    at = one.body - one.first
    lead = one.lines[at][: len(one.lines[at]) - len(one.lines[at].lstrip())]
    return [*one.lines[:at], f"{lead}checked = True", *one.lines[at:]]


def _cut(one: Function) -> Wrong:
    return Wrong(_fenced(_more(one))[:-5], whole=False)


def _lossy(one: Function) -> Wrong | None:
    code = [line for line in one.lines if line.strip() and not line.strip().startswith("#")]
    at = one.body - one.first
    lead = one.lines[at][: len(one.lines[at]) - len(one.lines[at].lstrip())]
    kept = [*one.lines[:at], f"{lead}pass"]
    return Wrong(_fenced(kept)) if len(code) >= 8 and len(kept) < len(code) / 2 else None


def _elided(one: Function) -> Wrong:
    at = one.body - one.first
    lead = one.lines[at][: len(one.lines[at]) - len(one.lines[at].lstrip())]
    return Wrong(_fenced([*one.lines[:at], f"{lead}checked = True", f"{lead}# ... rest of the function unchanged"]))


def _broken(one: Function) -> Wrong | None:
    more = _more(one)
    return None if "#" in more[-1] else Wrong(_fenced([*more[:-1], f"{more[-1]})"]))


def _elsewhere(one: Function) -> Wrong:
    return Wrong(_block("\n".join(one.lines), "\n".join(_more(one)), "../../.ssh/config.py"))


def _misquoted(one: Function) -> Wrong:
    return Wrong(_block("\n".join([*one.lines[:-1], f"{one.lines[-1]}  # so"]), "\n".join(_more(one))))


def _overlapping(one: Function) -> Wrong:
    whole = "\n".join(one.lines)
    return Wrong(_block(whole, "\n".join(_more(one))) + _block("\n".join(one.lines[:-1]), "\n".join(_more(one)[:-1])))


def _unseen(one: Function) -> Wrong:
    more = _more(one)
    return Wrong(_fenced([*more[:-1], f"{more[-1]}  # \u202e\u2066"]))


def _twofold(one: Function) -> Wrong:
    return Wrong(_fenced(_more(one)) + "Or else:\n" + _fenced([*_more(one), "", *_more(one)[-1:]]))


def _renamed(one: Function) -> Wrong | None:
    public = not one.name.startswith("_")
    return (
        Wrong(_fenced([line.replace(f"def {one.name}", f"def {one.name}_2") for line in _more(one)]))
        if public
        else None
    )


def _talk(one: Function) -> Wrong:
    return Wrong(f"You should check the arguments of `{one.name}` first, and then go on as before.")


def _thought(one: Function) -> Wrong:
    return Wrong(f"<think>Perhaps\n{_fenced(_more(one))}")


def _code(one: Function) -> Wrong:
    return Wrong(_fenced(_more(one)), "document")


WRONG: dict[str, Callable[[Function], Wrong | None]] = {
    "ended at the limit": _cut,
    "most of the code is lost": _lossy,
    "`# ... rest of the function`": _elided,
    "does not parse": _broken,
    "names another file": _elsewhere,
    "quotes what does not stand there": _misquoted,
    "blocks over each other": _overlapping,
    "characters that nobody sees": _unseen,
    "two versions": _twofold,
    "a public name is gone": _renamed,
    "only talk": _talk,
    "only thought": _thought,
    "code where documentation is asked for": _code,
}
