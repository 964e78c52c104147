"""What the ignore files on the way from a workspace's top to a file say together: the strictest of them wins."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from router.context.gating.ignore import Rule, Sheet

GIT = ".gitignore"
# Each kind is read by itself; whatever one of them keeps out is out. `.aiexclude` knows no `!`, and an empty one keeps
# out everything.
KINDS = (GIT, ".aiignore", ".aiexclude", ".cursorignore", ".codeiumignore", ".continueignore", ".copilotignore")
_SHOWN = 60  # characters of a pattern in a reason
_SECTION = re.compile(r"\s*\[\s*([\w.-]+)\s*\]")
_EXCLUDES = re.compile(r"\s*excludesfile\s*=\s*(?:\"([^\"\n]*)\"|([^#;\n]*))", re.I)

Sheets = tuple[tuple[Sheet, ...], ...]  # by kind, in the order of KINDS; of one kind the innermost first


class Place(Struct, frozen=True):
    """One folder: why all that lies in it is kept out ("" if it is not), and the sheets in force in it."""

    closed: str
    sheets: Sheets


OUTSIDE = Place("", ((),) * len(KINDS))


def below(parent: Place, folder: str, own: Sheets, begins: bool) -> Place:
    """The place of `folder` in `parent`; `begins`: a work tree of git begins there, so git's rules begin anew."""
    if closed := parent.closed or reason(parent, folder, is_folder=True):
        return Place(closed, OUTSIDE.sheets)
    if not begins and not any(own):
        return parent  # as it is nearly everywhere, and memory is kept for one
    git, *others = parent.sheets
    inherited = ((() if begins else git), *others)
    return Place("", tuple(mine + theirs for mine, theirs in zip(own, inherited, strict=True)))


def reason(place: Place, path: str, is_folder: bool = False) -> str:
    """What keeps out a path in this folder, as in ".gitignore:3 (`build/`)"; empty if nothing does."""
    if place.closed:
        return place.closed
    return next((why for sheets in place.sheets if sheets and (why := _by(sheets, path, is_folder))), "")


def _by(sheets: Sequence[Sheet], path: str, is_folder: bool) -> str:
    """What keeps it out by the sheets of one kind, where case matters or where it does not."""
    exact = folded = True
    for sheet in sheets:
        one, other = sheet.decides(path, is_folder)
        for rule, open_yet in ((one, exact), (other, folded)):
            if rule and open_yet and not rule.lifts:
                return _said(sheet, rule)
        exact, folded = exact and one is None, folded and other is None
        if not exact and not folded:
            break
    return ""


def _said(sheet: Sheet, rule: Rule) -> str:
    if not rule.line:
        return f"{sheet.name}, {rule.text}"
    pattern = rule.text if len(rule.text) <= _SHOWN else rule.text[: _SHOWN - 1] + "…"
    return f"{sheet.name}:{rule.line} (`{''.join(sign if sign.isprintable() else '?' for sign in pattern)}`)"


def excludes_file(config: str) -> str | None:
    """The file that `core.excludesFile` names in the text of a git configuration, the last time it does."""
    section, found = "", None
    for line in config.splitlines():
        if header := _SECTION.match(line):
            section, line = header[1].lower(), line[header.end() :]
        if section == "core" and (value := _EXCLUDES.match(line)):
            found = value[1] if value[1] is not None else value[2].strip()
    return found
