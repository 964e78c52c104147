"""Fix, document and refactor over real stdio: what is offered, the edit that comes, and the edit that must not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.naive import edited
from lsp.convert import ENCODINGS, Encoding
from lsp.documents import Documents
from lsp.jobs.edits import Able, able, stale, workspace_edit
from router.editing.style import applied, changes
from router.types import Change, Document, Edit, FileEdit
from tests.lsp_client import STATUS, Editor, editor, scripted, span
from tests.test_documents import TEXT

HALF = 'def half(a):\r\n    b = "😀"; return a / 0\r\n\r\n\r\nprint(half(4))\r\n'
SCRIPT = """
[[cue]]
holds = "You mend one bug"
say = ["```python\\n", "def half(a):\\n    b = \\"😀\\"; ", "return a / 2\\n```\\n"]

[[cue]]
holds = "You document"
say = ["Half of a number."]

[[cue]]
holds = "make it slow"
hang = true

[[cue]]
holds = "You change"
say = ["I would rather not."]
"""
ABLE = {
    "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}},
    "workspace": {"workspaceEdit": {"documentChanges": True, "changeAnnotationSupport": {}}},
}
ZERO = {"range": span((1, 25), (1, 26)), "message": "division by zero", "severity": 1, "source": "ruff", "data": 7}
MODELS = ("models.fix=script", "models.document=script", "models.refactor=script")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home").resolve()


@pytest.fixture(scope="module")
def shared(home: Path) -> Iterator[Editor]:
    """One server, in whose workspace one file is open."""
    settings = (*scripted(home, SCRIPT), *MODELS)
    with editor(*settings, rootUri=home.as_uri(), capabilities=STATUS | ABLE) as it:
        it.ready()
        it.open((home / "half.py").as_uri(), HALF)
        yield it


@pytest.fixture
def uri(home: Path) -> str:
    return (home / "half.py").as_uri()


def execute(it: Editor, command: str, *arguments: object) -> Any:
    return it.request("workspace/executeCommand", {"command": f"switchyard.{command}", "arguments": list(arguments)})


def quiet(it: Editor) -> None:
    it.heard = [message for message in it.heard if message["method"] not in ("$/progress", "switchyard/status")]
    assert not it.heard


def test_what_can_be_done_is_offered_by_kind(shared: Editor, uri: str) -> None:
    def titles(start: tuple[int, int], end: tuple[int, int], **context: Any) -> list[tuple[str, str]]:
        params = {"textDocument": {"uri": uri}, "range": span(start, end), "context": {"diagnostics": [], **context}}
        found = shared.request("textDocument/codeAction", params)
        return [(it["title"].removesuffix(" (Switchyard)"), it["kind"]) for it in found]

    assert ("Fix this", "quickfix") in titles((1, 25), (1, 25), diagnostics=[ZERO], triggerKind=2)
    asked = titles((1, 0), (1, 0))
    assert ("Document this", "refactor.rewrite") in asked
    assert ("Refactor: simplify", "refactor.rewrite") in asked
    assert ("Refactor: extract a function", "refactor.extract") not in asked
    assert titles((1, 0), (1, 9), only=["refactor.extract"]) == [("Refactor: extract a function", "refactor.extract")]
    assert titles((1, 0), (1, 0), triggerKind=2) == []


def test_a_fix_is_applied_to_the_version_that_it_was_made_for_and_is_to_be_confirmed(shared: Editor, uri: str) -> None:
    found = execute(shared, "fix", uri, ZERO["range"], None, None, {"diagnostics": [ZERO]})
    assert found == {"title": "Fix half", "notes": ["Python compiles it."], "message": "Python compiles it."}
    asked = shared.wait("workspace/applyEdit")
    edit = {"range": span((1, 0), (1, 26)), "newText": '    b = "😀"; return a / 2', "annotationId": "switchyard"}
    assert asked == {
        "label": "Fix half",
        "edit": {
            "documentChanges": [{"textDocument": {"uri": uri, "version": 1}, "edits": [edit]}],
            "changeAnnotations": {
                "switchyard": {"label": "Fix half", "needsConfirmation": True, "description": "Python compiles it."}
            },
        },
    }
    quiet(shared)


def test_an_editor_that_shows_edits_itself_gets_a_diff_and_nothing_is_applied(shared: Editor, uri: str) -> None:
    found = execute(shared, "document", uri, span((1, 0), (1, 0)), None, "t", {"preview": True})
    (file,) = found["edit"]["documentChanges"]
    assert edited(HALF, file["edits"]) == HALF.replace("):\r\n", '):\r\n    """Half of a number."""\r\n', 1)
    assert found["diff"].startswith("--- a/half.py\n+++ b/half.py\n@@ -1,4 +1,5 @@\n def half(a):\r\n")
    assert '+    """Half of a number."""\r\n' in found["diff"]
    assert [it["method"] for it in shared.heard if it["method"] == "workspace/applyEdit"] == []
    quiet(shared)


def test_an_answer_that_is_no_edit_is_a_refusal(shared: Editor, uri: str) -> None:
    found = execute(shared, "refactor", uri, span((1, 0), (1, 0)), "use a dataclass", "t")
    assert found == {"refusal": "The model's answer holds no code; ask again.", "actions": []}
    found = execute(shared, "refactor", uri, span((1, 0), (1, 0)), None, "t")
    assert "Say what is to be different" in found["refusal"]
    quiet(shared)


def test_a_name_that_the_user_says_is_changed_without_a_model(shared: Editor, uri: str, home: Path) -> None:
    note = "Rename: find a name that says what this is for. halved"
    found = execute(shared, "refactor", uri, span((0, 5), (0, 5)), note, "t", {"preview": True})
    (file,) = found["edit"]["documentChanges"]
    assert edited(HALF, file["edits"]) == HALF.replace("half", "halved")
    quiet(shared)


def test_what_was_made_for_an_older_text_is_not_applied(tmp_path: Path) -> None:
    home = tmp_path.resolve()
    script = SCRIPT.replace('holds = "You mend one bug"', 'holds = "You mend one bug"\nwait_ms = 400')
    with editor(*scripted(home, script), *MODELS, rootUri=home.as_uri(), capabilities=STATUS | ABLE) as it:
        it.ready()
        uri = (home / "half.py").as_uri()
        it.open(uri, HALF)
        arguments = [uri, ZERO["range"], None, "t", {"diagnostics": [ZERO]}]
        id = it.ask("workspace/executeCommand", {"command": "switchyard.fix", "arguments": arguments})
        it.wait("$/progress")
        it.change(uri, 2, ((0, 0), (0, 0), "# changed\r\n"))
        assert it.answer(id)["result"]["refusal"] == "The file has changed meanwhile, so nothing was done; ask again."
        assert not [message for message in it.heard if message["method"] == "workspace/applyEdit"]


def test_what_an_editor_can_do_decides_what_it_gets() -> None:
    documents = Documents("utf-16")
    documents.open("file:///w/a.py", "python", 5, "a\n")
    edit = Edit("Fix", (FileEdit(Document("/w/a.py", "python", 5, "a\n"), (Change(0, 2, "b\n"),)),))
    change = {"range": span((0, 0), (1, 0)), "newText": "b\n"}
    assert workspace_edit(edit, documents, Able()) == {"changes": {"file:///w/a.py": [change]}}
    (file,) = workspace_edit(edit, documents, Able(versions=True))["documentChanges"]
    assert file == {"textDocument": {"uri": "file:///w/a.py", "version": 5}, "edits": [change]}
    assert able({"workspaceEdit": {"documentChanges": True}}) == Able(True, False)
    assert able({"workspaceEdit": 3}) == able(None) == Able()


def test_a_file_that_is_not_open_has_no_version_and_a_changed_one_no_edit() -> None:
    documents = Documents("utf-16")
    edit = Edit("Fix", (FileEdit(Document("/w/ä b.py", "python", 0, "a\n"), (Change(0, 2, "b\n"),)),))
    (file,) = workspace_edit(edit, documents, Able(versions=True))["documentChanges"]
    assert file["textDocument"] == {"uri": "file:///w/%C3%A4%20b.py", "version": None}
    assert not stale(edit, documents)
    documents.open("file:///w/%C3%A4%20b.py", "python", 5, "a\nc\n")
    assert stale(edit, documents)


@given(TEXT, TEXT, st.sampled_from(ENCODINGS), st.booleans())
def test_an_editor_makes_of_the_text_what_was_meant(before: str, after: str, encoding: Encoding, opened: bool) -> None:
    documents = Documents(encoding)
    if opened:
        documents.open("file:///w/a.py", "python", 1, before)
    edit = Edit("", (FileEdit(Document("/w/a.py", "python", 1, before), changes(before, after)),))
    edits = workspace_edit(edit, documents, Able())["changes"]["file:///w/a.py"]
    assert applied(before, edit.files[0].changes) == after
    found, wanted = (it.encode("utf-16", "surrogatepass") for it in (edited(before, edits, encoding), after))
    assert found == wanted  # two halves of a pair are one character to an editor
