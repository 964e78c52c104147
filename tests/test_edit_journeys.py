"""Fix, document and refactor from a request to an edit: what the model is asked, and what is done about its answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from router.config import Config, Fix, Models
from router.editing.kinds import instruction
from router.editing.style import applied
from router.engine import Router
from router.runtimes.scripted import Cue, Script, Scripted
from router.types import Answer, Delta, Diagnostic, Document, Edit, Refusal, Request, Span
from tests import golden
from tests.fixture import document
from tests.test_engine import run

SHOP = '''"""A shop."""

import os


def price(item):
    """What an item costs."""
    return item.price


def total(items):
    sum = 0
    for item in items:
        sum += prise(item)
    return sum


def count(items):
    """How many there are.

    Without those that are free.
    """
    return len([item for item in items if price(item)])
'''
TILL = "from shop import total, price as cost\n\n\ndef pay(items):\n    return total(items) - cost(items[0])\n"
ELSE = "def total(price):\n    return price\n"


CONFIG = Config(models=Models(document="script", fix="script", refactor="script"))


class Yard:
    """A router over a folder of files and a model that says one thing."""

    def __init__(self, root: Path, *say: str, **files: str) -> None:
        self.root = root.resolve()
        for name, text in files.items():
            (self.root / f"{name}.py").write_text(text)
        self.engine = Scripted(Script((Cue(say=say),)))
        self.router = Router(CONFIG, engines={"scripted": self.engine}, roots=[str(self.root)])

    def document(self, name: str = "shop") -> Document:
        path = self.root / f"{name}.py"
        return Document(str(path), "python", 1, path.read_text(), str(path))

    def answer(self, task: str, at: str, note: str = "", **more: Any) -> Answer:
        """The answer for the cursor before these words."""
        file = self.document()
        start = file.text.index(at)
        return self.asked(Request(task, file, Span(start, start), True, note=note, **more))

    def asked(self, request: Request) -> Answer:
        async def story() -> list[Answer | Delta]:
            await self.router.start()
            if len(list(self.root.iterdir())) > 1:
                await self.router.workspace.start()
                await self.router.workspace.settled()
            self.router.opened(request.document)
            try:
                return [item async for item in self.router.ask(request)]
            finally:
                await self.router.aclose()

        *before, last = run(story())
        assert all(isinstance(it, Delta) for it in before)
        assert not isinstance(last, Delta)
        return last

    @property
    def prompt(self) -> str:
        call = self.engine.heard[-1]  # those before it are beginnings of it
        return f"{call.system}\n---\n{call.prompt}"


def texts(edit: Answer) -> dict[str, str]:
    """What each file becomes."""
    assert isinstance(edit, Edit), edit
    return {Path(it.document.path).name: applied(it.document.text, it.changes) for it in edit.files}


FIXED = (
    "```python\ndef total(items):\n    sum = 0\n    for item in items:\n        sum += price(item)\n    return sum\n```"
)


def misspelt(text: str) -> tuple[Diagnostic, ...]:
    start = text.index("prise")
    return (Diagnostic(Span(start, start + 5), "Undefined name `prise`", "error", "ruff", "F821"),)


def test_a_diagnostic_is_fixed_and_the_compiler_is_asked(tmp_path: Path) -> None:
    it = Yard(tmp_path, FIXED, shop=SHOP)
    found = it.answer("fix", "prise", diagnostics=misspelt(SHOP))
    assert texts(found) == {"shop.py": SHOP.replace("prise", "price")}
    assert isinstance(found, Edit)
    assert (found.title, found.notes) == ("Fix total", ("Python compiles it.",))


def test_a_mark_at_the_start_of_a_file_is_no_fault(tmp_path: Path) -> None:
    it = Yard(tmp_path, FIXED, shop="\ufeff" + SHOP)
    found = it.answer("fix", "sum += prise", diagnostics=())
    assert isinstance(found, Edit)
    assert found.notes == ("Python compiles it.",)
    assert texts(found)["shop.py"].startswith("\ufeff")


def test_what_the_compiler_rejects_is_refused_though_it_parses(tmp_path: Path) -> None:
    it = Yard(tmp_path, FIXED.replace("    return sum", "    return sum\n\n\nreturn 1"), shop=SHOP)
    found = it.answer("fix", "prise")
    assert isinstance(found, Refusal)
    assert "Python's compiler rejects" in found.reason


def test_a_file_that_parses_again_is_told(tmp_path: Path) -> None:
    it = Yard(tmp_path, FIXED, shop=SHOP.replace("(items):\n    sum", "(items:\n    sum"))
    found = it.answer("fix", "prise", diagnostics=misspelt(SHOP))
    assert isinstance(found, Edit)
    assert found.notes == ("The file parses again.", "Python compiles the file again.")


def test_a_definition_is_documented_as_its_neighbours_are(tmp_path: Path) -> None:
    it = Yard(tmp_path, '```\n"""The price of all items."""\n```', shop=SHOP)
    found = texts(it.answer("document", "sum = 0"))
    assert found["shop.py"] == SHOP.replace("    sum = 0", '    """The price of all items."""\n    sum = 0')


def test_a_selection_is_refactored_as_its_owner_says(tmp_path: Path) -> None:
    said = "<<<<<<< SEARCH\n        sum += prise(item)\n=======\n        sum += item.price\n>>>>>>> REPLACE\n"
    it = Yard(tmp_path, said, shop=SHOP)
    file = it.document()
    start = SHOP.index("    for item in items:\n        sum")
    span = Span(start, SHOP.index("    return sum"))
    found = it.asked(Request("refactor", file, span, True, note=instruction("extract", "Call it add.")))
    assert texts(found) == {"shop.py": SHOP.replace("prise(item)", "item.price")}


def test_a_name_changes_in_every_file_that_means_it(tmp_path: Path) -> None:
    it = Yard(tmp_path, "`overall`", shop=SHOP, till=TILL, other=ELSE)
    found = it.answer("refactor", "total(", note=instruction("rename"))
    assert texts(found) == {
        "shop.py": SHOP.replace("total", "overall"),
        "till.py": TILL.replace("total", "overall"),
    }
    assert isinstance(found, Edit)
    assert found.title == "Rename total to overall"
    assert found.notes[0] == "3 places in 2 files; what strings and comments say is left as it is."


def test_for_a_name_a_model_is_asked_for_nothing_else(tmp_path: Path) -> None:
    it = Yard(tmp_path, "overall", shop=SHOP)
    found = it.answer("refactor", "total(", note=instruction("rename"))
    assert texts(found) == {"shop.py": SHOP.replace("total", "overall")}
    golden.check("edits/rename.txt", it.prompt)


def test_a_name_that_is_passed_on_is_followed(tmp_path: Path) -> None:
    files = {"shop": SHOP, "hub": "from shop import total\n", "till": "from hub import total\n\ntotal([])\n"}
    it = Yard(tmp_path, "", **files)
    found = it.answer("refactor", "total(", note=instruction("rename", "overall"))
    assert texts(found) == {f"{name}.py": text.replace("total", "overall") for name, text in files.items()}
    assert not it.engine.heard, "the user said the name, so no model was asked"


def test_a_name_in_a_file_of_another_language_is_another_s(tmp_path: Path) -> None:
    (tmp_path / "m.c").write_text("int total(int x) { return x; }\n\nint main(void) { return total(1); }\n")
    (tmp_path / "m.rs").write_text("fn g() -> i32 { total(1) }\n")
    it = Yard(tmp_path, "overall", shop=SHOP, till=TILL)
    found = it.answer("refactor", "total(", note=instruction("rename"))
    assert sorted(texts(found)) == ["shop.py", "till.py"]
    file = Document(str(it.root / "m.c"), "c", 1, (it.root / "m.c").read_text())
    found = it.asked(Request("refactor", file, Span(4, 4), True, note=instruction("rename")))
    assert texts(found) == {"m.c": file.text.replace("total", "overall")}


def test_a_name_that_another_file_uses_for_something_else_is_refused(tmp_path: Path) -> None:
    it = Yard(tmp_path, "", shop=SHOP, till=TILL.replace("pay", "overall"))
    found = it.answer("refactor", "total(", note=instruction("rename", "overall"))
    assert isinstance(found, Refusal)
    assert "means something already" in found.reason


@pytest.mark.parametrize("name", [".git/hooks/x.py", ".vscode/x.py", ".github/x.py"])
def test_of_a_file_that_programs_obey_no_model_is_asked(tmp_path: Path, name: str) -> None:
    it = Yard(tmp_path, FIXED)
    path = it.root / name
    file = document(SHOP, str(path))
    found = it.asked(Request("fix", file, Span(0, 0), True))
    assert isinstance(found, Refusal)
    assert "obey" in found.reason
    assert not it.engine.heard


def test_a_file_outside_the_workspace_is_not_changed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    it = Yard(tmp_path / "in", FIXED)
    (tmp_path / "in" / "link.py").symlink_to(tmp_path / "out.py")
    for path, real in ((tmp_path / "out.py", ""), (tmp_path / "in" / "link.py", str(tmp_path / "out.py"))):
        found = it.asked(Request("fix", Document(str(path), "python", 1, SHOP, real or str(path)), Span(0, 0), True))
        assert isinstance(found, Refusal)
        assert "outside the workspace" in found.reason


def test_who_uses_a_function_whose_header_is_another_now_is_told(tmp_path: Path) -> None:
    said = FIXED.replace("total(items)", "total(items, start)").replace("sum = 0", "sum = start")
    it = Yard(tmp_path, said, shop=SHOP, till=TILL)
    found = it.answer("refactor", "sum = 0", note="take the start as an argument")
    assert isinstance(found, Edit)
    assert found.notes[0] == "total: the header is another now, and 1 other file uses the name."


@pytest.mark.parametrize(
    ("wanted", "note"),
    [
        ("+= price(item)", "is content with the file now."),
        ("sum = 0", "is content with the file."),
        ("no such text", "still objects"),
    ],
)
def test_the_user_s_own_command_judges_a_copy(tmp_path: Path, wanted: str, note: str) -> None:
    program = f"import sys, pathlib; sys.exit({wanted!r} not in pathlib.Path(sys.argv[1]).read_text())"
    check = (sys.executable, "-c", program, "{file}")
    it = Yard(tmp_path, FIXED, shop=SHOP)
    it.router.config = replace(CONFIG, fix=Fix(check=check))
    found = it.answer("fix", "prise")
    assert isinstance(found, Edit)
    assert note in found.notes[-1]
    assert it.document().text == SHOP


def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    it = Yard(tmp_path, FIXED, shop=SHOP)
    it.router.config = replace(CONFIG, fix=Fix(check=("no-such-program-here",)))
    found = it.answer("fix", "prise")
    assert isinstance(found, Edit)
    assert found.notes[-1] == "no-such-program-here, which is to check fixes, is not there."


def test_a_model_whose_answer_cannot_be_used_is_told_why_and_asked_once_more(tmp_path: Path) -> None:
    it = Yard(tmp_path, shop=SHOP)
    again = "Your last answer could not be used: The model left out lines"
    broken = "```\ndef total(items):\n    # ... the rest\n    return sum\n```"
    it.engine.script = Script((Cue(holds=again, say=(FIXED,)), Cue(say=(broken,))))
    assert texts(it.answer("fix", "prise")) == {"shop.py": SHOP.replace("prise", "price")}
    assert [turn.outcome for turn in it.router.ledger.turns] == ["shown", "shown"]


def test_it_is_not_asked_a_third_time(tmp_path: Path) -> None:
    it = Yard(tmp_path, "No.", shop=SHOP)
    found = it.answer("fix", "prise")
    assert isinstance(found, Refusal)
    assert len(it.router.ledger.turns) == 2


def test_where_there_is_nothing_to_document_no_model_is_asked(tmp_path: Path) -> None:
    it = Yard(tmp_path, "Words.", shop=SHOP)
    found = it.answer("document", "import os")
    assert isinstance(found, Refusal)
    assert not it.engine.heard
