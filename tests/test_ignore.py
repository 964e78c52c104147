"""Ignore files, held against git itself."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.context.gating import ignore
from router.context.gating.ignored import UNREAD, Ignored
from router.context.gating.rulebook import excludes_file

Write = Callable[..., str]


@pytest.fixture(autouse=True)
def _nobodys_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings of whoever runs the tests decide nothing."""
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "nobodys"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def git(folder: Path, *arguments: str, said: str = "") -> str:
    return subprocess.run(["git", "-C", folder, *arguments], input=said.encode(), capture_output=True).stdout.decode()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "tree")
    return tmp_path / "tree"


@pytest.fixture
def write(tree: Path) -> Write:
    def written(path: str, text: str = "") -> str:
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return str(file)

    return written


def reason(root: Path | str, path: str) -> str:
    ignored = Ignored([str(root)])
    ignored.load(path)
    return ignored.reason(path)


# Against git

NAMES = st.sampled_from(["a", "b", "ab", "a.c", "b.c", "A", "B.c", "abc", "[a]", "a b", "x-y", "!a", "#a", "a\\b"])
SIGNS = [
    *"aabbc*?[]!-^\\/. #",
    "**",
    "**/",
    "/**",
    "[a-c]",
    "[!a]",
    "[]a]",
    "*.c",
    "/",
    "a/",
    "b/",
    "[[:alpha:]]",
    "\\*",
]
LINES = st.lists(st.sampled_from(SIGNS), min_size=1, max_size=6).map("".join)
SHEETS = st.lists(LINES, min_size=1, max_size=4).map("\n".join)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def ignored_by_git(tree: Path, files: Sequence[str], *flags: str) -> set[str]:
    arguments = (*flags, "check-ignore", "--no-index", "-z", "--stdin")
    return {path for path in git(tree, *arguments, said="".join(f"{file}\0" for file in files)).split("\0") if path}


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q")
    return folder


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(PATHS, min_size=3, max_size=12),
    st.dictionaries(st.sampled_from(["", "a", "b", "a/b"]), SHEETS, min_size=1),
    SHEETS | st.just(""),
)
def test_git_says_the_same_of_every_file(
    repository: Path, paths: list[str], sheets: dict[str, str], exclude: str
) -> None:
    for at in sorted(repository.rglob("*"), reverse=True):
        if ".git" not in at.relative_to(repository).parts:
            at.rmdir() if at.is_dir() else at.unlink()
    (repository / ".git/info/exclude").write_text(exclude)
    files = [path for path in paths if _made(repository / path)]
    for folder, text in sheets.items():
        if _made(repository / folder / ".gitignore"):
            (repository / folder / ".gitignore").write_text(text)
    ours = Ignored([str(repository)])
    asyncio.run(ours.loaded([f"{repository}/{file}" for file in files]))
    theirs = {case: ignored_by_git(repository, files, "-c", f"core.ignorecase={case}") for case in ("true", "false")}
    assert {file for file in files if ours.reason(f"{repository}/{file}")} == theirs["true"] | theirs["false"]


TRICKY = (
    "a/b**/c", "a/b**", "a**/c", "a/**b/c", "x/a[!b]c", "x/a[/]c", "x/a?c", "x/*/c", "**/c", "**\\/c", "a/**/c",
    "a/**", "/**", "a/*/**/c", "/*", "*/c", "a//c", "/", "//", "a/", "a//", "!", "a\\", "a[", "[a-]", "[-a]", "[]a]",
    "[!]a]", "[^a]", "[z-a]", "[[:x:]]", "[[:alpha:]]", "[[:upper:]]", "[[:alpha]", "\\!a", "\\#a", "#a", "a ",
    "a\\ ", "a\\\\ ", "a\t", "a\r", "\ufeffa", "**", "***", "a**c", "?", "\\?", "\\\\?", "[\\]]", "[a\\-c]",
)  # fmt: skip
FILES = (
    "a/b/c", "a/bc", "a/bx/c", "a/bx/y/c", "a/c", "a/x/c", "a/x/b/c", "x/a/c", "x/abc", "x/axc", "x/y/c", "ab/z/c",
    "n/c", "n/ac", "n/abc", "n/!a", "n/#a", "n/b", "n/-", "n/]", "n/z", "n/A ", "n/a ", "n/a\t", "n/a\r", "n/?",
    "n/\\?", "n/\\b", "n/[a", "n/x", "n/\ufeffa", "n/[[:x:]]",
)  # fmt: skip


@pytest.mark.parametrize("pattern", TRICKY)
def test_git_says_the_same_of_a_tricky_pattern(tree: Path, write: Write, pattern: str) -> None:
    for folder in ("", "n/"):
        (tree / folder).mkdir(exist_ok=True)
        (tree / folder / ".gitignore").write_bytes(f"{pattern}\r\n!nothing\n".encode())
    for file in FILES:
        write(file)
    ours = Ignored([str(tree)])
    theirs = {case: ignored_by_git(tree, FILES, "-c", f"core.ignorecase={case}") for case in ("true", "false")}
    assert {file for file in FILES if not ours.allowed(f"{tree}/{file}")} == theirs["true"] | theirs["false"]


def _made(path: Path) -> bool:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError:  # a file stands where a folder would have to
        return False
    return path.is_file()


@pytest.mark.parametrize(
    "pattern",
    ["*a" * 250 + "b", "*" * 500 + "b", "**/a/" * 100 + "b", "[[:a" * 120, "*a*/" * 50 + "**/b", "[\\]" * 150],
)
def test_no_pattern_can_be_made_to_run_for_ever(pattern: str) -> None:
    assert ignore.sheet(pattern, "").decides("/" + "a" * 255 + "/a" * 500, True) == (None, None)


@pytest.mark.parametrize("text", ["x\n" * 10_001, "a*b\n" * 5_001])
def test_a_file_with_more_rules_than_anybody_writes_keeps_out_everything(text: str) -> None:
    assert ignore.sheet(text, "").decides("/a.py", False)[0]


def test_the_bytes_of_a_name_count_as_they_do_for_git_and_its_characters_as_well() -> None:
    both = [ignore.sheet(pattern, "").decides("/caf\u00e9", False) for pattern in ("caf?", "caf??", "CAF\u00c9")]
    assert [[rule is not None for rule in rules] for rules in both] == [[False, True], [True, False], [False, True]]


# What keeps out, and how it is called


def test_the_reason_names_the_file_the_line_and_the_pattern(tree: Path, write: Write) -> None:
    write(".gitignore", "# made\n\nbuild/\n")
    write("src/.gitignore", "*.log\n!kept.log\n")
    assert reason(tree, write("build/a.py")) == ".gitignore:3 (`build/`)"
    assert reason(tree, write("src/deep/a.log")) == "src/.gitignore:1 (`*.log`)"
    assert reason(tree, write("src/kept.log")) == ""


def test_what_is_nearer_takes_back_what_lies_further_up(tree: Path, write: Write) -> None:
    write(".gitignore", "*.log\nmade/\n")
    write("src/.gitignore", "!kept.log\n!made/\n")
    write("src/made/.gitignore", "b.py\n")
    assert reason(tree, write("src/kept.log")) == ""
    assert reason(tree, write("src/deep/kept.log")) == ""
    assert reason(tree, write("src/made/a.py")) == ""
    assert reason(tree, write("src/made/b.py")) == "src/made/.gitignore:1 (`b.py`)"
    assert reason(tree, write("kept.log")) == ".gitignore:1 (`*.log`)"


def test_git_follows_no_link_to_its_ignore_file_and_we_follow_one_to_the_others(tree: Path, write: Write) -> None:
    rules = write("rules", "*.py\n")
    (tree / "a").mkdir()
    (tree / "a/.gitignore").symlink_to(rules)
    assert not reason(tree, write("a/a.py"))
    (tree / "a/.aiignore").symlink_to(rules)
    assert reason(tree, write("a/a.py")) == "a/.aiignore:1 (`*.py`)"


def test_the_workspace_may_be_a_folder_of_the_tree(tree: Path, write: Write) -> None:
    write(".gitignore", "/src/made/\n")
    write(".aiignore", "*.txt\n")
    assert reason(tree / "src", write("src/made/a.py")) == ".gitignore:1 (`/src/made/`)"
    assert reason(tree / "src", write("src/a.txt")) == ".aiignore:1 (`*.txt`)"


@pytest.mark.parametrize("kind", [".aiignore", ".cursorignore", ".codeiumignore", ".continueignore", ".copilotignore"])
def test_what_one_kind_of_file_takes_back_another_does_not(tree: Path, write: Write, kind: str) -> None:
    write(kind, "*.py\n!b.py\n")
    write(".gitignore", "!a.py\n")
    assert reason(tree, write("a.py")) == f"{kind}:1 (`*.py`)"
    assert reason(tree, write("b.py")) == ""


def test_aiexclude_takes_nothing_back_and_an_empty_one_keeps_out_everything(tree: Path, write: Write) -> None:
    write("a/.aiexclude", "*.py\n!a.py\n")
    write("b/.aiexclude", "# nothing\n\n")
    assert reason(tree, write("a/a.py")) == "a/.aiexclude:1 (`*.py`)"
    assert reason(tree, write("b/c/d")) == "b/.aiexclude, which is empty"
    assert reason(tree, write("c/d")) == ""


def test_the_exclude_file_and_the_users_own_count(tree: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(".git/info/exclude", "mine/\n")
    assert reason(tree, write("mine/a.py")) == ".git/info/exclude:1 (`mine/`)"
    users = write("../users", "*.tmp\n")
    settings = write("../settings", f'[user]\nname = x\n[core]\n\texcludesFile = "{users}" ; mine\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", settings)
    assert reason(tree, write("a.tmp")).endswith("users:1 (`*.tmp`)")


def test_the_last_exclude_file_that_is_named_counts() -> None:
    assert (
        excludes_file("[core]\nexcludesfile=a # x\n[other]\nexcludesfile=b\n[Core] ExcludesFile = ~/c d\n") == "~/c d"
    )
    assert excludes_file("[other]\nexcludesfile=b\n") is None


def test_in_one_more_work_tree_the_exclude_file_is_that_of_the_repository(tree: Path, write: Write) -> None:
    write("a.py")
    git(tree, "add", "a.py")
    git(tree, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "a")
    git(tree, "worktree", "add", "-q", "../more")
    write(".git/info/exclude", "mine/\n")
    assert reason(tree.parent / "more", write("../more/mine/a.py")) == ".git/info/exclude:1 (`mine/`)"


def test_in_a_repository_within_another_its_own_rules_count_unless_it_is_ignored_whole(
    tree: Path, write: Write
) -> None:
    git(tree, "init", "-q", "vendor/lib")
    write("vendor/lib/.git/info/exclude", "made/\n")
    write(".gitignore", "*.log\n")
    assert reason(tree, write("vendor/lib/made/a.py")) == ".git/info/exclude:1 (`made/`)"
    assert not reason(tree, write("vendor/lib/a.log"))
    write(".gitignore", "vendor/\n")
    assert reason(tree, write("vendor/lib/a.py")) == ".gitignore:1 (`vendor/`)"


def test_a_git_folder_that_is_none_lifts_nothing(tree: Path, write: Write) -> None:
    write(".gitignore", "*.log\n")
    (tree / "a/.git").mkdir(parents=True)
    assert reason(tree, write("a/x.log")) == ".gitignore:1 (`*.log`)"
    write("b/.git", "gitdir: nowhere\n")
    assert reason(tree, write("b/x.log")) == ".gitignore:1 (`*.log`)"


def test_without_git_the_files_count_from_the_workspace_down(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / ".aiignore").write_text("*\n")
    (tmp_path / "w/.gitignore").write_text("*.log\n")
    assert reason(tmp_path / "w", str(tmp_path / "w/a.log")) == ".gitignore:1 (`*.log`)"
    assert not reason(tmp_path / "w", str(tmp_path / "w/a.py"))


@pytest.mark.parametrize("text", ["x\n" * 200_000, None], ids=["too large", "unreadable"])
def test_an_ignore_file_that_cannot_be_read_keeps_out_everything(
    tree: Path, write: Write, text: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a/.gitignore", text or "x\n")
    if text is None:
        real = os.open
        monkeypatch.setattr("os.open", lambda path, *rest: _refused() if "a/.gitignore" in path else real(path, *rest))
    assert reason(tree, write("a/b/c.py")) == "a/.gitignore, which cannot be read or is too large"
    assert not reason(tree, write("b.py"))


def _refused() -> int:
    raise PermissionError("no")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names here")
def test_a_pipe_in_place_of_an_ignore_file_is_none(tree: Path, write: Write) -> None:
    os.mkfifo(tree / ".gitignore")
    os.mkfifo(tree / ".aiignore")
    assert not reason(tree, write("a.py"))


def test_a_link_counts_by_its_own_place_and_by_where_it_leads(tree: Path, write: Write) -> None:
    write(".gitignore", "hidden/\nlinked.py\n")
    for link, target in (("shown.py", write("hidden/a.py")), ("linked.py", write("open.py")), ("c.py", "open.py")):
        (tree / link).symlink_to(target)
    ignored = Ignored([str(tree)])
    assert [ignored.allowed(f"{tree}/{name}") for name in ("shown.py", "linked.py", "c.py")] == [False, False, True]


# From memory


def test_what_is_not_read_yet_is_kept_out_and_what_lies_outside_is_not_judged(tree: Path, write: Write) -> None:
    ignored = Ignored([str(tree)])
    path = write("a.py")
    assert ignored.reason(path) == UNREAD
    asyncio.run(ignored.loaded([path]))
    assert ignored.reason(path) == ""
    assert ignored.reason("/elsewhere/a.py") == "" == ignored.reason("untitled:1")


def test_a_keystroke_touches_no_disk(tree: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(".gitignore", "*.log\n")
    ignored, paths = Ignored([str(tree)]), (write("a/a.py"), write("a/a.log"))
    asyncio.run(ignored.loaded(paths))
    for name in ("open", "stat", "lstat", "scandir", "readlink"):
        monkeypatch.setattr(os, name, lambda *_, **__: pytest.fail("the disk was touched"))
    found = [ignored.reason(path) for _ in range(2) for path in (*paths, str(tree / "a/new.log"))]
    assert [bool(why) for why in found] == [False, True, True] * 2


def test_a_changed_ignore_file_counts_as_soon_as_it_is_told_of(tree: Path, write: Write) -> None:
    path, ignored = write("a/b/c.py"), Ignored([str(tree)])
    ignored.load(path)
    assert ignored.reason(path) == ""
    assert not ignored.changed(write("a/x.py"))
    assert ignored.changed(write("a/.gitignore", "*.py\n"))
    assert ignored.reason(path) == UNREAD
    ignored.load(path)
    assert ignored.reason(path) == "a/.gitignore:1 (`*.py`)"
    assert not ignored.changed(write(".github/config"))
    assert not ignored.changed(write(".git/index"))
    assert ignored.changed(write(".git/info/exclude", "x\n"))
    assert ignored.reason(path) == UNREAD


def test_opening_a_file_again_sees_what_nobody_told_of(tree: Path, write: Write) -> None:
    path, ignored = write("a/b/c.py"), Ignored([str(tree)])
    ignored.load(path)
    write("a/.aiexclude")
    assert ignored.reason(path) == ""
    ignored.load(path)
    assert ignored.reason(path).startswith("a/.aiexclude")
    os.unlink(tree / "a/.aiexclude")
    ignored.load(path)
    assert ignored.reason(path) == ""


def test_a_change_during_the_reading_is_not_lost(tree: Path, write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path, ignored, times = write("a.py"), Ignored([str(tree)]), list[str]()
    write(".gitignore", "x\n")

    def changed_meanwhile(text: str, name: str, base: str, lifting: bool, empty: bool) -> ignore.Sheet:
        if not times:
            times.append(text)
            ignored.changed(write(".gitignore", "*.py\n"))
        return ignore.sheet(text, name, base, lifting, empty)

    monkeypatch.setattr("router.context.gating.ignored.sheet", changed_meanwhile)
    ignored.load(path)
    assert ignored.reason(path) == ".gitignore:1 (`*.py`)"
