"""What never reaches a prompt."""

from __future__ import annotations

import pytest

from router.context import privacy


@pytest.mark.parametrize(
    "path",
    [
        "/w/.env",
        "/w/a/.env.local",
        "/w/prod.env",
        "/w/ID_RSA",
        "C:\\Users\\me\\.ssh\\config",
        "/home/me/.aws/credentials",
        "/w/server.PEM",
        "/w/secrets.yaml",
    ],
)
def test_secret_files_are_known_by_name(path: str) -> None:
    assert privacy.excluded(path)


@pytest.mark.parametrize("path", ["/w/a.py", "/w/.env.example", "/w/environment.py", "/w/secrets.py", "/w/keys.py", ""])
def test_other_files_are_not(path: str) -> None:
    assert privacy.excluded(path) is None


@pytest.mark.parametrize(
    ("pattern", "path", "out"),
    [
        ("*.sql", "/w/a/b.sql", True),
        ("private/", "/w/private/a.py", True),
        ("private/", "/w/a/private", False),
        ("docs/*.md", "/w/docs/a.md", True),
        ("docs/*.md", "/w/docs/b/a.md", False),
        ("src/gen/", "/w/src/gen/a/b.py", True),
        ("!.env", "/w/.env", True),
    ],
)
def test_the_users_own_patterns_are_those_of_gitignore(pattern: str, path: str, out: bool) -> None:
    assert (privacy.excluded(path, (pattern,)) is not None) == out


def test_no_pattern_can_be_made_to_run_for_ever() -> None:
    assert privacy.excluded("/w/" + "a" * 5_000, ("*a" * 2 + "b", "*" * 5_000 + "b")) is None


def test_a_prompt_holds_no_half_characters_and_only_the_line_ends_that_models_know() -> None:
    assert privacy.clean("a\r\nb\rc\ud800d") == "a\nb\nc\ufffdd"
