"""The closed list of rules, read from prompts/rules: a rule is a page, with its first sentence and its severity."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import msgspec

from router.types import Severity

OTHER = "other"
GRAVITY: dict[Severity, int] = {"error": 3, "warning": 2, "information": 1, "hint": 0}
_PAGE = re.compile(
    r"\A# (?P<title>[^\n]+)\n\n(?P<says>.+?)\n\n(?P<rest>.*)^Shown as (?:an? )?(?P<severity>\w+)\.\s*\Z", re.S | re.M
)
_SIGNS = re.compile(r"[^a-z0-9]+")


class Rule(msgspec.Struct, frozen=True):
    """One kind of fault: `says` is what it is, in a sentence; `page` the whole of it as Markdown."""

    code: str
    title: str
    says: str
    severity: Severity
    page: str


@cache
def rules() -> dict[str, Rule]:
    """All rules by their code, in the order of the codes."""
    folder = files("prompts").joinpath("rules")
    texts = {it.name.removesuffix(".md"): it.read_text("utf-8") for it in folder.iterdir() if it.name.endswith(".md")}
    return {code: read(code, texts[code]) for code in sorted(texts)}


def read(code: str, page: str) -> Rule:
    """One rule from its page; ValueError names what is wrong with it."""
    found = _PAGE.match(page)
    if found is None or found["severity"] not in GRAVITY:
        raise ValueError(f"prompts/rules/{code}.md: a title, what it is, and `Shown as a warning.` at the end.")
    severity: Severity = msgspec.convert(found["severity"], Severity)
    return Rule(code, found["title"].strip(), " ".join(found["says"].split()), severity, page)


def code(said: str) -> str:
    """The rule that somebody means, however it is spelled; what is none of them is `other`."""
    meant = _SIGNS.sub("-", said.lower()).strip("-")
    return meant if meant in rules() else OTHER


def listed() -> str:
    """The rules as a prompt lists them: a line each."""
    return "\n".join(f"- {it.code}: {it.says}" for it in rules().values())


def capped(severity: Severity, most: Severity) -> Severity:
    """A severity, and no graver than the user wants."""
    return severity if GRAVITY[severity] <= GRAVITY[most] else most
