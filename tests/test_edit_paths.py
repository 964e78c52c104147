"""Which files no edit touches, by every spelling that some system takes for them."""

from __future__ import annotations

import pytest

from router.editing.paths import obeyed, refusal

SPELLINGS = """
    .git/config .GIT/config .Git/hooks/pre-commit .git./config .git␠/config .git.␠./config
    ./.git/config src/../.git/config src/.git/hooks/x .git//hooks//x .git\\hooks\\x .GIT\\CONFIG
    .git::$INDEX_ALLOCATION/config .git:stream/config
    .g\u200cit/config .gi\u200dt/config \u200e.git/config .git\ufeff/config
    GIT~1/config git~2/hooks/x VSCODE~1/tasks.json .ｇit/config
    .vscode/tasks.json .VSCODE/settings.json .vscode./launch.json sub/.vscode/tasks.json .vscode-insiders/x.json
    .idea/workspace.xml .github/workflows/ci.yml .GitHub/Workflows/CI.YML .gitlab/x.yml .circleci/config.yml
    .husky/pre-commit .githooks/x .devcontainer/devcontainer.json .ssh/config .SSH/authorized_keys .gnupg/gpg.conf
    .hg/hgrc .svn/x .jj/x node_modules/a/index.js .venv/lib/a.py .envrc .direnv/x
    .bashrc .BASHRC .bashrc. .zshrc .profile .bash_profile .zshenv .inputrc
    .gitconfig .gitmodules .gitattributes .gitignore .pre-commit-config.yaml .gitlab-ci.yml .travis.yml Jenkinsfile
    JENKINSFILE azure-pipelines.yml .npmrc .pypirc .netrc .env .nvim.lua .exrc .dir-locals.el .gdbinit .switchyard.toml
    a.code-workspace x.pth x.desktop sitecustomize.py .cursor/rules.md .zed/tasks.json .config/x .bashrc::$DATA
""".split()


@pytest.mark.parametrize("path", [it.replace("␠", " ") for it in SPELLINGS])
def test_what_somebody_obeys_is_never_touched(path: str) -> None:
    assert obeyed(path)
    assert refusal(f"/ws/{path}", f"/ws/{path}", ["/ws"])


@pytest.mark.parametrize(
    "path",
    "a.py src/a.py git/a.py .gitx/a.py vscode/tasks.json github/x.yml src/git~/a.py x.git/a.py environment.py"
    " .hidden/a.py profile bashrc.py desktop/a.py Makefile pyproject.toml src/config/a.py ssh/a.py a.b.c/d..py".split(),
)
def test_what_nobody_obeys_may_be_changed(path: str) -> None:
    assert not obeyed(path)
    assert not refusal(f"/ws/{path}", f"/ws/{path}", ["/ws"])


@pytest.mark.parametrize(
    ("path", "real"),
    [
        ("/ws-evil/a.py", "/ws-evil/a.py"),
        ("/ws/../etc/a.py", "/etc/a.py"),
        ("/ws/../etc/a.py", "/ws/../etc/a.py"),
        ("/ws/link/passwd", "/etc/passwd"),
        ("/ws/a.py", "/home/ada/.ssh/a.py"),
        ("/ws/plain/a.py", "/ws/.git/a.py"),
        ("/ws/.vscode/a.py", "/ws/plain/a.py"),
        ("/WS/a.py", "/WS/a.py"),
        ("/", "/"),
        ("C:\\other\\a.py", "C:\\other\\a.py"),
        ("/ws", "/ws"),
    ],
)
def test_what_lies_elsewhere_or_leads_there_is_not_touched(path: str, real: str) -> None:
    assert refusal(path, real, ["/ws"])


def test_a_workspace_may_lie_in_a_hidden_folder_but_not_in_one_of_keys() -> None:
    assert not refusal("/home/ada/.config/nvim/a.lua", "/home/ada/.config/nvim/a.lua", ["/home/ada/.config/nvim"])
    assert refusal("/home/ada/.ssh/x/a.lua", "/home/ada/.ssh/x/a.lua", ["/home/ada/.ssh/x"])


def test_a_document_that_is_no_file_is_judged_by_the_path_that_it_spells() -> None:
    assert not refusal("untitled:Untitled-1", "Untitled-1", ["/ws"])
    assert refusal("vscode-vfs://github/a/b/.vscode/tasks.json", "/a/b/.vscode/tasks.json", ["/ws"])
    assert not refusal("vscode-vfs://github/a/b/c.py", "/a/b/c.py", ["/ws"])
    assert not refusal("C:\\ws\\a.py", "C:\\ws\\a.py", ["C:\\ws"])
