"""Reviews in an editor, over real stdio: what is found when a file is saved, stays true, moves, or goes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import reviewer
from tests.lsp_client import Editor, editor, scripted, span
from tests.repository import Repository

TEXT = """\
LIMIT = 10


def mean(items):
    total = sum(items)
    return total


def other(a, b):
    # one
    return a + b + len(str(a))
"""
BROKEN = TEXT.replace("return total", "return total / len(items)")
FINDING = {
    "quote": "return total / len(items)",
    "line": 6,
    "rule": "out-of-range",
    "message": "An empty list makes this a division by zero.",
    "symbols": ["total", "mean"],
    "fails": "[]",
    "fix": "return total / len(items) if items else 0",
}
LEAK = {"quote": "return leak(a)", "line": 1, "rule": "resource-leak", "message": "It stays open.", "symbols": ["a"]}
ASKED = "lines 9 to 11, as JSON:"  # how the question about the second definition ends
SCRIPT = f"""
[[cue]]
holds = "hang(items)"
hang = true
[[cue]]
when = "{ASKED}"
holds = "stall(a)"
hang = true
""" + reviewer.script({"return leak(a)": [LEAK], "total / len(items)": [FINDING]}, "- `mean` divides now")


class Desk:
    """An editor with one file of one workspace open."""

    def __init__(self, it: Editor, file: Path) -> None:
        self.it, self.file, self.uri, self.version = it, file, file.as_uri(), 1

    def open(self, text: str) -> None:
        self.text = text
        self.it.open(self.uri, text)

    def edit(self, start: tuple[int, int], end: tuple[int, int], text: str) -> None:
        self.version += 1
        self.it.change(self.uri, self.version, (start, end, text))

    def save(self) -> None:
        self.it.notify("textDocument/didSave", {"textDocument": {"uri": self.uri}})

    def break_it(self) -> dict[str, Any]:
        """Write the bug and save; the diagnostic that comes of it."""
        self.edit((5, 16), (5, 16), " / len(items)")
        self.save()
        return self.one()

    def break_other(self) -> dict[str, Any]:
        """Write the bug into the other function, too, and save; the diagnostic that comes of it all."""
        self.edit((10, 4), (10, 30), "return total / len(items)")
        self.save()
        return self.one()

    def published(self) -> list[dict[str, Any]]:
        found = self.it.wait("textDocument/publishDiagnostics")
        assert found["uri"] == self.uri
        return list(found["diagnostics"])

    def one(self) -> dict[str, Any]:
        (found,) = self.published()
        return found

    def actions(self, diagnostic: dict[str, Any]) -> dict[str, dict[str, Any]]:
        params = {
            "textDocument": {"uri": self.uri},
            "range": diagnostic["range"],
            "context": {"diagnostics": [diagnostic]},
        }
        found = self.it.request("textDocument/codeAction", params)
        return {it["title"].partition(" (Switchyard)")[0].partition(":")[0]: it["command"] for it in found}

    def do(self, command: dict[str, Any]) -> Any:
        return self.it.request(
            "workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]}
        )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path


def desk(folder: Path, *more: str, **hello: Any) -> Iterator[Desk]:
    work = folder / "work"
    file = work / "a.py"
    literal: dict[str, Any] = {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}}
    capabilities = {
        "workspace": {"workspaceEdit": {"documentChanges": True}},
        "textDocument": literal,
        "window": {"workDoneProgress": True},
        "experimental": {"switchyardStatus": True},
    }
    models = ("models.review=script", "models.review_changes=script", "schedule.quiet=0")
    env = {"XDG_STATE_HOME": str(folder / "state"), "XDG_CACHE_HOME": str(folder / "cache")}
    with editor(
        *scripted(folder, SCRIPT), *models, *more, env=env, capabilities=capabilities, rootUri=work.as_uri(), **hello
    ) as it:
        it.ready()
        yield Desk(it, file)


@pytest.fixture
def at(folder: Path) -> Iterator[Desk]:
    yield from desk(folder)


def test_what_has_changed_is_reviewed_when_it_is_saved(at: Desk) -> None:
    at.open(TEXT)
    found = at.break_it()
    assert found["range"] == {"start": {"line": 5, "character": 4}, "end": {"line": 5, "character": 29}}
    assert (found["severity"], found["code"], found["source"]) == (2, "out-of-range", "Switchyard")
    assert found["message"].endswith("It fails for: an empty list")
    assert found["codeDescription"]["href"].startswith("file://")
    assert found["codeDescription"]["href"].endswith("/prompts/rules/out-of-range.md")
    assert [it["message"] for it in found["relatedInformation"]] == ["mean is defined here."]


def test_who_wants_no_review_on_save_has_none(folder: Path) -> None:
    for at in desk(folder, initializationOptions={"review": {"on_save": False}}):
        at.open(TEXT)
        at.edit((5, 16), (5, 16), " / len(items)")
        at.save()
        at.it.notify("workspace/didChangeConfiguration", {"settings": {"switchyard": {"review": {"on_save": True}}}})
        at.it.request("workspace/executeCommand", {"command": "switchyard.accepted", "arguments": ["u", "t"]})
        other = Desk(at.it, at.file.with_name("b.py"))
        other.open(TEXT)
        assert other.break_it()["code"] == "out-of-range", "and of the file that was saved before nothing is heard"
        assert at.it.heard == [it for it in at.it.heard if it["method"] != "textDocument/publishDiagnostics"]


def test_a_save_takes_the_place_of_a_review_that_runs(at: Desk) -> None:
    at.open(TEXT)
    at.edit((10, 4), (10, 30), "return stall(a)")
    assert at.break_it()["range"]["start"]["line"] == 5, "the second definition is being reviewed now"
    at.edit((10, 4), (10, 19), "return leak(a)")
    at.save()
    while len(found := at.published()) < 2:  # the first one alone may be told again before
        assert [it["code"] for it in found] == ["out-of-range"]
    assert {it["code"] for it in found} == {"out-of-range", "resource-leak"}


def test_what_was_there_before_is_not_reviewed(at: Desk) -> None:
    at.open(BROKEN)
    at.edit((9, 0), (9, 9), "    # two")
    assert at.break_other()["range"]["start"]["line"] == 10


def test_a_finding_moves_with_its_text_and_goes_when_that_is_touched(at: Desk) -> None:
    at.open(TEXT)
    at.break_it()
    at.edit((0, 0), (0, 0), "# a line above\n")
    assert at.one()["range"]["start"] == {"line": 6, "character": 4}
    at.edit((6, 12), (6, 13), "T")
    assert at.published() == []


def test_a_text_sent_as_a_whole_keeps_what_still_stands_in_it(at: Desk) -> None:
    at.open(TEXT)
    at.break_it()
    at.it.change(at.uri, 9, "\n\n\n" + BROKEN)
    assert at.one()["range"]["start"]["line"] == 8
    at.it.change(at.uri, 10, TEXT)
    assert at.published() == []


def test_a_fix_is_an_edit_of_this_version(at: Desk) -> None:
    at.open(TEXT)
    found = at.break_it()
    at.do(at.actions(found)["Mend it"])
    asked = at.it.wait("workspace/applyEdit")
    (change,) = asked["edit"]["documentChanges"]
    assert change["textDocument"] == {"uri": at.uri, "version": 2}
    assert change["edits"] == [{"range": found["range"], "newText": FINDING["fix"]}]


def test_a_comment_silences_a_rule_in_its_line(at: Desk) -> None:
    at.open(TEXT)
    at.do(at.actions(at.break_it())["Ignore “out of range” in this line"])
    (change,) = at.it.wait("workspace/applyEdit")["edit"]["documentChanges"]
    assert change["edits"][0]["newText"] == "  # switchyard: ignore out-of-range"
    at.edit((5, 29), (5, 29), change["edits"][0]["newText"])
    assert at.published() == []
    at.edit((4, 4), (4, 4), "items = items or []; ")
    assert at.break_other()["range"]["start"]["line"] == 10


@pytest.mark.parametrize("what", ["Dismiss", "Never report “out of range” in this workspace"])
def test_dismissed_means_dismissed_also_after_a_restart_and_elsewhere_in_the_file(folder: Path, what: str) -> None:
    for at in desk(folder):
        at.open(TEXT)
        at.do(at.actions(at.break_it())[what])
        assert at.published() == []
    for at in desk(folder):
        at.open(TEXT)
        at.edit((0, 0), (0, 0), "# moved\n" * 3)
        at.edit((7, 4), (7, 4), "items = items or []; ")
        at.edit((8, 16), (8, 16), " / len(items)")
        at.edit((13, 4), (13, 30), "return leak(a)")
        at.save()
        assert at.one()["code"] == "resource-leak"


def test_a_file_that_is_opened_again_shows_what_was_found(folder: Path) -> None:
    for at in desk(folder):
        at.open(TEXT)
        at.break_it()
        at.it.close(at.uri)
        assert at.published() == []
    for at in desk(folder):
        at.open("# moved\n" + BROKEN)
        assert at.one()["range"]["start"]["line"] == 6


def test_what_was_mended_elsewhere_and_is_written_again_is_found_again(folder: Path) -> None:
    for at in desk(folder):
        at.open(TEXT)
        at.break_it()
    for at in desk(folder):
        at.open(TEXT)
        at.break_other()
        at.edit((5, 16), (5, 16), " / len(items)")
        at.save()
        while len(at.published()) < 2:  # that the first one has moved may be told before
            pass


def test_what_another_tool_says_is_not_said_again(at: Desk) -> None:
    at.open(TEXT)
    where = {"start": {"line": 5, "character": 4}, "end": {"line": 5, "character": 20}}
    said = [{"range": where, "message": "division by zero when the list is empty", "source": "lint"}]
    at.edit((5, 16), (5, 16), " / len(items)")
    at.it.notify("switchyard/diagnostics", {"uri": at.uri, "diagnostics": said})
    assert at.break_other()["range"]["start"]["line"] == 10


def test_my_changes_fill_the_list_of_problems(folder: Path) -> None:
    repo = Repository(folder / "work")
    repo.commit({"a.py": TEXT, "b.py": TEXT})
    repo.write({"b.py": BROKEN})
    for at in desk(folder):
        at.open(TEXT)
        arguments = [(folder / "work").as_uri(), {}, "mine"]
        said = at.it.request(
            "workspace/executeCommand", {"command": "switchyard.reviewChanges", "arguments": arguments}
        )
        assert said["findings"] == 1
        assert "`mean` divides now" in said["markdown"]
        found = at.it.wait("textDocument/publishDiagnostics")
        assert found["uri"].endswith("/b.py")
        assert [it["code"] for it in found["diagnostics"]] == ["out-of-range"]
        kinds = [it["params"]["value"]["kind"] for it in at.it.heard if it["method"] == "$/progress"]
        assert kinds[0] == "begin"
        assert kinds[-1] == "end"
        at.it.open(found["uri"], TEXT)  # it was mended on the disk since
        assert at.it.wait("textDocument/publishDiagnostics") == {"uri": found["uri"], "diagnostics": []}
        at.it.heard.clear()


@pytest.mark.parametrize("way", ["window/workDoneProgress/cancel", "$/cancelRequest"])
def test_a_review_of_changes_can_be_stopped(folder: Path, way: str) -> None:
    repo = Repository(folder / "work")
    repo.commit({"b.py": TEXT})
    repo.write({"b.py": TEXT.replace("sum(items)", "hang(items)")})
    for at in desk(folder):
        arguments = [(folder / "work").as_uri(), {}, "mine"]
        asked = at.it.ask("workspace/executeCommand", {"command": "switchyard.reviewChanges", "arguments": arguments})
        while (said := at.it.wait("$/progress"))["value"]["kind"] != "report":
            assert said["value"]["kind"] == "begin"
        at.it.notify(way, {"token": said["token"]} if way.startswith("window") else {"id": asked})
        assert at.it.error(asked) == -32800
        at.it.heard.clear()


def test_without_a_repository_the_command_says_so(at: Desk) -> None:
    arguments = [None, None, "mine"]
    said = at.it.request("workspace/executeCommand", {"command": "switchyard.reviewChanges", "arguments": arguments})
    assert said["refusal"].startswith("git can't say what has changed: not a git repository")
    assert "--diff" not in said["refusal"], "that is for a shell"


def test_what_can_be_done_about_a_finding_comes_first(at: Desk) -> None:
    at.open(TEXT)
    found = at.break_it()
    assert next(iter(at.actions(found))) == "Mend it"
    asked = {"command": "switchyard.finding", "arguments": ["devour", at.uri, found["data"]["id"]]}
    assert at.it.error(at.it.ask("workspace/executeCommand", asked)) == -32602


@pytest.mark.parametrize("sent", [["right under the cursor"], []])
def test_who_asks_anywhere_in_a_line_is_offered_what_is_found_there(at: Desk, sent: list[str]) -> None:
    at.open(TEXT)
    found = at.break_it()
    line = found["range"]["start"]["line"]
    place = span((line, 0), (line, 0))
    known = [{"range": found["range"], "message": found["message"], "source": found["source"]} for _ in sent]
    asked = {"textDocument": {"uri": at.uri}, "range": place, "context": {"diagnostics": known, "triggerKind": 1}}
    titles = [it["title"] for it in at.it.request("textDocument/codeAction", asked)]
    assert titles.count("Mend it (Switchyard)") == titles.count("Explain this bug (Switchyard)") == 1
    asked["context"] = {"diagnostics": [], "triggerKind": 2}
    assert at.it.request("textDocument/codeAction", asked) == [], "but no bulb is lit where nothing is wrong"
