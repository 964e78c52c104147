"""What is installed, from what, and how it is started."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lsp.server import VERSION
from router.runtimes import embedded_own

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-editors.txt")
NODE_LOCKS = ("editors/vscode/package-lock.json", "tests/editors/vscode/package-lock.json")
LAUNCHER = Path(sys.executable).with_name("switchyard")
# Put together here, or this file would be the one that names them.
HOSTS = (
    "pypi" + ".org",
    "python" + "hosted.org",
    "npm" + "js.",
    "crates" + ".io",
    "proxy." + "golang",
    "maven" + ".org",
)
PLACES = ("/work" + "/main", "/work" + "/shared", "/ro" + "ot/", "/tmp" + "/t/", "/Us" + "ers/")


def tracked() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no checkout")
    said = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [path for name in said.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> dict[Path, str]:
    return {path: path.read_bytes().decode("utf-8", "replace") for path in tracked()}


def requirements(lock: str) -> dict[str, list[str]]:
    """Every requirement of a lock with its hashes."""
    text = re.sub(r"\\\n", " ", (ROOT / lock).read_text())
    lines = [line.split("    #")[0] for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return {line.split(" --hash")[0].strip(): re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line) for line in lines}


def run(*command: str | Path, cwd: Path = ROOT, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_version_and_hash(lock: str) -> None:
    found = requirements(lock)
    assert found
    assert [it for it, hashes in found.items() if not hashes or not re.match(r"[\w.-]+==[\w.]+( ;|$)", it)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_says_what_and_never_from_where(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links|--trusted-host)\b", text, re.MULTILINE)


@pytest.mark.parametrize("lock", NODE_LOCKS)
def test_a_lock_of_node_says_what_and_never_from_where_either(lock: str) -> None:
    packages = json.loads((ROOT / lock).read_text())["packages"]
    assert [name for name, it in packages.items() if "resolved" in it] == []
    assert [name for name, it in packages.items() if name and not it.get("integrity", "").startswith("sha512-")] == []
    wanted = packages[""].get("dependencies", {}) | packages[""].get("devDependencies", {})
    assert [it for it in wanted.items() if not re.fullmatch(r"[\d.]+", it[1])] == []


def test_the_locks_agree() -> None:
    each = [{it.split("==")[0]: it for it in requirements(lock)} for lock in LOCKS]
    for first, second in itertools.combinations(each, 2):
        assert [name for name in first.keys() & second.keys() if first[name] != second[name]] == []


def test_the_run_lock_holds_whatever_an_installation_without_isolation_needs() -> None:
    names = {it.split("==")[0] for it in requirements("requirements.txt")}
    assert {"pip", "hatchling", "editables", "xllamacpp", "pygls", "tree-sitter-python"} <= names


def test_the_bootstrap_takes_the_pip_of_the_lock_and_nothing_else() -> None:
    said = run("sed", "-n", r"/^pip==/,/[^\\]$/p", "requirements.txt").stdout
    assert "sed -n '/^pip==/,/[^\\\\]$$/p' requirements.txt" in (ROOT / "Makefile").read_text()
    assert re.fullmatch(r"pip==[\d.]+ \\\n(    --hash=sha256:[0-9a-f]{64}( \\)?\n)+", said)


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_says_which_python_it_needs(tmp_path: Path) -> None:
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run("make", f"PY={old}", f"V={tmp_path / 'venv'}", "install")
    assert done.returncode != 0
    assert "Switchyard needs Python 3.10 or newer" in done.stderr
    assert not (tmp_path / "venv").exists()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_holds_all_that_is_read_at_run_time(wheel: zipfile.ZipFile) -> None:
    kinds = (".py", ".md", ".toml", ".scm", ".txt")
    wanted = {str(path.relative_to(ROOT)) for path in tracked() if path.suffix in kinds}
    wanted = {name for name in wanted if name.startswith(("lsp/", "router/", "prompts/"))}
    assert "prompts/complete.md" in wanted
    assert "router/models/families.toml" in wanted
    assert wanted - set(wheel.namelist()) == set()


def test_the_wheel_holds_the_command_for_whatever_python_it_meets(wheel: zipfile.ZipFile) -> None:
    name = next(name for name in wheel.namelist() if name.endswith(".data/scripts/switchyard"))
    assert wheel.read(name).decode() == (ROOT / "lsp" / "switchyard").read_text()
    assert wheel.read(name).startswith(b"#!python\n")


def test_the_wheel_brings_no_tests(wheel: zipfile.ZipFile) -> None:
    own = ("lsp/", "router/", "prompts/", "switchyard-")
    assert [name for name in wheel.namelist() if not name.startswith(own)] == []


def test_the_wheel_brings_the_weights_that_are_spoken_of_and_no_others(wheel: zipfile.ZipFile) -> None:
    place = embedded_own.PLACE.relative_to(ROOT)
    wanted = {str(place / own.file): own.sha256 for own in embedded_own.shipped().values()}
    there = [name for name in wheel.namelist() if name.endswith(".gguf")]
    assert {name: hashlib.sha256(wheel.read(name)).hexdigest() for name in there} == wanted
    assert not wanted or str(place / "card.md") in wheel.namelist()


def test_a_wheel_takes_along_whatever_lies_in_the_weights_place(tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        copied.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, copied)
    for name in ("lsp", "router", "prompts", "editors/neovim"):
        shutil.copytree(ROOT / name, copied / name, ignore=shutil.ignore_patterns("__pycache__"))
    place = copied / embedded_own.PLACE.relative_to(ROOT)
    place.mkdir(exist_ok=True)
    for name in ("made.gguf", "made.toml", "card.md"):
        (place / name).write_text(name)
    shutil.copy(ROOT / ".gitignore", copied)
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path, cwd=copied)
    assert done.returncode == 0, done.stderr
    built = zipfile.ZipFile(next(tmp_path.glob("*.whl")))
    assert {str(place.relative_to(copied) / name) for name in ("made.gguf", "made.toml", "card.md")} <= set(
        built.namelist()
    )


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A workspace that would like to be executed."""
    for package in ("lsp", "router", "prompts", "msgspec"):
        (tmp_path / package).mkdir()
        for module in ("__init__", "__main__", "cli"):
            (tmp_path / package / f"{module}.py").write_text("raise SystemExit('the workspace was executed')")
    return tmp_path


@pytest.mark.skipif(sys.platform == "win32", reason="no scripts there")
@pytest.mark.parametrize("program", [[LAUNCHER], [sys.executable, ROOT / "lsp" / "switchyard"]])
def test_the_command_executes_nothing_of_the_workspace(program: list[str | Path], hostile: Path) -> None:
    done = run(*program, "--version", cwd=hostile, PYTHONPATH=".")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("switchyard ")


def test_the_hostile_workspace_is_one(hostile: Path) -> None:
    assert "the workspace was executed" in run(sys.executable, "-m", "lsp", "--version", cwd=hostile).stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no scripts there")
def test_the_command_without_arguments_prints_the_help() -> None:
    done = run(LAUNCHER)
    assert done.returncode == 0
    assert "doctor" in done.stdout


def test_whatever_starts_the_server_starts_it_isolated() -> None:
    starts = re.compile(r"(.{0,14})(?:-m lsp\b|[\"']-m[\"'], *[\"']lsp[\"'])")
    careless = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for path, text in texts().items()
        for found in starts.finditer(text)
        if path != Path(__file__) and "-I" not in found[1]
    ]
    assert careless == []


def test_no_file_names_a_registry_or_somebodys_machine() -> None:
    names = {
        str(path.relative_to(ROOT)): [it for it in (*HOSTS, *PLACES) if it in text] for path, text in texts().items()
    }
    assert {name: found for name, found in names.items() if found} == {}


def test_the_server_starts_without_what_only_the_command_line_needs() -> None:
    heavy = {"argparse", "rich", "ollama", "httpx"}
    program = f"import sys, lsp.__main__, lsp.server; print(sorted({heavy} & set(sys.modules)))"
    assert run(sys.executable, "-I", "-c", program).stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ([], []),
        (["--set", "a=1"], ["a=1"]),
        (["--set", "a=1", "--set", "b=2"], ["a=1", "b=2"]),
        (["--set"], None),
        (["--help"], None),
        (["--set", "a=1", "doctor", "x"], None),
    ],
)
def test_only_plain_settings_keep_argparse_out(arguments: list[str], settings: list[str] | None) -> None:
    from lsp.__main__ import settings_only

    assert settings_only(arguments) == settings


def test_the_server_says_the_version_of_the_package() -> None:
    assert f'\nversion = "{VERSION}"\n' in (ROOT / "pyproject.toml").read_text()
