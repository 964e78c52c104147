"""Each language is one file, and its grammar comes from one place."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest
from tree_sitter import Parser

from router.context.tagging.grammars import BUNDLE, grammar
from router.context.tagging.language import language, language_of, languages

FIRST_CLASS = (
    "bash c cpp csharp css go html java javascript json kotlin lua markdown php python ruby rust sql"
    " toml tsx typescript yaml"
).split()
ONE_LINE = {
    "dockerfile": "FROM scratch\n",
    "elixir": "x = 1\n",
    "haskell": "x = 1\n",
    "make": "all:\n\techo\n",
    "perl": "my $x = 1;\n",
    "r": "x <- 1\n",
    "scala": "val x = 1\n",
}


def test_the_first_class_has_wheels_of_its_own() -> None:
    assert [key for key, found in languages().items() if found.package != BUNDLE] == FIRST_CLASS


@pytest.mark.parametrize("name", FIRST_CLASS)
def test_the_first_class_is_there_on_every_python(name: str) -> None:
    assert grammar(name) is not None


@pytest.mark.parametrize("name", sorted(languages().keys() - FIRST_CLASS))
def test_the_others_are_there_where_there_is_a_wheel_and_plain_text_where_not(name: str) -> None:
    found = grammar(name)
    assert (found is None) == (find_spec(BUNDLE) is None)
    if sys.version_info >= (3, 13):
        assert found is None
    if found is not None:
        assert not Parser(found).parse(ONE_LINE[name].encode()).root_node.has_error


def test_an_unknown_language_is_plain_text() -> None:
    assert language("klingon") is None
    assert grammar("klingon") is None
    assert grammar("plaintext") is None


def test_a_wheel_that_is_not_installed_makes_its_language_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_lua", None)
    grammar.cache_clear()
    try:
        assert grammar("lua") is None
    finally:
        grammar.cache_clear()


def test_no_two_languages_claim_a_name_or_an_ending() -> None:
    names = [name for found in languages().values() for name in {*found.names, found.key}]
    endings = [ending for found in languages().values() for ending, _ in found.endings]
    assert sorted(names) == sorted(set(names))
    assert sorted(endings) == sorted(set(endings))


FILES = {
    "a.py": "python",
    "A.PY": "python",
    "a.tsx": "typescriptreact",
    "a.jsx": "javascriptreact",
    "a.d.ts": "typescript",
    "Makefile": "makefile",
    "makefile": "makefile",
    "Dockerfile": "dockerfile",
    "web.dockerfile": "dockerfile",
    "Gemfile": "ruby",
    "a.h": "c",
    "a.unknown": "unknown",
    "README": "plaintext",
    ".bashrc": "plaintext",
    "a.": "plaintext",
    "": "plaintext",
}


@pytest.mark.parametrize("file", FILES)
def test_what_editors_call_the_language_of_a_file(file: str) -> None:
    assert language_of(file) == FILES[file]


def test_every_name_that_a_file_leads_to_is_one_of_its_languages() -> None:
    for found in languages().values():
        assert {name for _, name in found.endings} <= set(found.names)


def test_a_language_says_how_its_comments_begin_and_end() -> None:
    def signs(name: str) -> tuple[str, tuple[str, str] | None]:
        found = language(name)
        assert found is not None
        return found.line, found.block

    assert signs("python") == ("#", None)
    assert signs("go") == ("//", ("/*", "*/"))
    assert signs("html") == ("", ("<!--", "-->"))
    assert signs("lua") == ("--", ("--[[", "]]"))
    assert all(found.line or found.block for found in languages().values())
