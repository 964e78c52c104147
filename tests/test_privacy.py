"""What never reaches a prompt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        "/w/.ssh/.env.example",
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
        ("secrets/**", "/w/secrets/deep/a.txt", True),
        ("secrets/**", "/w/secrets", False),
        ("**/keys", "/w/keys/b.txt", True),
        ("a/**/b", "/w/a/b/c.py", True),
        ("a/**/b", "/w/a/x/y/b", True),
        ("a/**/b", "/w/b/a/c.py", False),
        ("**", "/w/a.py", True),
        ("/secrets", "/w/secrets/a.py", True),
        ("/secrets", "/w/in/secrets", True),
        ("conf/private", "/w/conf/private/a/b.py", True),
        ("conf/private", "/w/conf/a/private", False),
        ("conf\\private", "/w/conf/private/a.py", True),
        ("./conf/private/", "/w/conf/private/a.py", True),
        ("[Ss]ecret.py", "/w/secret.py", True),
        ("key[0-9]?.py", "/w/key1a.py", True),
        ("key[!0-9].py", "/w/key1.py", False),
        ("[!A-Z]ecret.py", "/w/secret.py", True),
        ("[[:alpha:]]ecret.py", "/w/secret.py", True),
        ("a[z-a]", "/w/az", True),  # as git has it
        ("a[z-a]", "/w/am", False),
        ("a[", "/w/a[", True),
        ("\\*.py", "/w/a.py", False),
        ("se*t*.py", "/w/secrets.py", True),
        ("se*ts*s.py", "/w/secrets.py", False),
        ("a.py \nb.py", "/w/a.py", True),
        ("caf\u00e9.py", "/w/cafe\u0301.py", True),
        ("/", "/w/a.py", False),
        ("", "/w/a.py", False),
    ],
)
def test_the_users_own_patterns_are_those_of_gitignore(pattern: str, path: str, out: bool) -> None:
    assert (privacy.excluded(path, (pattern,)) is not None) == out


@pytest.mark.parametrize(
    "pattern", ["*a" * 250 + "b", "*" * 500 + "b", "**/a/" * 100 + "b", "[" * 500, "[[:a" * 120, "[\\]" * 150]
)
def test_no_pattern_can_be_made_to_run_for_ever(pattern: str) -> None:
    assert privacy.excluded("/w/" + "a" * 5_000 + "/a" * 500, (pattern,)) is None


def test_a_pattern_longer_than_any_path_lets_nothing_through() -> None:
    assert privacy.excluded("/w/a.py", ("x" * 5_000,))


PATTERNS = st.text(st.sampled_from("ab*?[]!-^\\/."), max_size=12)
PATHS = st.lists(st.text(st.sampled_from("ab-."), min_size=1, max_size=4), min_size=1, max_size=5).map("/".join)


@given(PATTERNS, PATHS, st.sampled_from(("a", "b/a", ".env.example")))
def test_what_lies_below_an_excluded_folder_is_excluded(pattern: str, folder: str, file: str) -> None:
    if privacy.excluded(folder, (pattern,)):
        assert privacy.excluded(f"{folder}/{file}", (pattern,))


@given(PATHS)
def test_a_path_is_a_pattern_that_fits_itself_and_all_below_it(path: str) -> None:
    if path.strip("./"):
        assert privacy.excluded(f"/w/{path}/x", (path,))
        assert privacy.excluded(f"/w/{path}/x", (f"{path}/**",))


def test_a_prompt_holds_no_half_characters_and_only_the_line_ends_that_models_know() -> None:
    assert privacy.clean("a\r\nb\rc\ud800d") == "a\nb\nc\ufffdd"
