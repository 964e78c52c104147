"""`switchyard why`: the prompt as it would be sent for a place, and the reasons for it."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from router.types import Call
from tests.test_cli import Shell, sh
from tests.test_explain_command import heard

__all__ = ["heard", "sh"]
ORDERS = '''class Order:
    """What a customer wants."""

    def total_with_tax(self, rate: float) -> float:
        return self.net * (1 + rate)
'''
BILL = """from orders import Order

KEY = "AKIAIOSFODNN7EXAMPLE"


def bill(order: Order) -> str:
    return order.
"""
CURSOR = "bill.py:7:18"


@pytest.fixture
def yard(sh: Shell) -> Shell:
    """A repository whose engine fills in the middle."""
    (sh.folder / "script.toml").write_text('family = "qwen"\n[[cue]]\nsay = ["total_with_tax(0.2)"]\n')
    subprocess.run(["git", "init", "--quiet", str(sh.folder)], check=True)
    sh.file("orders.py", ORDERS)
    sh.file("bill.py", BILL)
    return sh


def found(yard: Shell, *arguments: str) -> dict[str, Any]:
    code, out, _ = yard("why", *arguments, "--json")
    assert code == 0
    return dict(json.loads(out))


def test_the_prompt_is_the_one_that_is_sent(yard: Shell, heard: list[Call]) -> None:
    told = found(yard, CURSOR)
    yard("complete", CURSOR, "--manual")
    assert heard[-1].prompt == told["prompt"]
    assert "def total_with_tax(self, rate: float) -> float:" in told["prompt"]
    assert yard("why", CURSOR, "--prompt")[1] == told["prompt"] + "\n"


def test_nothing_is_asked_of_an_engine(yard: Shell, heard: list[Call]) -> None:
    found(yard, CURSOR)
    assert not heard


def test_pieces_are_told_with_their_source_place_worth_and_tokens(yard: Shell) -> None:
    told = found(yard, CURSOR)
    pieces = [(it["source"], it["line"], it["text"]) for it in told["pieces"]]
    assert ("members", 4, "def total_with_tax(self, rate: float) -> float:") in pieces
    assert all(it["text"] in told["prompt"] and it["worth"] >= 0 and it["tokens"] > 0 for it in told["pieces"])
    assert sum(it["tokens"] for it in told["pieces"]) <= told["budget"]["beside"]
    _, out, _ = yard("why", CURSOR)
    assert "orders.py:4" in out
    assert "members" in out


def test_what_was_left_out_is_told_with_the_reason(yard: Shell) -> None:
    left = {it["text"]: it["why"] for it in found(yard, CURSOR)["left_out"]}
    assert left["from orders import Order"] == "the open file's lines show it"
    assert all(left.values())


def test_masked_secrets_are_counted_and_not_shown(yard: Shell) -> None:
    told = found(yard, CURSOR)
    assert told["masked"] == 1
    assert "AKIAIOSFODNN7EXAMPLE" not in json.dumps(told)
    assert "1 masked in the prompt" in yard("why", CURSOR)[1]


def test_files_that_are_kept_out_are_told_by_the_line_that_does_it(yard: Shell) -> None:
    yard.file(".aiignore", "# ours\norders.py\n")
    told = found(yard, CURSOR)
    assert told["kept_out"] == {".aiignore:2 (`orders.py`)": 1}
    assert "total_with_tax" not in json.dumps(told)
    assert "1 by .aiignore:2 (`orders.py`)" in yard("why", CURSOR)[1]


def test_the_budget_says_where_it_comes_from(yard: Shell) -> None:
    told = found(yard, CURSOR)
    assert told["budget"]["tokens"] == told["window"] - 128
    assert "for the window is 8,192 and the answer may take 128" in yard("why", CURSOR)[1]


def test_whoever_types_on_finds_nearly_all_of_it_read(yard: Shell) -> None:
    assert found(yard, CURSOR)["held"] > 0.9
    assert found(yard, "bill.py:1:1")["held"] == 0.0


@pytest.mark.parametrize(("task", "begins"), [("explain", "You explain one bug"), ("document", "You document one")])
def test_other_tasks_have_a_message_and_what_the_model_is_told(yard: Shell, task: str, begins: str) -> None:
    told = found(yard, "bill.py:7:5", "--task", task)
    assert told["system"].startswith(begins)
    assert "def bill(order: Order) -> str:" in told["prompt"]
    assert told["shown"]["first"] == 6
    assert told["system"] in yard("why", "bill.py:7:5", "--task", task)[1]


def test_an_explanation_is_asked_for_as_it_says(yard: Shell, heard: list[Call]) -> None:
    told = found(yard, "bill.py:7:5", "--task", "explain")
    yard("explain", "bill.py:7:5")
    assert heard[-1].system == told["system"]
    assert "def total_with_tax(self, rate: float) -> float:" in told["prompt"]


def test_what_the_code_leaves_no_room_for_is_told(yard: Shell) -> None:
    long = "".join(f"    order.note('{number} {'long ' * 36}')\n" for number in range(140))
    yard.file("long.py", f"from orders import Order\n\n\ndef bill(order: Order) -> str:\n{long}    return order.net\n")
    told = found(yard, "long.py:5:5", "--task", "explain")
    assert not told["pieces"]
    assert "the rest of the prompt leaves no room for it" in {it["why"] for it in told["left_out"]}


def test_a_note_is_told_as_it_would_be_sent(yard: Shell) -> None:
    yard.file(".aiignore", "orders.py\n")
    note = '  File "orders.py", line 5, in total\n    return self.net\nKeyError: 1'
    told = found(yard, "bill.py:7:5", "--task", "explain", "--note", note)
    assert "KeyError: 1" in told["prompt"]
    assert "[a frame that is not shown]" in told["prompt"]
    assert "return self.net" not in told["prompt"]


# Silence


@pytest.mark.parametrize(
    ("place", "settings", "reason"),
    [
        ("bill.py:3:15", (), "what looks like a secret"),
        ("orders.py:1:1", ("--set", "privacy.exclude=['orders.py']"), "privacy.exclude"),
        (".env:1:1", (), "its name ("),
    ],
)
def test_where_nothing_is_sent_it_says_why(yard: Shell, place: str, settings: tuple[str, ...], reason: str) -> None:
    yard.file(".env", "A=1\n")
    code, out, err = yard("why", place, *settings)
    assert (code, out) == (0, "")
    assert "nothing is sent" in err
    assert reason in err
    assert reason in found(yard, place, *settings)["silent"]


def test_without_an_engine_it_says_so(yard: Shell) -> None:
    none = ("--set", "runtime.engine=ollama", "--set", "runtime.ollama.host=http://127.0.0.1:9")
    code, _, err = yard("why", CURSOR, *none)
    assert code == 1
    assert "ollama serve" in err


def test_a_task_that_there_is_not_is_an_error(yard: Shell) -> None:
    code, _, err = yard("why", CURSOR, "--task", "sing")
    assert code == 1
    assert "There is no task 'sing'" in err


def test_an_engine_that_lays_out_its_own_prompt_is_told_as_it_is_asked(yard: Shell) -> None:
    told = found(yard, CURSOR, "--set", "runtime.engine=echo")
    assert told["engine"] == "echo"
    assert told["prompt"].endswith("return order.")
    assert told["suffix"] == "\n"


def test_what_is_printed_has_no_control_characters(yard: Shell) -> None:
    yard.file("odd.py", "a = '\x1b[31m\x07'\n\n\nx = 1\n")
    for more in ((), ("--prompt",), ("--json",)):
        assert not set(yard("why", "odd.py:4:6", *more)[1]) & set("\x1b\x07")
