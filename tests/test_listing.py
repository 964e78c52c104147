"""What a workspace's listing holds, and what it passes over and never touches."""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from router.context.indexing import git, reading
from router.context.indexing.listing import LARGEST, Listing, listed, looked, relisted
from tests.trees import always, commit, repository, write
from tests.trees import git as run_git

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")


def names(root: Path, allowed: Callable[[str], bool] = always) -> list[str]:
    return shown(root, listed(str(root), allowed))


def shown(root: Path, listing: Listing) -> list[str]:
    return sorted(os.path.relpath(path, root) for path in listing.files)


def test_what_git_keeps_or_would_keep_is_listed(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "", "b/c.go": "", ".gitignore": "out/\n*.log.py\n"})
    write(tmp_path, {"new.py": "", "out/d.py": "", "e.log.py": ""})
    assert names(tmp_path) == ["a.py", "b/c.go", "new.py"]


def test_what_git_keeps_is_listed_though_it_is_ignored(tmp_path: Path) -> None:
    repository(tmp_path, {"kept.py": ""})
    write(tmp_path, {".gitignore": "kept.py\n"})
    assert names(tmp_path) == ["kept.py"]


def test_a_deleted_file_is_not_listed_though_git_has_it(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "", "b.py": ""})
    (tmp_path / "a.py").unlink()
    assert names(tmp_path) == ["b.py"]


def test_a_folder_of_a_repository_is_listed_by_itself(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "", "b/c.py": "", ".gitignore": "/b/d.py\n"})
    write(tmp_path, {"b/d.py": ""})
    assert names(tmp_path / "b") == ["c.py"]


def test_a_folder_that_git_ignores_as_a_whole_is_walked(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "", ".gitignore": "out/\n"})
    write(tmp_path, {"out/b.py": ""})
    assert names(tmp_path / "out") == ["b.py"]


def test_submodules_and_repositories_within_are_listed_by_their_own_rules(tmp_path: Path) -> None:
    part = repository(tmp_path / "part", {"p.py": "", ".gitignore": "no.py\n"})
    whole = repository(tmp_path / "whole", {"w.py": ""})
    run_git(whole, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(part), "sub")
    commit(whole)
    repository(whole / "nested", {"n.py": ""})
    write(whole, {"sub/no.py": "", "nested/new.py": ""})
    found = listed(str(whole), always)
    assert shown(whole, found) == ["nested/n.py", "nested/new.py", "sub/p.py", "w.py"]
    assert len(found.repositories) == 3


def test_a_second_work_tree_is_listed(tmp_path: Path) -> None:
    first = repository(tmp_path / "first", {"a.py": ""})
    run_git(first, "worktree", "add", "-q", str(tmp_path / "second"))
    write(tmp_path / "second", {"b.py": ""})
    assert names(tmp_path / "second") == ["a.py", "b.py"]
    kept = git.kept_in(str(tmp_path / "second"))
    assert kept is not None
    assert Path(kept, "HEAD").is_file()


def test_a_repository_in_the_middle_of_a_rebase_is_listed_once(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "x = 1\n"})
    run_git(tmp_path, "checkout", "-q", "-b", "other")
    write(tmp_path, {"a.py": "x = 2\n"})
    commit(tmp_path)
    run_git(tmp_path, "checkout", "-q", "main")
    write(tmp_path, {"a.py": "x = 3\n"})
    commit(tmp_path)
    run_git(tmp_path, "rebase", "other", fails=True)
    assert run_git(tmp_path, "ls-files", "--unmerged")
    assert names(tmp_path) == ["a.py"]


def test_a_folder_without_git_is_walked(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "b/c.rs": "", "node_modules/d.js": "", ".cache/e.py": "", "env/pyvenv.cfg": ""})
    write(tmp_path, {"env/lib/f.py": ""})
    found = listed(str(tmp_path), always)
    assert shown(tmp_path, found) == ["a.py", "b/c.rs"]
    assert found.repositories == ()


def test_a_folder_is_walked_where_there_is_no_git_to_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path, {"a.py": ""})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert names(tmp_path) == ["a.py"]


def test_a_git_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = write(tmp_path / "work", {"a.py": ""})
    program = tmp_path / "bin" / "git"
    write(tmp_path, {"bin/git": "#!/bin/sh\nexec sleep 100\n"})
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(OSError, match="git"):
        list(git.listed(str(work), patience=0.2))


def test_a_git_in_the_workspace_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository(tmp_path, {"a.py": "", "bin/git": "#!/bin/sh\ntouch ran\n"})
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}.{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path / "bin")
    assert names(tmp_path) == ["a.py"]
    assert not list(tmp_path.rglob("ran"))


@POSIX
def test_nothing_that_a_workspace_configures_is_executed(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": ""})
    trap = tmp_path / "trap"
    write(tmp_path, {"trap": f"#!/bin/sh\ntouch '{tmp_path}/sprung'\n"})
    trap.chmod(0o755)
    (tmp_path / ".git/hooks").mkdir(exist_ok=True)
    for hook in ("post-index-change", "fsmonitor-watchman", "query-watchman", "post-checkout"):
        (tmp_path / ".git/hooks" / hook).symlink_to(trap)
    for key in ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "filter.x.clean", "alias.ls-files"):
        run_git(tmp_path, "config", key, str(trap))
    write(tmp_path, {".gitattributes": "* filter=x\n", "b.py": ""})
    assert names(tmp_path) == ["a.py", "b.py"]
    assert not (tmp_path / "sprung").exists()


def test_git_writes_nothing(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": ""})
    index = tmp_path / ".git/index"
    write(tmp_path, {"a.py": "x"})
    before = index.stat().st_mtime_ns, sorted(os.listdir(tmp_path / ".git"))
    assert names(tmp_path) == ["a.py"]
    assert (index.stat().st_mtime_ns, sorted(os.listdir(tmp_path / ".git"))) == before


def test_what_git_left_in_the_environment_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = repository(tmp_path / "other", {"o.py": ""})
    mine = repository(tmp_path / "mine", {"m.py": ""})
    write(mine, {".gitignore": "m.py\n", "n.py": ""})  # git keeps m.py all the same; another repository would not
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    assert names(mine) == ["m.py", "n.py"]


@POSIX
@pytest.mark.parametrize("kept", [True, False], ids=["git", "walk"])
def test_links_are_not_followed(tmp_path: Path, kept: bool) -> None:
    write(tmp_path / "outside", {"secret.py": ""})
    work = (repository if kept else write)(tmp_path / "work", {"a.py": "", "b/c.py": ""})
    (work / "b/loop").symlink_to(work)
    (work / "out").symlink_to(tmp_path / "outside")
    (work / "link.py").symlink_to(tmp_path / "outside/secret.py")
    (work / "dangling.py").symlink_to("nowhere")
    found = listed(str(work), always)
    assert shown(work, found) == ["a.py", "b/c.py"]
    assert found.passed["a link"] == 2


@POSIX
@pytest.mark.parametrize("kept", [True, False], ids=["git", "walk"])
def test_pipes_and_sockets_are_never_opened(tmp_path: Path, kept: bool) -> None:
    work = (repository if kept else write)(tmp_path / "w", {"a.py": ""})
    os.mkfifo(work / "pipe.py")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(work / "socket.py"))
        found = listed(str(work), always)
    assert shown(work, found) == ["a.py"]
    assert reading.source(str(work / "pipe.py"), os.path.realpath(work)) is None  # were it opened, this would hang


@POSIX
def test_an_ignore_file_that_is_a_pipe_does_not_hold_us_up(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": ""})
    os.mkfifo(tmp_path / ".gitignore")
    assert shown(tmp_path, listed(str(tmp_path), always, patience=0.5)) in ([], ["a.py"])


@POSIX
def test_what_may_not_be_read_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x", "b/c.py": "", "d.py": "y"})
    (tmp_path / "b").chmod(0)
    (tmp_path / "d.py").chmod(0)
    try:
        found = listed(str(tmp_path), always)
        if os.geteuid():
            assert reading.source(str(tmp_path / "d.py"), os.path.realpath(tmp_path)) is None
            assert found.passed["a folder that can't be read"] == 1
        assert "a.py" in shown(tmp_path, found)
    finally:
        (tmp_path / "b").chmod(stat.S_IRWXU)


@pytest.mark.parametrize("name", ["имя.py", "名前.py", "שם.py", "e\u0301.py", "a b.py", "-x.py", ":(top)x.py", "*.py"])
def test_any_name_may_be_listed(tmp_path: Path, name: str) -> None:
    if sys.platform == "win32" and any(sign in name for sign in ":*"):
        pytest.skip("no name there")
    repository(tmp_path, {name: "", "other.py": ""})
    found = listed(str(tmp_path), always)
    assert len(found.files) == 2
    assert list(looked([str(tmp_path / name)], Listing({}, {}, found.repositories), always).files) == [
        str(tmp_path / name)
    ]


@POSIX
def test_a_name_with_a_line_end_is_listed_and_one_that_is_no_text_is_not(tmp_path: Path) -> None:
    repository(tmp_path, {"a\nb.py": ""})
    with open(os.fsencode(tmp_path) + b"/\xff.py", "wb"):
        pass
    found = listed(str(tmp_path), always)
    assert shown(tmp_path, found) == ["a\nb.py"]
    assert found.passed["its name is not text"] == 1


def test_what_is_excluded_too_large_unknown_or_made_by_a_program_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "b.py": "", "c.bin": "", "package-lock.json": "{}", "x.min.js": "", "api_pb2.py": ""})
    write(tmp_path, {"large.py": "#" * (LARGEST + 1)})
    found = listed(str(tmp_path), lambda path: not path.endswith("b.py"))
    assert shown(tmp_path, found) == ["a.py"]
    assert found.passed == {
        "excluded": 1,
        "not a language that is known": 1,
        "made by a program": 3,
        "larger than 2 MB": 1,
    }


def test_a_few_files_are_looked_at_as_all_would_be(tmp_path: Path) -> None:
    repository(tmp_path, {"a.py": "", "gone.py": "", ".gitignore": "no.py\n"})
    before = listed(str(tmp_path), always)
    (tmp_path / "gone.py").unlink()
    write(tmp_path, {"a.py": "x = 1", "new.py": "", "no.py": "", "sub/deep.py": ""})
    asked = [str(tmp_path / name) for name in ("a.py", "gone.py", "new.py", "no.py", "sub/deep.py", "never.py")]
    found = looked(asked, before, always)
    assert shown(tmp_path, found) == ["a.py", "new.py", "sub/deep.py"]
    assert found.files[asked[0]][1] == 5


def test_a_folder_that_is_no_more_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        listed(str(tmp_path / "none"), always)


def test_what_was_known_stays_known_where_a_listing_breaks_off(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "b.py": "", "c.py": ""})
    before = listed(str(tmp_path), always)
    (tmp_path / "b.py").unlink()
    found = relisted(str(tmp_path), lambda path: not path.endswith("c.py"), before, patience=-1)
    assert not found.whole
    assert shown(tmp_path, found) == ["a.py"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"x = 1\r\ny = 2\r", "x = 1\r\ny = 2\r"),
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n"),
        (b"x = '\xff'\n", "x = '\ufffd'\n"),
        (b"", ""),
    ],
    ids=["line ends", "byte order mark", "invalid UTF-8", "empty"],
)
def test_a_file_is_read_as_text(tmp_path: Path, content: bytes, text: str) -> None:
    (tmp_path / "a.py").write_bytes(content)
    found = reading.source(str(tmp_path / "a.py"), os.path.realpath(tmp_path))
    assert found is not None
    assert (found.text, found.why, found.stamp.size) == (text, "", len(content))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("x = 1\n".encode("utf-16"), "not text in UTF-8"),
        (b"\x7fELF\0\0", "not text in UTF-8"),
        (b"var a=1;" * 2000, "made by a program"),
        (b"// Code generated by protoc-gen-go. DO NOT EDIT.\npackage a\n", "made by a program"),
        (b"# @generated\n# automatically generated\n", "made by a program"),
    ],
    ids=["UTF-16", "binary", "minified", "Go's own mark", "another mark"],
)
def test_what_nobody_has_written_is_not_read(tmp_path: Path, content: bytes, why: str) -> None:
    (tmp_path / "a.go").write_bytes(content)
    found = reading.source(str(tmp_path / "a.go"), os.path.realpath(tmp_path))
    assert found is not None
    assert (found.text, found.why) == ("", why)


@POSIX
def test_a_folder_that_became_a_link_since_it_was_listed_is_not_read(tmp_path: Path) -> None:
    write(tmp_path / "outside", {"a.py": "secret"})
    (tmp_path / "work").mkdir()
    (tmp_path / "work/b").symlink_to(tmp_path / "outside")
    assert reading.source(str(tmp_path / "work/b/a.py"), os.path.realpath(tmp_path / "work")) is None


def test_a_file_that_is_gone_since_it_was_listed_is_no_source(tmp_path: Path) -> None:
    assert reading.source(str(tmp_path / "a.py"), os.path.realpath(tmp_path)) is None
