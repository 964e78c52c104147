"""An explanation: what is shown of it, and which of the places that it names there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.answers.ground import Ground, Known
from router.answers.prose import prose
from router.types import Prose, Refusal, Request, Span, Task
from tests.fixture import document

TASK = Task("explain", "Explain", "diagnostic", "prose", "attended", size=3, max_tokens=700)
REQUEST = Request("explain", document("x = 1\n" * 9, "/w/app.py"), Span(0, 0))
FILES = {"lib/x.py": Known("/w/lib/x.py", 50), "x.py": Known("/w/lib/x.py", 50)}
NOTE = 'File "/usr/lib/python3/ast.py", line 3'


def shown(said: str, whole: bool = True) -> Prose:
    found = prose(REQUEST, said, Ground(TASK, Span(0, 0), {"note": NOTE}, FILES.get, whole))
    assert isinstance(found, Prose)
    return found


def places(said: str) -> list[tuple[str, str]]:
    """What of it is a place, and where that is; ✗ is nowhere."""
    found = shown(said)
    return [(found.text[it.start : it.end], f"{it.path}:{it.line}" if it.path else "✗") for it in found.mentions]


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("It fails in app.py:4.", [("app.py:4", "/w/app.py:4")]),
        ("It fails in `lib/x.py:4`, not in x.py.", [("`lib/x.py:4`", "/w/lib/x.py:4"), ("x.py", "/w/lib/x.py:0")]),
        ("See `lib/x.py`, line 4, and line 5.", [("`lib/x.py`, line 4", "/w/lib/x.py:4"), ("line 5", "/w/app.py:5")]),
        ("See line 4 of `lib/x.py`.", [("line 4 of `lib/x.py`", "/w/lib/x.py:4")]),
        ("See lib/x.py#L4 or lib/x.py(4,1).", [("lib/x.py#L4", "/w/lib/x.py:4"), ("lib/x.py(4,1)", "/w/lib/x.py:4")]),
        ("Lines 2-4 and lines 2 to 11.", [("Lines 2-4", "/w/app.py:2"), ("lines 2 to 11", "✗")]),
        ("It is at `app.py:11`.", [("`app.py:11`", "✗")]),
        ("Line 0 of lib/x.py:0", [("Line 0", "✗"), ("lib/x.py:0", "✗")]),
        ("See src/none.py and `none.rs:3`.", [("src/none.py", "✗"), ("`none.rs:3`", "✗")]),
        ("See `x = none.py:3 + 1`.", [("`x = none.py:3 + 1`", "✗")]),
        ("In Node.js, self.go and os.path there is e.g. no file; see http://x.org/y.py", []),
        ("```\nsee none.py:3\n```", []),
        ("The frame in /usr/lib/python3/ast.py:3 is not ours.", []),
    ],
)
def test_a_place_that_is_named_is_one_or_is_known_as_none(said: str, named: list[tuple[str, str]]) -> None:
    assert places(said) == named


def test_thoughts_links_and_what_surrounds_the_text_are_gone() -> None:
    said = "<think>\nHm, app.py:3?\n</think>\n\n**Why** [this](http://e/x)\n\n"
    assert shown(said) == Prose("**Why** this")


def test_a_thousand_names_are_not_all_looked_up() -> None:
    asked: list[str] = []
    ground = Ground(TASK, Span(0, 0), {}, lambda name: asked.append(name))
    found = prose(REQUEST, " ".join(f"a{number}.py:1" for number in range(1000)), ground)
    assert isinstance(found, Prose)
    assert len(asked) == len(found.mentions) == 64


def test_an_answer_that_was_cut_says_so() -> None:
    assert (
        shown("Because", whole=False).text
        == "Because\n\n*Here the answer was broken off: it became too long, or repeated itself.*"
    )


@pytest.mark.parametrize("said", ["", " \n", "<think>for ever", "\u200b"])
def test_nothing_is_refused(said: str) -> None:
    assert isinstance(prose(REQUEST, said, Ground(TASK, Span(0, 0), {})), Refusal)


def test_a_mask_is_not_shown() -> None:
    assert isinstance(prose(REQUEST, "The key is ******.", Ground(TASK, Span(0, 0), {})), Refusal)


BITS = st.sampled_from(
    ["`", "app.py", ":", "4", "line ", "lines 2 to ", "lib/x.py", "none.py", " ", "\n", "```", "<think>"]
)


@given(st.one_of(st.text(), st.lists(BITS, max_size=20).map("".join)))
def test_whatever_is_said_is_an_answer_or_a_refusal(said: str) -> None:
    found = prose(REQUEST, said, Ground(TASK, Span(0, 0), {"note": NOTE}, FILES.get))
    assert isinstance(found, (Prose, Refusal))
    if isinstance(found, Prose):
        ends = [0, *(end for it in found.mentions for end in (it.start, it.end)), len(found.text)]
        assert ends == sorted(ends)
        assert all(it.path in ("", "/w/app.py", "/w/lib/x.py") for it in found.mentions)
