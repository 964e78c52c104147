"""Secrets in a text: `⟦ ⟧` is what must be masked, and nothing else may be."""

from __future__ import annotations

import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.context.gating import secrets
from router.context.gating.secrets import MASK, masked

MADE = random.Random(4)  # so that no text of ours holds what looks like somebody's key


def made(length: int, signs: str = string.ascii_letters + string.digits) -> str:
    return "7" + "".join(MADE.choices(signs, k=length - 1))


def lines(count: int, width: int = 64) -> list[str]:
    return [made(width, string.ascii_letters + string.digits + "+/") for _ in range(count)]


def check(picture: str) -> None:
    """What stands between ⟦ and ⟧ is masked, and all else is as it was."""
    text = picture.replace("⟦", "").replace("⟧", "")
    hidden = re.sub("⟦([^⟧]*)⟧", lambda found: re.sub("[^\n]", MASK, found[1]), picture)
    assert masked(text) == hidden


UPPER, HEX = string.ascii_uppercase + string.digits, "0123456789abcdef"
KEYS = [
    "AKIA" + made(16, UPPER),
    "ASIA" + made(16, UPPER),
    *(f"gh{kind}_{made(36)}" for kind in "pousr"),
    "github_pat_" + made(22) + "_" + made(59),
    "glpat-" + made(20),
    "xoxb-" + made(12, string.digits) + "-" + made(24),
    "xoxp-" + made(12, string.digits) + "-" + made(24),
    "AIza" + made(35),
    "sk-" + made(48),
    "sk-proj-" + made(48),
    "sk-ant-api03-" + made(80),
    "sk_live_" + made(24),
    "rk_test_" + made(24),
    "whsec_" + made(32),
    "npm_" + made(36),
    "pypi-AgEI" + made(80),
    "hf_" + made(34),
    f"SG.{made(22)}.{made(43)}",
    "AGE-SECRET-KEY-1" + made(58, UPPER),
    f"eyJ{made(20)}.{made(40)}.{made(43)}",
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:8])
def test_keys_of_known_makers_are_masked_wherever_they_stand(key: str) -> None:
    shown = re.match(r"[sr](?=k_)", key)
    picture = f"{shown[0]}⟦{key[1:]}⟧" if shown else f"⟦{key}⟧"
    for text in (picture, f'key = "{picture}"', f"curl -H x:{picture} # this", f"({picture}, b)", f"a\n{picture}\nb"):
        check(text)


@pytest.mark.parametrize(
    "picture",
    [
        f'url = "https://hooks.slack.com/⟦services/T{made(8, UPPER)}/B{made(8, UPPER)}/{made(24)}⟧"',
        f"postgres://ada:⟦{made(9)}⟧@db.example.org:5432/yard",
        f"redis://:⟦{made(9)}⟧@localhost",
        f"Authorization: Bearer ⟦{made(30)}⟧",
        "'Authorization': 'Basic ⟦YWRhOmxvdmVsYWNlMQ==⟧'",
        'password = "⟦hunter2hunter⟧"',
        "PASSWORD='⟦Tr4in+Yard⟧'",
        'db_password: str = "⟦x9!kd02mm⟧"',
        '"api_key": "⟦8f14e45fceea167a⟧",',
        "client_secret => '⟦Zm9vYmFy0192⟧'",
        "let accessToken = `⟦a1b2c3d4e5f6⟧`;",
        'if password == "⟦hunter2hunter⟧":',
        "api_key: ⟦8f14e45fceea167a5a36dedd4bea2543⟧",
        "AWS_SECRET_ACCESS_KEY=⟦wJa7rXUtnFEMI/K7MDENG/bPxRfiCY9pLEkey01⟧",
        'Server=db;Password=⟦aB3dE6gH9kL2⟧;Timeout=3"',
        'os.environ["API_TOKEN"] = "⟦d41d8cd98f00b204⟧"',
    ],
)
def test_passwords_that_somebody_wrote_into_a_line_are_masked(picture: str) -> None:
    check(picture)


@pytest.mark.parametrize(
    "text",
    [
        "password = get_password()",
        'password = getpass("Password: ")',
        'token_type = "access_token"',
        'secret_name: "my-service-credentials"',
        'AUTH_BACKEND = "django.contrib.auth.backends.ModelBackend"',
        'auth = "oauth2"',
        "auth_url = 'https://example.org/token?v=1'",
        'password = "${DB_PASSWORD_1}"',
        'password = "{{ vault.password1 }}"',
        'token = "%s-%d-token1"',
        'password = "changeme123"',
        r'TOKEN = r"[a-z]+\d{2,}"',
        "token = tokens[index2]",
        "token: Token2 = next_token_2",
        "self.password = password1",
        "secret: String,",
        "# sk-learn-like spinner class: sk-spinner-cube-grid-fading-circle",
        "task-force-of-the-yard-and-all-the-others-1",
        "http://localhost:8080/a@b",
        "git@github.com:ada/yard.git",
        "https://{user}:{password}@host",
        "the xox game, eyJ alone, AKIA alone, npm_config_registry",
        'HEADER = "-----BEGIN CERTIFICATE-----"',
        'FOOTER = "-----END CERTIFICATE-----"',
        "a" * 64 + "\n" + "=" * 64 + "\n" + "-" * 64 + "\n" + "b" * 64,
        "d41d8cd98f00b204e9800998ecf8427e  a.tar.gz",
        '    "sha512-' + "q" * 60 + '"',
    ],
)
def test_words_templates_and_expressions_are_left_alone(text: str) -> None:
    assert masked(text) == text


# Blocks

BLOCK = "\n".join(f"⟦{line}⟧" for line in [*lines(5), "7Ab="])


@pytest.mark.parametrize("kind", ["RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PRIVATE KEY BLOCK"])
def test_what_stands_in_a_frame_is_masked_to_its_last_line(kind: str) -> None:
    check(f"a = 1\n-----BEGIN {kind}-----\n{BLOCK}\n-----END {kind}-----\nb = 2\n")
    check(f"-----BEGIN {kind}-----\nProc-Type: 4,ENCRYPTED\n\n{BLOCK}\n-----END {kind}-----\n")


def test_a_block_in_a_string_is_masked_however_it_is_written() -> None:
    one, two = lines(2)
    check(f'KEY = (\n  "-----BEGIN KEY-----\\n"\n  "⟦{one}⟧\\n"\n  "⟦{two}⟧\\n"\n  "-----END KEY-----\\n")\n')
    check(f'  "k": "-----BEGIN KEY-----⟦\\n{one}\\n{two}\\n⟧-----END KEY-----\\n"\n')


def test_a_block_without_an_end_ends_where_code_begins() -> None:
    check(f"-----BEGIN KEY-----\n{BLOCK}\n\ndef main():\n    return\n")


def test_the_middle_and_the_end_of_a_block_are_known_without_its_beginning() -> None:
    check(f"{BLOCK.rpartition(chr(10))[0]}\n")
    one, two = lines(2)
    check(f"⟦{one}⟧\n⟦{two}⟧\n-----END KEY-----\n")


def test_words_round_a_block_and_single_lines_in_base64_are_left_alone() -> None:
    check(f"word\n\n-----BEGIN KEY-----\n{BLOCK}\n-----END KEY-----\n\nword\n\nother\n")
    check("\n".join((*lines(2), "", *lines(2))))


def test_lines_are_not_remembered_without_end() -> None:
    for start in range(0, 3 * secrets._REMEMBERED, 5_000):
        masked("\n".join(map(str, range(start, start + 5_000))))
        assert len(secrets._SEEN) <= secrets._REMEMBERED
    masked("\n".join(map(hex, range(2 * secrets._REMEMBERED))))
    assert len(secrets._SEEN) <= secrets._REMEMBERED


# All texts

TEXTS = st.lists(
    st.sampled_from(
        [*KEYS[:4], "-----BEGIN KEY-----", "-----END KEY-----", "\n", '"', "= ", "password", "a", "İ", "://", ":", "@"]
    )
    | st.text(max_size=8)
    | st.sampled_from(lines(2))
).map("".join)


@given(TEXTS)
def test_a_masked_text_is_as_long_line_by_line_and_differs_in_masks_only(text: str) -> None:
    hidden = masked(text)
    assert len(hidden) == len(text)
    assert all(new in (old, MASK) and (old != "\n" or new == "\n") for old, new in zip(text, hidden, strict=True))


@given(TEXTS, TEXTS)
def test_what_was_seen_before_changes_nothing(before: str, text: str) -> None:
    masked(before)
    known = masked(text)
    secrets._SEEN.clear()
    assert masked(text) == known


def test_a_text_packed_with_beginnings_and_an_endless_line_are_masked_whole() -> None:
    for text in ("\n".join(f"token {number}" for number in range(secrets.MOST + 1)), "a\n" + "b" * 100_001):
        assert set(masked(text)) - {"a"} == {MASK, "\n"}


@pytest.mark.parametrize("text", ["password=", "eyJ", "sk-", "://a:", "-----BEGIN ", "token = x\n", "Bearer ab1"])
def test_no_text_makes_more_than_its_share_of_tries(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[object] = []

    def counted(text: str, begin: str) -> list[secrets.Cut]:
        tries.extend(secrets._places(text, begin))
        return []

    monkeypatch.setattr(secrets, "_assigned", lambda *place: tries.append(place))
    monkeypatch.setattr(secrets, "_keys", lambda text, begin, _: counted(text, begin))
    masked(text * (2_000_000 // len(text)))
    assert len(tries) <= secrets.MOST
