"""Which files no edit may touch, however they are spelled: what somebody obeys, and what is not of the workspace."""

from __future__ import annotations

import re
from collections.abc import Sequence
from unicodedata import category, normalize

# Folders whose files are obeyed by git, an editor, a build server or a shell, and files that are.
_FOLDERS = frozenset(
    """.git .hg .svn .bzr .jj .vscode .vscode-insiders .idea .zed .cursor .fleet .github .gitlab .circleci .buildkite
    .husky .githooks .devcontainer .ssh .gnupg .aws .kube .docker .config .local .direnv .venv node_modules""".split()
)
_FILES = frozenset(
    """.bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin .zlogout
    .kshrc .cshrc .tcshrc .inputrc .xprofile .xinitrc .xsession .envrc .env .netrc .npmrc .yarnrc .yarnrc.yml .pypirc
    .gemrc .gitconfig .gitmodules .gitattributes .gitignore .hgrc .pre-commit-config.yaml .pre-commit-hooks.yaml
    .gitlab-ci.yml .gitlab-ci.yaml .travis.yml .drone.yml .appveyor.yml appveyor.yml azure-pipelines.yml
    azure-pipelines.yaml bitbucket-pipelines.yml jenkinsfile .woodpecker.yml .nvim.lua .nvimrc .exrc .vimrc
    .dir-locals.el .lldbinit .gdbinit .switchyard.toml authorized_keys known_hosts crontab sitecustomize.py
    usercustomize.py""".split()
)
_ANYWHERE = frozenset((".git", ".ssh", ".gnupg"))  # also where the workspace itself lies in one
_ENDINGS = (".code-workspace", ".pth", ".desktop", ".service", ".plist")
_SHORT = re.compile(r"(?:git|vscode|github|husky|ssh|devcon)\w{0,3}~\d+")  # what Windows calls `.git` for old programs
_DRIVE = re.compile(r"[A-Za-z]:(?=[\\/])")


def refusal(path: str, real: str, roots: Sequence[str]) -> str:
    """Why no edit may touch a file; empty: it may. `real` and `roots` are without links; without roots, all are in.

    What is no file of this machine has an URI for its path, and the path which that spells for `real`.
    """
    inner = [rest for root in roots if (rest := _below(real, root)) is not None]
    if roots and path.startswith("/") | bool(_DRIVE.match(path)) and not inner:
        return "It lies outside the workspace, so Switchyard does not change it."
    ways = [min(inner, key=len) if inner else real, *(it for it in [_below(path, root) for root in roots] if it)]
    if any(map(obeyed, ways)) or any(_name(part) in _ANYWHERE for part in _split(real or path)):
        return "Programs obey this file by its name or folder, so Switchyard does not change it."
    return ""


def obeyed(path: str) -> bool:
    """Whether a file is obeyed by somebody, by any way to write its path that some system takes for it.

    Case does not matter, nor do dots and blanks at the end of a name, a stream's name after a colon, the form of an
    accent, or characters that nobody sees: Windows and macOS disregard one or the other.
    """
    names = [_name(part) for part in _split(path)]
    if not any(names) or any(name in _FOLDERS or _SHORT.fullmatch(name) for name in names):
        return True
    return names[-1] in _FILES or names[-1].endswith(_ENDINGS)


def _split(path: str) -> list[str]:
    return re.split(r"[\\/]", _DRIVE.sub("", path))


def _name(part: str) -> str:
    seen = "".join(sign for sign in normalize("NFKC", part) if category(sign) not in ("Cf", "Cc", "Mn"))
    return seen.partition(":")[0].rstrip(". ").lstrip(" ").casefold()


def _below(path: str, root: str) -> str | None:
    """What of a path comes after a folder that it lies in; None: it does not, or climbs."""
    parts, its = _parts(path), _parts(root)
    if parts is None or its is None or parts[: len(its)] != its:
        return None
    return "/".join(parts[len(its) :])


def _parts(path: str) -> list[str] | None:
    """The names of an absolute path; None for one that climbs, or is none."""
    plain = path.replace("\\", "/") if _DRIVE.match(path) else path
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    return None if ".." in parts or not (path.startswith("/") or _DRIVE.match(path)) else parts
