"""Jobs asked for over real stdio: what is offered, the answer as it comes, its end, and what goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lsp import messages
from lsp.frames import frame
from lsp.jobs import actions, findings, jobs
from tests.lsp_client import STATUS, Editor, editor, scripted, span

TEXT = "def half(a):\n    return a / 0\n\n\nprint(half(4))\n"
SCRIPT = """
[[cue]]
when = "Explain the bug in half.py, line 2."
say = ["<think>Hm.</think>", "**Why** Line ", "2 divides by `0`, see ", "`half.py:2`, none.py:9 and ![x](http://e/x).\\n"]

[[cue]]
when = "Explain the bug in half.py, line 5."
say = ["**What", " is wrong** It ", "hangs"]
hang = true

[[cue]]
when = "Explain the bug in half.py, line 1."
fail = "Busy"

[[cue]]
when = "Explain the bug in half.py, line 3."
fail = "WouldEvict"
"""
LITERAL: dict[str, Any] = {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}}
ZERO = {"range": span((1, 15), (1, 16)), "message": "division by zero", "severity": 1, "source": "ruff", "data": 7}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def shared(home: Path) -> Iterator[Editor]:
    """One server, in whose workspace one file is open."""
    with editor(*scripted(home, SCRIPT), rootUri=home.as_uri(), capabilities=STATUS | {"textDocument": LITERAL}) as it:
        it.ready()
        it.open((home / "half.py").as_uri(), TEXT)
        yield it


@pytest.fixture
def uri(home: Path) -> str:
    return (home / "half.py").as_uri()


def test_each_command_that_is_offered_is_carried_out_by_something() -> None:
    assert sorted(actions.NAMES) == sorted((*jobs.COMMANDS, findings.COMMAND, findings.CHANGES))


def offered(it: Editor, uri: str, start: tuple[int, int], end: tuple[int, int], **context: Any) -> Any:
    """The explanations that are offered at a place."""
    known = {"diagnostics": [], **context}
    params = {"textDocument": {"uri": uri}, "range": span(start, end), "context": known}
    found = it.request("textDocument/codeAction", params)
    return found and [it for it in found if "switchyard.explain" in str(it["command"])]


def begin(it: Editor, uri: str, line: int, token: object = "t", *more: object) -> Any:
    """Ask for an explanation of a line; the id."""
    arguments = [uri, span((line, 0), (line, 0)), None, token, *more]
    return it.ask("workspace/executeCommand", {"command": "switchyard.explain", "arguments": arguments})


def streamed(it: Editor) -> list[str]:
    """What came on the token, and nothing else has come of the job."""
    heard = [message for message in it.heard if message["method"] == "$/progress"]
    it.heard = [message for message in it.heard if message["method"] not in ("$/progress", "switchyard/status")]
    assert all(message["params"]["token"] == "t" for message in heard)
    return [message["params"]["value"]["delta"] for message in heard]


def test_a_diagnostic_is_explained_by_a_quick_fix(shared: Editor, uri: str) -> None:
    (action,) = offered(shared, uri, (1, 4), (1, 4), diagnostics=[ZERO], triggerKind=2)
    assert (action["title"], action["kind"]) == ("Explain this bug (Switchyard)", "quickfix")
    assert action["diagnostics"] == [ZERO]
    result = shared.request("workspace/executeCommand", {k: action["command"][k] for k in ("command", "arguments")})
    assert result["markdown"].startswith("**Why** [Line 2](")
    assert shared.wait("window/showMessage")["message"] == result["markdown"]


def test_of_several_diagnostics_each_is_named(shared: Editor, uri: str) -> None:
    long = {"range": span((1, 4), (1, 10)), "message": "x " * 99}
    titles = [it["title"] for it in offered(shared, uri, (1, 4), (1, 4), diagnostics=[ZERO, long, {"range": 7}])]
    assert titles[0] == "Explain this bug: division by zero (Switchyard)"
    assert len(titles[1]) < 100
    assert len(titles) == 2


def test_where_nobody_asks_and_nothing_is_wrong_no_bulb_is_lit(shared: Editor, uri: str) -> None:
    assert offered(shared, uri, (1, 4), (1, 4), triggerKind=2) == []
    (line,) = offered(shared, uri, (1, 4), (1, 4), triggerKind=1)
    assert line["title"] == "Explain this line (Switchyard)"
    (selection,) = offered(shared, uri, (0, 0), (2, 0))
    assert selection["title"] == "Explain the selection (Switchyard)"


def test_only_the_kinds_that_are_asked_for_are_offered(shared: Editor, uri: str) -> None:
    assert offered(shared, uri, (1, 4), (1, 4), diagnostics=[ZERO], only=["refactor", "source.fixAll"]) == []
    assert len(offered(shared, uri, (1, 4), (1, 4), diagnostics=[ZERO], only=["quickfix"])) == 1
    assert len(offered(shared, uri, (1, 4), (1, 4), only=["switchyard"])) == 1
    assert offered(shared, f"{uri}x", (1, 4), (1, 4)) is None


def test_an_explanation_streams_and_its_whole_is_the_result(shared: Editor, uri: str) -> None:
    result = shared.answer(begin(shared, uri, 1))["result"]
    assert streamed(shared) == ["**Why** Line ", "2 divides by `0`, see ", "`half.py:2`, none.py:9 and x.\n"]
    link = f"{uri}#L2"
    assert (
        result["markdown"]
        == f"**Why** [Line 2]({link}) divides by `0`, see [`half.py:2`]({link}), ~~none.py:9~~ and x."
    )
    (fix,) = result["actions"]
    assert (fix["title"], fix["command"], fix["arguments"][:2]) == (
        "Fix it",
        "switchyard.fix",
        [uri, span((1, 0), (1, 0))],
    )
    assert not shared.heard


def test_a_cancelled_explanation_stops_the_model(shared: Editor, uri: str) -> None:
    asked = begin(shared, uri, 4)
    shared.wait("$/progress")
    shared.notify("$/cancelRequest", {"id": asked})
    assert shared.error(asked) == messages.CANCELLED
    again = begin(shared, uri, 4)  # one model, one slot: were it still at work, this would wait for ever
    assert shared.wait("$/progress")["value"]["delta"].startswith("**What")
    shared.notify("$/cancelRequest", {"id": again})
    assert shared.error(again) == messages.CANCELLED
    streamed(shared)


def test_an_explanation_that_is_cancelled_at_once_leaves_nothing_behind(home: Path) -> None:
    uri = (home / "half.py").as_uri()
    with editor(*scripted(home, SCRIPT), rootUri=home.as_uri()) as it:
        it.ready()
        it.open(uri, TEXT)
        asked = {"id": 77, "params": {"command": "switchyard.explain", "arguments": [uri, span((4, 0), (4, 0))]}}
        asked |= {"method": "workspace/executeCommand"}
        both = asked, {"method": "$/cancelRequest", "params": {"id": 77}}
        it.owed.append(77)
        it.write(b"".join(frame(json.dumps({"jsonrpc": "2.0", **one}).encode()) for one in both))
        assert it.error(77) == messages.CANCELLED
        assert it.ghosts(uri, 0, 0) == []
        assert "never awaited" not in it.log(), it.log()


def test_while_somebody_waits_the_state_is_busy(shared: Editor, uri: str) -> None:
    asked = begin(shared, uri, 4)
    while (status := shared.wait("switchyard/status"))["state"] != "busy":
        pass
    assert status == {"state": "busy", "message": "Explain this bug.", "engine": "scripted"}
    shared.notify("$/cancelRequest", {"id": asked})
    assert shared.error(asked) == messages.CANCELLED
    assert shared.wait("switchyard/status")["state"] == "ready"
    streamed(shared)


@pytest.mark.parametrize("line", [0, 2])
def test_an_engine_that_fails_is_a_refusal(shared: Editor, uri: str, line: int) -> None:
    result = shared.answer(begin(shared, uri, line))["result"]
    assert result["refusal"].startswith("The script says ")
    titles = [it["title"] for it in result["actions"]]
    assert titles == (["Do it all the same"] if line == 2 else [])
    assert not streamed(shared)


def test_consent_is_one_more_command(shared: Editor, uri: str) -> None:
    (again,) = shared.answer(begin(shared, uri, 2, "t", {"diagnostics": [ZERO]}))["result"]["actions"]
    assert again["command"] == "switchyard.explain"
    assert again["arguments"] == [uri, span((2, 0), (2, 0)), None, None, {"diagnostics": [ZERO], "consent": True}]
    streamed(shared)


def test_an_editor_without_a_token_is_told_in_its_own_way(shared: Editor, uri: str) -> None:
    shared.answer(begin(shared, uri, 0, None))
    assert shared.wait("window/showMessage") == {"type": 2, "message": "The script says Busy."}
    shared.answer(begin(shared, uri, 1, None))
    assert shared.wait("window/showMessage")["message"].startswith("**Why**")
    streamed(shared)


@pytest.mark.parametrize(
    "arguments",
    [[], [7], ["{uri}"], ["{uri}", {}], ["{uri}", span((0, 0), (0, 0)), 7], ["file:///no.py", span((0, 0), (0, 0))]],
)
def test_a_command_about_nowhere_is_refused(shared: Editor, uri: str, arguments: list[Any]) -> None:
    said = [uri if it == "{uri}" else it for it in arguments]
    asked = shared.ask("workspace/executeCommand", {"command": "switchyard.explain", "arguments": said})
    assert shared.error(asked) == messages.INVALID_PARAMS


def test_a_file_that_is_kept_out_of_prompts_is_not_explained(shared: Editor, home: Path) -> None:
    secret = (home / ".env").as_uri()
    shared.open(secret, "x = 1\n" * 3)
    result = shared.answer(begin(shared, secret, 1))["result"]
    assert result["refusal"] == "This file is kept out of every prompt by its name (`*.env`)."
    shared.close(secret)
    streamed(shared)


def test_without_a_token_an_editor_that_shows_documents_gets_a_page(tmp_path: Path) -> None:
    shows = {"window": {"showDocument": {"support": True}}, **STATUS}
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    with editor(*scripted(tmp_path, SCRIPT), rootUri=tmp_path.as_uri(), capabilities=shows, env=env) as it:
        it.ready()
        it.open((tmp_path / "half.py").as_uri(), TEXT)
        it.answer(begin(it, (tmp_path / "half.py").as_uri(), 1, None))
        (page,) = (tmp_path / "state" / "switchyard" / "pages").iterdir()
        assert it.wait("window/showDocument") == {"uri": page.as_uri(), "takeFocus": True}
        assert page.name.startswith("explanation-"), "and ends in what it says: an editor may not read a page again"
        assert "~~none.py:9~~" in page.read_text("utf-8")
        assert page.stat().st_mode & 0o077 == 0
        (command,) = offered(it, (tmp_path / "half.py").as_uri(), (1, 4), (1, 4))
        assert command["command"] == "switchyard.explain", "it takes commands, not code actions"


def test_an_editor_without_a_token_is_not_kept_waiting_and_stops_the_job_in_its_bar(tmp_path: Path) -> None:
    shows = {"window": {"workDoneProgress": True}}
    with editor(*scripted(tmp_path, SCRIPT), rootUri=tmp_path.as_uri(), capabilities=STATUS | shows) as it:
        it.ready()
        it.open((tmp_path / "half.py").as_uri(), TEXT)
        assert it.answer(begin(it, (tmp_path / "half.py").as_uri(), 4, None)).get("result", "none") is None
        said = it.wait("$/progress")
        assert said["value"] == {"kind": "begin", "title": "Explain this bug", "cancellable": True}
        it.notify("window/workDoneProgress/cancel", {"token": said["token"]})
        assert it.wait("$/progress") == {"token": said["token"], "value": {"kind": "end"}}


def test_a_selection_of_one_character_is_a_cursor(shared: Editor, uri: str) -> None:
    (line,) = offered(shared, uri, (1, 4), (1, 5))
    assert line["title"] == "Explain this line (Switchyard)"
    assert line["command"]["arguments"] == [uri, span((1, 4), (1, 4))]
