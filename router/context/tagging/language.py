"""What the files of languages/ say: a language's names, extensions, comment signs, grammar and queries.

    ; Go                                    the first line: its name for people
    ; names: go (go)                        what editors call it (and the file names or endings that mean this)
    ; comment: // /* */                     what begins a line comment, then what encloses one; - is none
    ; grammar: tree_sitter_go.language      the package and function; `tree_sitter_languages.x` is reached by ctypes
    ; like: c                               takes over that file's queries; one without names is there for that only
    ; unless: cpp ^class                    a text in which this stands is one in that language

Below the head stand the queries; `tags.py` says what their captures mean.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import msgspec

_HEAD = re.compile(r"^; (names|comment|grammar|like|unless): *(.*)$", re.M)
_NAME = re.compile(r"([\w+#-]+)(?: \(([^)]*)\))?")


class Language(msgspec.Struct, frozen=True):
    """One file of languages/. `names` are an editor's, the first of them the usual one; `endings` leads to them.

    `line` begins a comment and `block` encloses one (empty: it has none). A text in which the pattern of `unless` is
    found is one in its language.
    """

    key: str
    title: str
    names: tuple[str, ...]
    endings: tuple[tuple[str, str], ...]
    line: str
    block: tuple[str, str] | None
    package: str
    function: str
    queries: str
    unless: tuple[str, str] | None = None

    @property
    def tells(self) -> bool:
        """Whether there are queries."""
        return "@" in self.queries


@cache
def languages() -> dict[str, Language]:
    """All languages that have a file, by its name."""
    texts = {
        entry.name.removesuffix(".scm"): entry.read_text("utf-8")
        for entry in files("router.context").joinpath("languages").iterdir()
        if entry.name.endswith(".scm")
    }
    return {key: _read(key, texts) for key in sorted(texts) if "names" in _head(texts[key])}


def language(name: str) -> Language | None:
    """The language that an editor calls so; None: there is no file for it."""
    return _named().get(name)


def spoken(name: str, text: str) -> str:
    """The language of a text in a file that the language of this name is for: C++ also stands in files of C."""
    found = language(name)
    if found is None or found.unless is None or not re.search(found.unless[1], text, re.M):
        return name
    return found.unless[0]


def language_of(file: str) -> str:
    """What editors call the language of a file with this name, without its folders; its ending, where we know none."""
    lower = file.lower()
    ending = lower.rpartition(".")[2] if "." in lower.lstrip(".") else ""
    return _endings().get(lower) or _endings().get(f".{ending}") or ending or "plaintext"


@cache
def _named() -> dict[str, Language]:
    return {name: found for found in languages().values() for name in (*found.names, found.key)}


@cache
def _endings() -> dict[str, str]:
    return {ending: name for found in languages().values() for ending, name in found.endings}


def _read(key: str, texts: dict[str, str]) -> Language:
    text = texts[key]
    head = _head(text)
    names, endings = _names(head["names"])
    line, *block = head["comment"].split()
    package, _, function = head["grammar"].rpartition(".")
    unless = head.get("unless", "").split(" ", 1)
    return Language(
        key=key,
        title=text.partition("\n")[0].strip("; "),
        names=names,
        endings=endings,
        line="" if line == "-" else line,
        block=(block[0], block[1]) if block else None,
        package=package,
        function=function,
        queries=_queries(key, texts),
        unless=(unless[0], unless[1]) if len(unless) > 1 else None,
    )


def _head(text: str) -> dict[str, str]:
    return dict(_HEAD.findall(text))


def _queries(key: str, texts: dict[str, str]) -> str:
    """A file's queries, after those of the file that it is like."""
    like = _head(texts[key]).get("like")
    return (_queries(like, texts) if like else "") + texts[key]


def _names(said: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """`cpp (cc hpp) c++` -> the names, and (ending, name) pairs: `.cc`, or a whole file name where it has a capital."""
    names, endings = [], []
    for name, held in _NAME.findall(said):
        names.append(name)
        endings += [(word.lower() if word != word.lower() else f".{word}", name) for word in held.split()]
    return tuple(names), tuple(endings)
