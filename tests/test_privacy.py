"""What never reaches a prompt."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router import SwitchyardError
from router.completing.layout import Prepared
from router.config import Config
from router.context import privacy
from router.context.gating.invisible import visible
from router.context.gating.rulebook import KINDS
from router.engine import Router
from router.models import families
from router.runtimes.scripted import Cue, Script, Scripted
from router.types import Call, Document, Request, Span, Status
from tests.fixture import at


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


def test_the_reason_tells_whose_rule_it_is_and_both_ends_of_a_link_count() -> None:
    by_files = {"/w/made/a.py": ".gitignore:3 (`made/`)"}.get
    told = [
        privacy.reason(path, real, ("*.sql",), lambda path: by_files(path, ""))
        for path, real in (
            ("/w/a.sql", ""),
            ("/w/a.py", "/w/.ssh/a"),
            ("/w/a.py", "/w/made/a.py"),
            ("/w/a.py", "/w/a.py"),
        )
    ]
    assert told == ["privacy.exclude (`*.sql`)", "its name (`.ssh/`)", ".gitignore:3 (`made/`)", ""]


# What is not seen

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a\U000e0068\U000e0069b", "ab"),  # text in tags
        ("if x\u202e\u2066: # \u2069", "if x: # "),  # code that reads otherwise than it runs
        ("a\u200bb\u2060c\ufeffd\u00ade", "abcde"),
        ("x\u3164 = \u115f1\uffa0", "x = 1"),
        ("a\ufe0f\ufe01\U000e0101\U000e01ef", "a"),  # bytes hidden in variation selectors
        ("a\u200db\u200c", "ab"),
        ("a\x00\x1b[31mb\x7f", "a[31mb"),
        ("a\x00\x1b[31mb\x7f\x9b\tc\x0cd\ne", "a[31mb\tc\x0cd\ne"),
        ("\u06f1\u200c\u200c\u200d\u06f2", "\u06f1\u06f2"),
    ],
)
def test_what_cannot_be_seen_is_taken_away(text: str, left: str) -> None:
    assert privacy.clean(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "\u05e9\u05dc\u05d5\u05dd = '\u0645\u0631\u062d\u0628\u0627'",  # right to left by its letters alone
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian: a non-joiner within a word
        "\u0d28\u0d4d\u200d \u0915\u094d\u200d\u0937",  # Malayalam and Hindi: joiners
        f"{FAMILY} \u2764\ufe0f 1\ufe0f\u20e3 \U0001f3f3\ufe0f\u200d\U0001f308 \u26a0\ufe0e \U0001f1e9\U0001f1ea",
        "na\u00efve cafe\u0301 \u4e2d\u6587 \ud55c\uad6d\uc5b4 \u65e5\u672c\u8a9e \u0e44\u0e17\u0e22",
        "a\tb\n\x0c",
    ],
)
def test_scripts_and_pictures_keep_what_they_are_made_of(text: str) -> None:
    assert privacy.clean(text) == text


@given(st.text())
def test_clean_is_clean(text: str) -> None:
    once = privacy.clean(text)
    assert privacy.clean(once) == once
    assert visible(once) == once


# Where texts are cut

KEY = "ghp_" + "7Yard" * 8


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_secret_across_a_cut_is_masked_on_both_sides(one: int, other: int) -> None:
    text = f"a = '{KEY}'\nb = 1\n"
    first, second = sorted((one, other))
    cut = (text[:first], text[first:second], text[second:])
    stretches = privacy.shown(*cut)
    assert "".join(stretches) == text.replace(KEY, "*" * len(KEY))
    assert [len(it) for it in stretches] == [len(it) for it in cut]


def test_a_secret_that_hides_behind_what_is_not_seen_is_masked() -> None:
    assert privacy.shown(f"{KEY[:9]}\u200b{KEY[9:]}", "") == ("*" * len(KEY), "")


@pytest.mark.parametrize(
    ("picture", "inside"),
    [
        (f"a = '{KEY}‸'", True),
        (f"a = '{KEY[:9]}‸{KEY[9:]}'", True),
        (f"a = '‸{KEY}'", True),
        (f"a = '{KEY}'‸", False),
        (f"a = '{KEY}'\nb = ‸\n", False),
        ('password = "hunter2hunter‸"', True),
        ('password = "hunter2hunter‸', True),
        ('password = "‸"', False),
        ("password = ‸", False),
        ("‸", False),
    ],
)
def test_nobody_is_asked_to_go_on_with_a_secret(picture: str, inside: bool) -> None:
    assert privacy.at_secret(*at(picture)) == inside


def test_an_answer_never_shows_a_mask_of_ours() -> None:
    assert privacy.hidden("'********'", f"a = '{KEY}'")
    assert not privacy.hidden("/********/", "/********/\n")
    assert not privacy.hidden("a ** b, **kwargs", "")


# Fences

NONCE = "k3f9a0c17d52b846"


def test_a_fence_says_where_a_text_begins_and_ends_and_what_it_is() -> None:
    assert privacy.fenced("a = 1", NONCE, "src/a.py") == f"<<<{NONCE} src/a.py\na = 1\n{NONCE}>>>"


@given(
    st.lists(st.sampled_from([NONCE, NONCE[:8], NONCE[8:], ">>>", "<<<", "\n", "\u200b", "a"])).map("".join), st.text()
)
def test_no_text_and_no_name_can_close_its_fence(text: str, name: str) -> None:
    first, *inside, last = privacy.fenced(text, NONCE, name + text).split("\n")
    assert first.startswith(f"<<<{NONCE}")
    assert last == f"{NONCE}>>>"
    assert NONCE not in "\n".join((first[3 + len(NONCE) :], *inside))


@pytest.mark.parametrize(
    "mark",
    sorted(
        {mark for family in families.table().values() for mark in family.marks}
        | {"[INST]", "<</SYS>>", "<|start_header_id|>", "<s>"}
    ),
)
def test_no_mark_of_a_family_is_left_in_a_fence(mark: str) -> None:
    assert mark not in privacy.fenced(f"a{mark}b\u200b{mark[:2]}\u200b{mark[2:]}", NONCE)


@pytest.mark.parametrize("nonce", ["", "short", "a b c d e f", "a" * 65, "abc\ndefgh"])
def test_a_nonce_that_could_be_guessed_or_breaks_the_fence_is_refused(nonce: str) -> None:
    with pytest.raises(ValueError, match="8 to 64"):
        privacy.fenced("a", nonce)


@pytest.mark.parametrize("family", [name for name, it in families.table().items() if it.marks])
@given(st.data())
def test_nothing_that_is_cleaned_away_makes_a_mark(family: str, data: st.DataObject) -> None:
    it = families.table()[family]
    signs = st.sampled_from(
        [*it.marks, *(mark[:3] for mark in it.marks), *(mark[3:] for mark in it.marks), "\u200b", "\n"]
    )
    texts = [data.draw(st.lists(signs, max_size=5).map("".join)) + "\n" for _ in range(3)]
    prompt = it.prompt(*privacy.shown(*texts))
    assert sum(map(prompt.count, it.marks)) == sum(map(it.layout.count, it.marks))


# No byte of an excluded file is ever in a prompt


FOLDERS = ["", "a/", "a/b/", "made/", "a/made/deep/"]
FILES = sorted(folder + name for folder in FOLDERS for name in ("one.py", "two.py", "notes.txt", "k.pem"))
CANARY = {file: f"canary{number:02}" for number, file in enumerate(FILES)}
RULES = st.sampled_from(["made/", "*.txt", "/a", "one.py", "a/**", "a/b", "**/deep", "*", "# none", "b/two.py"])


def meant(rule: str, folder: str, file: str) -> bool:
    """What a rule in a folder's ignore file keeps out, said once more in other words."""
    below = file[len(folder) :]
    parts = below.split("/")
    return file.startswith(folder) and {
        "made/": "made" in parts[:-1],
        "*.txt": below.endswith(".txt"),
        "/a": parts[0] == "a",
        "one.py": parts[-1] == "one.py",
        "a/**": parts[0] == "a" and len(parts) > 1,
        "a/b": below.startswith("a/b/"),
        "**/deep": "deep" in parts,
        "*": True,
        "b/two.py": below == "b/two.py",
    }.get(rule, False)


def kept_out(sheets: Mapping[tuple[str, str], str]) -> set[str]:
    """The files that these ignore files keep out, by folder and name. One of comments alone, if it is an .aiexclude,
    keeps out everything."""
    rules = [
        (folder, "*" if rule[0] == "#" and kind == ".aiexclude" else rule) for (folder, kind), rule in sheets.items()
    ]
    return {file for file in FILES if file.endswith(".pem") or any(meant(rule, folder, file) for folder, rule in rules)}


@settings(max_examples=25)
@given(
    st.dictionaries(st.tuples(st.sampled_from(FOLDERS), st.sampled_from(KINDS)), RULES, max_size=3),
    st.sampled_from(["plain", "qwen", "codestral"]),
    st.permutations(FILES).map(lambda files: files[:6]),
)
def test_no_byte_of_an_excluded_file_is_ever_in_a_prompt(
    sheets: Mapping[tuple[str, str], str], family: str, opened: list[str]
) -> None:
    out = kept_out(sheets)
    with TemporaryDirectory() as root:
        for (folder, kind), rule in sheets.items():
            Path(root, folder).mkdir(parents=True, exist_ok=True)
            Path(root, folder, kind).write_text(rule + "\n")
        calls, excluded = asyncio.run(_asked(root, opened, family))
    heard = repr(calls)
    assert [file for file in opened if CANARY[file] in heard] == [file for file in opened if file not in out]
    assert excluded == sum(file in out for file in opened)


@settings(max_examples=8)
@given(
    st.dictionaries(st.tuples(st.sampled_from(FOLDERS), st.sampled_from(KINDS)), RULES, max_size=3),
    st.sampled_from(["qwen", "codestral"]),
    st.permutations(FILES).map(lambda files: files[:3]),
)
def test_nor_is_one_of_a_file_of_the_workspace_that_nobody_has_open(
    sheets: Mapping[tuple[str, str], str], family: str, opened: list[str]
) -> None:
    out = kept_out(sheets)
    with TemporaryDirectory() as root:
        for file in FILES:
            Path(root, file).parent.mkdir(parents=True, exist_ok=True)
            Path(root, file).write_text(f"def {CANARY[file]}(wagon):\n    return wagon.siding\n")
        for (folder, kind), rule in sheets.items():
            Path(root, folder, kind).write_text(rule + "\n")
        heard = repr(asyncio.run(_told(os.path.realpath(root), opened, family)))
    assert not [file for file in out if CANARY[file] in heard]
    scripts = [file for file in FILES if file.endswith(".py") and file not in out]
    assert not scripts or set(opened) <= out or [file for file in scripts if CANARY[file] in heard]


async def _told(root: str, opened: list[str], family: str) -> list[Prepared]:
    """The prompts for each of the open files, with all pieces that were thought of."""
    router = Router(Config(), engines={"scripted": Scripted(Script((), family))}, roots=[root])
    text = "def shunt(wagon):\n    return wagon."
    documents = [Document(f"{root}/{file}", "python", 1, f"# {CANARY[file]}\n{text}") for file in opened]
    await router.start()
    await router.workspace.start()
    for document in documents:
        router.opened(document)
    await router.workspace.settled()
    found = []
    for document in documents:
        end = len(document.text)
        with suppress(SwitchyardError):  # it is excluded itself
            found.append(await router.prepared(Request("complete", document, Span(end, end))))
    await router.aclose()
    return found


async def _asked(root: str, opened: list[str], family: str) -> tuple[list[Call], int]:
    """All that an engine hears while each of the open files is asked about, and how many were told to be excluded."""
    engine, told = Scripted(Script((Cue(say=("x",)),), family)), list[Status]()
    router = Router(Config(), told.append, engines={"scripted": engine}, roots=[root])
    documents = [
        Document(f"{root}/{file}", "python", 1, f"{CANARY[file]} = 1\ny = ", f"{root}/{file}") for file in opened
    ]
    await router.start()
    for document in documents:
        router.opened(document)
    for document in documents:
        end = len(document.text)
        async for _ in router.ask(Request("complete", document, Span(end, end))):
            pass
    await router.aclose()
    return engine.heard, len({it.path for it in told if it.state == "excluded"})
