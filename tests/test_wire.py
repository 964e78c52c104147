"""Frames, the writer that never waits, and the accounting of ids."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp import messages, parent, wire
from lsp.frames import HEADER_LIMIT, LONGEST, Broken, Frames, frame
from lsp.messages import Malformed
from lsp.wire import Wire, Writer

# Frames


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(1, 30)))
def test_frames_come_out_whole_however_they_are_cut(bodies: list[bytes], cuts: list[int]) -> None:
    stream, frames, found = b"".join(map(frame, bodies)), Frames(), []
    for size in [*cuts, *[1] * len(stream)]:
        found += frames.feed(stream[:size])
        stream = stream[size:]
    assert found == bodies
    assert frames.rest == 0


@pytest.mark.parametrize(
    "head",
    [
        b"content-length: 2\r\n\r\n",
        b"CONTENT-LENGTH:2\r\nContent-Type: x; charset=utf-8\r\n\r\n",
        b"Content-Type: x\r\nContent-Length:   2  \r\n\r\n",
        b"Content-Length: 9\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\n\n",
        b"\r\n\r\nContent-Length: 2\r\n\r\n",
        b"Content-Type: x\r\n\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: none\r\n\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 1e11\r\n\r\nContent-Length: 2\r\n\r\n",
        b'"}}Content-Length: 2\r\n\r\n',
    ],
)
def test_a_header_is_read_as_clients_write_it(head: bytes) -> None:
    assert Frames().feed(head + b"{}" + frame(b"[]")) == [b"{}", b"[]"]


def test_a_wrong_length_spoils_its_message_and_the_next_at_most() -> None:
    short, long = b'Content-Length: 3\r\n\r\n{"a":1}', b'Content-Length: 9\r\n\r\n{"a":1}'
    assert Frames().feed(short + frame(b"{}") + frame(b"[]"))[-2:] == [b"{}", b"[]"]
    assert Frames().feed(long + frame(b"{}") + frame(b"[]"))[-1] == b"[]"


@pytest.mark.parametrize(
    "chunk", [b"Content-Length: 100000000000\r\n\r\n", b"Content-Length: %d\r\n\r\n" % (LONGEST + 1), b"x" * 70_000]
)
def test_what_passes_a_limit_ends_the_connection_at_once(chunk: bytes) -> None:
    with pytest.raises(Broken):
        Frames().feed(chunk)


@pytest.mark.parametrize("cut", [1, 40, 1 << 20])
def test_a_message_that_is_too_long_is_passed_over_and_the_next_is_heard(
    cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lsp.frames.BODY_LIMIT", 100)
    frames, sent = Frames(), frame(b"a") + frame(b"b" * 101) + frame(b"c" * 100)
    heard = [body for at in range(0, len(sent), cut) for body in frames.feed(sent[at : at + cut])]
    assert heard == [b"a", b"c" * 100]
    assert (frames.over, frames.rest) == (1, 0)


def test_a_header_may_come_up_to_its_limit() -> None:
    filler = b"X: " + b"y" * (HEADER_LIMIT - 30) + b"\r\n"
    assert Frames().feed(filler + b"Content-Length: 2\r\n\r\n{}") == [b"{}"]


# Messages


@pytest.mark.parametrize(
    ("body", "code", "id"),
    [
        (b"{bad}", messages.PARSE_ERROR, None),
        (b"", messages.PARSE_ERROR, None),
        (b"[" * 200_000, messages.PARSE_ERROR, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":' + b"[" * 200_000, messages.PARSE_ERROR, None),
        (b"[]", messages.INVALID_REQUEST, None),
        (b"3", messages.INVALID_REQUEST, None),
        (b'{"id":1,"method":"x"}', messages.INVALID_REQUEST, 1),
        (b'{"jsonrpc":"1.0","id":"a","method":"x"}', messages.INVALID_REQUEST, "a"),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', messages.INVALID_REQUEST, 1),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"x"}', messages.INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":null,"method":"x"}', messages.INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0"}', messages.INVALID_REQUEST, None),
    ],
)
def test_what_is_no_message_says_so_and_to_whom(body: bytes, code: int, id: object) -> None:
    with pytest.raises(Malformed) as caught:
        messages.read(body)
    assert (caught.value.code, caught.value.id) == (code, id)


@pytest.mark.parametrize("content", ["plain", "é😀", "\ud800", "a\udfffb", "\\ud800", '"jsonrpc"'])
def test_a_letter_is_read_whatever_stands_in_it(content: str) -> None:
    item = {"uri": "u", "languageId": "python", "version": 1, "text": content}
    body = json.dumps({"jsonrpc": "2.0", "method": "x", "params": {"textDocument": item, "jsonrpc": 1}}).encode()
    assert messages.params(messages.read(body).params, messages.DidOpen).text_document.text == content


@pytest.mark.parametrize("params", [b'{"textDocument":{"uri":1}}', b"[]", b"null", b"", b'{"textDocument":"\\ud800"}'])
def test_a_wrong_letter_is_refused_without_being_quoted(params: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        messages.params(messages.Raw(params), messages.DidClose)
    assert caught.value.code == messages.INVALID_PARAMS


def test_bytes_that_are_not_utf8_are_a_parse_error() -> None:
    with pytest.raises(Malformed) as caught:
        messages.params(messages.Raw(b'{"textDocument":{"uri":"\xff"}}'), messages.DidClose)
    assert caught.value.code == messages.PARSE_ERROR


def test_a_lone_surrogate_leaves_as_an_escape() -> None:
    assert json.loads(messages.write({"text": "a\ud800"}))["text"] == "a\ud800"


# The writer


class Pipe:
    """Both ends of a pipe, and whether the writer has given up."""

    def __init__(self) -> None:
        self.read, self.write = os.pipe()
        self.lost = threading.Event()
        self.writer = Writer(self.write, self.lost.set)

    def bodies(self, count: int) -> list[bytes]:
        frames, found = Frames(), []
        while len(found) < count:
            found += frames.feed(os.read(self.read, 1 << 16))
        return found


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    it = Pipe()
    yield it
    os.close(it.read)
    it.writer.drain(5)
    os.close(it.write)


def test_a_client_that_does_not_read_holds_nobody_up_and_gets_everything_in_order_later(pipe: Pipe) -> None:
    bodies = [b"%d" % number * 1000 for number in range(500)]
    for body in bodies:
        pipe.writer.write(body)
    assert pipe.writer.waiting > 1 << 18
    assert pipe.bodies(500) == bodies
    pipe.writer.drain(5)
    assert pipe.writer.waiting == 0


def test_a_client_that_never_reads_is_given_up_at_a_limit(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "TOO_MUCH", 1 << 20)
    for _ in range(3000):
        pipe.writer.write(b"x" * 1000)
    assert pipe.lost.is_set()
    assert pipe.writer.waiting < 1 << 21


def test_a_closed_pipe_is_noticed(pipe: Pipe) -> None:
    os.close(pipe.read)
    pipe.writer.write(b"x")
    assert pipe.lost.wait(5)
    pipe.read = os.open(os.devnull, os.O_RDONLY)


# The accounting


class Outbox:
    """In the writer's place: keeps what was sent."""

    waiting = 0

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def write(self, body: bytes) -> None:
        self.sent.append(json.loads(body))


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def line(outbox: Outbox) -> Wire:
    return Wire(outbox)  # type: ignore[arg-type]


def test_an_id_is_answered_once_whoever_answers(line: Wire, outbox: Outbox) -> None:
    assert line.admit(1)
    line.answer(1, "first")
    line.answer(1, "second")
    line.refuse(1, -1, "third")
    line.relay(b'{"jsonrpc":"2.0","id":1,"result":"fourth"}')
    assert [it["result"] for it in outbox.sent] == ["first"]


def test_an_id_may_be_used_again_when_it_was_answered_but_not_before(line: Wire, outbox: Outbox) -> None:
    assert line.admit("a")
    assert not line.admit("a")
    line.answer("a", 1)
    assert line.admit("a")
    line.answer("a", 2)
    assert [it.get("result", "refused") for it in outbox.sent] == ["refused", 1, 2]


def test_a_number_and_a_text_are_different_ids(line: Wire, outbox: Outbox) -> None:
    assert line.admit(1)
    assert line.admit("1")
    line.answer("1", "text")
    line.answer(1, "number")
    assert [(it["id"], it["result"]) for it in outbox.sent] == [("1", "text"), (1, "number")]


def test_cancelling_answers_and_stops_the_work(line: Wire, outbox: Outbox) -> None:
    class Work:
        stopped = False

        def cancel(self) -> None:
            self.stopped = True

    line.admit(1)
    work = line.pending[1] = Work()
    line.cancel(1)
    line.cancel(1)
    line.cancel(2)
    assert work.stopped
    assert [it["error"]["code"] for it in outbox.sent] == [messages.CANCELLED]


def test_what_others_say_is_relayed_if_it_answers_something_or_asks(line: Wire, outbox: Outbox) -> None:
    line.admit(1)
    for body in (b'"id":1,"result":0', b'"id":"q","method":"m"', b'"method":"n"'):
        line.relay(b'{"jsonrpc":"2.0",' + body + b"}")
    assert len(outbox.sent) == 3


def test_a_client_that_has_stopped_reading_is_spared_notices_but_not_answers(line: Wire, outbox: Outbox) -> None:
    outbox.waiting = wire.PLENTY
    line.notify("n", {})
    line.admit(1)
    line.answer(1, None)
    assert [it["id"] for it in outbox.sent] == [1]


def test_the_clients_reply_reaches_whoever_asked(line: Wire, outbox: Outbox) -> None:
    heard: list[bytes | None] = []
    line.ask("m", {}, heard.append)
    id = outbox.sent[0]["id"]
    assert line.replied(id, None)
    assert not line.replied(id, b"null")
    assert not line.replied(7, b"null")
    assert heard == [None]


# The parent


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    child = subprocess.Popen(["sleep", "60"])
    birth = parent.born(child.pid)
    assert birth
    assert birth != parent.born(os.getpid())
    assert birth == parent.born(child.pid)
    child.kill()
    child.wait()
    assert parent.born(child.pid) == ""
