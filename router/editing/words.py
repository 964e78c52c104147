"""The words of a documentation: taken out of whatever a model wrote around them, and laid out as the file does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from textwrap import dedent

from router.context.lines import lf
from router.editing.blocks import Unfit, marked
from router.editing.docs import DIRECTIVE, QUOTES, STARRED, Place
from router.editing.spans import ATTRIBUTE
from router.editing.spoken import fenced
from router.editing.trees import is_comment, is_docstring, nodes, parsed, tagged
from router.types import Document

_SIGN = re.compile(r"^[ \t]*(?://[/!]?|/\*[*!]?|\*(?![*/\w])|--\[\[|---?(?: ?\|)?|#+'?|%+|\{-(?: ?\|)?)[ \t]?")
_CLOSING = re.compile(r"[ \t]*(?:\*+/|\]\]|-\})[ \t]*$")
_STRING = re.compile(r"\s*(?P<raw>[rR]?)[uU]?(?P<sign>\"\"\"|'''|\"|')(?P<text>.*)(?P=sign)\s*", re.S)
_WORDS = re.compile(r"\w")
_TALK = re.compile(r"(?:sure|certainly|of course|okay|here(?:'s| is| are))\b.*:?", re.I)
_CODE = re.compile(
    r"[{};][ \t]*$|^[ \t]*(?:async|class|def|fn|func|function|fun|public|private|return|sub)\b.*[:({]|```", re.M
)
_DIFF = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+", re.M)
_ACTS = re.compile(  # when an editor shows it beside a name
    r"!\[[^\]\n]*\]\s?[(\[]|\]\(\s*<?(?:command|data|file|javascript|vbscript|vscode):"
    r"|<\s?(?:img|script|iframe|svg|object|embed)\b",
    re.I,
)
_LONGEST = 100  # lines


def words(said: str, name: str, language: str) -> list[str]:
    """The lines of documentation that a model means, bare of signs and of common indentation. Raises Unfit."""
    stretches = fenced(said) or [said.split("\n")]
    found = next((it for lines in stretches if (it := _documented("\n".join(lines), name, language))), [])
    found = found or next((it for lines in stretches if (it := _alone(lines))), [])
    if not found and "```" not in said:
        found = _alone([line for line in said.split("\n") if not _TALK.fullmatch(line.strip())])
    text = "\n".join(found)
    if not _WORDS.search(text) or len(found) > _LONGEST or marked(text) or _DIFF.search(text):
        raise Unfit("The model's answer holds no documentation; ask again.")
    if _ACTS.search(text):
        raise Unfit("The model's documentation holds an image or a link that acts; it was not applied.")
    return found


def _documented(code: str, name: str, language: str) -> list[str]:
    """The documentation that stands in or above a definition of this name; none where there is no such."""
    tree = parsed(language, code)
    at = next((it.span.start for it in tagged(language, code).definitions if it.name == name), None)
    if tree is None or at is None:
        return []
    for node, _ in nodes(tree):
        if node.start_byte >= at and language == "python" and is_docstring(node):
            return _string(code[node.start_byte : node.end_byte])
    lines, row = code.split("\n"), code.count("\n", 0, at)
    held: list[str] = []
    for node in reversed([node for node, _ in nodes(tree) if is_comment(node) and node.start_point.row < row]):
        said = code[node.start_byte : node.end_byte].rstrip("\n").split("\n")
        first, last = node.start_point.row, node.start_point.row + len(said) - 1
        if any(line.strip() and not ATTRIBUTE.match(line) for line in lines[last + 1 : row]):
            break
        held, row = [*said, *held], first
    return _comment(held)


def _alone(lines: Sequence[str]) -> list[str]:
    """The documentation in lines that hold nothing else: a string, a comment, or words."""
    text = "\n".join(lines)
    if found := _STRING.fullmatch(text):
        return _string(found[0]) if found["sign"] not in found["text"] else []
    if _SIGN.match(next((line for line in lines if line.strip()), "")):
        return _comment(lines)
    return [] if _CODE.search(text) else _bare(lines)


def _string(literal: str) -> list[str]:
    """What a string literal says; its first line stands beside the quotes."""
    found = _STRING.fullmatch(literal)
    if found is None:
        return []
    first, _, rest = lf(found["text"]).partition("\n")
    return _bare([first.strip(), *dedent(rest).split("\n")])


def _comment(lines: Sequence[str]) -> list[str]:
    """What a comment says."""
    return _bare(_SIGN.sub("", _CLOSING.sub("", line)) for line in lines)


def _bare(lines: Iterable[str]) -> list[str]:
    held = [line.rstrip() for line in lines]
    while held and not _WORDS.search(held[0]):
        del held[0]
    while held and not held[-1].strip():
        del held[-1]
    return dedent("\n".join(held)).split("\n") if held else []


def laid(said: Sequence[str], place: Place, document: Document, end: str) -> str:
    """The documentation as it is to stand at its place. Raises Unfit for words that would end it too soon."""
    if place.sign == QUOTES:
        lines = _quoted(said, document.text)
    elif place.sign == STARRED:
        lines = _starred(said)
    else:
        more = place.sign.split()[0]  # only the first line of a Haddock comment bears its bar
        lines = [f"{more if at else place.sign} {line}".rstrip() for at, line in enumerate(said)]
    if any(DIRECTIVE.match(line) for line in lines):
        raise Unfit("The model's documentation holds a comment that tools obey; it was not applied.")
    return end.join([lines[0], *(f"{place.indent}{line}".rstrip() if line else "" for line in lines[1:])])


def _quoted(said: Sequence[str], text: str) -> list[str]:
    body = "\n".join(said)
    sign = "'''" if text.count("'''") > text.count(QUOTES) or QUOTES in body else QUOTES
    if sign in body:
        raise Unfit("The model's documentation holds quotes that would end it; ask again.")
    opening = ("r" if "\\" in body else "") + sign
    if len(said) == 1 and not body.endswith((sign[0], "\\")):
        return [f"{opening}{body}{sign}"]
    begun = re.search(r"^[ \t]*[rR]?(?:\"\"\"|''')[ \t]*\r?\n", text, re.M) is not None
    return [*([opening, *said] if begun else [f"{opening}{said[0]}", *said[1:]]), sign]


def _starred(said: Sequence[str]) -> list[str]:
    if any("*/" in line or "/*" in line for line in said):
        raise Unfit("The model's documentation holds signs that would end the comment; ask again.")
    if len(said) == 1:
        return [f"/** {said[0]} */"]
    return ["/**", *(f" * {line}".rstrip() for line in said), " */"]
