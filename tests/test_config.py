"""Settings: what a file may say, what a mistake is told, and that a workspace can only tighten."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from functools import reduce
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router import BadConfig, runtimes
from router.config import Config, settings
from router.layers import Layer, launch, layer, merge, parse, user_path
from router.runtimes import scripted
from router.settings import Setting, tree

ROOT = Path(__file__).parent.parent


def user(text: str) -> Layer:
    return parse("config.toml", text, "user")


def workspace(text: str) -> Layer:
    return parse("/w/.switchyard.toml", text, "workspace")


def said(text: str) -> str:
    """What a user is told about a settings file that holds this."""
    with pytest.raises(BadConfig) as caught:
        user(text)
    return str(caught.value)


def read(config: Config, key: str) -> Any:
    """What stands in the tree at a dotted key."""
    return reduce(getattr, key.split("."), config)


# What a file may say


def test_nothing_said_is_the_defaults() -> None:
    assert merge([]).config == merge([user(""), workspace("")]).config == Config()


def test_of_the_users_own_layers_the_later_overrides() -> None:
    file = user("complete.max_tokens = 64\ncomplete.max_lines = 3")
    config = merge([file, launch([("complete.max_tokens", "900")])]).config
    assert (config.complete.max_tokens, config.complete.max_lines) == (900, 3)


def test_all_spellings_of_a_table_are_one() -> None:
    spellings = (
        '[runtime.ollama]\nhost = "http://h"',
        '[runtime]\nollama.host = "http://h"',
        'runtime.ollama = {host = "http://h"}',
        '["runtime".\'ollama\']\n"host" = "http://h"',
    )
    assert {merge([user(text)]).config.runtime.ollama.host for text in spellings} == {"http://h"}


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("runtime.engine", "echo", "echo"),
        ("runtime.engine", '"echo"', "echo"),
        ("models.complete", "7", "7"),
        ("models.complete", "true", "true"),
        ("models.complete", 'x"\nengine = "echo', 'x"\nengine = "echo'),
        ("runtime.embedded.gguf", "C:\\models\\a.gguf", "C:\\models\\a.gguf"),
        ("runtime.embedded.threads", "2", 2),
        ("complete.automatic", "false", False),
        ("privacy.exclude", '["*.pem"]', ("*.pem",)),
    ],
)
def test_a_launch_argument_is_toml_or_else_plain_text(key: str, text: str, value: object) -> None:
    assert read(merge([launch([(key, text)])]).config, key) == value


def test_launch_arguments_may_share_tables() -> None:
    config = merge([launch([("runtime.openai", '{host = "http://h"}'), ("runtime.openai.key_env", "KEY")])]).config
    assert (config.runtime.openai.host, config.runtime.openai.key_env) == ("http://h", "KEY")


def test_null_from_an_editor_is_not_set() -> None:
    sent = layer("the editor", {"complete": {"max_tokens": None, "max_lines": 2}, "runtime": None}, "workspace")
    assert merge([sent]).config.complete.max_lines == 2


@pytest.mark.parametrize(
    ("env", "path"),
    [
        ({}, "/home/ann/.config/switchyard/config.toml"),
        ({"XDG_CONFIG_HOME": "/c"}, "/c/switchyard/config.toml"),
        ({"XDG_CONFIG_HOME": "c"}, "/home/ann/.config/switchyard/config.toml"),
        ({"XDG_CONFIG_HOME": "/c", "SWITCHYARD_CONFIG": "/d/s.toml"}, "/d/s.toml"),
        ({"XDG_CONFIG_HOME": "", "SWITCHYARD_CONFIG": ""}, "/home/ann/.config/switchyard/config.toml"),
    ],
)
def test_where_the_users_file_is(env: dict[str, str], path: str) -> None:
    assert Path(user_path(env, "/home/ann")) == Path(path)


# What a mistake is told


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[runtime.ollama]\n\nhots = "http://h"',
            "config.toml:3: there is no setting runtime.ollama.hots; the nearest is runtime.ollama.host.",
        ),
        ("max_tokens = 8", "config.toml:1: there is no setting max_tokens; the nearest is complete.max_tokens."),
        ("[complet]\n", "config.toml:1: there is no setting complet; the nearest is complete."),
        (
            "[complete]\nzzz = 1",
            "config.toml:2: there is no setting complete.zzz; complete has automatic, max_lines, max_tokens.",
        ),
        (
            "zzz = 1",
            "config.toml:1: there is no setting zzz; there are complete, context, cost, fix, ledger, machine, "
            "models, privacy, review, runtime, schedule.",
        ),
        ("complete = 1", "config.toml:1: complete must be a table of settings."),
        (
            "[complete]\nmax_tokens = '64'",
            "config.toml:2: complete.max_tokens must be a whole number from 1 to 1024.",
        ),
        ("complete.max_tokens = true", "config.toml:1: complete.max_tokens must be a whole number from 1 to 1024."),
        ("complete.max_tokens = 5000", "config.toml:1: complete.max_tokens must be a whole number from 1 to 1024."),
        ("complete.automatic = 1", "config.toml:1: complete.automatic must be true or false."),
        (
            "runtime.engine = 'olama'",
            "config.toml:1: runtime.engine must be one of auto, openai, ollama, embedded, echo, scripted.",
        ),
        (
            "runtime.ollama.host = 'localhost:11434'",
            "config.toml:1: runtime.ollama.host must be text such as http://127.0.0.1:11434.",
        ),
        ("privacy.exclude = '*.pem'", "config.toml:1: privacy.exclude must be a list of texts."),
        ("\n[complete]\nmax_tokens = = 3", "config.toml:3: this is not TOML: invalid value."),
        ("[complete]\nmax_lines = 3\nmax_lines = 4", "config.toml:3: this is not TOML: cannot overwrite a value."),
        ("a = " + "9" * 5000, "config.toml: a number has too many digits."),
        ("a = " + "[" * 5000, "config.toml: this is nested too deep to be settings."),
    ],
)
def test_a_mistake_is_named_with_file_line_and_key(text: str, message: str) -> None:
    assert said(text) == message


@pytest.mark.parametrize(
    "text",
    [
        "[complete]\n# max_lines = 1\nmax_tokens = 1\nmax_lines = ''",
        "[complete]\nmax_tokens = 1\n\n'max_lines' = ''",
        "[privacy]\nexclude = [\n'''x\n''']\n[complete]\nmax_lines = ''",
        '[privacy]\nexclude = ["""\n[complete]\nmax_lines = 1"""]\n[complete]\nmax_lines = ""',
        "[complete]\nmax_tokens = 1 # '''\n\nmax_lines = '' # '''",
        "[complete]\r\nmax_tokens = 1\r\n# \u2028 \x85\r\nmax_lines = ''",
        'models.complete = "\\""\n\n\n complete . "max_lines" = 0',
        "# [runtime]\n\n\ncomplete = {max_lines = 0}",
    ],
)
def test_the_line_is_found_among_comments_strings_and_quoted_keys(text: str) -> None:
    lines = text.split("\n")
    line = max(number for number, line in enumerate(lines, 1) if "max_lines" in line)
    assert said(text).startswith(f"config.toml:{line}: complete.max_lines")


def test_a_key_is_not_trusted_either() -> None:
    message = said('"\\u001b[2J' + "x" * 500 + '" = 1')
    assert message.isprintable()
    assert len(message) < 200


@given(st.text() | st.text(alphabet="[]={}\"'.#\n abce123\\"))
def test_any_text_is_settings_or_a_sentence(text: str) -> None:
    with contextlib.suppress(BadConfig):
        user(text)


def test_a_wrong_launch_argument_is_named() -> None:
    with pytest.raises(BadConfig, match=r"^--set: runtime\.engine must be one of auto, "):
        launch([("complete.max_lines", "3"), ("runtime.engine", "olama")])


# What a workspace may do


@pytest.mark.parametrize(
    ("own", "theirs", "key", "value"),
    [
        ("complete.automatic = false", "complete.automatic = true", "complete.automatic", False),
        ("", "complete.automatic = false", "complete.automatic", False),
        ("complete.max_tokens = 50", "complete.max_tokens = 900", "complete.max_tokens", 50),
        ("complete.max_tokens = 50", "complete.max_tokens = 9", "complete.max_tokens", 9),
        ("privacy.exclude = ['a']", "privacy.exclude = ['b']", "privacy.exclude", ("a", "b")),
        ("privacy.exclude = ['a']", "privacy.exclude = []", "privacy.exclude", ("a",)),
        ("runtime.engine = 'echo'", "runtime.engine = 'auto'", "runtime.engine", "echo"),
    ],
)
def test_a_workspace_tightens_and_what_loosens_is_quietly_the_users(
    own: str, theirs: str, key: str, value: object
) -> None:
    merged = merge([user(own), workspace(theirs)])
    assert read(merged.config, key) == value
    assert merged.complaints == ()


def test_a_workspace_that_names_a_host_is_ignored_and_the_user_is_told_where() -> None:
    merged = merge([workspace('[complete]\nmax_lines = 2\n[runtime.ollama]\nhost = "http://evil.example"')])
    assert merged.config.runtime == Config().runtime
    assert merged.config.complete.max_lines == 2
    assert merged.complaints == (
        "/w/.switchyard.toml:4: runtime.ollama.host can only be set in your own settings file.",
    )


def test_every_thing_that_is_ignored_is_told() -> None:
    sent = {"runtime": {"engine": "openai", "openai": {"host": "http://evil.example", "key_env": "HOME"}}}
    merged = merge([layer("the editor's settings", sent, "workspace")])
    assert merged.config == Config()
    assert [line.split(" can")[0] for line in merged.complaints] == [
        "the editor's settings: runtime.engine",
        "the editor's settings: runtime.openai.host",
        "the editor's settings: runtime.openai.key_env",
    ]


@pytest.mark.parametrize("entry", ["!.env", " !.env", "x\n!.env"])
def test_a_workspace_cannot_lift_an_exclusion_by_a_pattern(entry: str) -> None:
    theirs = layer("/w/.switchyard.toml", {"privacy": {"exclude": ["b", entry]}}, "workspace")
    merged = merge([user("privacy.exclude = ['.env', '!c']"), theirs])
    assert merged.config.privacy.exclude == (".env", "!c", "b")
    assert len(merged.complaints) == 1


def test_a_workspace_layer_cannot_win_by_coming_first() -> None:
    theirs = workspace("complete.max_tokens = 9")
    assert merge([theirs, user("complete.max_tokens = 50")]).config.complete.max_tokens == 9


def values(setting: Setting) -> st.SearchStrategy[Any]:
    """What a setting takes."""
    kind, *metas = get_args(setting.hint)
    meta = next(it for it in metas if it.description)
    if kind is bool:
        return st.booleans()
    if kind is float:
        return st.floats(meta.ge, meta.le)
    if kind is int:
        return st.integers(meta.ge, meta.le or 100_000)
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind is str:
        return st.sampled_from(("http://a", "https://b:1"))
    return st.lists(st.text("!ab*\n ", max_size=4))


def trees() -> st.SearchStrategy[dict[str, object]]:
    """Any settings that are right, few or many."""
    return st.fixed_dictionaries({}, optional={path: values(it) for path, it in settings().items()}).map(tree)


@given(own=trees(), theirs=st.lists(trees(), min_size=1, max_size=3))
def test_no_workspace_makes_anything_looser_than_the_user_has_it(own: Any, theirs: list[Any]) -> None:
    mine = layer("config.toml", own, "user")
    before = merge([mine]).config
    after = merge([mine, *(layer("theirs", it, "workspace") for it in theirs)]).config
    for setting in settings().values():
        had, has = read(before, setting.key), read(after, setting.key)
        if setting.workspace == "lower":
            assert has <= had
        elif setting.workspace == "union":
            assert has[: len(had)] == had
            assert not any("!" in line.strip()[:1] for entry in has[len(had) :] for line in entry.split("\n"))
        else:
            assert has == had


# The generated pages


def test_the_generated_pages_are_up_to_date() -> None:
    run = subprocess.run([sys.executable, ROOT / "docs/generate.py", "--check"], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_script_names_a_family_that_there_is(tmp_path: Path) -> None:
    assert scripted.read("").family == "plain"
    with pytest.raises(BadConfig, match=r"The script's family must be one of plain, .*qwen"):
        scripted.read("family = 'quen'")
    (tmp_path / "script").write_bytes(b"\xff")
    for name in (str(tmp_path / "script"), "a\0b"):
        with pytest.raises(BadConfig, match="is not a UTF-8 text file"):
            scripted.build(merge([launch([("runtime.scripted.script", name)])]).config)


def test_every_engine_that_can_be_named_is_a_module_and_auto_tries_them_in_order() -> None:
    assert runtimes.ENGINES == ("openai", "ollama", "embedded", "echo")
    for name in (*runtimes.ENGINES, *runtimes.ONLY_BY_NAME):
        assert callable(import_module(f"router.runtimes.{name}").build)
