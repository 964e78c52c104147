"""A new name in all the places that mean it, and in none that only look like it."""

from __future__ import annotations

import pytest

from router.context.tagging.tags import tags
from router.editing import renaming
from router.editing.blocks import Unfit
from router.editing.kinds import instruction
from router.editing.style import applied
from router.types import Change, Edit, Request, Span
from tests.fixture import at, document

RENAME = instruction("rename")


def renamed(picture: str, said: str, path: str = "a.py", note: str = RENAME) -> str:
    text, cursor = at(picture)
    request = Request("refactor", document(text, f"/home/ada/{path}"), Span(cursor, cursor), note=note)
    found = renaming.alone(request, said)
    assert isinstance(found, Edit)
    return applied(text, found.files[0].changes)


@pytest.mark.parametrize(
    ("path", "picture", "after"),
    [
        ("a.py", "def f‸(a):\n    return a\n\n\nx = f(1) + y.f\n", "def new(a):\n    return a\n\n\nx = new(1) + y.f\n"),
        (
            "a.py",
            "def f(a):\n    b‸ = a\n    return b + x.b\n\n\nb()\n",
            "def f(a):\n    new = a\n    return new + x.b\n\n\nb()\n",
        ),
        ("a.py", "def f(a‸):\n    return g(a=a)\n", "def f(new):\n    return g(a=new)\n"),
        (
            "a.py",
            "class A:\n    def ‸f(self):\n        self.f(f)\n",
            "class A:\n    def new(self):\n        self.new(f)\n",
        ),
        ("a.py", "def f():\n    ‸return 1\n\n\nf()\n", "def new():\n    return 1\n\n\nnew()\n"),
        ("a.py", "é = 1\n\n\ndef f():\n    return '😀', ‸é\n", "new = 1\n\n\ndef f():\n    return '😀', new\n"),
        (
            "a.ts",
            "function f(a‸: number) {\n  return { a };\n}\n",
            "function f(new_: number) {\n  return { a: new_ };\n}\n",
        ),
        (
            "a.java",
            "class A {\n  int f‸() {\n    return f();\n  }\n}\n",
            "class A {\n  int new_() {\n    return new_();\n  }\n}\n",
        ),
        ("a.go", "package a\n\nfunc f‸() {\n\tf()\n\tb.f()\n}\n", "package a\n\nfunc new() {\n\tnew()\n\tb.f()\n}\n"),
    ],
)
def test_what_is_meant_is_renamed_and_nothing_else(path: str, picture: str, after: str) -> None:
    assert renamed(picture, "new_" if "new_" in after else "new", path) == after


@pytest.mark.parametrize(
    "said",
    [
        "total",
        "`total`",
        "```\ntotal\n```",
        "**total**",
        "I propose `total`, for it sums up.",
        "total.\n",
        "`f` -> `total`",
    ],
)
def test_a_name_is_found_in_what_a_model_says(said: str) -> None:
    assert renamed("def f‸():\n    pass\n", said) == "def total():\n    pass\n"


@pytest.mark.parametrize(
    ("picture", "said", "why"),
    [
        ("def f‸():\n    pass\n", "", "did not answer with a name"),
        ("def f‸():\n    pass\n", "`a` or `b`", "did not answer with a name"),
        ("def f‸():\n    pass\n", "os.remove", "did not answer with a name"),
        ("def f‸():\n    pass\n", "f", "no better name"),
        ("def f‸():\n    pass\n", "class", "can't be a name"),
        ("def f‸():\n    g()\n", "g", "means something already"),
        ("from a import f\n\n\ndef g():\n    ‸f()\n", "h", "where it is defined"),
        (
            "class A:\n    def f‸(self):\n        pass\n\n\nclass B:\n    def f(self):\n        pass\n",
            "g",
            "several times",
        ),
        ("‸\n", "g", "no name here"),
    ],
)
def test_a_name_that_is_not_sure_is_refused(picture: str, said: str, why: str) -> None:
    with pytest.raises(Unfit, match=why):
        renamed(picture, said)


def test_a_name_that_the_user_says_needs_no_model() -> None:
    assert renamed("def f‸():\n    pass\n", "nonsense", note=f"{RENAME} total") == "def total():\n    pass\n"
    assert renaming.ready(Request("refactor", document(""), Span(0, 0), note=f"{RENAME} `total`")) == "total"
    assert not renaming.ready(Request("refactor", document(""), Span(0, 0), note="total"))


@pytest.mark.parametrize(
    ("path", "text", "after"),
    [
        ("b.py", "from a import f\n\nf(x.f)\n", "from a import new\n\nnew(x.f)\n"),
        ("b.py", "from a import f as g\n\ng(f)\n", "from a import new as g\n\ng(f)\n"),
        ("b.py", "import a\n\na.f(f, b.f)\n", "import a\n\na.new(f, b.f)\n"),
        ("b.py", "import a as z\n\nz.f(f)\n", "import a as z\n\nz.new(f)\n"),
        ("b.py", "from a import *\n\nf(x.f)\n", "from a import *\n\nnew(x.f)\n"),
        ("b.py", "def g(f):\n    f()\n", "def g(f):\n    f()\n"),
        ("b.ts", 'import { f, g } from "./a";\nf(g);\n', 'import { new, g } from "./a";\nnew(g);\n'),
        ("b.go", "package b\n\nfunc g() {\n\ta.f()\n}\n", "package b\n\nfunc g() {\n\ta.new()\n}\n"),
    ],
)
def test_other_files_are_renamed_by_what_they_import(path: str, text: str, after: str) -> None:
    other = document(text, f"/home/ada/{path}")
    mine = tags(other.language, text).imports
    starts = renaming.elsewhere(other, renaming.Target("f", 4), mine)
    assert applied(text, [Change(start, start + 1, "new") for start in starts]) == after


def test_uses_of_a_member_are_found_by_their_name() -> None:
    other = document("def g(x, f):\n    x.f(f)\n", "/home/ada/b.py")
    assert renaming.elsewhere(other, renaming.Target("f", 4, member=True), ()) == [19]


@pytest.mark.parametrize(
    ("picture", "note", "after"),
    [
        ("def f(a):\n    ‸b = a\n    return b\n", "rename to g", "def f(a):\n    g = a\n    return g\n"),
        ("def f(a):\n    ‸b = a\n    return b\n", "Rename `a` to `g`.", "def f(g):\n    b = g\n    return b\n"),
        ("def f(a):\n    ‸return a\n", "rename this function to g", "def g(a):\n    return a\n"),
        ("def f(a):\n    ‸return a\n", "please rename f as g", None),
    ],
)
def test_a_renaming_in_the_user_s_own_words_needs_no_model(picture: str, note: str, after: str | None) -> None:
    text, cursor = at(picture)
    request = Request("refactor", document(text), Span(cursor, cursor), note=note)
    assert bool(renaming.ready(request)) is (after is not None)
    if after is not None:
        assert renamed(picture, "", note=note) == after
