"""What a request is about, and what it gives for the fields of a message; and what files are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.answers.ground import Known
from router.context.lines import Lines
from router.jobs import fields
from router.types import Diagnostic, Document, Offer, Piece, Request, Span, Task
from router.workspace.naming import Naming
from tests.fixture import document

CODE = """\
import os


class A:
    size = 1

    @cached
    def half(self):
        return self.size / 2


x = A()
"""


def task(offer: Offer, numbered: bool = True) -> Task:
    return Task("t", "T", offer, "prose", "attended", 3, 100, numbered=numbered)


def request(picture: str) -> Request:
    """`⟦ ⟧` is the selection, or `‸` the cursor."""
    start = min(picture.index(sign) for sign in "⟦‸" if sign in picture)
    end = picture.index("⟧") - 1 if "⟧" in picture else start
    return Request("t", document(picture.translate(dict.fromkeys(map(ord, "⟦⟧‸")))), Span(start, end))


def about(offer: Offer, picture: str) -> tuple[str, str]:
    """The code that a request is about, and its name."""
    asked = request(picture)
    found = fields.about(task(offer), asked)
    return asked.document.text[found.span.start : found.span.end], found.name


HALF = "    @cached\n    def half(self):\n        return self.size / 2\n"
CLASS = CODE[CODE.index("class") : CODE.index("\n\n\nx")] + "\n"


@pytest.mark.parametrize(
    ("offer", "at", "code", "name"),
    [
        ("diagnostic", "self.‸size / 2", HALF, "half"),
        ("diagnostic", "    ‸@cached", HALF, "half"),
        ("diagnostic", "‸    size = 1", CLASS, "A"),
        ("symbol", "class ‸A", CLASS, "A"),
        ("diagnostic", "‸x = A", CODE, ""),
        ("selection", "self.⟦size⟧ / 2", "        return self.size / 2\n", "half"),
        ("selection", "‸self.size / 2", HALF, "half"),
        ("save", "⟦    def half(self):\n⟧", "    def half(self):\n", "half"),
    ],
)
def test_a_request_is_about_whole_lines(offer: Offer, at: str, code: str, name: str) -> None:
    plain = at.translate(dict.fromkeys(map(ord, "⟦⟧‸")))
    assert plain in CODE
    assert about(offer, CODE.replace(plain, at, 1)) == (code, name)


def test_of_what_is_very_long_only_the_lines_near_the_place_are_shown() -> None:
    lines = [f"    x = {number}\n" for number in range(400)]
    code, name = about("diagnostic", "def f():\n" + "".join(lines).replace("x = 200\n", "x = ‸200\n"))
    assert (code, name) == ("".join(lines[170:231]), "f")


def test_a_definition_is_found_in_the_midst_of_a_very_long_file() -> None:
    far = "".join(f"def f{number}():\n    return {number}\n\n\n" for number in range(4000))
    code, name = about("diagnostic", far.replace("return 2000\n", "return ‸2000\n"))
    assert (code, name) == ("def f2000():\n    return 2000\n", "f2000")


def given(picture: str, numbered: bool = True) -> dict[str, str]:
    asked = request(picture)
    it = task("diagnostic", numbered)
    return fields.fields(it, asked, fields.about(it, asked))


def test_lines_have_their_numbers_and_what_is_around_has_no_blank_ends() -> None:
    found = given(CODE.replace("self.size", "‸self.size"))
    assert found["code"].split("\n") == [
        "   7|     @cached",
        "   8|     def half(self):",
        "   9|         return self.size / 2",
    ]
    assert found["around"].split("\n")[::3] == ["   1| import os", "   4| class A:", "[the code]", "  12| x = A()"]
    assert (found["place"], found["name"], found["language"]) == ("line 9", "half", "python")
    assert given(CODE.replace("self.size", "‸self.size"), numbered=False)["code"] == HALF.removesuffix("\n")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_count_alike_whatever_ends_them(end: str) -> None:
    found = given("a = 1\u2028\x0c\nb = 2\n\nc = ‸3".replace("\n", end))
    assert found["place"] == "line 4"
    assert [line[:6] for line in found["code"].split("\n")] == ["   1| ", "   2| ", "   3| ", "   4| "]


def test_a_key_that_begins_above_the_code_is_hidden_within_it() -> None:
    key = "\n".join(["-----BEGIN PRIVATE KEY-----", *["aGVsbG8gd29ybGQ" * 4] * 200, "-----END PRIVATE KEY-----"])
    assert "aGVsbG8" not in str(given(f"s = '''\n{key}\n'''\nx = ‸1"))


def test_what_tools_say_and_what_other_files_say_is_told_by_line_and_path() -> None:
    it, shop = task("diagnostic"), document("a\nb\n")
    said = (Diagnostic(Span(2, 3), "b is\nnot there", source="ruff"), Diagnostic(Span(0, 1), "a", code="X"))
    asked = Request("t", shop, Span(0, 0), diagnostics=said)
    pieces = [Piece("definitions", "b.py", "class B:\n", 0, 1.0)]
    found = fields.fields(it, asked, fields.about(it, asked), pieces, "a.py")
    assert found["diagnostics"] == "line 2: b is not there (ruff)\nline 1: a"
    assert found["pieces"].startswith("b.py:\nclass B:")
    assert found["path"] == "a.py"


def test_a_span_that_ends_where_a_line_begins_does_not_touch_it() -> None:
    lines = Lines("one\ntwo\nthree")
    assert [lines.said(it) for it in (Span(0, 4), Span(0, 5), Span(4, 4), Span(13, 13))] == [
        "line 1",
        "lines 1 to 2",
        "line 2",
        "line 3",
    ]
    assert lines.whole(Span(5, 5)) == Span(4, 8)


# Names


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "shop/lib").mkdir(parents=True)
    (tmp_path / "shop/lib/a.py").write_bytes(b"one\r\ntwo\rthree\n")
    (tmp_path / "shop/b.py").write_text("1")
    (tmp_path / "secret.py").write_text("1")
    (tmp_path / "shop/way_out.py").symlink_to(tmp_path / "secret.py")
    return tmp_path / "shop"


def test_a_file_is_called_by_its_path_within_the_workspace(shop: Path) -> None:
    it = Naming([str(shop), str(shop / "lib")], list)
    assert [it.called(str(shop / "b.py")), it.called(str(shop / "lib/a.py"))] == ["b.py", "a.py"]
    assert [it.called("/elsewhere/x.py"), it.called("untitled:Untitled-1")] == ["x.py", "untitled:Untitled-1"]


def test_a_name_leads_to_a_file_of_the_workspace_and_nowhere_else(shop: Path) -> None:
    it = Naming(
        [str(shop)], lambda: [Document(str(shop / "b.py"), "python", 1, "1\n2\n3"), document("x", "/else/c.py")]
    )
    lib, b = Known(str(shop / "lib/a.py"), 4), Known(str(shop / "b.py"), 3)
    assert [it.meant(name) for name in ("lib/a.py", "./lib/a.py", "lib\\a.py", str(shop / "lib/a.py"))] == [lib] * 4
    assert it.meant("b.py") == b, "what is open counts, not what is on disk"
    assert it.meant("c.py") == Known("/else/c.py", 1)
    for name in ("none.py", "way_out.py", "../secret.py", str(shop.parent / "secret.py"), "/etc/passwd", "\0", "lib"):
        assert it.meant(name) is None
    assert Naming([str(shop)], list, lambda: [str(shop / "lib/a.py")]).meant("a.py") == lib
    two = [str(shop / "lib/a.py"), str(shop / "other/a.py")]
    assert Naming([str(shop)], list, lambda: two).meant("a.py") is None, "there are two"
