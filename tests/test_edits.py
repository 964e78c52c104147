"""What models say when they are asked for an edit, and what becomes of the file: all of it, to the byte."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.answers import edits
from router.answers.ground import Ground
from router.editing.formats import chosen
from router.editing.kinds import instruction
from router.editing.style import applied, changes
from router.tasks import shipped
from router.types import Change, Edit, Refusal, Request, Span
from tests.fixture import document

SHOP = """\
import os


@cached
def total(items):
    \"\"\"The price of all.\"\"\"
    price = 0
    for item in items:
        price += item.price
    return price


class Basket:
    limit = 3

    def add(self, item):
        # as many as fit
        if len(self.items) < self.limit:
            self.items.append(item)
"""


def ask(text: str, said: str, at: str, task: str = "refactor", note: str = "", path: str = "a.py", whole: bool = True):
    """The answer when the cursor stands before `at`, or `at` is a picture's selection."""
    file = document(text, f"/home/ada/{path}")
    if "⟦" in at:
        chosen = at.replace("⟦", "").replace("⟧", "")
        start = text.index(chosen) + at.index("⟦")
        span = Span(start, start + at.index("⟧") - at.index("⟦") - 1)
    else:
        span = Span(text.index(at), text.index(at))
    request = Request(task, file, span, note=note)
    return edits.edit(request, said, Ground(shipped()[task], span, {}, whole=whole))


def after(text: str, said: str, at: str, task: str = "refactor", **more: str) -> str:
    """The text that the edit makes; it must be one."""
    found = ask(text, said, at, task, **more)
    assert isinstance(found, Edit), found
    (one,) = found.files
    return applied(text, one.changes)


def refused(text: str, said: str, at: str, task: str = "refactor", **more: object) -> str:
    found = ask(text, said, at, task, **more)
    assert isinstance(found, Refusal), found
    return found.reason


def fence(code: str, language: str = "python") -> str:
    return f"```{language}\n{dedent(code)}\n```\n"


def fence_as(code: str) -> str:
    """As it stands."""
    return f"```\n{code}\n```"


SUM = """\
def total(items):
    \"\"\"The price of all.\"\"\"
    return sum(item.price for item in items)"""
SUMMED = SHOP.replace(SHOP[SHOP.index("    price = 0") : SHOP.index("    return price")], "").replace(
    "return price", "return sum(item.price for item in items)"
)


@pytest.mark.parametrize(
    "said",
    [
        fence(f"@cached\n{SUM}"),
        fence(SUM),
        SUM,
        f"Sure! Here is the code:\n\n{fence(SUM)}\nIt uses `sum` now.",
        f"<think>\nPerhaps ```x```?\n</think>\n{fence(SUM)}",
        fence(SUM).replace("\n", "\r\n"),
        fence("\n\n" + SUM + "\n\n"),
        fence(SUM.replace('all."""\n', 'all."""   \n')),
        fence(SUM).removesuffix("```\n"),
        fence(SUM) + "<|im_end|>\nuser",
        f"Before:\n{fence(SHOP[SHOP.index('@cached') : SHOP.index('class')])}After:\n{fence(SUM)}",
        f"~~~~\n{SUM}\n~~~~",
        fence("import os\n\n" + SUM),
    ],
)
def test_a_whole_definition_takes_the_place_of_the_old_one(said: str) -> None:
    assert after(SHOP, said, "price += item", note=instruction("simplify")) == SUMMED


ADD = """\
    def add(self, item):
        # as many as fit
        if len(self.items) >= self.limit:
            return
        self.items.append(item)"""
ADDED = SHOP[: SHOP.index("    def add")] + ADD + "\n"


@pytest.mark.parametrize(
    "said",
    [
        fence(ADD),
        f"```python\n{ADD}\n```",
        f"```python\n{ADD.strip()}\n```",
        fence(ADD.replace("    ", "  ")),
        fence(ADD.replace("    ", "\t")),
        fence(dedent(ADD).replace("    ", "\t")),
        indent(f"```python\n{dedent(ADD)}\n```", "  "),
    ],
)
def test_it_is_set_as_deep_as_the_old_one_however_it_was_said(said: str) -> None:
    assert after(SHOP, said, "# as many") == ADDED


def test_tabs_stay_tabs() -> None:
    text = SHOP.replace("    ", "\t")
    assert after(text, fence(ADD), "# as many") == ADDED.replace("    ", "\t")
    assert after(text, fence(ADD.replace("    ", "  ")), "# as many") == ADDED.replace("    ", "\t")


def test_steps_of_two_stay_steps_of_two() -> None:
    text = SHOP.replace("    ", "  ")
    assert after(text, fence(ADD), "# as many") == ADDED.replace("    ", "  ")


def test_a_body_that_is_wrapped_stays_deeper() -> None:
    said = """\
    def add(self, item):
        with self.lock:
            # as many as fit
            if len(self.items) < self.limit:
                self.items.append(item)
    """
    wanted = SHOP[: SHOP.index("    def add")] + said.rstrip() + "\n"
    for each in (said, dedent(said), said.strip()):
        assert after(SHOP, f"```\n{each}\n```", "# as many") == wanted


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_stay_as_they_are(end: str) -> None:
    assert after(SHOP.replace("\n", end), fence(SUM), "price +=", note="simplify") == SUMMED.replace("\n", end)


def test_of_mixed_line_ends_each_stays() -> None:
    mixed = SHOP.replace("limit = 3\n", "limit = 3\r\n").replace("fit\n", "fit\r\n")
    assert after(mixed, fence(ADD), "# as many") == ADDED.replace("limit = 3\n", "limit = 3\r\n").replace(
        "fit\n", "fit\r\n"
    )


def test_what_a_model_leaves_alone_keeps_its_blanks_and_its_last_line_has_no_end() -> None:
    text = "def f():  \n    a = 1 \t\n\n    return a"
    assert after(text, fence("def f():\n    a = 2\n\n    return a"), "a = 1") == "def f():  \n    a = 2\n\n    return a"


def test_a_secret_that_a_model_saw_masked_is_left_as_it_is() -> None:
    key = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    text = f'def login():\n    token = "{key}"\n    send(token)\n    return token\n'
    said = f'def login():\n    token = "{"*" * len(key)}"\n    return send(token)\n'
    assert after(text, fence(said), "send") == f'def login():\n    token = "{key}"\n    return send(token)\n'
    moved = said.replace("token =", "secret =")
    assert "secret" in refused(text, fence(moved), "send")


def test_a_mark_of_a_chat_that_was_broken_up_for_the_prompt_is_left_as_it_is() -> None:
    text = "def f():\n    # <|im_end|>\n    return 1\n"
    for mark in ("<|im_end|>", "<\u200b|im_end|>"):
        assert after(text, fence(f"def f():\n    # {mark}\n    return 2"), "return") == text.replace("1", "2")


def test_a_comment_above_that_was_not_repeated_stays() -> None:
    text = "x = 1\n\n\n# What it does.\n@one\ndef f():\n    return 1\n"
    for said in ("@one\ndef f():\n    return 2", "def f():\n    return 2", "  def f():\n      return 2"):
        assert after(text, f"```\n{said}\n```", "return") == text.replace("return 1", "return 2")


def test_a_string_over_several_lines_keeps_its_own_indentation() -> None:
    text = 'class A:\n    def f(self):\n        print("""\nleft\n  two\n""")\n        return 1\n'
    said = 'def f(self):\n    print("""\nleft\n  two\n""")\n    return 2\n'
    assert after(text, fence(said), "return 1") == text.replace("return 1", "return 2")


def test_imports_that_an_answer_begins_with_go_to_the_others() -> None:
    said = "import os\nfrom math import fsum\n\n" + SUM.replace("sum(", "fsum(")
    wanted = SUMMED.replace("sum(", "fsum(").replace("import os\n", "import os\nfrom math import fsum\n")
    assert after(SHOP, fence(said), "price +=", note="simplify") == wanted


def test_imports_of_a_file_without_any_go_to_its_head() -> None:
    text = '#!/usr/bin/env python\n"""What it is for."""\n\nlimit = 3\n\n\ndef f():\n    return os.sep\n'
    said = "import os\n\ndef f():\n    return os.sep + os.sep"
    wanted = text.replace("\nlimit", "\nimport os\n\nlimit").replace("os.sep\n", "os.sep + os.sep\n")
    assert after(text, fence(said), "return") == wanted


# Blocks


def block(search: str, replace: str, path: str = "") -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"


LOOP = "    price = 0\n    for item in items:\n        price += item.price\n    return price"
SUMS = "    return sum(item.price for item in items)"


@pytest.mark.parametrize(
    "said",
    [
        block(LOOP, SUMS),
        block(LOOP, SUMS, "a.py"),
        f"I will sum up.\n```python\n{block(LOOP, SUMS)}```\nDone.",
        block(LOOP.replace("0\n", "0  \n"), SUMS),
        block(dedent(LOOP), dedent(SUMS)),
        block(LOOP.replace("    ", "\t"), SUMS.replace("    ", "\t")),
        block(f"```python\n{LOOP}\n```", f"```python\n{SUMS}\n```"),
        block(f"\n{LOOP}\n", f"\n{SUMS}\n"),
        block(LOOP, SUMS).replace("\n", "\r\n"),
        block(LOOP, SUMS).replace(" SEARCH", "").replace(" REPLACE", ""),
        block(LOOP, SUMS) + block(LOOP, SUMS),
        "<think>" + block("price", "prize") + "</think>" + block(LOOP, SUMS),
    ],
)
def test_a_block_changes_the_lines_that_it_quotes(said: str) -> None:
    assert after(SHOP, said, "price +=") == SUMMED


def test_several_blocks_change_several_places_of_what_was_shown_and_the_imports() -> None:
    said = block("        if len(self.items) < self.limit:", "        if self.fits(item):") + block(
        "import os", "import os\nimport sys"
    )
    wanted = SHOP.replace("len(self.items) < self.limit", "self.fits(item)").replace("os\n", "os\nimport sys\n")
    assert after(SHOP, said, "# as many") == wanted


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (block("    prize = 0", "    price = 1"), "do not stand here"),
        (block("        price", "        prize"), "do not stand here"),
        (block("    limit = 3", "    limit = 4"), "do not stand here"),
        (block("", "    x = 1"), "do not stand here"),
        (block("    price = 0", "    price = 1", "../.ssh/config.py"), "was not asked to change"),
        (block("    price = 0", "    price = 1", "b.py"), "was not asked to change"),
        (
            block("    price = 0\n    for item in items:", "    pass") + block("    for item in items:", "    x"),
            "overlap",
        ),
        (block("    price = 0", "    price = 1").split(">>>")[0], "broke off"),
        (block("    return price", "    # ... rest of the function\n    return price"), "left out"),
        (block("    return price", "    return price)"), "does not parse"),
        (block("    price = 0", "    price = 0"), "change nothing"),
    ],
)
def test_a_block_that_is_not_sure_is_refused(said: str, why: str) -> None:
    assert why in refused(SHOP, said, "price +=")


def test_a_block_that_fits_two_places_is_refused() -> None:
    text = "def f():\n    a()\n    b()\n    a()\n"
    assert "several places" in refused(text, block("    a()", "    c()"), "b()")
    assert after(text, block("    b()\n    a()", "    c()"), "b()") == "def f():\n    a()\n    c()\n"


def test_a_line_that_divides_may_also_be_searched() -> None:
    text = 'def f():\n    return """\nTitle\n=======\nwords\n"""\n'
    said = block("Title\n=======\nwords", "Title\n=======\nother words")
    assert after(text, said, "return") == text.replace("words", "other words")


# What is refused


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "no code"),
        ("I can't do that.", "no code"),
        ("<think>" + fence(SUM), "no code"),
        (fence(SUM) + fence(SUM.replace("sum", "fsum")), "several versions"),
        (fence("def total(items):\n    # ... existing code ...\n    return price"), "left out"),
        (fence("def total(items):\n    ...\n    return price"), "left out"),
        (fence(SUM.replace("sum(", "sum((")), "does not parse"),
        (fence(SUM.replace("sum", "s\u200bum")), "nobody sees"),
        (fence(SUM.replace("price of", "\ud800 of")), "nobody sees"),
        (fence(SUM.replace("total", "add_up")), "takes away total"),
    ],
)
def test_an_answer_that_is_not_sure_is_refused(said: str, why: str) -> None:
    assert why in refused(SHOP, said, "price +=")


def test_an_answer_that_ended_at_the_limit_is_refused() -> None:
    assert "broke off" in refused(SHOP, fence(SUM), "price +=", whole=False)


LONG = "def f():\n" + "".join(f"    step({n})\n" for n in range(20))


def test_an_answer_that_loses_most_of_the_code_is_refused_unless_that_was_asked_for() -> None:
    said = fence("def f():\n    step(1)\n    step(2)")
    assert "lose too much" in refused(LONG, said, "step(3)", task="fix")
    assert "lose too much" in refused(LONG, said, "step(3)", note="use a better name for the steps")
    assert after(LONG, said, "step(3)", note="remove all but the first steps")


def test_comments_that_go_are_told() -> None:
    found = ask(SHOP, fence(ADD.replace("        # as many as fit\n", "")), "# as many")
    assert isinstance(found, Edit)
    assert found.notes == ("It takes away a line of comments.",)


def test_a_public_name_may_go_when_the_user_says_so() -> None:
    said = fence("class Basket:\n    limit = 3")
    assert "takes away Basket.add" in refused(SHOP, said, "limit = 3")
    assert after(SHOP, said, "limit = 3", note="drop add") == SHOP[: SHOP.index("\n    def add")]


def test_a_file_that_does_not_parse_may_be_mended() -> None:
    text = "def f(:\n    return 1\n\n\ndef g():\n    return 2\n"
    assert after(text, fence("def f():\n    return 1"), "return 1", task="fix") == text.replace("(:", "():")


def test_a_selection_without_a_definition_is_changed_by_its_lines() -> None:
    text = "a = 1\nb = 2\nc = 3\n"
    assert after(text, fence("b = 4\nb += 1"), "⟦b = 2⟧") == "a = 1\nb = 4\nb += 1\nc = 3\n"


def test_characters_beyond_the_first_plane_move_nothing() -> None:
    text = 'def f():\n    a = "😀é\u0301"\n    b = "😀"\n    return a\n'
    said = 'def f():\n    a = "😀é\u0301"\n    b = "👍🏽"\n    return a'
    assert after(text, fence(said), "b =") == text.replace('b = "😀"', 'b = "👍🏽"')


SAID = st.lists(
    st.sampled_from(
        [
            "```",
            "```python\n",
            "\n",
            "\r\n",
            "<<<<<<< SEARCH\n",
            "=======\n",
            ">>>>>>> REPLACE\n",
            "def total(items):\n",
            "    return 1\n",
            "<think>",
            "</think>",
            '"""',
            "'''",
            "# ...",
            "/**",
            "*/",
            "\t",
            "import os\n",
            "a.py\n",
            "\ud800",
            "\u2028",
            "\x00",
            "😀",
            LOOP,
            SUM,
        ]
    ),
    max_size=12,
).map("".join)


@given(SAID, st.sampled_from(["refactor", "fix", "document"]), st.integers(0, len(SHOP)), st.booleans())
def test_whatever_is_said_is_an_edit_or_a_refusal(said: str, task: str, at: int, whole: bool) -> None:
    request = Request(task, document(SHOP), Span(at, min(len(SHOP), at + 7)))
    found = edits.edit(request, said, Ground(shipped()[task], request.span, {}, whole=whole))
    if isinstance(found, Edit):
        (one,) = found.files
        ends = [0, *(change.end for change in one.changes)]
        assert all(end <= change.start <= change.end for end, change in zip(ends, one.changes, strict=False))
        assert applied(SHOP, one.changes) != SHOP
    else:
        assert isinstance(found, Refusal)
        assert found.reason.endswith(".")


LINES = st.lists(st.sampled_from(["a", "b", "\n", "\r\n", "\r", "😀", "\x0c", "\u2028", "  ", "\t"]), max_size=14).map(
    "".join
)


@given(LINES, LINES, st.integers(0, 5))
def test_the_smallest_changes_make_the_whole_text(before: str, after: str, at: int) -> None:
    made = changes(before, after, at)
    assert applied("x" * at + before + "y", made) == "x" * at + after + "y"
    ends = [at, *(one.end for one in made)]
    assert all(end <= one.start <= one.end for end, one in zip(ends, made, strict=False))
    assert (made == ()) is (before == after)


def test_only_lines_that_differ_are_changed() -> None:
    assert changes("a\nb\nc\nd\n", "a\nB\nc\ne\nd\n") == (Change(2, 4, "B\n"), Change(6, 6, "e\n"))
    many = "".join(f"{n}\n" for n in range(3000))
    assert changes(many, many.replace("7\n", "8\n", 1)) == (Change(14, 16, "8\n"),)


@pytest.mark.parametrize(
    ("code", "size", "tokens", "form"),
    [
        ("a\n" * 10, 1.5, 1200, "whole"),
        ("a\n" * 10, 27, 1200, "whole"),
        ("a\n" * 100, 3, 1200, "whole"),
        ("a\n" * 100, 27, 1200, "blocks"),
        ("a = 1234567890\n" * 400, 3, 1200, "blocks"),
        ("<<<<<<< SEARCH\n" * 40, 27, 1200, "whole"),
    ],
)
def test_the_form_fits_the_model_and_the_code(code: str, size: float, tokens: int, form: str) -> None:
    assert chosen(code, size, tokens) == form


# What says more than it was asked for

BASKET = f"class Basket:\n    limit = 3\n\n{ADD}\n"
FITS = "\n\n    def fits(self):\n        return len(self.items) < self.limit"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (fence(BASKET), ADDED),
        (fence(f"class Basket:\n    # ...\n\n{ADD}"), ADDED),
        (fence(SHOP[: SHOP.index("    def add")] + ADD), ADDED),
        (fence(f"class Basket:\n{ADD}{FITS}"), ADDED.rstrip("\n") + FITS + "\n"),
        (fence(f"<<<0123456789abcdef code\n{ADD}\n0123456789abcdef>>>"), ADDED),
    ],
)
def test_of_a_whole_class_or_file_only_what_was_asked_about_is_taken(said: str, wanted: str) -> None:
    assert after(SHOP, said, "# as many") == wanted


def test_of_several_of_one_name_the_one_with_the_same_header_is_meant() -> None:
    text = "class A {\n  int f() const;\n};\n\nint A::f() const {\n  return 1;\n}\n"
    wanted = text.replace("return 1", "return 2")
    assert after(text, fence(wanted, "cpp"), "return 1", path="a.cpp") == wanted
    java = "class A {\n    A() {\n        one();\n    }\n}\n"
    assert after(java, fence(java.replace("one", "two")), "one", path="a.java") == java.replace("one", "two")


def test_a_first_line_without_its_indentation_says_nothing_of_the_others() -> None:
    text = "class A {\n  f() {\n    return 1;\n  }\n}\n"
    for said in ("f() {\n    a();\n    return 2;\n  }", "f() {\n  a();\n  return 2;\n}"):
        assert after(text, fence_as(said), "return", path="a.js") == text.replace("return 1", "a();\n    return 2")


@pytest.mark.parametrize(
    "said",
    [
        fence(SHOP[: SHOP.index("    def add")].replace("price = 0", "price = 1") + ADD),
        fence(BASKET.replace("limit = 3", "limit = 4")),
    ],
)
def test_what_changes_more_than_it_was_asked_about_is_refused(said: str) -> None:
    assert "changed more than it was asked about" in refused(SHOP, said, "# as many")


DIFF = """--- a/a.py
+++ b/a.py
@@ -7,4 +7,2 @@
     \"\"\"The price of all.\"\"\"
-    price = 0
-    for item in items:
-        price += item.price
-    return price
+    return sum(item.price for item in items)
"""


@pytest.mark.parametrize(
    "said", [f"```diff\n{DIFF}```\nDone.", DIFF, DIFF.replace("-7,4 +7,2 ", "").replace("\n ", "\n ")]
)
def test_a_diff_is_understood_whatever_its_numbers_say(said: str) -> None:
    assert after(SHOP, said, "price +=") == SUMMED


def test_a_diff_of_another_file_is_refused() -> None:
    assert "was not asked to change" in refused(SHOP, DIFF.replace("b/a.py", "b/c.py"), "price +=")
