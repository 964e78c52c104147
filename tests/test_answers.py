"""What a model said and what is shown of it, in pictures: `‸` is the cursor, `⟦ ⟧` the text that is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import answers
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


@pytest.mark.parametrize("case", CASES)
def test_what_is_shown(case: str) -> None:
    picture, said, expected = CASES[case]
    text, cursor = at(picture)
    shown = answers.insertion(text, cursor, said)
    drawn = shown and text[: shown.span.start] + "⟦" + shown.text + "⟧" + text[shown.span.end :]
    assert drawn == expected


_TEXT = st.text("ab(){}[]\"' \n\r\t<|>`é𝒳\u2028\ud800fim_middle|think", max_size=60)


@given(_TEXT, st.integers(0, 60), _TEXT)
def test_any_answer_to_any_text_is_an_insertion_or_silence(text: str, cursor: int, said: str) -> None:
    cursor = min(cursor, len(text))
    shown = answers.insertion(text, cursor, said)
    if shown is None:
        return
    assert shown.text.strip()
    assert shown.span.start == cursor <= shown.span.end <= len(text)
    assert not any(line_end in text[shown.span.start : shown.span.end] for line_end in "\r\n")
    assert not any(mark in shown.text for family in families.table().values() for mark in family.marks)


@given(_TEXT, _TEXT, _TEXT)
def test_what_is_balanced_once_is_balanced(before: str, after: str, said: str) -> None:
    once = answers.balanced(before, after, said)
    assert said.startswith(once)
    assert answers.balanced(before, after, once) == once
