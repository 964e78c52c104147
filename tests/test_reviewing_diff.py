"""A unified diff is read whoever wrote it: git in all its moods, plain diff, and nobody at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.reviewing import diff
from router.types import Span

PLAIN = """\
diff --git a/shop/cart.py b/shop/cart.py
index 1111111..2222222 100644
--- a/shop/cart.py
+++ b/shop/cart.py
@@ -1,4 +1,5 @@
 def total(items):
-    return sum(items)
+    found = sum(items)
+    return found
 
 # end
@@ -10 +11,0 @@ def gone():
-    pass
"""


def test_the_new_lines_are_those_that_were_added_and_those_around_what_was_cut() -> None:
    (file,) = diff.parse(PLAIN)
    assert (file.path, file.kind) == ("shop/cart.py", "changed")
    assert [hunk.added for hunk in file.hunks] == [(2, 3), ()]
    assert file.lines == {1, 2, 3, 11, 12}


def test_the_hunks_of_a_file_are_kept_as_they_stand() -> None:
    (file,) = diff.parse(PLAIN)
    assert file.text == PLAIN[PLAIN.index("@@") :]


@pytest.mark.parametrize(
    ("head", "path", "kind", "old"),
    [
        ("new file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n", "x", "added", ""),
        ("deleted file mode 100644\nindex 1..0\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "x", "deleted", ""),
        ("similarity index 90%\nrename from old name.py\nrename to x\n", "x", "renamed", "old name.py"),
        ("old mode 100644\nnew mode 100755\n", "x", "mode", ""),
        ("index 1..2 100644\nBinary files a/x and b/x differ\n", "x", "binary", ""),
        (
            "index 1111111..2222222 160000\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-Subproject a\n+Subproject b\n",
            "x",
            "submodule",
            "",
        ),
    ],
)
def test_what_becomes_of_a_file_is_told(head: str, path: str, kind: str, old: str) -> None:
    (file,) = diff.parse(f"diff --git a/x b/x\n{head}")
    assert (file.path, file.kind, file.old) == (path, kind, old)


def test_a_merge_is_no_two_sided_diff() -> None:
    (file,) = diff.parse("diff --cc x.py\nindex 1,2..3\n--- a/x.py\n+++ b/x.py\n@@@ -1,1 -1,1 +1,2 @@@\n  a\n++b\n")
    assert (file.path, file.kind, file.hunks) == ("x.py", "conflict", ())


def test_a_name_is_unquoted() -> None:
    said = 'diff --git "a/\\303\\244 \\"b\\".py" "b/\\303\\244 \\"b\\".py"\nold mode 100644\nnew mode 100755\n'
    assert diff.parse(said)[0].path == 'ä "b".py'


def test_a_name_that_is_no_utf_8_is_kept_byte_for_byte() -> None:
    (file,) = diff.parse(
        'diff --git "a/\\377.py" "b/\\377.py"\n--- "a/\\377.py"\n+++ "b/\\377.py"\n@@ -1 +1 @@\n-a\n+b\n'
    )
    assert file.path.encode("utf-8", "surrogateescape") == b"\xff.py"


def test_plain_diff_is_a_diff_too() -> None:
    said = "--- one.c\t2026-01-01 00:00:00\n+++ one.c\t2026-01-02 00:00:00\n@@ -1 +1 @@\n-a\n+b\n" * 2
    assert [(it.path, it.lines) for it in diff.parse(said)] == [("one.c", {0 + 1})] * 2


def test_lines_that_look_like_a_head_are_lines_of_the_hunk() -> None:
    said = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- old\n-diff --git a/y b/y\n+++ new\n+@@ -1 +1 @@\n"
    (file,) = diff.parse(said)
    assert file.lines >= {1, 2}
    assert [line for _, line in file.hunks[0].shown] == ["++ new", "@@ -1 +1 @@"]


def test_no_newline_at_the_end_is_no_line() -> None:
    (file,) = diff.parse(
        "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+b\n\\ No newline at end of file\n"
    )
    assert file.hunks[0].shown == ((1, "a"), (2, "b"))


def test_a_carriage_return_belongs_to_the_text() -> None:
    (file,) = diff.parse("--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\n-a\r\n+b\r\n")
    assert file.path == "x"
    assert diff.fits(file, "b\r\n")


def test_a_diff_of_another_text_does_not_fit() -> None:
    (file,) = diff.parse(PLAIN)
    assert diff.fits(file, "def total(items):\n    found = sum(items)\n    return found\n\n# end\n")
    assert not diff.fits(file, "def total(items):\n    return 0\n")


def test_lines_that_follow_one_another_are_one_stretch() -> None:
    assert diff.spans("a\nbc\nd\ne", frozenset({2, 3, 9})) == (Span(2, 7),)


@given(st.text(alphabet="+-@ \\abdif/git\n0123,", max_size=300))
def test_what_is_no_diff_is_read_without_complaint(text: str) -> None:
    for file in diff.parse(text):
        assert file.path
        assert all(line > 0 for line in file.lines)


@given(st.lists(st.sampled_from("abcde"), max_size=12), st.lists(st.sampled_from("abcde"), max_size=12))
def test_the_text_that_a_diff_was_made_for_fits_it(old: list[str], new: list[str]) -> None:
    import difflib

    lines = [f"{line}\n" for line in difflib.unified_diff(old, new, "a/x", "b/x", lineterm="")]
    for file in diff.parse("".join(lines)):
        assert diff.fits(file, "".join(f"{line}\n" for line in new))
        assert all(number <= len(new) for hunk in file.hunks for number in hunk.added)
