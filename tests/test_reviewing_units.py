"""What changed: a comment and a blank are no change, a word and a Python block's end are."""

from __future__ import annotations

import pytest

from router.reviewing.changed import units
from router.reviewing.reading import Code

PYTHON = '''\
import os

LIMIT = compute(10, 20) + compute(30, 40)


class Cart:
    """What is bought."""

    def total(self, items):
        # all of them
        found = 0
        for item in items:
            found += item.price
        return found

    @property
    def empty(self):
        return not self.items or len(self.items) == 0


def main():
    print(Cart().total([1, 2, 3]))
'''


def digests(text: str, language: str = "python") -> dict[str, str]:
    return {it.name: it.digest for it in units(Code(language, text))}


def test_functions_and_what_stands_outside_of_them_are_units() -> None:
    code = Code("python", PYTHON)
    found = {it.name: PYTHON[it.span.start : it.span.end] for it in units(code)}
    assert list(found) == ["", "Cart.total", "Cart.empty", "main"]
    assert found[""].startswith("LIMIT")
    assert found["Cart.empty"].startswith("@property")


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("# all of them", "# each of them", []),
        ("        # all of them\n", "", []),
        ('"""What is bought."""', '"""What is to be bought."""', []),
        ("found += item.price", "found   +=   item.price", []),
        ("found += item.price", "found -= item.price", ["Cart.total"]),
        ("        return found", "            return found", ["Cart.total"]),
        ("compute(10, 20)", "compute(10, 21)", [""]),
        ("def main", "def start", ["main", "start"]),
        ("import os", "import sys", []),
        ("[1, 2, 3]", '["a  b"]', ["main"]),
    ],
)
def test_a_digest_changes_with_the_code_alone(old: str, new: str, changed: list[str]) -> None:
    before, after = digests(PYTHON), digests(PYTHON.replace(old, new))
    assert [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)] == changed


@pytest.mark.parametrize(
    ("language", "text", "commented", "changed"),
    [
        (
            "javascript",
            "function f(a, b) {\n  if (a) { return `x${a}y`; }\n  return b;\n}\n",
            "function f(a, b) {\n  // why\n  if (a) { return `x${a}y`; } /* so */\n  return b;\n}\n",
            "function f(a, b) {\n  if (a) { return `x${a}z`; }\n  return b;\n}\n",
        ),
        (
            "go",
            'func f(a int) string {\n\treturn fmt.Sprintf("%d\\n", a)\n}\n',
            'func f(a int) string {\n\t// why\n\treturn fmt.Sprintf("%d\\n", a)\n}\n',
            'func f(a int) string {\n\treturn fmt.Sprintf("%s\\n", a)\n}\n',
        ),
        (
            "rust",
            "fn f(a: i32) -> i32 {\n    let b = a + 1;\n    b * 2\n}\n",
            "/// What\nfn f(a: i32) -> i32 {\n    let b = a + 1; // one more\n    b * 2\n}\n",
            "fn f(a: i32) -> i32 {\n    let b = a - 1;\n    b * 2\n}\n",
        ),
    ],
)
def test_comments_are_no_code_in_any_language(language: str, text: str, commented: str, changed: str) -> None:
    assert digests(text, language) == digests(commented, language)
    assert digests(text, language) != digests(changed, language)


def test_letters_beyond_ascii_count() -> None:
    text = 'def f(a):\n    return a + "ä" + str(a) + str(a)\n'
    assert digests(text) != digests(text.replace("ä", "ö"))


def test_a_language_without_a_grammar_is_one_unit() -> None:
    text = "one two three four five six seven eight nine ten\n"
    (unit,) = units(Code("klingon", text))
    assert (unit.span.start, unit.span.end) == (0, len(text))


def test_next_to_nothing_is_not_reviewed() -> None:
    assert units(Code("python", "x = 1\n")) == ()
