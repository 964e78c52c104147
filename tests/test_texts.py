"""Texts of files that nobody has open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from router.workspace.texts import Texts

KEY = "ghp_" + "7Yard" * 8


def everything(_path: str) -> bool:
    return True


def brought(texts: Texts, root: Path, *names: str, allowed: Callable[[str], bool] = everything) -> list[str | None]:
    """What is there of these files once they were asked for."""
    paths = [str(root / name) for name in names]
    asyncio.run(texts.bring(paths, [str(root)], allowed))
    return [texts.get(path) for path in paths]


def test_a_text_is_the_same_object_while_the_file_is_unchanged_and_another_when_it_is_not(tmp_path: Path) -> None:
    texts, file = Texts(everything), tmp_path / "a.py"
    file.write_text("a = 1\n")
    (first,), (second,) = brought(texts, tmp_path, "a.py"), brought(texts, tmp_path, "a.py")
    assert first == "a = 1\n"
    assert first is second
    file.write_text("a = 12\n")
    assert brought(texts, tmp_path, "a.py") == ["a = 12\n"]
    file.unlink()
    assert brought(texts, tmp_path, "a.py") == [None]


def test_what_is_brought_is_clean(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(f"a = '{KEY}'\r\nb\u200b = 1\r\n".encode())
    assert brought(Texts(everything), tmp_path, "a.py") == [f"a = '{'*' * len(KEY)}'\nb = 1\n"]


def test_nothing_is_brought_from_outside_by_a_link_or_against_the_gate(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "outside.py").write_text("x\n")
    (root / "link.py").symlink_to(tmp_path / "outside.py")
    (root / "folder").symlink_to(tmp_path)
    (root / "no.py").write_text("x\n")
    texts = Texts(everything)
    names = ("link.py", "folder/outside.py", "../outside.py", "no.py", "gone.py")
    assert brought(texts, root, *names, allowed=lambda path: not path.endswith("no.py")) == [None] * 5


def test_what_may_not_be_shown_any_more_is_not_there(tmp_path: Path) -> None:
    shown = {str(tmp_path / "a.py")}
    texts = Texts(lambda path: path in shown)
    (tmp_path / "a.py").write_text("a = 1\n")
    assert brought(texts, tmp_path, "a.py") == ["a = 1\n"]
    shown.clear()
    assert texts.get(str(tmp_path / "a.py")) is None


def test_those_that_were_wanted_last_are_kept_and_no_more_than_there_is_room_for(tmp_path: Path) -> None:
    texts = Texts(everything, room=25)
    for name in "abc":
        (tmp_path / f"{name}.py").write_text("x" * 9 + "\n")
    brought(texts, tmp_path, "a.py", "b.py")
    brought(texts, tmp_path, "a.py")
    brought(texts, tmp_path, "c.py")
    assert [texts.get(str(tmp_path / f"{name}.py")) is not None for name in "abc"] == [True, False, True]
