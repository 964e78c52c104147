"""The plugin's help, held against the plugin: each option, command, key and function is in it, and nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.editors.nvim import PLUGIN, Neovim

HELP = (PLUGIN / "doc" / "switchyard.txt").read_text(encoding="utf-8")
README = (PLUGIN / "README.md").read_text(encoding="utf-8")


def section(number: int) -> str:
    """The text of one section."""
    return re.split(r"^={78}\n", HELP, flags=re.M)[number]


def test_every_command_is_in_the_help_and_on_the_first_page_and_no_other(editor: Neovim) -> None:
    commands = set(editor.lua("return require('switchyard').subcommands('')"))
    assert set(re.findall(r"\*:Switchyard-(\w+)\*", section(4))) == commands
    assert set(re.findall(r"^:(?:\[range\])?Switchyard (\w+)", section(4), re.M)) == commands
    assert {name for name in commands if f"`{name}" not in README} == set()


def test_every_option_and_its_default_is_in_the_help(editor: Neovim) -> None:
    shown = re.search(r"setup\((\{.*?\n    \})\)", section(2), re.S)
    assert shown
    same = "return vim.deep_equal(loadstring('return ' .. ...)(), require('switchyard.settings').defaults)"
    assert editor.lua(same, shown[1])
    names = set(re.findall(r"^(\w+)\t+\S", section(2), re.M))
    assert names == set(editor.lua("return vim.tbl_keys(require('switchyard.settings').kinds)"))


def test_every_key_is_in_the_help(editor: Neovim) -> None:
    keys = editor.lua("return require('switchyard.settings').defaults.keys")
    assert dict(re.findall(r"^(\w+)\t+(<\S+>)\t", section(3), re.M)) == keys


def test_every_function_is_in_the_help_and_is_there(editor: Neovim) -> None:
    named = set(re.findall(r"\b(\w+)\((?:\{\w+\}|\[\{\w+\}\])?\)", section(5))) - {"require"}
    public = "local found = vim.tbl_keys(require('switchyard')) table.sort(found) return found"
    assert named == set(editor.lua(public)) - {"start", "command", "subcommands", "words"}


def test_the_help_has_its_tags_and_no_two_alike(editor: Neovim, tmp_path: Path) -> None:
    folder = tmp_path / "doc"
    shutil.copytree(PLUGIN / "doc", folder)
    editor.command(f"helptags {folder}")
    tags = {line.split("\t")[0] for line in (folder / "tags").read_text(encoding="utf-8").splitlines()}
    links = set(re.findall(r"\|((?::S|s)witchyard\S*)\|", HELP))
    assert links <= tags
    assert all(len(line.expandtabs(8)) <= 79 for line in HELP.splitlines())
