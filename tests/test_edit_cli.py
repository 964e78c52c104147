"""fix, document and refactor in a shell: what is printed, what is written, and what is left alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp import cli
from lsp.shell import files, proposed, writing
from router import SwitchyardError
from router.types import Change, Document, Edit, FileEdit, Span

SHOP = """def total(items):
    sum = 0  # 😀
    for item in items:
        sum += prise(item)
    return sum
""".replace("\n", "\r\n")
SCRIPT = '''
[[cue]]
holds = "You mend one bug"
say = ["""
```python
def total(items):
    sum = 0  # 😀
    for item in items:
        sum += price(item)
    return sum
```
"""]

[[cue]]
holds = "You document"
say = ["What all of it costs."]

[[cue]]
holds = "You change"
say = ["No."]
'''
FIXED = SHOP.replace("prise", "price")
Run = Callable[..., int]


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file, which is the shell's."""
    (tmp_path / "ws" / ".git").mkdir(parents=True)
    (tmp_path / "ws" / "shop.py").write_bytes(SHOP.encode())
    (tmp_path / "script.toml").write_text(SCRIPT, "utf-8")
    monkeypatch.chdir(tmp_path / "ws")
    monkeypatch.setenv("SWITCHYARD_CONFIG", str(tmp_path / "none.toml"))
    return tmp_path / "ws"


@pytest.fixture
def run(yard: Path) -> Run:
    def run(*words: str) -> int:
        script = f"runtime.scripted.script={yard.parent / 'script.toml'}"
        models = ("models.fix=script", "models.document=script", "models.refactor=script")
        flags = [flag for one in ("runtime.engine=scripted", script, *models) for flag in ("--set", one)]
        return cli.run([*words, *flags])

    return run


def test_a_fix_is_shown_and_nothing_is_written(yard: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fix", "shop.py:4") == 0
    said = capsys.readouterr()
    assert said.out.startswith("--- a/shop.py\n+++ b/shop.py\n@@ -1,5 +1,5 @@\n def total(items):\n")
    assert "\n-        sum += prise(item)\n+        sum += price(item)\n" in said.out
    assert said.err.endswith("Fix total.\nPython compiles it.\n")
    assert (yard / "shop.py").read_bytes() == SHOP.encode()


def test_a_fix_is_written_where_that_is_asked_for(yard: Path, run: Run) -> None:
    os.chmod(yard / "shop.py", 0o750)
    assert run("fix", "shop.py:4", "--write") == 0
    assert (yard / "shop.py").read_bytes() == FIXED.encode()
    assert (yard / "shop.py").stat().st_mode & 0o777 == 0o750
    assert [it.name for it in yard.iterdir() if it.is_file()] == ["shop.py"]


def test_json_tells_each_change(yard: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("document", "shop.py:1", "--json", "--write") == 0
    said = json.loads(capsys.readouterr().out)
    change = {"start": {"line": 2, "column": 1}, "end": {"line": 2, "column": 1}}
    text = '    """What all of it costs."""\r\n'
    assert said["files"] == [{"path": str(yard / "shop.py"), "changes": [{**change, "text": text}]}]
    assert (said["title"], said["written"]) == ("Document total", True)
    assert (yard / "shop.py").read_bytes().decode() == SHOP.replace("):\r\n", f"):\r\n{text}")


def test_what_is_refused_is_said_on_stderr(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("refactor", "shop.py:1-5", "use a dataclass") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "switchyard: The model's answer holds no code; ask again.\n"


def test_a_name_that_is_said_needs_no_model(yard: Path, run: Run) -> None:
    (yard / "till.py").write_text("from shop import total\n\ntotal([])\n")
    assert run("refactor", "shop.py:1", "overall", "--kind", "rename", "--write") == 0
    assert (yard / "shop.py").read_bytes() == SHOP.replace("total", "overall").encode()
    assert (yard / "till.py").read_text() == "from shop import overall\n\noverall([])\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("refactor", "shop.py:1"), 1),
        (("refactor", "shop.py:5-1", "x"), 2),
        (("refactor", "shop.py", "x"), 2),
        (("refactor", "shop.py:1", "--kind", "paint"), 2),
        (("fix", "shop.py:99"), 1),
        (("document", "none.py:1"), 1),
    ],
)
def test_a_wrong_command_line_is_told(run: Run, words: tuple[str, ...], code: int) -> None:
    try:
        assert run(*words) == code
    except SystemExit as ended:
        assert ended.code == code  # noqa: PT017


def test_places_are_read_as_editors_print_them(yard: Path) -> None:
    file = files.read("shop.py")
    assert proposed.span(file, "shop.py", 2, 3) == Span(SHOP.index("sum"), SHOP.index("items:") + 6)
    assert proposed.at(file, "shop.py", 4, 0) == Span(SHOP.index("sum +="), SHOP.index("sum +="))
    assert proposed.at(file, "shop.py", 1, 5) == Span(4, 4)


# Writing


def edit(path: Path, text: str, *others: FileEdit) -> Edit:
    return Edit("", (FileEdit(Document(str(path), "python", 1, text), (Change(0, 1, "b"),)), *others))


@pytest.mark.parametrize("now", [b"b\n", b"a", b"\xff", None])
def test_a_file_that_has_changed_meanwhile_is_left_alone_and_so_are_the_others(yard: Path, now: bytes | None) -> None:
    path = yard / "a.py"
    if now is not None:
        path.write_bytes(now)
    before = sorted(yard.iterdir())
    other = FileEdit(Document(str(path), "python", 1, "a\n"), (Change(0, 1, "b"),))
    with pytest.raises(SwitchyardError, match="has changed meanwhile"):
        writing.write(edit(yard / "shop.py", SHOP, other))
    assert (yard / "shop.py").read_bytes() == SHOP.encode()
    assert sorted(yard.iterdir()) == before


def test_a_link_stays_one(yard: Path) -> None:
    (yard / "real.py").write_text("a\n")
    (yard / "link.py").symlink_to("real.py")
    writing.write(edit(yard / "link.py", "a\n"))
    assert (yard / "link.py").is_symlink()
    assert (yard / "real.py").read_text() == "b\n"


def test_a_mark_of_byte_order_stays(yard: Path) -> None:
    (yard / "a.py").write_bytes("\ufeffa\r\n".encode())
    writing.write(edit(yard / "a.py", "a\r\n"))
    assert (yard / "a.py").read_bytes() == "\ufeffb\r\n".encode()


def test_what_utf_8_cannot_hold_is_not_written(yard: Path) -> None:
    (yard / "a.py").write_text("a\n")
    broken = Edit("", (FileEdit(Document(str(yard / "a.py"), "python", 1, "a\n"), (Change(0, 1, "\ud800"),)),))
    with pytest.raises(SwitchyardError, match="can't be written"):
        writing.write(broken)
    assert (yard / "a.py").read_text() == "a\n"
    assert len(list(yard.iterdir())) == 3
