"""The same for other languages: a comment more in each function of the pages that the tests of tags are made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.edit_cases import KINDS, WAYS, Case
from router.context.tagging.language import Language, language, language_of
from router.context.tagging.tags import Definition, tags
from router.editing.spans import lined

PAGES = Path(__file__).resolve().parent.parent / "tests" / "golden" / "tags"
_CODE = frozenset({"constructor", "function", "method"})
_PLAIN = ("LF", "CRLF", "CR", "no end at the end")  # what suits every language
_BARE = frozenset({"elixir", "lua", "python", "ruby"})  # a header there ends without a sign


def cases() -> Iterator[Case]:
    """Every way to say it of every function, each kind of file in turn; the file's name is the way's."""
    for path in sorted(PAGES.iterdir()):
        found = language(language_of(path.name))
        if path.suffix and found is not None and found.tells and found.line:
            text = path.read_text("utf-8")
            for one in tags(found.names[0], text).definitions:
                if one.kind in _CODE:
                    yield from _of(path.name, text, one, found)


def _of(file: str, text: str, one: Definition, spoken: Language) -> Iterator[Case]:
    span = lined(text, one.span)
    old = text[span.start : span.end].split("\n")
    header = next((at for at, line in enumerate(old) if line.rstrip().endswith("{") or spoken.key in _BARE), None)
    if header is None or header + 2 >= len(old):
        return
    below = old[header + 1]
    new = [*old[: header + 1], f"{below[: len(below) - len(below.lstrip())]}{spoken.line} checked", *old[header + 1 :]]
    wanted = text[: span.start] + "\n".join(new) + text[span.end :]
    for turn, said in enumerate(WAYS.values()):
        dressed = KINDS[_PLAIN[turn % len(_PLAIN)]]
        given = dressed(text)
        at = given.index(dressed("\n".join(old))) + len(old[0]) - len(old[0].lstrip())
        yield Case(file, spoken.title, given, at, said(old, new, wanted).replace("/a.py", f"/{file}"), dressed(wanted))
