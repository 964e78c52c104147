"""What a model said and what is shown of it, in pictures: `‸` is the cursor, `⟦ ⟧` the text that is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.answers.insertion import insertion
from router.context.brackets import balanced
from router.models import families
from tests.fixture import at

SILENCE = None
# name: (the place, what the model says, the place with what is shown)
CASES: dict[str, tuple[str, str, str | None]] = {
    "plain text is shown as it is": ("x = ‸\n", "1", "x = ⟦1⟧\n"),
    "blanks at the end are dropped": ("x = ‸\n", "1  \n\n", "x = ⟦1⟧\n"),
    "nothing but blanks is silence": ("x = ‸\n", "  \n ", SILENCE),
    "a fence is unwrapped": ("‸\n", "```python\nx = 1\n```\nThat is it.", "⟦x = 1⟧\n"),
    "chatter is silence": ("‸\n", "Sure, here is the code:\nx = 1", SILENCE),
    "thinking aloud is not shown": ("‸\n", "<think>hm\n</think>x = 1", "⟦x = 1⟧\n"),
    "a thought without an end is silence": ("‸\n", "<think>hm x = 1", SILENCE),
    "the model's own marks end the text": ("x = ‸\n", "1<|fim_suffix|>2", "x = ⟦1⟧\n"),
    "invisible signs are silence": ("x = ‸\n", "'\u202e1'", SILENCE),
    "signs that the document itself uses may come": (
        "s = '👩\u200d🔧'\nt = ‸\n",
        "'👩\u200d🔧'",
        "s = '👩\u200d🔧'\nt = ⟦'👩\u200d🔧'⟧\n",
    ),
    "the line that follows is not said twice": ("a()\n‸\nc()\n", "b()\nc()\nd()", "a()\n⟦b()⟧\nc()\n"),
    "a line that follows at another depth is another line": (
        "if a {\n  ‸\n}\n",
        "if b {\n    c\n  }",
        "if a {\n  ⟦if b {\n    c\n  }⟧\n}\n",
    ),
    "the rest of the line is not said twice": ("f(‸, c)\n", "a, b, c)", "f(⟦a, b⟧, c)\n"),
    "inside a line only the line goes on": ("x = ‸ + 1\n", "y\nz = 2", "x = ⟦y⟧ + 1\n"),
    "a bracket that the editor closed is typed over": ("def add(‸)\n", "a, b):", "def add(⟦a, b):⟧\n"),
    "and over several lines": ("def add(‸)\n", "a, b):\n    return a + b", "def add(⟦a, b):\n    return a + b⟧\n"),
    "a bracket that is not said stays": ("def add(‸):\n", "a, b", "def add(⟦a, b⟧):\n"),
    "an open bracket may be closed": ("print(‸\n", "a)", "print(⟦a)⟧\n"),
    "a bracket that closes nothing ends the text": ("f() {\n  ‸\n}\n", "a();\n}\n\ng() {", "f() {\n  ⟦a();⟧\n}\n"),
    "a bracket in a string is no bracket": ("x = ‸\n", "')'", "x = ⟦')'⟧\n"),
    "a bracket is closed though an outer one is closed below": ("f {\n  g(‸\n}\n", "a)", "f {\n  g(⟦a)⟧\n}\n"),
    "an indentation too deep is set right": ("def f():\n    ‸\n", "    return 1", "def f():\n    ⟦return 1⟧\n"),
    "an indentation that is right stays": ("def f():\n‸\n", "    return 1", "def f():\n⟦    return 1⟧\n"),
    "a line that is begun anew goes on from the cursor": ("second = ‸\n", "second = 2", "second = ⟦2⟧\n"),
    "and is silence when it has nothing more": ("second = ‸\n", "second =", SILENCE),
    "the same line for ever is silence": ("‸\n", "abcd()\nabcd()\nabcd()\nabcd()", SILENCE),
    "the same words for ever are silence": ("x = ‸\n", "foo.bar" * 9, SILENCE),
    "a ruler is not endless": ("# ‸\n", "-" * 60, "# ⟦" + "-" * 60 + "⟧\n"),
    "the line above once more is silence": ("total = 1\n‸\n", "total = 1", SILENCE),
    "line ends are the document's own": ("a\r\n‸\r\n", "b\nc", "a\r\n⟦b\r\nc⟧\r\n"),
    "also when they are carriage returns": ("a\r‸\r", "b\nc", "a\r⟦b\rc⟧\r"),
}


CASES |= {
    # Blanks that part words
    "a blank before the rest of a line stays": ("if ‸x:\n", "not ", "if ⟦not ⟧x:\n"),
    "also between arguments": ("foo(a, ‸b)\n", "c, ", "foo(a, ⟦c, ⟧b)\n"),
    "also when the rest is said again": ("foo(a, ‸b)\n", "c, b)", "foo(a, ⟦c, ⟧b)\n"),
    "but not a second one": ("if ‸ x:\n", "not ", "if ⟦not⟧ x:\n"),
    "before closing signs it goes": ("foo(a, ‸)\n", "b, ", "foo(a, ⟦b,⟧)\n"),
    # Brackets that are none
    "a lifetime is no quote": (
        "impl A {\n    ‸\n}\n",
        "fn get<'a>(x: &'a str) -> &'a str {\n        x\n    }",
        "impl A {\n    ⟦fn get<'a>(x: &'a str) -> &'a str {\n        x\n    }⟧\n}\n",
    ),
    "a shell's case is no bracket": (
        "case $1 in\n‸\n",
        "  start)\n    run ;;\n  stop|'halt')\n    end ;;\nesac",
        "case $1 in\n⟦  start)\n    run ;;\n  stop|'halt')\n    end ;;\nesac⟧\n",
    ),
    "nor is an item": ("‸\n", "1) first\n2) second", "⟦1) first\n2) second⟧\n"),
    "nor is one in a regular expression": (
        "x = s‸\n",
        ".replace(/\\)/g, '');\ny();",
        "x = s⟦.replace(/\\)/g, '');\ny();⟧\n",
    ),
    "nor in a comment": ("‸\n", "# don't :)\nf()", "⟦# don't :)\nf()⟧\n"),
    "an apostrophe is no quote": ("# ‸\n", "don't (as it's said)", "# ⟦don't (as it's said)⟧\n"),
    "nor is a prime": ("s = ‸\n", "foldl' (+) 0 (f' x)", "s = ⟦foldl' (+) 0 (f' x)⟧\n"),
    "nor what parts digits": ("x = ‸\n", "f(1'000) + g(2'0);", "x = ⟦f(1'000) + g(2'0);⟧\n"),
    "a bracket that is a character is none": ("x = ‸\n", "s.find('(')\ny", "x = ⟦s.find('(')\ny⟧\n"),
    "a quote that the cursor stands in goes on": ("print(':‸\n", "(')", "print(':⟦(')⟧\n"),
    "a bracket too many at a line's end is cut": ("f(‸, c)\n", "a, b))", "f(⟦a, b⟧, c)\n"),
    "a block may be closed and another one opened": (
        "if (a) {\n  ‸\n}\n",
        "b();\n} else {\n  c();\n}\nd();",
        "if (a) {\n  ⟦b();\n} else {\n  c();⟧\n}\n",
    ),
    "a bracket may be closed where only one further out is": (
        "f() {\n  if (a) {\n    b();\n  ‸\n}\n",
        "}\n  c();",
        "f() {\n  if (a) {\n    b();\n  ⟦}\n  c();⟧\n}\n",
    ),
    # Typed over
    "what is told of a generic type leaves its end": ("a: Vec<‸>\n", "HashMap<K, V>", "a: Vec<⟦HashMap<K, V>⟧>\n"),
    "unless it brings that, too": ("a: Vec<‸>\n", "u8>", "a: Vec<⟦u8>⟧\n"),
    "a comma stays": ("f(\n  x=‸,\n)\n", "max(a, b)", "f(\n  x=⟦max(a, b)⟧,\n)\n"),
    "unless the answer ends with it": ("f(\n  x=‸,\n)\n", "max(a, b),", "f(\n  x=⟦max(a, b),⟧\n)\n"),
    "a quote stays where quotes come in pairs": ('x = "‸"\n', 'a "b" c', 'x = "⟦a "b" c⟧"\n'),
    "and where they are of a place in a string": ("f'‸'\n", "{a['b']}", "f'⟦{a['b']}⟧'\n"),
    "a quote that is told is typed over": ('f("‸")\n', 'a", b)', 'f("⟦a", b)⟧\n'),
    "and only that when no bracket is": ('f("‸")\n', 'a"', 'f("⟦a"⟧)\n'),
    "a semicolon that is not told stays": ("f(‸);\n", "a, b)", "f(⟦a, b)⟧;\n"),
    "the inner of two brackets is typed over alone": ("f(g(‸))\n", "a)", "f(g(⟦a)⟧)\n"),
    "a colon in the first line is told": ("if x‸:\n", " and y:\n    z()", "if x⟦ and y:\n    z()⟧\n"),
    # Indentation
    "in Lua a body is indented": (
        "local function f(a)\n‸\nend\n",
        "  local x\n  return x",
        "local function f(a)\n⟦  local x\n  return x⟧\nend\n",
    ),
    "in SQL": ("SELECT\n‸\n", "    a,\n    b\nFROM t", "SELECT\n⟦    a,\n    b\nFROM t⟧\n"),
    "in HTML": ("<ul>\n‸\n</ul>\n", "  <li>a</li>\n  <li>b</li>", "<ul>\n⟦  <li>a</li>\n  <li>b</li>⟧\n</ul>\n"),
    "arguments stay in line": ("x = foo(a,\n‸\n", "        b)", "x = foo(a,\n⟦        b)⟧\n"),
    "an indentation said once more is dropped once": (
        "def f():\n    ‸\n",
        "    if x:\n        y()\n    z()",
        "def f():\n    ⟦if x:\n        y()\n    z()⟧\n",
    ),
    "lines that are all too deep are shifted alike": (
        "def f():\n    ‸\n",
        "    if x:\n            y()\n        z()",
        "def f():\n    ⟦if x:\n        y()\n    z()⟧\n",
    ),
    "a docstring's indentation is not the text's": (
        'def f():\n    """Do.\n\n     a\n     b\n    """\n    if x:\n        y\n    if z:\n‸\n',
        "        w",
        'def f():\n    """Do.\n\n     a\n     b\n    """\n    if x:\n        y\n    if z:\n⟦        w⟧\n',
    ),
    # Marks, chatter and fences
    "a word in angles is none of the model's marks": (
        "‸\n",
        'print("usage: prog <filename> [options]")',
        '⟦print("usage: prog <filename> [options]")⟧\n',
    ),
    "nor is a tag": ("‸\n", "<s>old</s>", "⟦<s>old</s>⟧\n"),
    "nor is a thought in a pattern": (
        "x = ‸\n",
        "re.sub('<think>.*</think>', '', s)",
        "x = ⟦re.sub('<think>.*</think>', '', s)⟧\n",
    ),
    "a word that chatter begins with may be a name": ("‸\n", "sure = True", "⟦sure = True⟧\n"),
    "in a comment words are at home": ("# ‸\n", "Here are the steps:", "# ⟦Here are the steps:⟧\n"),
    "in a docstring, too, and so are fences": (
        'def f():\n    """Do.\n\n    ‸\n    """\n',
        "```\n    f()\n    ```",
        'def f():\n    """Do.\n\n    ⟦```\n    f()\n    ```⟧\n    """\n',
    ),
    "a fence alone is nothing": ("x = ‸\n", "```python", SILENCE),
    "an indented fence is unwrapped": ("‸\n", "  ```\n  f()\n  ```", "⟦  f()⟧\n"),
    # What follows
    "a new element between others may come": (
        "x = [\n  {\n    a: 1,\n  },\n‸\n  {\n    b: 1,\n  },\n]\n",
        "  {\n    c: 1,\n  },",
        "x = [\n  {\n    a: 1,\n  },\n⟦  {\n    c: 1,\n  },⟧\n  {\n    b: 1,\n  },\n]\n",
    ),
    "a decorator alone is no repetition": (
        "class A:\n    ‸\n\n    @property\n    def b(self):\n        pass\n",
        "@property\n    def a(self):\n        return 1\n\n    @property\n    def b(self):",
        "class A:\n    ⟦@property\n    def a(self):\n        return 1⟧\n\n    @property\n    def b(self):\n"
        "        pass\n",
    ),
    "a bracket that stands there already is not said twice": (
        "‸\n}\ny();\n",
        "if (x) {\n  z();\n}\ny();",
        "⟦if (x) {\n  z();⟧\n}\ny();\n",
    ),
    "what closes the block around is": ("if x\n  ‸\nend\n", "y\nend\nz", "if x\n  ⟦y⟧\nend\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_shown(case: str) -> None:
    picture, said, expected = CASES[case]
    text, cursor = at(picture)
    shown = insertion(text, cursor, said)
    drawn = shown and text[: shown.span.start] + "⟦" + shown.text + "⟧" + text[shown.span.end :]
    assert drawn == expected


def test_the_marks_of_the_family_that_was_asked_end_the_text() -> None:
    shown = insertion("x = \n", 4, "1</s>2", marks=families.table()["codestral"].marks)
    assert shown
    assert shown.text == "1"


def test_a_shell_knows_its_cases_though_they_began_far_above() -> None:
    said = "c|d)\n  e\n  ;;"
    assert balanced("a)\n  b\n  ;;\n", "", said, "shellscript") == said


def test_in_a_text_fences_are_text() -> None:
    said = "```python\nf()\n```\n\nThen run it."
    for language in ("markdown", "restructuredtext", "plaintext"):
        shown = insertion("", 0, said, language)
        assert shown
        assert shown.text == said


_TEXT = st.text("ab(){}[]\"' \n\r\t<|>`é𝒳\u2028\ud800fim_middle|think", max_size=60)


@given(_TEXT, st.integers(0, 60), _TEXT)
def test_any_answer_to_any_text_is_an_insertion_or_silence(text: str, cursor: int, said: str) -> None:
    cursor = min(cursor, len(text))
    shown = insertion(text, cursor, said)
    if shown is None:
        return
    assert shown.text.strip()
    assert shown.span.start == cursor <= shown.span.end <= len(text)
    assert not any(line_end in text[shown.span.start : shown.span.end] for line_end in "\r\n")
    assert not any(
        mark in shown.text for family in families.table().values() for mark in family.marks if mark[1] in "|｜"
    )


@given(_TEXT, _TEXT, _TEXT)
def test_what_is_balanced_once_is_balanced(before: str, after: str, said: str) -> None:
    once = balanced(before, after, said)
    assert said.startswith(once)
    assert balanced(before, after, once) == once
