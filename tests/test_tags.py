"""What a text defines, refers to and imports: a file of each language beside what is told of it, and what holds always.

The pages beside the files in golden/tags/ are written anew by `python -m tests.test_tags`; read the difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.context.tagging.flat import flat
from router.context.tagging.grammars import BUNDLE
from router.context.tagging.language import language_of, languages
from router.context.tagging.tags import Tags, tags

GOLDEN = Path(__file__).parent / "golden" / "tags"
FILES = sorted(path for path in GOLDEN.iterdir() if path.suffix != ".tags")


def page(text: str, found: Tags) -> str:
    """What was found, as one reads it: lines are counted from 1, and a line end in a header is `↵`."""
    return "\n".join(
        ["definitions", *_definitions(text, found), "", "imports", *_imports(text, found), ""]
    ) + "\n".join(["", "references", *_references(text, found), ""])


def _definitions(text: str, found: Tags) -> Iterator[str]:
    for one in found.definitions:
        name = f"{one.parent}.{one.name}" if one.parent else one.name
        header = one.signature.replace("\n", "↵")
        doc = one.doc.replace("\n", "↵")
        lines = f"{_line(text, one.span.start)}-{_line(text, one.span.end)}"
        yield f"  {lines} {one.kind} {name} | {header}" + (f" -- {doc}" if doc else "")


def _imports(text: str, found: Tags) -> Iterator[str]:
    for one in found.imports:
        names = (name if name == here else f"{name or 'itself'} as {here}" for name, here in one.names)
        yield f"  {_line(text, one.span.start)} {one.module}" + (f": {', '.join(names)}" if one.names else "")


def _references(text: str, found: Tags) -> Iterator[str]:
    for line, names in groupby(found.references, lambda one: _line(text, one[1])):
        yield f"  {line} {' '.join(name for name, _ in names)}"


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def told(path: Path) -> str:
    text = path.read_text("utf-8")
    return page(text, tags(language_of(path.name), text))


def names(language: str, text: str) -> list[str]:
    return [f"{one.kind} {one.parent}.{one.name}".replace(" .", " ") for one in tags(language, text).definitions]


def test_a_header_of_cpp_is_read_as_one() -> None:
    assert names("c", "namespace yard {\nclass Wagon {\npublic:\n  int total();\n};\n}\n") == [
        "namespace yard",
        "class yard.Wagon",
        "method yard.Wagon.total",
    ]
    assert names("c", "struct wagon { int load; };\n") == ["struct wagon", "attribute wagon.load"]


def test_a_name_may_be_of_any_script() -> None:
    text = "Вагон = 1\ndef 計算(वर्ग, ñ): pass\nclass Größe:\n    tempête = 𝒳 = '🚂'\n"
    assert names("python", text) == ["variable Вагон", "function 計算", "class Größe", "attribute Größe.tempête"]
    assert [name for name, _ in tags("python", text).references] == ["वर्ग", "ñ", "𝒳"]
    assert names("javascript", "function größe() {}\nconst 長 = 1;\n") == ["function größe", "variable 長"]


def test_what_is_no_text_any_more_does_no_harm() -> None:
    assert names("python", "x = '\ufffd\ufffd'\n\ufffd\ndef f(): pass\n") == ["variable x", "function f"]
    assert names("python", "\ufeffx = 1\r\ry = 2\r") == ["variable x", "variable y"]


def test_what_is_local_is_no_definition_and_what_is_said_again_is_none_either() -> None:
    python = "class A:\n    def f(self):\n        x = self.y = 1\n        def g(): z = self.y = 2\n    y = 3\n"
    assert names("python", python) == ["class A", "method A.f", "attribute A.y", "function A.f.g"]
    assert names("go", "package a\nvar x = 1\nfunc f() {\n\tvar y = 2\n\tconst z = 3\n}\n") == [
        "variable x",
        "function f",
    ]
    assert names("c", "int f(void) { static int x; int g(int); return x; }\n#define A 1\n#define A 2\n") == [
        "function f",
        "macro A",
    ]


def test_a_header_begins_with_its_name_where_much_stands_before_it() -> None:
    above = "".join(f"    @Annotation{at}(with = {{1, 2, 3}})\n" for at in range(30))
    (one, two) = tags("java", f"class A {{\n{above}    int f(int x) {{ return x; }}\n}}\n").definitions
    assert one.signature == "class A"
    assert two.signature == "int f(int x)"


def test_the_header_of_a_type_begins_where_it_does() -> None:
    (*members, one) = sorted(
        tags("c", "typedef enum {\n" + "  A,\n" * 100 + "} kind;\n").definitions, key=lambda it: it.kind
    )
    assert {it.kind for it in members} == {"member"}
    assert one.signature.startswith("typedef enum {\n  A,")


def test_what_a_function_is_given_later_belongs_to_it() -> None:
    text = "function Yard() { this.x = 1 }\nYard.prototype.sort = function () {}\nYard.open = () => 1\n"
    text += "exports.f = () => 2\n"
    assert names("javascript", text) == [
        "function Yard",
        "attribute Yard.x",
        "method Yard.sort",
        "method Yard.open",
        "function f",
    ]


def test_what_a_parser_only_misses_is_no_reference() -> None:
    text = "0;/package org.example.yard\n\nimport kotlin.math.max\nimport org.example.rails.*\n"
    assert "" not in [name for name, _ in tags("kotlin", text).references]


def test_a_comment_belongs_to_what_follows_it_at_once() -> None:
    def doc(text: str) -> str:
        return tags("python", text).definitions[0].doc

    assert doc("# Why.\nx = 1\n") == "Why."
    assert doc("# Why.\n\nx = 1\n") == doc("# Why.\n\n\nx = 1\n") == doc("# Why.\r\r\rx = 1\r") == ""
    assert doc("import a  # Why.\nx = 1\n") == ""
    assert doc("# One.\n# Two.\n#\n# Three.\nx = 1\n") == "One.\nTwo."
    assert doc("# -----\n# Why.\n# -----\nx = 1\n") == "Why."


def test_what_nests_endlessly_has_a_name_that_does_not() -> None:
    found = tags("javascript", "function sorting() {" * 500).definitions
    assert len(found) == 0 or max(len(one.parent) for one in found) < 500
    found = tags("javascript", "function sorting() {" * 500 + "}" * 500).definitions
    assert len(found) == 500
    assert max(len(one.parent) for one in found) < 500


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_told_of_a_file(path: Path) -> None:
    assert told(path) == path.with_name(path.name + ".tags").read_text("utf-8")


def test_every_language_with_a_wheel_of_its_own_has_a_file_here() -> None:
    told_of = {language_of(path.name) for path in FILES}
    assert {
        found.key for found in languages().values() if found.package != BUNDLE and not told_of & {*found.names}
    } == set()


def test_without_a_grammar_there_is_nothing_to_tell() -> None:
    assert tags("plaintext", "def f(): pass\n") == tags("nonsense", "x = 1") == Tags()


SPOKEN = sorted(languages())
ANY = st.text(max_size=60) | st.text("ab1(){}[]:;,.=<>\"'`#/*-+@$ \t\r\n\\é𝒳\u2028\ufeff\0\ud800", max_size=60)


@given(st.sampled_from(SPOKEN), ANY)
def test_any_text_can_be_told_of(language: str, text: str) -> None:
    check(text, tags(language, text))


@given(st.sampled_from(FILES), st.integers(0, 3000), st.integers(0, 400), ANY)
def test_a_broken_file_can_be_told_of(path: Path, start: int, length: int, new: str) -> None:
    text = path.read_text("utf-8")
    text = text[:start] + new + text[start + length :]
    check(text, tags(language_of(path.name), text))


def check(text: str, found: Tags) -> None:
    """What holds of any text: what is said to stand somewhere stands there, to the letter."""
    for one in found.definitions:
        assert 0 <= one.span.start <= one.at <= one.at + len(one.name) <= one.span.end <= len(text)
        assert text.startswith(one.name, one.at)
        assert one.name
        assert one.signature in text[one.span.start : one.span.end]
        assert one.signature
        assert len(one.signature) <= 300
        assert len(one.doc) <= 300
    for name, at in found.references:
        assert name
        assert text.startswith(name, at)
    for imported in found.imports:
        assert 0 <= imported.span.start < imported.span.end <= len(text)
    assert [at for _, at in found.references] == sorted({at for _, at in found.references})
    assert not {at for _, at in found.references} & {one.at for one in found.definitions}


@given(st.text())
def test_a_flat_text_is_as_long_as_its_original(text: str) -> None:
    assert len(flat(text)) == len(text)
    assert flat(text).isascii()


def test_a_flat_text_keeps_what_a_name_may_hold() -> None:
    assert flat("größe = '𝒳→'\u2028\ufeff\0\r\n\r") == "grxxe = 'x?'   \r\n\n"


ENDS = {"\n": "line feeds", "\r\n": "both", "\r": "carriage returns"}


@pytest.mark.parametrize("end", ENDS, ids=ENDS.get)
@pytest.mark.parametrize(
    "path", [path for path in FILES if path.suffix not in (".md", ".sql")], ids=lambda path: path.name
)
def test_however_its_lines_end_a_file_tells_the_same(path: Path, end: str) -> None:
    text = path.read_text("utf-8")
    other = text.replace("\n", end)
    found = tags(language_of(path.name), other)
    check(other, found)
    expected = tags(language_of(path.name), text)
    assert [(one.kind, one.parent, one.name) for one in found.definitions] == [
        (one.kind, one.parent, one.name) for one in expected.definitions
    ]
    assert [one.doc for one in found.definitions] == [one.doc for one in expected.definitions]
    assert [name for name, _ in found.references] == [name for name, _ in expected.references]


if __name__ == "__main__":
    for path in FILES:
        path.with_name(path.name + ".tags").write_text(told(path), "utf-8")
