"""One VS Code for all its tests, and a workspace that means ill."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.workbench import Code, served

# A workspace that is opened must not choose what runs, nor where its code goes.
HOSTILE = {
    "switchyard.program": ["/bin/false"],
    "switchyard.runtime.engine": "openai",
    "switchyard.runtime.openai.host": "http://example.org",
}


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Code]:
    """One served VS Code; in the end no window has wanted to reach another host."""
    with served(tmp_path_factory.mktemp("code")) as one:
        yield one
        assert one.strays == set()


@pytest.fixture(autouse=True)
def empty_ledger(code: Code) -> None:
    shutil.rmtree(code.home / "state", ignore_errors=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The one file of a workspace whose settings try what they may not."""
    (tmp_path / "shop" / ".vscode").mkdir(parents=True)
    (tmp_path / "shop" / ".vscode" / "settings.json").write_text(json.dumps(HOSTILE))
    file = tmp_path / "shop" / "shop.py"
    file.write_text("price = 2\n")
    return file
