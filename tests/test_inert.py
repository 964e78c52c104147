"""Markdown made inert, held against a renderer that reads it by CommonMark, with tables and autolinks."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from router.answers.inert import Inert, inert

_READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_ALIVE = {"link_open", "image", "html_inline", "html_block", "table_open"}
_WORDS = """` `` ``` ~~~ \\ ! [ ] ( ) < > a x.py:3 http://e/x $ $$ | --- ![a](http://e) <b> <!-- [a]:/e |-|-| : = # &lt;
    * é me@e.org mermaid \u200b""".split()
_BITS = st.sampled_from(
    [*_WORDS, " ", "    ", "\n", "\n\n", "- ", "> ", "1. ", "\t", "\r", "```py\n", "\n```\n", "\n$$\n"]
)
_TEXTS = st.lists(_BITS, max_size=24).map("".join)


def tokens(markdown: str) -> list[Token]:
    """All that a renderer sees."""
    found = _READER.parse(markdown)
    return [token for it in found for token in (it, *(it.children or ()))]


def alive(markdown: str) -> list[str]:
    """What could be followed, fetched or run."""
    return [it.type for it in tokens(markdown) if it.type in _ALIVE]


def typed(text: str, size: int) -> str:
    it = Inert()
    return "".join(it.feed(text[at : at + size]) for at in range(0, len(text), size)) + it.end()


@given(_TEXTS)
@example("`\n` ![x](http://e) `")  # a run of one line that closes one of the line before
@example("| ` | ![x](http://e) | ` |\n|-|-|-|\n| ` | ![x](http://e) | ` |")  # cells are cut before code is read
@example("- ~~~\n```\n![x](http://e)\n```")
@example("<[b](/x)>")
@example("[x][(http://e)](/u)")
def test_nothing_that_a_renderer_sees_is_alive(text: str) -> None:
    assert alive(inert(text)) == []


@given(_TEXTS, st.integers(1, 7))
@example("\u200b~~~py x = 1\n<b>\n~~~", 1)  # a fence, as soon as what is not seen is gone
def test_it_comes_to_the_same_however_it_is_cut(text: str, size: int) -> None:
    assert typed(text, size) == inert(text)


@given(_TEXTS)
def test_what_is_inert_stays_as_it_is(text: str) -> None:
    assert inert(inert(text)) == inert(text)


@given(_TEXTS)
def test_an_address_stands_in_code_where_nobody_makes_a_link_of_it(text: str) -> None:
    words = [it.content for it in tokens(inert(text)) if it.type == "text"]
    assert not [word for word in words if "http://" in word or "me@e.org" in word]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("See [app.py:3](command:run) and ![a picture](http://e/x.png).", "See app.py:3 and a picture."),
        ("It is at http://e/x?a=1 now.", "It is at `http://e/x?a=1` now."),
        ("Use `List<int>`, not <b>List</b>.", "Use `List<int>`, not \\<b>List\\</b>."),
        ("Is a < b, is a[0](1) or a[0] so?", "Is a < b, is a[0\\](1) or a[0] so?"),
        ("At http://e/x`a`b.", "At `http://e/x` `a`b."),
        ("It costs $5.", "It costs \\$5."),
        ("a\u202eb\u200bc\x1b[31m", "abc[31m"),
        ("Open `a and `b` too", "Open `a and `b\\` too"),
        ("```mermaid\nx\n```", "```\nx\n```"),
        ("Do:\n  ```py\n  <b>\n    x\n  ```\nso.", "Do:\n```py\n<b>\n  x\n```\nso."),
        ("```\n<b>", "```\n<b>\n```"),
        ("Title\n---\n| a |\n|---|", "Title\n\n| a |\n"),
    ],
)
def test_what_becomes_of_it(said: str, shown: str) -> None:
    assert inert(said) == shown


def test_words_are_shown_as_they_come_and_code_by_the_line() -> None:
    it = Inert()
    said = ["The val", "ue `a ", "b` is", " wrong", " [x](/u) ", "so\n``", "`\nx = ", "1\n"]
    shown = ["The ", "value ", "`a b` ", "is ", "wrong ", "x so\n", "```\n", "x = 1\n"]
    assert [it.feed(part) for part in said] == shown
    assert it.end() == "```"
