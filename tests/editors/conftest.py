"""One Neovim for the tests that leave it whole; VS Code and Emacs only where they have been set up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.cues import scripted
from tests.editors.nvim import Neovim, neovim

collect_ignore = [] if os.environ.get("SWITCHYARD_EDITORS") else ["vscode", "test_emacs.py"]


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neovim]:
    """One Neovim and one server for all tests that leave both whole."""
    home = tmp_path_factory.mktemp("neovim")
    with neovim(home, {"cmd": scripted(home)}) as editor:
        yield editor


@pytest.fixture
def editor(started: Neovim, tmp_path: Path) -> Iterator[Neovim]:
    """The shared Neovim with a fresh file in it, as it was before any other test."""
    started.open(tmp_path / "shop.py", "price = 2\n")
    started.command("messages clear")
    started.wait_until_ready()
    started.wait_until_settled()
    started.lua("_G.traffic, _G.kinds, _G.answers = {}, {}, {}")
    yield started
    started.type("<Esc><Esc>")
    started.wait_until_settled()
    assert started.messages() == ""
    started.command("silent! %bwipeout! | silent! iunmap <Tab>")


@pytest.fixture
def answers(editor: Neovim) -> Iterator[Neovim]:
    """A Neovim whose server's answers a test may `pretend`."""
    yield editor
    editor.lua("require('switchyard.server').request = _G.real_request")
