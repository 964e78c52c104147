"""When a block is whole, in pictures: `‸` is the cursor; `│` in what the model says is where it may end."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.context.syntax import Syntax
from router.types import Change
from tests.fixture import LANGUAGES, at

CASES = {
    "a simple statement is whole at its line's end": ("py", "x = 1\n‸\ny = 2\n", "z = f(x)│\nw = 3\n"),
    "a call over several lines is whole at its bracket": ("py", "‸", "f(\n    1,\n    2,\n)│\ng()\n"),
    "a call that is not closed is not whole": ("py", "‸", "f(\n    1,\n"),
    "a body is whole when a line leaves it": ("py", "def f(x):\n    ‸\n", "y = x\n    return y│\n\ndef g():\n"),
    "a body may go on as long as no line leaves it": ("py", "def f(x):\n    ‸\n", "y = x\n    return y\n"),
    "what is half typed belongs to it": ("py", "def f(x‸", "):\n    return x│\n\nf(1)\n"),
    "a statement among others is one statement": (
        "py",
        "def f(x):\n    y = 1\n    ‸\n    return y\n",
        "z = 2│\n    w = 3\n",
    ),
    "an else belongs to its if": (
        "py",
        "‸\n",
        "if x:\n    y = 1\nelse:\n    y = 2│\nz = 3\n",
    ),
    "a comment goes with what follows it": ("py", "‸\n", "# why\nx = 1│\ny = 2\n"),
    "braces close a block": ("ts", "const a = 1;\n‸\n", "if (a) {\n  b();\n}│\nc();\n"),
    "an empty body takes more than one statement": ("ts", "function f() {\n  ‸\n}\n", "a();\n  b();\n"),
    "in Rust": ("rs", "fn f() {\n    a();\n    ‸\n}\n", "let x = 1;│\n    let y = 2;\n"),
    "in Go": ("go", "package a\n\nfunc f() {\n\ta()\n\t‸\n}\n", "for i := range x {\n\t\tb(i)\n\t}│\n\tc()\n"),
    "without a grammar, a line": ("txt", "one\n‸\n", "two│\nthree\n"),
    "without a grammar, an indented block": ("txt", "‸\n", "do:\n  this\n  that│\nthen\n"),
    "an astral text before it moves nothing": ("py", "s = '𝒳é'\n‸\n", "t = '𝒴'│\nu = 1\n"),
}


CASES |= {
    # What is begun in the answer is ended there, too
    "a bracket of its own is closed first": ("rs", "fn f() {‸}\n", "\n    let x = 1;\n    match x {\n"),
    "also where the body is open": ("rs", "fn f() {\n    ‸\n}\n", "let x = 1;\n    match x {\n"),
    "what came whole before it counts": ("rs", "fn f() {\n    a();\n    ‸\n}\n", "let x = 1;│\n    match x {\n"),
    "in a class of TypeScript": ("ts", "class A {\n  ‸\n}\n", "a = 1;\n  f() {\n"),
    "in Java": ("java", "class A {\n  ‸\n}\n", '@Override\n  public String toString() {\n    return "";\n'),
    "in Java until it closes": (
        "java",
        "class A {\n  ‸\n}\n",
        '@Override\n  public String toString() {\n    return "";\n  }│\n\n  public int f() {\n',
    ),
    "in JSON": ("json", '{\n  "a": 1,\n  ‸\n}\n', '"b": {\n    "c": 1,\n'),
    "a method in Ruby": ("rb", "class A\n  ‸\nend\n", "def f\n    1\n"),
    "a method in Ruby until its end": ("rb", "class A\n  ‸\nend\n", "def f\n    1\n  end│\n\n  def g\n"),
    "a block in Ruby": ("rb", "def f\n  a\n  ‸\nend\n", "xs.each do |x|\n    g x\n"),
    "a block in Ruby until its end": ("rb", "def f\n  a\n  ‸\nend\n", "xs.each do |x|\n    g x\n  end│\n  h\n"),
    "a function in Lua": ("lua", "function f()\n  a()\n  ‸\nend\n", "if x then\n    y()\n"),
    "a loop in a shell": ("sh", "if a; then\n  b\n  ‸\nfi\n", "for x in y; do\n    z\n"),
    "a loop in a shell until it is done": ("sh", "if a; then\n  b\n  ‸\nfi\n", "for x in y; do\n    z\n  done│\n  c\n"),
    "a text in a shell": ("sh", "‸\nls\n", "cat <<EOF\nhello\n"),
    "a text in a shell until its mark": ("sh", "‸\nls\n", "cat <<EOF\nhello\nEOF│\nls\n"),
    "a shift to the left in Ruby is no text": ("rb", "‸\nz\n", "xs << y│\nz\n"),
    "a text in Ruby": ("rb", "‸\nz\n", "x = <<~SQL\n  select\n"),
    "a text in Ruby until its mark": ("rb", "‸\nz\n", "x = <<~sql\n  select\nsql│\ny\n"),
    "a fence in Markdown": ("md", "‸\n\nThen.\n", "```sh\nls :(\n"),
    "an element": ("tsx", "const a = (\n  <ul>\n    ‸\n  </ul>\n);\n", "<li>\n      b\n"),
    "a docstring": ("py", "‸\nx = 1\n", 'def f():\n    """Do.\n\n    More.\n'),
    # Bodies
    "an empty body in Go takes more than one statement": ("go", "package a\n\nfunc f() {\n\t‸\n}\n", "a()\n\tb()\n"),
    "an empty body in Ruby, too": ("rb", "def f\n  ‸\nend\n", "a\n  b\n"),
    "a class is taken method by method": (
        "py",
        "class A:\n    ‸\n",
        "x: int\n\n    def f(self):\n        return 1│\n\n    def g(self):\n",
    ),
    "also between braces": ("ts", "class A {\n  ‸\n}\n", "a = 1;\n  f() {\n    b();\n  }│\n\n  g() {\n"),
    "a body is whole at its bracket": ("ts", "function f() {\n  ‸\n}\n", "a();\n  b();\n}│\ng();\n"),
    "so is an object": ("js", "x = {\n  ‸\n};\n", "a: 1,\n  b: 2,\n};│\ny();\n"),
    "an else that follows a bracket": ("ts", "if (a) {\n  b();\n} ‸\n", "else {\n  c();\n}│\nd();\n"),
    "what closes the line is typed over": ("py", "foo(‸)\nbar()\n", "\n    a,\n)│\nb()\n"),
    "after a line that is whole, the next": ("py", "x = 1‸\n", "\ny = 2│\nz = 3\n"),
    # What never comes alone
    "an attribute alone": ("rs", "‸\nfn g() {}\n", "#[derive(Debug)]\n"),
    "an attribute with its own": ("rs", "‸\nfn g() {}\n", "#[derive(Debug)]\nstruct A {\n    b: u8,\n}│\n\nfn h() {\n"),
    "an attribute in C#": ("cs", "class A {\n  int x;\n  ‸\n}\n", "[Test]\n"),
    "an annotation alone": ("java", "class A {\n  int x;\n  ‸\n}\n", "@Override\n"),
    "a decorator alone": ("py", "class A:\n    x = 1\n\n    ‸\n\n    def g(self):\n        pass\n", "@property\n"),
    # What the next line may go on with
    "a chain goes on in the next line": ("ts", "‸\n", "const x = a\n  .map(b)\n  .filter(c)│\nd()\n"),
    "so a line alone may not be all": ("ts", "‸\n", "const x = a\n"),
    "but with a semicolon it is": ("ts", "‸\n", "const x = a;│\n"),
    "a brace on its own line": ("ts", "‸\n", "function f()\n{\n  a();\n}│\ng();\n"),
    "and is waited for": ("ts", "‸\n", "function f()\n"),
    "a condition goes on in a shell": ("sh", "‸\n", "a &&\n  b│\nc\n"),
    # Without a grammar
    "an element without a grammar": ("xml", "<ul>\n  ‸\n</ul>\n", "<li>\n    a\n  </li>│\n  <li>\n"),
    "a query without a grammar": ("sql", "‸\n", "select a\nfrom b\nwhere c;│\n"),
    "an empty line first, without a grammar": ("txt", "one\n‸\n", "\ntwo│\nthree\n"),
    # Old line ends
    "where carriage returns end the lines": ("py", "a = 1\r‸\rb = 2\r", "x = 1│\ny = 2\n"),
    "also of a body": ("py", "def f(x):\r    ‸\r", "y = x\n    return y│\n\ndef g():\n"),
    "also without a grammar": ("txt", "one\r‸\r", "two│\nthree\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_where_a_block_is_whole(case: str) -> None:
    ending, picture, said = CASES[case]
    text, cursor = at(picture)
    expected = said.index("│") if "│" in said else None
    syntax = Syntax(LANGUAGES[ending], text, time.monotonic)
    assert syntax.whole(cursor, said.replace("│", "")) == expected


_SAID = st.text("ab(){}:\n \"'é𝒳\r=;<>/@#`", max_size=40) | st.lists(
    st.sampled_from(["if a:\n", "  b\n", "}\n", "end\n", "def f\n", "f() {\n", "<li>\n", "@a\n", "SELECT a\n", "\r"]),
    max_size=8,
).map("".join)


@given(st.sampled_from(sorted(LANGUAGES.values())), _SAID, st.integers(0, 40), _SAID)
def test_a_block_is_some_lines_of_what_was_said(language: str, text: str, cursor: int, said: str) -> None:
    cursor = min(cursor, len(text))
    whole = Syntax(language, text, time.monotonic).whole(cursor, said)
    assert whole is None or (whole <= said.rfind("\n") and said[:whole].strip())


_PIECES = st.text("ab(){}:\n \t\"'é𝒳\r=", max_size=12)


@given(_PIECES, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), _PIECES), max_size=6), st.booleans())
def test_a_tree_kept_by_edits_is_the_tree_of_the_text(
    text: str, edits: list[tuple[int, int, str]], eager: bool
) -> None:
    kept = Syntax("python", text, time.monotonic)
    kept.refresh(60)
    for start, length, new in edits:
        start = min(start, len(text))
        end = min(start + length, len(text))
        text = text[:start] + new + text[end:]
        kept.edited([Change(start, end, new)], text)
        if eager:
            kept.refresh(60)
    kept.refresh(60)
    fresh = Syntax("python", text, time.monotonic)
    fresh.refresh(60)
    assert kept._tree is not None
    assert fresh._tree is not None
    assert str(kept._tree.root_node) == str(fresh._tree.root_node)


def test_a_hostile_file_is_given_up_and_read_as_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.context.syntax._HOPELESS", 0.005)
    ticks = iter(range(10_000_000))
    syntax = Syntax("python", "([" * 5_000, lambda: float(next(ticks)))
    assert not syntax.refresh()
    while not syntax.refresh():
        pass
    assert syntax._tree is None
    assert syntax.whole(0, "x = 1\ny\n") == len("x = 1")


def test_a_parse_in_slices_is_the_parse_in_one_go() -> None:
    text = "def f(x):\n    return [x, (1, 2)]\n" * 300
    time_stands_still = Syntax("python", text, lambda: 0.0)
    assert time_stands_still.refresh()
    ticks = (tick / 2_000 for tick in range(10_000_000))
    sliced = Syntax("python", text, lambda: next(ticks))
    assert not sliced.refresh()
    while not sliced.refresh():
        pass
    assert sliced._tree is not None
    assert time_stands_still._tree is not None
    assert str(sliced._tree.root_node) == str(time_stands_still._tree.root_node)


def test_an_edit_during_a_parse_begins_it_anew() -> None:
    ticks = (tick / 2_000 for tick in range(10_000_000))
    syntax = Syntax("python", "def f(x):\n    return [x, (1, 2)]\n" * 300, lambda: next(ticks))
    assert not syntax.refresh()
    text = "x = 1\n"
    syntax.edited([Change(0, len(syntax._text), text)], text)
    while not syntax.refresh():
        pass
    assert syntax._tree is not None
    assert str(syntax._tree.root_node).count("function_definition") == 0


def test_parsing_again_and_again_keeps_nothing() -> None:
    text = "x = [" + "1, " * 40_000 + "]\n"
    syntax = Syntax("python", text, time.monotonic)
    syntax.refresh(60)
    tracemalloc.start()
    try:
        for _ in range(20):
            text = "y" + text
            syntax.edited([Change(0, 0, "y")], text)
            syntax.refresh(60)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 4 * len(text)
