"""The server over real stdio: what it answers to good, bad and untimely messages, and how it ends."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from lsp import messages
from tests import fake_ollama
from tests.lsp_client import PATIENCE, Editor, editor, scripted

SCRIPT = """
[[cue]]
when = "slow"
hang = true

[[cue]]
when = "fails"
fail = "Unreachable"

[[cue]]
when = "x = "
say = ["1 + 1"]

[[cue]]
when = "pri"
say = ["nt('hello')"]
"""
PRINTING = """
import os, sys
from lsp import wire

def claim(claim=wire.claim):
    ends = claim()
    print("noise")
    os.write(1, b"noise")
    os.system("echo noise")
    assert not sys.stdin.read()
    return ends

wire.claim = claim
from lsp.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    """One server for all tests that leave it as they found it."""
    with editor(*scripted(tmp_path_factory.mktemp("script"), SCRIPT)) as it:
        it.ready()
        yield it


@pytest.fixture
def uri(request: pytest.FixtureRequest) -> str:
    """A document of the test's own."""
    return f"file:///home/ada/{abs(hash(request.node.name))}.py"


def null_error(it: Editor) -> int:
    """The code of the error that was sent to nobody in particular."""
    return it.error(None)


# The protocol


def test_ghost_text_comes_with_a_range_and_a_command(shared: Editor, uri: str) -> None:
    shared.open(uri, "x = \n")
    result = shared.answer(shared.complete(uri, 0, 4))["result"]
    place = {"line": 0, "character": 4}
    command = {"title": "Accepted", "command": "switchyard.accepted", "arguments": [uri, "1 + 1"]}
    assert result == {"items": [{"insertText": "1 + 1", "range": {"start": place, "end": place}, "command": command}]}
    assert shared.request("workspace/executeCommand", {k: command[k] for k in ("command", "arguments")}) is None


@pytest.mark.parametrize("body", [b"{bad}", b"", b"[" * 200_000, b"\xff\xfe{}"])
def test_a01_a11_what_is_not_json_is_answered_to_nobody(shared: Editor, body: bytes) -> None:
    shared.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    assert null_error(shared) == messages.PARSE_ERROR


def test_a11_a_request_with_invalid_utf8_is_refused(shared: Editor) -> None:
    body = b'{"jsonrpc":"2.0","id":"bytes","method":"workspace/executeCommand","params":{"command":"\xff"}}'
    shared.owed.append("bytes")
    shared.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
    assert shared.error("bytes") == messages.PARSE_ERROR


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/inlineCompletion", {}),
        ("textDocument/inlineCompletion", [1, 2]),
        ("textDocument/inlineCompletion", None),
        ("textDocument/inlineCompletion", {"textDocument": {"uri": "u"}, "position": {"line": -1, "character": 0}}),
        ("workspace/executeCommand", {}),
        ("workspace/executeCommand", {"command": 7}),
        ("workspace/executeCommand", {"command": "switchyard.accepted", "arguments": ["one"]}),
        ("workspace/executeCommand", {"command": "no.such"}),
    ],
)
def test_a02_wrong_parameters_are_named_as_such(shared: Editor, method: str, params: object) -> None:
    assert shared.error(shared.ask(method, params)) == messages.INVALID_PARAMS


@pytest.mark.parametrize("message", [[], [{"jsonrpc": "2.0", "id": 1, "method": "x"}], 7, "x", {"jsonrpc": "2.0"}])
def test_a03_what_is_no_request_is_answered_to_nobody(shared: Editor, message: object) -> None:
    shared.send(message)
    assert null_error(shared) == messages.INVALID_REQUEST


def test_a04_a_request_without_its_version_is_refused(shared: Editor) -> None:
    shared.owed.append("versionless")
    shared.send({"id": "versionless", "method": "shutdown"})
    assert shared.error("versionless") == messages.INVALID_REQUEST


def test_a05_unknown_requests_are_refused_and_unknown_notices_ignored(shared: Editor) -> None:
    assert shared.error(shared.ask("textDocument/unheardOf", {})) == messages.METHOD_NOT_FOUND
    assert shared.error(shared.ask("$/unheardOf", {})) == messages.METHOD_NOT_FOUND
    for method in ("$/unheardOf", "unheard/of", "$/setTrace", "textDocument/didSave"):
        shared.notify(method, {"value": "off"})
    shared.send({"jsonrpc": "2.0", "id": "nobody asked", "result": {}})
    shared.send({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "x"}})


def test_a06_the_word_jsonrpc_may_stand_anywhere(shared: Editor, uri: str) -> None:
    shared.open(uri, "x = ")
    assert shared.ghosts(uri, 0, 4, jsonrpc="2.0", id=1, method="x") == ["1 + 1"]
    shared.request("workspace/executeCommand", {"command": "switchyard.accepted", "arguments": [uri, "jsonrpc"]})
    assert shared.error(shared.ask("unheard/of", {"jsonrpc": "2.0", "id": 9, "method": "exit"})) == -32601


@pytest.mark.parametrize(
    "head", [b"content-length: %d\r\n\r\n", b"Content-Type: x\r\nCONTENT-LENGTH:%d\r\n\r\n", b"Content-Length: %d\n\n"]
)
def test_a07_a08_headers_may_look_otherwise(shared: Editor, head: bytes) -> None:
    body = b'{"jsonrpc":"2.0","id":"head","method":"unheard/of"}'
    shared.owed.append("head")
    shared.write(head % len(body) + body)
    assert shared.error("head") == messages.METHOD_NOT_FOUND


def test_a10_after_a_wrong_length_the_server_hears_again(shared: Editor, uri: str) -> None:
    body = b'{"jsonrpc":"2.0","method":"x"}'
    shared.write(b"Content-Length: %d\r\n\r\n%b" % (len(body) - 3, body))
    assert null_error(shared) == messages.PARSE_ERROR
    shared.open(uri, "x = ")
    assert shared.ghosts(uri, 0, 4) == ["1 + 1"]


def test_a12_byte_by_byte_or_all_at_once_is_the_same(shared: Editor, uri: str) -> None:
    shared.open(uri, "x = ")
    requests = [
        json.dumps({"jsonrpc": "2.0", "id": f"n{number}", "method": "unheard/of"}).encode() for number in range(1000)
    ]
    for body in requests[:3]:
        for byte in b"Content-Length: %d\r\n\r\n%b" % (len(body), body):
            shared.write(bytes([byte]))
    shared.write(b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in requests[3:]))
    shared.owed += [f"n{number}" for number in range(1000)]
    assert {shared.error(f"n{number}") for number in range(1000)} == {messages.METHOD_NOT_FOUND}


def test_a13_requests_have_their_time(shared: Editor) -> None:
    assert shared.error(shared.ask("initialize", {"capabilities": {}})) == messages.INVALID_REQUEST
    with editor(say_hello=False) as it:
        it.open("file:///early.py", "x")
        assert it.error(it.ask("textDocument/inlineCompletion", {})) == messages.NOT_INITIALIZED
        assert it.error(it.ask("shutdown", None)) == messages.NOT_INITIALIZED
        assert it.error(it.ask("initialize", {"capabilities": 7})) == messages.INVALID_PARAMS
        it.hello()


def test_a14_after_shutdown_nothing_is_done_any_more() -> None:
    with editor() as it:
        it.request("shutdown", None)
        assert it.error(it.ask("unheard/of", {})) == messages.INVALID_REQUEST
        assert it.error(it.ask("shutdown", None)) == messages.INVALID_REQUEST
        it.open("file:///late.py", "x")
        it.notify("exit", None)
        assert it.ended() == 0


def test_a14_exit_without_shutdown_is_an_error() -> None:
    with editor() as it:
        it.notify("exit", None)
        assert it.ended() == 1


@pytest.mark.parametrize("id", ["text", "", 0, -1, 2**60, 2**31])
def test_a15_any_id_comes_back_as_it_was(shared: Editor, id: object) -> None:
    shared.request("workspace/executeCommand", {"command": "switchyard.accepted", "arguments": ["u", "t"]}, id)


def test_a15_an_id_in_use_is_refused(shared: Editor, uri: str) -> None:
    shared.open(uri, "slow")
    shared.complete(uri, 0, 4)
    id = shared.owed[-1]
    shared.ask("unheard/of", {}, id)
    assert shared.error(id) == messages.INVALID_REQUEST
    shared.notify("$/cancelRequest", {"id": id})
    assert shared.error(id) == messages.CANCELLED


@pytest.mark.parametrize("id", [987654, "never", None])
def test_a16_cancelling_what_does_not_run_is_ignored(shared: Editor, id: object) -> None:
    shared.notify("$/cancelRequest", {"id": id})
    shared.notify("$/cancelRequest", {})
    shared.notify("$/cancelRequest", {"id": {}})


def test_a17_cancelled_requests_are_answered_each_once(shared: Editor, uri: str) -> None:
    shared.open(uri, "slow")
    ids = []
    for _ in range(1000):
        ids.append(shared.complete(uri, 0, 4))
        shared.notify("$/cancelRequest", {"id": ids[-1]})
    assert {shared.error(id) for id in ids} == {messages.CANCELLED}


def test_a18_a_client_that_does_not_listen_is_still_listened_to(shared: Editor, uri: str) -> None:
    ids = [shared.ask("unheard/of", {}) for _ in range(3000)]  # more answers than a pipe holds
    shared.open(uri, "x = ")
    assert shared.ghosts(uri, 0, 4) == ["1 + 1"]
    assert len([shared.error(id) for id in ids]) == 3000


def test_a20_whatever_prints_or_reads_the_frames_stay_whole() -> None:
    it = Editor(program=(sys.executable, "-I", "-c", PRINTING))
    try:
        it.hello()
        it.bye()
        assert it.log().count("noise") == 3
    finally:
        it.kill()


# The limits


@pytest.mark.parametrize("chunk", [b"Content-Length: 100000000000\r\n\r\n", b"X: " + b"y" * (1 << 20)])
def test_a09_what_no_editor_sends_ends_the_server_at_once(chunk: bytes) -> None:
    it = Editor()
    try:
        it.hello()
        with suppress(BrokenPipeError):
            it.write(chunk)
        assert it.ended() == 1
    finally:
        it.kill()


@pytest.mark.parametrize("text", ["x = " * 500_001, "x = \0", "log\n" * 12_000_000])
def test_e11_e12_what_is_too_large_or_binary_gets_no_suggestion(shared: Editor, uri: str, text: str) -> None:
    shared.open(uri, text)
    assert shared.ghosts(uri, 0, 4, trigger=1) == []
    assert "too large" in shared.wait("window/showMessage")["message"]
    assert shared.ghosts(uri, 0, 4) == []
    shared.change(uri, 2, ((0, 0), (0, 0), "y"))
    shared.change(uri, 3, "x = ")
    assert shared.ghosts(uri, 0, 4) == ["1 + 1"]
    shared.close(uri)


# Documents


def test_e01_an_odd_character_is_no_line_end(shared: Editor, uri: str) -> None:
    shared.open(uri, "a\x0b\x0c\x1c\x85\u2028\u2029b\nx\n")
    shared.change(uri, 2, ((1, 1), (1, 1), " = "))
    assert shared.ghosts(uri, 1, 4) == ["1 + 1"]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_e02_all_line_ends_count_alike(shared: Editor, uri: str, end: str) -> None:
    shared.open(uri, end.join(["one", "x", "two"]))
    shared.change(uri, 2, ((1, 1), (1, 1), " = "))
    assert shared.ghosts(uri, 1, 4) == ["1 + 1"]


def test_e03_a_byte_order_mark_is_a_character(shared: Editor, uri: str) -> None:
    shared.open(uri, "\ufeffx = ")
    assert shared.ghosts(uri, 0, 5) == ["1 + 1"]


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 10), ("utf-16", 7), ("utf-32", 6)])
def test_e04_columns_count_what_was_agreed_on(tmp_path: Path, uri: str, encoding: str, column: int) -> None:
    capabilities = {"general": {"positionEncodings": [encoding]}, "experimental": {"switchyardStatus": True}}
    with editor(*scripted(tmp_path, SCRIPT), capabilities=capabilities) as it:
        it.ready()
        it.open(uri, "😀é\nx😀é = é")
        it.change(uri, 2, ((1, 1), (1, column - 3), ""))
        result = it.answer(it.complete(uri, 1, 4))["result"]
        place = {"line": 1, "character": 4}
        assert [item["range"] for item in result["items"]] == [{"start": place, "end": place}]


def test_e05_a_lone_surrogate_harms_nobody(shared: Editor, uri: str) -> None:
    shared.open(uri, "s = '\ud800'\nx")
    shared.change(uri, 2, ((1, 1), (1, 1), " = "), ((0, 6), (0, 6), "\udfff"))
    assert shared.ghosts(uri, 1, 4) == ["1 + 1"]
    shared.open(f"{uri}\ud800", "x = ")
    items = shared.answer(shared.complete(f"{uri}\ud800", 0, 4))["result"]["items"]
    assert items[0]["command"]["arguments"][0] == f"{uri}\ud800"


def test_e06_a_position_past_the_end_is_at_the_end(shared: Editor, uri: str) -> None:
    shared.open(uri, "x = ")
    place = {"line": 0, "character": 4}
    for line, character in ((0, 99), (99, 0), (2**31 - 1, 2**31 - 1)):
        (item,) = shared.answer(shared.complete(uri, line, character))["result"]["items"]
        assert item["range"] == {"start": place, "end": place}


def test_e07_older_versions_and_unknown_documents_are_passed_over(shared: Editor, uri: str) -> None:
    shared.open(uri, "x = ", version=5)
    shared.change(uri, 4, "old")
    shared.change("file:///not/open.py", 1, "x")
    shared.close("file:///not/open.py")
    assert shared.ghosts(uri, 0, 4) == ["1 + 1"]
    assert shared.ghosts("file:///not/open.py", 0, 0) == []
    shared.change(uri, 99, "pri")
    assert shared.ghosts(uri, 0, 3) == ["nt('hello')"]


def test_e08_closed_while_a_request_runs_there_is_no_answer(shared: Editor, uri: str) -> None:
    shared.open(uri, "slow")
    id = shared.complete(uri, 0, 4)
    shared.close(uri)
    assert shared.answer(id)["result"] is None


def test_e08_opened_twice_the_later_one_counts(shared: Editor, uri: str) -> None:
    shared.open(uri, "nothing")
    shared.open(uri, "x = ")
    assert shared.ghosts(uri, 0, 4) == ["1 + 1"]


def test_a_newer_request_takes_the_older_ones_place(shared: Editor, uri: str) -> None:
    shared.open(uri, "slow\nx = ")
    older, newer = shared.complete(uri, 0, 4), shared.complete(uri, 1, 4)
    assert shared.answer(older)["result"] is None
    assert shared.answer(newer)["result"]["items"][0]["insertText"] == "1 + 1"


def test_a_request_does_not_wait_for_another_documents(shared: Editor, uri: str) -> None:
    shared.open(uri, "slow")
    shared.open(f"{uri}2", "x = ")
    id = shared.complete(uri, 0, 4)
    shared.notify("$/cancelRequest", {"id": id})
    assert shared.ghosts(f"{uri}2", 0, 4) == ["1 + 1"]
    assert shared.error(id) == messages.CANCELLED


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "vscode-vfs://github/o/r/a.py", "vscode-notebook-cell:/a#X1"])
def test_e14_what_is_no_file_works_in_memory(shared: Editor, uri: str) -> None:
    shared.open(uri, "x = ")
    assert shared.ghosts(uri, 0, 4) == ["1 + 1"]


def test_what_the_popup_would_insert_counts_as_typed(shared: Editor, uri: str) -> None:
    shared.open(uri, "pr")
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 2}}
    selected = {"range": place, "text": "pri"}
    (item,) = shared.answer(shared.complete(uri, 0, 2, selectedCompletionInfo=selected))["result"]["items"]
    assert (item["insertText"], item["range"]) == ("print('hello')", place)


# Settings


def test_automatic_suggestions_can_be_switched_off_and_the_manual_trigger_stays(tmp_path: Path, uri: str) -> None:
    options = {"complete": {"automatic": False}}
    with editor(*scripted(tmp_path, SCRIPT), initializationOptions=options) as it:
        it.ready()
        it.open(uri, "x = ")
        assert it.ghosts(uri, 0, 4) == []
        assert it.ghosts(uri, 0, 4, trigger=1) == ["1 + 1"]
        it.notify("workspace/didChangeConfiguration", {"settings": {"switchyard": {"complete": {"automatic": True}}}})
        it.request("workspace/executeCommand", {"command": "switchyard.accepted", "arguments": ["u", "t"]})
        assert it.ghosts(uri, 0, 4) == ["1 + 1"]


def test_a_wrong_setting_is_named_and_the_last_good_ones_stay(tmp_path: Path, uri: str) -> None:
    (tmp_path / ".switchyard.toml").write_text("[complete]\nautomatic = false\n")
    user = tmp_path / "user.toml"
    user.write_text("[complete]\nmax_tokens = 'many'\n")
    root = [{"uri": tmp_path.as_uri(), "name": "work"}]
    env = {"SWITCHYARD_CONFIG": str(user)}
    with editor(*scripted(tmp_path, SCRIPT), env=env, workspaceFolders=root) as it:
        said = it.wait("window/showMessage")
        assert f"{user}:2" in said["message"]
        assert "max_tokens" in said["message"]
        it.ready()
        it.open(uri, "x = ")
        assert it.ghosts(uri, 0, 4) == []
        settings = {"runtime": {"openai": {"host": "http://elsewhere"}}}
        it.notify("workspace/didChangeConfiguration", {"settings": settings})
        assert "your own settings file" in it.wait("window/showMessage")["message"]


def test_a_settings_file_is_read_again_when_it_is_written(tmp_path: Path, uri: str) -> None:
    file = tmp_path / ".switchyard.toml"
    with editor(*scripted(tmp_path, SCRIPT), rootUri=tmp_path.as_uri()) as it:
        it.ready()
        it.open(uri, "x = ")
        assert it.ghosts(uri, 0, 4) == ["1 + 1"]
        file.write_text("[complete]\nautomatic = nonsense\n")
        assert f"{file}:2" in it.wait("window/showMessage")["message"]
        file.write_text("[complete]\nautomatic = false\n\n[complete.deep]\n")
        assert "deep" in it.wait("window/showMessage")["message"]
        file.write_text("[complete]\nautomatic = false\n")
        deadline, versions = time.monotonic() + PATIENCE, itertools.count(2)
        while time.monotonic() < deadline:
            it.change(uri, next(versions), "x = ")
            if not it.ghosts(uri, 0, 4):
                return
        pytest.fail("the settings were not read")


def test_a_first_settings_file_is_read_though_its_folders_were_not_there(tmp_path: Path, uri: str) -> None:
    folder = tmp_path / "config" / "switchyard"
    env = {"SWITCHYARD_CONFIG": str(folder / "config.toml")}
    with editor(*scripted(tmp_path, SCRIPT), env=env) as it:
        it.ready()
        it.open(uri, "x = ")
        assert it.ghosts(uri, 0, 4) == ["1 + 1"]
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text("[complete]\nautomatic = nonsense\n")
        assert "config.toml:2" in it.wait("window/showMessage")["message"]


def test_a_settings_file_that_is_a_link_is_read_again_when_what_it_leads_to_is_written(
    tmp_path: Path, uri: str
) -> None:
    kept, link = tmp_path / "dotfiles" / "switchyard.toml", tmp_path / "config" / "config.toml"
    for file in (kept, link):
        file.parent.mkdir()
    kept.write_text("")
    link.symlink_to(kept)
    with editor(*scripted(tmp_path, SCRIPT), env={"SWITCHYARD_CONFIG": str(link)}) as it:
        it.ready()
        it.open(uri, "x = ")
        assert it.ghosts(uri, 0, 4) == ["1 + 1"]
        kept.write_text("[complete]\nautomatic = nonsense\n")
        assert "config.toml:2" in it.wait("window/showMessage")["message"]


# Lifecycle


def test_b01_when_the_connection_ends_so_does_the_server(tmp_path: Path, uri: str) -> None:
    it = Editor(scripted(tmp_path, SCRIPT))
    try:
        it.hello()
        it.ready()
        it.open(uri, "slow")
        it.complete(uri, 0, 4)
        assert it.process.stdin
        it.process.stdin.close()
        assert it.ended() == 1
    finally:
        it.kill()


@pytest.mark.parametrize("cancelled", [True, False])
def test_b01_the_socket_to_the_model_is_closed(cancelled: bool, uri: str) -> None:
    def begin(host: str) -> tuple[Editor, int]:
        it = Editor(["runtime.engine=ollama", f"runtime.ollama.host={host}"])
        it.hello()
        it.ready()
        it.open(uri, "x = ")
        return it, it.complete(uri, 0, 4)

    async def story() -> None:
        asked = asyncio.Event()

        async def stall(writer: asyncio.StreamWriter) -> None:
            asked.set()
            await fake_ollama.silence(writer)

        async with fake_ollama.serving({"/api/generate": stall}) as ollama:
            it, id = await asyncio.to_thread(begin, ollama.host)
            try:
                await asyncio.wait_for(asked.wait(), PATIENCE)
                ollama.hung_up.clear()
                assert it.process.stdin
                if cancelled:
                    it.notify("$/cancelRequest", {"id": id})
                else:
                    it.process.stdin.close()
                await asyncio.wait_for(ollama.hung_up.wait(), PATIENCE)
                assert cancelled or await asyncio.to_thread(it.ended) == 1
            finally:
                it.kill()

    asyncio.run(story())


def test_b02_when_the_editor_is_killed_the_server_ends_though_the_pipe_is_held() -> None:
    parent = subprocess.Popen(["sleep", "600"])
    it = Editor()
    try:
        it.hello(processId=parent.pid)
        it.wait("switchyard/status")  # it has begun all that it begins
        parent.kill()
        parent.wait()
        assert it.ended() == 1
    finally:
        it.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_b04_a_signal_ends_the_server(number: signal.Signals) -> None:
    it = Editor()
    try:
        it.hello()
        it.process.send_signal(number)
        assert it.ended() == 1
    finally:
        it.kill()


def test_b07_at_shutdown_whatever_runs_is_answered(tmp_path: Path) -> None:
    with editor(*scripted(tmp_path, SCRIPT)) as it:
        it.ready()
        ids = []
        for number in range(50):
            it.open(f"file:///{number}.py", "slow")
            ids.append(it.complete(f"file:///{number}.py", 0, 4))
        last = it.ask("shutdown", None)
        assert {it.error(id) for id in ids} == {messages.CANCELLED}
        assert it.answer(last)["result"] is None
        it.notify("exit", None)
        assert it.ended() == 0


def test_a21_whatever_comes_the_next_request_is_served(shared: Editor, uri: str) -> None:
    dice = random.Random(21)
    shared.open(uri, "x = ")
    seed = json.dumps(
        {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": {"uri": uri, "version": 2}}}
    ).encode()
    for _ in range(300):
        body = bytearray(seed)
        for _ in range(dice.randint(1, 6)):
            body[dice.randrange(len(body))] = dice.randrange(256)
        shared.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), bytes(body)))
    assert shared.ghosts(uri, 0, 4) == ["1 + 1"]
    shared.answers.pop("null", None)


def test_the_log_holds_no_code(tmp_path: Path) -> None:
    with editor(*scripted(tmp_path, SCRIPT)) as it:
        secret = "canary_8c1f"
        it.open("file:///a.py", f"{secret} = ")
        it.error(it.ask("workspace/executeCommand", {"command": {"x": secret}}))
        it.error(it.ask("textDocument/inlineCompletion", {"textDocument": {"uri": 5}, "position": secret}))
        it.notify("textDocument/didChange", {"textDocument": secret})
        it.notify("workspace/didChangeConfiguration", {"settings": {"complete": {"automatic": secret}}})
        it.wait("window/showMessage")
        assert secret not in it.log()
        assert os.path.basename(__file__) not in it.log()
