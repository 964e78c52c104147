"""The process that parses what nobody has open: it crashes, stalls and starves on cue, and nobody else notices."""

from __future__ import annotations

import asyncio
import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from router.context.parsing import crossing
from router.context.parsing.parser import Parser
from router.context.parsing.parser_process import COMMAND
from router.context.tagging.language import language_of
from router.context.tagging.tags import Tags, tags
from router.types import LARGEST
from tests.test_tags import FILES

GOOD = "def sort(wagons):\n    return wagons\n"
TOLD = tags("python", GOOD)
CUES = """
import os, signal, sys, time
from router.context.parsing import crossing, parser_child

def tags(language, text, real=parser_child.tags):
    if "CRASH" in text:
        os.kill(os.getpid(), signal.SIGSEGV)
    if "STALL" in text:
        time.sleep(1000)
    if "COMPUTE" in text:
        while True:
            pass
    if "STARVE" in text:
        bytearray(1 << 40)
    if "BABBLE" in text:
        os.write(1, b"a library says something")
    if "LIE" in text:
        crossing.told = lambda tags: crossing.frame(b"\\x94\\x90\\xa1a\\xc4\\x03abc\\x90")
    return real(language, text)

with open(sys.argv[2], "a") as births:
    print(os.getpid(), file=births)
parser_child.tags = tags
parser_child.main()
"""
Body = Callable[[Parser], Coroutine[Any, Any, None]]


class Child:
    """A child that acts on cue, and a note of every one that was started."""

    def __init__(self, folder: Path) -> None:
        self.births = folder / "births"
        self.births.touch()
        script = folder / "child_on_cue.py"
        script.write_text(CUES)
        self.command = (sys.executable, "-I", str(script), "1", str(self.births))

    @property
    def born(self) -> list[int]:
        return [int(line) for line in self.births.read_text().split()]


@pytest.fixture
def child(tmp_path: Path) -> Child:
    return Child(tmp_path)


def run(body: Body, parser: Callable[[], Parser] = Parser) -> None:
    async def whole() -> None:
        made = parser()
        try:
            await asyncio.wait_for(body(made), 100)
        finally:
            await made.aclose()

    asyncio.run(whole())


def test_a_child_tells_what_the_parser_tells() -> None:
    async def body(parser: Parser) -> None:
        texts = {path: path.read_text("utf-8") for path in FILES}
        found = await asyncio.gather(
            *(parser.tags(str(path), language_of(path.name), text) for path, text in texts.items())
        )
        assert dict(zip(FILES, found, strict=True)) == {
            path: tags(language_of(path.name), text) for path, text in texts.items()
        }

    run(body)


@pytest.mark.parametrize("cue", ["CRASH", "STALL", "COMPUTE", "STARVE"])
def test_a_file_that_ends_its_child_is_not_told_of_and_all_others_are(cue: str, child: Child) -> None:
    async def body(parser: Parser) -> None:
        texts = [GOOD, GOOD + "# 1", cue, GOOD + "# 2", GOOD]
        found = await asyncio.gather(*(parser.tags("a.py", "python", text) for text in texts))
        assert [it and it.definitions for it in found] == [TOLD.definitions] * 2 + [None] + [TOLD.definitions] * 2
        assert len(child.born) == 2
        assert await parser.tags("b.py", "python", cue) is None
        assert await parser.tags("a.py", "python", GOOD) == TOLD
        assert len(child.born) == 2, "what ended a child once is not given to another"

    run(body, lambda: Parser(child.command, deadline=3 if cue == "STALL" else 1000))


def test_a_grammar_that_failed_on_three_files_is_given_no_more(child: Child) -> None:
    async def body(parser: Parser) -> None:
        found = await asyncio.gather(*(parser.tags("a.py", "python", f"{GOOD}CRASH{at}") for at in range(5)))
        assert found == [None] * 5
        assert await parser.tags("a.py", "python", GOOD) is None
        assert await parser.tags("a.lua", "lua", "x = 1") == tags("lua", "x = 1")
        assert len(child.born) == 4

    run(body, lambda: Parser(child.command))


def test_the_loop_goes_on_while_a_file_stalls(child: Child) -> None:
    async def body(parser: Parser) -> None:
        assert await parser.tags("a.py", "python", GOOD) == TOLD
        stalled = asyncio.ensure_future(parser.tags("a.py", "python", "STALL"))
        turned = asyncio.Event()

        async def turn() -> None:
            for _ in range(1000):
                await asyncio.sleep(0)
            turned.set()

        await asyncio.gather(turn(), turned.wait())
        assert not stalled.done()
        stalled.cancel()

    run(body, lambda: Parser(child.command, deadline=1000))


def test_what_a_library_says_does_not_reach_us(child: Child) -> None:
    async def body(parser: Parser) -> None:
        assert await parser.tags("a.py", "python", f"{GOOD}# BABBLE") is not None
        assert len(child.born) == 1

    run(body, lambda: Parser(child.command))


def test_a_child_that_ended_while_it_had_nothing_to_do_blames_nobody(child: Child) -> None:
    async def body(parser: Parser) -> None:
        assert await parser.tags("a.py", "python", GOOD) == TOLD
        assert parser._lanes[0].process is not None
        os.kill(child.born[0], signal.SIGKILL)
        await parser._lanes[0].process._process.wait()
        assert await parser.tags("a.py", "python", GOOD) == TOLD
        assert len(child.born) == 2

    run(body, lambda: Parser(child.command))


def test_an_idle_child_ends_and_another_takes_its_place(child: Child) -> None:
    async def body(parser: Parser) -> None:
        assert await parser.tags("a.py", "python", GOOD) == TOLD
        assert parser._lanes[0].work is not None
        await parser._lanes[0].work
        assert parser._lanes[0].process is None
        assert await parser.tags("a.py", "python", GOOD) == TOLD
        assert len(child.born) == 2

    run(body, lambda: Parser(child.command, idle=0.01))


def test_what_comes_while_an_idle_child_ends_is_parsed_by_the_next(child: Child) -> None:
    async def body(parser: Parser) -> None:
        assert await parser.tags("a.py", "python", GOOD) == TOLD
        assert parser._lanes[0].process is not None
        ending, ended = asyncio.Event(), parser._lanes[0].process.end

        async def end() -> None:
            ending.set()
            await asyncio.sleep(0)
            await ended()

        parser._lanes[0].process.end = end
        await ending.wait()
        assert await parser.tags("a.py", "python", GOOD) == TOLD
        assert len(child.born) == 2

    run(body, lambda: Parser(child.command, idle=0.01))


def test_a_child_that_answers_nonsense_is_ended(child: Child) -> None:
    async def body(parser: Parser) -> None:
        assert await parser.tags("a.py", "python", "LIE") is None
        assert await parser.tags("a.py", "python", GOOD) == TOLD
        assert len(child.born) == 2

    run(body, lambda: Parser(child.command))


@pytest.mark.parametrize("command", [("/nonexistent/python",), (sys.executable, "-I", "-c", "")])
def test_where_no_child_can_be_started_nothing_is_told(command: tuple[str, ...]) -> None:
    async def body(parser: Parser) -> None:
        assert await asyncio.gather(*(parser.tags("a.py", "python", GOOD) for _ in range(3))) == [None] * 3
        assert await parser.tags("a.py", "python", GOOD) is None

    run(body, lambda: Parser(command))


@pytest.mark.parametrize("text", ["a = '\0'", "x" * 20_001, "a\n" * (LARGEST // 2 + 1)], ids=["NUL", "line", "size"])
def test_what_is_no_source_text_is_passed_over(text: str) -> None:
    async def body(parser: Parser) -> None:
        assert await parser.tags("a.py", "python", text) is None
        assert parser._lanes[0].process is None

    run(body)


def test_a_language_without_queries_needs_no_child() -> None:
    async def body(parser: Parser) -> None:
        assert await parser.tags("a.txt", "plaintext", "a\0") == Tags()
        assert await parser.tags("a.r", "r", "x <- 1") == Tags()
        assert parser._lanes[0].process is None

    run(body)


def noise(signs: str, length: int = 1_900_000) -> str:
    chosen = random.Random(1).choices(signs, k=length)
    return "\n".join("".join(chosen[at : at + 1000]) for at in range(0, length, 1000))


HOSTILE = {
    "noise in JavaScript": ("javascript", lambda: noise("".join(map(chr, range(1, 256))))),
    "noise in C++": ("cpp", lambda: noise("(){}<>[]*&:;,=a1'\" ")),
    "brackets": ("python", lambda: ("(" * 1000 + "\n") * 1900),
    "braces": ("css", lambda: ("{" * 1000 + "\n") * 1900),
    "deep lists": ("yaml", lambda: ("- " * 1000 + "\n") * 900),
    "functions in functions": ("javascript", lambda: "function a() {\n" * 120_000),
    "classes in classes": ("java", lambda: "class A {\n" * 150_000),
    "one list": ("json", lambda: "[\n" + "1,\n" * 600_000 + "1]"),
    "quotes in Markdown": ("markdown", lambda: ("> " * 500 + "\n") * 1800),
    "half a pair": ("python", lambda: "x = '\ud800'\n"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_does_no_harm(case: str) -> None:
    language, text = HOSTILE[case]

    async def body(parser: Parser) -> None:
        found = await asyncio.gather(parser.tags("a", language, text()), parser.tags("b.py", "python", GOOD))
        assert found[1] == TOLD

    run(body, lambda: Parser((*COMMAND[:-1], "0.5")))


def test_a_second_child_helps_when_much_waits(child: Child) -> None:
    async def body(parser: Parser) -> None:
        assert await parser.tags("a.py", "python", GOOD) == TOLD
        assert len(child.born) == 1
        texts = [GOOD * 3000 + f"# {at}" for at in range(12)]
        texts[1], texts[7] = "CRASH", "a = 1"
        found = await asyncio.gather(*(parser.tags("a.py", "python", text) for text in texts))
        assert [len(it.definitions) if it else None for it in found] == [3000, None, *[3000] * 5, 1, *[3000] * 4]
        assert len(child.born) == 3

    run(body, lambda: Parser(child.command, children=2))


def test_who_waits_when_it_closes_is_cancelled(child: Child) -> None:
    async def body(parser: Parser) -> None:
        waiting = [asyncio.ensure_future(parser.tags("a.py", "python", text)) for text in (GOOD, "STALL", GOOD)]
        assert await waiting.pop(0) == TOLD
        await parser.aclose()
        await asyncio.wait(waiting)
        assert all(task.cancelled() for task in waiting)
        with pytest.raises(ProcessLookupError):
            os.kill(child.born[0], 0)

    run(body, lambda: Parser(child.command))


def test_for_whom_nobody_waits_any_more_nothing_is_parsed(child: Child) -> None:
    async def body(parser: Parser) -> None:
        given_up = asyncio.ensure_future(parser.tags("a.py", "python", "CRASH"))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await parser.tags("a.py", "python", GOOD) == TOLD
        assert len(child.born) == 1

    run(body, lambda: Parser(child.command))


PARENT = """
import asyncio, sys
from router.context.parsing.parser import Parser

async def main():
    parser = Parser(sys.argv[1:])
    waiting = [asyncio.ensure_future(parser.tags("a.py", "python", text)) for text in ("x = 1", "STALL")]
    await waiting[0]
    print("there", flush=True)
    await waiting[1]

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it ends when it next reads")
def test_a_child_ends_with_its_parent_even_in_the_middle_of_a_file(child: Child) -> None:
    program = [sys.executable, "-I", "-c", PARENT, *child.command]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"there\n"
        watch = os.pidfd_open(child.born[0])
        parent.kill()
        assert parent.wait() == -signal.SIGKILL
    try:
        assert select.select([watch], [], [], 60)[0], "the child outlived its parent"
    finally:
        os.close(watch)


def test_an_answer_comes_back_as_it_was() -> None:
    text = "import a\n" + "".join(f"def f{at}(größe): return größe['𝒳'](f{at})\n" for at in range(5000))
    before = tags("python", text)
    answer = crossing.heard(crossing.told(before)[crossing.HEAD :])
    pieces = list(crossing.references(answer))
    assert len(pieces) > 1
    assert Tags(answer.definitions, tuple(one for piece in pieces for one in piece), answer.imports) == before


def test_what_is_no_answer_is_refused() -> None:
    for content in (b"", b"\xff", b"\x90", crossing.order([("python", "x")])[crossing.HEAD :]):
        with pytest.raises(ValueError, match=r"\w"):
            crossing.heard(content)
