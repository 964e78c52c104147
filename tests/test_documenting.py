"""Documentation in the style of the file, whatever a model wrote around its words; and nothing else changes."""

from __future__ import annotations

import pytest

from router.editing.trees import code
from router.types import Edit, Refusal
from tests.test_edits import SHOP, after, ask, fence, refused

DOC = '"""Add an item, as long as it fits."""'


@pytest.mark.parametrize(
    "said",
    [
        fence(DOC),
        DOC,
        fence("Add an item, as long as it fits."),
        "Add an item, as long as it fits.",
        fence("'Add an item, as long as it fits.'"),
        fence("# Add an item, as long as it fits."),
        fence(f"def add(self, item):\n    {DOC}\n    rm_rf('/')\n"),
        fence(f"class Basket:\n    def add(self, item):\n        {DOC}\n"),
        f"Here is the docstring:\n{fence(DOC)}",
    ],
)
def test_only_the_words_of_an_answer_are_taken(said: str) -> None:
    wanted = SHOP.replace("def add(self, item):\n", f"def add(self, item):\n        {DOC}\n")
    assert after(SHOP, said, "# as many", "document") == wanted


def test_documentation_that_there_is_gives_way() -> None:
    said = fence('"""The sum.\n\nOf all.\n"""')
    wanted = SHOP.replace('"""The price of all."""', '"""The sum.\n\n    Of all.\n    """')
    assert after(SHOP, said, "price += ", "document") == wanted
    assert after(SHOP.replace("\n", "\r\n"), said, "price +=", "document") == wanted.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("path", "text", "said", "wanted"),
    [
        ("a.py", "def f(): return 1\n", DOC, f"def f():\n    {DOC}\n    return 1\n"),
        ("a.py", "class A:\n\tdef f(self):  # noqa\n\t\t# x\n\t\treturn 1\n", DOC, f"noqa\n\t\t{DOC}\n\t\t# x"),
        ("a.py", "def f():\n    return 1\n", r'r"""A \d."""', 'def f():\n    r"""A \\d."""\n'),
        (
            "a.ts",
            "export class A {\n  f(a: number) {\n    return a;\n  }\n}\n",
            "/** Gives it back.\n * @param a a number\n */",
            "{\n  /**\n   * Gives it back.\n   * @param a a number\n   */\n  f(a",
        ),
        (
            "a.js",
            "export const f = (a) => {\n  return a;\n};\n",
            "Gives it back.",
            "/** Gives it back. */\nexport const f",
        ),
        ("a.rs", "#[inline]\nfn f() -> u8 {\n    1\n}\n", "/// One.", "/// One.\n#[inline]\nfn f"),
        ("a.rs", "/// Two.\n/// Really.\nfn f() -> u8 {\n    1\n}\n", "// One.", "/// One.\nfn f"),
        (
            "a.go",
            "package a\n\n//go:noinline\nfunc F() int {\n\treturn 1\n}\n",
            "// F is one.",
            "// F is one.\n//go:noinl",
        ),
        (
            "A.java",
            "class A {\n    @Override\n    int f() {\n        return 1;\n    }\n}\n",
            "One.",
            "    /** One. */\n    @O",
        ),
        (
            "a.c",
            "// Gives a.\nint a(void) {\n  return 1;\n}\nint b(void) {\n  return 2;\n}\n",
            "Gives b.",
            "// Gives b.\nint b",
        ),
        ("a.rb", "class A\n  def f\n    1\n  end\nend\n", "# One.", "  # One.\n  def f"),
        ("a.lua", "local function f()\n  return 1\nend\n", "One.", "--- One.\nlocal function"),
        ("a.sh", "f() {\n  echo 1\n}\n", "Says one.", "# Says one.\nf()"),
        ("a.php", "<?php\nfunction f() {\n  return 1;\n}\n", "One.", "<?php\n/** One. */\nfunction"),
        ("a.cs", "class A\n{\n    int F()\n    {\n        return 1;\n    }\n}\n", "One.", "    /// One.\n    int F"),
    ],
)
def test_it_stands_where_and_as_the_language_has_it(path: str, text: str, said: str, wanted: str) -> None:
    at = next(it for it in ("return 2", "return", "echo 1", "    1", "1") if it in text)
    made = after(text, said, at, "document", path=path)
    assert wanted in made
    file = ask(text, said, at, "document", path=path)
    assert isinstance(file, Edit)
    language = file.files[0].document.language
    assert code(language, made) == code(language, text)


@pytest.mark.parametrize(
    ("path", "text", "said", "why"),
    [
        ("a.py", "x = 1\n\n\ndef f():\n    return 1\n", "def f():\n    return 2\n", "no documentation"),
        ("a.py", "def f():\n    return 1\n", fence("```"), "no documentation"),
        ("a.py", "def f():\n    return 1\n", "<think>Hm.", "no documentation"),
        ("a.js", "// A.\nfunction f() {\n  return 1;\n}\n", "// One.\n// @ts-nocheck", "tools obey"),
        ("a.js", "function f() {\n  return 1;\n}\n", "One. */ rm() /* two", "end the comment"),
        ("a.py", "def f():\n    return 1\n", "One \u202e.", "nobody sees"),
        (
            "a.py",
            "def f():\n    return 1\n",
            "<<<<<<< SEARCH\n    x\n=======\n    y\n>>>>>>> REPLACE",
            "no documentation",
        ),
        ("a.py", "def f():\n    return 1\n", "--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x\n+y", "no documentation"),
        ("a.js", "function f() {\n  return 1;\n}\n", "One. ![](http://evil.example/?q=1)", "acts"),
        ("a.js", "function f() {\n  return 1;\n}\n", "See [this](command:run).", "acts"),
        ("a.js", "function f() {\n  return 1;\n}\n", "One. <img src=x>", "acts"),
        ("a.py", "import os\n\nreturn 1\n", DOC, "no definition"),
        ("a.php", "<p>\n<?php function f() { return 1; } ?>\n", "One.", "can't be told from the code"),
    ],
)
def test_what_is_no_documentation_is_refused(path: str, text: str, said: str, why: str) -> None:
    assert why in refused(text, said, "return 1", "document", path=path)


def test_a_string_that_is_computed_is_no_docstring() -> None:
    text = "def f():\n    return 1\n"
    found = ask(text, fence('def f():\n    f"""{rm()}"""\n    return 1'), "return 1", "document")
    assert isinstance(found, Refusal) or "rm()" not in str([it.changes for it in found.files])


@pytest.mark.parametrize(
    ("language", "one", "other", "same"),
    [
        ("python", "def f():\n    return 1\n", 'def f():\n    """One."""\n    return 1  # one\n', True),
        ("python", "def f():\n    return 1\n", 'def f():\n    f"""One."""\n    return 1\n', False),
        ("python", "def f():\n    return 1\n", 'def f():\n    b"""One."""\n    return 1\n', False),
        ("python", "def f():\n    return 'a'\n", "def f():\n    return 'b'\n", False),
        ("python", "if a:\n    b\n    c\n", "if a:\n    b\nc\n", False),
        ("javascript", "f(1);\n", "/* x */ f(/* y */ 1); // z\n", True),
        ("javascript", "f(1);\n", "/* x */ f(); // 1\n", False),
        ("rust", "fn f() {}\n", "/// One.\nfn f() {}\n", True),
        ("rust", "fn f() {}\n", "#[test]\nfn f() {}\n", False),
        ("go", "package a\n\nvar x = `a`\n", "package a\n\n// X\nvar x = `a`\n", True),
        ("html", "<p>a</p>", "<!-- b --><p>a</p>", True),
        ("sql", "select 1;", "-- one\nselect 1;", True),
    ],
)
def test_trees_without_comments_tell_code_from_documentation(language: str, one: str, other: str, same: bool) -> None:
    assert (code(language, one) == code(language, other)) is same
