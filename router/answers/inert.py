"""Makes Markdown inert, whole or as it comes: no link, image or HTML is left in it, nothing unseen; code stays code.

What is code and what is not is laid out anew, so that whoever renders it (by CommonMark, with GFM's tables and
autolinks and with mathematics) cannot read it otherwise than we did: fences begin their line and are closed, a span of
code never leaves its line, and every sign that could begin something else is escaped.
"""

from __future__ import annotations

import re

from router.context.gating.invisible import visible

_UNSEEN = str.maketrans({"\r": None, **dict.fromkeys("\x0b\x0c\x85\u2028\u2029", " ")})
_SURROGATE = re.compile("[\ud800-\udfff]")
_OPENING = re.compile(r"(?P<indent>[ \t]*)(?P<sign>`{3,}(?=[^`]*\Z)|~{3,})[ \t]*(?P<word>[\w+#.-]*)")
_DRAWN = frozenset({"math", "katex", "latex", "mermaid", "plantuml", "graphviz", "dot"})  # what some renderers draw
_RULE = re.compile(r"[\s>|:*_=+-]*")  # a line of such signs alone underlines, divides, opens front matter or a table
_PAIR = r"\\[!-/:-@\[-`{-~]"
_ADDRESS = r"(?:[\w+.-]{0,40}://|www\.|mailto:)[^\s`<>\\]*|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]+"
_TOKEN = re.compile(
    rf"(?P<pair>{_PAIR})|(?P<run>`+)|!?\[(?P<text>[^\[\]`\\]*)\]\((?=[^()\n]*[/:#.])[^()\n]*\)|(?P<address>{_ADDRESS})"
    r"|(?P<sign><(?=[A-Za-z/!?\[])|\](?=[(\[:!])|\$|\\)"
)
_MARK = re.compile(rf"(?P<pair>{_PAIR})|(?P<run>`+)|\[")


class Inert:
    """Lets Markdown through by whole lines, and a line of prose by words as soon as nothing can change their sense."""

    def __init__(self) -> None:
        self._rest = ""  # of the line that has not ended
        self._within = False  # a part of that line was let through
        self._fence = ""  # the signs of the fence that is open
        self._indent = 0  # and how deep it stood

    def feed(self, text: str) -> str:
        """What of it, and of what was held back before, can be shown."""
        *lines, self._rest = f"{self._rest}{text.translate(_UNSEEN)}".split("\n")
        said = [f"{self._line(line)}\n" for line in lines]
        if cut := 0 if self._fence else _settled(self._rest, self._within):
            said.append(_prose(self._rest[:cut]))
            self._rest, self._within = self._rest[cut:], True
        return "".join(said)

    def end(self) -> str:
        """The rest, for nothing comes any more; a fence that is open is closed."""
        said = self._line(self._rest) if self._rest else ""
        fence, self._fence, self._rest = self._fence, "", ""
        return f"{said}\n{fence}" if fence and said else f"{said}{fence}"

    def _line(self, line: str) -> str:
        within, self._within, line = self._within, False, _seen(line)
        if within:
            return _prose(line)
        if self._fence:
            return self._code(line)
        if opening := _OPENING.match(line):
            self._fence, self._indent = opening["sign"], len(opening["indent"].expandtabs(4))
            word = opening["word"]
            return self._fence + (word if word.isascii() and word.lower() not in _DRAWN else "")
        return "" if _RULE.fullmatch(line) else _prose(line)

    def _code(self, line: str) -> str:
        """A line within a fence: it may be the end of it."""
        bare = line.strip(" \t")
        if bare.startswith(self._fence) and not bare.strip(self._fence[0]):
            closing, self._fence = self._fence, ""
            return closing
        blank = len(line) - len(line.lstrip(" "))
        return line[min(blank, self._indent) :]


def inert(text: str) -> str:
    """The whole of a text, made inert."""
    it = Inert()
    return it.feed(text) + it.end()


def _settled(line: str, within: bool) -> int:
    """How much of a line that goes on can be shown already: whole words, in which nothing is open."""
    if _seen(line) != line or (not within and line.lstrip(" \t")[:1] in ("`", "~")):
        return 0
    found, certain = spans(line, whole=False)
    cut = line.rfind(" ", 0, certain) + 1
    for start, end in reversed(found.items()):
        if start < cut < end:
            cut = line.rfind(" ", 0, start) + 1
    return cut if within or re.search(r"\w", line[:cut]) else 0


def spans(line: str, whole: bool = True) -> tuple[dict[int, int], int]:
    """Where the spans of code in a line begin and end, and the first place whose sense may change by what follows.

    Not the `whole` line: only up to that place.
    """
    spans, open_ = dict[int, int](), len(line)
    at = 0
    while found := _MARK.search(line, at):
        at = found.end()
        if found["run"] and (closing := re.compile(f"(?<!`){found['run']}(?!`)").search(line, at)):
            at = spans[found.start()] = closing.end()
        elif not found["pair"]:
            open_ = min(open_, found.start())
            if not whole:
                break
    return spans, open_


def _prose(line: str) -> str:
    """A line, or a part of one, in which only spans of code are left of all that is not text."""
    ends, _ = spans(line)
    said, at = "", 0
    while found := _TOKEN.search(line, at):
        said, at = said + line[at : found.start()], found.end()
        if found["run"] and found.start() in ends:
            at = ends[found.start()]
            said = _joined(said, line[found.start() : at])
        elif found["run"]:
            said += "\\`" * len(found["run"])
        elif found["text"] is not None:
            said = _joined(said, _prose(found["text"]))
        elif found["address"]:
            said = _joined(said, f"`{found['address']}`")
        else:
            said += found["pair"] or f"\\{found['sign']}"
    return _joined(said, line[at:])


def _joined(said: str, more: str) -> str:
    """One behind the other; between two spans of code a blank keeps them two."""
    return f"{said} {more}" if said.endswith("`") and more.startswith("`") else said + more


def _seen(text: str) -> str:
    return _SURROGATE.sub("\ufffd", visible(text))
