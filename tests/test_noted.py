"""What a request's note becomes in a prompt: a pasted traceback leads to code, and shows nothing that is kept back."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path

import pytest

from router.config import Config
from router.engine import Router
from router.runtimes.scripted import Cue, Scripted
from router.types import Document, Request, Span

PRICES = '''def share(total, people):
    """What each of them pays."""
    return total / len(people)
'''
MAIN = "from prices import share\n\nprint(share(3, []))\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with a program that fails."""
    folder = tmp_path.resolve()
    (folder / "prices.py").write_text(PRICES)
    (folder / "main.py").write_text(MAIN)
    return folder


def trace(folder: object) -> str:
    return f"""I get this:
Traceback (most recent call last):
  File "{folder}/main.py", line 3, in <module>
    print(share(3, []))
  File "{folder}/prices.py", line 3, in share
    return total / len(people)
ZeroDivisionError: division by zero
"""


def asked(shop: Path, note: str) -> str:
    """The prompt that explains main.py with this note."""

    async def ask() -> str:
        engine = Scripted((Cue(say=("It is so.",)),))
        router = Router(Config(), engines={"scripted": engine}, roots=[str(shop)])
        path = str(shop / "main.py")
        document = Document(path, "python", 1, MAIN, path)
        try:
            router.opened(document)
            await router.start()
            await router.workspace.start()
            await router.workspace.settled()
            async for _ in router.ask(Request("explain", document, Span(26, 26), note=note)):
                pass
        finally:
            await router.aclose()
        return engine.heard[-1].prompt

    return run(ask())


def run(story: Coroutine[None, None, str]) -> str:
    return asyncio.run(asyncio.wait_for(story, 60))


@pytest.mark.parametrize("there", [True, False], ids=["here", "elsewhere"])
def test_a_traceback_in_a_note_brings_the_code_of_its_frames(shop: Path, there: bool) -> None:
    prompt = asked(shop, trace(shop if there else "/app"))
    assert f"prices.py:\n{PRICES}".rstrip() in prompt
    assert "I get this:" in prompt


@pytest.mark.parametrize("folder", ["", "/app", "app", "."], ids=["here", "elsewhere", "relative", "at hand"])
@pytest.mark.parametrize("ignore", [".aiignore", ".gitignore"])
def test_of_an_excluded_file_a_note_shows_nothing(shop: Path, folder: str, ignore: str) -> None:
    (shop / ignore).write_text("prices.py\n")
    prompt = asked(shop, trace(folder or shop))
    assert "I get this:" in prompt
    assert "ZeroDivisionError: division by zero" in prompt
    for line in PRICES.splitlines():
        assert line.strip() not in prompt


def test_a_note_in_ones_own_words_is_as_it_was(shop: Path) -> None:
    assert "Why does main.py:3 fail for none?" in asked(shop, "Why does main.py:3 fail for none?")
