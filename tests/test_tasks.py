"""A task is a file: front matter and a prompt, with an error that names file and field."""

from __future__ import annotations

import pytest

from router import BadTask, tasks

FRONT = """\
+++
title = "T"
offer = "cursor"
answer = "prose"
lane = "attended"
size = 3
least = 1
context = 4096
max_tokens = 9
patience = 2
deadline = 60
+++
"""


def test_a_task_is_front_matter_and_a_prompt() -> None:
    task = tasks.read("explain", FRONT + "\nYou explain.\n---\nThis: {code}\n")
    assert (task.name, task.title, task.size, task.body) == ("explain", "T", 3, "You explain.\n---\nThis: {code}")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Explain this.", "prompts/x.md: it must open with front matter"),
        (FRONT.replace("prose", "poem"), "prompts/x.md: .*answer"),
        (FRONT.replace("title", "titel"), "prompts/x.md: .*titel"),
        (FRONT.replace("size = 3\n", ""), "prompts/x.md: .*size"),
        (FRONT.replace("= 3", "= ="), "prompts/x.md: .*(line 6|[Ii]nvalid)"),
        (FRONT + "Explain {code}.", r"prompts/x.md:13: a line --- must"),
        (
            FRONT + "You explain.\n\n---\nIn {path}:\n{cod}",
            r"prompts/x.md:17: there is no field \{cod\}; there are around,",
        ),
        (FRONT + "You explain {code}.\n---\n{code}", r"prompts/x.md:13: \{code\} stands before the line ---"),
        (FRONT + "You explain.\n---\nExplain.", r"prompts/x.md:14: the message has no field"),
    ],
)
def test_what_is_no_task_is_told_with_file_and_field(text: str, says: str) -> None:
    with pytest.raises(BadTask, match=says):
        tasks.read("x", text)


def test_the_table_is_in_the_order_of_the_names() -> None:
    assert list(tasks.table({"b": FRONT, "a": FRONT})) == ["a", "b"]
