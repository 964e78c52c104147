"""Ghost text in a real Neovim: painted on its screen, accepted into its buffer; the server is the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.editors.cues import ADD, HOLD, item, pretend
from tests.editors.nvim import Neovim, neovim

# Shown


def test_ghost_text_is_painted_behind_the_cursor_and_is_not_in_the_buffer(editor: Neovim) -> None:
    editor.type("odef add(")
    editor.wait_for_ghost(ADD)
    assert editor.screen.picture() == "price = 2\ndef add(‸⟪a, b):⟫\n⟪    return a + b⟫"
    assert editor.lines() == ["price = 2", "def add("]


def test_the_ghost_text_is_a_comment_in_colour_unless_the_user_says_otherwise(tmp_path: Path) -> None:
    with neovim(tmp_path, {"cmd": ["switchyard-that-is-not-there"]}) as editor:
        editor.command("highlight clear SwitchyardGhost")
        editor.lua("require('switchyard.ghost').highlight()")
        assert editor.lua("return vim.api.nvim_get_hl(0, { name = 'SwitchyardGhost' }).link") == "Comment"


def test_leaving_insert_mode_takes_the_ghost_text_away(editor: Neovim) -> None:
    editor.type("odef add(")
    editor.wait_for_ghost(ADD)
    editor.type("<Esc>")
    editor.wait_for_ghost("")


def test_a_completion_menu_takes_the_ghost_text_away_and_gives_it_back(editor: Neovim) -> None:
    editor.command("set completeopt=menuone,noinsert")
    editor.type("odef add(")
    editor.wait_for_ghost(ADD)
    editor.type("<C-n>")
    editor.wait(lambda: editor.lua("return vim.fn.pumvisible()") == 1)
    editor.wait_for_ghost("")
    editor.type("<C-e>")
    editor.wait_for_ghost(ADD)


def test_ghost_text_in_a_line_of_many_bytes_stands_where_it_belongs(editor: Neovim) -> None:
    editor.type('ogröße = f("🚂", ')
    editor.wait_for_ghost("übermaß)")
    assert editor.screen.picture().splitlines()[1].startswith('größe = f("🚂')
    editor.type("<Tab>")
    editor.wait_for_line(1, 'größe = f("🚂", übermaß)')
    assert editor.cursor() == (2, len('größe = f("🚂", übermaß)'.encode()))


@pytest.mark.parametrize(("encoding", "at"), [("utf-8", 9), ("utf-16", 6), ("utf-32", 5)])
def test_every_position_encoding_finds_the_same_place(editor: Neovim, encoding: str, at: int) -> None:
    line = "ä🚂 = x"  # two bytes, four bytes, three blanks and signs
    place = {"line": 0, "character": at}
    read = "return require('switchyard.candidate').read(...)"
    found = editor.lua(read, {"insertText": "y", "range": {"start": place, "end": place}}, line, 0, 9, encoding)
    assert (found["col"], found["tail"], found["after"]) == (9, "", "x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"insertText": 7},
        {"insertText": {"kind": "snippet", "value": "a${1}"}},
        item("x", 0, 99, 99),
        item("x", 5, 0, 0),
        item("x", 0, 1, 99),
        item("x", 0, 2, 3),
        item("x", 0, 0, 0),
        {"insertText": "x", "range": {"start": {"line": 0, "character": "a"}, "end": {"line": 0, "character": 1}}},
    ],
)
def test_an_item_that_is_none_for_this_place_is_passed_over(editor: Neovim, wrong: dict[str, object]) -> None:
    for encoding in ("utf-8", "utf-16", "utf-32"):
        assert editor.lua("return require('switchyard.candidate').read(...)", wrong, "abc", 0, 1, encoding) is None


# Accepted


def test_tab_puts_the_suggestion_into_the_buffer_and_the_server_hears_of_it(editor: Neovim) -> None:
    editor.type("odef add(")
    editor.wait_for_ghost(ADD)
    editor.type("<Tab>")
    editor.wait(lambda: editor.lines() == ["price = 2", "def add(a, b):", "    return a + b"])
    assert editor.cursor() == (3, len("    return a + b"))
    editor.wait(lambda: editor.traffic("complete", "workspace/executeCommand") == 1)


def test_one_undo_takes_away_what_was_accepted_and_nothing_else(editor: Neovim) -> None:
    editor.type("odef add(")
    editor.wait_for_ghost(ADD)
    editor.type("<Tab> + 1<Esc>")
    assert editor.lines()[1:] == ["def add(a, b):", "    return a + b + 1"]
    editor.type("u")
    assert editor.lines()[1:] == ["def add(a, b):", "    return a + b"]
    editor.type("u")
    assert editor.lines()[1:] == ["def add("]
    editor.type("<C-r>")
    assert editor.lines()[1:] == ["def add(a, b):", "    return a + b"]
    editor.command("messages clear")


def test_a_word_or_a_line_can_be_accepted_alone(editor: Neovim) -> None:
    editor.type("odef add(")
    editor.wait_for_ghost(ADD)
    editor.type("<M-Right>")
    editor.wait_for_line(1, "def add(a")
    editor.wait_for_ghost(ADD[1:])
    editor.type("<M-C-Right>")
    editor.wait_for_line(1, "def add(a, b):")
    editor.wait_for_ghost("    return a + b")
    editor.type("<M-C-Right>")
    editor.wait_for_line(2, "    return a + b")
    editor.wait(lambda: editor.traffic("complete", "workspace/executeCommand") == 3)  # in part, in part, accepted
    assert editor.traffic("pending", "workspace/executeCommand") == 3


@pytest.mark.parametrize(
    ("text", "word"), [("a, b", "a"), (", b", ","), ("  if x", "  if"), ("\n    return", "\n    return"), ("  ", "  ")]
)
def test_a_word_is_what_the_file_type_calls_one(editor: Neovim, text: str, word: str) -> None:
    assert editor.lua("return require('switchyard.candidate').word(...)", text) == word


def test_dismissed_ghost_text_stays_away_until_the_text_changes(editor: Neovim) -> None:
    editor.type("ototal = price")
    editor.wait_for_ghost(" * count")
    asked = editor.traffic("pending")
    editor.type("<C-]>")
    editor.wait(lambda: editor.traffic("complete", "workspace/executeCommand") == 1)  # the server knows
    editor.wait_for_ghost("")
    editor.command("doautocmd CursorMovedI")
    editor.wait_until_settled()
    assert editor.traffic("pending") == asked
    editor.type("s<BS>")
    editor.wait_for_ghost(" * count")


def test_the_next_candidate_comes_round_again(answers: Neovim) -> None:
    pretend(answers, item("one()", 1, 0, 0), item("two()", 1, 0, 0))
    answers.type("o")
    answers.wait_for_ghost("one()")
    answers.type("<M-]>")
    answers.wait_for_ghost("two()")
    answers.type("<M-]>")
    answers.wait_for_ghost("one()")
    answers.type("<M-[>")
    answers.wait_for_ghost("two()")
    answers.type("t")
    answers.wait_for_ghost("wo()")
    answers.type("<Tab>")
    answers.wait_for_line(1, "two()")


# Ranges


def test_a_bracket_that_stands_there_already_is_not_doubled(answers: Neovim) -> None:
    pretend(answers, item("print(a, b)", 1, 0, 7), as_list=True)
    answers.type("oprint()<Left>")
    answers.wait_for_ghost("a, b")
    assert answers.screen.picture().splitlines()[1] == "print(‸⟪a, b⟫)"
    answers.type("<Tab>")
    answers.wait_for_line(1, "print(a, b)")
    assert answers.cursor() == (2, len("print(a, b)"))


def test_a_bracket_that_moves_to_another_line_is_shown_where_it_goes(answers: Neovim) -> None:
    pretend(answers, item("\n    a,\n)", 1, 6, 7))
    answers.type("oprint()  # all<C-o>F)")
    answers.wait_for_ghost(" " * 8 + "\n    a,\n)  # all")
    answers.type("<Tab>")
    answers.wait(lambda: answers.lines()[1:] == ["print(", "    a,", ")  # all"])
    assert answers.cursor() == (4, 1)


def test_what_a_suggestion_replaces_is_covered_by_it(answers: Neovim) -> None:
    pretend(answers, item("x = sum(y)", 1, 0, 6))
    answers.type("ox = ab<Left><Left>")
    answers.wait_for_ghost("sum(y)")
    assert answers.screen.picture().splitlines()[1] == "x = ‸⟪sum(y)⟫"
    answers.type("<Tab>")
    answers.wait_for_line(1, "x = sum(y)")


def test_tabs_in_ghost_text_are_as_wide_as_in_the_buffer(answers: Neovim) -> None:
    answers.command("setlocal tabstop=4 noexpandtab")
    pretend(answers, item("if x {\t// y\n\treturn\n}", 1, 0, 0))
    answers.type("o")
    answers.wait_for_ghost("if x {  // y\n    return\n}")
    answers.type("<Tab>")
    answers.wait_for_line(2, "\treturn")


# While one types


def test_typing_what_is_suggested_shifts_it_without_a_flicker_or_a_request(editor: Neovim) -> None:
    editor.type("odef add(")
    editor.wait_for_ghost(ADD)
    asked = editor.traffic("pending")
    editor.screen.frames.clear()
    for count in range(1, 6):
        editor.type(ADD[count - 1])
        editor.wait_for_ghost(ADD[count:])
    assert set(editor.screen.frames) <= {ADD[count:] for count in range(6)}
    assert editor.traffic("pending") == asked


def test_a_bracket_closed_by_a_plugin_does_not_end_the_suggestion(answers: Neovim) -> None:
    answers.command("inoremap <buffer> ( ()<Left>")
    pretend(answers, item("f(x)", 1, 0, 0))
    answers.type("o")
    answers.wait_for_ghost("f(x)")
    answers.type("f(")
    answers.wait_for_ghost("x")
    answers.type("<Tab>")
    answers.wait_for_line(1, "f(x)")


def test_typing_something_else_takes_the_ghost_text_away(editor: Neovim) -> None:
    editor.type("ototal = price")
    editor.wait_for_ghost(" * count")
    editor.type("x")
    assert editor.paint().ghost() == ""
    editor.wait_until_settled()
    assert editor.paint().ghost() == ""


def test_typing_on_takes_the_open_request_back(editor: Neovim) -> None:
    editor.type("oslow = ")
    editor.wait(lambda: editor.traffic("pending") > editor.traffic("complete"))
    editor.type("a")
    editor.wait_for_ghost("nswer")
    assert editor.traffic("cancel") >= 1
    editor.wait_until_settled()


@pytest.mark.parametrize("change", ["", "vim.api.nvim_buf_set_lines(0, 0, 1, false, { 'changed' })"])
def test_an_answer_that_comes_too_late_is_dropped(answers: Neovim, change: str) -> None:
    answers.lua(HOLD)
    answers.type("ox")
    answers.wait(lambda: answers.lua("return #_G.held") >= 1)
    if not change:
        answers.type("y")
        answers.wait_for_line(1, "xy")
    late = {"items": [item("late", 1, 1, 1)]}
    before = "local late = ... local held = vim.deepcopy(_G.held)"
    answers.lua(f"{before} {change} for _, handler in ipairs(held) do handler(nil, late) end", late)
    assert answers.paint().ghost() == ""


def test_an_answer_to_an_older_question_is_dropped(answers: Neovim) -> None:
    answers.lua(HOLD)
    answers.type("ox")
    answers.wait(lambda: answers.lua("return #_G.held") >= 1)
    asked = answers.lua("return #_G.held")
    answers.type("<M-Bslash>")
    answers.wait(lambda: answers.lua("return #_G.held") > asked)
    answers.lua("_G.held[#_G.held - 1](nil, ...)", {"items": [item("xold", 1, 0, 1)]})
    assert answers.paint().ghost() == ""
    answers.lua("_G.held[#_G.held](nil, ...)", {"items": [item("xnew", 1, 0, 1)]})
    assert answers.paint().ghost() == "new"


def test_switched_off_it_asks_only_by_hand(editor: Neovim) -> None:
    editor.command("silent Switchyard toggle")
    try:
        editor.type("ototal = price")
        editor.wait_for_line(1, "total = price")
        assert editor.traffic("pending") == 0
        editor.type("<M-Bslash>")
        editor.wait_for_ghost(" * count")
        assert editor.lua("return _G.kinds") == [1]
    finally:
        editor.command("silent Switchyard toggle")
    assert editor.lua("return require('switchyard').status().automatic") is True
    editor.command("messages clear")


def test_asked_by_command_in_normal_mode_it_enters_insert_mode(editor: Neovim) -> None:
    editor.type("ototal = price<Esc>")
    editor.wait_until_settled()
    editor.command("normal! A ")
    editor.command("normal! $")
    editor.lua("_G.kinds = {}")
    editor.type(":Switchyard trigger<CR>")
    editor.wait(lambda: editor.lua("return vim.api.nvim_get_mode().mode") == "i")
    editor.wait(lambda: editor.lua("return _G.kinds[1]") == 1)


# Where the cursor rests


def test_where_the_cursor_rests_outside_insert_mode_is_told_once_and_typing_is_not(editor: Neovim) -> None:
    editor.lua("""
        local server = require("switchyard.server")
        _G.real_notify, _G.rests = _G.real_notify or server.notify, {}
        server.notify = function(client, method, params)
            table.insert(_G.rests, { method, params.position.line, params.position.character })
            return _G.real_notify(client, method, params)
        end
    """)
    editor.type("oprice = 3<Esc>0llkl")
    editor.wait(lambda: editor.lua("return #_G.rests") > 0)
    assert editor.lua("return _G.rests") == [["switchyard/cursor", 0, 3]]
    editor.lua("require('switchyard.server').notify = _G.real_notify")
