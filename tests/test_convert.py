"""Positions, lines and URIs as LSP has them, and as code points."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp import convert

ODD = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"  # what str.splitlines takes for line ends and LSP does not
LINES = st.text(st.sampled_from("ab\r\n\té€😀\ud800" + ODD), max_size=30)


@pytest.mark.parametrize("char", ODD)
def test_only_the_three_line_ends_of_lsp_end_a_line(char: str) -> None:
    assert convert.lines(f"a{char}b\nc") == [f"a{char}b\n", "c"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a\n", ""]),
        ("a\rb\r\nc\n\rd", ["a\r", "b\r\n", "c\n", "\r", "d"]),
        ("\r\r\n\n", ["\r", "\r\n", "\n", ""]),
    ],
)
def test_the_last_line_has_no_end_and_may_be_empty(text: str, lines: list[str]) -> None:
    assert convert.lines(text) == lines


@pytest.mark.parametrize(
    ("encoding", "units", "column"),
    [
        # x is one unit in all; é two bytes; 😀 four bytes, two UTF-16 units; the line is x é 😀 y
        ("utf-8", [0, 1, 2, 3, 4, 7, 8, 9], [0, 1, 1, 2, 2, 3, 4, 4]),
        ("utf-16", [0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 2, 3, 4, 4]),
        ("utf-32", [0, 1, 2, 3, 4, 9], [0, 1, 2, 3, 4, 4]),
    ],
)
def test_a_column_inside_a_character_is_before_it_and_one_past_the_line_at_its_end(
    encoding: convert.Encoding, units: list[int], column: list[int]
) -> None:
    assert [convert.column("xé😀y\r\n", it, encoding) for it in units] == column


@given(LINES, st.sampled_from(convert.ENCODINGS))
def test_every_column_leads_back_to_itself(text: str, encoding: convert.Encoding) -> None:
    for line in convert.lines(text):
        for column in range(len(line.rstrip("\r\n")) + 1):
            assert convert.column(line, convert.units(line[:column], encoding), encoding) == column


@given(LINES)
def test_lines_lose_nothing(text: str) -> None:
    assert "".join(convert.lines(text)) == text


@given(st.text(st.sampled_from("aé€😀"), max_size=9))
def test_units_are_what_the_codecs_say(text: str) -> None:
    assert convert.units(text, "utf-8") == len(text.encode())
    assert convert.units(text, "utf-16") == len(text.encode("utf-16-le")) // 2


def test_a_lone_surrogate_is_one_unit_of_utf16() -> None:
    assert convert.units("\ud800", "utf-16") == 1
    assert convert.units("\ud800", "utf-8") == len("\ufffd".encode())


@pytest.mark.parametrize(
    ("offered", "encoding"),
    [([], "utf-16"), (["utf-7", "utf-32", "utf-8"], "utf-32"), (["utf-8", "utf-16"], "utf-8"), (["x"], "utf-16")],
)
def test_the_clients_first_known_encoding_is_taken(offered: list[str], encoding: str) -> None:
    assert convert.encoding(offered) == encoding


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/ada/a%20b.py", "/home/ada/a b.py"),
        ("file:///home/ada/%C3%A9.py", "/home/ada/é.py"),
        ("FILE://localhost/home/ada/a.py", "/home/ada/a.py"),
        ("file:///c%3A/home/ada/a.py", "c:/home/ada/a.py"),
        ("file:///w/../../etc/passwd", "/etc/passwd"),
        ("file:///w/%2e%2e/%2e%2e/etc/passwd", "/etc/passwd"),
        ("file:///", "/"),
        ("file://evil/share/a.py", "file://evil/share/a.py"),
        ("untitled:Untitled-1", "untitled:Untitled-1"),
        ("vscode-vfs://github/o/r/a.py", "vscode-vfs://github/o/r/a.py"),
        ("vscode-notebook-cell:/home/ada/a.ipynb#X1", "vscode-notebook-cell:/home/ada/a.ipynb#X1"),
        ("", ""),
    ],
)
def test_only_a_file_on_this_machine_has_a_path(uri: str, path: str) -> None:
    assert convert.path(uri) == path


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/home/ada/a b#c%d?.py", "file:///home/ada/a%20b%23c%25d%3F.py"),
        ("/home/ada/(é).py", "file:///home/ada/%28%C3%A9%29.py"),
        ("c:/shop/a.py", "file:///c:/shop/a.py"),
        ("c:\\shop\\a.py", "file:///c:/shop/a.py"),
        ("untitled:Untitled-1", "untitled:Untitled-1"),
        ("vscode-vfs://github/a/b.py", "vscode-vfs://github/a/b.py"),
    ],
)
def test_a_path_has_a_uri_that_leads_back(path: str, uri: str) -> None:
    assert convert.uri(path) == uri
    assert convert.path(uri) == path.replace("\\", "/")
