"""What speaks against an edit, by what was asked for: the words of a kind give no leave that the user did not give."""

from __future__ import annotations

import pytest

from router.editing.checks import Asked, objection
from router.editing.kinds import instruction
from router.types import Change, Span
from tests.fixture import document

LONG = "def f():\n" + "".join(f"    step({n})\n" for n in range(20))


def against(after: str, note: str) -> str:
    span = Span(0, len(LONG))
    return objection(Asked(document(LONG), span, note), [Change(0, len(LONG), after)])


@pytest.mark.parametrize("kind", ["extract", "split", "types", "simplify", "duplication"])
def test_no_kind_of_refactoring_gives_up_what_others_use(kind: str) -> None:
    why = against(LONG.replace("f()", "g()"), instruction(kind))
    assert why == "The model's answer takes away f, which others may use; if that is meant, say so."
    assert not against(LONG.replace("f()", "g()"), instruction(kind, "And find better names."))


@pytest.mark.parametrize("kind", ["extract", "split", "types"])
def test_what_moves_into_a_function_of_its_own_is_not_lost(kind: str) -> None:
    assert "lose too much" in against("def f():\n    step(1)\n", instruction(kind))
    assert not against("def f():\n    step(1)\n", instruction(kind, "Drop all but the second step."))


@pytest.mark.parametrize("kind", ["simplify", "duplication"])
def test_a_kind_that_makes_code_shorter_may(kind: str) -> None:
    assert not against("def f():\n    step(1)\n", instruction(kind))
