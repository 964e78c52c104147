"""One connection from the inside: failing handlers, pygls' part, notices, settings, the parent."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from lsp import leading, messages, parent, present, server
from lsp.connection import Connection
from lsp.documents import Open
from lsp.present import Notices
from lsp.rest import Rest
from lsp.server import Server
from lsp.settings import Settings
from lsp.wire import Wire
from router import Incomplete, layers
from router.config import Complete
from router.context import privacy
from router.types import Answer, Change, Delta, Document, Insertion, Prose, Refusal, Request, Span, Status, Task

URI = "file:///home/ada/a.py"


class Outbox:
    """In the writer's place: keeps what was sent."""

    waiting = 0

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.asked = asyncio.Event()

    def write(self, body: bytes) -> None:
        self.sent.append(message := json.loads(body))
        if "method" in message and "id" in message:
            self.asked.set()

    def answer(self, id: object) -> dict[str, Any]:
        (found,) = [it for it in self.sent if it.get("id") == id]
        return found


class Fake:
    """A router that does as it is told."""

    def __init__(self, act: Callable[[Request], object] = lambda request: None) -> None:
        self.act = act
        self.heard: list[object] = []

    def opened(self, document: Document) -> None:
        self.heard.append(("opened", document.text))

    def edited(self, document: Document, changes: Sequence[Change]) -> None:
        self.heard.append(("edited", document.text, list(changes)))

    def closed(self, path: str) -> None:
        self.heard.append(("closed", path))

    def entered(self, roots: Sequence[str]) -> None:
        self.heard.append(("entered", list(roots)))

    async def ask(self, request: Request) -> AsyncGenerator[Delta | Answer, None]:
        yield Delta("hel")
        yield Insertion("hello", request.span)
        self.act(request)
        await asyncio.sleep(0)

    async def aclose(self) -> None:
        self.heard.append("closed for good")


class Reluctant(Fake):
    """One that asks for consent before it explains."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks = {"explain": Task("explain", "Explain this bug", "diagnostic", "prose", "attended", 3.0, 512)}

    async def ask(self, request: Request) -> AsyncGenerator[Delta | Answer, None]:
        yield Prose("It divides by zero.") if request.consent else Refusal("The other would go.", consent=True)


class Desk:
    """A server without its process: messages go in by hand."""

    def __init__(self, router: Fake) -> None:
        self.outbox = Outbox()
        self.ends: list[int] = []
        self.connection = Connection(Wire(self.outbox), lambda code, reason: self.ends.append(code))  # type: ignore[arg-type]
        self.server = Server(self.connection, ())
        self.server._begin = lambda client: self.server._offer_jobs()  # type: ignore[method-assign]
        self.server._router = router  # type: ignore[assignment]
        self.server._settings = Settings(layers.launch(()), self.outbox.sent.append)  # type: ignore[arg-type]
        self.server._settings.trusted = True

    def send(self, method: str, params: object, id: object = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params, **({} if id is None else {"id": id})}
        self.connection.receive([json.dumps(message).encode()])

    def heard(self, method: str) -> list[dict[str, Any]]:
        """What the editor was told or asked so far."""
        return [it for it in self.outbox.sent if it.get("method") == method]

    async def hello(self, **capabilities: object) -> None:
        """Shake hands, and wait until pygls is there."""
        self.send("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities}, "hello")
        await self.done()

    def open(self, text: str) -> None:
        item = {"uri": URI, "languageId": "python", "version": 1, "text": text}
        self.send("textDocument/didOpen", {"textDocument": item})

    async def done(self) -> None:
        """Wait for all that runs."""
        await asyncio.gather(*self.connection._tasks)

    async def complete(self, id: object) -> dict[str, Any]:
        place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
        self.send("textDocument/inlineCompletion", place, id)
        await self.done()
        return self.outbox.answer(id)


def at_desk(story: Callable[[Desk], Coroutine[Any, Any, None]], router: Fake | None = None) -> Desk:
    """Run a story; afterwards nothing may be pending and no task may be left."""
    desks = []

    async def run() -> None:
        desk = Desk(router or Fake())
        desks.append(desk)
        await desk.hello()
        await story(desk)
        await desk.server.aclose()
        assert not desk.connection.wire.pending
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
    return desks[0]


def fail(kind: type[BaseException]) -> Callable[[Request], object]:
    def act(request: Request) -> object:
        raise kind("def secret():")

    return act


@pytest.mark.parametrize("kind", [ValueError, RecursionError, KeyError])
def test_a19_a_handler_that_fails_is_answered_and_harms_no_other(
    kind: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    router = Fake(fail(kind))

    async def story(desk: Desk) -> None:
        desk.open("")
        assert (await desk.complete(1))["error"]["code"] == messages.INTERNAL_ERROR
        router.act = lambda request: None
        assert (await desk.complete(2))["result"]["items"][0]["insertText"] == "hello"

    at_desk(story, router)
    assert kind.__name__ in caplog.text
    assert "secret" not in caplog.text


def test_a_cancelling_from_within_is_answered_too() -> None:
    async def story(desk: Desk) -> None:
        desk.open("")
        assert (await desk.complete(1))["error"]["code"] == messages.CANCELLED

    at_desk(story, Fake(fail(asyncio.CancelledError)))


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"result": {"title": "Do it all the same"}}, ["It divides by zero."]),
        ({"result": None}, []),
        ({"result": {}}, []),
        ({"result": False}, []),
        ({"error": {"code": -32601, "message": "What?"}}, ["The other would go."]),
    ],
)
def test_who_has_no_plugin_is_asked_whether_the_model_that_completes_may_go(
    reply: dict[str, Any], said: list[str]
) -> None:
    async def story(desk: Desk) -> None:
        desk.open("1 / 0\n")
        spot = {"line": 0, "character": 0}
        about = {"command": "switchyard.explain", "arguments": [URI, {"start": spot, "end": spot}]}
        desk.send("workspace/executeCommand", about, 1)
        await desk.outbox.asked.wait()
        (asked,) = desk.heard("window/showMessageRequest")
        assert asked["params"]["actions"] == [{"title": "Do it all the same"}]
        assert desk.outbox.answer(1)["result"] is None, "some editors stand still until they have an answer"
        desk.connection.receive([json.dumps({"jsonrpc": "2.0", "id": asked["id"], **reply}).encode()])
        await desk.done()
        assert [it["params"]["message"] for it in desk.heard("window/showMessage")] == said
        assert len(desk.heard("window/showMessageRequest")) == 1

    at_desk(story, Reluctant())


def test_an_engine_that_fails_is_silent_and_keeps_what_was_found() -> None:
    async def story(desk: Desk) -> None:
        desk.open("")
        assert (await desk.complete(1))["result"]["items"][0]["insertText"] == "hello"

    at_desk(story, Fake(fail(Incomplete)))


def test_an_answer_to_a_text_that_has_changed_meanwhile_is_dropped() -> None:
    router = Fake()

    async def story(desk: Desk) -> None:
        desk.open("")
        router.act = lambda request: desk.open("other")
        assert (await desk.complete(1))["result"] is None

    at_desk(story, router)


def test_the_router_sees_every_edit_and_nothing_of_what_is_too_large() -> None:
    router = Fake()
    edit = {"range": {"start": {"line": 0, "character": 1}, "end": {"line": 0, "character": 1}}, "text": "b"}

    async def story(desk: Desk) -> None:
        desk.open("a")
        for version, change in ((2, edit), (3, {"text": "\0"}), (4, edit), (5, {"text": "c"})):
            identifier = {"uri": URI, "version": version}
            desk.send("textDocument/didChange", {"textDocument": identifier, "contentChanges": [change]})
        desk.send("textDocument/didClose", {"textDocument": {"uri": URI}})

    at_desk(story, router)
    edited, closed = ("edited", "ab", [Change(1, 1, "b")]), ("closed", "/home/ada/a.py")
    assert router.heard == [("opened", "a"), edited, closed, ("opened", "c"), closed, "closed for good"]


# pygls' part

CLIENTS: list[dict[str, Any]] = [
    {},
    {"general": {"positionEncodings": ["utf-8", "utf-16"]}, "textDocument": {"synchronization": {"willSave": True}}},
    {"general": {}, "textDocument": {"synchronization": {"willSave": False, "willSaveWaitUntil": True}}},
    {"general": {"positionEncodings": ["utf-7"]}, "notebookDocument": {"synchronization": {}}, "textDocument": {}},
    {"workspace": {"fileOperations": {"didCreate": True}, "workspaceFolders": True}, "window": {"showMessage": {}}},
]


@pytest.mark.parametrize("client", CLIENTS)
def test_our_quick_answer_to_initialize_is_the_one_that_pygls_gives(client: dict[str, Any]) -> None:
    async def story(desk: Desk) -> None:
        request = {"jsonrpc": "2.0", "id": "again", "method": "initialize"}
        desk.connection.wire.admit("again")
        body = json.dumps({**request, "params": {"processId": None, "rootUri": None, "capabilities": client}}).encode()
        Rest(desk.server, server.VERSION).handle(body)
        slow = desk.outbox.answer("again")["result"]
        quick = Desk(Fake())
        quick.server._bring_the_rest = lambda body: asyncio.sleep(0)  # type: ignore[method-assign, assignment]
        quick.send("initialize", json.loads(body)["params"], 1)
        assert quick.outbox.answer(1)["result"] == slow
        await quick.connection.aclose()

    at_desk(story)


def test_a_command_that_is_cancelled_hears_of_it() -> None:
    heard: list[str] = []

    async def story(desk: Desk) -> None:
        begun = asyncio.Event()

        async def slow(*arguments: str) -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                heard.append("cancelled")

        assert desk.connection._rest
        desk.connection._rest._protocol.fm.commands["slow"] = slow
        desk.send("workspace/executeCommand", {"command": "slow"}, 1)
        await begun.wait()
        desk.send("$/cancelRequest", {"id": 1})
        await asyncio.sleep(0)
        assert desk.outbox.answer(1)["error"]["code"] == messages.CANCELLED

    at_desk(story)
    assert heard == ["cancelled"]


def test_an_answer_to_its_own_request_does_not_confuse_pygls() -> None:
    async def story(desk: Desk) -> None:
        assert desk.connection._rest
        ended = asyncio.Event()
        desk.connection._rest._protocol.fm.commands["slow"] = ended.wait
        desk.send("workspace/executeCommand", {"command": "slow"}, 1)
        desk.connection.receive([b'{"jsonrpc":"2.0","id":1,"result":null}'])
        ended.set()
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
        assert desk.outbox.answer(1)["result"] is True

    at_desk(story)


def test_what_comes_before_pygls_waits_for_it_unless_it_is_cancelled() -> None:
    accepted: list[str] = []

    async def run() -> None:
        desk = Desk(Fake())
        desk.server.became = lambda uri, text, fate: accepted.append(text)  # type: ignore[method-assign, assignment]
        hello = asyncio.ensure_future(desk.hello())
        await asyncio.sleep(0)
        for id in (1, 2):
            command = {"command": present.ACCEPTED, "arguments": [URI, f"text {id}"]}
            desk.send("workspace/executeCommand", command, id)
        desk.send("$/cancelRequest", {"id": 1})
        await hello
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
        assert desk.outbox.answer(1)["error"]["code"] == messages.CANCELLED
        assert desk.outbox.answer(2)["result"] is None
        await desk.server.aclose()

    asyncio.run(run())
    assert accepted == ["text 2"]


def test_a_folder_that_is_added_brings_its_settings(tmp_path: Path) -> None:
    (tmp_path / ".switchyard.toml").write_text("[complete]\nautomatic = false\n")

    async def story(desk: Desk) -> None:
        desk.server._reconfigure = lambda: None  # type: ignore[method-assign]
        folder = {"uri": tmp_path.as_uri(), "name": "work"}
        event = {"added": [folder], "removed": []}
        desk.send("workspace/didChangeWorkspaceFolders", {"event": event})
        await asyncio.sleep(0)
        assert desk.server._settings
        assert desk.server._settings.config.complete.automatic is False

    at_desk(story)


# What the pop-up has selected


def asked(selected: str, insertion: Insertion) -> Any:
    """The one item's text and columns, for a document `foo.ba)` whose pop-up would replace `ba`."""
    document = Open(URI, "python", 1, "foo.ba)", "utf-16")
    place = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 6}}
    context = {"triggerKind": 2, "selectedCompletionInfo": {"range": place, "text": selected}}
    raw = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 6}, "context": context}
    question = present.question(document, messages.params(messages.Raw(json.dumps(raw)), messages.InlineCompletion))
    assert question.request.document.text == f"foo.{selected})"
    assert question.request.span.start == 4 + len(selected)
    if (shown := present.items(document, question, [insertion])) is None:
        return None
    (item,) = shown["items"]
    return item["insertText"], item["range"].start.character, item["range"].end.character


@pytest.mark.parametrize(
    ("insertion", "item"),
    [
        (Insertion("(1", Span(7, 7)), ("bar(1", 4, 6)),
        (Insertion("(1)", Span(7, 8)), ("bar(1)", 4, 7)),
        (Insertion("r(1", Span(6, 7)), ("bar(1", 4, 6)),
        (Insertion("x", Span(6, 7)), None),
        (Insertion("x", Span(0, 7)), None),
    ],
)
def test_an_item_begins_with_what_the_popup_has_selected(insertion: Insertion, item: Any) -> None:
    assert asked("bar", insertion) == item


# Notices


def told(capabilities: dict[str, Any], *statuses: Status, agreed: bool = True) -> list[tuple[str, Any]]:
    """What a client hears of these statuses, if it answers at once."""
    outbox = Outbox()
    notices = Notices(wire := Wire(outbox))  # type: ignore[arg-type]
    raw = json.dumps({"capabilities": capabilities})
    notices.greet(messages.params(messages.Raw(raw), messages.Initialize))
    for status in statuses:
        notices.tell(status)
        for message in outbox.sent:
            if "id" in message:
                wire.replied(message.pop("id"), b"null" if agreed else None)
    return [(it["method"], it["params"].get("value", it["params"])) for it in outbox.sent]


OFFLINE, LOADING, READY = (Status(state, state, "ollama") for state in ("offline", "loading", "ready"))  # type: ignore[arg-type]


def test_a_client_that_knows_statuses_gets_each_of_them() -> None:
    heard = told({"experimental": {"switchyardStatus": True}}, OFFLINE, READY)
    assert [(method, params["state"]) for method, params in heard] == [
        ("switchyard/status", "offline"),
        ("switchyard/status", "ready"),
    ]


def test_any_other_is_told_once_that_the_engine_is_away() -> None:
    heard = told({}, READY, OFFLINE, OFFLINE, READY, OFFLINE)
    assert [params["message"] for _, params in heard] == ["offline", "offline"]


def test_a_load_is_shown_as_progress_that_ends() -> None:
    heard = told({"window": {"workDoneProgress": True}}, LOADING, LOADING, READY, READY)
    assert [params.get("kind") for _, params in heard] == [None, "begin", "end"]


def test_a_client_that_wants_no_progress_gets_none() -> None:
    assert told({"window": {}}, LOADING, READY) == []
    heard = told({"window": {"workDoneProgress": True}}, LOADING, READY, agreed=False)
    assert [method for method, _ in heard] == ["window/workDoneProgress/create"]


# Settings


def test_of_each_source_the_last_good_settings_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = tmp_path / "user.toml"
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(user))
    said: list[str] = []
    settings = Settings(layers.launch([("complete.max_lines", "9")]), said.append)
    user.write_text("[complete]\nmax_tokens = 100\nmax_lines = 3")
    assert settings.enter([str(tmp_path)]).complete == Complete(max_tokens=100, max_lines=9)
    user.write_text("[complete\n")
    assert settings.read().complete.max_tokens == 100
    user.write_bytes(b"\xff")
    assert settings.read().complete.max_tokens == 100
    assert settings.edit({"switchyard": {"complete": {"max_tokens": 50}}}).complete.max_tokens == 50
    for _ in range(2):
        assert settings.edit({"complete": 7}).complete.max_tokens == 50
    assert settings.edit("nonsense").complete.max_tokens == 50
    assert settings.edit(None).complete.max_tokens == 50
    assert len(said) == 4
    user.unlink()
    assert settings.read().complete.max_tokens == 50
    user.write_bytes(b"\xff")
    settings.read()
    assert len(said) == 5, "what was mended and is wrong again is said again"
    user.unlink()
    assert settings.read().complete == Complete(max_tokens=50, max_lines=9)


def test_nothing_is_sent_while_nobody_knows_what_the_user_keeps_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = tmp_path / "user.toml"
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(user))
    user.write_text("[privacy]\nexclude = [\n")
    said: list[str] = []
    settings = Settings(layers.launch(()), said.append)
    settings.edit({})
    assert said == []
    settings.enter([str(tmp_path)])
    assert not settings.trusted
    assert said[0].startswith(f"{user}:2: this is not TOML")
    assert said[0].endswith("Until that is mended nothing is suggested.")
    user.write_text("[privacy]\nexclude = ['*.md']\n")
    assert settings.read().privacy.exclude == ("*.md",)
    assert settings.trusted
    user.write_text("[")
    assert settings.read().privacy.exclude == ("*.md",)
    assert settings.trusted, "what it kept back before is still known"


def test_without_a_file_of_the_users_own_nothing_is_kept_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (tmp_path / "none.toml", tmp_path / "none" / "none.toml", Path("/dev/null")):
        monkeypatch.setenv("SWITCHYARD_CONFIG", str(name))
        settings = Settings(layers.launch(()), pytest.fail)
        settings.enter(["a\0b"])
        assert settings.trusted


def test_every_folder_that_is_open_tightens_and_one_that_was_left_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWITCHYARD_CONFIG", "/dev/null")
    roots = [str(tmp_path / name) for name in "ab"]
    for root, said in zip(roots, ('exclude = ["customers/"]', 'exclude = ["*.key"]\nno = 1'), strict=True):
        Path(root).mkdir()
        Path(root, ".switchyard.toml").write_text(f"[privacy]\n{said}\n")
    told: list[str] = []
    settings = Settings(layers.launch(()), told.append)
    assert settings.enter(roots[:1]).privacy.exclude == ("customers/",)
    assert settings.enter(roots).privacy.exclude == ("customers/",)
    assert "no such" in told[0] or "no setting privacy.no" in told[0]
    Path(roots[1], ".switchyard.toml").write_text('[privacy]\nexclude = ["*.key"]\n')
    assert sorted(settings.read().privacy.exclude) == ["*.key", "customers/"]
    assert settings.enter(roots[::-1]).privacy.exclude == ("*.key", "customers/")
    assert settings.enter(roots[1:]).privacy.exclude == ("*.key",)
    assert settings.enter([]).privacy.exclude == ()


def test_a_folder_is_no_settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path))
    said: list[str] = []
    settings = Settings(layers.launch(()), said.append)
    settings.enter([])
    assert not settings.trusted
    assert str(tmp_path) in said[0]


@pytest.mark.parametrize("trigger", [1, 2])
def test_a_keystroke_is_not_answered_before_the_users_file_is_read(trigger: int) -> None:
    async def story(desk: Desk) -> None:
        assert desk.server._settings
        desk.server._settings.trusted = False
        desk.open("x")
        place = {"textDocument": {"uri": URI}, "position": {"line": 0, "character": 0}}
        desk.send("textDocument/inlineCompletion", place | {"context": {"triggerKind": trigger}}, "asked")
        await desk.done()
        assert desk.outbox.answer("asked")["result"] is None

    at_desk(story)


@pytest.mark.parametrize("selected", [{}, {"selectedCompletionInfo": {"text": "xy", "range": None}}])
def test_a_request_says_where_a_link_leads(tmp_path: Path, selected: dict[str, Any]) -> None:
    (tmp_path / ".env").write_text("x")
    (tmp_path / "notes.py").symlink_to(tmp_path / ".env")
    uri, here = (tmp_path / "notes.py").as_uri(), {"line": 0, "character": 0}
    asked: list[Document] = []
    if selected:
        selected["selectedCompletionInfo"]["range"] = {"start": here, "end": here}

    async def story(desk: Desk) -> None:
        item = {"uri": uri, "languageId": "python", "version": 1, "text": "x"}
        desk.send("textDocument/didOpen", {"textDocument": item})
        place = {"textDocument": {"uri": uri}, "position": here, "context": {"triggerKind": 2, **selected}}
        desk.send("textDocument/inlineCompletion", place, "asked")
        await desk.done()

    at_desk(story, Fake(lambda request: asked.append(request.document)))
    assert [(it.path, it.real) for it in asked] == [(str(tmp_path / "notes.py"), str((tmp_path / ".env").resolve()))]


@pytest.mark.parametrize(
    ("uri", "real"),
    [
        ("untitled:id_rsa", "id_rsa"),
        ("git:/w/%2Eenv?%7B%22ref%22%3A%22~%22%7D", "/w/.env"),
        ("vscode-notebook-cell:/w/.env#W0", "/w/.env"),
        ("file://host/share/.env", "//host/share/.env"),
        ("file:///a%00b", ""),
    ],
)
def test_what_is_no_file_is_held_to_the_path_that_its_uri_spells(uri: str, real: str) -> None:
    assert leading.real(uri) == real
    assert not real or privacy.excluded(real)


# The parent


def test_the_parents_end_is_noticed_and_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent, "POLL", 0.01)
    child = subprocess.Popen(["sleep", "60"])
    gone: list[str] = []

    async def run() -> None:
        watching = asyncio.ensure_future(parent.watch(child.pid, gone.append))
        await asyncio.wait([watching], timeout=0.1)
        assert not gone
        child.kill()
        child.wait()
        await watching
        assert len(gone) == 1
        for pid in (None, 0, child.pid):
            await parent.watch(pid, gone.append)
        assert len(gone) == 1

    asyncio.run(run())


def test_a_reused_number_is_not_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    births = iter(["10", "10", "99"])
    monkeypatch.setattr(parent, "POLL", 0)
    monkeypatch.setattr(parent, "born", lambda pid: next(births))
    gone: list[str] = []
    asyncio.run(parent.watch(4711, gone.append))
    assert len(gone) == 1
