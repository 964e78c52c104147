"""Findings in an open document: they stand where their text stands, or nowhere; a comment that silences one is that
and no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp.jobs import reviewed
from lsp.jobs.findings import Shown, ignoring, moved
from router.types import Change, Document, Finding, Span


def shown(picture: str) -> tuple[str, list[Shown]]:
    """A text with one finding between ⟦ and ⟧."""
    start, end = picture.index("⟦"), picture.index("⟧") - 1
    text = picture.replace("⟦", "").replace("⟧", "")
    finding = Finding(
        "/a.py", Span(start, end), text[start:end], "warning", "race", "m", fix=(Change(start, end, "x"),)
    )
    return text, [Shown("1", finding)]


def after(picture: str, change: Change) -> str:
    """The picture after a change; without a finding, the text alone."""
    text, found = shown(picture)
    new = text[: change.start] + change.text + text[change.end :]
    left = moved(found, [change], text, new)
    if not left:
        return new
    (it,) = left
    start, end = it.finding.span.start, it.finding.span.end
    assert it.finding.fix == (Change(start, end, "x"),)
    return f"{new[:start]}⟦{new[start:end]}⟧{new[end:]}"


@pytest.mark.parametrize(
    ("picture", "change", "then"),
    [
        ("a\n⟦b c⟧\nd", Change(0, 0, "x"), "xa\n⟦b c⟧\nd"),
        ("a\n⟦b c⟧\nd", Change(6, 7, ""), "a\n⟦b c⟧\n"),
        ("a\n⟦b c⟧\nd", Change(3, 3, "x"), "a\nbx c\nd"),
        ("a\n⟦b c⟧\nd", Change(0, 3, ""), " c\nd"),
        ("a\n⟦b c⟧\nd", Change(5, 5, "x"), "a\nb cx\nd"),
        ("a\n⟦b c⟧\nd", Change(5, 5, "\nx"), "a\n⟦b c⟧\nx\nd"),
        ("a\n⟦b c⟧\nd", Change(2, 2, "x"), "a\nxb c\nd"),
        ("a\n⟦b c⟧\nd", Change(2, 2, "x\n"), "a\nx\n⟦b c⟧\nd"),
        ("a\n⟦b c⟧\nd", Change(2, 5, "b c"), "a\nb c\nd"),
        ("a\n⟦f(x)⟧\nd", Change(0, 8, "new\nf(x)\n"), "new\n⟦f(x)⟧\n"),
        ("a\n⟦f(x)⟧\nd", Change(0, 8, "new\nf( x)\n"), "new\nf( x)\n"),
    ],
)
def test_what_an_edit_does_to_a_finding(picture: str, change: Change, then: str) -> None:
    assert after(picture, change) == then


@given(st.text("ab \n", min_size=3, max_size=30), st.data())
def test_whatever_is_edited_a_finding_quotes_what_stands_there(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    found = [Shown("1", Finding("/a.py", Span(start, end), text[start:end], "warning", "race", "m"))]
    now, changes = text, []
    for _ in range(data.draw(st.integers(1, 4))):
        first = data.draw(st.integers(0, len(now)))
        change = Change(first, data.draw(st.integers(first, len(now))), data.draw(st.text("ab \n", max_size=5)))
        now = now[: change.start] + change.text + now[change.end :]
        changes.append(change)
    for it in moved(found, changes, text, now):
        assert now[it.finding.span.start : it.finding.span.end] == it.finding.quote


@pytest.mark.parametrize(
    ("language", "picture", "then"),
    [
        ("python", "def f(a):\n    ⟦return 1 / a⟧\n", "def f(a):\n    return 1 / a  # switchyard: ignore race\n"),
        ("python", "a = ⟦1 / b⟧ + \\\n    c\n", "# switchyard: ignore race\na = 1 / b + \\\n    c\n"),
        (
            "python",
            'if a:\r\n\tb = f"""⟦{a}⟧\r\n"""\r\n',
            'if a:\r\n\t# switchyard: ignore race\r\n\tb = f"""{a}\r\n"""\r\n',
        ),
        ("python", 'a = f"""\nSELECT ⟦{b}⟧\n"""\n', None),
        ("typescriptreact", "const a = <p>\n  ⟦{b.c.d}⟧\n</p>;\n", None),
        ("c", "#define F(a) \\\n  ⟦(1 / a)⟧ \\\n  + 1\n", None),
        ("plaintext", "⟦a⟧\nb", "a  # switchyard: ignore race\nb"),
    ],
)
def test_a_comment_that_silences_a_rule_stands_where_it_is_a_comment(
    language: str, picture: str, then: str | None
) -> None:
    text, (one,) = shown(picture)
    change = ignoring(Document("/a", language, 1, text), one, reviewed.signs(language))
    assert (change and text[: change.start] + change.text + text[change.end :]) == then
